/* SPDX-License-Identifier: MIT */
/*
 * report.c - what came of it, for people and as JSON.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"

#define REPORT_WIDTH 80u

/* ---- text ------------------------------------------------------------ */

/* How many characters of @text fit into @width columns. */
static int report_fit(const char *text, size_t width)
{
	size_t fit = strlen(text);

	if (fit <= width)
		return (int)fit;
	for (fit = width; fit > 0; fit--)
		if (text[fit] == ' ')
			return (int)fit;
	return (int)width;
}

/* Print the text behind a label, further lines below the first. */
static void report_wrap(const char *label, const char *text)
{
	int indent = (int)strlen(label), fit;

	while (*text) {
		fit = report_fit(text, REPORT_WIDTH - (size_t)indent);
		printf("%*s%.*s\n", indent, label, fit, text);
		label = "";
		text += fit;
		text += *text == ' ';
	}
}

/* @usual and @cpuslab have room for SCENARIO_TEXT characters. */
static void report_texts(const struct verdict *verdict, char *usual,
			 char *cpuslab)
{
	scenario_text(verdict->scenario, false, &verdict->usual, verdict->fails,
		      usual);
	scenario_text(verdict->scenario, true, &verdict->cpuslab,
		      verdict->right, cpuslab);
}

static void report_verdict(const struct verdict *verdict)
{
	const struct scenario *scenario = verdict->scenario;
	char usual[SCENARIO_TEXT], cpuslab[SCENARIO_TEXT];
	char title[2 * SCENARIO_TEXT];

	if (scenario->quote)
		snprintf(title, sizeof(title), "%s: \"%s\"", scenario->source,
			 scenario->quote);
	else
		snprintf(title, sizeof(title), "%s", scenario->title);
	report_texts(verdict, usual, cpuslab);
	report_wrap("", title);
	if (scenario->code)
		report_wrap("    ", scenario->code);
	report_wrap("    usual    ", usual);
	report_wrap("    cpuslab  ", cpuslab);
	putchar('\n');
}

void report_print(const struct verdict *verdicts, size_t count)
{
	size_t i, passed = 0;

	for (i = 0; i < count; i++) {
		report_verdict(&verdicts[i]);
		passed += verdicts[i].fails && verdicts[i].right;
	}
	printf("%zu of %zu: the usual way fails as claimed, and cpuslab is "
	       "right\n",
	       passed, count);
}

void report_markdown(const struct verdict *verdicts, size_t count)
{
	char usual[SCENARIO_TEXT], cpuslab[SCENARIO_TEXT];
	size_t i;

	puts("| the documentation | a driver in the usual way | with cpuslab "
	     "|\n|---|---|---|");
	for (i = 0; i < count; i++) {
		if (!verdicts[i].scenario->quote)
			continue;
		report_texts(&verdicts[i], usual, cpuslab);
		printf("| %s: \"%s\" | %s | %s |\n",
		       verdicts[i].scenario->source,
		       verdicts[i].scenario->quote, usual, cpuslab);
	}
}

/* ---- JSON ------------------------------------------------------------ */

static void json_string(FILE *file, const char *key, const char *text)
{
	if (!text)
		return;
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
			 bool cpuslab, const struct outcome *outcome,
			 bool expected)
{
	char text[SCENARIO_TEXT];
	unsigned long value;
	const char *name;
	size_t i;

	scenario_text(scenario, cpuslab, outcome, expected, text);
	fprintf(file, ",\n   \"%s\": {", cpuslab ? "cpuslab" : "usual");
	json_string(file, "text", text);
	for (i = 0; (name = scenario_figure(scenario, outcome, i, &value)); i++)
		fprintf(file, "\"%s\": %lu, ", name, value);
	fprintf(file, "\"signal\": %d, \"sound\": %s}", outcome->signal,
		json_bool(outcome->sound));
}

static void json_verdict(FILE *file, const struct verdict *verdict)
{
	const struct scenario *scenario = verdict->scenario;

	fputs("  {", file);
	json_string(file, "name", scenario->name);
	json_string(file, "source", scenario->source);
	json_string(file, "quote", scenario->quote);
	json_string(file, "title", scenario->title);
	json_string(file, "code", scenario->code);
	fprintf(file,
		"\"usual_fails_as_claimed\": %s, \"cpuslab_is_right\": %s, "
		"\"passed\": %s",
		json_bool(verdict->fails), json_bool(verdict->right),
		json_bool(verdict->fails && verdict->right));
	json_outcome(file, scenario, false, &verdict->usual, verdict->fails);
	json_outcome(file, scenario, true, &verdict->cpuslab, verdict->right);
	fputs("}", file);
}

int report_json(const struct verdict *verdicts, size_t count, const char *file)
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
