# SPDX-License-Identifier: BSD-2-Clause
"""Boot tests for any PowerPC software, as a library; docs/boot-tests.md tells how.

    with boot("kernel.elf", machine="pseries") as emulator:
        emulator.expect(r"^ready")
        emulator.send("status\\n")

This is the public part of the emulator's modules: what is not named here may change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Unpack

from loader.console import Console, ConsoleEnd, ConsoleError, ConsoleTimeout, FatalOutput
from loader.machines import MACHINES, Machine, Network
from loader.qemu import Emulator, EmulatorError, Monitor, Options

__all__ = [
    "MACHINES",
    "Boot",
    "Console",
    "ConsoleEnd",
    "ConsoleError",
    "ConsoleTimeout",
    "Emulator",
    "EmulatorError",
    "FatalOutput",
    "Machine",
    "Monitor",
    "Network",
    "Options",
    "boot",
]


def boot(image: Path | str | None, **options: Unpack[Options]) -> Emulator:
    """A machine that runs `image` (an ELF file for -kernel, or None) inside `with boot(...) as emulator:`.

    Raises EnvironmentProblem without QEMU, EmulatorError when it does not start.
    """
    return Emulator(image, **options)


class Boot(Protocol):
    """What the pytest fixture `boot` gives: switches a machine on for the rest of the test."""

    def __call__(self, image: Path | str | None, **options: Unpack[Options]) -> Emulator:
        """As the function `boot`, and already running."""
