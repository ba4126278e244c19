/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - a thread that looks at the processors when it is told to, and
 * from time to time.
 */
#include "user_private.h"

#include <dbt.h>

#include <cpuslab/hotplug.h>

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
	HANDLE thread;
	/* W its thread */
	HWND window;
	HDEVNOTIFY notices; /* NULL: none */
	uint64_t events;    /* W any */
	uint64_t rescans, errors;
	uint32_t devices;
};

static void hotplug_rescan(struct cpuslab_hotplug *hotplug)
{
	cpuslab_fetch_add_u64(&hotplug->rescans, 1);
	if (cpuslab_domain_resync(hotplug->domain) < 0)
		cpuslab_fetch_add_u64(&hotplug->errors, 1);
}

/*
 * ---- device notices
 * -------------------------------------------------------------
 */

static LRESULT CALLBACK hotplug_message(HWND window, UINT message, WPARAM word,
					LPARAM data)
{
	LONG_PTR hotplug = GetWindowLongPtrW(window, GWLP_USERDATA);

	if (message == WM_DEVICECHANGE && hotplug)
		cpuslab_hotplug_poke((struct cpuslab_hotplug *)hotplug);
	return DefWindowProcW(window, message, word, data);
}

/* A window that nobody sees. Without one the timer has to do. */
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
		cpuslab_store_release_u32(&hotplug->devices, 1);
}

static void hotplug_messages(void)
{
	MSG message;

	while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE))
		DispatchMessageW(&message);
}

/*
 * ---- the thread
 * ------------------------------------------------------------------
 */

static DWORD WINAPI hotplug_run(void *arg)
{
	struct cpuslab_hotplug *hotplug = arg;
	bool windows = !(hotplug->flags & CPUSLAB_HOTPLUG_NO_DEVICES);

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
			Sleep(hotplug->rescan_ms); /* the timer is left */
		if (what == WAIT_OBJECT_0 + 1)
			hotplug_messages();
		else
			hotplug_rescan(hotplug);
	}
	if (hotplug->notices)
		UnregisterDeviceNotification(hotplug->notices);
	if (hotplug->window)
		DestroyWindow(hotplug->window);
	return 0;
}

void cpuslab_hotplug_poke(struct cpuslab_hotplug *hotplug)
{
	cpuslab_fetch_add_u64(&hotplug->events, 1);
	SetEvent(hotplug->wake);
}

/*
 * ---- life
 * -------------------------------------------------------------------------
 */

static void hotplug_free(struct cpuslab_hotplug *hotplug)
{
	if (hotplug->thread)
		CloseHandle(hotplug->thread);
	if (hotplug->ready)
		CloseHandle(hotplug->ready);
	if (hotplug->wake)
		CloseHandle(hotplug->wake);
	cpuslab_port_free(hotplug);
}

static int hotplug_start(struct cpuslab_hotplug *hotplug)
{
	hotplug->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
	hotplug->ready = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!hotplug->wake || !hotplug->ready)
		return -CPUSLAB_ENOMEM;
	hotplug->thread = CreateThread(NULL, 0, hotplug_run, hotplug, 0, NULL);
	if (!hotplug->thread)
		return -CPUSLAB_EAGAIN;
	WaitForSingleObject(hotplug->ready, INFINITE);
	return CPUSLAB_OK;
}

int cpuslab_hotplug_create(struct cpuslab_hotplug **hotplug,
			   struct cpuslab_domain *domain,
			   const struct cpuslab_hotplug_config *config)
{
	static const struct cpuslab_hotplug_config defaults;
	struct cpuslab_hotplug *created;
	int err;

	if (!config)
		config = &defaults;
	if (!hotplug || !domain ||
	    (config->flags & ~(uint32_t)CPUSLAB_HOTPLUG_NO_DEVICES))
		return -CPUSLAB_EINVAL;
	created = cpuslab_port_zalloc(sizeof(*created));
	if (!created)
		return -CPUSLAB_ENOMEM;
	created->domain = domain;
	created->flags = config->flags;
	created->rescan_ms = config->rescan_ms ? config->rescan_ms :
						 CPUSLAB_HOTPLUG_RESCAN_MS;
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
	if (!hotplug)
		return;
	cpuslab_store_release_u32(&hotplug->stop, 1);
	SetEvent(hotplug->wake);
	WaitForSingleObject(hotplug->thread, INFINITE);
	hotplug_free(hotplug);
}

void cpuslab_hotplug_stats_get(const struct cpuslab_hotplug *hotplug,
			       struct cpuslab_hotplug_stats *stats)
{
	stats->events = cpuslab_load_relaxed_u64(&hotplug->events);
	stats->rescans = cpuslab_load_relaxed_u64(&hotplug->rescans);
	stats->errors = cpuslab_load_relaxed_u64(&hotplug->errors);
	stats->devices = cpuslab_load_acquire_u32(&hotplug->devices);
}
