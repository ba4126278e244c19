/* SPDX-License-Identifier: MIT */
/*
 * object.c - objects: records, allocation, construction, freeing.
 *
 * INV: free bytes of every block hold OBJECT_FREE_BYTE where a small object was
 * written to, and zeros elsewhere. In release builds all of them are zero, so
 * an object of zeros is constructed without touching a page; and no page is
 * cleared that is zero already, so none is written for the first time.
 *
 * An object that pins its block, because its contents can neither be folded nor
 * drained nor dropped, and that has a constructor is followed by a second copy
 * of its head: what the constructor made. As long as the two are equal nothing
 * was put into the object, and a release loses nothing.
 */
#include "slab_internal.h"

#include "../base/format.h"

#ifdef CPUSLAB_DEBUG
#define OBJECT_FREE_BYTE 0x6b /* POISON_FREE of the Linux kernel */
#else
#define OBJECT_FREE_BYTE 0
#endif

/*
 * Objects of this many bytes are cleared, not poisoned: most of their pages may
 * never have been touched.
 */
#define OBJECT_LARGE ((size_t)64 << 10)
#define OBJECT_FLAGS (CPUSLAB_TYPE_SIGNAL_SAFE | CPUSLAB_TYPE_DISCARD)
#define OBJECT_MAX_BYTES ((size_t)512 << 20) /* with its twin 1 GiB */

static bool object_zero(const uint64_t *words, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*words); i++)
		if (words[i])
			return false;
	return true;
}

/* Page by page: a page of zeros may never have been written to. */
static void object_fill(void *object, size_t bytes, int byte)
{
	size_t page = cpuslab_port_page_size();
	char *at = object;

	if (bytes >= OBJECT_LARGE) {
		size_t pages = bytes & ~(page - 1);

		byte = 0;
		if (cpuslab_port_drop(at, pages)) {
			at += pages;
			bytes -= pages;
		}
	}
	while (bytes) {
		size_t part = page - (uintptr_t)at % page;

		if (part > bytes)
			part = bytes;
		if (!object_zero((const void *)at, part))
			memset(at, byte, part);
		at += part;
		bytes -= part;
	}
}

/* Has it contents that a release can neither fold nor drain nor drop? */
static bool object_may_pin(const struct cpuslab_type *type, size_t size)
{
	return type->counters * (size_t)8 < size && !type->drain &&
	       !(type->flags & CPUSLAB_TYPE_DISCARD);
}

static bool object_has_twin(const struct cpuslab_type *type, size_t size)
{
	return type->ctor && object_may_pin(type, size);
}

/* The bytes that tell whether anything is in it. */
static size_t object_head(const struct cpuslab__record *record)
{
	return record->type->head ? record->type->head : record->size;
}

size_t cpuslab__object_bytes(const struct cpuslab__record *record)
{
	size_t bytes = record->size;

	if (object_has_twin(record->type, record->size))
		bytes += object_head(record);
	return bytes;
}

/* Word @i of a copy as its type made it. */
static uint64_t object_initial(const struct cpuslab__record *record,
			       const uint64_t *copy, size_t i)
{
	const struct cpuslab_type *type = record->type;
	size_t at = i * sizeof(uint64_t), bytes = sizeof(uint64_t);
	uint64_t word = 0;

	if (type->ctor)
		return copy[record->size / sizeof(word) + i];
	if (!type->image || at >= type->size)
		return 0;
	if (bytes > type->size - at)
		bytes = type->size - at;
	memcpy(&word, (const char *)type->image + at, bytes);
	return word;
}

bool cpuslab__object_pins(const struct cpuslab__record *record, uint32_t cpu)
{
	const uint64_t *copy = cpuslab__record_at(record, cpu);
	size_t i;

	if (!object_may_pin(record->type, record->size))
		return false;
	for (i = record->type->counters;
	     i < object_head(record) / sizeof(*copy); i++)
		if (copy[i] != object_initial(record, copy, i))
			return true;
	return false;
}

void cpuslab__object_reset(const struct cpuslab__record *record, uint32_t cpu)
{
	cpuslab_word *copy = cpuslab__record_at(record, cpu);
	size_t i;

	if (record->type->ctor)
		return;
	for (i = record->type->counters; i < record->size / sizeof(*copy);
	     i++) {
		uint64_t initial = object_initial(record, copy, i);

		if (copy[i] != initial)
			cpuslab_store_relaxed_u64(&copy[i], initial);
	}
}

int cpuslab__object_construct(const struct cpuslab__record *record,
			      uint32_t cpu)
{
	const struct cpuslab_type *type = record->type;
	void *copy = cpuslab__record_at(record, cpu);
	int err;

	if (OBJECT_FREE_BYTE)
		object_fill(copy, cpuslab__object_bytes(record), 0);
	if (type->image)
		memcpy(copy, type->image, type->size);
	if (!type->ctor)
		return CPUSLAB_OK;
	err = type->ctor(copy, cpu, type->arg);
	if (err)
		object_fill(copy, cpuslab__object_bytes(record),
			    OBJECT_FREE_BYTE);
	else if (object_has_twin(type, record->size))
		memcpy((char *)copy + record->size, copy, object_head(record));
	return err < 0 ? err : err ? -CPUSLAB_EINVAL : CPUSLAB_OK;
}

void cpuslab__object_destruct(const struct cpuslab__record *record,
			      uint32_t cpu)
{
	const struct cpuslab_type *type = record->type;
	void *copy = cpuslab__record_at(record, cpu);

	if (type->dtor)
		type->dtor(copy, cpu, type->arg);
	object_fill(copy, cpuslab__object_bytes(record), OBJECT_FREE_BYTE);
}

int cpuslab__objects_construct(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t slot;
	int err;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);

		if (record->state == RECORD_FREE)
			continue;
		err = cpuslab__object_construct(record, cpu);
		if (err)
			goto destruct;
	}
	return CPUSLAB_OK;
destruct:
	while (slot--)
		if (cpuslab__record(slab, slot)->state != RECORD_FREE)
			cpuslab__object_destruct(cpuslab__record(slab, slot),
						 cpu);
	return err;
}

/* For blocks that are about to be freed: nothing is cleared. */
void cpuslab__objects_destruct(struct cpuslab_slab *slab, uint32_t cpu)
{
	uint32_t slot;

	for (slot = 0; slot < slab->slots; slot++) {
		const struct cpuslab__record *record =
			cpuslab__record(slab, slot);

		if (record->state != RECORD_FREE && record->type->dtor)
			record->type->dtor(cpuslab__record_at(record, cpu), cpu,
					   record->type->arg);
	}
}

static int object_check_type(const struct cpuslab_type *type, size_t size)
{
	size_t align = type->align ? type->align : 8;
	size_t i;

	if (!type->name || !size || size > OBJECT_MAX_BYTES)
		return -CPUSLAB_EINVAL;
	if ((align & (align - 1)) || align > cpuslab_port_page_size())
		return -CPUSLAB_EINVAL;
	if (type->counters > size / 8)
		return -CPUSLAB_EINVAL;
	if (type->flags & ~(uint32_t)OBJECT_FLAGS)
		return -CPUSLAB_EINVAL;
	if (type->head % 8 || type->head > size)
		return -CPUSLAB_EINVAL;
	/* Constructors are not passed a size, so they only know the type's. */
	if (size < type->size && (type->image || type->ctor || type->dtor))
		return -CPUSLAB_EINVAL;
	/* Byte by byte: an image may be unaligned. */
	for (i = 0; type->image && i < type->counters * (size_t)8; i++)
		if (((const unsigned char *)type->image)[i])
			return -CPUSLAB_EINVAL;
	return CPUSLAB_OK;
}

/* Double the array of chunks. */
static int object_chunks_grow(struct cpuslab_slab *slab)
{
	uint32_t room = slab->room ? slab->room * 2 : 8;
	struct cpuslab__record **chunks;

	chunks = cpuslab_port_zalloc(room * sizeof(struct cpuslab__record *));
	if (!chunks)
		return -CPUSLAB_ENOMEM;
	if (slab->room)
		memcpy(chunks, slab->chunks,
		       slab->room * sizeof(struct cpuslab__record *));
	cpuslab_port_free(slab->chunks);
	slab->chunks = chunks;
	slab->room = room;
	return CPUSLAB_OK;
}

static int object_records_grow(struct cpuslab_slab *slab)
{
	uint32_t count = slab->slots / CPUSLAB__CHUNK, i;
	struct cpuslab__record *chunk;
	int err = CPUSLAB_OK;

	if (count == slab->room)
		err = object_chunks_grow(slab);
	if (err)
		return err;
	chunk = cpuslab_port_zalloc(CPUSLAB__CHUNK * sizeof(*chunk));
	if (!chunk)
		return -CPUSLAB_ENOMEM;
	slab->chunks[count] = chunk;
	for (i = CPUSLAB__CHUNK; i-- > 0;) {
		chunk[i].next = slab->free_slot;
		slab->free_slot = slab->slots + i + 1;
	}
	slab->slots += CPUSLAB__CHUNK;
	return CPUSLAB_OK;
}

static int object_lacks(struct cpuslab_slab *slab, size_t bytes)
{
	if (slab->wanted < bytes)
		slab->wanted = bytes;
	return -CPUSLAB_ENOMEM;
}

/* Find free bytes; if there are none, add an extent, or without @grow fail. */
static int object_place(struct cpuslab_slab *slab, size_t bytes, size_t align,
			struct cpuslab__record *record, bool grow)
{
	struct cpuslab_extent *extent;
	int err;

	for (extent = slab->extents; extent; extent = extent->next)
		if (cpuslab__buddy_alloc(&extent->buddy, bytes, align,
					 &record->offset))
			goto found;
	if (!grow)
		return object_lacks(slab, bytes > align ? bytes : align);
	err = cpuslab__extent_create(slab, bytes, align);
	if (err)
		return err;
	extent = slab->newest;
	cpuslab__buddy_alloc(&extent->buddy, bytes, align, &record->offset);
found:
	record->extent = extent;
	return CPUSLAB_OK;
}

void cpuslab__objects_make_room(struct cpuslab_slab *slab)
{
	struct cpuslab__record room;
	int err;

	if (!slab->wanted)
		return;
	err = slab->free_slot ? CPUSLAB_OK : object_records_grow(slab);
	if (!err)
		err = object_place(slab, slab->wanted, 8, &room, true);
	if (!err)
		cpuslab__buddy_free(&room.extent->buddy, room.offset,
				    slab->wanted);
	else if (cpuslab__log_once(&slab->memory_logged, NULL, err))
		cpuslab__log("slab ", slab->name, ": no memory to grow", NULL);
	slab->wanted = 0;
}

/* Construct the copies of the shared block and of every CPU in use. */
static int object_construct_all(struct cpuslab_slab *slab,
				const struct cpuslab__record *record)
{
	uint32_t cpu, failed;
	int err = cpuslab__object_construct(record, CPUSLAB_SHARED);

	if (err)
		return err;
	cpuslab__cpubits_for_each(failed, &slab->in_use) {
		err = cpuslab__object_construct(record, failed);
		if (err)
			goto destruct;
	}
	return CPUSLAB_OK;
destruct:
	cpuslab__cpubits_for_each(cpu, &slab->in_use) {
		if (cpu == failed)
			break;
		cpuslab__object_destruct(record, cpu);
	}
	cpuslab__object_destruct(record, CPUSLAB_SHARED);
	return err;
}

bool cpuslab__object_signal_unsafe(const struct cpuslab_type *type)
{
	return (type->ctor || type->dtor) &&
	       !(type->flags & CPUSLAB_TYPE_SIGNAL_SAFE);
}

/* @by: 1, or -1 modulo 2^32. */
static void object_account(struct cpuslab_slab *slab,
			   const struct cpuslab__record *record, uint32_t by)
{
	const struct cpuslab_type *type = record->type;

	if (object_may_pin(type, record->size))
		slab->pinning += by;
	if (type->drain)
		slab->draining += by;
	if (cpuslab__object_signal_unsafe(type))
		slab->signal_unsafe += by;
	slab->counters += by * type->counters;
	slab->objects += by;
}

static void object_handle(const struct cpuslab__record *record, uint32_t slot,
			  struct cpuslab_percpu *handle)
{
	const struct cpuslab_slab *slab = record->extent->slab;

	handle->offset = record->offset;
	handle->extent = record->extent;
	handle->limit = slab->limit;
	handle->slot = slot;
	handle->tag = record->tag;
	handle->kind = slab->by_cid ? CPUSLAB__OF_CIDS : CPUSLAB__OF_CPUS;
	handle->word = 0;
	cpuslab_port_handle_init(handle, &record->extent->blocks, slab->live);
}

int cpuslab__object_create(struct cpuslab_slab *slab,
			   const struct cpuslab_type *type, size_t size,
			   struct cpuslab_percpu *handle, bool grow)
{
	struct cpuslab__record *record;
	uint32_t slot;
	int err;

	err = object_check_type(type, size);
	if (err)
		return err;
	/* A summary's index of its residual has 32 bits. */
	if (type->counters > (uint32_t)-1 - slab->counters)
		return -CPUSLAB_ENOMEM;
	if (!slab->free_slot) {
		err = grow ? object_records_grow(slab) :
			     object_lacks(slab, size);
		if (err)
			return err;
	}
	slot = slab->free_slot - 1;
	record = cpuslab__record(slab, slot);
	record->type = type;
	record->size = (uint32_t)((size + 7) & ~(size_t)7);
	err = object_place(slab, cpuslab__object_bytes(record),
			   type->align ? type->align : 8, record, grow);
	if (err)
		return err;
	err = object_construct_all(slab, record);
	if (err) {
		cpuslab__buddy_free(&record->extent->buddy, record->offset,
				    cpuslab__object_bytes(record));
		return err;
	}
	slab->free_slot = record->next;
	record->state = RECORD_LIVE;
	record->tag++;
	object_account(slab, record, 1);
	object_handle(record, slot, handle);
	return CPUSLAB_OK;
}

/* The name of a freed object; known in debug builds, where its type exists. */
static const char *object_stale_name(const struct cpuslab_slab *slab,
				     const struct cpuslab_percpu *handle)
{
#ifdef CPUSLAB_DEBUG
	const struct cpuslab__record *record =
		cpuslab__record(slab, handle->slot);

	if (record->tag == handle->tag || record->tag == handle->tag + 1)
		return record->type->name;
#else
	(void)slab;
	(void)handle;
#endif
	return "an object";
}

/* Once for each object, and once for all handles that never were one. */
static void object_report(struct cpuslab_slab *slab,
			  const struct cpuslab_percpu *handle, int err)
{
	const void *what = NULL;

	if (err == -CPUSLAB_ESTALE)
		what = cpuslab__record(slab, handle->slot);
	if (!cpuslab__log_once(&slab->misuse_logged, what,
			       what ? (int)handle->tag : err))
		return;
	if (err == -CPUSLAB_ESTALE)
		cpuslab__log("slab ", slab->name, ": double free of ",
			     object_stale_name(slab, handle));
	else
		cpuslab__log("slab ", slab->name, ": free of an invalid handle",
			     NULL);
}

int cpuslab__object_find(struct cpuslab_slab *slab,
			 const struct cpuslab_percpu *handle,
			 struct cpuslab__record **record)
{
	struct cpuslab__record *found;

	if (cpuslab_percpu_is_null(handle) || handle->extent->slab != slab ||
	    handle->slot >= slab->slots)
		return -CPUSLAB_EINVAL;
	found = cpuslab__record(slab, handle->slot);
	if (found->tag != handle->tag || found->state != RECORD_LIVE)
		return -CPUSLAB_ESTALE;
	*record = found;
	return CPUSLAB_OK;
}

static void object_delete(struct cpuslab_slab *slab, uint32_t slot)
{
	struct cpuslab__record *record = cpuslab__record(slab, slot);
	uint32_t cpu;

	cpuslab__cpubits_for_each(cpu, &slab->in_use)
		cpuslab__object_destruct(record, cpu);
	cpuslab__object_destruct(record, CPUSLAB_SHARED);
	/* A later object in this slot must not inherit the counts. */
	cpuslab__summary_forget(slab->summary, slot);
	cpuslab__buddy_free(&record->extent->buddy, record->offset,
			    cpuslab__object_bytes(record));
	object_account(slab, record, (uint32_t)-1);
	record->state = RECORD_FREE;
	record->tag++;
	record->next = slab->free_slot;
	slab->free_slot = slot + 1;
}

static int object_free_one(struct cpuslab_slab *slab,
			   const struct cpuslab_percpu *handle, bool rcu)
{
	struct cpuslab__record *record;
	int err;

	if (cpuslab_percpu_is_null(handle))
		return -CPUSLAB_EINVAL;
	err = cpuslab__object_find(slab, handle, &record);
	if (err) {
		object_report(slab, handle, err);
	} else if (rcu) {
		record->state = RECORD_DYING;
		record->next = slab->gp_next.dying;
		slab->gp_next.dying = handle->slot + 1;
		cpuslab__batch_start(slab);
	} else {
		object_delete(slab, handle->slot);
	}
	return err;
}

/* Returns the first error, after trying all of them. */
static int object_free(struct cpuslab_slab *slab,
		       const struct cpuslab_percpu *handles, uint32_t count,
		       bool rcu)
{
	uint32_t i;
	int first;

	if (!slab || !handles)
		return -CPUSLAB_EINVAL;
	for (i = 0; i < count; i++)
		if (!cpuslab_percpu_is_null(&handles[i]))
			cpuslab__assert_own(&handles[i]);
	first = cpuslab__mutex_enter(&slab->mutex);
	if (first)
		return first;
	cpuslab__admit_pending(slab);
	for (i = 0; i < count; i++) {
		int err = object_free_one(slab, &handles[i], rcu);

		if (!first)
			first = err;
	}
	cpuslab__mutex_unlock(&slab->mutex);
	return first;
}

int cpuslab_free(struct cpuslab_slab *slab, const struct cpuslab_percpu *handle)
{
	return object_free(slab, handle, 1, false);
}

int cpuslab_free_rcu(struct cpuslab_slab *slab,
		     const struct cpuslab_percpu *handle)
{
	return object_free(slab, handle, 1, true);
}

int cpuslab_free_many(struct cpuslab_slab *slab,
		      const struct cpuslab_percpu *handles, uint32_t count)
{
	return object_free(slab, handles, count, false);
}

int cpuslab_free_rcu_many(struct cpuslab_slab *slab,
			  const struct cpuslab_percpu *handles, uint32_t count)
{
	return object_free(slab, handles, count, true);
}

void cpuslab__objects_reap(struct cpuslab_slab *slab, uint32_t dying)
{
	while (dying) {
		uint32_t slot = dying - 1;

		dying = cpuslab__record(slab, slot)->next;
		object_delete(slab, slot);
	}
}
