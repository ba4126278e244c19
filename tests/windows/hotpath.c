/* SPDX-License-Identifier: MIT */
/*
 * hotpath.c - one function for each operation, as a driver would have it;
 * hotpath.py reads the disassembly.
 */
#include <ntddk.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/isr.h>
#include <cpuslab/pin.h>
#include <cpuslab/pinned.h>

DRIVER_INITIALIZE DriverEntry;

int hot_add(const struct cpuslab_percpu *handle, uint64_t value);
int hot_pinned_add(const struct cpuslab_percpu *handle, uint64_t value);
int hot_add_if(const struct cpuslab_percpu *handle, uint64_t gate,
	       uint64_t value);
int hot_add_below(const struct cpuslab_percpu *handle, uint64_t bound,
		  uint64_t value);
int hot_cmpstore(const struct cpuslab_percpu *handle, uint64_t expect,
		 uint64_t value);
int hot_load_add(const struct cpuslab_percpu *handle, uint64_t value,
		 uint64_t *old);
int hot_max(const struct cpuslab_percpu *handle, uint64_t value);
int hot_push(const struct cpuslab_percpu *handle, void *node);
int hot_pop(const struct cpuslab_percpu *handle, void **node);
int hot_append(const struct cpuslab_percpu *handle, const void *data,
	       uint32_t bytes);
int hot_take(const struct cpuslab_percpu *handle, void **object);
int hot_give(const struct cpuslab_percpu *handle, void *object);
int hot_isr_add(const struct cpuslab_percpu *handle, uint64_t value);
int hot_isr_cmpstore(const struct cpuslab_percpu *handle, uint64_t expect,
		     uint64_t value);
bool hot_try_get(struct cpuslab_refcount *refcount);
bool hot_put(struct cpuslab_refcount *refcount);
void hot_record(const struct cpuslab_histogram *histogram, uint64_t value);
void hot_approx(struct cpuslab_approx *approx, uint64_t value);
void *hot_alloc(struct cpuslab_cache *cache);
void hot_packet(const struct cpuslab_percpu *handle,
		const struct cpuslab_counter *counters, uint64_t bytes);
void hot_free(struct cpuslab_cache *cache, void *object);

int hot_add(const struct cpuslab_percpu *handle, uint64_t value)
{
	return cpuslab_port_add(handle, 0, value);
}

int hot_pinned_add(const struct cpuslab_percpu *handle, uint64_t value)
{
	return cpuslab_port_pinned_add(handle, 0, value);
}

int hot_add_if(const struct cpuslab_percpu *handle, uint64_t gate,
	       uint64_t value)
{
	return cpuslab_port_add_if(handle, 0, gate, value);
}

int hot_add_below(const struct cpuslab_percpu *handle, uint64_t bound,
		  uint64_t value)
{
	return cpuslab_port_add_below(handle, 0, bound, value);
}

int hot_cmpstore(const struct cpuslab_percpu *handle, uint64_t expect,
		 uint64_t value)
{
	return cpuslab_port_cmpstore(handle, 0, expect, value);
}

int hot_load_add(const struct cpuslab_percpu *handle, uint64_t value,
		 uint64_t *old)
{
	return cpuslab_port_update(handle, 0, CPUSLAB__WORD_ADD, value, old);
}

int hot_max(const struct cpuslab_percpu *handle, uint64_t value)
{
	uint64_t old;

	return cpuslab_port_update(handle, 0, CPUSLAB__WORD_MAX, value, &old);
}

int hot_push(const struct cpuslab_percpu *handle, void *node)
{
	return cpuslab_port_push(handle, 0, node);
}

int hot_pop(const struct cpuslab_percpu *handle, void **node)
{
	return cpuslab_port_pop(handle, 0, node);
}

int hot_append(const struct cpuslab_percpu *handle, const void *data,
	       uint32_t bytes)
{
	return cpuslab_port_append(handle, 0, data, bytes, 4096 - 16);
}

int hot_take(const struct cpuslab_percpu *handle, void **object)
{
	return cpuslab_port_magazine_pop(handle, 0, object);
}

int hot_give(const struct cpuslab_percpu *handle, void *object)
{
	return cpuslab_port_magazine_push(handle, 0, object, 32);
}

int hot_isr_add(const struct cpuslab_percpu *handle, uint64_t value)
{
	return cpuslab_isr_add(handle, 0, value);
}

int hot_isr_cmpstore(const struct cpuslab_percpu *handle, uint64_t expect,
		     uint64_t value)
{
	return cpuslab_isr_cmpstore(handle, 0, expect, value);
}

bool hot_try_get(struct cpuslab_refcount *refcount)
{
	return cpuslab_refcount_try_get(refcount);
}

bool hot_put(struct cpuslab_refcount *refcount)
{
	return cpuslab_refcount_put(refcount);
}

void hot_record(const struct cpuslab_histogram *histogram, uint64_t value)
{
	cpuslab_histogram_record(histogram, value);
}

void hot_approx(struct cpuslab_approx *approx, uint64_t value)
{
	cpuslab_approx_add(approx, value);
}

void *hot_alloc(struct cpuslab_cache *cache)
{
	return cpuslab_cache_alloc(cache);
}

void hot_free(struct cpuslab_cache *cache, void *object)
{
	cpuslab_cache_free(cache, object);
}

/* Two words of a plain struct, and five counters. */
void hot_packet(const struct cpuslab_percpu *handle,
		const struct cpuslab_counter *counters, uint64_t bytes)
{
	uint64_t *mine;
	KIRQL before;

	mine = cpuslab_pin(handle, &before);
	if (!mine)
		return;
	mine[0]++;
	mine[1] += bytes;
	__cpuslab_counter_add(&counters[0], 1);
	__cpuslab_counter_add(&counters[1], bytes);
	__cpuslab_counter_add(&counters[2], 1);
	__cpuslab_counter_add(&counters[3], bytes);
	__cpuslab_counter_add(&counters[4], 1);
	cpuslab_unpin(before);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	(void)driver;
	(void)path;
	/* Imported first: disassemblers give the first import another name. */
	DbgPrint("cpuslab: hot paths\n");
	return STATUS_SUCCESS;
}
