/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_OWNER_HPP
#define CPUSLAB_OWNER_HPP
/*
 * owner.hpp - owners of what the library creates, in C++; see cpuslab.hpp.
 */

#include <cpuslab/cpuslab.h>

#if CPUSLAB__CPLUSPLUS < 201703L
#error "cpuslab.hpp needs C++17; the headers of C do not"
#endif

#include <utility>
#if defined(__cpp_exceptions)
#include <exception>
#endif

/*
 * What is not inlined must not be shared with another plugin or library, which
 * may have a copy of cpuslab of its own, of another version; nor may it keep
 * this one loaded.
 */
#if defined(__GNUC__) && defined(__ELF__)
#define CPUSLAB__HIDDEN __attribute__((visibility("hidden")))
#else
#define CPUSLAB__HIDDEN
#endif
#if defined(__GNUC__)
#define CPUSLAB__HOT CPUSLAB__HIDDEN __attribute__((always_inline))
#else
#define CPUSLAB__HOT __forceinline
#endif

namespace cpuslab
{
/* Named after a function: prefix.sh then renames it as well. */
inline namespace cpuslab__copy
{

/** owner - what every owner has: what it holds, and whether that was made. */
template <class Held> class owner
{
public:
	/* 0, or what the function of C returned that was to make it. */
	[[nodiscard]] CPUSLAB__HOT int error() const noexcept
	{
		return error_;
	}
	CPUSLAB__HOT explicit operator bool() const noexcept
	{
		return !error_;
	}

protected:
	CPUSLAB__HIDDEN constexpr owner() noexcept = default;
	CPUSLAB__HIDDEN constexpr explicit owner(const Held &held) noexcept
		: held_(held)
	{
	}
	/* No copy. @other holds nothing from then on. */
	CPUSLAB__HIDDEN owner(owner &&other) noexcept
		: held_(std::exchange(other.held_, Held{})),
		  error_(std::exchange(other.error_, -CPUSLAB_EINVAL))
	{
	}
	CPUSLAB__HIDDEN void swap(owner &other) noexcept
	{
		std::swap(held_, other.held_);
		std::swap(error_, other.error_);
	}

	mutable Held held_{}; /* const is of the owner only */
	int error_ = CPUSLAB_OK;
};

/**
 * created - owns what a create function makes: domain, slab, hotplug.
 *
 * It may be moved, which leaves an owner of nothing. A temporary converts to no
 * pointer, which would be used after its end.
 */
template <auto create, auto destroy, class = decltype(create)> class created;

template <auto create, auto destroy, class S, class... A>
class created<create, destroy, int (*)(S **, A...)> : public owner<S *>
{
public:
	CPUSLAB__HIDDEN explicit created(A... arguments) noexcept
	{
		this->error_ = create(&this->held_, arguments...);
	}
	CPUSLAB__HIDDEN created(created &&other) noexcept = default;
	CPUSLAB__HIDDEN created &operator=(created &&other) noexcept
	{
		created next(std::move(other));

		this->swap(next);
		return *this;
	}
	CPUSLAB__HIDDEN ~created()
	{
		destroy(this->held_);
	}
	CPUSLAB__HOT operator S *() const &noexcept
	{
		return this->held_;
	}
	operator S *() const && = delete;
};

class domain : public created<cpuslab_domain_create, cpuslab_domain_destroy>
{
public:
	CPUSLAB__HIDDEN domain(domain &&) noexcept = default;
	CPUSLAB__HIDDEN domain &operator=(domain &&) noexcept = default;
	CPUSLAB__HIDDEN ~domain() = default;
	CPUSLAB__HIDDEN explicit domain(
		const cpuslab_domain_config *config = nullptr) noexcept
		: created(config)
	{
	}
};

class slab : public created<cpuslab_slab_create, cpuslab_slab_destroy>
{
public:
	CPUSLAB__HIDDEN slab(slab &&) noexcept = default;
	CPUSLAB__HIDDEN slab &operator=(slab &&) noexcept = default;
	CPUSLAB__HIDDEN ~slab() = default;
	CPUSLAB__HIDDEN explicit slab(
		cpuslab_domain *domain,
		const cpuslab_slab_config *config = nullptr) noexcept
		: created(domain, config)
	{
	}
};

/* Not on port sim, which has none. */
class hotplug : public created<cpuslab_hotplug_create, cpuslab_hotplug_destroy>
{
public:
	CPUSLAB__HIDDEN hotplug(hotplug &&) noexcept = default;
	CPUSLAB__HIDDEN hotplug &operator=(hotplug &&) noexcept = default;
	CPUSLAB__HIDDEN ~hotplug() = default;
	CPUSLAB__HIDDEN explicit hotplug(
		cpuslab_domain *domain,
		const cpuslab_hotplug_config *config = nullptr) noexcept
		: created(domain, config)
	{
	}
};

/**
 * placed - holds a struct that an init function sets up.
 *
 * It may be neither copied nor moved: the library keeps the addresses of most
 * of these structs or of what is in them, and other threads use all of them by
 * their address. Where one has to move, allocate it: std::make_unique<>.
 *
 * For a struct that has no name below: placed<cpuslab_percid_counter_init,
 * cpuslab_percid_counter_fini>.
 */
template <auto init, auto fini, class = decltype(init)> class placed;

template <auto init, auto fini, class S, class... A>
class placed<init, fini, int (*)(S *, A...)> : public owner<S>
{
public:
	CPUSLAB__HIDDEN explicit placed(A... arguments) noexcept
	{
		this->error_ = init(&this->held_, arguments...);
	}
	placed(placed &&) = delete;
	CPUSLAB__HIDDEN ~placed()
	{
		fini(&this->held_);
	}
	CPUSLAB__HOT operator S *() const &noexcept
	{
		return &this->held_;
	}
	operator S *() const && = delete;

protected:
	using owner<S>::owner;
};

/**
 * counter - a counter in a slab; or a named one, which needs no setup.
 *
 * A named one is initialised at compile time, so that constructors of static
 * objects may use it. At its end it gives up its copies: do not use it in a
 * thread that goes on after main(), or in a destructor that may run later. For
 * these define a cpuslab_counter, by CPUSLAB_COUNTER_INIT(): it never ends.
 */
class counter : public placed<cpuslab_counter_init, cpuslab_counter_fini>
{
public:
	CPUSLAB__HIDDEN ~counter() = default;
	CPUSLAB__HIDDEN constexpr explicit counter(const char *name) noexcept
		: placed(cpuslab_counter CPUSLAB_COUNTER_INIT(name))
	{
	}
	CPUSLAB__HIDDEN explicit counter(cpuslab_slab *slab) noexcept
		: placed(slab)
	{
	}
	CPUSLAB__HOT int add(uint64_t value) const
	{
		return cpuslab_counter_add(&held_, value);
	}
	[[nodiscard]] CPUSLAB__HOT uint64_t sum() const
	{
		return cpuslab_counter_sum(&held_);
	}
};

/** gauge - a gauge in a slab; or a named one, as a counter. */
class gauge : public placed<cpuslab_gauge_init, cpuslab_gauge_fini>
{
public:
	CPUSLAB__HIDDEN ~gauge() = default;
	CPUSLAB__HIDDEN constexpr explicit gauge(const char *name) noexcept
		: placed(cpuslab_gauge CPUSLAB_GAUGE_INIT(name))
	{
	}
	CPUSLAB__HIDDEN explicit gauge(cpuslab_slab *slab) noexcept
		: placed(slab)
	{
	}
	CPUSLAB__HOT int add(uint64_t value) const
	{
		return cpuslab_gauge_add(&held_, value);
	}
	CPUSLAB__HOT int sub(uint64_t value) const
	{
		return cpuslab_gauge_sub(&held_, value);
	}
	[[nodiscard]] CPUSLAB__HOT int64_t sum() const
	{
		return cpuslab_gauge_sum(&held_);
	}
};

/* The arguments are those of the init function, without the first. */
using approx = placed<cpuslab_approx_init, cpuslab_approx_fini>;
using cache = placed<cpuslab_cache_init, cpuslab_cache_fini>;
using histogram = placed<cpuslab_histogram_init, cpuslab_histogram_fini>;
using log = placed<cpuslab_log_init, cpuslab_log_fini>;
using log_rotating =
	placed<cpuslab_log_rotating_init, cpuslab_log_rotating_fini>;
using mailbox = placed<cpuslab_mailbox_init, cpuslab_mailbox_fini>;
using refcount = placed<cpuslab_refcount_init, cpuslab_refcount_fini>;
using ring = placed<cpuslab_ring_init, cpuslab_ring_fini>;
using stack = placed<cpuslab_stack_init, cpuslab_stack_fini>;
using steering = placed<cpuslab_steering_init, cpuslab_steering_fini>;
using workers = placed<cpuslab_workers_init, cpuslab_workers_fini>;

namespace detail
{

/* Set up and register a client; @ops: outlives it. */
CPUSLAB__HIDDEN inline int client_init(cpuslab_client *client,
				       cpuslab_domain *domain,
				       const cpuslab_client_ops *ops,
				       const char *name, void *arg,
				       int32_t order)
{
	client->ops = ops;
	client->name = name;
	client->arg = arg;
	client->order = order;
	return cpuslab_client_init(client, domain);
}

} // namespace detail

/* client(domain, &ops, name, arg, order) */
using client = placed<detail::client_init, cpuslab_client_fini>;

/* The first error of several owners, in this order; 0 if all are there. */
template <class... Owners>
[[nodiscard]] CPUSLAB__HIDDEN int first_error(const Owners &...owners) noexcept
{
	int error = CPUSLAB_OK;

	(void)(... && !(error = owners.error()));
	return error;
}

#if defined(__cpp_exceptions)
/** error - what require() throws. */
class error : public std::exception
{
public:
	explicit error(int result) noexcept : result_(result)
	{
	}
	const char *what() const noexcept override
	{
		return cpuslab_strerror(result_);
	}
	/* What the C function returned. */
	int result() const noexcept
	{
		return result_;
	}

private:
	int result_;
};

/* Throw the first error of several owners, if there is one. */
template <class... Owners> CPUSLAB__HIDDEN void require(const Owners &...owners)
{
	if (int result = first_error(owners...))
		throw error(result);
}
#endif

} // namespace cpuslab__copy
} // namespace cpuslab

#endif /* CPUSLAB_OWNER_HPP */
