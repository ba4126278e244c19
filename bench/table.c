/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <math.h>

#include "json.h"

void table_add(struct table *table, const struct table_row *row)
{
	if (table->count == TABLE_ROWS)
		measure_die("table", "too many rows");
	table->rows[table->count++] = *row;
}

/* JSON cannot represent infinity. */
static void table_json_number(const char *name, double number, FILE *to)
{
	if (isinf(number) || isnan(number))
		fprintf(to, "\"%s\": null", name);
	else
		fprintf(to, "\"%s\": %.6g", name, number);
}

void table_json_spread(const char *name, const struct measure_spread *spread,
		       FILE *to)
{
	fprintf(to, ", \"%s\": {", name);
	table_json_number("low", spread->low, to);
	fputs(", ", to);
	table_json_number("median", spread->median, to);
	fputs(", ", to);
	table_json_number("high", spread->high, to);
	fputc('}', to);
}

static void table_json_figures(const struct table_row *row, FILE *to)
{
	table_json_spread("value", &row->value, to);
	if (row->rival) {
		table_json_spread("rival_value", &row->rival_value, to);
		table_json_spread("ratio", &row->ratio, to);
	}
	if (row->chunks)
		fprintf(to, ", \"chunks\": %u", (unsigned int)row->chunks);
}

static void table_json_row(const struct table_row *row, FILE *to)
{
	json_member("  {", "group", row->group, to);
	json_member(", ", "name", row->name, to);
	json_member(", ", "unit", row->unit, to);
	if (row->rival)
		json_member(", ", "rival", row->rival, to);
	if (row->goal > 0)
		fprintf(to, ", \"goal\": %g", row->goal);
	if (row->why)
		json_member(", ", "skipped", row->why, to);
	else
		table_json_figures(row, to);
	fputc('}', to);
}

void table_json(const struct table *table, FILE *to)
{
	unsigned int i;

	fputs("[\n", to);
	for (i = 0; i < table->count; i++) {
		table_json_row(&table->rows[i], to);
		fputs(i + 1 < table->count ? ",\n" : "\n", to);
	}
	fputs("]", to);
}
