# SPDX-License-Identifier: BSD-2-Clause
"""Debian's installer shell on an emulated machine's console."""

from __future__ import annotations

import re
from typing import Final

from loader.emulator import Emulator

PROMPT: Final = r"~ # "

_COMPLAINT: Final = re.compile(
    r"WARNING|\bBUG\b(?!: (?:soft|workqueue) lockup)|Oops|nobody cared|Unable to handle kernel"
)


def run(machine: Emulator, command: str) -> str:
    """Run one shell command and return what it printed; the shell echoes the line, so the marks are split."""
    machine.send(f"echo BE''GIN; {command}; echo E''ND:$?\n")
    machine.expect("BEGIN\r?\n")
    match = machine.expect(r"END:(\d+)")
    output = match.string[: match.start()].rpartition("BEGIN")[2].replace("\r", "").removeprefix("\n")
    assert match[1] == "0", f"{command!r} failed: {output}"
    return output


def complaints_in(log: str) -> list[str]:
    """Lines of a kernel's log that say that something is wrong; a lockup is none: a busy host looks like one."""
    return [line for line in log.splitlines() if _COMPLAINT.search(line)]
