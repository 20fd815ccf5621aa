# SPDX-License-Identifier: BSD-2-Clause
"""One run of QEMU: started with a console and a monitor we hold the other ends of, never left behind."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypedDict

from loader.console import Console, ConsoleEnd
from loader.consolelog import open_log
from loader.errors import EnvironmentProblem, LoaderError
from loader.io import require_other_file
from loader.machines import DEFAULT_MACHINE, MACHINES, QEMU, Machine, Network, find_firmware

MONITOR_PATIENCE: Final = 30.0
"""Seconds until an answer of QEMU's monitor counts as lost; it takes milliseconds on an idle machine."""
GUEST_PATIENCE: Final = 300.0
"""Seconds that a guest usually has for what is expected of it: an emulated one on a busy host needs many."""

PACKAGES: Final = {
    QEMU: "run tools/setup or install Debian's qemu-system-ppc",
    "setpriv": "install Debian's util-linux",
}
"""Where the programs come from."""


class EmulatorError(LoaderError):
    """QEMU refused what it was asked to do, or ended when it should not."""


class MonitorEnd(EmulatorError):
    """QEMU went away."""


class Monitor:
    """QEMU's machine protocol (QMP specification, docs/interop/qmp-spec.txt) on a connected socket.

    The console is read while we wait: a QEMU that cannot get rid of a guest's output answers nobody.
    """

    def __init__(self, channel: socket.socket, console: Console) -> None:
        """Finish the handshake; raises EmulatorError."""
        channel.settimeout(MONITOR_PATIENCE)
        self.events: list[dict[str, Any]] = []
        self._channel = channel
        self._console = console
        self._received = b""
        self._receive()
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run one command and return its result; raises EmulatorError."""
        try:
            self._channel.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except ConnectionError:
            raise MonitorEnd(f"QEMU ended before {command!r}") from None
        while "event" in (reply := self._receive()):
            self.events.append(reply)
        if "error" in reply:
            raise EmulatorError(f"QEMU refused {command!r}: {reply['error']['desc']}")
        return reply["return"]

    def collect_events(self) -> None:
        """Read what QEMU said before it ended."""
        while line := self._read_line():
            self.events.append(json.loads(line))

    def _receive(self) -> dict[str, Any]:
        line = self._read_line()
        if not line:
            raise MonitorEnd("QEMU closed its monitor")
        message: dict[str, Any] = json.loads(line)
        return message

    def _read_line(self) -> bytes:
        """The next line, b"" at the end."""
        deadline = time.monotonic() + MONITOR_PATIENCE
        while b"\n" not in self._received:
            self._wait(deadline)
            try:
                data = self._channel.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                return b""
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _wait(self, deadline: float) -> None:
        """Until the monitor can be read."""
        while True:
            left = max(deadline - time.monotonic(), 0)
            sources = [self._channel] if self._console.ended else [self._channel, self._console.channel]
            readable = select.select(sources, [], [], left)[0]
            if self._channel in readable:
                return
            if left == 0:
                raise EmulatorError(f"QEMU's monitor did not answer within {MONITOR_PATIENCE:g} s")
            if readable:
                self._console.receive(0)


def find_machine(name: str) -> Machine:
    """The machine of that name; raises EmulatorError."""
    if name not in MACHINES:
        raise EmulatorError(f"no machine is called {name!r}", hint=f"machines are {', '.join(MACHINES)}")
    return MACHINES[name]


class Options(TypedDict, total=False):
    """What a machine can be started with, all of it optional.

    machine    a name of loader/machines.py, or a Machine of your own; default powernv8
    firmware   a file for -bios instead of the machine's usual firmware; also a name in QEMU's own folder, or one of
               loader/machines.py's FIRMWARES: "opal", "skiboot"
    memory     as QEMU writes it; default "2G"
    cpus       number of processors; default 1
    network    its network devices, in order; default none
    log        file for the console, each line with its time (loader/consolelog.py); its folder is made
    extra      further arguments for QEMU: ["-append", "console=hvc0", "-initrd", "initrd.gz"]
    fatal      further console patterns that mean failure, by name; they replace the machine's of the same name
    tolerate   names of fatal patterns that are none in this run
    prefix     command that runs QEMU: ["nsenter", "--net=/run/netns/lab", "--"], ["taskset", "1"]; it must exec
    """

    machine: str | Machine
    firmware: Path | str | None
    memory: str
    cpus: int
    network: Sequence[Network]
    log: Path | None
    extra: Sequence[str]
    fatal: Mapping[str, str]
    tolerate: Collection[str]
    prefix: Sequence[str]


class Emulator:
    """A machine that is on while the context lasts: `with Emulator(image) as emulator:`.

    `image` is an ELF file for -kernel, or None; for the rest see Options.
    """

    console: Console
    monitor: Monitor
    process: subprocess.Popen[bytes]

    def __init__(
        self,
        image: Path | str | None,
        *,
        machine: str | Machine = DEFAULT_MACHINE,
        firmware: Path | str | None = None,
        memory: str = "2G",
        cpus: int = 1,
        network: Sequence[Network] = (),
        log: Path | None = None,
        extra: Sequence[str] = (),
        fatal: Mapping[str, str] | None = None,
        tolerate: Collection[str] = (),
        prefix: Sequence[str] = (),
    ) -> None:
        self.machine = machine if isinstance(machine, Machine) else find_machine(machine)
        self.log = log
        patterns = {**self.machine.fatal, **(fatal or {})}
        self.fatal = {name: regex for name, regex in patterns.items() if name not in tolerate}
        self._prefix = tuple(prefix)
        bios = find_firmware(firmware)
        if log is not None:
            require_other_file(log, *(Path(file) for file in (image, bios) if file is not None))
        self._arguments = [
            *("-M", self.machine.board, *self.machine.arguments),
            *("-m", memory, "-smp", str(cpus), "-nodefaults", "-nographic"),
            *([] if bios is None else ["-bios", str(bios)]),
            *([] if image is None else ["-kernel", str(image)]),
            *(word for number, device in enumerate(network) for word in device.arguments(number)),
            *extra,
        ]
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        """Switch on; raises EnvironmentProblem without QEMU, EmulatorError when it does not start."""
        with ExitStack() as resources:
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def expect(self, pattern: str, timeout: float = GUEST_PATIENCE) -> re.Match[str]:
        """Wait for a pattern on the console; raises ConsoleError, or EmulatorError when QEMU ends first."""
        try:
            return self.console.expect(pattern, timeout)
        except ConsoleEnd as end:
            raise self._explained(end) from None

    def send(self, text: str) -> None:
        """Type on the console; raises ConsoleError."""
        try:
            self.console.send(text)
        except ConsoleEnd as end:
            raise self._explained(end) from None

    def wait(self, timeout: float = GUEST_PATIENCE) -> int:
        """Wait for QEMU to end by itself and return its exit status, -N for signal N; raises ConsoleError."""
        self.console.expect_end(timeout)
        return self._status()

    def qmp(self, command: str, **arguments: Any) -> Any:
        """Ask QEMU's monitor; raises EmulatorError."""
        return self.monitor.execute(command, **arguments)

    def shutdown_reason(self) -> str | None:
        """Why QEMU ended ("guest-shutdown", "guest-reset" under -no-reboot, ...); call it after `wait`."""
        self.monitor.collect_events()
        reasons: list[str] = [event["data"]["reason"] for event in self.monitor.events if event["event"] == "SHUTDOWN"]
        return reasons[-1] if reasons else None

    def messages(self) -> str:
        """What QEMU itself printed so far."""
        descriptor = self._messages.fileno()  # QEMU writes at the same file position: it must not move
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def _start(self, resources: ExitStack) -> None:
        for tool in (self.machine.qemu, "setpriv", *self._prefix[:1]):
            if shutil.which(tool) is None:
                raise EnvironmentProblem(f"{tool} is not installed", hint=PACKAGES.get(tool, ""))
        self._messages = resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - a context all the same
        log = None if self.log is None else resources.enter_context(open_log(self.log))
        console, console_far = (resources.enter_context(end) for end in socket.socketpair())
        monitor, monitor_far = (resources.enter_context(end) for end in socket.socketpair())
        far_ends = (console_far.fileno(), monitor_far.fileno())
        self.process = subprocess.Popen(
            self._command(*far_ends),
            stdin=subprocess.DEVNULL,
            stdout=self._messages,
            stderr=subprocess.STDOUT,
            pass_fds=far_ends,
        )
        resources.callback(self._stop)
        console_far.close()
        monitor_far.close()
        self.console = Console(console, self.fatal, log)
        try:
            self.monitor = Monitor(monitor, self.console)
        except MonitorEnd as error:
            raise self._explained(error) from None

    def _command(self, console: int, monitor: int) -> list[str]:
        """The command line; console and monitor (QMP) are sockets that QEMU inherits under the given numbers."""
        return [
            *self._prefix,
            *("setpriv", "--pdeathsig", "KILL", "--"),  # dies with us whatever kills us
            self.machine.qemu,
            *("-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console"),
            *("-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"),
            *self._arguments,
        ]

    def _stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _status(self) -> int:
        """QEMU's exit status once its sockets are closed."""
        try:
            return self.process.wait(MONITOR_PATIENCE)
        except subprocess.TimeoutExpired:
            raise EmulatorError("QEMU closed its console and hangs") from None

    def _explained(self, error: LoaderError) -> EmulatorError:
        """Say how QEMU ended when that is why something failed; keeps the notes of `error`."""
        lines = self.messages().splitlines()
        complaints = [line for line in lines if line.startswith(self.machine.qemu)]  # advice may follow them
        last = "".join((complaints or lines)[-1:])
        explained = EmulatorError(f"{error}; QEMU ended with status {self._status()}" + (f": {last}" if last else ""))
        for note in (*getattr(error, "__notes__", ()), self.messages()):
            explained.add_note(note)
        return explained
