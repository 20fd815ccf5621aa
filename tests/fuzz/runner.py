# SPDX-License-Identifier: BSD-2-Clause
"""Runs a target many times and says what went wrong, so that one run can be done again by its number."""

from __future__ import annotations

import random
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from tests.fuzz.corpus import Corpus
from tests.fuzz.targets import Target

PATIENCE: Final = 20.0
"""Seconds of this process' own time for one input of some kilobytes; the slowest sound one takes a tenth of one."""
MEMORY: Final = 128 << 20
"""Bytes that one input may add to the most this process ever had."""


class TooSlow(Exception):
    """One input took all our patience."""


class TooLarge(Exception):
    """One input took too much memory."""


@dataclass(frozen=True)
class Failure:
    """What came out of one run that must not: its seed and number make the same input again."""

    target: str
    seed: int
    run: int
    data: bytes
    trace: str


def make_input(target: Target, corpus: Corpus, seed: int, run: int) -> bytes:
    """The input of one run."""
    return target.damage(corpus, random.Random(f"{target.name} {seed} {run}"))


def fuzz(
    target: Target, corpus: Corpus, folder: Path, seed: int, runs: range, progress: Callable[[int], None] | None = None
) -> Iterator[Failure]:
    """Every failure of the runs with these numbers."""
    for run in runs:
        data = make_input(target, corpus, seed, run)
        try:
            with bounded():
                target.read(data, corpus, folder)
        except Exception:
            yield Failure(target.name, seed, run, data, traceback.format_exc())
        if progress is not None:
            progress(run)


@contextmanager
def bounded() -> Iterator[None]:
    """Ends a block that takes too long, and complains about one that takes too much memory."""
    before = _peak()

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {PATIENCE:g} s")

    previous = signal.signal(signal.SIGVTALRM, expire)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    grown = _peak() - before
    if grown > MEMORY:
        raise TooLarge(f"{grown >> 20} MiB more than ever before")


def _peak() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
