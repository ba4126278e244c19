/* SPDX-License-Identifier: MIT */
/*
 * system.c - the identity of the caller, the clock, and the log.
 */
#include "user_private.h"

const void *cpuslab_port_thread_id(void)
{
	return (const void *)(uintptr_t)GetCurrentThreadId();
}

uint64_t cpuslab_port_clock(void)
{
	LARGE_INTEGER frequency, now;
	uint64_t seconds, rest;

	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&now);
	seconds = (uint64_t)now.QuadPart / (uint64_t)frequency.QuadPart;
	rest = (uint64_t)now.QuadPart % (uint64_t)frequency.QuadPart;
	return seconds * 1000000000 +
	       rest * 1000000000 / (uint64_t)frequency.QuadPart;
}

/* 0 lets another thread run that is ready. */
void cpuslab_port_nap(uint32_t us)
{
	Sleep(us / 1000);
}

uint32_t cpuslab_port_error_get(void)
{
	return GetLastError();
}

void cpuslab_port_error_set(uint32_t error)
{
	SetLastError(error);
}

void cpuslab_port_log(const char *line)
{
	HANDLE file = GetStdHandle(STD_ERROR_HANDLE);
	char text[256];
	DWORD bytes, written;

	for (bytes = 0; bytes < sizeof(text) - 2 && line[bytes]; bytes++)
		text[bytes] = line[bytes];
	text[bytes++] = '\r';
	text[bytes++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	WriteFile(file, text, bytes, &written, NULL);
}

void cpuslab_port_panic(const char *line)
{
	cpuslab_port_log(line);
	RaiseFailFastException(NULL, NULL, 0);
}
