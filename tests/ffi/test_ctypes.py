#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program in Python, which knows the library by its symbols only.

    test_ctypes.py LIBRARY [TEST...]    libcpuslab-ffi.so, with its path
"""

import collections
import ctypes
import json
import os
import re
import sys
import threading
import unittest
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p,
                    c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p)

lib = ctypes.CDLL(sys.argv.pop(1))
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../docs/ffi.md")
THREADS = 4
TIMES = 20000

for result, names in (
        (c_size_t, "ffi_sizeof ffi_alignof stats_json"),
        (c_char_p, "strerror version"),
        (c_bool, "percpu_is_null"),
        (c_int64, "gauge_sum"),
        (c_uint32, "histogram_bucket"),
        (c_uint64, "counter_sum counter_interval histogram_read sum "
                   "histogram_percentile load_relaxed_u64 fetch_add_u64"),
        (c_void_p, "default remote")):
    for name in names.split():
        getattr(lib, "cpuslab_" + name).restype = result
u64 = c_uint64


def constant(name):
    value = c_int64()
    if lib.cpuslab_ffi_constant(name.encode(), byref(value)):
        raise KeyError(name)
    return value.value


def zeros(struct):
    """Memory for a struct that the library fills."""
    size = lib.cpuslab_ffi_sizeof(struct.encode())
    assert size, struct
    return ctypes.create_string_buffer(size)


def at_once(body):
    """Run body(number) in threads."""
    threads = [threading.Thread(target=body, args=(n,))
               for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Type(Structure):
    CTOR = CFUNCTYPE(c_int, c_void_p, c_uint32, c_void_p)
    DRAIN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32, c_void_p)
    _fields_ = [("name", c_char_p), ("size", c_size_t), ("align", c_size_t),
                ("image", c_void_p), ("arg", c_void_p), ("ctor", CTOR),
                ("dtor", c_void_p), ("drain", DRAIN), ("counters", c_uint32),
                ("flags", c_uint32), ("head", c_uint32)]


class Client(Structure):
    START = CFUNCTYPE(c_int, c_void_p, c_uint32)
    DONE = CFUNCTYPE(None, c_void_p, c_uint32)

    class Ops(Structure):
        pass

    _fields_ = [("ops", POINTER(Ops)), ("name", c_char_p), ("arg", c_void_p),
                ("order", c_int32), ("domain", c_void_p), ("next", c_void_p),
                ("prev", c_void_p)]


Client.Ops._fields_ = [
    ("start", Client.START), ("admit", Client.DONE), ("complete", Client.DONE),
    ("repair", Client.DONE), ("failure", Client.DONE),
    ("remove", Client.DONE), ("trim", Client.START), ("resync", c_void_p)]


class Hook(Structure):
    WRITE = CFUNCTYPE(None, c_void_p, c_char_p)
    _fields_ = [("write", WRITE), ("arg", c_void_p)]


class Workers(Structure):
    HANDLE = CFUNCTYPE(None, c_void_p, c_uint32, POINTER(u64))
    _fields_ = [("size", c_size_t), ("ops", c_void_p), ("handle", HANDLE),
                ("unhandled", c_void_p), ("arg", c_void_p),
                ("capacity", c_uint32)]


class Library(unittest.TestCase):
    """With a domain and a slab."""

    def setUp(self):
        self.domain, self.slab = c_void_p(), c_void_p()
        self.ok(lib.cpuslab_domain_create(byref(self.domain), None))
        self.ok(lib.cpuslab_slab_create(byref(self.slab), self.domain, None))

    def tearDown(self):
        lib.cpuslab_slab_destroy(self.slab)
        lib.cpuslab_domain_destroy(self.domain)

    def ok(self, result):
        self.assertEqual(result, 0, lib.cpuslab_strerror(result))

    def stats(self):
        stats = zeros("cpuslab_stats")
        text = ctypes.create_string_buffer(4096)
        lib.cpuslab_stats_get(self.slab, stats)
        lib.cpuslab_stats_json(stats, text, c_size_t(len(text)))
        return json.loads(text.value)

    def cpus(self):
        return sorted(os.sched_getaffinity(0))

    def remove(self, cpu):
        """Also in atomic mode, where only a trim frees its block."""
        self.ok(lib.cpuslab_domain_remove(self.domain, c_uint32(cpu)))
        if self.stats()["atomic"]:
            lib.cpuslab_domain_trim(
                self.domain, c_uint32(constant("CPUSLAB_TRIM_QUIESCENT")))


class Structures(Library):
    def test_counter(self):
        counter, last = zeros("cpuslab_counter"), u64(0)
        self.ok(lib.cpuslab_counter_init(counter, self.slab))
        at_once(lambda _: [lib.cpuslab_counter_add(counter, u64(3))
                           for _ in range(TIMES)])
        total = 3 * THREADS * TIMES
        self.assertEqual(lib.cpuslab_counter_sum(counter), total)
        self.assertEqual(lib.cpuslab_counter_interval(counter, byref(last)),
                         total)
        self.ok(lib.cpuslab_counter_set(counter, u64(1)))
        self.assertEqual(lib.cpuslab_counter_sum(counter), 1)
        lib.cpuslab_counter_fini(counter)

    def test_counter_while_cpus_come_and_go(self):
        counter, cpu = zeros("cpuslab_counter"), self.cpus()[-1]
        self.ok(lib.cpuslab_counter_init(counter, self.slab))
        atomic, running = self.stats()["atomic"], [True]

        def change():
            while running[0]:
                if not atomic:  # nothing may be in progress there
                    self.remove(cpu)
                lib.cpuslab_domain_add_start(self.domain, c_uint32(cpu))
                lib.cpuslab_domain_add_complete(self.domain, c_uint32(cpu))

        changer = threading.Thread(target=change)
        changer.start()
        at_once(lambda _: [lib.cpuslab_counter_add(counter, u64(1))
                           for _ in range(TIMES)])
        running[0] = False
        changer.join()
        self.assertEqual(lib.cpuslab_counter_sum(counter), THREADS * TIMES)
        lib.cpuslab_counter_fini(counter)

    def test_stack(self):
        stack = zeros("cpuslab_stack")
        size = lib.cpuslab_ffi_sizeof(b"cpuslab_node")
        nodes = ctypes.create_string_buffer(size * THREADS * 100)
        base, seen = ctypes.addressof(nodes), collections.Counter()
        self.ok(lib.cpuslab_stack_init(stack, self.slab))
        for at in range(base, base + len(nodes) - 1, size):
            self.ok(lib.cpuslab_stack_push(stack, c_void_p(at)))

        def move(_):
            node = c_void_p()
            for _ in range(TIMES):
                if lib.cpuslab_stack_pop(stack, byref(node)) == 0:
                    lib.cpuslab_stack_push(stack, node)

        at_once(move)
        for cpu in self.cpus():     # which moves its nodes to the shared block
            self.remove(cpu)
        node = c_void_p()
        while lib.cpuslab_stack_pop(stack, byref(node)) == 0:
            seen[node.value] += 1
        self.assertEqual(set(seen), set(range(base, base + len(nodes), size)))
        self.assertEqual(set(seen.values()), {1})
        self.assertEqual(lib.cpuslab_stack_pop(stack, byref(node)),
                         constant("CPUSLAB_EMPTY"))
        lib.cpuslab_stack_fini(stack)

    def test_histogram(self):
        histogram = zeros("cpuslab_histogram")
        self.ok(lib.cpuslab_histogram_init(histogram, self.slab, c_uint32(6),
                                           c_uint32(32)))
        at_once(lambda n: [lib.cpuslab_histogram_record(histogram, u64(i))
                           for i in range(n, 10000, THREADS)])
        counts = (u64 * (lib.cpuslab_histogram_bucket(
            histogram, u64(2 ** 64 - 1)) + 1))()
        total = lib.cpuslab_histogram_read(histogram, counts)
        self.assertEqual(total, 10000)
        self.assertEqual(sum(counts), 10000)
        median = lib.cpuslab_histogram_percentile(
            histogram, counts, u64(total),
            c_uint32(constant("CPUSLAB_PPM") // 2))
        self.assertAlmostEqual(median, 5000, delta=5000 / 2 ** 6)
        lib.cpuslab_histogram_fini(histogram)

    def test_statistics(self):
        stats = self.stats()
        self.assertEqual(stats["name"], "slab")
        self.assertEqual(stats["online"], len(self.cpus()))
        if os.environ.get("CPUSLAB_RSEQ") == "0":
            self.assertTrue(stats["atomic"])


class Callbacks(Library):
    def test_type(self):
        """A second word, which starts as 5, and is drained by Python."""
        made, drained = [], []

        def ctor(copy, cpu, arg):
            made.append(cpu)
            words(copy)[1] = 5
            return 0 if arg == 77 else -1

        def drain(copy, shared, cpu, _):
            drained.append(cpu)
            lib.cpuslab_fetch_add_u64(c_void_p(shared + 8),
                                      u64(words(copy)[1] - 5))
            words(copy)[1] = 5
            return 0

        def words(copy):
            return ctypes.cast(copy, POINTER(u64))

        kind = Type(name=b"own", size=16, ctor=Type.CTOR(ctor),
                    drain=Type.DRAIN(drain), counters=1, arg=77)
        self.assertEqual(ctypes.sizeof(Type),
                         lib.cpuslab_ffi_sizeof(b"cpuslab_type"))
        handle, cpus = zeros("cpuslab_percpu"), self.cpus()
        self.ok(lib.cpuslab_alloc(self.slab, byref(kind), handle))
        self.assertEqual(sorted(made), cpus + [constant("CPUSLAB_SHARED")])

        self.addCleanup(os.sched_setaffinity, 0, set(cpus))
        os.sched_setaffinity(0, {cpus[-1]})
        self.ok(lib.cpuslab_add(handle, c_size_t(0), u64(7)))
        self.ok(lib.cpuslab_add(handle, c_size_t(8), u64(9)))
        os.sched_setaffinity(0, {cpus[0]})
        self.remove(cpus[-1])
        self.assertIn(cpus[-1], drained)
        self.assertEqual(lib.cpuslab_sum(handle, c_size_t(0)), 7)
        shared = lib.cpuslab_remote(
            handle, c_uint32(constant("CPUSLAB_SHARED")))
        self.assertEqual(lib.cpuslab_load_relaxed_u64(c_void_p(shared + 8)),
                         5 + 9)
        self.ok(lib.cpuslab_free(self.slab, handle))

    def test_type_that_refuses(self):
        kind = Type(name=b"own", size=8, ctor=Type.CTOR(lambda *_: -9))
        handle = zeros("cpuslab_percpu")
        self.assertEqual(lib.cpuslab_alloc(self.slab, byref(kind), handle), -9)
        self.assertTrue(lib.cpuslab_percpu_is_null(handle))

    def test_busy(self):
        """What a callback must not call is refused."""
        results = []

        def ctor(*_):
            other = zeros("cpuslab_counter")
            results.append(lib.cpuslab_counter_init(other, self.slab))
            return 0

        kind = Type(name=b"own", size=8, ctor=Type.CTOR(ctor))
        handle = zeros("cpuslab_percpu")
        self.ok(lib.cpuslab_alloc(self.slab, byref(kind), handle))
        self.assertEqual(set(results), {-constant("CPUSLAB_EBUSY")})
        self.ok(lib.cpuslab_free(self.slab, handle))

    def test_client(self):
        started, completed, removed = [], [], []
        ops = Client.Ops(
            start=Client.START(lambda _, cpu: started.append(cpu) or 0),
            complete=Client.DONE(lambda _, cpu: completed.append(cpu)),
            remove=Client.DONE(lambda _, cpu: removed.append(cpu)))
        client = Client(ops=ctypes.pointer(ops), name=b"own")
        for struct in (Client, Client.Ops):
            name = "cpuslab_client" + ("_ops" if struct is Client.Ops else "")
            self.assertEqual(ctypes.sizeof(struct),
                             lib.cpuslab_ffi_sizeof(name.encode()))
        self.ok(lib.cpuslab_client_init(byref(client), self.domain))
        self.assertEqual(started, self.cpus())
        self.assertEqual(completed, self.cpus())
        lib.cpuslab_client_fini(byref(client))
        self.assertEqual(removed, self.cpus()[::-1])

    def test_workers(self):
        """Python in threads of the library; each message once."""
        workers, full = zeros("cpuslab_workers"), constant("CPUSLAB_FULL")
        cpus = self.cpus()[:4]
        handled = collections.Counter()
        config = Workers(
            size=ctypes.sizeof(Workers), capacity=64,
            ops=ctypes.addressof(c_void_p.in_dll(lib, "cpuslab_thread_ops")),
            handle=Workers.HANDLE(lambda _, cpu, message: handled.update(
                [(cpu, message[0])])))
        self.assertEqual(ctypes.sizeof(Workers),
                         lib.cpuslab_ffi_sizeof(b"cpuslab_workers_config"))
        self.ok(lib.cpuslab_workers_init(workers, self.domain, byref(config)))

        def send(number):
            for i in range(1000):
                message = (u64 * constant("CPUSLAB_MAILBOX_WORDS"))(
                    1000 * number + i)
                for cpu in cpus:
                    while lib.cpuslab_workers_send(
                            workers, c_uint32(cpu), message) == full:
                        self.flush(workers)

        at_once(send)
        self.flush(workers)
        lib.cpuslab_workers_fini(workers)
        self.assertEqual(handled, collections.Counter(
            (cpu, i) for cpu in cpus for i in range(1000 * THREADS)))

    def flush(self, workers):
        self.ok(lib.cpuslab_workers_flush(
            workers, c_uint32(constant("CPUSLAB_NO_CPU")), c_uint32(60000)))

    def test_log_hook(self):
        lines = []
        hook = Hook(write=Hook.WRITE(lambda _, line: lines.append(line)))
        handle = zeros("cpuslab_percpu")
        kind = Type(name=b"freed", size=8)
        self.ok(lib.cpuslab_alloc(self.slab, byref(kind), handle))
        self.ok(lib.cpuslab_free(self.slab, handle))
        lib.cpuslab_log_hook_set(byref(hook))
        self.addCleanup(lib.cpuslab_log_hook_set, None)
        self.assertEqual(lib.cpuslab_free(self.slab, handle),
                         -constant("CPUSLAB_ESTALE"))
        self.assertEqual(len(lines), 1, lines)


class Process(unittest.TestCase):
    """What needs no setup."""

    def test_named_counter(self):
        counter, name = zeros("cpuslab_counter"), c_char_p(b"hits")
        lib.cpuslab_ffi_counter_init(counter, name)
        at_once(lambda _: [lib.cpuslab_counter_add(counter, u64(1))
                           for _ in range(TIMES)])
        self.assertEqual(lib.cpuslab_counter_sum(counter), THREADS * TIMES)
        lib.cpuslab_counter_fini(counter)

    def test_named_gauge(self):
        gauge, name = zeros("cpuslab_gauge"), c_char_p(b"in flight")
        lib.cpuslab_ffi_gauge_init(gauge, name)
        at_once(lambda _: [(lib.cpuslab_gauge_add(gauge, u64(5)),
                            lib.cpuslab_gauge_sub(gauge, u64(3)))
                           for _ in range(TIMES)])
        self.assertEqual(lib.cpuslab_gauge_sum(gauge), 2 * THREADS * TIMES)
        lib.cpuslab_gauge_fini(gauge)

    def test_one_library(self):
        """What other code of the process has linked is the same one."""
        other = ctypes.CDLL("libcpuslab.so.%d" %
                            constant("CPUSLAB_VERSION_MAJOR"))
        other.cpuslab_default.restype = c_void_p
        other.cpuslab_counter_sum.restype = u64
        self.assertTrue(lib.cpuslab_default())
        self.assertEqual(lib.cpuslab_default(), other.cpuslab_default())
        counter = zeros("cpuslab_counter")
        slab = c_void_p(lib.cpuslab_default())
        self.assertEqual(other.cpuslab_counter_init(counter, slab), 0)
        lib.cpuslab_counter_add(counter, u64(4))
        self.assertEqual(other.cpuslab_counter_sum(counter), 4)
        other.cpuslab_counter_fini(counter)
        with open("/proc/self/maps", encoding="utf-8") as maps:
            files = {line.split()[-1] for line in maps if "libcpuslab" in line}
        self.assertEqual(len(files), 2, files)

    def test_errors(self):
        known = lib.cpuslab_strerror(-constant("CPUSLAB_ENOMEM"))
        self.assertRegex(known, b"memory")
        self.assertTrue(lib.cpuslab_strerror(-9999))
        self.assertEqual(lib.cpuslab_add(zeros("cpuslab_percpu"), c_size_t(0),
                                         u64(1)),
                         -constant("CPUSLAB_EINVAL"))

    def test_names(self):
        version = [constant("CPUSLAB_VERSION_" + part)
                   for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(lib.cpuslab_version(),
                         b"%d.%d.%d" % tuple(version))
        self.assertEqual(constant("CPUSLAB_NO_CPU"), 2 ** 32 - 1)
        self.assertEqual(constant("CPUSLAB_CLIENT_ORDER_SLAB"), -400)
        self.assertRaises(KeyError, constant, "CPUSLAB_VERSION")
        self.assertEqual(lib.cpuslab_ffi_sizeof(b"cpuslab_slab"), 0)
        self.assertEqual(lib.cpuslab_ffi_alignof(b"cpuslab_slab"), 0)
        self.assertEqual(lib.cpuslab_ffi_alignof(b"cpuslab_gated"), 16)

    def test_page(self):
        """The program that the page shows."""
        with open(PAGE, encoding="utf-8") as file:
            program = re.search(r"^```python\n(.*?)^```", file.read(),
                                re.M | re.S).group(1)
        names = {}
        load, ctypes.CDLL = ctypes.CDLL, lambda _: load(lib._name)
        try:
            exec(program, names)  # pylint: disable=exec-used
        finally:
            ctypes.CDLL = load
        self.assertEqual(names["total"], 400000)


if __name__ == "__main__":
    unittest.main()
