// SPDX-License-Identifier: MIT
/*
 * exports.c - the symbols that cpuslab.ko exports: the public interface and
 * what its inline functions call. GPL only, because the library itself uses
 * symbols that are (call_rcu, alloc_percpu, the cpuhp instances).
 */
#include <linux/export.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/gfp.h>
#include <cpuslab/import.h>
#include <cpuslab/percpu_ptr.h>
#include <cpuslab/ring_file.h>
#include <cpuslab/static.h>
#include <cpuslab/workers_thread.h>

/*
 * Not by DEFAULT_SYMBOL_NAMESPACE: some kernels of 6.12 want it with quotes,
 * others without.
 */
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(sym) EXPORT_SYMBOL_NS_GPL(sym, CPUSLAB__NAMESPACE)

/* percpu_ptr.h */
EXPORT_PER_CPU_SYMBOL_GPL(cpuslab__own_none);

/* base.h */
EXPORT_SYMBOL_GPL(cpuslab_strerror);
EXPORT_SYMBOL_GPL(cpuslab__assert_failed);

/* client.h */
EXPORT_SYMBOL_GPL(cpuslab_client_init);
EXPORT_SYMBOL_GPL(cpuslab_client_fini);

/* counter.h */
EXPORT_SYMBOL_GPL(cpuslab_counter_init);
EXPORT_SYMBOL_GPL(cpuslab_counter_init_many);
EXPORT_SYMBOL_GPL(cpuslab_counter_fini_many);
EXPORT_SYMBOL_GPL(cpuslab_counter_fini);
EXPORT_SYMBOL_GPL(cpuslab_counter_sum);

/* cpumask.h */
EXPORT_SYMBOL_GPL(cpuslab_cpumask_get);
EXPORT_SYMBOL_GPL(cpuslab_cpumask_put);
EXPORT_SYMBOL_GPL(cpuslab_cpumask_generation);
EXPORT_SYMBOL_GPL(cpuslab_cpumask_count);
EXPORT_SYMBOL_GPL(cpuslab_cpumask_has);
EXPORT_SYMBOL_GPL(cpuslab_cpumask_next);

/* default.h */
EXPORT_SYMBOL_GPL(cpuslab_default);
EXPORT_SYMBOL_GPL(cpuslab_default_destroy);

/* domain.h */
EXPORT_SYMBOL_GPL(cpuslab__domain_is_held);
EXPORT_SYMBOL_GPL(cpuslab__domain_keeps_hotplug);
EXPORT_SYMBOL_GPL(cpuslab_domain_create);
EXPORT_SYMBOL_GPL(cpuslab_domain_close);
EXPORT_SYMBOL_GPL(cpuslab_domain_destroy);
EXPORT_SYMBOL_GPL(cpuslab_domain_add_start);
EXPORT_SYMBOL_GPL(cpuslab_domain_add_complete);
EXPORT_SYMBOL_GPL(cpuslab_domain_add_failure);
EXPORT_SYMBOL_GPL(cpuslab_domain_remove);
EXPORT_SYMBOL_GPL(cpuslab_domain_resync);
EXPORT_SYMBOL_GPL(cpuslab_domain_trim);
EXPORT_SYMBOL_GPL(cpuslab_domain_refused);
EXPORT_SYMBOL_GPL(cpuslab_domain_limit);
EXPORT_SYMBOL_GPL(cpuslab_domain_name);
EXPORT_SYMBOL_GPL(cpuslab_domain_flags);
EXPORT_SYMBOL_GPL(cpuslab_domain_ignored);
EXPORT_SYMBOL_GPL(cpuslab_domain_check);

/* gauge.h */
EXPORT_SYMBOL_GPL(cpuslab_gauge_init);
EXPORT_SYMBOL_GPL(cpuslab_gauge_fini);
EXPORT_SYMBOL_GPL(cpuslab_gauge_bounds);
EXPORT_SYMBOL_GPL(cpuslab_gauge_sum);

/* gfp.h */
EXPORT_SYMBOL_GPL(cpuslab_alloc_gfp);

/* group.h */
EXPORT_SYMBOL_GPL(cpuslab_group_map_check);
EXPORT_SYMBOL_GPL(cpuslab_group_to_cpu);
EXPORT_SYMBOL_GPL(cpuslab_group_from_cpu);

/* log.h */
EXPORT_SYMBOL_GPL(cpuslab__slow_append);
EXPORT_SYMBOL_GPL(cpuslab_log_init);
EXPORT_SYMBOL_GPL(cpuslab_log_fini);
EXPORT_SYMBOL_GPL(cpuslab_log_read);

/* log_rotating.h */
EXPORT_SYMBOL_GPL(cpuslab_log_rotating_init);
EXPORT_SYMBOL_GPL(cpuslab_log_rotating_fini);
EXPORT_SYMBOL_GPL(cpuslab_log_rotating_rotate);

/* ops.h */
EXPORT_SYMBOL_GPL(cpuslab__slow_add);
EXPORT_SYMBOL_GPL(cpuslab__slow_add_if);
EXPORT_SYMBOL_GPL(cpuslab__slow_add_below);
EXPORT_SYMBOL_GPL(cpuslab__slow_cmpstore);
EXPORT_SYMBOL_GPL(cpuslab__slow_commit);
EXPORT_SYMBOL_GPL(cpuslab__slow_update);

/* percpu.h */
EXPORT_SYMBOL_GPL(cpuslab__copy);

/* read.h */
EXPORT_SYMBOL_GPL(cpuslab__read_enter);
EXPORT_SYMBOL_GPL(cpuslab__read_exit);
EXPORT_SYMBOL_GPL(cpuslab_read_enter);
EXPORT_SYMBOL_GPL(cpuslab_read_exit);

/* ring.h */
EXPORT_SYMBOL_GPL(cpuslab__slow_ring_append);
EXPORT_SYMBOL_GPL(cpuslab_ring_init);
EXPORT_SYMBOL_GPL(cpuslab_ring_fini);
EXPORT_SYMBOL_GPL(cpuslab_ring_view_init);

/* ring_file.h */
EXPORT_SYMBOL_GPL(cpuslab__ring_file_wake);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_create);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_destroy);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_ring);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_open);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_release);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_mmap);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_poll);
EXPORT_SYMBOL_GPL(cpuslab_ring_file_read);

/* sized.h */
EXPORT_SYMBOL_GPL(cpuslab__config_load);
EXPORT_SYMBOL_GPL(cpuslab__stats_store);

/* slab.h */
EXPORT_SYMBOL_GPL(cpuslab_slab_create);
EXPORT_SYMBOL_GPL(cpuslab_slab_destroy);
EXPORT_SYMBOL_GPL(cpuslab_slab_domain);
EXPORT_SYMBOL_GPL(cpuslab_alloc);
EXPORT_SYMBOL_GPL(cpuslab_try_alloc);
EXPORT_SYMBOL_GPL(cpuslab_alloc_sized);
EXPORT_SYMBOL_GPL(cpuslab_free);
EXPORT_SYMBOL_GPL(cpuslab_free_rcu);
EXPORT_SYMBOL_GPL(cpuslab_free_many);
EXPORT_SYMBOL_GPL(cpuslab_free_rcu_many);
EXPORT_SYMBOL_GPL(cpuslab_sum);
EXPORT_SYMBOL_GPL(cpuslab_sum_interval);
EXPORT_SYMBOL_GPL(cpuslab_sum_many);
EXPORT_SYMBOL_GPL(cpuslab_remote);
EXPORT_SYMBOL_GPL(cpuslab_remote_next);
EXPORT_SYMBOL_GPL(cpuslab_slab_trim);
EXPORT_SYMBOL_GPL(cpuslab_slab_check);

/* stack.h */
EXPORT_SYMBOL_GPL(cpuslab__slow_push);
EXPORT_SYMBOL_GPL(cpuslab__slow_pop);
EXPORT_SYMBOL_GPL(cpuslab_stack_init);
EXPORT_SYMBOL_GPL(cpuslab_stack_fini);
EXPORT_SYMBOL_GPL(cpuslab_stack_pop_all);

/* metrics.h */
EXPORT_SYMBOL_GPL(cpuslab_metrics_write);

/* stats.h */
EXPORT_SYMBOL_GPL(cpuslab__stats_fill);
EXPORT_SYMBOL_GPL(cpuslab_stats_text);
EXPORT_SYMBOL_GPL(cpuslab_stats_json);

/* approx.h */
EXPORT_SYMBOL_GPL(cpuslab__approx_slow_step);
EXPORT_SYMBOL_GPL(cpuslab__approx_show);
EXPORT_SYMBOL_GPL(cpuslab_approx_init);
EXPORT_SYMBOL_GPL(cpuslab_approx_fini);
EXPORT_SYMBOL_GPL(cpuslab_approx_bounds);
EXPORT_SYMBOL_GPL(cpuslab_approx_sum);
EXPORT_SYMBOL_GPL(cpuslab_approx_compare);
EXPORT_SYMBOL_GPL(cpuslab_approx_add_limited);
EXPORT_SYMBOL_GPL(cpuslab_approx_sub);
EXPORT_SYMBOL_GPL(cpuslab_approx_set);

/* cache.h */
EXPORT_SYMBOL_GPL(cpuslab__cache_slow_alloc);
EXPORT_SYMBOL_GPL(cpuslab__cache_slow_free);
EXPORT_SYMBOL_GPL(cpuslab_cache_init);
EXPORT_SYMBOL_GPL(cpuslab_cache_fini);
EXPORT_SYMBOL_GPL(cpuslab_cache_drain);
EXPORT_SYMBOL_GPL(cpuslab__cache_stats_fill);

/* histogram.h */
EXPORT_SYMBOL_GPL(cpuslab_histogram_init);
EXPORT_SYMBOL_GPL(cpuslab_histogram_fini);
EXPORT_SYMBOL_GPL(cpuslab_histogram_init_shape);
EXPORT_SYMBOL_GPL(cpuslab_histogram_merge);
EXPORT_SYMBOL_GPL(cpuslab_histogram_record_counts);
EXPORT_SYMBOL_GPL(cpuslab_histogram_count);
EXPORT_SYMBOL_GPL(cpuslab_histogram_min);
EXPORT_SYMBOL_GPL(cpuslab_histogram_max);
EXPORT_SYMBOL_GPL(cpuslab_histogram_mean);
EXPORT_SYMBOL_GPL(cpuslab_histogram_lowest);
EXPORT_SYMBOL_GPL(cpuslab_histogram_highest);
EXPORT_SYMBOL_GPL(cpuslab_histogram_read);
EXPORT_SYMBOL_GPL(cpuslab_histogram_interval);
EXPORT_SYMBOL_GPL(cpuslab_histogram_percentile);

/* hotplug.h */
EXPORT_SYMBOL_GPL(cpuslab_hotplug_create);
EXPORT_SYMBOL_GPL(cpuslab_hotplug_destroy);
EXPORT_SYMBOL_GPL(cpuslab_hotplug_poke);
EXPORT_SYMBOL_GPL(cpuslab__hotplug_stats_fill);
EXPORT_SYMBOL_GPL(cpuslab_hotplug_check);

/* log_hook.h */
EXPORT_SYMBOL_GPL(cpuslab_log_hook_set);
EXPORT_SYMBOL_GPL(cpuslab__log_line);

/* mailbox.h */
EXPORT_SYMBOL_GPL(cpuslab_mailbox_init);
EXPORT_SYMBOL_GPL(cpuslab_mailbox_fini);
EXPORT_SYMBOL_GPL(cpuslab_mailbox_send);
EXPORT_SYMBOL_GPL(cpuslab_mailbox_receive);
EXPORT_SYMBOL_GPL(cpuslab_mailbox_next_undelivered);
EXPORT_SYMBOL_GPL(cpuslab_mailbox_is_open);

/* percid.h */
EXPORT_SYMBOL_GPL(cpuslab__percid_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_alloc);
EXPORT_SYMBOL_GPL(cpuslab_percid_cache_fini);
EXPORT_SYMBOL_GPL(cpuslab_percid_cache_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_counter_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_gauge_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_histogram_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_stack_init);
EXPORT_SYMBOL_GPL(cpuslab_percid_stack_pop_all);

/* refcount.h */
EXPORT_SYMBOL_GPL(cpuslab__refcount_slow_get);
EXPORT_SYMBOL_GPL(cpuslab__refcount_slow_put);
EXPORT_SYMBOL_GPL(cpuslab_refcount_init);
EXPORT_SYMBOL_GPL(cpuslab_refcount_fini);
EXPORT_SYMBOL_GPL(cpuslab_refcount_kill);
EXPORT_SYMBOL_GPL(cpuslab_refcount_resurrect);
EXPORT_SYMBOL_GPL(cpuslab_refcount_switch_to_atomic);
EXPORT_SYMBOL_GPL(cpuslab_refcount_switch_to_percpu);
EXPORT_SYMBOL_GPL(cpuslab_refcount_is_dying);
EXPORT_SYMBOL_GPL(cpuslab_refcount_is_zero);
EXPORT_SYMBOL_GPL(cpuslab_refcount_count);

/* static.h */
EXPORT_SYMBOL_GPL(cpuslab__statics_init);
EXPORT_SYMBOL_GPL(cpuslab__statics_fini);

/* steering.h */
EXPORT_SYMBOL_GPL(cpuslab_steering_init);
EXPORT_SYMBOL_GPL(cpuslab_steering_fini);
EXPORT_SYMBOL_GPL(cpuslab_steering_set);
EXPORT_SYMBOL_GPL(cpuslab_steering_attach);
EXPORT_SYMBOL_GPL(cpuslab_steering_detach);
EXPORT_SYMBOL_GPL(cpuslab_steering_check);

/* workers_thread.h */
EXPORT_SYMBOL_GPL(cpuslab_thread_ops);

/* version.h */
EXPORT_SYMBOL_GPL(cpuslab_version);

/* workers.h */
EXPORT_SYMBOL_GPL(cpuslab_workers_init);
EXPORT_SYMBOL_GPL(cpuslab_workers_fini);
EXPORT_SYMBOL_GPL(cpuslab_workers_send);
EXPORT_SYMBOL_GPL(cpuslab_workers_work);
EXPORT_SYMBOL_GPL(cpuslab_workers_flush);
