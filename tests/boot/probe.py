# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for the hypervisor that reports what the boot stub handed over (stub_probe.S), and how to read it."""

from __future__ import annotations

import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from loader import cli
from loader.devtree import Tree
from loader.qemu import Emulator
from tests.support import RECIPE, Load, make_elf, write_recipe

HERE: Final = Path(__file__).parent
CROSS: Final = "powerpc64-linux-gnu-"
PROBE_AT: Final = 0x4_0000
"""QEMU loads skiboot to 0, so there is code here that a hypervisor's bss must not show."""
PROBE_SIZE: Final = 0x4000
PROBE_REPORT: Final = 0x200
PROBE_MAGIC: Final = 0x50524F42
PATIENCE: Final = 300.0


@dataclass(frozen=True)
class EntryState:
    """The registers that a payload was entered with; `magic` says that they were written."""

    magic: int
    r3: int
    r4: int
    r5: int
    r6: int
    r7: int
    r8: int
    r9: int
    msr: int


@dataclass(frozen=True)
class Report(EntryState):
    """What stub_probe.S found."""

    bss: int


def assemble(source: str, folder: Path, *options: str) -> bytes:
    """The code of an assembly file in this folder, flat."""
    elf, flat = folder / "code.elf", folder / "code.bin"
    build = ["gcc", "-m64", "-mbig-endian", "-nostdlib", "-static", "-Wl,--build-id=none,-Ttext=0", *options]
    subprocess.run([CROSS + build[0], *build[1:], "-o", elf, HERE / source], check=True)
    subprocess.run([f"{CROSS}objcopy", "-O", "binary", "-j", ".text", elf, flat], check=True)
    return flat.read_bytes()


def assemble_probe(folder: Path) -> bytes:
    """The code that stands in for the hypervisor; its report is in the part that is not in the file."""
    code = assemble("stub_probe.S", folder)
    assert len(code) < PROBE_REPORT
    return code


def probe_elf(code: bytes) -> bytes:
    """The probe as a hypervisor."""
    return make_elf(Load(PROBE_AT, code, memory_size=PROBE_SIZE))


def pack(folder: Path, stub: Path, hypervisor: bytes, *settings: str) -> Path:
    """An image with this hypervisor and one small domain."""
    recipe = write_recipe(folder, RECIPE.replace("stub.bin", str(stub)))
    (folder / "hypervisor.elf").write_bytes(hypervisor)
    image = folder / "image.elf"
    assert cli.main(["build", str(recipe), "-o", str(image), *settings]) == 0
    return image


def read_memory(emulator: Emulator, address: int, size: int, folder: Path) -> bytes:
    """Bytes of the machine's memory."""
    file = folder / "memory.bin"
    emulator.qmp("pmemsave", val=address, size=size, filename=str(file))
    return file.read_bytes()


def read_report(emulator: Emulator, folder: Path) -> Report:
    """The probe's report, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        report = Report(*struct.unpack(">10Q", read_memory(emulator, PROBE_AT + PROBE_REPORT, 80, folder)))
        if report.magic == PROBE_MAGIC:
            return report
        emulator.console.drain(0.1)  # QEMU stands still when nobody reads what mac99 writes, byte by byte
    pytest.fail("the probe was not entered")


def read_tree(emulator: Emulator, report: Report, folder: Path) -> Tree:
    """The tree that the probe was given."""
    size = int.from_bytes(read_memory(emulator, report.r3 + 4, 4, folder), "big")
    return Tree.parse(read_memory(emulator, report.r3, size, folder), "the hypervisor's tree")
