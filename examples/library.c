/* SPDX-License-Identifier: MIT */
/*
 * library.c - counters in a library or plugin, which has no main(): they need
 * no setup, and are freed before it is unloaded. A program that has cpuslab as
 * well is not disturbed.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

static struct cpuslab_counter parser_lines = CPUSLAB_COUNTER_INIT("lines");

void parser_parse(const char *line);
void parser_parse(const char *line)
{
	cpuslab_counter_add(&parser_lines, *line != '#');
}

unsigned long long parser_count(void);
unsigned long long parser_count(void)
{
	return cpuslab_counter_sum(&parser_lines);
}

/*
 * No thread calls the library any more. With a copy of cpuslab in the library
 * that is cpuslab_default_destroy().
 */
void parser_end(void);
void parser_end(void)
{
	cpuslab_counter_fini(&parser_lines);
}

/* The program that uses it. */
int main(void)
{
	parser_parse("one");
	parser_parse("# a comment");
	parser_parse("two");
	printf("%llu lines\n", parser_count());
	parser_end();
	return 0;
}
