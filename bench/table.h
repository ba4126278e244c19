/* SPDX-License-Identifier: MIT */
/*
 * table.h - the rows of the table of ratios, as JSON.
 */
#ifndef CPUSLAB_BENCH_TABLE_H
#define CPUSLAB_BENCH_TABLE_H

#include <stdio.h>

#include "measure.h"

/* Strings live until the program ends. */
struct table_row {
	const char *group;
	const char *name;
	const char *unit;
	const char *rival; /* NULL: measured alone */
	const char *why;   /* it was skipped; then there are no figures */
	double goal;       /* most of the ratio, or else value; 0: none */
	struct measure_spread value;
	struct measure_spread rival_value;
	struct measure_spread ratio;
	uint32_t chunks; /* behind the ratio */
};

#define TABLE_ROWS 96

struct table {
	struct table_row rows[TABLE_ROWS];
	unsigned int count;
};

/* Append a copy. */
void table_add(struct table *table, const struct table_row *row);

/* Print the rows as an array. */
void table_json(const struct table *table, FILE *to);
/* Print , "name": {"low": ..., "median": ..., "high": ...} */
void table_json_spread(const char *name, const struct measure_spread *spread,
		       FILE *to);

#endif /* CPUSLAB_BENCH_TABLE_H */
