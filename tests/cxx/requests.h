/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CXX_REQUESTS_H
#define TESTS_CXX_REQUESTS_H
/*
 * requests.h - an object that counts how many copies were made and ended.
 */

#include <cpuslab/cpuslab.hpp>

struct requests : cpuslab::type {
	static constexpr const char *name = "requests";
	static constexpr uint32_t counters = 2;
	static constexpr uint32_t flags = CPUSLAB_TYPE_DISCARD;

	cpuslab_word served;
	cpuslab_word failed;
	cpuslab_word slots[4];
	cpuslab_word slowest;
	cpuslab_word fastest = UINT64_MAX;

	static inline unsigned int made, ended; /* W with the slab's mutex */

	static int construct(requests &copy, uint32_t cpu, void *arg) noexcept
	{
		(void)cpu;
		(void)arg;
		if (copy.served || copy.fastest != UINT64_MAX)
			return -CPUSLAB_EINVAL;
		made++;
		return CPUSLAB_OK;
	}
	static void destroy(requests &copy, uint32_t cpu, void *arg) noexcept
	{
		(void)copy;
		(void)cpu;
		(void)arg;
		ended++;
	}
};

#endif /* TESTS_CXX_REQUESTS_H */
