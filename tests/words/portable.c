/* SPDX-License-Identifier: MIT */
/*
 * portable.c - each operation of words.h happens exactly once.
 */
#include "portable/portable.h"
#include "words/portable_exact.h"

static struct cpuslab_percpu words_handle;
static struct words_account *words_accounts; /* [actor]; W actor */

static int words_start(void)
{
	uint32_t i;
	int err;

	words_accounts =
		portable_array(structures.actors, 1, sizeof(*words_accounts));
	if (!words_accounts)
		return -CPUSLAB_ENOMEM;
	for (i = 0; i < structures.actors; i++)
		words_account_init(&words_accounts[i]);
	err = cpuslab_alloc(structures.slab, &words_type, &words_handle);
	if (err)
		cpuslab_port_free(words_accounts);
	return err;
}

static void words_act(const struct portable_actor *actor)
{
	if (!words_step(&words_handle, &words_accounts[actor->id], actor->id))
		portable_wrong("an operation on a word failed");
}

static const char *words_stop(bool used)
{
	struct words_account all;
	const char *wrong;
	uint32_t i;

	(void)used;
	words_account_init(&all);
	for (i = 0; i < structures.actors; i++)
		words_account_merge(&all, &words_accounts[i]);
	wrong = words_wrong(&words_handle, &all);
	cpuslab_free(structures.slab, &words_handle);
	cpuslab_port_free(words_accounts);
	return wrong;
}

const struct portable_part portable_words = {
	.start = words_start,
	.step = words_act,
	.stop = words_stop,
};
