/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <math.h>
#include <string.h>

void table_add(struct table *table, const struct table_row *row)
{
	if (table->count == TABLE_ROWS)
		measure_die("table", "too many rows");
	table->rows[table->count++] = *row;
}

bool table_row_missed(const struct table_row *row)
{
	switch (row->kind) {
	case TABLE_RATIO:
		return !(row->ratio.median <= row->goal);
	case TABLE_VALUE:
		return !(row->value.median <= row->goal);
	case TABLE_NO_GOAL:
	default:
		return false;
	}
}

unsigned int table_missed(const struct table *table)
{
	unsigned int i, missed = 0;

	for (i = 0; i < table->count; i++)
		missed += table_row_missed(&table->rows[i]);
	return missed;
}

unsigned int table_goals(const struct table *table)
{
	unsigned int i, goals = 0;

	for (i = 0; i < table->count; i++)
		goals += table->rows[i].kind != TABLE_NO_GOAL;
	return goals;
}

static const char *table_verdict(const struct table_row *row)
{
	if (row->kind == TABLE_NO_GOAL)
		return "";
	return table_row_missed(row) ? "MISS" : "pass";
}

/* Three significant digits. */
static void table_number(char *buf, size_t size, double value)
{
	int digits = value < 10 ? 2 : value < 100 ? 1 : 0;

	if (isinf(value))
		snprintf(buf, size, "failed");
	else
		snprintf(buf, size, "%.*f", digits, value);
}

static void table_ratio(char *buf, size_t size,
			const struct measure_spread *ratio)
{
	int digits = ratio->median < 0.01 ? 5 : 3;

	snprintf(buf, size, "%.*f [%.*f %.*f]", digits, ratio->median, digits,
		 ratio->low, digits, ratio->high);
}

static void table_goal_text(char *buf, size_t size, const struct table_row *row)
{
	buf[0] = 0;
	if (row->kind == TABLE_RATIO)
		snprintf(buf, size, "<= %g x", row->goal);
	else if (row->kind == TABLE_VALUE)
		snprintf(buf, size, "<= %g %s", row->goal, row->unit);
}

static void table_print_row(const struct table_row *row, FILE *to)
{
	char value[32], rival[32] = "", ratio[64] = "", goal[48];

	table_number(value, sizeof(value), row->value.median);
	if (row->rival) {
		table_number(rival, sizeof(rival), row->rival_value.median);
		table_ratio(ratio, sizeof(ratio), &row->ratio);
	}
	table_goal_text(goal, sizeof(goal), row);
	fprintf(to, "%-38s %7s %-5s %-30s %7s  %-25s %-11s %s\n", row->name,
		value, row->unit, row->rival ? row->rival : "", rival, ratio,
		goal, table_verdict(row));
}

void table_print(const struct table *table, FILE *to)
{
	const char *group = "";
	unsigned int i;

	fprintf(to, "%-38s %7s %-5s %-30s %7s  %-25s %-11s\n", "", "median", "",
		"against", "median", "ratio [quartiles]", "goal");
	for (i = 0; i < table->count; i++) {
		const struct table_row *row = &table->rows[i];

		if (strcmp(group, row->group)) {
			fprintf(to, "\n%s\n", row->group);
			group = row->group;
		}
		table_print_row(row, to);
	}
	fprintf(to, "\n%u of %u goals missed", table_missed(table),
		table_goals(table));
	if (table->skipped)
		fprintf(to, ", %u skipped", table->skipped);
	fputc('\n', to);
}

/* JSON cannot represent infinity. */
static void table_json_number(const char *name, double number, FILE *to)
{
	if (isinf(number) || isnan(number))
		fprintf(to, "\"%s\": null", name);
	else
		fprintf(to, "\"%s\": %.6g", name, number);
}

static void table_json_spread(const char *name,
			      const struct measure_spread *spread, FILE *to)
{
	fprintf(to, ", \"%s\": {", name);
	table_json_number("low", spread->low, to);
	fputs(", ", to);
	table_json_number("median", spread->median, to);
	fputs(", ", to);
	table_json_number("high", spread->high, to);
	fputc('}', to);
}

/* No name contains a character that needs escaping. */
static void table_json_row(const struct table_row *row, FILE *to)
{
	fprintf(to, "  {\"group\": \"%s\", \"name\": \"%s\", \"unit\": \"%s\"",
		row->group, row->name, row->unit);
	table_json_spread("value", &row->value, to);
	if (row->rival) {
		fprintf(to, ", \"rival\": \"%s\"", row->rival);
		table_json_spread("rival_value", &row->rival_value, to);
		table_json_spread("ratio", &row->ratio, to);
	}
	if (row->chunks)
		fprintf(to, ", \"chunks\": %u", (unsigned int)row->chunks);
	if (row->kind != TABLE_NO_GOAL)
		fprintf(to, ", \"goal_of\": \"%s\", \"goal\": %g, \"pass\": %s",
			row->kind == TABLE_RATIO ? "ratio" : "value", row->goal,
			table_row_missed(row) ? "false" : "true");
	fputc('}', to);
}

void table_json(const struct table *table, FILE *to)
{
	unsigned int i;

	fprintf(to,
		"{\"goals\": %u, \"missed\": %u, \"skipped\": %u, "
		"\"rows\": [\n",
		table_goals(table), table_missed(table), table->skipped);
	for (i = 0; i < table->count; i++) {
		table_json_row(&table->rows[i], to);
		fputs(i + 1 < table->count ? ",\n" : "\n", to);
	}
	fputs("]}\n", to);
}
