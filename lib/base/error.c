/* SPDX-License-Identifier: MIT */
#include <cpuslab/base.h>

#include "format.h"

#include <cpuslab/port.h>

static const char *error_outcome(int result)
{
	switch (result) {
	case CPUSLAB_OK:
		return "success";
	case CPUSLAB_EMPTY:
		return "empty";
	case CPUSLAB_FULL:
		return "full";
	case CPUSLAB_DIFFERS:
		return "the word did not have the expected value";
	case CPUSLAB_MISS:
		return "this CPU has no block";
	case CPUSLAB_RETAINED:
		return "a block could not be released safely";
	case CPUSLAB_PARTIAL:
		return "possibly incomplete";
	default:
		return "unknown outcome";
	}
}

const char *cpuslab_strerror(int result)
{
	switch (result) {
	case -CPUSLAB_ENOMEM:
		return "no memory or no address space";
	case -CPUSLAB_EBUSY:
		return "called from inside a callback, or in use";
	case -CPUSLAB_EINVAL:
		return "invalid argument";
	case -CPUSLAB_ERANGE:
		return "CPU number at or beyond the limit";
	case -CPUSLAB_ENOENT:
		return "no such CPU, group or object";
	case -CPUSLAB_ENOSYS:
		return "not supported by this system";
	case -CPUSLAB_ESHUTDOWN:
		return "shutting down";
	case -CPUSLAB_ESTALE:
		return "the object has been freed";
	case -CPUSLAB_EACCES:
		return "permission denied";
	case -CPUSLAB_EAGAIN:
		return "not possible now; try again later";
	default:
		return result < 0 ? "unknown error" : error_outcome(result);
	}
}

void cpuslab__assert_failed(const char *what, const char *file, int line)
{
	char buf[256];
	struct cpuslab__text text = { buf, sizeof(buf), 0 };

	cpuslab__text_string(&text, "cpuslab: assertion failed: ");
	cpuslab__text_string(&text, what);
	cpuslab__text_string(&text, " at ");
	cpuslab__text_string(&text, file);
	cpuslab__text_string(&text, ":");
	cpuslab__text_number(&text, (uint64_t)line);
	cpuslab_port_panic(buf);
}
