# SPDX-License-Identifier: MIT
"""A strict HTTP client, and a load of many of them."""

import socket
import threading
import time

PATIENCE = 30


class Broken(Exception):
    """The server's answer is wrong."""


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode()


class Client:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise Broken("closed after %r" % self.rest[:100])
        self.rest += piece

    def receive(self, head=False):
        """The next answer; head: it answers a HEAD, so it has no body."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        header, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = header.decode().split("\r\n")
        if not lines[0].startswith("HTTP/1.1 "):
            raise Broken("no status: %r" % lines[0])
        headers = {name.lower(): value for name, value in
                   (line.split(": ", 1) for line in lines[1:])}
        length = 0 if head else int(headers["content-length"])
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return Answer(int(lines[0].split()[1]), headers, body)

    def ask(self, path="/", accept=None, method="GET", close=False):
        request = "%s %s HTTP/1.1\r\nHost: a\r\n" % (method, path)
        if accept:
            request += "Accept: %s\r\n" % accept
        if close:
            request += "Connection: close\r\n"
        self.send(request.encode() + b"\r\n")
        return self.receive(head=method == "HEAD")

    def is_closed(self):
        """Does the server close the connection without sending more?"""
        return not self.rest and self.socket.recv(1) == b""


def page(port, path, accept=None):
    with Client(port) as client:
        return client.ask(path, accept, close=True)


class Load:
    """Threads that request the payload until they are stopped.

    Each counts its answers. Some keep their connection, some open a new
    one for every few requests, some send several requests at once.
    """

    def __init__(self, port, count):
        self.port = port
        self.answered = [0] * count
        self.failures = []
        self.stopping = False
        self.threads = [threading.Thread(target=self._run, args=(i,))
                        for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, i):
        try:
            while not self.stopping:
                with Client(self.port) as client:
                    self._session(client, i)
        except (OSError, Broken, ValueError, KeyError) as error:
            self.failures.append("client %d: %r" % (i, error))

    def _session(self, client, i):
        left = 7 if i % 3 == 1 else -1
        burst = 5 if i % 3 == 2 else 1
        request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * burst
        while left and not self.stopping:
            client.send(request)
            for _ in range(burst):
                if client.receive().status != 200:
                    raise Broken("not 200")
                self.answered[i] += 1
            left -= 1

    def wait(self, seconds, between=None):
        """Let the load run for that long, and call between() repeatedly."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.failures:
            if between:
                between()
            else:
                time.sleep(0.05)

    def stop(self):
        """The number of requests that were answered."""
        self.stopping = True
        for thread in self.threads:
            thread.join()
        return sum(self.answered)
