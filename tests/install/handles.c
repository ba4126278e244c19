// SPDX-License-Identifier: MIT
//
// handles.c - operations by CPU number and by concurrency id. With WRONG 1 or 2
// one has the handle of the other kind, and does not compile.
#include <cpuslab/percid.h>

int handles_use(const struct cpuslab_percpu *cpus,
		const struct cpuslab_percid *ids);

int handles_use(const struct cpuslab_percpu *cpus,
		const struct cpuslab_percid *ids)
{
#if defined(WRONG) && WRONG == 1
	return cpuslab_add(ids, 0, 1) + cpuslab_percid_add(ids, 0, 1);
#elif defined(WRONG)
	return cpuslab_add(cpus, 0, 1) + cpuslab_percid_add(cpus, 0, 1);
#else
	return cpuslab_add(cpus, 0, 1) + cpuslab_percid_add(ids, 0, 1);
#endif
}
