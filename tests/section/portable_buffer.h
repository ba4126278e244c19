/* SPDX-License-Identifier: MIT */
/*
 * portable_buffer.h - records on each CPU, made of the sections of section.h,
 * and an account of them: what was put was taken, is there, or was drained.
 */
#ifndef TESTS_SECTION_PORTABLE_BUFFER_H
#define TESTS_SECTION_PORTABLE_BUFFER_H

#include <cpuslab/atomic.h>
#include <cpuslab/section.h>
#include <cpuslab/slab.h>

#define BUFFER_RECORDS 8u
#define BUFFER_WORDS 3u
#define BUFFER_TORN (1ull << 60) /* no sum of numbers comes near it */

struct buffer_object {
	uint64_t count;
	uint64_t records[BUFFER_RECORDS][BUFFER_WORDS];
	uint64_t drained; /* in the shared copy */
};

/* The numbers of one thread's records, added up; W the thread. */
struct buffer_account {
	uint64_t puts, put, taken;
	uint64_t differed, refused;
};

#define BUFFER_COUNT offsetof(struct buffer_object, count)
#define BUFFER_AT(n)                                                           \
	(offsetof(struct buffer_object, records) + (n)*BUFFER_WORDS * 8)

static inline uint64_t buffer_content(const struct buffer_object *buffer)
{
	uint64_t sum = buffer->drained, i;

	for (i = 0; i < buffer->count; i++) {
		const uint64_t *record = buffer->records[i];

		if (record[1] != ~record[0] || record[2] != record[0] * 3)
			sum += BUFFER_TORN;
		sum += record[0];
	}
	return sum;
}

static int buffer_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	struct buffer_object *to = (struct buffer_object *)shared;

	(void)cpu;
	(void)arg;
	cpuslab_fetch_add_u64(&to->drained,
			      buffer_content((struct buffer_object *)object));
	return CPUSLAB_OK;
}

static const struct cpuslab_type buffer_type = {
	.name = "buffer",
	.size = sizeof(struct buffer_object),
	.drain = buffer_drain,
	.flags = CPUSLAB_TYPE_SIGNAL_SAFE,
};

static inline bool buffer_is_refusal(int result)
{
	return result == (cpuslab_port_uses_atomics() ? -CPUSLAB_ENOSYS :
							-CPUSLAB_EAGAIN);
}

static inline int buffer_put(const struct cpuslab_percpu *handle,
			     struct buffer_account *account, uint64_t number)
{
	const uint64_t record[BUFFER_WORDS] = { number, ~number, number * 3 };
	uint64_t n;
	int result;

	do {
		result = cpuslab_load(handle, BUFFER_COUNT, &n);
		if (!result && n == BUFFER_RECORDS)
			return CPUSLAB_FULL;
		if (!result)
			result = cpuslab_cmpcopystore(handle, BUFFER_COUNT, n,
						      BUFFER_AT(n), record,
						      sizeof(record), n + 1);
		account->differed += result == CPUSLAB_DIFFERS;
	} while (result == CPUSLAB_DIFFERS);
	account->refused += buffer_is_refusal(result);
	if (result)
		return result;
	account->puts++;
	account->put += number;
	return CPUSLAB_OK;
}

/*
 * The first word only, which the section compares: the others may be loaded on
 * another CPU, if the thread moves there and back: see buffer_content().
 */
static inline int buffer_take(const struct cpuslab_percpu *handle,
			      struct buffer_account *account)
{
	uint64_t n, number = 0;
	int result;

	do {
		result = cpuslab_load(handle, BUFFER_COUNT, &n);
		if (!result && !n)
			return CPUSLAB_EMPTY;
		if (!result)
			result =
				cpuslab_load(handle, BUFFER_AT(n - 1), &number);
		if (!result)
			result = cpuslab_cmp2store(handle, BUFFER_COUNT, n,
						   BUFFER_AT(n - 1), number,
						   n - 1);
		account->differed += result == CPUSLAB_DIFFERS;
	} while (result == CPUSLAB_DIFFERS);
	account->refused += buffer_is_refusal(result);
	if (result)
		return result;
	account->taken += number;
	return CPUSLAB_OK;
}

/* Not the number of another record, if each account has a @salt below 1024. */
static inline uint64_t buffer_number(const struct buffer_account *account,
				     uint64_t salt)
{
	return (account->puts + 1) * 1024 + salt;
}

static inline bool buffer_is_possible(int result, int expected)
{
	return result == CPUSLAB_OK || result == expected ||
	       buffer_is_refusal(result);
}

/* Put once, take once or twice. False: a result that cannot be. */
static inline bool buffer_step(const struct cpuslab_percpu *handle,
			       struct buffer_account *account, uint64_t salt)
{
	int put = buffer_put(handle, account, buffer_number(account, salt));
	int take = buffer_take(handle, account);

	if (take == CPUSLAB_OK && account->puts % 3)
		take = buffer_take(handle, account);
	return buffer_is_possible(put, CPUSLAB_FULL) &&
	       buffer_is_possible(take, CPUSLAB_EMPTY);
}

/*
 * Put another record in the place of the newest, so that the count is the same
 * again. False: as above.
 */
static inline bool buffer_replace(const struct cpuslab_percpu *handle,
				  struct buffer_account *account, uint64_t salt)
{
	int take = buffer_take(handle, account);
	int put = buffer_put(handle, account, buffer_number(account, salt));

	return buffer_is_possible(take, CPUSLAB_EMPTY) &&
	       buffer_is_possible(put, CPUSLAB_FULL);
}

static inline void buffer_account_merge(struct buffer_account *all,
					const struct buffer_account *one)
{
	all->puts += one->puts;
	all->put += one->put;
	all->taken += one->taken;
	all->differed += one->differed;
	all->refused += one->refused;
}

/* Is each record somewhere, once? No step is in progress. */
static inline bool buffer_is_exact(const struct cpuslab_percpu *handle,
				   const struct buffer_account *account)
{
	const struct buffer_object *copy;
	uint64_t sum = account->taken;
	uint32_t cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(handle, cpu, copy)
		sum += buffer_content(copy);
	cpuslab_read_exit();
	return sum == account->put;
}

#endif /* TESTS_SECTION_PORTABLE_BUFFER_H */
