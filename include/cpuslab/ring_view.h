/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_RING_VIEW_H
#define CPUSLAB_RING_VIEW_H
/*
 * ring_view.h - the consumer of one CPU's ring (ring.h).
 *
 *	end = cpuslab_ring_tail(&view);
 *	at = cpuslab_ring_consumed(&view);
 *	while (cpuslab_ring_next(&view, &at, end, &data, &bytes))
 *		use(data, bytes);
 *	cpuslab_ring_consume(&view, end);
 *
 * The consumer writes one word, the position before which it needs no records
 * any more. Whatever it stores there, a producer writes to the ring's records
 * only, and loses no more than records of this ring. Whatever a producer stores
 * in the ring, a consumer reads nothing outside of it, and each call returns.
 */

#include <cpuslab/port.h>

CPUSLAB_BEGIN

/*
 * Made by cpuslab_ring_view_init(), of
 *
 *	| page of the producers | page of the consumer | records |
 */
struct cpuslab_ring_view {
	const cpuslab_word *tail; /* the last but one word of the first page */
	cpuslab_word *consumed;   /* the first word of the second page */
	const char *memory;
	uint64_t first, bytes, part;
};

/**
 * cpuslab_ring_view_map() - fill in a view of a mapped ring.
 * @view:   set.
 * @mapped: the beginning of the ring; pages of @page bytes.
 * @page:   the size of a page, in bytes.
 * @bytes:  of the ring.
 *
 * Context: any.
 */
CPUSLAB_INLINE CPUSLAB_DISPATCH void
cpuslab_ring_view_map(CPUSLAB_INOUT struct cpuslab_ring_view *view,
		      CPUSLAB_IN_OPT void *mapped, size_t page, uint64_t bytes)
{
	char *memory = (char *)mapped;
	void *second = memory + page;

	view->tail = (const cpuslab_word *)second - 2;
	view->consumed = (cpuslab_word *)second;
	view->memory = memory;
	view->first = 2 * page;
	view->bytes = bytes;
	view->part = bytes / CPUSLAB__RING_PARTS;
}

/**
 * cpuslab_ring_tail() - up to which position records are complete.
 * @view: a view of a ring.
 *
 * Context: any.
 * Order:   acquire; sees the records before it, and what was written before
 *          they were appended.
 * Return:  a position, in bytes that were ever appended.
 */
CPUSLAB_INLINE CPUSLAB_HIGH uint64_t
cpuslab_ring_tail(CPUSLAB_IN const struct cpuslab_ring_view *view)
{
	/* [ring.tail] Pairs with the commit of an append. */
	return cpuslab_load_acquire_u64(view->tail);
}

/**
 * cpuslab_ring_consumed() - where the consumer continues.
 * @view: a view of a ring.
 *
 * Context: any.
 * Return:  the position that was stored last; that of the first record at
 *          first, and when a CPU whose ring was released has returned.
 */
CPUSLAB_INLINE CPUSLAB_HIGH uint64_t
cpuslab_ring_consumed(CPUSLAB_IN const struct cpuslab_ring_view *view)
{
	return cpuslab_load_relaxed_u64(view->consumed);
}

/**
 * cpuslab_ring_consume() - give the records before a position back.
 * @view: a view of a ring.
 * @at:   at most the tail.
 *
 * Context: any; one consumer at a time.
 * Order:   release; the records are read before they can be overwritten.
 */
CPUSLAB_INLINE CPUSLAB_HIGH void
cpuslab_ring_consume(CPUSLAB_IN const struct cpuslab_ring_view *view,
		     uint64_t at)
{
	/* [ring.consumed] Pairs with cpuslab__ring_has_room(). */
	cpuslab_store_release_u64(view->consumed, at);
}

CPUSLAB_INLINE const cpuslab_word *
cpuslab__ring_view_at(const struct cpuslab_ring_view *view, uint64_t at)
{
	const void *record = view->memory + (at & (view->bytes - 1));

	return (const cpuslab_word *)record;
}

/* Does a record at @at with @payload bytes end before its part? */
CPUSLAB_INLINE bool
cpuslab__ring_view_fits(const struct cpuslab_ring_view *view, uint64_t at,
			uint64_t payload)
{
	return payload < view->part &&
	       (at & (view->part - 1)) + 8 + payload < view->part;
}

/* Where the next part begins. */
CPUSLAB_INLINE uint64_t
cpuslab__ring_view_part(const struct cpuslab_ring_view *view, uint64_t at)
{
	uint64_t next = (at | (view->part - 1)) + 1;

	return next & (view->bytes - 1) ? next : next + view->first;
}

/**
 * cpuslab_ring_next() - read the next record in place.
 * @view:  a view of a ring in which old records are not overwritten.
 * @at:    the position where it is looked for; moved past it.
 * @end:   from cpuslab_ring_tail().
 * @data:  the payload, aligned to 8 bytes; valid until it is consumed.
 * @bytes: of payload.
 *
 * Context: any; one consumer at a time.
 * Return:  false if there is no further record before @end, or if what is at
 *          the position cannot be a record, because a consumer stored a wrong
 *          position.
 */
CPUSLAB_INLINE CPUSLAB_HIGH bool
cpuslab_ring_next(CPUSLAB_IN const struct cpuslab_ring_view *view,
		  CPUSLAB_INOUT uint64_t *at, uint64_t end,
		  CPUSLAB_OUTPTR const void **data, CPUSLAB_OUT uint32_t *bytes)
{
	const cpuslab_word *record = cpuslab__ring_view_at(view, *at);
	uint64_t found;

	if (*at == end || *at % 8 || end - *at > view->bytes)
		return false;
	found = cpuslab_load_relaxed_u64(record);
	if (found == CPUSLAB__RING_SKIP) {
		*at = cpuslab__ring_view_part(view, *at);
		record = cpuslab__ring_view_at(view, *at);
		found = cpuslab_load_relaxed_u64(record);
	}
	if (!cpuslab__ring_view_fits(view, *at, found))
		return false;
	*data = record + 1;
	*bytes = (uint32_t)found;
	/* By cpuslab__ring_size(); the next load waits for this. */
	*at = (*at + found + 15) & ~(uint64_t)7;
	return true;
}

/*
 * The oldest position that no producer is overwriting. A record that is being
 * written ends in the part after that of the tail, or earlier.
 */
CPUSLAB_INLINE uint64_t
cpuslab__ring_oldest(const struct cpuslab_ring_view *view)
{
	/* A producer may have stored nonsense. */
	uint64_t tail = cpuslab_load_relaxed_u64(view->tail) & ~(uint64_t)7;
	/* Where several threads write: positions are reserved before. */
	uint64_t reserved = cpuslab_load_relaxed_u64(view->tail - 2);
	uint64_t end = reserved > tail ? reserved : tail, oldest;

	end = (cpuslab__ring_view_part(view, end) | (view->part - 1)) + 1;
	/* If the end is past 2^64, no record is old enough. */
	oldest = end > view->bytes || end < tail ? end - view->bytes : 0;
	if (!(oldest & (view->bytes - 1)))
		oldest += view->first;
	return oldest < tail ? oldest : tail;
}

/* Copy a payload, of which a producer may be overwriting words. */
CPUSLAB_INLINE void cpuslab__ring_read(const cpuslab_word *record, void *buffer,
				       uint64_t bytes)
{
	uint64_t done, word;

	for (done = 0; done < bytes; done += 8) {
		cpuslab_port_preempt_point();
		word = cpuslab_load_acquire_u64(record + 1 + done / 8);
		memcpy((char *)buffer + done, &word,
		       bytes - done < 8 ? (size_t)(bytes - done) : 8);
	}
}

/**
 * cpuslab_ring_copy() - copy the next record while old ones are overwritten.
 * @view:    a view of a ring that overwrites its oldest records.
 * @at:      the position where it is looked for, cpuslab_ring_consumed() at
 *           first; moved past it.
 * @buffer:  [@size] set to the payload on CPUSLAB_OK.
 * @size:    of the buffer, in bytes.
 * @bytes:   of payload.
 * @skipped: increased by the bytes of records that were overwritten before
 *           they could be copied, and what lay between them.
 *
 * Consumers that do not consume have a position each. After its CPU was
 * released and has returned, a ring starts again, and so does a consumer that
 * consumes: it begins at cpuslab_ring_consumed() in each read section.
 *
 * Context: any.
 * Order:   acquire; sees what was written before the append.
 * Return:  CPUSLAB_OK; CPUSLAB_EMPTY if there is no further record yet;
 *          -CPUSLAB_EINVAL, with @bytes set, if the buffer is too small.
 */
CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_ring_copy(CPUSLAB_IN const struct cpuslab_ring_view *view,
		  CPUSLAB_INOUT uint64_t *at, CPUSLAB_IN_OPT void *buffer,
		  uint32_t size, CPUSLAB_OUT uint32_t *bytes,
		  CPUSLAB_INOUT uint64_t *skipped)
{
	for (;;) {
		uint64_t oldest = cpuslab__ring_oldest(view);
		uint64_t found, tail, next = *at;
		const cpuslab_word *record;
		bool fits;

		cpuslab_port_preempt_point();
		/* Not before the oldest: that could be later than this tail. */
		tail = cpuslab_ring_tail(view);
		if (next % 8) /* no position of this ring */
			next = cpuslab__ring_view_part(view, next);
		if (next < oldest)
			next = oldest;
		*skipped += next - *at;
		*at = next;
		if (next >= tail || tail >> 63) /* or is nonsense */
			return CPUSLAB_EMPTY;
		record = cpuslab__ring_view_at(view, next);
		cpuslab_port_preempt_point();
		/* [ring.overwrite] Pairs with cpuslab__ring_heads(). */
		found = cpuslab_load_acquire_u64(record);
		fits = cpuslab__ring_view_fits(view, next, found);
		if (fits)
			cpuslab__ring_read(record, buffer,
					   found < size ? found : size);
		cpuslab_port_preempt_point();
		if (*at < cpuslab__ring_oldest(view))
			continue; /* what was read may be of two records */
		if (!fits) {      /* what is left of a part, or no record */
			*at = cpuslab__ring_view_part(view, next);
			if (found != CPUSLAB__RING_SKIP)
				*skipped += *at - next;
			continue;
		}
		*bytes = (uint32_t)found;
		if (found > size)
			return -CPUSLAB_EINVAL;
		*at += cpuslab__ring_size(*bytes);
		return CPUSLAB_OK;
	}
}

CPUSLAB_END

/*
 * Synchronization:
 *   tail, consumed, copy   concurrently with everything
 *   next, consume          one consumer at a time
 */

#endif /* CPUSLAB_RING_VIEW_H */
