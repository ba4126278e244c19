/* SPDX-License-Identifier: MIT */
/*
 * uevent.c - messages of the kernel about devices, against a parser that
 * splits them into their strings first.
 */
#include "discover.h"
#include "fuzz.h"
#include "uevent.h"

#define UEVENT_STRINGS 4096u

static const char *uevent_strings[UEVENT_STRINGS];

/* The strings of a message that end with a NUL; returns their number. */
static uint32_t uevent_split(const char *message, size_t bytes)
{
	size_t begin = 0, at;
	uint32_t count = 0;

	for (at = 0; at < bytes; at++) {
		if (message[at])
			continue;
		fuzz_expect(count < UEVENT_STRINGS);
		uevent_strings[count++] = message + begin;
		begin = at + 1;
	}
	return count;
}

/* The last of @count strings that begins with @key, after that; or NULL. */
static const char *uevent_last(uint32_t count, const char *key)
{
	while (count-- > 1)
		if (!strncmp(uevent_strings[count], key, strlen(key)))
			return uevent_strings[count] + strlen(key);
	return NULL;
}

static uint32_t uevent_cpu_of(const char *path)
{
	static const char cpu[] = "/devices/system/cpu/cpu";
	unsigned long long number;
	const char *digits;

	if (strncmp(path, cpu, sizeof(cpu) - 1))
		return CPUSLAB_NO_CPU;
	digits = path + sizeof(cpu) - 1;
	if (!*digits || digits[strspn(digits, "0123456789")])
		return CPUSLAB_NO_CPU;
	number = strtoull(digits, NULL, 10);
	return number < UINT32_MAX ? (uint32_t)number : CPUSLAB_NO_CPU;
}

static enum cpuslab__uevent_action uevent_action_of(uint32_t count)
{
	if (!strncmp(uevent_strings[0], "add@", 4))
		return uevent_last(count, "SYNTH_UUID=") ?
			       CPUSLAB__UEVENT_OTHER :
			       CPUSLAB__UEVENT_ADD;
	return strncmp(uevent_strings[0], "remove@", 7) ?
		       CPUSLAB__UEVENT_OTHER :
		       CPUSLAB__UEVENT_REMOVE;
}

/* What cpuslab__uevent_parse() has to find. */
static bool uevent_reads(const char *message, size_t bytes,
			 struct cpuslab__uevent *event)
{
	uint32_t count = uevent_split(message, bytes);
	const char *at = count ? strchr(message, '@') : NULL;
	const char *subsystem;

	if (!at || at == message)
		return false;
	event->cpu = uevent_cpu_of(at + 1);
	event->action = event->cpu == CPUSLAB_NO_CPU ? CPUSLAB__UEVENT_OTHER :
						       uevent_action_of(count);
	subsystem = uevent_last(count, "SUBSYSTEM=");
	if (subsystem)
		return !strcmp(subsystem, "cpu");
	return event->cpu != CPUSLAB_NO_CPU;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct cpuslab__uevent got = { CPUSLAB__UEVENT_OTHER, 0 }, wanted = got;
	bool concerns = cpuslab__uevent_parse((const char *)data, bytes, &got);

	fuzz_expect(concerns ==
		    uevent_reads((const char *)data, bytes, &wanted));
	if (concerns) {
		fuzz_expect(got.cpu == wanted.cpu);
		fuzz_expect(got.action == wanted.action);
	}
	return 0;
}
