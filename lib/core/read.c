/* SPDX-License-Identifier: MIT */
#include <cpuslab/read.h>

#include <cpuslab/port.h>

void cpuslab_read_enter(void)
{
	cpuslab_port_read_enter();
}

void cpuslab_read_exit(void)
{
	cpuslab_port_read_exit();
}
