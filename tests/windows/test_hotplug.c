/* SPDX-License-Identifier: MIT */
/*
 * test_hotplug.c - the hotplug of port windows-user: changes of affinity, and
 * device notices.
 */
#include <stdio.h>
#include <windows.h>

#include <dbt.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/hotplug.h>

static int hotplug_failures;

static void hotplug_check(int good, const char *what, int line)
{
	if (good)
		return;
	hotplug_failures++;
	printf("test_hotplug.c:%d: %s\n", line, what);
}

#define CHECK(cond) hotplug_check((cond), #cond, __LINE__)

/* Processors of the first group that this process may use, one bit each. */
static DWORD_PTR hotplug_mask(void)
{
	DWORD_PTR mask = 0, system;

	GetProcessAffinityMask(GetCurrentProcess(), &mask, &system);
	return mask;
}

static uint32_t hotplug_online(const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint32_t count = cpuslab_cpumask_count(set);

	cpuslab_cpumask_put(set);
	return count;
}

static void hotplug_await(const struct cpuslab_domain *domain, uint32_t count)
{
	int i;

	for (i = 0; i < 500 && hotplug_online(domain) != count; i++)
		Sleep(10);
	CHECK(hotplug_online(domain) == count);
}

/*
 * A processor that is taken from the process' affinity is removed, by the timer
 * and by a poke.
 */
static void hotplug_follows(uint32_t rescan_ms, int poke)
{
	const struct cpuslab_hotplug_config config = {
		.rescan_ms = rescan_ms,
	};
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_hotplug *hotplug = NULL;
	struct cpuslab_hotplug_stats stats;
	DWORD_PTR mask = hotplug_mask();
	uint32_t all;

	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_hotplug_create(&hotplug, domain, &config) == CPUSLAB_OK);
	all = hotplug_online(domain);
	if (mask & (mask - 1)) {
		SetProcessAffinityMask(GetCurrentProcess(), mask & -mask);
		if (poke)
			cpuslab_hotplug_poke(hotplug);
		hotplug_await(domain, 1);
		SetProcessAffinityMask(GetCurrentProcess(), mask);
		if (poke)
			cpuslab_hotplug_poke(hotplug);
		hotplug_await(domain, all);
	} else {
		puts("hotplug: skipped, the process has one processor");
	}
	cpuslab_hotplug_stats_get(hotplug, &stats);
	CHECK(stats.rescans >= 1 && !stats.errors && !stats.last_error);
	CHECK(cpuslab_hotplug_check(hotplug) == CPUSLAB_OK);
	CHECK(stats.events == (poke && mask & (mask - 1) ? 2 : 0));
	printf("hotplug: device notices %s\n",
	       stats.has_events ? "registered" : "not available");
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_domain_destroy(domain);
}

/* The window that receives device notices. */
static HWND hotplug_window(void)
{
	return FindWindowExW(HWND_MESSAGE, NULL, L"STATIC", L"cpuslab");
}

/* As the system does, and as a program might: sent, and posted. */
static void hotplug_notify(HWND window, int post)
{
	DEV_BROADCAST_DEVICEINTERFACE_W notice = {
		.dbcc_size = sizeof(notice),
		.dbcc_devicetype = DBT_DEVTYP_DEVICEINTERFACE,
	};

	if (post)
		PostMessageW(window, WM_DEVICECHANGE, DBT_DEVNODES_CHANGED, 0);
	else
		SendMessageW(window, WM_DEVICECHANGE, DBT_DEVICEARRIVAL,
			     (LPARAM)&notice);
}

static uint64_t hotplug_rescans(const struct cpuslab_hotplug *hotplug)
{
	struct cpuslab_hotplug_stats stats;

	cpuslab_hotplug_stats_get(hotplug, &stats);
	return stats.rescans;
}

/* Each notice, and no other message, has the domain compared. */
static void hotplug_receives(struct cpuslab_hotplug *hotplug, HWND window,
			     int post)
{
	uint64_t before = hotplug_rescans(hotplug);
	int i;

	SendMessageW(window, WM_NULL, 0, 0);
	CHECK(hotplug_rescans(hotplug) == before);
	hotplug_notify(window, post);
	for (i = 0; i < 500 && hotplug_rescans(hotplug) == before; i++)
		Sleep(10);
	CHECK(hotplug_rescans(hotplug) == before + 1);
}

static void hotplug_notices(void)
{
	const struct cpuslab_hotplug_config config = { .rescan_ms = 1000000 };
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_hotplug *hotplug = NULL;
	DWORD_PTR mask = hotplug_mask();
	uint32_t all;
	HWND window;

	CHECK(!hotplug_window());
	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_hotplug_create(&hotplug, domain, &config) == CPUSLAB_OK);
	all = hotplug_online(domain);
	window = hotplug_window();
	CHECK(window != NULL);
	SetProcessAffinityMask(GetCurrentProcess(), mask & -mask);
	hotplug_receives(hotplug, window, 0);
	CHECK(hotplug_online(domain) == 1);
	SetProcessAffinityMask(GetCurrentProcess(), mask);
	hotplug_receives(hotplug, window, 1);
	CHECK(hotplug_online(domain) == all);
	cpuslab_hotplug_destroy(hotplug);
	CHECK(!hotplug_window());
	cpuslab_domain_destroy(domain);
}

static void hotplug_arguments(void)
{
	struct cpuslab_hotplug_config config = {
		.flags = CPUSLAB_HOTPLUG_NO_THREAD,
	};
	struct cpuslab_domain *domain = NULL;
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_hotplug_stats stats;

	CHECK(cpuslab_domain_create(&domain, NULL) == CPUSLAB_OK);
	CHECK(cpuslab_hotplug_create(&hotplug, NULL, NULL) == -CPUSLAB_EINVAL);
	CHECK(cpuslab_hotplug_create(NULL, domain, NULL) == -CPUSLAB_EINVAL);
	CHECK(cpuslab_hotplug_create(&hotplug, domain, &config) ==
	      -CPUSLAB_EINVAL);
	config.flags = CPUSLAB_HOTPLUG_NO_EVENTS;
	CHECK(cpuslab_hotplug_create(&hotplug, domain, &config) == CPUSLAB_OK);
	cpuslab_hotplug_stats_get(hotplug, &stats);
	CHECK(!stats.has_events);
	CHECK(cpuslab_hotplug_check(hotplug) == CPUSLAB_OK);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_domain_destroy(domain);
}

int main(void)
{
	hotplug_arguments();
	cpuslab_hotplug_destroy(NULL);
	hotplug_notices();
	hotplug_follows(20, 0);
	hotplug_follows(1000000, 1);
	printf("hotplug: %d failures\n", hotplug_failures);
	return hotplug_failures != 0;
}
