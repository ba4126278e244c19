/* SPDX-License-Identifier: MIT */
/*
 * rseq_aarch64.h - the operations as restartable sequences for aarch64.
 *
 * The same shape as rseq_x86_64.h, which explains it. The live byte, a gate and
 * a node that is handed out are loaded with acquire, and the committing store
 * is a release.
 */
#ifndef CPUSLAB_RSEQ_AARCH64_H
#define CPUSLAB_RSEQ_AARCH64_H

#include <cpuslab/rseq_unwind.h>

#define CPUSLAB__HAVE_RSEQ 1

#ifdef CPUSLAB_KEEP_RSEQ_CS
#define CPUSLAB__RSEQ_END
#else
#define CPUSLAB__RSEQ_END "str xzr, [%[rseq], #8]\n\t"
#endif

/*
 * Where the low 16 bits of cpu_id and of mm_cid are, and the C library's
 * signature: the same bytes in either byte order, since instructions are always
 * little-endian.
 */
#if defined(__AARCH64EB__)
#define CPUSLAB__RSEQ_CPU_ID "[%[rseq], #6]"
#define CPUSLAB__RSEQ_MM_CID "[%[rseq], #26]"
#define CPUSLAB__RSEQ_SIGNATURE 0x00bc28d4
#else
#define CPUSLAB__RSEQ_CPU_ID "[%[rseq], #4]"
#define CPUSLAB__RSEQ_MM_CID "[%[rseq], #24]"
#define CPUSLAB__RSEQ_SIGNATURE 0xd428bc00
#endif
#ifdef RSEQ_SIG
CPUSLAB_STATIC_ASSERT(RSEQ_SIG == CPUSLAB__RSEQ_SIGNATURE, "the C library's");
#endif

/* Leave the CPU number in x9; without a registration one that has no block. */
#define CPUSLAB__RSEQ_INDEX_CPU(miss_) "ldrh w9, " CPUSLAB__RSEQ_CPU_ID "\n\t"

/* The concurrency id. In a thread without a registration it would be 0. */
#define CPUSLAB__RSEQ_INDEX_CID(miss_)                                         \
	"ldr w9, [%[rseq], #4]\n\t"                                            \
	"cmp w9, #0\n\t"                                                       \
	"b.lt " miss_ "\n\t"                                                   \
	"ldrh w9, " CPUSLAB__RSEQ_MM_CID "\n\t"

/*
 * Leave the address of the word in x9. Uses x10. Without a block: to the label
 * @miss_.
 */
#define CPUSLAB__RSEQ_FIND(miss_)                                              \
	CPUSLAB__RSEQ_INDEX(miss_)                                             \
	"add x10, %[live], x9\n\t"                                             \
	"ldarb w10, [x10]\n\t"                                                 \
	"cbz w10, " miss_ "\n\t"                                               \
	"add x9, %[object], x9, lsl #20\n\t"

/* The same by a directory, for retry.c. */
#define CPUSLAB__RSEQ_FIND_DIRECTORY(miss_)                                    \
	CPUSLAB__RSEQ_INDEX(miss_)                                             \
	"add x10, %[live], x9\n\t"                                             \
	"ldarb w10, [x10]\n\t"                                                 \
	"cbz w10, " miss_ "\n\t"                                               \
	"ldr x9, [%[object], x9, lsl #3]\n\t"                                  \
	"add x9, x9, %[offset]\n\t"

CPUSLAB_STATIC_ASSERT(CPUSLAB__WINDOW_SHIFT == 20, "as in the sections");

/*
 * Begin a section and find the word. Leaves the descriptor's address in x15,
 * where the unwinder finds it until the commit.
 */
#define CPUSLAB__RSEQ_BEGIN_OR(miss_)                                          \
	".pushsection __rseq_cs, \"aw?\"\n\t"                                  \
	".balign 32\n"                                                         \
	"3:\n\t"                                                               \
	".long 0, 0\n\t"                                                       \
	".quad 1f, (2f - 1f), 4f\n\t"                                          \
	".popsection\n\t"                                                      \
	"adrp x15, 3b\n\t"                                                     \
	"add x15, x15, :lo12:3b\n\t"                                           \
	"str x15, [%[rseq], #8]\n"                                             \
	"1:\n\t" CPUSLAB__RSEQ_FIND(miss_)

/*
 * The program counter has a column of its own: in a function that has saved
 * nothing, x30 is still the return address.
 */
#define CPUSLAB__RSEQ_COMMITTED_OR(miss_)                                        \
	"2:\n\t" CPUSLAB__RSEQ_END ".pushsection __rseq_failure, \"ax?\"\n\t"    \
	".long " CPUSLAB__RSEQ_STRING(                                           \
		CPUSLAB__RSEQ_SIGNATURE) "\n"                                    \
					 "4:\n\t"                                \
					 "b " miss_ "\n"                         \
					 "9:\n\t"                                \
					 ".popsection\n\t" CPUSLAB__RSEQ_UNWIND( \
						 "32", "31", "0x7f", "4b",       \
						 "9b")

#define CPUSLAB__RSEQ_COMMITTED CPUSLAB__RSEQ_COMMITTED_OR("%l[miss]")

#define CPUSLAB__RSEQ_THREAD [rseq] "r"(cpuslab__rseq_area())

#define CPUSLAB__RSEQ_NUMBER "r"
#define CPUSLAB__RSEQ_BYTES "r"
/*
 * The linker may have the abort handler's branch, which is far in a program of
 * more than 128 MB, go through code that uses x16 and x17.
 */
#define CPUSLAB__RSEQ_SCRATCH "x9", "x10", "x15", "x16", "x17"
#define CPUSLAB__RSEQ_SCRATCH_MORE CPUSLAB__RSEQ_SCRATCH, "x11"
#define CPUSLAB__RSEQ_SCRATCH_COPY                                             \
	CPUSLAB__RSEQ_SCRATCH_MORE, "x12", "x13", "x14"

#define CPUSLAB__RSEQ_ADD                                                      \
	"ldr x10, [x9]\n\t"                                                    \
	"add x10, x10, %[value]\n\t"                                           \
	"stlr x10, [x9]\n"

/* [gate] A thread that finds it closed sees what was stored before. */
#define CPUSLAB__RSEQ_ADD_IF                                                   \
	"ldar x10, [x9]\n\t"                                                   \
	"cmp x10, %[gate]\n\t"                                                 \
	"b.ne %l[differs]\n\t"                                                 \
	"add x9, x9, #8\n\t" CPUSLAB__RSEQ_ADD

#define CPUSLAB__RSEQ_ADD_BELOW                                                \
	"ldr x10, [x9]\n\t"                                                    \
	"cmp x10, %[bound]\n\t"                                                \
	"b.hs %l[full]\n\t"                                                    \
	"add x10, x10, %[value]\n\t"                                           \
	"stlr x10, [x9]\n"

#define CPUSLAB__RSEQ_CMPSTORE                                                 \
	"ldr x10, [x9]\n\t"                                                    \
	"cmp x10, %[expect]\n\t"                                               \
	"b.ne %l[differs]\n\t"                                                 \
	"stlr %[value], [x9]\n"

/* Leaves the word in found, and in missed 0 or, from label 5 on, 1. */
#define CPUSLAB__RSEQ_LOAD                                                     \
	"mov %[missed], #0\n\t"                                                \
	"ldar %[found], [x9]\n\t"

#define CPUSLAB__RSEQ_UPDATED                                                  \
	CPUSLAB__RSEQ_COMMITTED_OR("5f")                                       \
	"b 7f\n"                                                               \
	"5:\n\t"                                                               \
	"mov %[missed], #1\n\t"                                                \
	"b 2b\n"                                                               \
	"7:\n\t"

/* Between the two: store what follows the word. */
#define CPUSLAB__RSEQ_NEXT_BY(instruction_)                                    \
	instruction_ " x10, %[found], %[value]\n\t"                            \
		     "stlr x10, [x9]\n"
#define CPUSLAB__RSEQ_NEXT_ADD CPUSLAB__RSEQ_NEXT_BY("add")
#define CPUSLAB__RSEQ_NEXT_OR CPUSLAB__RSEQ_NEXT_BY("orr")
#define CPUSLAB__RSEQ_NEXT_AND CPUSLAB__RSEQ_NEXT_BY("and")
#define CPUSLAB__RSEQ_NEXT_EXCHANGE "stlr %[value], [x9]\n"
#define CPUSLAB__RSEQ_NEXT_UNLESS(condition_)                                  \
	"cmp %[found], %[value]\n\t"                                           \
	"b." condition_ " 2f\n\t" CPUSLAB__RSEQ_NEXT_EXCHANGE
#define CPUSLAB__RSEQ_NEXT_MAX CPUSLAB__RSEQ_NEXT_UNLESS("hs")
#define CPUSLAB__RSEQ_NEXT_MIN CPUSLAB__RSEQ_NEXT_UNLESS("ls")

#define CPUSLAB__RSEQ_PUSH                                                     \
	"ldr x10, [x9]\n\t"                                                    \
	"str x10, [%[node]]\n\t"                                               \
	"stlr %[node], [x9]\n"

/* Leaves the node, NULL, or, from label 5 on, CPUSLAB__RSEQ_NO_BLOCK. */
#define CPUSLAB__RSEQ_POP                                                      \
	"ldar %[node], [x9]\n\t"                                               \
	"cbz %[node], 2f\n\t"                                                  \
	"ldr x10, [%[node]]\n\t"                                               \
	"stlr x10, [x9]\n"

/* Inside the function, since a conditional branch has a short range. */
#define CPUSLAB__RSEQ_POPPED                                                   \
	CPUSLAB__RSEQ_COMMITTED_OR("5f")                                       \
	"b 7f\n"                                                               \
	"5:\n\t"                                                               \
	"mov %[node], #1\n\t"                                                  \
	"b 2b\n"                                                               \
	"7:\n\t"

/*
 * For the magazine {next, count, objects} that is the newest node. pop leaves
 * an object; NULL from label 6 on; from label 5 on the address of the live
 * bytes, which is no object's.
 */
#define CPUSLAB__RSEQ_TAKE                                                     \
	"ldar x10, [x9]\n\t"                                                   \
	"cbz x10, 6f\n\t"                                                      \
	"ldr x11, [x10, #8]!\n\t"                                              \
	"cbz x11, 6f\n\t"                                                      \
	"ldr %[found], [x10, x11, lsl #3]\n\t"                                 \
	"sub x11, x11, #1\n\t"                                                 \
	"stlr x11, [x10]\n"

#define CPUSLAB__RSEQ_TAKEN                                                    \
	CPUSLAB__RSEQ_COMMITTED_OR("5f")                                       \
	"b 7f\n"                                                               \
	"5:\n\t"                                                               \
	"mov %[found], %[live]\n\t"                                            \
	"b 2b\n"                                                               \
	"6:\n\t"                                                               \
	"mov %[found], #0\n\t"                                                 \
	"b 2b\n"                                                               \
	"7:\n\t"

#define CPUSLAB__RSEQ_GIVE                                                     \
	"ldar x10, [x9]\n\t"                                                   \
	"cbz x10, %l[full]\n\t"                                                \
	"ldr x11, [x10, #8]!\n\t"                                              \
	"cmp x11, %[rounds]\n\t"                                               \
	"b.eq %l[full]\n\t"                                                    \
	"add x11, x11, #1\n\t"                                                 \
	"str %[given], [x10, x11, lsl #3]\n\t"                                 \
	"stlr x11, [x10]\n"

/*
 * Copy a payload of x13 bytes to x12, then commit x11. The last step overlaps
 * with the one before it, so that they read and write nothing but the payload.
 * @cold_ are instructions that are branched to.
 */
#define CPUSLAB__RSEQ_COPY(cold_)                                              \
	"mov x10, %[data]\n\t"                                                 \
	"subs x13, x13, #16\n\t"                                               \
	"b.lo 7f\n\t"                                                          \
	"b.eq 6f\n"                                                            \
	"5:\n\t"                                                               \
	"ldp x14, x16, [x10], #16\n\t"                                         \
	"stp x14, x16, [x12], #16\n\t"                                         \
	"subs x13, x13, #16\n\t"                                               \
	"b.hi 5b\n"                                                            \
	"6:\n\t"                                                               \
	"add x10, x10, x13\n\t"                                                \
	"add x12, x12, x13\n\t"                                                \
	"ldp x14, x16, [x10]\n\t"                                              \
	"stp x14, x16, [x12]\n\t"                                              \
	"b 8f\n" cold_ "7:\n\t"                                                \
	"adds x13, x13, #8\n\t"                                                \
	"b.mi 6f\n\t"                                                          \
	"ldr x14, [x10]\n\t"                                                   \
	"str x14, [x12]\n\t"                                                   \
	"ldr x14, [x10, x13]\n\t"                                              \
	"str x14, [x12, x13]\n\t"                                              \
	"b 8f\n"                                                               \
	"6:\n\t"                                                               \
	"adds x13, x13, #8\n\t"                                                \
	"b.eq 8f\n"                                                            \
	"7:\n\t"                                                               \
	"ldrb w14, [x10], #1\n\t"                                              \
	"strb w14, [x12], #1\n\t"                                              \
	"subs x13, x13, #1\n\t"                                                \
	"b.ne 7b\n"                                                            \
	"8:\n\t"                                                               \
	"stlr x11, [x9]\n"

/* Leave the payload's size in x13, the tail in x10, and the new one in x11. */
#define CPUSLAB__RSEQ_NEXT                                                     \
	"mov w13, %w[bytes]\n\t"                                               \
	"ldr x10, [x9]\n\t"                                                    \
	"add x11, x10, x13\n\t"                                                \
	"add x11, x11, #15\n\t"                                                \
	"and x11, x11, #-8\n\t"

#define CPUSLAB__RSEQ_APPEND                                                   \
	CPUSLAB__RSEQ_NEXT                                                     \
	"cmp x11, %[capacity]\n\t"                                             \
	"b.hi %l[full]\n\t"                                                    \
	"add x12, x9, x10\n\t"                                                 \
	"lsl x14, x13, #1\n\t"                                                 \
	"orr x14, x14, #1\n\t"                                                 \
	"str x14, [x12, #16]\n\t"                                              \
	"add x12, x12, #24\n\t" CPUSLAB__RSEQ_COPY("")

/* What a struct cpuslab__commit says, without and with a copy. */
#define CPUSLAB__RSEQ_COMPARE                                                  \
	"ldr x10, [x9]\n\t"                                                    \
	"cmp x10, %[expect]\n\t"                                               \
	"b.ne %l[differs]\n\t"                                                 \
	"ldr x10, [x9, %[other]]\n\t"                                          \
	"cmp x10, %[other_expect]\n\t"                                         \
	"b.ne %l[differs]\n\t"                                                 \
	"stlr %[value], [x9]\n"
#define CPUSLAB__RSEQ_COMPARE_COPY                                             \
	"ldr x10, [%[commit]]\n\t"                                             \
	"ldr x11, [x9]\n\t"                                                    \
	"cmp x10, x11\n\t"                                                     \
	"b.ne %l[differs]\n\t"                                                 \
	"ldp x12, x10, [%[commit], #16]\n\t"                                   \
	"ldr x11, [x9, x12]\n\t"                                               \
	"cmp x10, x11\n\t"                                                     \
	"b.ne %l[differs]\n\t"                                                 \
	"ldr x12, [%[commit], #32]\n\t"                                        \
	"add x12, x12, x9\n\t"                                                 \
	"mov w13, %w[bytes]\n\t"                                               \
	"ldr x11, [%[commit], #8]\n\t" CPUSLAB__RSEQ_COPY("")

/*
 * Is there room up to x11?
 *
 * [ring.overwrite] The previous append's stlr to the tail is before this ldar,
 * also where that loads the tail itself, and the ldar before the stores to
 * records.
 */
#define CPUSLAB__RSEQ_RING_ROOM                                                \
	"ldr x14, [%[shape], #32]\n\t"                                         \
	"add x14, x14, x9\n\t"                                                 \
	"ldar x14, [x14]\n\t"                                                  \
	"sub x14, x11, x14\n\t"                                                \
	"ldr x16, [%[shape], #16]\n\t"                                         \
	"cmp x14, x16\n\t"                                                     \
	"b.gt %l[full]\n\t"

/* A record that would end in the next part begins there, at x12. */
#define CPUSLAB__RSEQ_RING_CROSS                                               \
	"10:\n\t"                                                              \
	"sub x16, x11, x10\n\t"                                                \
	"orr x12, x10, x14\n\t"                                                \
	"add x12, x12, #1\n\t"                                                 \
	"ldr x14, [%[shape], #24]\n\t"                                         \
	"tst x12, x14\n\t"                                                     \
	"b.ne 5f\n\t"                                                          \
	"ldr x14, [%[shape], #48]\n\t"                                         \
	"add x12, x12, x14\n"                                                  \
	"5:\n\t"                                                               \
	"add x11, x12, x16\n\t" CPUSLAB__RSEQ_RING_ROOM                        \
	"ldr x14, [%[shape], #24]\n\t"                                         \
	"and x10, x10, x14\n\t"                                                \
	"ldr x14, [%[shape], #40]\n\t"                                         \
	"add x10, x10, x14\n\t"                                                \
	"mov x14, #-1\n\t"                                                     \
	"str x14, [x9, x10]\n\t"                                               \
	"mov x10, x12\n\t"                                                     \
	"b 11b\n"

/*
 * As cpuslab_port_ring_append() in section_bodies.h. The record ends in another
 * part if its ends differ in more than the bits of an offset in a part.
 */
#define CPUSLAB__RSEQ_RING_APPEND                                              \
	CPUSLAB__RSEQ_NEXT                                                     \
	"eor x12, x10, x11\n\t"                                                \
	"ldr x14, [%[shape], #8]\n\t"                                          \
	"cmp x12, x14\n\t"                                                     \
	"b.hi 10f\n\t" CPUSLAB__RSEQ_RING_ROOM "11:\n\t"                       \
	"ldr x14, [%[shape], #24]\n\t"                                         \
	"and x12, x10, x14\n\t"                                                \
	"ldr x14, [%[shape], #40]\n\t"                                         \
	"add x12, x12, x14\n\t"                                                \
	"add x12, x12, x9\n\t"                                                 \
	"str x13, [x12], #8\n\t" CPUSLAB__RSEQ_COPY(CPUSLAB__RSEQ_RING_CROSS)

CPUSLAB_INLINE char *cpuslab__thread_pointer(void)
{
	return (char *)__builtin_thread_pointer();
}

CPUSLAB_INLINE char *cpuslab__rseq_area(void)
{
	return cpuslab__thread_pointer() + CPUSLAB__RSEQ_OFFSET;
}

CPUSLAB_INLINE void cpuslab__rseq_clear(void)
{
	__asm__ __volatile__("str xzr, [%[rseq], #8]"
			     :
			     : [rseq] "r"(cpuslab__rseq_area())
			     : "memory");
}

/* Not the address of a node: the pop sections use it to report a miss. */
#define CPUSLAB__RSEQ_NO_BLOCK 1u

#endif /* CPUSLAB_RSEQ_AARCH64_H */
