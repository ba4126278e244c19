// SPDX-License-Identifier: MIT
/*
 * ring_consume_turns.c - poll without a timeout, while another process appends
 * more than a watermark.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "ring_consume.h"

#define TURNS_TIMES 200

/* Append so many records at each byte that arrives. */
static int turns_child(int from, const char *word)
{
	char command[32], byte;

	snprintf(command, sizeof(command), "%s %lu", word, consume_argument);
	while (read(from, &byte, 1) == 1)
		consume_command(command);
	return 0;
}

static int turns_run(const char *word)
{
	uint64_t before;
	int pipes[2], i;

	if (pipe(pipes))
		return 2;
	consume_events(NULL);
	if (!fork()) {
		close(pipes[1]);
		_exit(turns_child(pipes[0], word));
	}
	alarm(30);
	for (i = 0; i < TURNS_TIMES; i++) {
		before = consume_all();
		if (write(pipes[1], "", 1) != 1)
			return 2;
		while (consume_all() == before) {
			consume_events(NULL);
			if (!consume_wait(-1))
				return 2;
		}
	}
	close(pipes[1]);
	wait(NULL);
	return 0;
}

int consume_turns(void)
{
	return turns_run("append");
}

int consume_nested(void)
{
	return turns_run("nested");
}

/* It waits for records only. At a timeout poll() would look once more. */
int consume_await(void)
{
	struct pollfd poller = { .fd = consume_fd, .events = POLLIN };

	consume_events(NULL);
	alarm(10);
	return poll(&poller, 1, -1) != 1;
}
