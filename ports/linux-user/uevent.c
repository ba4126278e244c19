// SPDX-License-Identifier: MIT
/*
 * uevent.c - the parser of kernel uevents.
 */
#include "discover.h"
#include "uevent.h"

#define UEVENT_CPU "/devices/system/cpu/cpu"

/* The properties that matter. */
struct uevent_facts {
	const char *subsystem; /* NULL: absent */
	bool synthetic;
};

/* The rest of @text after @prefix, or NULL. */
static const char *uevent_after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? NULL : text + n;
}

/* The next string if it is terminated before @end, or NULL. */
static const char *uevent_next(const char *at, const char *end)
{
	at += strlen(at) + 1;
	if (at == end || !memchr(at, '\0', (size_t)(end - at)))
		return NULL;
	return at;
}

static struct uevent_facts uevent_facts_read(const char *at, const char *end)
{
	struct uevent_facts facts = { NULL, false };
	const char *value;

	while ((at = uevent_next(at, end))) {
		value = uevent_after(at, "SUBSYSTEM=");
		if (value)
			facts.subsystem = value;
		if (uevent_after(at, "SYNTH_UUID="))
			facts.synthetic = true;
	}
	return facts;
}

static enum cpuslab__uevent_action uevent_action(const char *message)
{
	if (uevent_after(message, "add@"))
		return CPUSLAB__UEVENT_ADD;
	if (uevent_after(message, "remove@"))
		return CPUSLAB__UEVENT_REMOVE;
	return CPUSLAB__UEVENT_OTHER;
}

/* The N of exactly /devices/system/cpu/cpuN. */
static uint32_t uevent_cpu(const char *path)
{
	const char *number = uevent_after(path, UEVENT_CPU);
	uint32_t cpu;

	if (!number || !cpuslab__number_parse(number, &cpu))
		return CPUSLAB_NO_CPU;
	return cpu;
}

bool cpuslab__uevent_parse(const char *message, size_t bytes,
			   struct cpuslab__uevent *event)
{
	const char *at = bytes ? memchr(message, '\0', bytes) : NULL;
	struct uevent_facts facts;
	uint32_t cpu;

	/* A message of "libudev" has no @ before its first NUL. */
	at = at ? memchr(message, '@', (size_t)(at - message)) : NULL;
	if (!at || at == message)
		return false;
	cpu = uevent_cpu(at + 1);
	facts = uevent_facts_read(message, message + bytes);
	if (facts.subsystem ? strcmp(facts.subsystem, "cpu") != 0 :
			      cpu == CPUSLAB_NO_CPU)
		return false;
	event->cpu = cpu;
	event->action = uevent_action(message);
	if (cpu == CPUSLAB_NO_CPU ||
	    (event->action == CPUSLAB__UEVENT_ADD && facts.synthetic))
		event->action = CPUSLAB__UEVENT_OTHER;
	return true;
}
