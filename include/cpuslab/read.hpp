/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_READ_HPP
#define CPUSLAB_READ_HPP
/*
 * read.hpp - read sections and CPU masks in C++; see cpuslab.hpp.
 */

#include <cpuslab/owner.hpp>

namespace cpuslab
{
inline namespace cpuslab__copy
{

/**
 * read_section - a read section, to the end of its block.
 *
 * It must end in the thread in which it began: not in a coroutine that may
 * resume in another one.
 */
class read_section
{
public:
	[[nodiscard]] CPUSLAB__HOT read_section() noexcept
	{
		cpuslab_read_enter();
	}
	read_section(const read_section &) = delete;
	read_section &operator=(const read_section &) = delete;
	CPUSLAB__HOT ~read_section()
	{
		cpuslab_read_exit();
	}
};

/* The end of a walk, for a range-based for. */
struct walk_end {
};

/**
 * cpumask - the newest snapshot of a domain's CPUs; a read section to its end.
 *
 *	for (uint32_t cpu : cpuslab::cpumask(domain))
 *		...
 */
class [[nodiscard]] cpumask
{
public:
	class iterator
	{
	public:
		CPUSLAB__HOT explicit iterator(
			const cpuslab_cpumask *mask) noexcept
			: mask_(mask), cpu_(cpuslab_cpumask_next(mask, 0))
		{
		}
		CPUSLAB__HOT uint32_t operator*() const noexcept
		{
			return cpu_;
		}
		CPUSLAB__HOT iterator &operator++() noexcept
		{
			cpu_ = cpuslab_cpumask_next(mask_, cpu_ + 1);
			return *this;
		}
		CPUSLAB__HOT bool operator!=(walk_end) const noexcept
		{
			return cpu_ != CPUSLAB_NO_CPU;
		}

	private:
		const cpuslab_cpumask *mask_;
		uint32_t cpu_;
	};

	CPUSLAB__HOT explicit cpumask(const cpuslab_domain *domain) noexcept
		: mask_(cpuslab_cpumask_get(domain))
	{
	}
	cpumask(const cpumask &) = delete;
	cpumask &operator=(const cpumask &) = delete;
	CPUSLAB__HOT ~cpumask()
	{
		cpuslab_cpumask_put(mask_);
	}
	CPUSLAB__HOT operator const cpuslab_cpumask *() const &noexcept
	{
		return mask_;
	}
	operator const cpuslab_cpumask *() const && = delete;
	CPUSLAB__HOT iterator begin() const noexcept
	{
		return iterator(mask_);
	}
	CPUSLAB__HOT walk_end end() const noexcept
	{
		return {};
	}

private:
	const cpuslab_cpumask *mask_;
};

} // namespace cpuslab__copy
} // namespace cpuslab

#endif /* CPUSLAB_READ_HPP */
