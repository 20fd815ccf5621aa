# SPDX-License-Identifier: BSD-2-Clause
"""Small stand-ins that tests build images from: boot stubs, ELF files, recipes."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from loader import abi

ET_EXEC = 2
ET_DYN = 3
EM_PPC64 = 21
PF_RX = 5


def make_stub(pages: int = 1, fill: int = 0) -> bytes:
    """The words every stub has at its start, what firmware rules look for, then zeros; `fill` changes a byte outside
    the scratch area."""
    size = pages * abi.IMAGE_PAGE_SIZE
    words = struct.pack(">4sIQQQQ", b"\x48\x00\x00\x28", fill, abi.STUB_MAGIC, size, 0, size // 2)
    code = bytes.fromhex("429f0005 39a00000")  # bcl 20,31,$+4; li r13,0
    return (words + code).ljust(size, b"\0")


def reseal(image: bytearray, *names: str) -> None:
    """Makes the digests of entries and the head digest right for whatever the bytes of an image file are."""
    base, page = abi.IMAGE_FILE_OFFSET, abi.IMAGE_PAGE_SIZE
    size = base + abi.STUB_SIZE_OFFSET
    header = base + int.from_bytes(image[size : size + 8], "big")
    count = int.from_bytes(image[header + 0x1C : header + 0x20], "big")
    table_end = header + abi.IMAGE_HEADER.sizeof() + count * abi.IMAGE_ENTRY.sizeof()
    signatures = (table_end + page - 1) & -page
    for name in names:
        place = image.index(name.encode().ljust(abi.IMAGE_NAME_SIZE, b"\0"), header) - 0x50
        start, size = struct.unpack_from(">QQ", image, place + 8)
        digest = hashlib.sha256(image[base + start : base + start + size]).digest()
        image[place + 0x30 : place + 0x50] = digest
    field = slice(header + 0x38, header + 0x38 + abi.DIGEST_SIZE)
    image[field] = bytes(abi.DIGEST_SIZE)
    image[field] = hashlib.sha256(image[base:signatures] + bytes(page)).digest()


@dataclass(frozen=True)
class Load:
    """One PT_LOAD of a made-up ELF file."""

    address: int
    data: bytes
    memory_size: int | None = None
    flags: int = PF_RX
    virtual: int | None = None


def make_elf(
    *loads: Load,
    entry: int | None = None,
    machine: int = EM_PPC64,
    kind: int = ET_EXEC,
    little_endian: bool = False,
) -> bytes:
    """An ELF64 file with these segments and no sections."""
    order = "<" if little_endian else ">"
    segments = loads or (Load(0, b"\x60\x00\x00\x00" * 4),)
    if entry is None:
        entry = segments[0].address
    offset = 0x1000
    headers, contents = b"", b""
    for load in segments:
        virtual = load.address if load.virtual is None else load.virtual
        memory = len(load.data) if load.memory_size is None else load.memory_size
        headers += struct.pack(
            f"{order}IIQQQQQQ", 1, load.flags, offset, virtual, load.address, len(load.data), memory, 0x1000
        )
        padded = load.data.ljust((len(load.data) + 0xFFF) & ~0xFFF, b"\0")
        contents += padded
        offset += len(padded)
    ident = b"\x7fELF\x02" + (b"\x01" if little_endian else b"\x02") + b"\x01" + bytes(9)
    header = struct.pack(
        f"{order}16sHHIQQQIHHHHHH", ident, kind, machine, 1, entry, 64, 0, 2, 64, 56, len(segments), 64, 0, 0
    )
    return (header + headers).ljust(0x1000, b"\0") + contents


def write_files(folder: Path) -> None:
    """A stub, a hypervisor, a kernel and a ramdisk under the names that `RECIPE` uses."""
    (folder / "stub.bin").write_bytes(make_stub())
    (folder / "hypervisor.elf").write_bytes(make_elf(Load(0, b"\x11" * 0x234, memory_size=0x8000)))
    (folder / "kernel.elf").write_bytes(
        make_elf(
            Load(0x0, b"\x22" * 0x1234, memory_size=0x20000, virtual=0xC000_0000_0000_0000),
            little_endian=True,
            entry=0xC000_0000_0000_0000,
        )
    )
    (folder / "initrd.gz").write_bytes(b"\x33" * 0x4321)


RECIPE = """\
[image]
stub = "stub.bin"

[hypervisor]
path = "hypervisor.elf"
command-line = "loud"

[domain.dom0]
kernel = "kernel.elf"
initrd = "initrd.gz"
command-line = "console=hvc0"
memory = "64M"
roles = ["control", "hardware"]
"""


def write_recipe(folder: Path, text: str = RECIPE) -> Path:
    """The recipe and everything it names; returns its path."""
    write_files(folder)
    path = folder / "recipe.toml"
    path.write_text(text)
    return path
