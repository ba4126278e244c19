/* SPDX-License-Identifier: MIT */
/*
 * scenario.c - all scenarios; how an outcome is judged and described. The same
 * on each system.
 */
#include "list.h"
#include "scenario.h"

#define SCENARIO_DECLARE(name) extern const struct scenario scenario_##name;
#define SCENARIO_POINTER(name) &scenario_##name,

LIST_DOCUMENTED(SCENARIO_DECLARE)
LIST_THREADS(SCENARIO_DECLARE)

const struct scenario *scenario_get(size_t i, bool threads)
{
	static const struct scenario *const all[] = { LIST_DOCUMENTED(
		SCENARIO_POINTER) LIST_THREADS(SCENARIO_POINTER) };
	const size_t count = threads ? sizeof(all) / sizeof(all[0]) :
				       LIST_DOCUMENTED_COUNT;

	return i < count ? all[i] : NULL;
}

/* ---- drivers --------------------------------------------------------- */

struct driver scenario_driver(const struct scenario *scenario, bool cpuslab)
{
	struct driver driver = cpuslab ? scenario->cpuslab : scenario->usual;
	const struct driver *base = driver.base;

	if (!base)
		base = cpuslab ? &counter_driver : &array_driver;
	if (!driver.load)
		driver.load = base->load;
	if (!driver.work)
		driver.work = base->work;
	if (!driver.sum)
		driver.sum = base->sum;
	if (!driver.unload)
		driver.unload = base->unload;
	return driver;
}

uint32_t scenario_first(const struct scenario *scenario, uint32_t i)
{
	return scenario->first[1] ? scenario->first[i] : i;
}

void scenario_end(const struct scenario *scenario, const struct driver *driver,
		  struct outcome *outcome)
{
	size_t i;

	outcome->active = system_count();
	if (driver->known)
		outcome->known = *driver->known;
	else if (driver->sum)
		outcome->known = (unsigned long)driver->sum();
	outcome->lost = outcome->begun - outcome->known;
	if (driver->measure)
		driver->measure();
	for (i = 0; i < SCENARIO_FIGURES && scenario->figures[i].name; i++)
		outcome->own[i] = *scenario->figures[i].value;
	if (driver->unload)
		driver->unload();
	outcome->left = (unsigned long)system_allocated();
}

uint32_t scenario_nth(uint64_t mask, uint32_t n)
{
	uint32_t bit;

	for (bit = 0; bit < 64; bit++)
		if ((mask >> bit & 1) && !n--)
			return bit;
	return CPUSLAB_NO_CPU;
}

/* ---- figures --------------------------------------------------------- */

const char *scenario_figure(const struct scenario *scenario,
			    const struct outcome *outcome, size_t i,
			    unsigned long *value)
{
	static const struct {
		const char *name;
		size_t offset;
	} common[] = {
		{ "cpu", offsetof(struct outcome, cpu) },
		{ "active", offsetof(struct outcome, active) },
		{ "begun", offsetof(struct outcome, begun) },
		{ "done", offsetof(struct outcome, done) },
		{ "known", offsetof(struct outcome, known) },
		{ "lost", offsetof(struct outcome, lost) },
		{ "sums", offsetof(struct outcome, sums) },
		{ "backwards", offsetof(struct outcome, backwards) },
		{ "left", offsetof(struct outcome, left) },
	};
	size_t own = 0;

	while (own < SCENARIO_FIGURES && scenario->figures[own].name)
		own++;
	if (i < own) {
		*value = outcome->own[i];
		return scenario->figures[i].name;
	}
	i -= own;
	if (i == sizeof(common) / sizeof(common[0]))
		return NULL;
	memcpy(value, (const char *)outcome + common[i].offset, sizeof(*value));
	return common[i].name;
}

/*
 * The value of the number or name at *at, which moves behind it. False if no
 * figure has that name.
 */
static bool figure_read(const struct scenario *scenario,
			const struct outcome *outcome, const char **at,
			unsigned long *value)
{
	const char *word = *at, *name;
	size_t i, length;

	for (*value = 0; **at >= '0' && **at <= '9'; ++*at)
		*value = 10 * *value + (unsigned long)(**at - '0');
	if (*at != word)
		return true;
	while ((**at >= 'a' && **at <= 'z') || **at == '_')
		++*at;
	length = (size_t)(*at - word);
	for (i = 0; (name = scenario_figure(scenario, outcome, i, value)); i++)
		if (strlen(name) == length && !memcmp(name, word, length))
			return true;
	return false;
}

/* ---- conditions ------------------------------------------------------ */

static bool condition_holds(const struct scenario *scenario,
			    const struct outcome *outcome, const char *at)
{
	unsigned long left, right;
	char op;

	for (; *at; at += *at == ',' ? 2 : 0) {
		if (!figure_read(scenario, outcome, &at, &left))
			return false;
		op = at[1];
		at += 3;
		if (!figure_read(scenario, outcome, &at, &right) ||
		    (op == '=' && left != right) ||
		    (op == '<' && left >= right) ||
		    (op == '>' && left <= right))
			return false;
	}
	return true;
}

bool scenario_right(const struct scenario *scenario,
		    const struct outcome *outcome)
{
	const char *right = scenario->cpuslab_right;

	return outcome->sound && !outcome->left && !outcome->backwards &&
	       condition_holds(scenario, outcome, right ? right : "lost = 0");
}

/* An outcome that is right is no failure, whatever is claimed. */
bool scenario_fails(const struct scenario *scenario,
		    const struct outcome *outcome)
{
	return (scenario->crashes ? system_crashed(outcome) : outcome->sound) &&
	       condition_holds(scenario, outcome, scenario->usual_fails) &&
	       !scenario_right(scenario, outcome);
}

/* ---- texts ----------------------------------------------------------- */

/* Append to @text, which has room for SCENARIO_TEXT characters. */
static void text_add(char *text, const char *more, size_t length)
{
	size_t used = strlen(text);

	if (length > SCENARIO_TEXT - 1 - used)
		length = SCENARIO_TEXT - 1 - used;
	memcpy(text + used, more, length);
	text[used + length] = '\0';
}

static void text_add_string(char *text, const char *more)
{
	text_add(text, more, strlen(more));
}

/* In groups of three digits: 1,234,567. */
static void text_add_number(char *text, unsigned long value)
{
	char digits[32];
	size_t at = sizeof(digits), count = 0;

	do {
		if (count && count % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + value % 10);
		count++;
	} while (value /= 10);
	text_add(text, digits + at, sizeof(digits) - at);
}

/* What came of it instead. */
static void text_add_all(const struct scenario *scenario,
			 const struct outcome *outcome, char *text)
{
	unsigned long value;
	const char *name;
	size_t i;

	text_add_string(text, "UNEXPECTED: ");
	text_add_string(text, system_signal(outcome));
	for (i = 0; (name = scenario_figure(scenario, outcome, i, &value));
	     i++) {
		text_add_string(text, ", ");
		text_add_string(text, name);
		text_add_string(text, " ");
		text_add_number(text, value);
	}
}

void scenario_text(const struct scenario *scenario, bool cpuslab,
		   const struct outcome *outcome, bool expected,
		   char text[SCENARIO_TEXT])
{
	const char *at = cpuslab ? scenario->cpuslab_text :
				   scenario->usual_text;
	const char *brace;
	unsigned long value;

	text[0] = '\0';
	if (!expected) {
		text_add_all(scenario, outcome, text);
		return;
	}
	while ((brace = strchr(at, '{'))) {
		text_add(text, at, (size_t)(brace - at));
		at = brace + 1;
		if (figure_read(scenario, outcome, &at, &value))
			text_add_number(text, value);
		else
			text_add_string(text, system_signal(outcome));
		at++;
	}
	text_add_string(text, at);
}
