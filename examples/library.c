/* SPDX-License-Identifier: MIT */
/*
 * library.c - counters in a library or plugin, which has no main(): they are
 * set up by the first call, in any thread, and freed before the plugin is
 * unloaded. A program that has cpuslab as well is not disturbed.
 */
#include <cpuslab/cpuslab.h>
#include <pthread.h>
#include <stdio.h>

static struct cpuslab_domain *parser_domain;
static struct cpuslab_slab *parser_slab;
static struct cpuslab_counter parser_lines; /* zeros: an add does nothing */
static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static void parser_begin(void)
{
	/* Without memory the library works and counts nothing. */
	if (cpuslab_domain_create(&parser_domain, NULL) ||
	    cpuslab_slab_create(&parser_slab, parser_domain, NULL) ||
	    cpuslab_counter_init(&parser_lines, parser_slab))
		fprintf(stderr, "parser: no counters\n");
}

void parser_parse(const char *line);
void parser_parse(const char *line)
{
	pthread_once(&parser_once, parser_begin);
	cpuslab_counter_add(&parser_lines, *line != '#');
}

unsigned long long parser_count(void);
unsigned long long parser_count(void)
{
	return cpuslab_counter_sum(&parser_lines);
}

/* No thread calls the library any more. Both accept NULL. */
void parser_end(void);
void parser_end(void)
{
	cpuslab_counter_fini(&parser_lines);
	cpuslab_slab_destroy(parser_slab);
	cpuslab_domain_destroy(parser_domain);
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
