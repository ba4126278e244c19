/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <linux/filter.h>
#include <sys/prctl.h>

#include "torture.h"

void filter_install(const unsigned int *calls, size_t count,
		    unsigned int action)
{
	struct sock_filter code[2 * FILTER_CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .filter = code };
	size_t i, at = 1;

	TORTURE_CHECK(count <= FILTER_CALLS);
	for (i = 0; i < count; i++) {
		code[at++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		code[at++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						  SECCOMP_RET_ALLOW);
	program.len = (unsigned short)at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		torture_skip("no seccomp filter can be installed");
}
