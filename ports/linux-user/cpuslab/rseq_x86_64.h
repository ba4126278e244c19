/* SPDX-License-Identifier: MIT */
/*
 * rseq_x86_64.h - the operations as restartable sequences for x86-64.
 *
 * Shape of each (kernel: include/uapi/linux/rseq.h, Documentation of the
 * system call):
 *
 *		rseq_cs = descriptor {start, length, abort handler}
 *	1:	start: read cpu_id, test the live byte, compute the address
 *		... one store commits
 *	2:	end: clear rseq_cs
 *	4:	abort handler: as a miss
 *
 * [release.fence] The live byte is tested inside the section: a section that
 * saw it set before a release cleared it has committed or is aborted by the
 * time the release's fence returns.
 *
 * If the thread is preempted, moved, or interrupted by a signal between 1 and
 * 2, the kernel continues it at 4, and the slow path repeats the operation. It
 * tries sections a few times, so an operation also ends under a debugger that
 * interrupts every instruction. Stores before the commit go to memory that
 * only the caller can reach. On x86 stores are releases and loads are acquires.
 *
 * The sections belong to the function's group ("?"), so the linker drops them
 * together with a duplicate of an inline function.
 *
 * If rseq_cs is left in place, the kernel clears it at the next preemption,
 * which faults if the descriptor has been unmapped by then (dlclose). A program
 * that never unloads the code may define CPUSLAB_KEEP_RSEQ_CS and save a store.
 */
#ifndef CPUSLAB_RSEQ_X86_64_H
#define CPUSLAB_RSEQ_X86_64_H

#include <cpuslab/rseq_unwind.h>

#define CPUSLAB__HAVE_RSEQ 1

#define CPUSLAB__RSEQ_SIGNATURE 0x53053053
#ifdef RSEQ_SIG
CPUSLAB_STATIC_ASSERT(RSEQ_SIG == CPUSLAB__RSEQ_SIGNATURE, "the C library's");
#endif

/* Offsets in struct rseq; the segment is the thread pointer's. */
#define CPUSLAB__RSEQ_CPU_ID "%%fs:4(%[rseq])"
#define CPUSLAB__RSEQ_MM_CID "%%fs:24(%[rseq])"
#define CPUSLAB__RSEQ_CS "%%fs:8(%[rseq])"

/* Clearing by a register is two bytes shorter than by a constant. */
#ifdef CPUSLAB_KEEP_RSEQ_CS
#define CPUSLAB__RSEQ_END
#else
#define CPUSLAB__RSEQ_END                                                      \
	"xorl %%ecx, %%ecx\n\t"                                                \
	"movq %%rcx, " CPUSLAB__RSEQ_CS "\n\t"
#endif

/* Leave the CPU number in rax; without a registration one that has no block. */
#define CPUSLAB__RSEQ_INDEX_CPU(miss_)                                         \
	"movzwl " CPUSLAB__RSEQ_CPU_ID ", %%eax\n\t"

/* The concurrency id. In a thread without a registration it would be 0. */
#define CPUSLAB__RSEQ_INDEX_CID(miss_)                                         \
	"cmpl $0, " CPUSLAB__RSEQ_CPU_ID "\n\t"                                \
	"jl " miss_ "\n\t"                                                     \
	"movzwl " CPUSLAB__RSEQ_MM_CID ", %%eax\n\t"

/*
 * Leave the address of the word in rax. Without a block: to the label @miss_.
 *
 * The word is addressed by a base register alone: with an index register, one
 * CPU that was measured did not forward the last store to the next load (0.70
 * against 1.9 ns for an add).
 */
#define CPUSLAB__RSEQ_FIND(miss_)                                              \
	CPUSLAB__RSEQ_INDEX(miss_)                                             \
	"cmpb $0, (%[live], %%rax)\n\t"                                        \
	"je " miss_ "\n\t"                                                     \
	"shlq $20, %%rax\n\t"                                                  \
	"addq %[object], %%rax\n\t"

/* The same by a directory, for retry.c. */
#define CPUSLAB__RSEQ_FIND_DIRECTORY(miss_)                                    \
	CPUSLAB__RSEQ_INDEX(miss_)                                             \
	"cmpb $0, (%[live], %%rax)\n\t"                                        \
	"je " miss_ "\n\t"                                                     \
	"movq (%[object], %%rax, 8), %%rax\n\t"                                \
	"addq %[offset], %%rax\n\t"

CPUSLAB_STATIC_ASSERT(CPUSLAB__WINDOW_SHIFT == 20, "as in the sections");

/*
 * Begin a section and find the word. Leaves the descriptor's address in rcx,
 * where the unwinder finds it until the commit.
 */
#define CPUSLAB__RSEQ_BEGIN_OR(miss_)                                          \
	".pushsection __rseq_cs, \"aw?\"\n\t"                                  \
	".balign 32\n"                                                         \
	"3:\n\t"                                                               \
	".long 0, 0\n\t"                                                       \
	".quad 1f, (2f - 1f), 4f\n\t"                                          \
	".popsection\n\t"                                                      \
	"leaq 3b(%%rip), %%rcx\n\t"                                            \
	"movq %%rcx, " CPUSLAB__RSEQ_CS "\n"                                   \
	"1:\n\t" CPUSLAB__RSEQ_FIND(miss_)

/*
 * Follows the committing instruction. @aborted_ is the abort handler. The
 * kernel requires the signature before it; together with the bytes before it,
 * it decodes as a trap.
 */
#define CPUSLAB__RSEQ_COMMITTED_OR(aborted_)                                     \
	"2:\n\t" CPUSLAB__RSEQ_END ".pushsection __rseq_failure, \"ax?\"\n\t"    \
	".byte 0x0f, 0xb9, 0x3d\n\t"                                             \
	".long " CPUSLAB__RSEQ_STRING(                                           \
		CPUSLAB__RSEQ_SIGNATURE) "\n"                                    \
					 "4:\n\t" aborted_ "9:\n\t"              \
					 ".popsection\n\t" CPUSLAB__RSEQ_UNWIND( \
						 "16", "7", "0x72", "4b",        \
						 "9b")

#define CPUSLAB__RSEQ_COMMITTED CPUSLAB__RSEQ_COMMITTED_OR("jmp %l[miss]\n")

#define CPUSLAB__RSEQ_THREAD [rseq] "r"(CPUSLAB__RSEQ_OFFSET)

/* The operand constraint for a 64-bit number. */
#define CPUSLAB__RSEQ_NUMBER "er"
#define CPUSLAB__RSEQ_BYTES "ir"
#define CPUSLAB__RSEQ_SCRATCH "rax", "rcx", "rdx"
#define CPUSLAB__RSEQ_SCRATCH_MORE CPUSLAB__RSEQ_SCRATCH, "r8"

/* The bodies; the last instruction of each commits. */
#define CPUSLAB__RSEQ_ADD "addq %[value], (%%rax)\n"

#define CPUSLAB__RSEQ_ADD_IF                                                   \
	"cmpq %[gate], (%%rax)\n\t"                                            \
	"jne %l[differs]\n\t"                                                  \
	"addq %[value], 8(%%rax)\n"

#define CPUSLAB__RSEQ_ADD_BELOW                                                \
	"cmpq %[bound], (%%rax)\n\t"                                           \
	"jae %l[full]\n\t"                                                     \
	"addq %[value], (%%rax)\n"

#define CPUSLAB__RSEQ_CMPSTORE                                                 \
	"cmpq %[expect], (%%rax)\n\t"                                          \
	"jne %l[differs]\n\t"                                                  \
	"movq %[value], (%%rax)\n"

/* Leaves the word in found, and in missed 0 or, from label 5 on, 1. */
#define CPUSLAB__RSEQ_LOAD                                                     \
	"xorl %k[missed], %k[missed]\n\t"                                      \
	"movq (%%rax), %[found]\n\t"

#define CPUSLAB__RSEQ_UPDATED                                                  \
	CPUSLAB__RSEQ_COMMITTED_OR("5:\n\t"                                    \
				   "movl $1, %k[missed]\n\t"                   \
				   "jmp 2b\n")

/* Between the two: store what follows the word. */
#define CPUSLAB__RSEQ_NEXT_BY(instruction_)                                    \
	"movq %[found], %%rdx\n\t" instruction_ " %[value], %%rdx\n\t"         \
	"movq %%rdx, (%%rax)\n"
#define CPUSLAB__RSEQ_NEXT_ADD CPUSLAB__RSEQ_NEXT_BY("addq")
#define CPUSLAB__RSEQ_NEXT_OR CPUSLAB__RSEQ_NEXT_BY("orq")
#define CPUSLAB__RSEQ_NEXT_AND CPUSLAB__RSEQ_NEXT_BY("andq")
#define CPUSLAB__RSEQ_NEXT_EXCHANGE "movq %[value], (%%rax)\n"
#define CPUSLAB__RSEQ_NEXT_UNLESS(condition_)                                  \
	"cmpq %[value], %[found]\n\t"                                          \
	"j" condition_ " 2f\n\t" CPUSLAB__RSEQ_NEXT_EXCHANGE
#define CPUSLAB__RSEQ_NEXT_MAX CPUSLAB__RSEQ_NEXT_UNLESS("ae")
#define CPUSLAB__RSEQ_NEXT_MIN CPUSLAB__RSEQ_NEXT_UNLESS("be")

#define CPUSLAB__RSEQ_PUSH                                                     \
	"movq (%%rax), %%rdx\n\t"                                              \
	"movq %%rdx, (%[node])\n\t"                                            \
	"movq %[node], (%%rax)\n"

/* Leaves the node, NULL, or, from label 5 on, CPUSLAB__RSEQ_NO_BLOCK. */
#define CPUSLAB__RSEQ_POP                                                      \
	"movq (%%rax), %[node]\n\t"                                            \
	"testq %[node], %[node]\n\t"                                           \
	"jz 2f\n\t"                                                            \
	"movq (%[node]), %%rdx\n\t"                                            \
	"movq %%rdx, (%%rax)\n"

#define CPUSLAB__RSEQ_POPPED                                                   \
	CPUSLAB__RSEQ_COMMITTED_OR("5:\n\t"                                    \
				   "movl $1, %k[node]\n\t"                     \
				   "jmp 2b\n")

/*
 * For the magazine {next, count, objects} that is the newest node. pop leaves
 * an object; NULL from label 6 on; from label 5 on the address of the live
 * bytes, which is no object's.
 */
#define CPUSLAB__RSEQ_TAKE                                                     \
	"movq (%%rax), %%rdx\n\t"                                              \
	"testq %%rdx, %%rdx\n\t"                                               \
	"jz 6f\n\t"                                                            \
	"movq 8(%%rdx), %%r8\n\t"                                              \
	"testq %%r8, %%r8\n\t"                                                 \
	"jz 6f\n\t"                                                            \
	"movq 8(%%rdx, %%r8, 8), %[found]\n\t"                                 \
	"subq $1, %%r8\n\t"                                                    \
	"movq %%r8, 8(%%rdx)\n"

#define CPUSLAB__RSEQ_TAKEN                                                    \
	CPUSLAB__RSEQ_COMMITTED_OR("5:\n\t"                                    \
				   "movq %[live], %[found]\n\t"                \
				   "jmp 2b\n"                                  \
				   "6:\n\t"                                    \
				   "xorl %k[found], %k[found]\n\t"             \
				   "jmp 2b\n")

#define CPUSLAB__RSEQ_GIVE                                                     \
	"movq (%%rax), %%rdx\n\t"                                              \
	"testq %%rdx, %%rdx\n\t"                                               \
	"jz %l[full]\n\t"                                                      \
	"movq 8(%%rdx), %%r8\n\t"                                              \
	"cmpq %[rounds], %%r8\n\t"                                             \
	"je %l[full]\n\t"                                                      \
	"movq %[given], 16(%%rdx, %%r8, 8)\n\t"                                \
	"addq $1, %%r8\n\t"                                                    \
	"movq %%r8, 8(%%rdx)\n"

/*
 * Move 16 bytes at @at_ of the payload. They are loaded as two words, because a
 * load that is wider than the stores that made the payload waits for them.
 */
#ifdef __SSE2__
#define CPUSLAB__RSEQ_MOVE(at_, index_)                                        \
	"movq " at_ "(%[data]" index_ "), %%xmm0\n\t"                          \
	"movhps 8+" at_ "(%[data]" index_ "), %%xmm0\n\t"                      \
	"movups %%xmm0, 8+" at_ "(%%rdi" index_ ")\n\t"
#define CPUSLAB__RSEQ_SCRATCH_COPY                                             \
	CPUSLAB__RSEQ_SCRATCH_MORE, "rdi", "r9", "xmm0"
#else
#define CPUSLAB__RSEQ_MOVE(at_, index_)                                        \
	"movq " at_ "(%[data]" index_ "), %%r8\n\t"                            \
	"movq %%r8, 8+" at_ "(%%rdi" index_ ")\n\t"                            \
	"movq 8+" at_ "(%[data]" index_ "), %%r8\n\t"                          \
	"movq %%r8, 16+" at_ "(%%rdi" index_ ")\n\t"
#define CPUSLAB__RSEQ_SCRATCH_COPY CPUSLAB__RSEQ_SCRATCH_MORE, "rdi", "r9"
#endif
#define CPUSLAB__RSEQ_MOVE_FIRST CPUSLAB__RSEQ_MOVE("0", "")
#define CPUSLAB__RSEQ_MOVE_16 CPUSLAB__RSEQ_MOVE("-16", ", %%r9")
#define CPUSLAB__RSEQ_MOVE_32                                                  \
	CPUSLAB__RSEQ_MOVE_16 CPUSLAB__RSEQ_MOVE("-32", ", %%r9")

/*
 * Copy a payload of %r9 bytes to behind the head at %rdi, then commit %rdx. The
 * steps begin at the end, and the last one overlaps with the one before it, so
 * that they read and write nothing but the payload. @cold_ are instructions
 * that are jumped to.
 *
 * [ring.overwrite] Stores are seen in their order, so that a part of one that
 * is wider than a word, or lies in two, is a release as well.
 */
#define CPUSLAB__RSEQ_COPY(cold_)                                              \
	"cmpq $32, %%r9\n\t"                                                   \
	"jb 6f\n\t" CPUSLAB__RSEQ_MOVE_32 "subq $1, %%r9\n\t"                  \
	"andq $-32, %%r9\n\t"                                                  \
	"jz 8f\n"                                                              \
	"5:\n\t" CPUSLAB__RSEQ_MOVE_32 "subq $32, %%r9\n\t"                    \
	"jnz 5b\n\t"                                                           \
	"jmp 8f\n"                                                             \
	"6:\n\t"                                                               \
	"cmpq $16, %%r9\n\t"                                                   \
	"jb 7f\n\t" CPUSLAB__RSEQ_MOVE_16 CPUSLAB__RSEQ_MOVE_FIRST             \
	"jmp 8f\n" cold_ "7:\n\t"                                              \
	"subq $8, %%r9\n\t"                                                    \
	"jb 6f\n\t"                                                            \
	"movq (%[data], %%r9), %%r8\n\t"                                       \
	"movq %%r8, 8(%%rdi, %%r9)\n\t"                                        \
	"movq (%[data]), %%r8\n\t"                                             \
	"movq %%r8, 8(%%rdi)\n\t"                                              \
	"jmp 8f\n"                                                             \
	"6:\n\t"                                                               \
	"addq $8, %%r9\n\t"                                                    \
	"jz 8f\n"                                                              \
	"7:\n\t"                                                               \
	"movb -1(%[data], %%r9), %%r8b\n\t"                                    \
	"movb %%r8b, 7(%%rdi, %%r9)\n\t"                                       \
	"subq $1, %%r9\n\t"                                                    \
	"jnz 7b\n"                                                             \
	"8:\n\t"                                                               \
	"movq %%rdx, (%%rax)\n"

/* Leave the payload's size in %r9, the tail in %rdi, the new one in %rdx. */
#define CPUSLAB__RSEQ_NEXT                                                     \
	"movl %[bytes], %%r9d\n\t"                                             \
	"movq (%%rax), %%rdi\n\t"                                              \
	"leaq 15(%%rdi, %%r9), %%rdx\n\t"                                      \
	"andq $-8, %%rdx\n\t"

#define CPUSLAB__RSEQ_APPEND                                                   \
	CPUSLAB__RSEQ_NEXT                                                     \
	"cmpq %[capacity], %%rdx\n\t"                                          \
	"ja %l[full]\n\t"                                                      \
	"leaq 16(%%rax, %%rdi), %%rdi\n\t"                                     \
	"leaq 1(%%r9, %%r9), %%r8\n\t"                                         \
	"movq %%r8, (%%rdi)\n\t" CPUSLAB__RSEQ_COPY("")

/* What a struct cpuslab__commit says, without and with a copy. */
#define CPUSLAB__RSEQ_COMPARE                                                  \
	"cmpq %[expect], (%%rax)\n\t"                                          \
	"jne %l[differs]\n\t"                                                  \
	"cmpq %[other_expect], (%%rax, %[other])\n\t"                          \
	"jne %l[differs]\n\t"                                                  \
	"movq %[value], (%%rax)\n"
#define CPUSLAB__RSEQ_COMPARE_COPY                                             \
	"movq (%[commit]), %%rdx\n\t"                                          \
	"cmpq %%rdx, (%%rax)\n\t"                                              \
	"jne %l[differs]\n\t"                                                  \
	"movq 16(%[commit]), %%rdi\n\t"                                        \
	"movq 24(%[commit]), %%rdx\n\t"                                        \
	"cmpq %%rdx, (%%rax, %%rdi)\n\t"                                       \
	"jne %l[differs]\n\t"                                                  \
	"movq 32(%[commit]), %%rdi\n\t"                                        \
	"leaq -8(%%rax, %%rdi), %%rdi\n\t"                                     \
	"movl %[bytes], %%r9d\n\t"                                             \
	"movq 8(%[commit]), %%rdx\n\t" CPUSLAB__RSEQ_COPY("")

/* Is there room up to %rdx? */
#define CPUSLAB__RSEQ_RING_ROOM_BY(temp_)                                      \
	"movq 32(%[shape]), " temp_ "\n\t"                                     \
	"movq (%%rax, " temp_ "), " temp_ "\n\t"                               \
	"subq %%rdx, " temp_ "\n\t"                                            \
	"addq 16(%[shape]), " temp_ "\n\t"                                     \
	"jl %l[full]\n\t"
#define CPUSLAB__RSEQ_RING_ROOM CPUSLAB__RSEQ_RING_ROOM_BY("%%r8")
#define CPUSLAB__RSEQ_RING_ROOM_BEYOND CPUSLAB__RSEQ_RING_ROOM_BY("%%r9")

/* A record that would end in the next part begins there, at %r8. */
#define CPUSLAB__RSEQ_RING_CROSS                                               \
	"10:\n\t"                                                              \
	"subq %%rdi, %%rdx\n\t"                                                \
	"movq 8(%[shape]), %%r8\n\t"                                           \
	"orq %%rdi, %%r8\n\t"                                                  \
	"addq $1, %%r8\n\t"                                                    \
	"testq %%r8, 24(%[shape])\n\t"                                         \
	"jnz 5f\n\t"                                                           \
	"addq 48(%[shape]), %%r8\n"                                            \
	"5:\n\t"                                                               \
	"addq %%r8, %%rdx\n\t" CPUSLAB__RSEQ_RING_ROOM_BEYOND                  \
	"andq 24(%[shape]), %%rdi\n\t"                                         \
	"addq 40(%[shape]), %%rdi\n\t"                                         \
	"movq $-1, (%%rax, %%rdi)\n\t"                                         \
	"movq %%r8, %%rdi\n\t"                                                 \
	"movl %[bytes], %%r9d\n\t"                                             \
	"jmp 11b\n"

/*
 * As cpuslab_port_ring_append() in section_bodies.h. The record ends in another
 * part if its ends differ in more than the bits of an offset in a part.
 */
#define CPUSLAB__RSEQ_RING_APPEND                                              \
	CPUSLAB__RSEQ_NEXT                                                     \
	"movq %%rdx, %%r8\n\t"                                                 \
	"xorq %%rdi, %%r8\n\t"                                                 \
	"cmpq 8(%[shape]), %%r8\n\t"                                           \
	"ja 10f\n\t" CPUSLAB__RSEQ_RING_ROOM "11:\n\t"                         \
	"andq 24(%[shape]), %%rdi\n\t"                                         \
	"addq 40(%[shape]), %%rdi\n\t"                                         \
	"addq %%rax, %%rdi\n\t"                                                \
	"movq %%r9, (%%rdi)\n\t" CPUSLAB__RSEQ_COPY(CPUSLAB__RSEQ_RING_CROSS)

CPUSLAB_INLINE char *cpuslab__thread_pointer(void)
{
	char *thread;

	__asm__("movq %%fs:0, %0" : "=r"(thread));
	return thread;
}

CPUSLAB_INLINE char *cpuslab__rseq_area(void)
{
	return cpuslab__thread_pointer() + CPUSLAB__RSEQ_OFFSET;
}

/* Used by every exit from a section other than its commit. */
CPUSLAB_INLINE void cpuslab__rseq_clear(void)
{
	__asm__ __volatile__("movq $0, " CPUSLAB__RSEQ_CS
			     :
			     : CPUSLAB__RSEQ_THREAD
			     : "memory");
}

/* Not the address of a node: the pop sections use it to report a miss. */
#define CPUSLAB__RSEQ_NO_BLOCK 1u

#endif /* CPUSLAB_RSEQ_X86_64_H */
