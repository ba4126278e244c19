# SPDX-License-Identifier: MIT
"""QEMU's machine protocol."""

import json
import time


class QmpError(Exception):
    """QEMU has refused a command, or has ended."""


class Qmp:
    def __init__(self, sock):
        self.sock, self.events, self.buffer = sock, [], b""
        self._read(time.monotonic() + 30)       # the greeting
        self.execute("qmp_capabilities")

    def _read(self, deadline):
        """The next message; an event is also stored."""
        while b"\n" not in self.buffer:
            self.sock.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = self.sock.recv(65536)
            except TimeoutError:
                raise QmpError("QEMU does not answer") from None
            except OSError as error:
                raise QmpError("QEMU has ended: %s" % error) from None
            if not piece:
                raise QmpError("QEMU has ended")
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        message = json.loads(line)
        if "event" in message:
            self.events.append(message)
        return message

    def execute(self, command, timeout=30, **arguments):
        """Run a command; return its answer, or raise QmpError."""
        self.sock.sendall(json.dumps({"execute": command, "arguments":
                                      arguments}).encode() + b"\n")
        deadline = time.monotonic() + timeout
        while True:
            message = self._read(deadline)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(message["error"].get("desc", "refused"))

    def wait(self, event, matches=lambda data: True, timeout=60):
        """Wait for an event, or take a stored one; return its data."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self.events:
                data = message.get("data", {})
                if message["event"] == event and matches(data):
                    self.events.remove(message)
                    return data
            try:
                self._read(deadline)
            except QmpError as error:
                raise QmpError("waiting for %s: %s" % (event, error)) from None
