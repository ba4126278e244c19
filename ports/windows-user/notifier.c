/* SPDX-License-Identifier: MIT */
/*
 * notifier.c - a thread that looks at the processors when it is told to, and
 * from time to time.
 */
#include "user_private.h"

#include <dbt.h>

#include <cpuslab/notifier.h>

static const GUID notifier_class = {
	0x97fadb10,
	0x4e33,
	0x40ae,
	{ 0x35, 0x9c, 0x8b, 0xef, 0x02, 0x9d, 0xbd, 0xd0 },
};

struct cpuslab_notifier {
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

static void notifier_rescan(struct cpuslab_notifier *notifier)
{
	cpuslab_fetch_add_u64(&notifier->rescans, 1);
	if (cpuslab_domain_resync(notifier->domain) < 0)
		cpuslab_fetch_add_u64(&notifier->errors, 1);
}

/* ---- device notices ------------------------------------------------------------- */

static LRESULT CALLBACK notifier_message(HWND window, UINT message, WPARAM word,
					 LPARAM data)
{
	LONG_PTR notifier = GetWindowLongPtrW(window, GWLP_USERDATA);

	if (message == WM_DEVICECHANGE && notifier)
		cpuslab_notifier_poke((struct cpuslab_notifier *)notifier);
	return DefWindowProcW(window, message, word, data);
}

/* A window that nobody sees. Without one the timer has to do. */
static void notifier_open_window(struct cpuslab_notifier *notifier)
{
	DEV_BROADCAST_DEVICEINTERFACE_W filter;
	LONG_PTR procedure = (LONG_PTR)notifier_message;

	notifier->window = CreateWindowExW(0, L"STATIC", L"cpuslab", 0, 0, 0, 0,
					   0, HWND_MESSAGE, NULL, NULL, NULL);
	if (!notifier->window)
		return;
	SetWindowLongPtrW(notifier->window, GWLP_USERDATA, (LONG_PTR)notifier);
	SetWindowLongPtrW(notifier->window, GWLP_WNDPROC, procedure);
	memset(&filter, 0, sizeof(filter));
	filter.dbcc_size = sizeof(filter);
	filter.dbcc_devicetype = DBT_DEVTYP_DEVICEINTERFACE;
	filter.dbcc_classguid = notifier_class;
	notifier->notices = RegisterDeviceNotificationW(
		notifier->window, &filter, DEVICE_NOTIFY_WINDOW_HANDLE);
	if (notifier->notices)
		cpuslab_store_release_u32(&notifier->devices, 1);
}

static void notifier_messages(void)
{
	MSG message;

	while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE))
		DispatchMessageW(&message);
}

/* ---- the thread ------------------------------------------------------------------ */

static DWORD WINAPI notifier_run(void *arg)
{
	struct cpuslab_notifier *notifier = arg;
	bool windows = !(notifier->flags & CPUSLAB_NOTIFIER_NO_DEVICES);

	if (windows)
		notifier_open_window(notifier);
	notifier_rescan(notifier);
	SetEvent(notifier->ready);
	for (;;) {
		DWORD what;

		if (windows)
			what = MsgWaitForMultipleObjects(1, &notifier->wake,
							 FALSE,
							 notifier->rescan_ms,
							 QS_ALLINPUT);
		else
			what = WaitForSingleObject(notifier->wake,
						   notifier->rescan_ms);
		if (cpuslab_load_acquire_u32(&notifier->stop))
			break;
		if (what == WAIT_FAILED)
			Sleep(notifier->rescan_ms); /* the timer is left */
		if (what == WAIT_OBJECT_0 + 1)
			notifier_messages();
		else
			notifier_rescan(notifier);
	}
	if (notifier->notices)
		UnregisterDeviceNotification(notifier->notices);
	if (notifier->window)
		DestroyWindow(notifier->window);
	return 0;
}

void cpuslab_notifier_poke(struct cpuslab_notifier *notifier)
{
	cpuslab_fetch_add_u64(&notifier->events, 1);
	SetEvent(notifier->wake);
}

/* ---- life ------------------------------------------------------------------------- */

static void notifier_free(struct cpuslab_notifier *notifier)
{
	if (notifier->thread)
		CloseHandle(notifier->thread);
	if (notifier->ready)
		CloseHandle(notifier->ready);
	if (notifier->wake)
		CloseHandle(notifier->wake);
	cpuslab_port_free(notifier);
}

static int notifier_start(struct cpuslab_notifier *notifier)
{
	notifier->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
	notifier->ready = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!notifier->wake || !notifier->ready)
		return -CPUSLAB_ENOMEM;
	notifier->thread =
		CreateThread(NULL, 0, notifier_run, notifier, 0, NULL);
	if (!notifier->thread)
		return -CPUSLAB_EAGAIN;
	WaitForSingleObject(notifier->ready, INFINITE);
	return CPUSLAB_OK;
}

int cpuslab_notifier_create(struct cpuslab_notifier **notifier,
			    struct cpuslab_domain *domain,
			    const struct cpuslab_notifier_config *config)
{
	static const struct cpuslab_notifier_config defaults;
	struct cpuslab_notifier *created;
	int err;

	if (!config)
		config = &defaults;
	if (!notifier || !domain ||
	    (config->flags & ~(uint32_t)CPUSLAB_NOTIFIER_NO_DEVICES))
		return -CPUSLAB_EINVAL;
	created = cpuslab_port_zalloc(sizeof(*created));
	if (!created)
		return -CPUSLAB_ENOMEM;
	created->domain = domain;
	created->flags = config->flags;
	created->rescan_ms = config->rescan_ms ? config->rescan_ms :
						 CPUSLAB_NOTIFIER_RESCAN_MS;
	err = notifier_start(created);
	if (err) {
		notifier_free(created);
		return err;
	}
	*notifier = created;
	return CPUSLAB_OK;
}

void cpuslab_notifier_destroy(struct cpuslab_notifier *notifier)
{
	if (!notifier)
		return;
	cpuslab_store_release_u32(&notifier->stop, 1);
	SetEvent(notifier->wake);
	WaitForSingleObject(notifier->thread, INFINITE);
	notifier_free(notifier);
}

void cpuslab_notifier_stats_get(const struct cpuslab_notifier *notifier,
				struct cpuslab_notifier_stats *stats)
{
	stats->events = cpuslab_load_relaxed_u64(&notifier->events);
	stats->rescans = cpuslab_load_relaxed_u64(&notifier->rescans);
	stats->errors = cpuslab_load_relaxed_u64(&notifier->errors);
	stats->devices = cpuslab_load_acquire_u32(&notifier->devices);
}
