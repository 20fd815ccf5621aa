# SPDX-License-Identifier: BSD-2-Clause
"""The emulated machines an image can boot on: QEMU's arguments and what a failure looks like on the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from loader.errors import EnvironmentProblem

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
OPAL_FATAL: Final = r"^opal: (exception 0x|stopped: |refused: )"
SLOF_FATAL: Final = r"Exception \[ \w+ \]|not supported, aborting|\bE3\d{3}:"
OPENBIOS_FATAL: Final = r"openbios panic|No valid (boot|state)|Unhandled Exception"

BMC: Final = ("-device", "ipmi-bmc-sim,id=bmc0", "-device", "isa-ipmi-bt,bmc=bmc0,irq=10")
"""OPAL powers the machine off and resets it through the BMC; without one both hang."""


VOF_TRACE: Final = ("-trace", "vof_write")
"""VOF has no console of its own: what a client writes through it appears among QEMU's messages."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network device.

    backend   QEMU's -netdev without the id: "user,tftp=FOLDER,bootfile=FILE", "tap,ifname=tap0,script=no,downscript=no"
    device    QEMU's -device: "virtio-net-pci", "spapr-vlan", "e1000"
    mac       the device's address, None for QEMU's own choice, which is the same in every run
    """

    backend: str
    device: str = "virtio-net-pci"
    mac: str | None = None

    def arguments(self, number: int) -> list[str]:
        """QEMU's arguments for device `number` of a machine."""
        device = f"{self.device},netdev=net{number}"
        if not self.device.startswith("spapr-"):
            device += ",romfile="  # its option ROM is x86 code, and from a package that need not be there
        if self.mac is not None:
            device += f",mac={self.mac}"
        return ["-netdev", f"{self.backend},id=net{number}", "-device", device]


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine.

    name        how it is called here
    board       QEMU's -M
    arguments   everything else that makes it this machine, nothing that depends on the run
    fatal       console patterns that mean failure, by name
    qemu        the program
    """

    name: str
    board: str
    arguments: tuple[str, ...] = ()
    fatal: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(SOFTWARE_FATAL), repr=False)
    qemu: str = QEMU


def _machine(name: str, *arguments: str, board: str = "", firmware_fatal: str | None = None) -> Machine:
    patterns = SOFTWARE_FATAL if firmware_fatal is None else {**SOFTWARE_FATAL, FIRMWARE: firmware_fatal}
    return Machine(name, board or name, arguments, MappingProxyType(patterns))


MACHINES: Final[Mapping[str, Machine]] = {
    machine.name: machine
    for machine in (
        _machine("powernv8", *BMC, firmware_fatal=f"{SKIBOOT_FATAL}|{OPAL_FATAL}"),
        _machine("powernv9", *BMC, firmware_fatal=SKIBOOT_FATAL),
        _machine("powernv10", *BMC, firmware_fatal=SKIBOOT_FATAL),
        _machine("pseries", "-cpu", "power8", firmware_fatal=SLOF_FATAL),
        _machine("pseries-vof", "-cpu", "power8", *VOF_TRACE, board="pseries,x-vof=on"),
        _machine("mac99", "-cpu", "970fx", firmware_fatal=OPENBIOS_FATAL),
        _machine("none"),
    )
}
"""By name; `none` has no processor and serves to test the emulator's own handling."""

DEFAULT_MACHINE: Final = "powernv8"

FIRMWARES: Final[Mapping[str, Path | None]] = {
    "opal": Path(__file__).resolve().parents[1] / "build" / "firmware" / "opal" / "opal.bin",
    "skiboot": None,
}
"""What `firmware=` knows by name: powernv8's as `make firmware` builds it, and the one QEMU brings along."""


def find_firmware(firmware: Path | str | None) -> Path | str | None:
    """What -bios gets, None for nothing: one of FIRMWARES by its name, else a file; raises EnvironmentProblem."""
    if not isinstance(firmware, str) or firmware not in FIRMWARES:
        return firmware
    file = FIRMWARES[firmware]
    if file is not None and not file.is_file():
        raise EnvironmentProblem("our own firmware is not built", str(file), "run `make firmware`")
    return file
