# SPDX-License-Identifier: BSD-2-Clause
"""For each rule of `mkimage lint` a way to break it alone, and what a test needs to try."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loader import cli
from loader.lint import Report, lint
from loader.lintmodel import Severity
from loader.subject import read_subject
from loader.units import KIB, MIB
from tests.support import Load, make_elf, make_stub, write_recipe

LINK_BASE = 0x1000_0000
LOAD_BASE = 0x1000
TYPE, MACHINE, ENTRY, PHOFF, PHNUM = 16, 18, 24, 28, 44
SEGMENT = 52
"""File offsets of the ELF32 header's fields and of its program header."""
OFFSET, VADDR, PADDR, FILE_SIZE, MEMORY_SIZE = (SEGMENT + 4 * word for word in range(1, 6))
SLOT = SEGMENT + 32


def put(data: bytearray, offset: int, *words: int) -> None:
    """Big-endian words."""
    struct.pack_into(f">{len(words)}I", data, offset, *words)


def link_at(data: bytearray, address: int) -> None:
    """Move the segment and the entry point."""
    put(data, ENTRY, address)
    put(data, VADDR, address, address)


def as_elf64(data: bytearray, *, sections: bytes = b"") -> None:
    """The same segment in an ELF64 file; `sections` are section headers, put behind the program header."""
    size = len(data) - LOAD_BASE
    header = b"\x7fELF\x02\x02\x01" + bytes(9)
    header += struct.pack(
        ">HHIQQQIHHHHHH", 2, 21, 1, LINK_BASE, 64, 0x200 if sections else 0, 0, 64, 56, 1, 64, len(sections) // 64, 0
    )
    header += struct.pack(">IIQQQQQQ", 1, 7, LOAD_BASE, LINK_BASE, LINK_BASE, size, size, 0x1000)
    data[:LOAD_BASE] = header.ljust(0x200, b"\0") + sections.ljust(LOAD_BASE - 0x200, b"\0")


def section(address: int, size: int, flags: int) -> bytes:
    """A section header of an ELF64."""
    return struct.pack(">IIQQQQIIQQ", 0, 1, flags, address, LOAD_BASE, size, 0, 0, 4, 0)


def entry_inside(data: bytearray) -> None:
    """The segment begins in the zeros in front of the stub: the entry point is 2 KiB behind its start."""
    start = LOAD_BASE - 0x800
    put(data, ENTRY, LINK_BASE + 0x800)
    put(data, OFFSET, start)
    put(data, FILE_SIZE, len(data) - start, len(data) - start)


def second_segment(data: bytearray, *words: int) -> None:
    """One more program header, behind the first."""
    struct.pack_into(">H", data, PHNUM, 2)
    put(data, SLOT, *words)


def link_virtually_at(data: bytearray, address: int) -> None:
    """Another virtual address for the segment and the entry point."""
    put(data, ENTRY, address)
    put(data, VADDR, address)


def move_program_header(data: bytearray, offset: int) -> None:
    """To another place in front of the segment, in a file that may be loaded anywhere."""
    data[offset : offset + 32] = data[SEGMENT:SLOT]
    put(data, PHOFF, offset)
    struct.pack_into(">H", data, TYPE, 3)


def cut(path: Path) -> None:
    """Lose the file's last bytes."""
    os.truncate(path, path.stat().st_size - 0x100)


def grow(size: int) -> Callable[[Path], None]:
    """Make the file that large, with a hole, and the segment with it."""

    def change(path: Path) -> None:
        os.truncate(path, size)
        with path.open("r+b") as file:
            file.seek(FILE_SIZE)
            file.write(struct.pack(">2I", size - LOAD_BASE, size - LOAD_BASE))

    return change


@dataclass(frozen=True)
class Breach:
    """A way to break one rule.

    change     what to do to a sound image's bytes
    resize     what to do to the file
    stub       another boot stub to build with
    settings   other values in the recipe
    profile    under which it shows
    memory     of the machine
    message    part of what is said: the number found and the limit
    others     rules that break as well, because one cannot do without
    """

    profile: str
    message: str
    change: Callable[[bytearray], None] | None = None
    resize: Callable[[Path], None] | None = None
    stub: bytes | None = None
    settings: Sequence[str] = ()
    memory: int | None = None
    severity: Severity = Severity.ERROR
    others: frozenset[str] = frozenset()


def stub_without(*words: str) -> bytes:
    """A stub in which these instructions are missing."""
    stub = make_stub()
    for word in words:
        assert bytes.fromhex(word) in stub
        stub = stub.replace(bytes.fromhex(word), bytes.fromhex("60000000"))
    return stub


BREACHES: dict[str, Breach] = {
    "TRUNCATED": Breach("mac99", "segment 0 ends at file offset 0x", resize=cut),
    "ENTRY": Breach(
        "powernv8", "0x20000000 is in the file bytes of no PT_LOAD", lambda data: put(data, ENTRY, 0x2000_0000)
    ),
    "R1": Breach(
        "mac99",
        "ELF32 big-endian ET_EXEC EM_PPC64, wanted is ELF32, big-endian, ET_EXEC or ET_DYN, EM_PPC",
        lambda data: struct.pack_into(">H", data, MACHINE, 21),
    ),
    "R2": Breach("mac99", "entry point is 0x10000800, the lowest segment's first byte 0x10000000", entry_inside),
    "R3": Breach(
        "slof",
        "the virtual address 0x20000000, the physical 0x10000000",
        lambda data: link_virtually_at(data, 0x2000_0000),
    ),
    "R4": Breach(
        "slof", "at file offset 0x54 read 0x00000001, a PT_LOAD; 32 zeros", lambda data: put(data, SLOT, 1, 2, 3)
    ),
    "R5": Breach(
        "mac99",
        "linked at 0x10400000, it lands at 0x1400000, not at 0x1000000",
        lambda data: link_at(data, 0x1040_0000),
        severity=Severity.WARNING,
    ),
    "R6": Breach(
        "powernv8",
        "linked at 0x10000000, it runs at 0x20001000, and no 'bcl 20,31,$+4'",
        stub=stub_without("429f0005"),
        severity=Severity.WARNING,
    ),
    "R7": Breach(
        "powernv8",
        "nobody clears or reserves the 4096 bytes behind segment 0",
        lambda data: put(data, MEMORY_SIZE, len(data)),
        severity=Severity.WARNING,
    ),
    "R8": Breach(
        "mac99",
        "the segment carries 8192 bytes of the image's ",
        lambda data: put(data, FILE_SIZE, 0x2000, 0x2000),
    ),
    "R9": Breach(
        "powernv8",
        "the file has 134221824 bytes, the limit is 134217728 (128 MiB)",
        resize=grow(128 * MIB + 4 * KIB),
    ),
    "R10": Breach("powernv8", "the doubleword 0x4800002800000000 is the address of nothing", as_elf64),
    "R11": Breach("slof", "no 'li r13,0' in the first", stub=stub_without("39a00000"), severity=Severity.WARNING),
    "IMAGE-HEAD": Breach(
        "powernv8",
        "the stub would refuse it: stub, header and table do not match the head's SHA-256",
        lambda data: put(data, LOAD_BASE + 0x100, 1),
    ),
    "RUN-CLASH": Breach(
        "powernv8",
        "skiboot [0x30000000, 0x32000000) and hypervisor segment 0 [0x31000000, 0x31000001) overlap",
        settings=["hypervisor.path=high.elf", "image.targets=['epapr']"],
    ),
    "FIRMWARE-RANGE": Breach(
        "mac99", "OpenBIOS [0x1058000, 0x1400000) overlap, with 20 MiB of memory", resize=grow(MIB), memory=20 * MIB
    ),
    "RAM-END": Breach("powernv8", "reaches past the 512 MiB of memory", memory=512 * MIB),
    "SLOF-LOADAREA": Breach(
        "js21",
        "the file has 268439552 bytes, the limit is 268435456 (256 MiB)",
        resize=grow(256 * MIB + 4 * KIB),
        others=frozenset({"TFTP-16BIT"}),
    ),
    "SLOF-CLAIM": Breach("js21", "SLOF [0xe000000, 0x10000000) overlap", lambda data: link_at(data, 0x0E20_0000)),
    "SLOF-OPD": Breach("js21", "at the entry point the doubleword 0x4800002800000000", as_elf64),
    "TFTP-16BIT": Breach(
        "js21",
        "the file has 33554432 bytes, the limit without wrapping is 33553919 with blocks of 512",
        resize=grow(32 * MIB),
        severity=Severity.WARNING,
    ),
    "JS20-RAM": Breach("js20", "bytes, a JS20 has 536870912", settings=["domain.dom0.memory=512M"]),
    "PNV-ENTRY": Breach("powernv8", "the word at the entry point 0x10000000 is zero", stub=bytes(4) + make_stub()[4:]),
    "EPAPR-HEADERS": Breach(
        "epapr",
        "the program headers end at file offset 2080, the limit is 1024",
        lambda data: move_program_header(data, 0x800),
    ),
    "EPAPR-FIXED": Breach("epapr", "the file is ET_EXEC: it needs 0x10000000 free", severity=Severity.WARNING),
}


def build(folder: Path, *settings: str) -> Path:
    """An image of the stand-ins."""
    recipe = write_recipe(folder)
    (folder / "high.elf").write_bytes(make_elf(Load(0x3100_0000, b"x")))
    image = folder / "test.img"
    arguments = ["build", str(recipe), "-o", str(image)]
    for setting in settings:
        arguments += ["--set", setting]
    assert cli.main(arguments) == 0
    return image


def make_broken(breach: Breach, folder: Path) -> Path:
    """An image that breaks one rule."""
    settings = list(breach.settings)
    if breach.stub is not None:
        (folder / "other.bin").write_bytes(breach.stub)
        settings += ["image.stub=other.bin", "image.targets=['epapr']"]
    image = build(folder, *settings)
    if breach.change is not None:
        data = bytearray(image.read_bytes())
        breach.change(data)
        image.write_bytes(data)
    if breach.resize is not None:
        breach.resize(image)
    return image


def changed(image: Path, change: Callable[[bytearray], None]) -> Path:
    """The image with other bytes."""
    data = bytearray(image.read_bytes())
    change(data)
    image.write_bytes(data)
    return image


def judge(path: Path, *profiles: str, memory: int | None = None) -> Report:
    """What lint says."""
    return lint(read_subject(path), profiles, memory)


def broken(report: Report) -> set[str]:
    """The rules that do not hold."""
    return {found.rule.id for found in report.findings}
