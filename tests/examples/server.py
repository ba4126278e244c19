#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test the example server: its answers, and that it counts exactly while the
CPUs that it may use change.

    server.py SERVER [--load PROGRAM] [--parts PROGRAM] [--promtool PROGRAM]
              [--seconds N]

No CPU is taken offline: only the masks of the server's threads change.
"""

import argparse
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import outline
from accepts import ACCEPT, HTML, OPENMETRICS, PROMETHEUS
from client import PATIENCE, Client, Load, page
from openmetrics import parse

OPTIONS = None
CPUS = sorted(os.sched_getaffinity(0))
DURATION = "cpuslab_server_request_duration_seconds"


class Server:
    """The program, on a free port."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [OPTIONS.server, "--port=0", "--rescan=20", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on http://\S+:(\d+)/\n", line)
        if not match:
            raise RuntimeError(line + self.process.communicate()[1])
        self.port = int(match.group(1))

    def bind(self, cpus):
        """As "taskset -a -p": give every thread this mask."""
        tasks = "/proc/%d/task" % self.process.pid
        for tid in os.listdir(tasks):
            try:
                os.sched_setaffinity(int(tid), cpus)
            except ProcessLookupError:
                pass

    def threads(self):
        """(number, name) of each thread."""
        tasks = "/proc/%d/task" % self.process.pid
        for tid in os.listdir(tasks):
            with open("%s/%s/comm" % (tasks, tid), encoding="utf-8") as file:
                yield int(tid), file.read().strip()

    def masks(self):
        """{CPU: the CPUs where its worker may run}."""
        return {int(name[len("cpuslab/"):]): os.sched_getaffinity(tid)
                for tid, name in self.threads()
                if re.fullmatch(r"cpuslab/\d+", name)}

    def status(self):
        return json.loads(page(self.port, "/status").text)

    def metrics(self):
        return parse(page(self.port, "/metrics", OPENMETRICS).text)

    def wait_online(self, cpus):
        """Wait until it knows that it may use these; return the time it took."""
        begin = time.monotonic()
        while time.monotonic() < begin + PATIENCE:
            if self.status()["cpus"]["online"] == sorted(cpus):
                return time.monotonic() - begin
            time.sleep(0.01)
        raise AssertionError("does not notice %s: %s" % (cpus, self.status()))

    def end(self, how=signal.SIGTERM):
        """Its status, the total that it prints, and its standard error."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE)
        match = re.fullmatch(r"served (\d+) requests on (\d+) connections\n",
                             out)
        return self.process.returncode, int(match.group(1)), err


class Case(unittest.TestCase):
    def start(self, *words):
        server = Server(*words)
        self.addCleanup(self._kill, server)
        return server

    @staticmethod
    def _kill(server):
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()

    def finish(self, server, total, how=signal.SIGTERM):
        """It ends cleanly and has served that many requests."""
        status, served, err = server.end(how)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(served, total)


class TestCommandLine(Case):
    def run_it(self, *words):
        return subprocess.run([OPTIONS.server, *words], capture_output=True,
                              text=True, timeout=PATIENCE)

    def test_help(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--port=PORT", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_errors(self):
        for words, why in ((["--port=70000"], "from 0 to 65535, not '70000'"),
                           (["--port="], "--port must be a number"),
                           (["--port=-1"], "--port must be a number"),
                           (["--connections=0"], "--connections must be"),
                           (["--rescan=1x"], "--rescan must be a number"),
                           (["--nonsense"], "--help lists the options"),
                           (["8080"], "unexpected argument '8080'")):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(why, done.stderr)

    def test_cannot_listen(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.run_it("--port=%d" % port)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("port %d: Address already in use" % port, done.stderr)
        done = self.run_it("--address=nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("'nowhere' is not an IPv4 or IPv6 address", done.stderr)


class TestPages(Case):
    def test_pages(self):
        server = self.start()
        with Client(server.port) as client:
            answer = client.ask()
            self.assertEqual(answer.text, "Served where it arrived.\n")
            self.assertEqual(answer.headers["connection"], "keep-alive")
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertEqual(answer.headers["vary"], "Accept")
            head = client.ask(method="HEAD")
            self.assertEqual(head.headers["content-length"], "25")
            none = client.ask("/none")
            self.assertEqual(none.status, 404)
            self.assertNotIn("vary", none.headers)
            self.assertEqual(client.ask("/" + "x" * 5000).status, 404)
            self.assertEqual(client.ask("/?" + "x" * 5000).status, 200)
            post = client.ask(method="POST")
            self.assertEqual((post.status, post.headers["allow"]),
                             (405, "GET, HEAD"))
            self.assertEqual(client.ask(close=True).status, 200)
            self.assertTrue(client.is_closed())
        self.finish(server, 7)

    def test_no_request(self):
        server = self.start()
        for text in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n",
                     b"GET / HTTP/1.1\r\nA: " + b"x" * 100000):
            with Client(server.port) as client:
                client.send(text)
                self.assertEqual(client.receive().status, 400)
        with Client(server.port) as client:
            client.send(b"GET / HT")    # and leaves
        self.assertEqual(server.status()["requests"]["errors"], 3)
        self.finish(server, 4)

    def test_many_at_once(self):
        server = self.start()
        with Client(server.port) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n" * 2000)
            for _ in range(2000):
                self.assertEqual(client.receive().status, 200)
        self.finish(server, 2000)

    def test_too_many_connections(self):
        server = self.start("--connections=4")
        clients = [Client(server.port) for _ in range(4)]
        for client in clients:
            self.assertEqual(client.ask().status, 200)
        with Client(server.port) as late:
            self.assertTrue(late.is_closed())
        for client in clients:
            client.socket.close()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                page(server.port, "/")
                break
            except Exception:   # they are still being closed
                time.sleep(0.01)
        self.finish(server, 5, signal.SIGINT)

    def test_descriptors_run_out(self):
        """It uses no CPU time, even while the hotplug wakes it all the time."""
        server = self.start("--rescan=10")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (32, 32))
        clients = [Client(server.port) for _ in range(60)]
        time.sleep(0.2)
        for client in clients:
            client.socket.close()
        self.assertEqual(page(server.port, "/").status, 200)
        self.finish(server, 1)

    def test_after_an_upgrade_that_is_not_done(self):
        server = self.start()
        with Client(server.port) as client:
            client.send(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\n"
                        b"Upgrade: h2c\r\n\r\n")
            self.assertEqual(client.receive().status, 200)
            client.send(b"GET / HT")
            time.sleep(0.1)
            client.send(b"TP/1.1\r\n\r\n")
            self.assertEqual(client.receive().status, 200)
        self.finish(server, 2)

    def test_end_with_a_backlog(self):
        """A connection that the kernel has completed is answered."""
        server = self.start()
        server.process.send_signal(signal.SIGSTOP)
        clients = [Client(server.port) for _ in range(150)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.receive().status, 200)
            client.socket.close()
        self.finish(server, 150)

    def test_end_with_a_pipeline(self):
        """All that has arrived is answered, however much; and what arrives
        during the shutdown does not destroy these answers."""
        server = self.start()
        many = 8000
        with Client(server.port) as client:
            self.assertEqual(client.ask().status, 200)
            server.process.send_signal(signal.SIGSTOP)
            client.send(b"GET / HTTP/1.1\r\n\r\n" * many + b"GET / HT")
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGCONT)
            for _ in range(many):
                self.assertEqual(client.receive().status, 200)
            self.assertTrue(client.is_closed())
        self.finish(server, many + 1)

    def test_answer_to_what_is_not_read(self):
        """The rest of a refused request arrives later: closing at once
        would reset the connection, and the client would lose the answer."""
        server = self.start()
        with Client(server.port) as client:
            client.send(b"nonsense\r\n\r\n")
            time.sleep(0.2)
            for _ in range(20):
                client.send(b"x" * 50000)
                time.sleep(0.01)
            self.assertEqual(client.receive().status, 400)
            self.assertTrue(client.is_closed())
        self.finish(server, 1)

    def test_idle(self):
        """Also in the middle of a request, however often a byte arrives."""
        server = self.start("--idle=1")
        with Client(server.port) as client, Client(server.port) as slow:
            client.ask()
            slow.send(b"GET / HTTP/1.1\r\n")
            begin = time.monotonic()
            with self.assertRaises(ConnectionError):
                while time.monotonic() < begin + PATIENCE:
                    slow.send(b"A")
                    time.sleep(0.05)
            self.assertGreater(time.monotonic() - begin, 0.9)
            self.assertTrue(client.is_closed())
        self.finish(server, 1)


class TestAccept(Case):
    def test_what_clients_send(self):
        server = self.start()
        with Client(server.port) as client:
            for who, accept, root, metrics in ACCEPT:
                for path, wanted in (("/", root), ("/metrics", metrics)):
                    with self.subTest(who, path=path):
                        answer = client.ask(path, accept)
                        self.assertEqual(answer.headers["content-type"],
                                         wanted)
                        self.assertEqual(answer.headers["vary"], "Accept")
        self.finish(server, 2 * len(ACCEPT))


class TestPageForPeople(Case):
    def test_counts(self):
        """The rows add up to the total, and the links lead somewhere."""
        server = self.start()
        with Client(server.port) as client:
            for _ in range(1234):
                client.ask()
            found = outline.of(client.ask("/", HTML).text)
            self.assertEqual(found.cells["Total"], ["1,234"])
            self.assertEqual(list(found.cells), [
                *map(str, CPUS), "Shared copy", "Folded", "Total"])
            self.assertEqual(found.sum(), 1234)
            workers = [found.cells[str(cpu)] for cpu in CPUS]
            self.assertEqual([worker[0] for worker in workers],
                             ["runs"] * len(CPUS))
            self.assertEqual(sum(int(worker[1]) for worker in workers), 1)
            for link in found.links:
                self.assertEqual(client.ask(link, HTML).status, 200, link)
            self.assertIsNone(found.refresh)
            live = outline.of(client.ask("/live").text)
            self.assertEqual(live.refresh, "2")
            asked = 1234 + 2 + len(found.links)
        self.finish(server, asked)

    @unittest.skipIf(len(CPUS) < 2, "only one CPU is available")
    def test_parked(self):
        server = self.start()
        for cpus in (CPUS[1:2], CPUS[:1]):
            server.bind(cpus)
            server.wait_online(cpus)
        total = server.status()["requests"]["total"] + 1
        found = outline.of(page(server.port, "/", HTML).text)
        self.assertEqual(found.cells[str(CPUS[0])][0], "runs")
        self.assertEqual(found.cells[str(CPUS[1])][:2], ["parked", "0"])
        self.assertEqual(found.sum(), total)

    def test_odd_machine(self):
        if not OPTIONS.parts:
            self.skipTest("no --parts was given")
        text = subprocess.run([OPTIONS.parts, "--page"], capture_output=True,
                              check=True, text=True).stdout
        found = outline.of(text)
        self.assertIn('on <script>alert("&")</script>', found.heading)
        self.assertEqual(found.cells, {
            "0": ["runs", "12", "1,234,567"],
            "3": ["parked", "0", "no copy"],
            "17": ["none", "", "1"],
            "4095": ["runs", "1000000", "18,446,744,073,709,551,615"],
            "Shared copy": ["0"],
            "Folded": ["9,223,372,036,854,775,807"],
            "Total": ["18,446,744,073,709,551,615"]})


class TestMetrics(Case):
    def scrape(self, accept):
        server = self.start()
        with Client(server.port) as client:
            for _ in range(10):
                client.ask()
            answer = client.ask("/metrics", accept)
        self.finish(server, 11)
        return answer

    def test_openmetrics(self):
        answer = self.scrape(OPENMETRICS)
        self.assertEqual(answer.headers["content-type"], OPENMETRICS)
        samples = parse(answer.text)
        self.assertEqual(samples["cpuslab_server_requests_total", ()], 10)
        domain = (("domain", "cpuslab"), ("id", "1"))
        self.assertEqual(samples["cpuslab_domain_cpus_online", domain],
                         len(CPUS))

    def promtool(self, *words, **more):
        if not OPTIONS.promtool:
            self.skipTest("promtool is not installed")
        return subprocess.run([OPTIONS.promtool, *words], text=True,
                              capture_output=True, **more)

    def test_promtool_text(self):
        answer = self.scrape(None)
        self.assertEqual(answer.headers["content-type"], PROMETHEUS)
        self.assertNotIn("# EOF", answer.text)
        done = self.promtool("check", "metrics", input=answer.text)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_promtool_openmetrics(self):
        """Prometheus can read it; this tool requires a timestamp."""
        text = re.sub(r"(?m)^([^#].*)$", r"\1 1700000000.000",
                      self.scrape(OPENMETRICS).text)
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "page")
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
            done = self.promtool("tsdb", "create-blocks-from", "openmetrics",
                                 name, folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@unittest.skipIf(len(CPUS) < 2, "only one CPU is available")
class TestChanges(Case):
    def agree(self, server, answered):
        """Everything that counts requests has the same total."""
        samples = server.metrics()
        status = server.status()    # reading the metrics was also a request
        workers = [w["served"] for w in status["workers"]]
        requests = status["requests"]
        parts = (sum(requests["copies"].values()) + requests["shared_ops"] +
                 requests["residual"])
        self.assertEqual(samples["cpuslab_server_requests_total", ()],
                         answered)
        self.assertEqual(samples[DURATION + "_count", ()], answered)
        self.assertEqual(sum(
            value for (name, _), value in samples.items()
            if name == "cpuslab_server_worker_requests_total"), answered)
        self.assertEqual(requests["total"], answered + 1)
        self.assertEqual(parts, answered + 1)
        self.assertEqual(sum(workers), answered + 1)
        self.assertEqual(status["durations_ns"]["count"], answered + 1)
        self.assertEqual(requests["errors"], 0)
        self.assertEqual(status["hotplug"]["errors"], 0)
        return status

    def test_load_while_the_mask_changes(self):
        server = self.start()
        load = Load(server.port, 6)
        changes = 0

        def change():
            nonlocal changes
            for cpus in (CPUS[:1], CPUS[1:2], CPUS[:2], CPUS[1:2], CPUS):
                server.bind(cpus)
                time.sleep(0.07)
                changes += 1
        load.wait(OPTIONS.seconds, change)
        answered = load.stop()
        self.assertEqual(load.failures, [])
        status = self.agree(server, answered)
        self.assertGreater(status["cpus"]["generation"], changes // 2)
        self.assertGreater(status["connections"]["moved"], 0)
        print("%d requests answered, %d changes of the mask, generation %d, "
              "%d connections moved; by workers %s" % (
                  answered, changes, status["cpus"]["generation"],
                  status["connections"]["moved"],
                  [w["served"] for w in status["workers"]]))
        self.finish(server, answered + 2)

    def wait_bound(self, server, cpus):
        """Wait until each of these workers may run on its CPU only."""
        end = time.monotonic() + PATIENCE
        while True:
            masks = server.masks()
            if all(masks[cpu] == {cpu} for cpu in cpus):
                return
            self.assertLess(time.monotonic(), end, masks)
            time.sleep(0.01)

    def test_one_thread_is_forgotten(self):
        """A worker's own binding does not keep a CPU that was taken
        from all the others."""
        server = self.start()
        for tid, name in server.threads():
            if name != "cpuslab/%d" % CPUS[1]:
                os.sched_setaffinity(tid, CPUS[:1])
        server.wait_online(CPUS[:1])
        server.bind(CPUS)
        server.wait_online(CPUS)
        self.wait_bound(server, CPUS)
        self.assertEqual(server.end()[0], 0)

    def test_each_set(self):
        server = self.start()
        asked = 0
        with Client(server.port) as client:
            for cpus in (CPUS[:1], CPUS[1:2], CPUS, CPUS[:1], CPUS):
                server.bind(cpus)
                server.wait_online(cpus)
                asked += 1
                self.assertEqual(client.ask().status, 200)
                status = server.status()
                table = status["steering"]["table"]
                self.assertEqual(sorted(set(table)), cpus)
                shares = [table.count(cpu) for cpu in cpus]
                self.assertLessEqual(max(shares) - min(shares), 1)
                running = [w["cpu"] for w in status["workers"]
                           if w["state"] == "runs"]
                self.assertEqual(running, cpus)
                self.wait_bound(server, running)
        total = server.status()["requests"]["total"]
        self.finish(server, total + 1)

    def test_in_the_middle_of_a_request(self):
        """Part of a request arrives, then its worker's CPU goes; repeatedly."""
        server = self.start()
        text = b"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n"
        with Client(server.port) as client:
            for i in range(len(text)):
                server.bind([CPUS[i % 2]])
                server.wait_online([CPUS[i % 2]])
                client.send(text[i:i + 1])
            self.assertEqual(client.receive().status, 200)
            status = server.status()
        self.assertGreaterEqual(status["connections"]["moved"], len(text) - 1)
        self.assertEqual(status["requests"]["errors"], 0)
        self.assertEqual(server.end()[0], 0)

    def test_end_under_load(self):
        """Every answered request is counted; others may be cut off."""
        server = self.start()
        load = Load(server.port, 6)
        load.wait(1, lambda: (server.bind(CPUS[:1]), time.sleep(0.1),
                              server.bind(CPUS), time.sleep(0.1)))
        status, served, err = server.end()
        answered = load.stop()
        self.assertEqual((status, err), (0, ""))
        self.assertLessEqual(answered, served)
        # At most the answers in flight to each client.
        self.assertLessEqual(served, answered + 6 * 5)

    def test_load_program(self):
        if not OPTIONS.load:
            self.skipTest("no load program was given")
        server = self.start()
        load = subprocess.Popen(
            [OPTIONS.load, "-c", "16", "-s", str(OPTIONS.seconds),
             str(server.port)], stdout=subprocess.PIPE, text=True)
        changes = 0
        while load.poll() is None:
            server.bind([CPUS[:1], CPUS, CPUS[1:2], CPUS][changes % 4])
            changes += 1
            time.sleep(0.05)
        out = load.communicate()[0]
        self.assertEqual(load.returncode, 0, out)
        answered, _, connections = map(int, re.fullmatch(
            r"answered (\d+) failed (\d+) connections (\d+)\n", out).groups())
        status = self.agree(server, answered)
        self.assertEqual(status["connections"]["accepted"], connections + 2)
        print("%d requests answered on %d connections, %d changes" %
              (answered, connections, changes))
        self.finish(server, answered + 2)


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--load")
    parser.add_argument("--parts")
    parser.add_argument("--promtool")
    parser.add_argument("--seconds", type=float, default=4)
    OPTIONS, words = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *words], verbosity=2)


main()
