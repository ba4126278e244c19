/* SPDX-License-Identifier: MIT */
/*
 * accept.c - media ranges and their weights.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "accept.h"

#define ACCEPT_NAME 40 /* longer words are cut: no type of ours is as long */
#define ACCEPT_PARAMETERS 4
#define ACCEPT_PLACES 1024 /* ranges after these rank alike */

struct accept_parameter {
	char name[ACCEPT_NAME];
	char value[ACCEPT_NAME];
};

/* "text/plain; version=0.0.4; q=0.5" */
struct accept_range {
	char type[ACCEPT_NAME];
	char subtype[ACCEPT_NAME];
	struct accept_parameter parameters[ACCEPT_PARAMETERS];
	int count;
	int weight; /* thousandths; -1: no q so far */
};

/* ---- parsing: each function returns its end, or NULL if malformed -------- */

static const char *accept_blank(const char *at)
{
	return at + strspn(at, " \t");
}

static void accept_append(char *word, size_t *length, char c)
{
	if (*length < ACCEPT_NAME - 1)
		word[(*length)++] = c;
	word[*length] = '\0';
}

static const char *accept_token(const char *at, char *word)
{
	static const char tokens[] = "0123456789!#$%&'*+-.^_`|~"
				     "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t count = strspn(at, tokens), length = 0, i;

	for (i = 0; i < count; i++)
		accept_append(word, &length, at[i]);
	return count ? at + count : NULL;
}

static const char *accept_quoted(const char *at, char *word)
{
	size_t length = 0;

	word[0] = '\0';
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		accept_append(word, &length, *at);
	}
	return *at ? at + 1 : NULL;
}

static const char *accept_parameter(const char *at,
				    struct accept_parameter *parameter)
{
	at = accept_token(at, parameter->name);
	if (!at || *at++ != '=')
		return NULL;
	return *at == '"' ? accept_quoted(at, parameter->value) :
			    accept_token(at, parameter->value);
}

/* In thousandths: 0 to 1 with at most three decimals. -1: malformed. */
static int accept_weight(const char *text)
{
	int weight, unit = 100;

	if (*text != '0' && *text != '1')
		return -1;
	weight = (*text++ - '0') * 1000;
	if (*text == '.')
		for (text++; unit && *text >= '0' && *text <= '9'; unit /= 10)
			weight += (*text++ - '0') * unit;
	return *text || weight > 1000 ? -1 : weight;
}

/* What follows q belongs to no media type. */
static bool accept_add(struct accept_range *range,
		       const struct accept_parameter *parameter)
{
	if (range->weight >= 0)
		return true;
	if (!strcasecmp(parameter->name, "q")) {
		range->weight = accept_weight(parameter->value);
		return range->weight >= 0;
	}
	if (range->count == ACCEPT_PARAMETERS)
		return false;
	range->parameters[range->count++] = *parameter;
	return true;
}

static const char *accept_parameters(const char *at, struct accept_range *range)
{
	struct accept_parameter parameter;

	for (at = accept_blank(at); *at == ';'; at = accept_blank(at)) {
		at = accept_blank(at + 1);
		if (!*at || strchr(",;", *at))
			continue;
		at = accept_parameter(at, &parameter);
		if (!at || !accept_add(range, &parameter))
			return NULL;
	}
	return at;
}

static const char *accept_range(const char *at, struct accept_range *range)
{
	range->count = 0;
	range->weight = -1;
	at = accept_token(accept_blank(at), range->type);
	if (!at || *at++ != '/')
		return NULL;
	at = accept_token(at, range->subtype);
	if (!at || (!strcmp(range->type, "*") && strcmp(range->subtype, "*")))
		return NULL;
	at = accept_parameters(at, range);
	if (range->weight < 0)
		range->weight = 1000;
	return at;
}

/* The comma that ends this element, or the end of the header. */
static const char *accept_end(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ','); at++)
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at[1])
			at++;
	return at;
}

/* ---- matching ------------------------------------------------------------ */

static bool accept_has(const struct accept_range *type,
		       const struct accept_parameter *parameter,
		       const char *any)
{
	int i;

	if (any && !strcasecmp(parameter->name, any))
		return true;
	for (i = 0; i < type->count; i++)
		if (!strcasecmp(type->parameters[i].name, parameter->name) &&
		    !strcasecmp(type->parameters[i].value, parameter->value))
			return true;
	return false;
}

/* How specific the range is, 0 if it does not include the type. */
static int accept_includes(const struct accept_range *range,
			   const struct accept_range *type, const char *any)
{
	int i;

	for (i = 0; i < range->count; i++)
		if (!accept_has(type, &range->parameters[i], any))
			return 0;
	if (!strcmp(range->type, "*"))
		return 1;
	if (strcasecmp(range->type, type->type))
		return 0;
	if (!strcmp(range->subtype, "*"))
		return 2;
	return strcasecmp(range->subtype, type->subtype) ? 0 : 3 + range->count;
}

int accept_rank(const char *accept, const char *type, const char *any)
{
	struct accept_range offer, range;
	int best = 0, rank = 0, places = ACCEPT_PLACES, specific;
	const char *end;

	if (!*accept || !accept_range(type, &offer))
		return 0;
	for (;; accept = end + 1) {
		end = accept_end(accept);
		if (places > 1)
			places--;
		specific = accept_range(accept, &range) == end ?
				   accept_includes(&range, &offer, any) :
				   0;
		if (specific > best) {
			best = specific;
			rank = range.weight ?
				       range.weight * ACCEPT_PLACES + places :
				       -1;
		}
		if (!*end)
			return rank;
	}
}
