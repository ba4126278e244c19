/* SPDX-License-Identifier: MIT */
/*
 * portable.c - no record is lost, torn or taken twice.
 */
#include "portable/portable.h"
#include "section/portable_buffer.h"

static struct cpuslab_percpu section_handle;
static struct buffer_account *section_accounts; /* [actor]; W actor */

static int section_start(void)
{
	int err;

	section_accounts =
		portable_array(structures.actors, 1, sizeof(*section_accounts));
	if (!section_accounts)
		return -CPUSLAB_ENOMEM;
	err = cpuslab_alloc(structures.slab, &buffer_type, &section_handle);
	if (err)
		cpuslab_port_free(section_accounts);
	return err;
}

static void section_act(const struct portable_actor *actor)
{
	if (!buffer_step(&section_handle, &section_accounts[actor->id],
			 actor->id))
		portable_wrong("a section over several words failed");
}

static const char *section_stop(bool used)
{
	struct buffer_account all = { 0 };
	bool exact;
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		buffer_account_merge(&all, &section_accounts[i]);
	exact = buffer_is_exact(&section_handle, &all);
	if (used && !all.puts && !cpuslab_port_uses_atomics())
		portable_wrong("no section over several words succeeded");
	cpuslab_free(structures.slab, &section_handle);
	cpuslab_port_free(section_accounts);
	return exact ? NULL : "a section over several words lost a record";
}

const struct portable_part portable_section = {
	.start = section_start,
	.step = section_act,
	.stop = section_stop,
};
