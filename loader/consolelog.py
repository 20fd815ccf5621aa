# SPDX-License-Identifier: BSD-2-Clause
"""A console's log file: what was printed, each line after the seconds from power-on to its first byte."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from loader.errors import EnvironmentProblem

STAMP: Final = "[{:9.3f}] "
"""In front of every line, 12 bytes on the first day; what follows is as it came: `cut -b 13-` gives the console."""


class ConsoleLog:
    """Writes to `file` what a machine prints that is switched on now."""

    def __init__(self, file: BinaryIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._start = clock()
        self._in_line = False

    def write(self, data: bytes) -> None:
        """Add what the console printed just now."""
        stamp = STAMP.format(self._clock() - self._start).encode()
        for line in BytesIO(data):
            self._file.write(line if self._in_line else stamp + line)
            self._in_line = not line.endswith(b"\n")
        self._file.flush()


@contextmanager
def open_log(path: Path) -> Iterator[ConsoleLog]:
    """A new log under `path`, whose folder is made.

    Another run that is still writing under the same name keeps its file, which has lost that name: nothing is mixed.
    Raises EnvironmentProblem.
    """
    with _create(path) as file:
        yield ConsoleLog(file)


def _create(path: Path) -> BinaryIO:
    if path.exists() and not path.is_file():  # /dev/null would be no device any more
        raise EnvironmentProblem("cannot write the log: not a regular file", str(path))
    target = path.resolve()
    unnamed = target.parent / f".{secrets.token_hex(8)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = unnamed.open("xb")
        try:
            unnamed.replace(target)
        except OSError:
            file.close()
            unnamed.unlink()
            raise
    except OSError as error:
        raise EnvironmentProblem(f"cannot write the log: {error.strerror}", str(path)) from None
    return file
