/* SPDX-License-Identifier: MIT */
/*
 * rseq_unwind.h - unwind data for the abort handlers.
 *
 * A thread whose section was aborted by a signal is at the abort handler when
 * the signal's handler runs, so this is where profilers, crash handlers and
 * debuggers find it. The handler lies outside the function that it belongs to,
 * whose stack frame differs from one place of inlining to the next. So it is
 * described as a signal frame of no bytes (augmentation "S": the address is
 * that of an instruction, not of one after a call) that returns to the start of
 * the section, where the function's own unwind data apply. A register still has
 * the address of the descriptor, whose second word is that start.
 *
 * The assembler's directives cannot express this inside a function, so these
 * are the bytes of .eh_frame. The linker merges the CIEs, which are all equal.
 */
#ifndef CPUSLAB_RSEQ_UNWIND_H
#define CPUSLAB_RSEQ_UNWIND_H

/*
 * @pc_, @sp_: DWARF numbers of the column of the return address and of the
 *             stack pointer.
 * @breg_:     DW_OP_bregN for the register that has the descriptor's address.
 */
#define CPUSLAB__RSEQ_UNWIND(pc_, sp_, breg_, begin_, end_)                    \
	".pushsection .eh_frame, \"a\", %%progbits\n\t"                        \
	".balign 8\n"                                                          \
	"20:\n\t"                                                              \
	".long 22f - 21f\n"                                                    \
	"21:\n\t" /* CIE */                                                    \
	".long 0\n\t"                                                          \
	".byte 1\n\t"                                                          \
	".asciz \"zRS\"\n\t"                                                   \
	".byte 1, 0x78, " pc_ ", 1, 0x1b\n\t" /* FDEs: pcrel, sdata4 */        \
	".byte 0x0c, " sp_ ", 0\n\t"          /* CFA = stack pointer */        \
	".byte 0x16, " pc_ ", 3, " breg_ ", 8, 0x06\n\t" /* pc = *(reg + 8) */ \
	".balign 8\n"                                                          \
	"22:\n\t" /* FDE */                                                    \
	".long 24f - 23f\n"                                                    \
	"23:\n\t"                                                              \
	".long 23b - 20b\n\t"                                                  \
	".long " begin_ " - .\n\t"                                             \
	".long " end_ " - " begin_ "\n\t"                                      \
	".byte 0\n\t"                                                          \
	".balign 8\n"                                                          \
	"24:\n\t"                                                              \
	".popsection\n\t"

#endif /* CPUSLAB_RSEQ_UNWIND_H */
