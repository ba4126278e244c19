/* SPDX-License-Identifier: MIT */
/*
 * table.c - what came of it, for people and as JSON.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdio.h>
#include <string.h>

#include "machine.h"

#define TABLE_COLUMNS 3u
#define TABLE_WIDTH 36

/* ---- text ------------------------------------------------------------ */

/* How many characters of @text go into one line. */
static int table_fit(const char *text)
{
	int length = (int)strlen(text), fit;

	if (length <= TABLE_WIDTH)
		return length;
	for (fit = TABLE_WIDTH; fit > 0; fit--)
		if (text[fit] == ' ')
			return fit;
	return TABLE_WIDTH;
}

/* Prints the next line of a cell and returns what is left of it. */
static const char *table_cell(const char *text, bool last)
{
	int fit = table_fit(text);

	if (last)
		printf("%s%.*s", fit ? " " : "", fit, text);
	else
		printf(" %-*.*s ", TABLE_WIDTH, fit, text);
	text += fit;
	return *text == ' ' ? text + 1 : text;
}

static void table_row(const char *const *row)
{
	const char *text[TABLE_COLUMNS] = { row[0], row[1], row[2] };
	size_t i;

	do {
		for (i = 0; i < TABLE_COLUMNS; i++) {
			if (i)
				putchar('|');
			text[i] = table_cell(text[i], i + 1 == TABLE_COLUMNS);
		}
		putchar('\n');
	} while (*text[0] || *text[1] || *text[2]);
}

static void table_rule(void)
{
	size_t i, k;

	for (i = 0; i < TABLE_COLUMNS; i++) {
		if (i)
			putchar('+');
		for (k = 0; k < TABLE_WIDTH + 2; k++)
			putchar('-');
	}
	putchar('\n');
}

/* The model whose outcome is shown: one that is wrong, if there is one. */
static const struct failures_outcome *
table_cpuslab(const struct failures_verdict *verdict)
{
	const struct failures_outcome *outcome;
	size_t i;

	for (i = 0; i < machine_models; i++) {
		outcome = &verdict->cpuslab[i];
		if (!outcome->sound || !verdict->scenario->right(outcome))
			return outcome;
	}
	return &verdict->cpuslab[0];
}

static void table_words(const struct failures_verdict *verdict, char *usual,
			char *cpuslab)
{
	const struct failures_outcome *outcome = table_cpuslab(verdict);

	verdict->scenario->say_usual(&verdict->usual, usual);
	if (outcome->signal)
		failures_say(cpuslab, "ended by %s", failures_end(outcome));
	else
		verdict->scenario->say_cpuslab(outcome, cpuslab);
}

static void table_verdict(const struct failures_verdict *verdict)
{
	char quote[FAILURES_TEXT], usual[FAILURES_TEXT], cpuslab[FAILURES_TEXT];
	char fails[FAILURES_TEXT + 32], right[FAILURES_TEXT + 32];
	const char *row[TABLE_COLUMNS] = { quote, fails, right };

	table_words(verdict, usual, cpuslab);
	failures_say(quote, "%s: \"%s\"", verdict->scenario->source,
		     verdict->scenario->quote);
	snprintf(fails, sizeof(fails), "%s%s",
		 verdict->fails ? "" : "NOT AS CLAIMED: ", usual);
	snprintf(right, sizeof(right), "%s%s",
		 verdict->right ? "" : "WRONG: ", cpuslab);
	table_rule();
	table_row(row);
}

void failures_table(const struct failures_verdict *verdicts, size_t count)
{
	static const char *const head[TABLE_COLUMNS] = {
		"the page", "a driver in the usual way", "with cpuslab"
	};
	size_t i, passed = 0;

	puts("conditions, Note, Important: \"Changes to the Number of "
	     "CPUs\"\n"
	     "context: KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT\n");
	table_row(head);
	for (i = 0; i < count; i++) {
		table_verdict(&verdicts[i]);
		passed += verdicts[i].fails && verdicts[i].right;
	}
	table_rule();
	printf("\n%zu of %zu: the usual way fails as it says, and cpuslab is "
	       "right\n",
	       passed, count);
}

/* ---- JSON ------------------------------------------------------------ */

static void json_string(FILE *file, const char *key, const char *text)
{
	fprintf(file, "\"%s\": \"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', file);
		putc(*text, file);
	}
	fputs("\", ", file);
}

static const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

static void json_outcome(FILE *file, const struct scenario *scenario,
			 const struct failures_outcome *outcome,
			 const char *text)
{
	size_t i;

	fputs("{", file);
	json_string(file, "text", text);
	for (i = 0; i < FAILURES_FIGURES && scenario->figures[i]; i++)
		fprintf(file, "\"%s\": %lu, ", scenario->figures[i],
			outcome->figure[i]);
	fprintf(file,
		"\"signal\": %d, \"sound\": %s, \"last_cpu\": %u, "
		"\"begun\": %lu, \"known\": %lu}",
		outcome->signal, json_bool(outcome->sound),
		(unsigned int)outcome->cpu, outcome->wanted, outcome->got);
}

static void json_verdict(FILE *file, const struct failures_verdict *verdict)
{
	char usual[FAILURES_TEXT], cpuslab[FAILURES_TEXT];

	table_words(verdict, usual, cpuslab);
	fputs("  {", file);
	json_string(file, "name", verdict->scenario->name);
	json_string(file, "source", verdict->scenario->source);
	json_string(file, "quote", verdict->scenario->quote);
	fputs("\n   \"usual\": ", file);
	json_outcome(file, verdict->scenario, &verdict->usual, usual);
	fputs(",\n   \"cpuslab\": ", file);
	json_outcome(file, verdict->scenario, table_cpuslab(verdict), cpuslab);
	fprintf(file,
		",\n   \"usual_fails_as_claimed\": %s, "
		"\"cpuslab_is_right\": %s, \"passed\": %s}",
		json_bool(verdict->fails), json_bool(verdict->right),
		json_bool(verdict->fails && verdict->right));
}

int failures_json(const struct failures_verdict *verdicts, size_t count,
		  const char *file)
{
	FILE *out = strcmp(file, "-") ? fopen(file, "w") : stdout;
	size_t i;
	int bad;

	if (!out) {
		perror(file);
		return 1;
	}
	fputs("{\"scenarios\": [\n", out);
	for (i = 0; i < count; i++) {
		if (i)
			fputs(",\n", out);
		json_verdict(out, &verdicts[i]);
	}
	fputs("\n]}\n", out);
	bad = ferror(out);
	if (out != stdout)
		bad |= fclose(out);
	if (bad)
		fprintf(stderr, "%s: could not be written\n", file);
	return bad != 0;
}
