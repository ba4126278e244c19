/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - callbacks run in a thread of the process' pool, so that no
 * thread of ours is left behind. Where none is to be had, barriers do the work.
 */
#include "user_private.h"

static uint32_t worker_asked; /* a thread is on its way */

static void CALLBACK worker_run(PTP_CALLBACK_INSTANCE instance, void *unused)
{
	(void)unused;
	CallbackMayRunLong(instance);
	cpuslab_exchange_u32(&worker_asked, 0);
	cpuslab__win_rcu_run_batch();
}

void cpuslab__win_worker_wake(void)
{
	TP_CALLBACK_ENVIRON environment;
	HMODULE module = NULL;

	if (cpuslab_exchange_u32(&worker_asked, 1))
		return;
	InitializeThreadpoolEnvironment(&environment);
	/* The code that it runs must not be unloaded meanwhile. */
	if (GetModuleHandleExW(
		    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
			    GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
		    (LPCWSTR)&worker_asked, &module))
		SetThreadpoolCallbackLibrary(&environment, module);
	if (!TrySubmitThreadpoolCallback(worker_run, NULL, &environment))
		cpuslab_exchange_u32(&worker_asked, 0);
	DestroyThreadpoolEnvironment(&environment);
}
