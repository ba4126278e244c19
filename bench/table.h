/* SPDX-License-Identifier: MIT */
/*
 * table.h - the table of ratios, as text and as JSON.
 */
#ifndef CPUSLAB_BENCH_TABLE_H
#define CPUSLAB_BENCH_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "measure.h"

enum table_goal {
	TABLE_NO_GOAL, /* for information */
	TABLE_RATIO,   /* ratio.median <= goal */
	TABLE_VALUE,   /* value.median <= goal */
};

/* Strings live until the program ends. */
struct table_row {
	const char *group;
	const char *name;
	const char *unit;
	struct measure_spread value;
	const char *rival; /* NULL: measured alone */
	struct measure_spread rival_value;
	struct measure_spread ratio;
	uint32_t chunks; /* behind the ratio */
	enum table_goal kind;
	double goal;
};

#define TABLE_ROWS 64

struct table {
	struct table_row rows[TABLE_ROWS];
	unsigned int count;
	unsigned int skipped; /* goals that cannot be tested here */
};

/* Append a copy. */
void table_add(struct table *table, const struct table_row *row);

bool table_row_missed(const struct table_row *row);
unsigned int table_missed(const struct table *table);
unsigned int table_goals(const struct table *table);

void table_print(const struct table *table, FILE *to);
void table_json(const struct table *table, FILE *to);

#endif /* CPUSLAB_BENCH_TABLE_H */
