/* SPDX-License-Identifier: MIT */
/*
 * catch.S - int driver_catch(void (*call)(uint32_t), uint32_t arg): 0, or 1 if
 * the call ended in an exception.
 *
 * A frame with a handler, as structured exception handling has them: the
 * handler in driver.c lets the thread go on at driver_caught, with this
 * frame's stack; what the call has changed of its caller's registers is there.
 */
	.text
	.globl driver_catch
	.globl driver_caught
	.seh_proc driver_catch
driver_catch:
	pushq %rbp
	.seh_pushreg %rbp
	pushq %rbx
	.seh_pushreg %rbx
	pushq %rsi
	.seh_pushreg %rsi
	pushq %rdi
	.seh_pushreg %rdi
	pushq %r12
	.seh_pushreg %r12
	pushq %r13
	.seh_pushreg %r13
	pushq %r14
	.seh_pushreg %r14
	pushq %r15
	.seh_pushreg %r15
	subq $40, %rsp
	.seh_stackalloc 40
	.seh_handler driver_exception, @except
	.seh_endprologue
	movq %rcx, %rax
	movl %edx, %ecx
	call *%rax
	xorl %eax, %eax
driver_caught:
	addq $40, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rdi
	popq %rsi
	popq %rbx
	popq %rbp
	ret
	.seh_endproc
