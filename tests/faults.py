# SPDX-License-Identifier: BSD-2-Clause
"""Runs `mkimage` in a forked process in which the N-th call to the system fails, kills the process or comes with a
change behind its back.

Counted are the calls of Python's `os` module that change files or, on request, read them: nothing of ours writes files
by other ways.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loader import cli

CHANGES: Final = (
    *("pwrite", "write", "copy_file_range", "sendfile", "posix_fallocate", "ftruncate", "fsync", "fdatasync"),
    *("fchmod", "chmod", "rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir"),
)
"""Calls that change files; `open` is one when it may make a file."""
READS: Final = ("pread", "preadv", "copy_file_range", "sendfile")
CLEANING: Final = frozenset({"unlink", "remove", "rmdir"})
KILLED: Final = -signal.SIGKILL

Act = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""What happens instead of a call: gets the real one and its arguments."""


@dataclass(frozen=True)
class Run:
    """How a command ended: exit status (-9 when it was killed), what it printed, and what was called at the fault."""

    status: int
    out: str
    err: str
    called: str


def kill_before(_call: Callable[..., Any], _arguments: tuple[Any, ...], _options: dict[str, Any]) -> Any:
    """Kill -9 just before the call."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_inside(call: Callable[..., Any], arguments: tuple[Any, ...], _options: dict[str, Any]) -> Any:
    """Kill -9 when half of the data is written; for `pwrite` only."""
    descriptor, data, offset = arguments
    call(descriptor, bytes(data)[: len(data) // 2], offset)
    os.kill(os.getpid(), signal.SIGKILL)


def fail_with(number: int) -> Act:
    """The call fails with this errno."""

    def fail(_call: Callable[..., Any], _arguments: tuple[Any, ...], _options: dict[str, Any]) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def write_little(call: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A write stops after a third of the data, as it may; for `pwrite` only."""
    descriptor, data, offset = arguments
    return call(descriptor, bytes(data)[: max(len(data) // 3, 1)], offset, **options)


def first_do(change: Callable[[], None]) -> Act:
    """The call is made as it should be, just after somebody else did something."""

    def disturb(call: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        change()
        return call(*arguments, **options)

    return disturb


def run_with_fault(arguments: list[str], number: int, act: Act, names: tuple[str, ...], folder: Path) -> Run:
    """Run `mkimage` with these arguments; at the `number`-th call (from 1 on) of these names, `act`.

    `folder` is for what it prints and must not be where it works.
    """
    files = {name: folder / name for name in ("out", "err", "called")}
    for file in files.values():
        file.write_bytes(b"")
    child = os.fork()
    if child == 0:
        _run_child(arguments, number, act, names, files)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    out, err, called = (file.read_text() for file in files.values())
    return Run(status, out, err, called)


def _run_child(arguments: list[str], number: int, act: Act, names: tuple[str, ...], files: dict[str, Path]) -> None:
    status = 99
    try:
        for name, descriptor in (("out", 1), ("err", 2)):
            os.dup2(os.open(files[name], os.O_WRONLY), descriptor)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        called = os.open(files["called"], os.O_WRONLY)
        _arm(number, act, names, called)
        try:
            status = cli.main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        os._exit(status)


def _arm(number: int, act: Act, names: tuple[str, ...], called: int) -> None:
    """Put counting stand-ins into the os module of this process."""
    count = 0
    lock = threading.Lock()
    real_write = os.write

    for name in ("fsync", "fdatasync"):  # the power stays on, and a test would wait for the disk each time
        setattr(os, name, lambda _descriptor: None)

    def wrap(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            if name == "open" and not arguments[1] & (os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY):
                return call(*arguments, **options)
            with lock:
                count += 1
                mine = count == number
            if not mine:
                return call(*arguments, **options)
            real_write(called, name.encode())
            return act(call, arguments, options)

        return stand_in

    for name in names:
        setattr(os, name, wrap(name, getattr(os, name)))
