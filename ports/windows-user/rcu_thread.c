/* SPDX-License-Identifier: MIT */
/*
 * rcu_thread.c - callbacks run in a thread of the process's pool, so that no
 * thread of the library is left behind. If the pool refuses, barriers do the
 * work.
 */
#include "user_private.h"

static uint32_t rcu_thread_asked; /* the pool will run a batch */

static void CALLBACK rcu_thread_run(PTP_CALLBACK_INSTANCE instance,
				    void *unused)
{
	(void)unused;
	CallbackMayRunLong(instance);
	cpuslab_exchange_u32(&rcu_thread_asked, 0);
	cpuslab__win_rcu_run_batch();
}

void cpuslab__win_rcu_thread_wake(void)
{
	TP_CALLBACK_ENVIRON environment;
	HMODULE module = NULL;

	if (cpuslab_exchange_u32(&rcu_thread_asked, 1))
		return;
	InitializeThreadpoolEnvironment(&environment);
	/* The code that it runs must not be unloaded meanwhile. */
	if (GetModuleHandleExW(
		    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
			    GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
		    (LPCWSTR)&rcu_thread_asked, &module))
		SetThreadpoolCallbackLibrary(&environment, module);
	if (!TrySubmitThreadpoolCallback(rcu_thread_run, NULL, &environment))
		cpuslab_exchange_u32(&rcu_thread_asked, 0);
	DestroyThreadpoolEnvironment(&environment);
}
