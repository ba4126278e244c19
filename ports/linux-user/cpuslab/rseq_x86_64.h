/* SPDX-License-Identifier: MIT */
/*
 * rseq_x86_64.h - the operations as restartable sequences for x86-64.
 *
 * Shape of each (kernel: include/uapi/linux/rseq.h, Documentation of the
 * system call):
 *
 *	0:	rseq_cs = descriptor {start, length, abort handler}
 *	1:	start: read cpu_id, compare it with the limit, test the live
 *		byte, compute the block
 *		... one store commits
 *	2:	end: clear rseq_cs
 *	4:	abort handler: back to 0
 *
 * [release.fence] The live byte is tested inside the section: who saw it set
 * before a release cleared it has committed, or starts anew, when the fence of
 * the release returns.
 *
 * If the thread is preempted, moved, or gets a signal between 1 and 2, the
 * kernel sends it to 4. A store before the commit goes to memory that only the
 * caller knows. x86 stores are releases and loads are acquires.
 *
 * The sections are put into the function's group ("?"), so that a linker drops
 * them with a duplicate of an inline function.
 *
 * Left in place, rseq_cs is cleared by the kernel at the next preemption, which
 * faults if the descriptor has been unmapped by then (dlclose). Whoever never
 * unloads the code may define CPUSLAB_KEEP_RSEQ_CS and save a store.
 */
#ifndef CPUSLAB_RSEQ_X86_64_H
#define CPUSLAB_RSEQ_X86_64_H

#define CPUSLAB__HAVE_RSEQ 1

/* Offsets in struct rseq; the segment is the thread pointer's. */
#define CPUSLAB__RSEQ_CPU_ID "%%fs:4(%[rseq])"
#define CPUSLAB__RSEQ_CS "%%fs:8(%[rseq])"

#ifdef CPUSLAB_KEEP_RSEQ_CS
#define CPUSLAB__RSEQ_END
#else
#define CPUSLAB__RSEQ_END "movq $0, " CPUSLAB__RSEQ_CS "\n\t"
#endif

/*
 * Begin a section and leave the address of the word in rax. Uses rcx.
 *
 * The live byte is 0 or the shift. A base register alone addresses the word:
 * with an index, the processor does not forward the last store to the next
 * load at once (0.70 against 1.9 ns for an add).
 */
#define CPUSLAB__RSEQ_BEGIN                                                    \
	".pushsection __rseq_cs, \"aw?\"\n\t"                                  \
	".balign 32\n"                                                         \
	"3:\n\t"                                                               \
	".long 0, 0\n\t"                                                       \
	".quad 1f, (2f - 1f), 4f\n\t"                                          \
	".popsection\n"                                                        \
	"0:\n\t"                                                               \
	"leaq 3b(%%rip), %%rax\n\t"                                            \
	"movq %%rax, " CPUSLAB__RSEQ_CS "\n"                                   \
	"1:\n\t"                                                               \
	"movl " CPUSLAB__RSEQ_CPU_ID ", %%eax\n\t"                             \
	"cmpl %[limit], %%eax\n\t"                                             \
	"jae %l[miss]\n\t"                                                     \
	"movzbl (%[live], %%rax), %%ecx\n\t"                                   \
	"testl %%ecx, %%ecx\n\t"                                               \
	"je %l[miss]\n\t"                                                      \
	"shlq %%cl, %%rax\n\t"                                                 \
	"addq %[object], %%rax\n\t"

/*
 * Behind the committing instruction. The signature before the abort handler
 * is what the kernel demands; with the bytes before it, it decodes as a trap.
 */
#define CPUSLAB__RSEQ_COMMITTED                                                \
	"2:\n\t" CPUSLAB__RSEQ_END ".pushsection __rseq_failure, \"ax?\"\n\t"  \
	".byte 0x0f, 0xb9, 0x3d\n\t"                                           \
	".long 0x53053053\n"                                                   \
	"4:\n\t"                                                               \
	"jmp 0b\n\t"                                                           \
	".popsection\n\t"

#define CPUSLAB__RSEQ_INPUTS(ref_, offset_)                                    \
	[rseq] "r"(__rseq_offset), [limit] "m"((ref_)->limit),                 \
		[live] "r"((ref_)->live),                                      \
		[object] "r"((ref_)->object + (offset_))

CPUSLAB_STATIC_ASSERT(RSEQ_SIG == 0x53053053, "the C library's signature");

/* Whoever leaves a section other than by its commit. */
CPUSLAB_INLINE void cpuslab__rseq_clear(void)
{
	__asm__ __volatile__("movq $0, " CPUSLAB__RSEQ_CS
			     :
			     : [rseq] "r"(__rseq_offset)
			     : "memory");
}

CPUSLAB_INLINE int cpuslab_port_add(const struct cpuslab_ref *ref,
				    size_t offset, uint64_t value)
{
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"addq %[value], (%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [value] "er"(value)
		: "memory", "cc", "rax", "rcx"
		: miss);
	return CPUSLAB_OK;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_add_if(const struct cpuslab_ref *ref,
				       size_t offset, uint64_t gate,
				       uint64_t value)
{
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"cmpq %[gate], (%%rax)\n\t"
		"jne %l[differs]\n\t"
		"addq %[value], 8(%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [gate] "er"(gate),
		  [value] "er"(value)
		: "memory", "cc", "rax", "rcx"
		: miss, differs);
	return CPUSLAB_OK;
differs:
	cpuslab__rseq_clear();
	return CPUSLAB_DIFFERS;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_cmpstore(const struct cpuslab_ref *ref,
					 size_t offset, uint64_t expect,
					 uint64_t value)
{
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"cmpq %[expect], (%%rax)\n\t"
		"jne %l[differs]\n\t"
		"movq %[value], (%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [expect] "er"(expect),
		  [value] "er"(value)
		: "memory", "cc", "rax", "rcx"
		: miss, differs);
	return CPUSLAB_OK;
differs:
	cpuslab__rseq_clear();
	return CPUSLAB_DIFFERS;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_push(const struct cpuslab_ref *ref,
				     size_t offset, void *node)
{
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"movq (%%rax), %%rdx\n\t"
		"movq %%rdx, (%[node])\n\t"
		"movq %[node], (%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [node] "r"(node)
		: "memory", "cc", "rax", "rcx", "rdx"
		: miss);
	return CPUSLAB_OK;
miss:
	return CPUSLAB_MISS;
}

CPUSLAB_INLINE int cpuslab_port_pop(const struct cpuslab_ref *ref,
				    size_t offset, void **node)
{
	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"movq (%%rax), %%rdx\n\t"
		"testq %%rdx, %%rdx\n\t"
		"jz %l[empty]\n\t"
		"movq %%rdx, (%[node])\n\t"
		"movq (%%rdx), %%rdx\n\t"
		"movq %%rdx, (%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [node] "r"(node)
		: "memory", "cc", "rax", "rcx", "rdx"
		: miss, empty);
	return CPUSLAB_OK;
empty:
	cpuslab__rseq_clear();
	return CPUSLAB_EMPTY;
miss:
	return CPUSLAB_MISS;
}

/* More than there are registers: {step, capacity, head, data, bytes}. */
CPUSLAB_INLINE int cpuslab_port_append(const struct cpuslab_ref *ref,
				       size_t offset, const void *data,
				       uint32_t bytes, uint32_t capacity)
{
	const uint64_t record[5] = { 8 + (((uint64_t)bytes + 7) & ~(uint64_t)7),
				     capacity, (uint64_t)bytes << 1 | 1,
				     (uint64_t)(uintptr_t)data, bytes };

	__asm__ __volatile__ goto(
		CPUSLAB__RSEQ_BEGIN
		"movq (%%rax), %%rdi\n\t"
		"movq %%rdi, %%rdx\n\t"
		"addq (%[record]), %%rdx\n\t"
		"cmpq 8(%[record]), %%rdx\n\t"
		"ja %l[full]\n\t"
		"leaq 16(%%rax, %%rdi), %%rdi\n\t"
		"movq 16(%[record]), %%rsi\n\t"
		"movq %%rsi, (%%rdi)\n\t"
		"addq $8, %%rdi\n\t"
		"movq 24(%[record]), %%rsi\n\t"
		"movq 32(%[record]), %%rcx\n\t"
		"rep movsb\n\t"
		"movq %%rdx, (%%rax)\n" CPUSLAB__RSEQ_COMMITTED
		:
		: CPUSLAB__RSEQ_INPUTS(ref, offset), [record] "r"(record)
		: "memory", "cc", "rax", "rcx", "rdx", "rsi", "rdi"
		: miss, full);
	return CPUSLAB_OK;
full:
	cpuslab__rseq_clear();
	return CPUSLAB_FULL;
miss:
	return CPUSLAB_MISS;
}

#endif /* CPUSLAB_RSEQ_X86_64_H */
