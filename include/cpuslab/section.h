/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_SECTION_H
#define CPUSLAB_SECTION_H
/*
 * section.h - sections over several words of this CPU's copy: compare one or
 * two words, copy some bytes, store one word.
 *
 * They are the building blocks of a structure of your own. A buffer of
 * pointers on each CPU, without alignment or locks:
 *
 *	struct buffer {
 *		uint64_t count;
 *		uint64_t slots[64];
 *	};
 *	const struct cpuslab_type buffer_type = {
 *		.name = "buffer",
 *		.size = sizeof(struct buffer),
 *		.head = 8,
 *	};
 *	#define COUNT offsetof(struct buffer, count)
 *	#define SLOT(n) (offsetof(struct buffer, slots) + (n) * 8)
 *
 *	int put(const struct cpuslab_percpu *buffer, uint64_t pointer)
 *	{
 *		uint64_t n;
 *		int result;
 *
 *		do {
 *			result = cpuslab_load(buffer, COUNT, &n);
 *			if (result || n == 64)
 *				return result ? result : CPUSLAB_FULL;
 *			result = cpuslab_cmpcopystore(buffer, COUNT, n, SLOT(n),
 *						      &pointer, 8, n + 1);
 *		} while (result == CPUSLAB_DIFFERS);
 *		return result;
 *	}
 *
 *	int take(const struct cpuslab_percpu *buffer, uint64_t *pointer)
 *	{
 *		uint64_t n;
 *		int result;
 *
 *		do {
 *			result = cpuslab_load(buffer, COUNT, &n);
 *			if (result || !n)
 *				return result ? result : CPUSLAB_EMPTY;
 *			result = cpuslab_load(buffer, SLOT(n - 1), pointer);
 *			if (!result)
 *				result = cpuslab_cmp2store(buffer, COUNT, n,
 *							   SLOT(n - 1),
 *							   *pointer, n - 1);
 *		} while (result == CPUSLAB_DIFFERS);
 *		return result;
 *	}
 *
 * A take leaves its pointer in the slot. So the type says that only the first 8
 * bytes tell whether a buffer is empty (slab.h): with all of them, a block
 * whose buffer was ever used would be kept when its CPU goes offline.
 *
 * If the thread moves or is interrupted between the loads and the section, a
 * word differs. The second comparison catches a count that is the same on
 * another CPU, or the same again.
 *
 * Guaranteed: the comparisons, the copy and the store happen on one CPU, whose
 * other sections come before or after them. The store is the commit, one word
 * that readers of other CPUs see with all that was copied. Bytes may have been
 * copied without a commit, so nothing may read the destination before the
 * commit.
 *
 * Several words cannot change like that where several CPUs write, so these
 * calls are refused where other operations use atomics. The caller then uses
 * something else, such as a list with a lock. Refused for good, with
 * -CPUSLAB_ENOSYS:
 *
 *	atomic mode, windows-user
 *
 * Refused this time, with -CPUSLAB_EAGAIN:
 *
 *	Windows kernel: above DISPATCH_LEVEL
 *	anywhere: on a CPU without a copy
 *	Linux process: after several sections in a row that were interrupted
 *		before the commit
 *
 * The last is rare as long as a section is short, a copy of some KiB at most. A
 * copy that takes longer than the time between two interruptions never
 * succeeds.
 *
 * A release of a CPU treats the words as words.h says.
 *
 * There is no interface for other sections. In kernels, code with preemption
 * off is one: see pin.h of their ports. In a Linux process it would be assembly
 * that knows each way to find a copy, the unwind data and the abort handler,
 * and would have to change with them.
 *
 * Context: as ops.h; in the Linux kernel up to hard interrupts, not NMI.
 * Order:   the commit is a release.
 * Return:  CPUSLAB_OK; CPUSLAB_DIFFERS with nothing changed; -CPUSLAB_ENOSYS
 *          in atomic mode and on windows-user; -CPUSLAB_EAGAIN if refused this
 *          time; -CPUSLAB_EINVAL for the null handle or a misaligned offset.
 */

#include <cpuslab/ops.h>

CPUSLAB_BEGIN

CPUSLAB_API int cpuslab__slow_commit(const struct cpuslab_percpu *handle,
				     size_t offset,
				     const struct cpuslab__commit *commit);

CPUSLAB_INLINE int cpuslab__section_commit(const struct cpuslab_percpu *handle,
					   size_t offset,
					   const struct cpuslab__commit *commit)
{
	int result;

	cpuslab__assert_own(handle);
	/* The compiler knows it of offsets that are made as above. */
	if (cpuslab_unlikely((offset | (size_t)commit->other) %
			     sizeof(uint64_t)))
		return -CPUSLAB_EINVAL;
	result = cpuslab_port_commit(handle, offset, commit);
	if (cpuslab_unlikely(result == CPUSLAB_MISS))
		return cpuslab__slow_commit(handle, offset, commit);
	return result;
}

/**
 * cpuslab_cmp2store() - store to a word of this CPU's copy if it and another
 * word have the expected values.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @expect: what the word must be.
 * @other:  bytes, of the other word within the object; a multiple of 8.
 * @other_expect: what that must be.
 * @value:  stored to the word at @offset.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_cmp2store(CPUSLAB_IN const struct cpuslab_percpu *handle, size_t offset,
		  uint64_t expect, size_t other, uint64_t other_expect,
		  uint64_t value)
{
	struct cpuslab__commit commit;

	commit.expect = expect;
	commit.value = value;
	commit.other = (int64_t)other - (int64_t)offset;
	commit.other_expect = other_expect;
	commit.to = 0;
	commit.data = NULL;
	commit.bytes = 0;
	return cpuslab__section_commit(handle, offset, &commit);
}

/**
 * cpuslab_cmpcopystore() - copy bytes to this CPU's copy, then store to a word,
 * if that has the expected value.
 * @handle: of an object; the null handle is an error.
 * @offset: bytes, of the word within the object; a multiple of 8.
 * @expect: what the word must be.
 * @to:     bytes, of the destination within the object; not the word.
 * @data:   [@bytes] resident memory that is not in the object.
 * @bytes:  how many; at most some KiB, see above.
 * @value:  stored to the word at @offset.
 *
 * Context, Order, Return: see above.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_cmpcopystore(CPUSLAB_IN const struct cpuslab_percpu *handle,
		     size_t offset, uint64_t expect, size_t to,
		     CPUSLAB_IN const void *data, uint32_t bytes,
		     uint64_t value)
{
	struct cpuslab__commit commit;

	commit.expect = expect;
	commit.value = value;
	commit.other = 0;
	commit.other_expect = expect;
	commit.to = (int64_t)to - (int64_t)offset;
	commit.data = data;
	commit.bytes = bytes;
	return cpuslab__section_commit(handle, offset, &commit);
}

CPUSLAB_END

/*
 * Synchronization: as ops.h.
 */

#endif /* CPUSLAB_SECTION_H */
