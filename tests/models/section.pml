/* SPDX-License-Identifier: MIT */
/*
 * section.pml - restartable sections, and the fence that aborts them.
 *
 * A section reads what it likes and then commits with one store, which takes
 * place only if since its beginning nothing else has run on its CPU and no
 * fence has reached that CPU. Otherwise the thread begins again. So a fence is
 * over when each section has committed or will begin again.
 *
 * A thread may be preempted at any step, and then runs on any CPU. Memory is
 * sequentially consistent here: the order of single loads and stores is what
 * tests/memory_model looks at.
 */
#ifndef CPUS
#define CPUS 2
#endif

byte section_of[CPUS]; /* pid + 1 of the thread that may commit; 0: none */

#define section_begin(cpu)	section_of[cpu] = _pid + 1
#define section_is_whole(cpu)	(section_of[cpu] == _pid + 1)

inline fence(cpu)
{
	section_of[cpu] = 0 /* @fenced */
}

/* Any CPU: where a thread goes on after a preemption. */
inline run_anywhere(cpu)
{
	if
#ifdef FORMULA
	:: _pid % CPUS == 0 ->
		cpu = 0 /* @cpu_0 */
	:: _pid % CPUS != 0 ->
		cpu = CPUS - 1 /* @cpu_1 */
#else
	:: cpu = 0 /* @cpu_0 */
	:: cpu = CPUS - 1 /* @cpu_1 */
#endif
	fi
}
