/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LINUX_USER_SUM_SECTION_H
#define CPUSLAB_LINUX_USER_SUM_SECTION_H
/*
 * sum_section.h - one word of all copies, added up in a restartable section:
 *
 *	total = residual of the slot, if it has this word
 *	      + the shared copy + the copy of each CPU in numbers
 *
 * cpuslab/rseq_x86_64.h explains the shape. Nothing is stored, so there is no
 * commit: when the end is reached, all was loaded without interruption. @done
 * is then 1, and 0 after any other exit. The register that the unwind data use
 * keeps the address of the descriptor.
 */

#include "private.h"

#undef CPUSLAB__RSEQ_FIND

#if defined(__x86_64__)

/* Without a registration nothing would abort the section. */
#define CPUSLAB__RSEQ_FIND(miss_)                                              \
	"cmpb $0, (%[refused])\n\t"                                            \
	"jne " miss_ "\n\t"                                                    \
	"cmpl $0, " CPUSLAB__RSEQ_CPU_ID "\n\t"                                \
	"jl " miss_ "\n\t"

#define SUM_BODY                                                               \
	"movq (%[addends]), %%rdx\n\t"                                         \
	"xorl %k[total], %k[total]\n\t"                                        \
	"cmpl %c[slots](%%rdx), %k[slot]\n\t"                                  \
	"jae 6f\n\t"                                                           \
	"movq %c[first](%%rdx), %%rax\n\t"                                     \
	"movl (%%rax, %[slot], 4), %%r8d\n\t"                                  \
	"movl 4(%%rax, %[slot], 4), %%eax\n\t"                                 \
	"subl %%r8d, %%eax\n\t"                                                \
	"cmpq %%rax, %[index]\n\t"                                             \
	"jae 6f\n\t"                                                           \
	"addq %[index], %%r8\n\t"                                              \
	"movq %c[residual](%%rdx), %%rax\n\t"                                  \
	"movq (%%rax, %%r8, 8), %[total]\n"                                    \
	"6:\n\t"                                                               \
	"addq -%c[window](%[object]), %[total]\n\t"                            \
	"movl %c[count](%%rdx), %%r8d\n\t"                                     \
	"movq %c[numbers](%%rdx), %%rdx\n\t"                                   \
	"jmp 8f\n"                                                             \
	"7:\n\t"                                                               \
	"movzwl (%%rdx), %%eax\n\t"                                            \
	"addq $2, %%rdx\n\t"                                                   \
	"shlq $20, %%rax\n\t"                                                  \
	"addq (%[object], %%rax), %[total]\n"                                  \
	"8:\n\t"                                                               \
	"subl $1, %%r8d\n\t"                                                   \
	"jae 7b\n\t"                                                           \
	"movl $1, %[done]\n" CPUSLAB__RSEQ_COMMITTED_OR(                       \
		"5:\n\t"                                                       \
		"xorl %[done], %[done]\n\t"                                    \
		"jmp 2b\n")

#define SUM_SCRATCH "rax", "rcx", "rdx", "r8"

#elif defined(__aarch64__)

#define CPUSLAB__RSEQ_FIND(miss_)                                              \
	"ldarb w9, [%[refused]]\n\t"                                           \
	"cbnz w9, " miss_ "\n\t"                                               \
	"ldr w9, [%[rseq], #4]\n\t"                                            \
	"tbnz w9, #31, " miss_ "\n\t"

#define SUM_BODY                                                               \
	"ldar x10, [%[addends]]\n\t"                                           \
	"mov %[total], #0\n\t"                                                 \
	"ldr w9, [x10, %[slots]]\n\t"                                          \
	"cmp %w[slot], w9\n\t"                                                 \
	"b.hs 6f\n\t"                                                          \
	"ldr x11, [x10, %[first]]\n\t"                                         \
	"add x11, x11, %[slot], lsl #2\n\t"                                    \
	"ldp w12, w13, [x11]\n\t"                                              \
	"sub w13, w13, w12\n\t"                                                \
	"cmp %[index], x13\n\t"                                                \
	"b.hs 6f\n\t"                                                          \
	"add x12, x12, %[index]\n\t"                                           \
	"ldr x11, [x10, %[residual]]\n\t"                                      \
	"ldr %[total], [x11, x12, lsl #3]\n"                                   \
	"6:\n\t"                                                               \
	"sub x9, %[object], %[window]\n\t"                                     \
	"ldar x9, [x9]\n\t"                                                    \
	"add %[total], %[total], x9\n\t"                                       \
	"add x9, x10, %[count]\n\t"                                            \
	"ldar w12, [x9]\n\t"                                                   \
	"ldr x10, [x10, %[numbers]]\n\t"                                       \
	"b 8f\n"                                                               \
	"7:\n\t"                                                               \
	"ldrh w9, [x10], #2\n\t"                                               \
	"add x9, %[object], x9, lsl #20\n\t"                                   \
	"ldar x9, [x9]\n\t"                                                    \
	"add %[total], %[total], x9\n"                                         \
	"8:\n\t"                                                               \
	"subs w12, w12, #1\n\t"                                                \
	"b.hs 7b\n\t"                                                          \
	"mov %w[done], #1\n" CPUSLAB__RSEQ_COMMITTED_OR(                       \
		"5f") "b 7f\n"                                                 \
		      "5:\n\t"                                                 \
		      "mov %w[done], #0\n\t"                                   \
		      "b 2b\n"                                                 \
		      "7:\n\t"

#define SUM_SCRATCH CPUSLAB__RSEQ_SCRATCH_MORE, "x12", "x13"

#endif

#endif /* CPUSLAB_LINUX_USER_SUM_SECTION_H */
