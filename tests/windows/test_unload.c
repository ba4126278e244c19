/* SPDX-License-Identifier: MIT */
/*
 * test_unload.c - a program that loads and unloads a DLL which contains
 * cpuslab, and that ends while the DLL still uses it.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define UNLOAD_TIMES 3000
#define UNLOAD_IN_DLLMAIN 30
#define UNLOAD_EXITS 5
#define UNLOAD_PATIENCE 60000 /* milliseconds, for what must end */

typedef int (*unload_create)(unsigned int threads);
typedef void (*unload_call)(void);

static char unload_plugin[MAX_PATH];

static HMODULE unload_load(void)
{
	HMODULE module = LoadLibraryA(unload_plugin);

	if (!module)
		printf("not loaded: error %lu\n", GetLastError());
	return module;
}

static void *unload_find(HMODULE module, const char *name)
{
	return (void *)(uintptr_t)GetProcAddress(module, name);
}

static int unload_start(HMODULE module, unsigned int threads)
{
	int result =
		((unload_create)unload_find(module, "plugin_create"))(threads);

	if (result)
		printf("plugin_create: %d\n", result);
	return result;
}

/* The plugin destroys what it has, before it is unloaded or in DllMain. */
static int unload_once(unsigned int threads, int before)
{
	HMODULE module = unload_load();

	if (!module || unload_start(module, threads))
		return 1;
	if (before)
		((unload_call)unload_find(module, "plugin_destroy"))();
	return !FreeLibrary(module);
}

/* A thread of the pool may keep the plugin for a moment. */
static int unload_is_gone(void)
{
	int i;

	for (i = 0; i < 1000 && GetModuleHandleA("user_plugin.dll"); i++)
		Sleep(10);
	return i < 1000;
}

/* No slot of thread-local storage is left either. */
static int unload_repeat(uint32_t times, unsigned int threads, int before)
{
	DWORD slot = TLS_OUT_OF_INDEXES;
	uint32_t i;

	for (i = 0; i < times; i++) {
		if (unload_once(threads, before)) {
			printf("load %u failed\n", i);
			return 1;
		}
		if (i) /* what the plugin loads may have slots as well */
			continue;
		slot = TlsAlloc();
		TlsFree(slot);
	}
	if (!unload_is_gone()) {
		puts("the plugin stays loaded");
		return 1;
	}
	return TlsAlloc() != slot;
}

static DWORD WINAPI unload_work(void *call)
{
	((unload_call)call)();
	return 0;
}

static void unload_begin(HMODULE module, const char *name)
{
	CreateThread(NULL, 0, unload_work, unload_find(module, name), 0, NULL);
}

/* End with the plugin loaded, its threads and others at work in it. */
static int unload_exit(void)
{
	HMODULE module = unload_load();

	if (!module || unload_start(module, 1))
		return 1;
	unload_begin(module, "plugin_change");
	unload_begin(module, "plugin_allocate");
	Sleep(20);
	return 0;
}

/* ---- each in a process of its own, which has to end ---------------------- */

static const struct {
	const char *name;
	uint32_t processes;
	uint32_t loads; /* 0: the process ends with it */
	unsigned int threads;
	int before;
} unload_ways[] = {
	{ "destroyed-before", 1, UNLOAD_TIMES, 0, 1 },
	{ "threads-destroyed-before", 1, UNLOAD_IN_DLLMAIN, 1, 1 },
	{ "destroyed-in-dllmain", 1, UNLOAD_IN_DLLMAIN, 1, 0 },
	{ "process-exit", UNLOAD_EXITS, 0, 1, 0 },
};

#define UNLOAD_WAYS (sizeof(unload_ways) / sizeof(unload_ways[0]))

static int unload_child(const char *way)
{
	size_t i;

	for (i = 0; i < UNLOAD_WAYS; i++)
		if (!strcmp(way, unload_ways[i].name))
			return unload_ways[i].loads ?
				       unload_repeat(unload_ways[i].loads,
						     unload_ways[i].threads,
						     unload_ways[i].before) :
				       unload_exit();
	return 2;
}

static int unload_in_process(const char *program, const char *way)
{
	char command[2 * MAX_PATH];
	STARTUPINFOA start;
	PROCESS_INFORMATION process;
	DWORD code = STILL_ACTIVE;

	memset(&start, 0, sizeof(start));
	start.cb = sizeof(start);
	snprintf(command, sizeof(command), "\"%s\" %s", program, way);
	if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL,
			    &start, &process))
		return 1;
	if (WaitForSingleObject(process.hProcess, UNLOAD_PATIENCE)) {
		puts("it does not end");
		TerminateProcess(process.hProcess, 1);
	}
	GetExitCodeProcess(process.hProcess, &code);
	CloseHandle(process.hThread);
	CloseHandle(process.hProcess);
	return code != 0;
}

static int unload_way(const char *program, size_t way)
{
	int failed = 0;
	uint32_t i;

	for (i = 0; i < unload_ways[way].processes && !failed; i++)
		failed = unload_in_process(program, unload_ways[way].name);
	printf("%s: %s\n", unload_ways[way].name, failed ? "FAILED" : "ok");
	return failed;
}

int main(int argc, char **argv)
{
	char program[MAX_PATH];
	char *end;
	int failed = 0;
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	GetModuleFileNameA(NULL, program, sizeof(program));
	strcpy(unload_plugin, program);
	end = strrchr(unload_plugin, '\\');
	strcpy(end ? end + 1 : unload_plugin, "user_plugin.dll");
	if (argc > 1)
		return unload_child(argv[1]);
	for (i = 0; i < UNLOAD_WAYS; i++)
		failed += unload_way(program, i);
	printf("unload: %d failures\n", failed);
	return failed != 0;
}
