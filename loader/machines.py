# SPDX-License-Identifier: BSD-2-Clause
"""The emulated machines an image can boot on: QEMU's arguments and what a failure looks like on the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

QEMU: Final = "qemu-system-ppc64"

SOFTWARE_FATAL: Final = {
    "stub": r"roundpeg-stub: refused",
    "hypervisor": r"\(hv\) (panic|hypervisor fault)",
    "domain": r"\(hv\) domain \S+ crashed|\(hv\) domain .*: (plan refused|not built)",
    "linux-panic": r"Kernel panic - not syncing",
    "linux-oops": r"\bOops: |kernel BUG at |\bBUG: (?!soft lockup|workqueue lockup)",  # a busy host looks like a lockup
    "linux-fault": r"Unable to handle kernel|Bad trap at PC|Bad kernel stack pointer|Unrecoverable [\w/ ]*[Ee]xception",
    "machine-check": r"machine check \(|Machine check in |[Mm]achine check interrupt (is|un)",
}
"""Failures of our own code and of a Linux domain, by name, as regular expressions over one console line."""

FIRMWARE: Final = "firmware"
FATAL_NAMES: Final = (*SOFTWARE_FATAL, FIRMWARE)

SKIBOOT_FATAL: Final = r"assert failed at |Fatal (System Reset|TRAP|Exception|MCE) |FATAL: |ELF header not found"
SLOF_FATAL: Final = r"Exception \[ \w+ \]|not supported, aborting|\bE3\d{3}:"
OPENBIOS_FATAL: Final = r"openbios panic|No valid (boot|state)|Unhandled Exception"

BMC: Final = ("-device", "ipmi-bmc-sim,id=bmc0", "-device", "isa-ipmi-bt,bmc=bmc0,irq=10")
"""OPAL powers the machine off and resets it through the BMC; without one both hang."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of QEMU's.

    arguments   everything that makes it this machine, nothing that depends on the run
    fatal       console patterns that mean failure, by name
    """

    name: str
    arguments: tuple[str, ...]
    fatal: Mapping[str, str] = field(repr=False)

    def command(
        self, image: Path | None, *, memory: str, cpus: int, console_fd: int, monitor_fd: int, extra: Sequence[str] = ()
    ) -> list[str]:
        """QEMU's argument list; console and monitor (QMP) are sockets it inherits under the given numbers."""
        kernel = [] if image is None else ["-kernel", str(image)]
        return [
            *(QEMU, "-M", self.name, *self.arguments),
            *("-m", memory, "-smp", str(cpus), "-nodefaults", "-nographic"),
            *("-chardev", f"socket,id=console,fd={console_fd}", "-serial", "chardev:console"),
            *("-chardev", f"socket,id=monitor,fd={monitor_fd}", "-mon", "chardev=monitor,mode=control"),
            *kernel,
            *extra,
        ]


def _machine(name: str, *arguments: str, firmware_fatal: str | None = None) -> Machine:
    patterns = SOFTWARE_FATAL if firmware_fatal is None else {**SOFTWARE_FATAL, FIRMWARE: firmware_fatal}
    return Machine(name, arguments, MappingProxyType(patterns))


MACHINES: Final[Mapping[str, Machine]] = {
    machine.name: machine
    for machine in (
        _machine("powernv8", *BMC, firmware_fatal=SKIBOOT_FATAL),
        _machine("powernv9", *BMC, firmware_fatal=SKIBOOT_FATAL),
        _machine("pseries", "-cpu", "power8", firmware_fatal=SLOF_FATAL),
        _machine("mac99", "-cpu", "970fx", firmware_fatal=OPENBIOS_FATAL),
        _machine("none"),
    )
}
"""By name; `none` has no processor and serves to test the emulator's own handling."""

DEFAULT_MACHINE: Final = "powernv8"
