# SPDX-License-Identifier: MIT
"""One QEMU process: a guest that runs a script and asks the host for actions.

    console   the kernel's messages                            -> a file
    report    what the script prints: "ok NAME", ...           -> a file
    channel   lines from the program "host" in the guest       <-> Channel
    QMP       the other side of these lines                    <-> Qmp
"""

import shlex
import socket
import subprocess
import threading
import time

from .qmp import Qmp, QmpError

# What differs between architectures; the scenario has all other parameters.
ARCHES = {
    # Without the first two the clock is a device that all CPUs wait for, and
    # each new CPU calibrates its delay loop for a fifth of a second.
    "x86_64": {"program": "qemu-system-x86_64", "console": "ttyS0",
               "channel": "ttyS1", "report": "ttyS2",
               "append": "tsc=reliable lpj=10000000 no_timer_check",
               "serial": ("-serial", "chardev:%s")},
    "aarch64": {"program": "qemu-system-aarch64", "console": "ttyAMA0",
                "channel": "ttyS0", "report": "ttyS1", "append": "",
                "serial": ("-device", "pci-serial,chardev=%s")},
}
# The kernel's watchdogs measure the host's time: on a busy host an emulated CPU
# can pause for longer than their defaults allow. A real lockup is still
# reported, by them or by the scenario's timeout.
APPEND = ("quiet loglevel=5 oops=panic panic=-1 {append}"
          " watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
          " console={console} report={report} channel={channel}")

# Under TCG 6.12 accepts a new CPU only if it takes QEMU for VMware.
VMWARE_SINCE = (6, 12)
VMWARE = ("-smbios", "type=1,serial=VMware-1")

# ACPI's _OST: a guest's answer to a request, and its progress.
EJECT, IN_PROGRESS = 3, 132


class Guest:
    """The guest of a scenario; its logs are in the folder."""

    def __init__(self, scenario, kernel, initramfs, folder, clock, long):
        self.scenario, self.kernel, self.folder = scenario, kernel, folder
        self.initramfs, self.clock, self.long = initramfs, clock, long
        self.arch = ARCHES[scenario.arch]
        self.process = self.qmp = None
        self.timed_out = False
        self.began = time.monotonic()
        self.slots = None

    # ---- the process --------------------------------------------------------

    def run(self, timeout):
        """Run it until it powers off or the timeout; return the seconds."""
        sockets, fds = self._sockets(2)
        self.log_file = open(self.folder / "host.log", "w", buffering=1,
                             encoding="utf-8")
        self.began = time.monotonic()
        command = self._command(fds)
        self.log(shlex.join(command))
        with open(self.folder / "qemu.log", "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, pass_fds=[fd.fileno() for fd in fds])
        for fd in fds:
            fd.close()
        helper = threading.Thread(target=self._serve, args=sockets)
        helper.start()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.timed_out = True
        finally:
            self._end()
            helper.join(10)
            for sock in sockets:
                sock.close()
        self.log("QEMU ended with status %s" % self.process.returncode)
        self.log_file.close()
        return time.monotonic() - self.began

    def _end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _sockets(self, count):
        pairs = [socket.socketpair() for _ in range(count)]
        return [p[0] for p in pairs], [p[1] for p in pairs]

    def _command(self, fds):
        s = self.scenario
        append = " ".join((APPEND.format(**self.arch), self.clock, s.append))
        append += " LONG=1" if self.long else ""
        machine, cpu, more = s.machine, s.cpu, s.qemu
        if self.kernel.version >= VMWARE_SINCE and "maxcpus" in s.smp:
            machine, cpu = machine + ",vmport=on", cpu + ",-hypervisor"
            more = (*more, *VMWARE)
        command = [
            *(self.kernel.qemu or [self.arch["program"]]),
            "-accel", s.accel, "-machine", machine,
            "-cpu", cpu, "-smp", s.smp, "-m", str(s.memory),
            "-display", "none", "-nodefaults", "-no-reboot",
            "-kernel", str(self.kernel.image), "-initrd", str(self.initramfs),
            "-append", append,
            "-chardev", "socket,id=qmp,fd=%d" % fds[0].fileno(),
            "-mon", "chardev=qmp,mode=control",
            "-chardev", "file,id=console,path=%s" % (self.folder / "console"),
            "-serial", "chardev:console",
        ]
        option, value = self.arch["serial"]
        command += [
            "-chardev", "socket,id=channel,fd=%d" % fds[1].fileno(),
            option, value % "channel",
            "-chardev", "file,id=report,path=%s" % (self.folder / "report"),
            option, value % "report"]
        return command + list(more)

    def log(self, text):
        self.log_file.write("%8.3f %s\n" % (time.monotonic() - self.began,
                                            text))

    # ---- actions ------------------------------------------------------------

    def _serve(self, qmp, channel):
        """Answer the guest's requests until QEMU ends."""
        try:
            self.qmp = Qmp(qmp)
            lines = channel.makefile("rwb", buffering=0)
            while line := lines.readline():
                text = line.decode(errors="replace").strip("\r\n\0 ")
                if text:
                    lines.write((self._answer(text) + "\n").encode())
        except (OSError, QmpError) as error:
            self.log("channel: %s" % error)

    def _answer(self, line):
        self.log("asked: " + line)
        name, *words = shlex.split(line)
        action = self.scenario.actions.get(name) or ACTIONS.get(name)
        try:
            if not action:
                raise QmpError("no action %s" % name)
            answer = "ok %s" % (action(self, *words) or "")
        except Exception as error:      # the guest must not wait forever
            answer = "error %s: %s" % (type(error).__name__, error)
        answer = " ".join(answer.split())
        self.log("answer: " + answer)
        return answer

    def slot(self, number):
        """QEMU's description of the slot of the CPU with this number."""
        if self.slots is None:
            self.slots = self.qmp.execute("query-hotpluggable-cpus")
            self.slots.sort(key=lambda slot: [
                slot["props"].get(key + "-id", 0)
                for key in ("socket", "die", "cluster", "core", "thread")])
        return self.slots[int(number)]


def device_add(guest, number):
    """Plug a CPU in. The guest sees it a moment later."""
    slot = guest.slot(number)
    guest.qmp.execute("device_add", driver=slot["type"],
                      id="cpu%s" % number, **slot["props"])


def device_del(guest, number):
    """Unplug a CPU; returns when the guest has released it."""
    # QEMU 7.2 sends DEVICE_DELETED for parts of the CPU only.
    def answered(data):
        info = data["info"]
        return (info["slot-type"] == "CPU" and info["slot"] == str(number)
                and info["source"] == EJECT and info["status"] != IN_PROGRESS)
    guest.qmp.events.clear()
    guest.qmp.execute("device_del", id="cpu%s" % number)
    status = guest.qmp.wait("ACPI_DEVICE_OST", answered)["info"]["status"]
    if status:
        raise QmpError("the guest refuses: ACPI status %d" % status)


def wake_up_later(guest):
    """When the guest is suspended, wake it up."""
    def wait():
        try:
            guest.qmp.wait("SUSPEND", timeout=120)
            guest.log("suspended; waking up")
            guest.qmp.execute("system_wakeup")
        except QmpError as error:
            guest.log("wake_up_later: %s" % error)
    # The guest sleeps, so no other thread uses QMP until it is awake.
    threading.Thread(target=wait, daemon=True).start()


def qmp_command(guest, text):
    """Any command: "host qmp 'NAME'"."""
    return str(guest.qmp.execute(text))


def singlestep(guest, state):
    """Translate one instruction at a time ("on"), or not ("off").

    Otherwise an interrupt never comes between two instructions without a
    branch between them.
    """
    return guest.qmp.execute("human-monitor-command",
                             **{"command-line": "singlestep " + state})


def log_text(guest, *words):
    guest.log("guest says: " + " ".join(words))


ACTIONS = {"device_add": device_add, "device_del": device_del,
           "wake_up_later": wake_up_later, "qmp": qmp_command,
           "log": log_text, "singlestep": singlestep}
