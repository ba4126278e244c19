/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_HPP
#define CPUSLAB_HPP
/*
 * cpuslab.hpp - the C API in C++17: owners, which free what they have set up,
 * and operations on members of your own type.
 *
 *	static cpuslab::counter hits{"hits"};	// needs no setup
 *
 *	cpuslab::domain domain;
 *	cpuslab::slab slab(domain);
 *	cpuslab::stack stack(slab);
 *
 *	if (int err = cpuslab::first_error(domain, slab, stack))
 *		return err;
 *	cpuslab_stack_push(stack, node);
 *
 * An owner converts to the pointer that the functions of C take, so this header
 * repeats few of them. The others, their contexts and what they return are in
 * the headers of C; "const" is of the owner, as of a std::unique_ptr, and not
 * of what it owns.
 *
 * Errors: no constructor throws. An owner whose init or create has failed is
 * safe and does nothing, as in C, and so does an owner that was made from it;
 * error() and first_error() return the reason. Where exceptions are on,
 * require() throws it:
 *
 *	class server {
 *		cpuslab::domain domain;
 *		cpuslab::slab slab{domain};
 *		cpuslab::counter hits{slab};
 *	public:
 *		server() { cpuslab::require(domain, slab, hits); }
 *	};
 *
 * Owners are destroyed in reverse order, so declare a slab after its domain,
 * and what lies in a slab after the slab.
 *
 * Not for structs that C code shares, for which use those of C; both work in
 * the same program.
 */

#include <cpuslab/owner.hpp>
#include <cpuslab/percpu.hpp>
#include <cpuslab/read.hpp>

/*
 * Synchronization:
 *   methods                  as the functions of C that they call
 *   making, moving, ending   the caller excludes every other call
 */

#endif /* CPUSLAB_HPP */
