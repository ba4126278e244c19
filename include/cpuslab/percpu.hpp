/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_PERCPU_HPP
#define CPUSLAB_PERCPU_HPP
/*
 * percpu.hpp - objects of your own type in C++; see cpuslab.hpp.
 */

#include <cpuslab/owner.hpp>
#include <cpuslab/read.hpp>

#include <type_traits>

namespace cpuslab
{
inline namespace cpuslab__copy
{

/**
 * type - what the copies of an object consist of: struct cpuslab_type.
 *
 * The object's own struct derives from it, or another one does:
 *
 *	struct requests : cpuslab::type {
 *		static constexpr const char *name = "requests";
 *		static constexpr uint32_t counters = 2; // served, failed
 *		cpuslab_word served;
 *		cpuslab_word failed;
 *		cpuslab_word slowest;
 *
 *		static int drain(requests &from, requests &shared,
 *				 uint32_t cpu, void *arg) noexcept;
 *	};
 *
 * All but the name may be left out. construct, destroy and drain are ctor, dtor
 * and drain of C: static functions, or in another struct constant lambdas.
 * A copy starts as an object{} does: as zeros, or as its initialisers say. For
 * counters that is 0.
 *
 * An object with a member that is called as one of these, as a head or flags,
 * is described by another struct.
 */
struct type {
	static constexpr const char *name = nullptr;
	static constexpr uint32_t counters = 0;
	static constexpr uint32_t flags = 0;
	static constexpr uint32_t head = 0;
	/* int (object &copy, uint32_t cpu, void *arg) noexcept */
	static constexpr decltype(nullptr) construct = nullptr;
	/* void (object &copy, uint32_t cpu, void *arg) noexcept */
	static constexpr decltype(nullptr) destroy = nullptr;
	/* int (object &from, object &to, uint32_t cpu, void *arg) noexcept */
	static constexpr decltype(nullptr) drain = nullptr;
};

namespace detail
{

/* Can a T be a per-CPU object, described by Type? */
template <class T, class Type> constexpr bool is_object() noexcept
{
	static_assert(std::is_base_of_v<type, Type>,
		      "cpuslab: the object, or the struct that describes it, "
		      "derives from cpuslab::type");
	static_assert(Type::name != nullptr,
		      "cpuslab: a type has a name, for messages");
	static_assert(std::is_trivially_copyable_v<T>,
		      "cpuslab: copies are made and compared as bytes, so the "
		      "object must be trivially copyable");
	static_assert(std::is_standard_layout_v<T>,
		      "cpuslab: members are found by their offsets, so the "
		      "object must have standard layout");
	static_assert(alignof(T) % sizeof(uint64_t) == 0,
		      "cpuslab: operations are on words of 64 bits, aligned: "
		      "give the object members of the type cpuslab_word");
	static_assert(alignof(T) <= 4096,
		      "cpuslab: an object is aligned to a page at most");
	static_assert(Type::counters <= sizeof(T) / sizeof(uint64_t),
		      "cpuslab: the object has fewer words than counters");
	return true;
}

/* The callbacks, with the types of C. */
template <class T, class Type> struct callbacks {
	CPUSLAB__HIDDEN static int construct(void *object, uint32_t cpu,
					     void *arg) noexcept
	{
		return Type::construct(*static_cast<T *>(object), cpu, arg);
	}
	CPUSLAB__HIDDEN static void destroy(void *object, uint32_t cpu,
					    void *arg) noexcept
	{
		Type::destroy(*static_cast<T *>(object), cpu, arg);
	}
	CPUSLAB__HIDDEN static int drain(void *object, void *shared,
					 uint32_t cpu, void *arg) noexcept
	{
		return Type::drain(*static_cast<T *>(object),
				   *static_cast<T *>(shared), cpu, arg);
	}
};

/* What a copy starts as, where that is not zeros. */
template <class T> CPUSLAB__HIDDEN inline constexpr T initial{};

template <class T, class Type> constexpr cpuslab_type make_type() noexcept
{
	cpuslab_type made{};

	static_assert(is_object<T, Type>());
	made.name = Type::name;
	made.size = sizeof(T);
	made.align = alignof(T);
	made.counters = Type::counters;
	made.flags = Type::flags;
	made.head = Type::head;
	if constexpr (!std::is_trivially_default_constructible_v<T>)
		made.image = &initial<T>;
	if constexpr (!std::is_null_pointer_v<decltype(Type::construct)>) {
		static_assert(noexcept(Type::construct(std::declval<T &>(), 0u,
						       made.arg)),
			      "cpuslab: construct must be noexcept");
		made.ctor = callbacks<T, Type>::construct;
	}
	if constexpr (!std::is_null_pointer_v<decltype(Type::destroy)>) {
		static_assert(noexcept(Type::destroy(std::declval<T &>(), 0u,
						     made.arg)),
			      "cpuslab: destroy must be noexcept");
		made.dtor = callbacks<T, Type>::destroy;
	}
	if constexpr (!std::is_null_pointer_v<decltype(Type::drain)>) {
		static_assert(noexcept(Type::drain(std::declval<T &>(),
						   std::declval<T &>(), 0u,
						   made.arg)),
			      "cpuslab: drain must be noexcept");
		made.drain = callbacks<T, Type>::drain;
	}
	return made;
}

} // namespace detail

/* For a type with an arg: copy it, and set arg. */
template <class T, class Type = T>
CPUSLAB__HIDDEN inline constexpr cpuslab_type
	type_of = detail::make_type<T, Type>();

/* Bytes, of a member within an object. */
template <class T, class M>
CPUSLAB__HOT inline size_t offset(M T::*member) noexcept
{
	static_assert(sizeof(M) % sizeof(uint64_t) == 0,
		      "cpuslab: operations are on words of 64 bits: give the "
		      "member the type cpuslab_word");
	/* No object is needed, and none is accessed. */
	const T *at = reinterpret_cast<const T *>(alignof(T));

	return reinterpret_cast<uintptr_t>(&(at->*member)) -
	       reinterpret_cast<uintptr_t>(at);
}

/* A member of 64 bits of a T, or an element of an array: {&T::words, 3}. */
template <class T> class word
{
public:
	CPUSLAB__HOT word(uint64_t T::*member) noexcept
		: offset(cpuslab::offset(member))
	{
		/* Not every machine aligns a uint64_t: cpuslab_word is. */
		cpuslab_assert(!(offset % sizeof(uint64_t)));
	}
	template <size_t count>
	CPUSLAB__HOT word(uint64_t (T::*array)[count], size_t index) noexcept
		: offset(cpuslab::offset(array) + index * sizeof(uint64_t))
	{
		cpuslab_assert(!(offset % sizeof(uint64_t)) && index < count);
	}
	/* No member. An offset of 0, as in C, would be taken for that. */
	word(decltype(nullptr)) = delete;

	const size_t offset; /* bytes */
};

/**
 * copies - all copies of an object: of each CPU that has one, then the shared
 * one; a read section to its end.
 *
 * Read their words by cpuslab_load_acquire_u64(): the CPUs go on writing.
 */
template <class T> class [[nodiscard]] copies
{
public:
	struct entry {
		uint32_t cpu; /* or CPUSLAB_SHARED */
		const T &copy;
	};
	class iterator
	{
	public:
		CPUSLAB__HOT explicit iterator(
			const cpuslab_percpu *handle) noexcept
			: handle_(handle)
		{
			++*this;
		}
		CPUSLAB__HOT entry operator*() const noexcept
		{
			return { cpu_, *copy_ };
		}
		CPUSLAB__HOT iterator &operator++() noexcept
		{
			copy_ = static_cast<const T *>(
				cpuslab__copy_next(handle_, &cpu_));
			return *this;
		}
		CPUSLAB__HOT bool operator!=(walk_end) const noexcept
		{
			return copy_ != nullptr;
		}

	private:
		const cpuslab_percpu *handle_;
		const T *copy_ = nullptr;
		uint32_t cpu_ = CPUSLAB_NO_CPU;
	};

	CPUSLAB__HOT explicit copies(const cpuslab_percpu *handle) noexcept
		: handle_(handle)
	{
	}
	CPUSLAB__HIDDEN ~copies() = default;
	CPUSLAB__HOT iterator begin() const noexcept
	{
		return iterator(handle_);
	}
	CPUSLAB__HOT walk_end end() const noexcept
	{
		return {};
	}

private:
	read_section section_;
	const cpuslab_percpu *handle_;
};

/**
 * percpu - owns an object of which each CPU has a copy, a T.
 *
 *	cpuslab::percpu<requests> all(slab);
 *
 *	all.add(&requests::served, 1);
 *	cpuslab_max(all, cpuslab::offset(&requests::slowest), us);
 *
 * @Type: what derives from cpuslab::type, where that is not T itself.
 *
 * It may be moved, which leaves an owner of nothing, while no other thread uses
 * it. What the operations do, and in which contexts, is in ops.h and words.h.
 * They throw nothing, but are not declared noexcept, for which compilers would
 * add code to the call of a slow path.
 */
template <class T, class Type = T> class percpu : public owner<cpuslab_percpu>
{
public:
	CPUSLAB__HIDDEN explicit percpu(cpuslab_slab *slab) noexcept
		: percpu(slab, type_of<T, Type>)
	{
	}
	/* @type: of a T or more; must outlive the object. */
	CPUSLAB__HIDDEN percpu(cpuslab_slab *slab,
			       const cpuslab_type &type) noexcept
		: slab_(slab)
	{
		static_assert(detail::is_object<T, Type>());
		cpuslab_assert(type.size >= sizeof(T));
		error_ = cpuslab_alloc(slab, &type, &held_);
	}
	percpu(cpuslab_slab *slab, const cpuslab_type &&type) = delete;
	CPUSLAB__HIDDEN percpu(percpu &&other) noexcept = default;
	CPUSLAB__HIDDEN percpu &operator=(percpu &&other) noexcept
	{
		percpu next(std::move(other));

		swap(next);
		std::swap(slab_, next.slab_);
		return *this;
	}
	CPUSLAB__HIDDEN ~percpu()
	{
		cpuslab_free(slab_, &held_);
	}

	CPUSLAB__HOT operator const cpuslab_percpu *() const &noexcept
	{
		return &held_;
	}
	operator const cpuslab_percpu *() const && = delete;

	CPUSLAB__HOT int add(word<T> at, uint64_t value) const
	{
		return cpuslab_add(&held_, at.offset, value);
	}
	[[nodiscard]] CPUSLAB__HOT int add_below(word<T> at, uint64_t bound,
						 uint64_t value) const
	{
		return cpuslab_add_below(&held_, at.offset, bound, value);
	}
	[[nodiscard]] CPUSLAB__HOT int load(word<T> at, uint64_t &value) const
	{
		return cpuslab_load(&held_, at.offset, &value);
	}
	[[nodiscard]] CPUSLAB__HOT int load_add(word<T> at, uint64_t value,
						uint64_t &old) const
	{
		return cpuslab_load_add(&held_, at.offset, value, &old);
	}
	[[nodiscard]] CPUSLAB__HOT int exchange(word<T> at, uint64_t value,
						uint64_t &old) const
	{
		return cpuslab_exchange(&held_, at.offset, value, &old);
	}
	[[nodiscard]] CPUSLAB__HOT int cmpstore(word<T> at, uint64_t expect,
						uint64_t value) const
	{
		return cpuslab_cmpstore(&held_, at.offset, expect, value);
	}
	/* Of one of the words that Type::counters says are only added to. */
	[[nodiscard]] CPUSLAB__HOT uint64_t sum(word<T> at) const
	{
		cpuslab_assert(at.offset / sizeof(uint64_t) < Type::counters);
		return cpuslab_sum(&held_, at.offset);
	}
	[[nodiscard]] CPUSLAB__HOT cpuslab::copies<T> copies() const &noexcept
	{
		return cpuslab::copies<T>(&held_);
	}
	/* A temporary would end before the loop over its copies. */
	cpuslab::copies<T> copies() const && = delete;

	/*
	 * Free the object after a grace period: a thread that has found it in a
	 * read section may use its copies until that section ends.
	 */
	CPUSLAB__HIDDEN int free_rcu() noexcept
	{
		int result = cpuslab_free_rcu(slab_, &held_);

		if (!result) {
			held_ = cpuslab_percpu{};
			error_ = -CPUSLAB_EINVAL;
		}
		return result;
	}

private:
	cpuslab_slab *slab_;
};

} // namespace cpuslab__copy
} // namespace cpuslab

#endif /* CPUSLAB_PERCPU_HPP */
