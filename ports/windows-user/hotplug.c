/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - a thread that compares the domain with the system.
 *
 *	device notice (GUID_DEVICE_PROCESSOR) --.
 *	cpuslab_hotplug_poke() -----------------+-- thread -- resync
 *	timer ----------------------------------'
 *
 * A notice only says when to look; the groups' active processors and the
 * process' affinity say which processors there are.
 */
#include "user_private.h"

#include <dbt.h>

#include <cpuslab/port_thread.h>
#include <cpuslab/port/hotplug_common.h>
#include <cpuslab/port/thread.h>

#define HOTPLUG_FLAGS CPUSLAB_HOTPLUG_NO_EVENTS

static const GUID hotplug_class = {
	0x97fadb10,
	0x4e33,
	0x40ae,
	{ 0x35, 0x9c, 0x8b, 0xef, 0x02, 0x9d, 0xbd, 0xd0 },
};

struct cpuslab_hotplug {
	struct cpuslab_domain *domain;
	uint32_t rescan_ms;
	uint32_t flags;
	uint32_t stop; /* W destroy */
	HANDLE wake;   /* an event: look now, or stop */
	HANDLE ready;  /* an event: the first look is over */
	struct cpuslab_port_thread thread;
	/* W its thread */
	HWND window;
	HDEVNOTIFY notices;                 /* NULL: none */
	struct cpuslab_hotplug_stats stats; /* events: W any; R any */
};

static void hotplug_rescan(struct cpuslab_hotplug *hotplug)
{
	int err = cpuslab_domain_resync(hotplug->domain);

	cpuslab__hotplug_count(&hotplug->stats.rescans);
	if (err < 0)
		cpuslab__hotplug_count_error(&hotplug->stats, err);
}

/* ---- device notices ------------------------------------------------------ */

static LRESULT CALLBACK hotplug_message(HWND window, UINT message, WPARAM word,
					LPARAM data)
{
	LONG_PTR hotplug = GetWindowLongPtrW(window, GWLP_USERDATA);

	if (message == WM_DEVICECHANGE && hotplug)
		cpuslab_hotplug_poke((struct cpuslab_hotplug *)hotplug);
	return DefWindowProcW(window, message, word, data);
}

/* A window that is never shown. Without one the timer has to do. */
static void hotplug_open_window(struct cpuslab_hotplug *hotplug)
{
	DEV_BROADCAST_DEVICEINTERFACE_W filter;
	LONG_PTR procedure = (LONG_PTR)hotplug_message;

	hotplug->window = CreateWindowExW(0, L"STATIC", L"cpuslab", 0, 0, 0, 0,
					  0, HWND_MESSAGE, NULL, NULL, NULL);
	if (!hotplug->window)
		return;
	SetWindowLongPtrW(hotplug->window, GWLP_USERDATA, (LONG_PTR)hotplug);
	SetWindowLongPtrW(hotplug->window, GWLP_WNDPROC, procedure);
	memset(&filter, 0, sizeof(filter));
	filter.dbcc_size = sizeof(filter);
	filter.dbcc_devicetype = DBT_DEVTYP_DEVICEINTERFACE;
	filter.dbcc_classguid = hotplug_class;
	hotplug->notices = RegisterDeviceNotificationW(
		hotplug->window, &filter, DEVICE_NOTIFY_WINDOW_HANDLE);
	if (hotplug->notices)
		cpuslab_store_relaxed_u8((uint8_t *)&hotplug->stats.has_events,
					 1);
}

static void hotplug_messages(void)
{
	MSG message;

	while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE))
		DispatchMessageW(&message);
}

/* ---- the thread ---------------------------------------------------------- */

static void hotplug_run(void *arg)
{
	struct cpuslab_hotplug *hotplug = arg;
	bool windows = !(hotplug->flags & CPUSLAB_HOTPLUG_NO_EVENTS);

	if (windows)
		hotplug_open_window(hotplug);
	hotplug_rescan(hotplug);
	SetEvent(hotplug->ready);
	for (;;) {
		DWORD what;

		if (windows)
			what = MsgWaitForMultipleObjects(1, &hotplug->wake,
							 FALSE,
							 hotplug->rescan_ms,
							 QS_ALLINPUT);
		else
			what = WaitForSingleObject(hotplug->wake,
						   hotplug->rescan_ms);
		if (cpuslab_load_acquire_u32(&hotplug->stop))
			break;
		if (what == WAIT_FAILED)
			Sleep(hotplug->rescan_ms); /* the timer remains */
		if (what == WAIT_OBJECT_0 + 1)
			hotplug_messages();
		else
			hotplug_rescan(hotplug);
	}
	if (hotplug->notices)
		UnregisterDeviceNotification(hotplug->notices);
	if (hotplug->window)
		DestroyWindow(hotplug->window);
}

void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug)
		return;
	cpuslab__hotplug_count(&hotplug->stats.events);
	SetEvent(hotplug->wake);
}

/* ---- life ---------------------------------------------------------------- */

static void hotplug_free(struct cpuslab_hotplug *hotplug)
{
	if (hotplug->ready)
		CloseHandle(hotplug->ready);
	if (hotplug->wake)
		CloseHandle(hotplug->wake);
	cpuslab_port_free(hotplug);
}

static int hotplug_start(struct cpuslab_hotplug *hotplug)
{
	int err;

	hotplug->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
	hotplug->ready = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!hotplug->wake || !hotplug->ready)
		return -CPUSLAB_ENOMEM;
	err = cpuslab_port_thread_start(&hotplug->thread, NULL, CPUSLAB_NO_CPU,
					hotplug_run, hotplug);
	if (!err)
		WaitForSingleObject(hotplug->ready, INFINITE);
	return err;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	struct cpuslab_hotplug_config own;
	struct cpuslab_hotplug *created;
	int err;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	*hotplug = NULL;
	err = cpuslab__hotplug_config(&own, config, HOTPLUG_FLAGS, domain);
	if (err)
		return err;
	created = cpuslab_port_zalloc(sizeof(*created));
	if (!created)
		return -CPUSLAB_ENOMEM;
	created->domain = domain;
	created->flags = own.flags;
	created->rescan_ms = own.rescan_ms;
	err = hotplug_start(created);
	if (err) {
		hotplug_free(created);
		return err;
	}
	*hotplug = created;
	return CPUSLAB_OK;
}

void cpuslab_hotplug_destroy(struct cpuslab_hotplug *hotplug)
{
	if (!hotplug || cpuslab__win_ends() ||
	    cpuslab__domain_keeps_hotplug(hotplug->domain))
		return;
	cpuslab_store_release_u32(&hotplug->stop, 1);
	SetEvent(hotplug->wake);
	cpuslab_port_thread_join(&hotplug->thread);
	hotplug_free(hotplug);
}

void cpuslab__hotplug_stats_fill(const struct cpuslab_hotplug *hotplug,
				 struct cpuslab_hotplug_stats *stats)
{
	static const struct cpuslab_hotplug_stats none;

	cpuslab__hotplug_stats_copy(stats, hotplug ? &hotplug->stats : &none);
}

int cpuslab_hotplug_check(const struct cpuslab_hotplug *hotplug)
{
	struct cpuslab_hotplug_stats stats;

	if (!hotplug)
		return -CPUSLAB_EINVAL;
	cpuslab_hotplug_stats_get(hotplug, &stats);
	/* The first look was over when create returned. */
	if (!stats.rescans || (stats.errors && !stats.last_error) ||
	    (stats.has_events && hotplug->flags & CPUSLAB_HOTPLUG_NO_EVENTS))
		return -CPUSLAB_EINVAL;
	return CPUSLAB_OK;
}
