# SPDX-License-Identifier: BSD-2-Clause
"""One run of QEMU: started with a console and a monitor we hold the other ends of, never left behind."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from loader.console import Console, ConsoleEnd
from loader.errors import EnvironmentProblem, LoaderError
from loader.machines import DEFAULT_MACHINE, MACHINES, QEMU

MONITOR_PATIENCE: Final = 30.0
"""Seconds until an answer of QEMU's monitor counts as lost; it takes milliseconds on an idle machine."""


class EmulatorError(LoaderError):
    """QEMU refused what it was asked to do, or ended when it should not."""


class MonitorEnd(EmulatorError):
    """QEMU went away."""


class Monitor:
    """QEMU's machine protocol (QMP specification, docs/interop/qmp-spec.txt) on a connected socket."""

    def __init__(self, channel: socket.socket) -> None:
        """Finish the handshake; raises EmulatorError."""
        channel.settimeout(MONITOR_PATIENCE)
        self.events: list[dict[str, Any]] = []
        self._stream = channel.makefile("rw")
        self._receive()
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run one command and return its result; raises EmulatorError."""
        try:
            self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self._stream.flush()
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

    def _read_line(self) -> str:
        """The next line, "" at the end."""
        try:
            return self._stream.readline()
        except ConnectionError:
            return ""
        except TimeoutError:
            raise EmulatorError(f"QEMU's monitor did not answer within {MONITOR_PATIENCE:g} s") from None


class Emulator:
    """A machine that is on while the context lasts.

    image      an ELF file for -kernel, or None
    memory     as QEMU writes it: "2G"
    log        gets the console's bytes; its directory is made
    extra      further arguments for QEMU
    tolerate   names of fatal patterns (loader/machines.py) that are none in this run
    """

    console: Console
    monitor: Monitor
    process: subprocess.Popen[bytes]

    def __init__(
        self,
        image: Path | None,
        *,
        machine: str = DEFAULT_MACHINE,
        memory: str = "2G",
        cpus: int = 1,
        log: Path | None = None,
        extra: Sequence[str] = (),
        tolerate: Collection[str] = (),
    ) -> None:
        self.image = image
        self.machine = MACHINES[machine]
        self.memory = memory
        self.cpus = cpus
        self.log = log
        self.extra = tuple(extra)
        self.fatal = {name: regex for name, regex in self.machine.fatal.items() if name not in tolerate}
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

    def expect(self, pattern: str, timeout: float = 60) -> re.Match[str]:
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

    def wait(self, timeout: float = 60) -> int:
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
        self._messages.seek(0)
        return self._messages.read().decode(errors="replace")

    def _start(self, resources: ExitStack) -> None:
        for tool, package in ((QEMU, "qemu-system-ppc"), ("setpriv", "util-linux")):
            if shutil.which(tool) is None:
                raise EnvironmentProblem(f"{tool} is not installed", hint=f"run tools/setup or install {package}")
        self._messages = resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - a context all the same
        log = None
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            log = resources.enter_context(self.log.open("wb"))
        console, console_far = (resources.enter_context(end) for end in socket.socketpair())
        monitor, monitor_far = (resources.enter_context(end) for end in socket.socketpair())
        far_ends = (console_far.fileno(), monitor_far.fileno())
        command = self.machine.command(
            self.image,
            memory=self.memory,
            cpus=self.cpus,
            console_fd=far_ends[0],
            monitor_fd=far_ends[1],
            extra=self.extra,
        )
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],  # dies with us whatever kills us
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
            self.monitor = Monitor(monitor)
        except MonitorEnd as error:
            raise self._explained(error) from None

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
        last = "".join(self.messages().splitlines()[-1:])
        explained = EmulatorError(f"{error}; QEMU ended with status {self._status()}" + (f": {last}" if last else ""))
        for note in (*getattr(error, "__notes__", ()), self.messages()):
            explained.add_note(note)
        return explained
