# SPDX-License-Identifier: BSD-2-Clause
"""What commands print: reports on the output, whole or as far as somebody reads them, and remarks beside them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from loader.errors import EnvironmentProblem, one_line


def say(text: str, end: str = "\n") -> None:
    """Prints a report.  A reader that stops early has enough: the command goes on, its exit status stays what it is.

    Raises EnvironmentProblem when the output cannot be written.
    """
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        _abandon_output()
    except OSError as error:
        _abandon_output()
        raise EnvironmentProblem(f"cannot be written: {error.strerror}", "the output") from None


def remark(text: str) -> None:
    """Prints one line on the error output, if that can be written."""
    with suppress(OSError):
        print(f"mkimage: {one_line(text)}", file=sys.stderr)


def prepare_output() -> None:
    """Takes care that everything can be printed: output that was closed goes nowhere, odd file names are escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - until the process ends
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as the error output is anyway


def _abandon_output() -> None:
    """Sends the output nowhere, so that the interpreter does not fail once more when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
