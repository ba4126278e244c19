// SPDX-License-Identifier: MIT
/*
 * google.cc - bench.h by means of Google Benchmark; the only C++ here.
 */
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "bench.h"
#include "distribution.h"

namespace
{

// One run at a time. Thread 0 writes it before the others start.
struct google_shared {
	struct bench_run run;
	struct measure_body how;
	uint64_t before;
	struct distribution times;
	std::atomic<uint32_t> cpus; // distinct ones among the first 64
	std::atomic<uint64_t> seen;
};

google_shared shared;
struct bench_google_result *google_result;
bool google_quick;

struct bench_run google_place(const benchmark::State &state,
			      const struct bench_body *body)
{
	struct bench_run run = {};

	run.name = body->how.name;
	run.arg = body->arg_count || body->flags & BENCH_THREADS ?
			  state.range(0) :
			  0;
	run.threads = static_cast<uint32_t>(state.threads());
	run.n = body->how.most ? state.max_iterations : 0;
	run.quick = google_quick;
	return run;
}

// Note the CPU of a thread, to check that pinned threads were pinned.
void google_note_cpu()
{
	uint64_t bit = uint64_t(1) << measure_here() % 64;

	if (!(shared.seen.fetch_or(bit) & bit))
		shared.cpus++;
}

// One or several threads, each of which does it n times.
void google_loop(benchmark::State &state, const struct bench_body *body)
{
	auto n = static_cast<uint64_t>(state.max_iterations);

	while (state.KeepRunningBatch(state.max_iterations)) {
		body->how.run(shared.how.arg, n);
		google_note_cpu();
	}
	if (state.thread_index())
		return;
	if (body->how.count(shared.how.arg) - shared.before !=
	    n * shared.run.threads)
		measure_die(body->how.name, "its count is wrong");
	if (state.range(0) && // pinned
	    shared.cpus.load() < std::min(shared.run.threads,
					  std::min(measure_cpus(), 64u)) /
					 2)
		measure_die(body->how.name, "pinned threads shared a CPU");
	state.counters["cpus"] = shared.cpus.load();
}

// Chunk by chunk; before() and after() are not timed.
void google_chunks(benchmark::State &state)
{
	const struct measure_body *how = &shared.how;
	uint64_t left, most = how->most ? how->most : UINT64_MAX, c;

	while (state.KeepRunningBatch(state.max_iterations)) {
		double ns = 0;

		for (left = state.max_iterations; left; left -= c) {
			uint64_t did, took;

			c = std::min(left, most);
			did = std::max(c, how->least);
			took = measure_chunk(how, did);
			distribution_record(&shared.times, took / did);
			ns += double(took) * double(c) / double(did);
		}
		state.SetIterationTime(ns * 1e-9);
	}
}

void google_spread(struct bench_run *run)
{
	const struct distribution *times = &shared.times;

	bench_run_counter(run, "p50_ns",
			  double(distribution_quantile(times, .5)));
	bench_run_counter(run, "p99_ns",
			  double(distribution_quantile(times, .99)));
	bench_run_counter(run, "p99.9_ns",
			  double(distribution_quantile(times, .999)));
	bench_run_counter(run, "max_ns",
			  double(distribution_quantile(times, 1)));
}

void google_tell(benchmark::State &state)
{
	const struct bench_run *run = &shared.run;

	for (uint32_t i = 0; i < run->counters; i++)
		state.counters[run->counter[i].name] = run->counter[i].value;
	if (run->label)
		state.SetLabel(run->label);
}

void google_begin(const struct bench_body *body, const struct bench_run *run)
{
	shared.run = *run;
	shared.cpus = 0;
	shared.seen = 0;
	shared.times = {};
	measure_pin(0);
	shared.how = bench_begin(body, &shared.run);
	if (body->flags & BENCH_THREADS && body->how.before)
		body->how.before(shared.how.arg, run->n * run->threads);
	if (body->flags & BENCH_THREADS)
		shared.before = body->how.count(shared.how.arg);
}

void google_finish(benchmark::State &state, const struct bench_body *body)
{
	if (body->flags & BENCH_SPREAD)
		google_spread(&shared.run);
	if (body->flags & BENCH_THREADS && body->how.after)
		body->how.after(shared.how.arg, shared.run.n);
	if (body->done)
		body->done(shared.how.arg, &shared.run);
	google_tell(state);
	bench_end(body, &shared.how);
	google_result->ran++;
}

void google_body(benchmark::State &state, const struct bench_body *body)
{
	struct bench_run run = google_place(state, body);
	const char *why = body->unfit ? body->unfit(&run) : nullptr;
	bool first = !state.thread_index();

	if (why) {
		state.SkipWithError((std::string("skipped: ") + why).c_str());
		google_result->skipped += first;
		return;
	}
	if (first)
		google_begin(body, &run);
	if (body->flags & BENCH_THREADS) {
		if (run.arg)
			measure_pin(uint32_t(state.thread_index()) %
				    measure_cpus());
		else
			measure_unpin();
		google_loop(state, body);
	} else {
		google_chunks(state);
	}
	if (first)
		google_finish(state, body);
	measure_unpin();
}

// 1, 2, 4, ... and all of them.
void google_threads(benchmark::internal::Benchmark *entry)
{
	uint32_t cpus = measure_cpus(), threads;

	for (threads = 1; threads < cpus; threads *= 2)
		entry->Threads(int(threads));
	entry->Threads(int(cpus));
}

void google_register(const struct bench_body *body)
{
	auto *entry = benchmark::RegisterBenchmark(
		body->how.name,
		[body](benchmark::State &state) { google_body(state, body); });

	if (body->flags & BENCH_THREADS) {
		entry->ArgName("pinned")->Arg(1)->Arg(0)->UseRealTime();
		google_threads(entry);
		if (body->how.most)
			entry->Iterations(int64_t(body->how.most));
	} else {
		entry->UseManualTime();
		if (body->arg_count)
			entry->ArgName(body->arg_name);
		for (uint32_t i = 0; i < body->arg_count; i++)
			entry->Arg(body->args[i]);
		if (body->flags & BENCH_ONCE)
			entry->Iterations(1);
	}
}

} // namespace

void bench_google_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

int bench_google(int argc, char **argv, bool quick,
		 struct bench_google_result *result)
{
	const struct bench_body *body = nullptr;

	google_result = result;
	google_quick = quick;
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	while ((body = bench_next(body)))
		google_register(body);
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}
