/* SPDX-License-Identifier: MIT */
/*
 * named.c - the default slab, and the named objects, which get their copies in
 * it after their first use.
 *
 * An object is in no list until its first use, then in the list of those that
 * wait, which any context may push to, and finally in the list of those that
 * have copies. Only the holder of the slab's mutex, or while there is no slab a
 * fini or cpuslab__named_each(), takes from the first list, all at once. Only
 * the holder of the mutex changes the second.
 *
 * The field @process of an object says whether it is in a list. It names a
 * process, because a thread of a parent may be about to push an object when the
 * child is forked: in the child that object is in no list.
 */
#include "named.h"

#include <cpuslab/counter.h>
#include <cpuslab/gauge.h>
#include <cpuslab/hotplug.h>

#include "slab_internal.h"

#define NAMED_PAUSE 255u         /* adds between two tries */
#define NAMED_NAP_US 50u         /* of a fini */
#define NAMED_NAPS 10000u        /* a second, with the system's overhead */
#define NAMED_LAST ((uint64_t)1) /* ends a list; no address */
#define NAMED_MADE UINT64_MAX    /* a field process: has copies; no epoch */
#define NAMED_AT offsetof(struct cpuslab_counter, named)
#define NAMED_EARLY_AT offsetof(struct cpuslab_counter, early)

CPUSLAB_STATIC_ASSERT(offsetof(struct cpuslab_counter, handle) == 0 &&
			      offsetof(struct cpuslab_gauge, handle) == 0 &&
			      offsetof(struct cpuslab_gauge, named) ==
				      NAMED_AT &&
			      offsetof(struct cpuslab_gauge, early) ==
				      NAMED_EARLY_AT,
		      "what follows a handle depends on its kind only");

static cpuslab_word named_slab;    /* address of the default slab, or 0 */
static cpuslab_word named_making;  /* epoch of the process that creates it */
static cpuslab_word named_waiting; /* W any; addresses of handles */
/* Whose list that is: 2 * epoch; 1 more while a thread takes it over. W any */
static cpuslab_word named_process;
static cpuslab_word named_made; /* W, R with the slab's mutex */

/* By their number of counters, less one. */
static const struct cpuslab_type named_types[] = {
	{ .name = "counter", .size = 8, .counters = 1 },
	{ .name = "gauge", .size = 16, .counters = 2 },
};

CPUSLAB_STATIC_ASSERT(sizeof(named_types) / sizeof(named_types[0]) ==
			      CPUSLAB__OF_NAMED_GAUGE -
				      CPUSLAB__OF_NAMED_COUNTER + 1,
		      "cpuslab__is_named() admits the kinds of this table");

static const struct cpuslab_type *
named_type(const struct cpuslab_percpu *handle)
{
	return &named_types[handle->kind - CPUSLAB__OF_NAMED_COUNTER];
}

/* Named objects are not const, though operations take them as such. */
static void *named_part(const struct cpuslab_percpu *handle, size_t offset)
{
	return (char *)(uintptr_t)handle + offset;
}

static struct cpuslab__named *named_of(const struct cpuslab_percpu *handle)
{
	return named_part(handle, NAMED_AT);
}

/* The early word at @offset, or NULL. */
static cpuslab_word *named_early(const struct cpuslab_percpu *handle,
				 size_t offset)
{
	if (offset % sizeof(uint64_t) || offset >= named_type(handle)->size)
		return NULL;
	return named_part(handle, NAMED_EARLY_AT + offset);
}

static struct cpuslab_percpu *named_at(uint64_t address)
{
	return (struct cpuslab_percpu *)(uintptr_t)address;
}

/* ---- lists --------------------------------------------------------------- */

static void named_push(const struct cpuslab_percpu *handle)
{
	uint64_t first = cpuslab_load_relaxed_u64(&named_waiting);

	do {
		cpuslab_port_preempt_point();
		cpuslab_store_relaxed_u64(&named_of(handle)->next,
					  first ? first : NAMED_LAST);
	} while (!cpuslab_cas_u64(&named_waiting, &first, (uintptr_t)handle));
}

/* Take the first object off a list; NULL if it is empty. */
static struct cpuslab_percpu *named_pop(uint64_t *list)
{
	struct cpuslab_percpu *handle = named_at(*list);

	if (*list <= NAMED_LAST)
		return NULL;
	*list = cpuslab_load_relaxed_u64(&named_of(handle)->next);
	return handle;
}

/*
 * The first thread of a child that needs the list takes it over: an object that
 * is in it then has the child's epoch, and an object with another epoch is in
 * none. False while another thread does that, perhaps one that is interrupted.
 */
static bool named_list_is_own(void)
{
	const uint64_t epoch = cpuslab_port_process_epoch();
	/* [named.process] Acquire: the list and its objects are taken over. */
	uint64_t found = cpuslab_load_acquire_u64(&named_process), list;
	struct cpuslab_percpu *handle;

	if (cpuslab_likely(found == 2 * epoch))
		return true;
	if (found == 2 * epoch + 1 ||
	    !cpuslab_cas_u64(&named_process, &found, 2 * epoch + 1))
		return false;
	list = cpuslab_exchange_u64(&named_waiting, 0);
	while ((handle = named_pop(&list)) != NULL) {
		cpuslab_store_relaxed_u64(&named_of(handle)->process, epoch);
		named_push(handle);
	}
	/*
	 * [named.process] Release. Without it another thread could push an
	 * object that is in the list.
	 */
	cpuslab_store_release_u64(&named_process, 2 * epoch);
	return true;
}

/* Is the object in a list of this process? For an owner of the list. */
static bool named_is_listed(const struct cpuslab_percpu *handle)
{
	uint64_t process = cpuslab_load_relaxed_u64(&named_of(handle)->process);

	return process == NAMED_MADE || process == cpuslab_port_process_epoch();
}

/* Let the object wait, unless it is in a list already. */
static void named_wait(const struct cpuslab_percpu *handle)
{
	cpuslab_word *process = &named_of(handle)->process;
	uint64_t found = cpuslab_load_relaxed_u64(process);

	if (named_list_is_own() && !named_is_listed(handle) &&
	    cpuslab_cas_u64(process, &found, cpuslab_port_process_epoch()))
		named_push(handle);
}

/* All that wait; with the slab's mutex, or while there is no slab. */
static uint64_t named_take(void)
{
	return named_list_is_own() ? cpuslab_exchange_u64(&named_waiting, 0) :
				     0;
}

/* ---- copies -------------------------------------------------------------- */

static void named_store_object(uintptr_t *object, uintptr_t value)
{
	void *at = object;

	if (sizeof(value) == sizeof(uint64_t))
		cpuslab_store_release_u64(at, value);
	else
		cpuslab_store_release_u32(at, (uint32_t)value);
}

/*
 * Fill in a handle that is in use. Sums and slow paths test the extent; inline
 * operations test what their port needs, the object, the live bytes or the
 * limit, and use what is stored before that. So an operation that finds the
 * copies is followed by sums that find them.
 */
static void named_publish(struct cpuslab_percpu *handle,
			  const struct cpuslab_percpu *made)
{
	handle->offset = made->offset;
	handle->slot = made->slot;
	handle->tag = made->tag;
	handle->word = made->word;
	cpuslab_port_preempt_point();
	/*
	 * [named.publish] Each store is a release; pairs with the acquire load
	 * of the field that is tested. Without it an operation could use the
	 * copies at an offset of 0, or relative to address 0.
	 */
	cpuslab_store_release_ptr(&handle->extent, made->extent);
	cpuslab_port_preempt_point();
	named_store_object(&handle->object, made->object);
	cpuslab_port_preempt_point();
	cpuslab_store_release_ptr(&handle->live, made->live);
	cpuslab_port_preempt_point();
	cpuslab_store_release_u32(&handle->limit, made->limit);
}

/* With the slab's mutex held. */
static int named_make(struct cpuslab_slab *slab, struct cpuslab_percpu *handle)
{
	const struct cpuslab_type *type = named_type(handle);
	struct cpuslab_percpu made;
	int err;

	memset(&made, 0, sizeof(made));
	err = cpuslab__object_create(slab, type, type->size, &made, true);
	if (err)
		return err;
	named_publish(handle, &made);
	cpuslab_store_relaxed_u64(&named_of(handle)->process, NAMED_MADE);
	cpuslab_store_relaxed_u64(&named_of(handle)->next,
				  named_made ? named_made : NAMED_LAST);
	named_made = (uintptr_t)handle;
	return CPUSLAB_OK;
}

/* Make those that wait; unlocks the mutex. */
static void named_make_all(struct cpuslab_slab *slab)
{
	uint64_t list = named_take();
	struct cpuslab_percpu *handle;
	const char *lacks = NULL;

	while ((handle = named_pop(&list)) != NULL) {
		if (!named_make(slab, handle))
			continue;
		if (cpuslab__log_once(&slab->memory_logged, handle, 0))
			lacks = named_of(handle)->name;
		named_push(handle);
	}
	cpuslab__mutex_unlock(&slab->mutex);
	if (lacks)
		cpuslab__log("slab ", slab->name, ": no memory for ", lacks);
}

/* ---- the slab ------------------------------------------------------------ */

static struct cpuslab_slab *named_slab_get(void)
{
	return (struct cpuslab_slab *)(uintptr_t)cpuslab_load_acquire_u64(
		&named_slab);
}

static void named_slab_free(struct cpuslab_slab *slab)
{
	struct cpuslab_domain *domain = cpuslab_slab_domain(slab);

	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

/* Where the domain starts empty for a hotplug, it may never have one. */
static int named_domain_create(struct cpuslab_domain **domain)
{
	const struct cpuslab_domain_config config = {
		.size = sizeof(config),
		.name = "default",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	int err = cpuslab_domain_create(domain, &config);

	if (err || !(config.flags & CPUSLAB_DOMAIN_START_EMPTY))
		return err;
	err = cpuslab_domain_resync(*domain);
	if (err)
		cpuslab_domain_destroy(*domain);
	return err;
}

static struct cpuslab_slab *named_slab_create(void)
{
	const struct cpuslab_slab_config config = {
		.size = sizeof(config),
		.name = "default",
	};
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	uint64_t first = 0;

	if (named_domain_create(&domain))
		return NULL;
	if (cpuslab_slab_create(&slab, domain, &config)) {
		cpuslab_domain_destroy(domain);
		return NULL;
	}
	if (cpuslab_cas_u64(&named_slab, &first, (uintptr_t)slab))
		return slab;
	named_slab_free(slab);
	return (struct cpuslab_slab *)(uintptr_t)first;
}

/*
 * May the caller create the slab in an operation? Not if a thread does already,
 * which may be the caller: it allocates memory, and an allocator may use named
 * objects. A thread that does not exist in this process counts for nothing.
 */
static bool named_claim(void)
{
	uint64_t epoch = cpuslab_port_process_epoch();
	uint64_t making = cpuslab_load_relaxed_u64(&named_making);

	return making != epoch &&
	       cpuslab_cas_u64(&named_making, &making, epoch);
}

static struct cpuslab_slab *named_slab_need(bool wait)
{
	struct cpuslab_slab *slab = named_slab_get();
	bool claimed;

	if (slab)
		return slab;
	claimed = named_claim();
	if (claimed || wait)
		slab = named_slab_create();
	if (claimed)
		cpuslab_store_release_u64(&named_making, 0);
	return slab;
}

struct cpuslab_slab *cpuslab_default(void)
{
	struct cpuslab_slab *slab = named_slab_need(true);

	if (slab && !cpuslab__mutex_enter(&slab->mutex))
		named_make_all(slab);
	return slab;
}

/* Called by the port. */
static void named_try(const struct cpuslab_percpu *handle, bool may_create)
{
	struct cpuslab_slab *slab;

	named_wait(handle);
	if (!may_create)
		return;
	slab = named_slab_need(false);
	if (slab && !cpuslab__mutex_is_held(&slab->mutex) &&
	    cpuslab__mutex_trylock(&slab->mutex))
		named_make_all(slab);
}

/* Of an object without copies: try to make them, if the context allows that. */
static void named_use(const struct cpuslab_percpu *handle)
{
	uint32_t error = cpuslab_port_error_get();

	cpuslab_port_create(named_try, handle);
	cpuslab_port_error_set(error);
}

/* A try costs something even where it may not create, so most adds pause. */
static void named_use_seldom(const struct cpuslab_percpu *handle)
{
	uint8_t *pause = (uint8_t *)named_part(
		handle, offsetof(struct cpuslab_percpu, pause));
	uint8_t left = cpuslab_load_relaxed_u8(pause);

	if (left) {
		cpuslab_store_relaxed_u8(pause, (uint8_t)(left - 1u));
		return;
	}
	named_use(handle);
	if (!cpuslab__percpu_extent(handle))
		cpuslab_store_relaxed_u8(pause, NAMED_PAUSE);
}

/* ---- operations and sums ------------------------------------------------- */

int cpuslab__named_add(const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t value)
{
	cpuslab_word *early = NULL;

	if (cpuslab__is_named(handle))
		early = named_early(handle, offset);
	if (!early)
		return -CPUSLAB_EINVAL;
	cpuslab_port_preempt_point();
	cpuslab_fetch_add_u64(early, value);
	named_use_seldom(handle);
	return CPUSLAB_OK;
}

void cpuslab__named_sum(const struct cpuslab_percpu *handle, size_t offset,
			uint32_t count, uint64_t *sums)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		const cpuslab_word *early =
			named_early(handle, offset + i * sizeof(*early));

		/* [gauge] Acquire, as for the copies. */
		if (early)
			sums[i] += cpuslab_load_acquire_u64(early);
	}
	if (!cpuslab__percpu_extent(handle))
		named_use(handle);
}

/* ---- all of them --------------------------------------------------------- */

/* Nobody makes copies meanwhile. */
static uint64_t named_sum(const struct cpuslab_percpu *handle, size_t offset)
{
	/* [gauge] Acquire; pairs with the sum of the other counter. */
	return cpuslab__percpu_extent(handle) ?
		       cpuslab_sum(handle, offset) :
		       cpuslab_load_acquire_u64(named_early(handle, offset));
}

static void named_show(const struct cpuslab_percpu *handle,
		       cpuslab__named_visit *visit, void *arg)
{
	bool is_gauge = handle->kind == CPUSLAB__OF_NAMED_GAUGE;
	uint64_t out = 0, in;

	/* [gauge] What went out had come in before: never negative for that. */
	if (is_gauge)
		out = named_sum(handle,
				offsetof(struct cpuslab_gauge_cpu, out));
	in = named_sum(handle, 0);
	visit(arg, named_of(handle)->name, is_gauge, in - out);
}

/* In a callback of the slab this thread has the mutex already. */
static bool named_lock(struct cpuslab_slab *slab, bool wait, bool *locked)
{
	*locked = slab && !cpuslab__mutex_is_held(&slab->mutex);
	if (!*locked)
		return true;
	return wait ? !cpuslab__mutex_enter(&slab->mutex) :
		      cpuslab__mutex_trylock(&slab->mutex);
}

void cpuslab__named_each(bool wait, cpuslab__named_visit *visit, void *arg)
{
	struct cpuslab_slab *slab = named_slab_get();
	uint64_t waiting, made = 0;
	struct cpuslab_percpu *handle;
	bool locked;

	if (!named_lock(slab, wait, &locked))
		return;
	if (slab)
		made = named_made;
	waiting = named_take();
	while ((handle = named_pop(&waiting)) != NULL) {
		named_show(handle, visit, arg);
		named_push(handle);
	}
	while ((handle = named_pop(&made)) != NULL)
		named_show(handle, visit, arg);
	if (locked)
		cpuslab__mutex_unlock(&slab->mutex);
}

/* ---- the end ------------------------------------------------------------- */

/* Back to the initial state, but for what it has counted. */
static void named_reset(struct cpuslab_percpu *handle)
{
	const uint8_t kind = handle->kind;
	size_t size = named_type(handle)->size, at;

	if (cpuslab__percpu_extent(handle)) {
		for (at = 0; at < size; at += sizeof(uint64_t)) {
			cpuslab_word *early = named_early(handle, at);

			cpuslab_store_relaxed_u64(early,
						  cpuslab_sum(handle, at));
		}
		memset(handle, 0, sizeof(*handle));
		handle->kind = kind;
	}
	handle->pause = 0;
	cpuslab_store_relaxed_u64(&named_of(handle)->process, 0);
}

void cpuslab_default_destroy(void)
{
	struct cpuslab_percpu *handle, copy;
	struct cpuslab_slab *slab;

	cpuslab_port_create_stop();
	slab = named_slab_get();
	if (!slab)
		return;
	while ((handle = named_pop(&named_made)) != NULL) {
		copy = *handle;
		named_reset(handle);
		cpuslab_free(slab, &copy);
	}
	named_made = 0;
	cpuslab_store_relaxed_u64(&named_slab, 0);
	named_slab_free(slab);
}

/* Take an object out of the list that waits, or leave the list as it is. */
static bool named_unwait(const struct cpuslab_percpu *handle)
{
	uint64_t list = named_take();
	struct cpuslab_percpu *other;
	bool found = false;

	while ((other = named_pop(&list)) != NULL) {
		if (other == handle)
			found = true;
		else
			named_push(other);
	}
	return found;
}

/*
 * The same for the list of those with copies. With the slab's mutex held, or in
 * a child that has lost it, where nothing else changes the list.
 */
static bool named_unmake(const struct cpuslab_percpu *handle)
{
	uint64_t *at = &named_made;

	while (*at > NAMED_LAST && named_at(*at) != handle)
		at = &named_of(named_at(*at))->next;
	if (*at <= NAMED_LAST)
		return false;
	*at = named_of(handle)->next;
	return true;
}

/* True once the object is in no list; false: another thread has taken it. */
static bool named_leave(const struct cpuslab_percpu *handle,
			struct cpuslab_slab *slab)
{
	return named_unwait(handle) || (slab && named_unmake(handle)) ||
	       (named_list_is_own() && !named_is_listed(handle));
}

/* In a callback of the slab this thread has the mutex already. */
void cpuslab__named_fini(struct cpuslab_percpu *handle)
{
	struct cpuslab_percpu copy;
	struct cpuslab_slab *slab;
	uint32_t naps = 0;
	bool entered, left;

	for (;;) {
		cpuslab_port_preempt_point();
		slab = named_slab_get();
		entered = slab && !cpuslab__mutex_enter(&slab->mutex);
		left = named_leave(handle, slab);
		if (entered)
			cpuslab__mutex_unlock(&slab->mutex);
		if (left)
			break;
		/*
		 * It is about to make the copies, or to put the object back,
		 * unless the handler of a fault has left it in the middle.
		 */
		if (naps++ == NAMED_NAPS)
			break;
		cpuslab_port_nap(NAMED_NAP_US);
	}
	copy = *handle;
	named_reset(handle);
	cpuslab_free(slab, &copy);
}
