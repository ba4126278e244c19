/* SPDX-License-Identifier: MIT */
/*
 * portable_perform.h - do a call of portable_reference.h by the port's
 * operations and their slow path, as the public functions do.
 *
 * No guard: it is included for each way to find a copy. Before,
 *
 *	OPS_NAME(name)	names a function
 *	OPS_PORT(name)	is the port's operation
 *	OPS_HANDLE	is the type of its handle
 *	OPS_COPIES(h)	is the handle of the slow path
 *
 * An operation on a magazine has none; it returns CPUSLAB_MISS.
 */

#define OPS_UPDATE_BY(op)                                                      \
	case OPS_UPDATE + (op):                                                \
		result = OPS_PORT(update)(handle, call->offset, (op), value,   \
					  found);                              \
		return result == CPUSLAB_MISS ?                                \
			       cpuslab__slow_update(copies, call->offset,      \
						    (op), value, found) :      \
			       result

CPUSLAB_INLINE int OPS_NAME(word)(const OPS_HANDLE *handle,
				  const struct ops_call *call, uint64_t expect,
				  uint64_t value, uint64_t *found)
{
	const struct cpuslab_percpu *copies = OPS_COPIES(handle);
	size_t at = call->offset;
	int result;

	switch ((int)call->kind) {
	case OPS_ADD:
		result = OPS_PORT(add)(handle, at, value);
		return result ? cpuslab__slow_add(copies, at, value) : result;
	case OPS_ADD_IF:
		result = OPS_PORT(add_if)(handle, at, expect, value);
		return result == CPUSLAB_MISS ?
			       cpuslab__slow_add_if(copies, at, expect, value) :
			       result;
	case OPS_ADD_BELOW:
		result = OPS_PORT(add_below)(handle, at, expect, value);
		return result == CPUSLAB_MISS ?
			       cpuslab__slow_add_below(copies, at, expect,
						       value) :
			       result;
	case OPS_CMPSTORE:
		result = OPS_PORT(cmpstore)(handle, at, expect, value);
		return result == CPUSLAB_MISS ?
			       cpuslab__slow_cmpstore(copies, at, expect,
						      value) :
			       result;
		OPS_UPDATE_BY(CPUSLAB__WORD_LOAD);
		OPS_UPDATE_BY(CPUSLAB__WORD_ADD);
		OPS_UPDATE_BY(CPUSLAB__WORD_EXCHANGE);
		OPS_UPDATE_BY(CPUSLAB__WORD_OR);
		OPS_UPDATE_BY(CPUSLAB__WORD_AND);
		OPS_UPDATE_BY(CPUSLAB__WORD_MAX);
		OPS_UPDATE_BY(CPUSLAB__WORD_MIN);
	default:
		return -CPUSLAB_EINVAL;
	}
}

CPUSLAB_INLINE int OPS_NAME(section)(const OPS_HANDLE *handle,
				     const struct ops_call *call,
				     uint64_t expect, uint64_t value,
				     uint32_t bytes)
{
	bool copies = call->kind == OPS_COMMIT_COPY;
	int64_t distance = (int64_t)call->other - (int64_t)call->offset;
	struct cpuslab__commit commit = { 0 };
	int result;

	commit.expect = expect;
	commit.value = value;
	commit.other = copies ? 0 : distance;
	commit.other_expect = copies ? expect : call->other_expect;
	commit.to = copies ? distance : 0;
	commit.data = copies ? call->outside->data : NULL;
	commit.bytes = copies ? bytes : 0;
	result = OPS_PORT(commit)(handle, call->offset, &commit);
	return result == CPUSLAB_MISS ?
		       cpuslab__slow_commit(OPS_COPIES(handle), call->offset,
					    &commit) :
		       result;
}

CPUSLAB_INLINE int OPS_NAME(record)(const OPS_HANDLE *handle,
				    const struct ops_call *call, uint32_t bytes)
{
	const void *data = call->outside->data;
	struct cpuslab_ring ring = { 0 };
	int result;

	if (call->kind == OPS_APPEND) {
		result = OPS_PORT(append)(handle, call->offset, data, bytes,
					  call->capacity);
		return result == CPUSLAB_MISS ?
			       cpuslab__slow_append(OPS_COPIES(handle),
						    call->offset, data, bytes,
						    call->capacity) :
			       result;
	}
	ring.handle = *OPS_COPIES(handle);
	ring.shape = call->shape;
	ring.tail = (uint32_t)call->offset;
	ring.max_record = OPS_DATA;
	result = OPS_PORT(ring_append)(handle, call->offset, &ring.shape, data,
				       bytes);
	return result ? cpuslab__slow_ring_append(&ring, data, bytes, result) :
			result;
}

CPUSLAB_INLINE int OPS_NAME(node)(const OPS_HANDLE *handle,
				  const struct ops_call *call, uint64_t *found)
{
	struct ops_node *node = &call->outside->node;
	void *given = (void *)(uintptr_t)call->value, *taken = NULL;
	size_t at = call->offset;
	int result;

	switch ((int)call->kind) {
	case OPS_PUSH:
		result = OPS_PORT(push)(handle, at, node);
		return result ? cpuslab__slow_push(OPS_COPIES(handle), at,
						   (void *)node) :
				result;
	case OPS_POP:
		result = OPS_PORT(pop)(handle, at, &taken);
		if (result)
			taken = cpuslab__slow_pop(OPS_COPIES(handle), at,
						  result);
		result = taken ? CPUSLAB_OK : CPUSLAB_EMPTY;
		break;
	case OPS_MAGAZINE_POP:
		result = OPS_PORT(magazine_pop)(handle, at, &taken);
		break;
	default:
		return OPS_PORT(magazine_push)(handle, at, given, OPS_ROUNDS);
	}
	*found = (uintptr_t)taken;
	return result;
}

CPUSLAB_INLINE int OPS_NAME(each)(const OPS_HANDLE *handle,
				  const struct ops_call *call, uint64_t expect,
				  uint64_t value, uint32_t bytes,
				  uint64_t *found)
{
	if (call->kind < OPS_COMMIT)
		return OPS_NAME(word)(handle, call, expect, value, found);
	if (call->kind == OPS_COMMIT)
		return OPS_NAME(section)(handle, call, expect, value, 0);
	if (call->kind == OPS_COMMIT_COPY)
		return OPS_NAME(section)(handle, call, expect, value, bytes);
	if (call->kind == OPS_APPEND || call->kind == OPS_RING_APPEND)
		return OPS_NAME(record)(handle, call, bytes);
	return OPS_NAME(node)(handle, call, found);
}

/* *@found is what it returned with its result; see struct ops_effect. */
static int OPS_NAME(perform)(const OPS_HANDLE *handle,
			     const struct ops_call *call, uint64_t *found)
{
	*found = 0;
	if (call->constant)
		return OPS_NAME(each)(handle, call, OPS_CONSTANT_EXPECT,
				      OPS_CONSTANT_VALUE, OPS_CONSTANT_BYTES,
				      found);
	return OPS_NAME(each)(handle, call, call->expect, call->value,
			      call->bytes, found);
}

#undef OPS_UPDATE_BY
