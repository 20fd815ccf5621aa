# SPDX-License-Identifier: BSD-2-Clause
"""How far long work has come: a bar on the terminal when there is one, nothing otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LONG_WORK: Final = 256 << 20
"""Bytes from which on a phase is shown; less is over before anybody has read what it is."""


class Meter:
    """Takes in how far work has come and tells nobody."""

    def phase(self, name: str, total: int) -> None:
        """What begins now, and how many bytes it is about."""

    def advance(self, count: int) -> None:
        """So many more bytes are done; may come from any thread."""


QUIET: Final = Meter()


class TerminalMeter(Meter):
    """Shows each long phase as a bar that goes when it is over."""

    def __init__(self, terminal: TextIO, long_work: int = LONG_WORK) -> None:
        self._terminal = terminal
        self._long_work = long_work
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def phase(self, name: str, total: int) -> None:
        """Ends the bar of the phase before and begins one if this is long."""
        self.close()
        if total >= self._long_work:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(True), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(file=self._terminal), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(name, total=total)

    def advance(self, count: int) -> None:
        """Moves the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


@contextmanager
def terminal_meter() -> Iterator[Meter]:
    """A meter for the error output if that is a terminal, else a quiet one."""
    if not sys.stderr.isatty():
        yield QUIET
        return
    meter = TerminalMeter(sys.stderr)
    try:
        yield meter
    finally:
        meter.close()
