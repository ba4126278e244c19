/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <stdio.h>

static char recorder_buf[1 << 16];
static size_t recorder_length;

void recorder_clear(void)
{
	recorder_length = 0;
	recorder_buf[0] = '\0';
}

const char *recorder_text(void)
{
	return recorder_buf;
}

static void recorder_write(struct cpuslab_client *client, char what, int number)
{
	struct recorder *recorder = client->arg;
	size_t room = sizeof(recorder_buf) - recorder_length;
	char digits[16] = "";
	int length;

	if (number >= 0)
		snprintf(digits, sizeof(digits), "%d", number);
	length = snprintf(recorder_buf + recorder_length, room, "%s%s%c%s",
			  recorder_length ? " " : "", client->name, what,
			  digits);
	assert_in_range(length, 1, room - 1);
	recorder_length += (size_t)length;
	if (recorder->inside)
		recorder->inside(recorder->arg);
}

static int recorder_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct recorder *recorder = client->arg;

	recorder_write(client, '+', (int)cpu);
	recorder->starts++;
	if (cpu == recorder->refuse || recorder->starts == recorder->refuse_nth)
		return recorder->refusal;
	return CPUSLAB_OK;
}

static void recorder_admit(struct cpuslab_client *client, uint32_t cpu)
{
	recorder_write(client, '^', (int)cpu);
}

static void recorder_complete(struct cpuslab_client *client, uint32_t cpu)
{
	recorder_write(client, '!', (int)cpu);
}

static void recorder_failure(struct cpuslab_client *client, uint32_t cpu)
{
	recorder_write(client, '-', (int)cpu);
}

static void recorder_remove(struct cpuslab_client *client, uint32_t cpu)
{
	recorder_write(client, '~', (int)cpu);
}

static int recorder_trim(struct cpuslab_client *client, uint32_t flags)
{
	struct recorder *recorder = client->arg;

	recorder_write(client, 't', (int)flags);
	return recorder->trim_result;
}

static void recorder_resynced(struct cpuslab_client *client)
{
	recorder_write(client, 'r', -1);
}

static const struct cpuslab_client_ops recorder_ops = {
	.start = recorder_start,
	.admit = recorder_admit,
	.complete = recorder_complete,
	.failure = recorder_failure,
	.remove = recorder_remove,
	.trim = recorder_trim,
	.resynced = recorder_resynced,
};

void recorder_init(struct recorder *recorder, const char *name)
{
	memset(recorder, 0, sizeof(*recorder));
	recorder->client.ops = &recorder_ops;
	recorder->client.name = name;
	recorder->client.arg = recorder;
	recorder->refuse = CPUSLAB_NO_CPU;
	recorder->refusal = -CPUSLAB_EACCES;
}

int recorder_register(struct recorder *recorder, struct fixture *f)
{
	return cpuslab_client_init(&recorder->client, f->domain);
}
