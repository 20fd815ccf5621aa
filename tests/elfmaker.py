# SPDX-License-Identifier: BSD-2-Clause
"""Hand-made ELF files for tests, malformed ones included: nothing here checks anything."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

PT_LOAD = 1


@dataclass(frozen=True)
class Phdr:
    """One program header; the defaults describe a small loadable code segment."""

    type: int = PT_LOAD
    flags: int = 5
    offset: int = 0x1000
    vaddr: int = 0x1000
    paddr: int = 0x1000
    filesz: int = 0x100
    memsz: int = 0x100
    align: int = 0x1000

    def pack(self, bits: int, order: str) -> bytes:
        """The header's bytes in the class and byte order of the file."""
        middle = (self.offset, self.vaddr, self.paddr, self.filesz, self.memsz)
        if bits == 64:
            return struct.pack(f"{order}2I6Q", self.type, self.flags, *middle, self.align)
        return struct.pack(f"{order}8I", self.type, *middle, self.flags, self.align)


@dataclass(frozen=True)
class ElfFile:
    """A file; None means what a linker would write."""

    phdrs: Sequence[Phdr] = (Phdr(),)
    bits: int = 64
    little_endian: bool = False
    machine: int = 21
    type: int = 2
    flags: int = 1
    entry: int = 0x1000
    version: int = 1
    ident_version: int = 1
    ei_class: int | None = None
    ei_data: int | None = None
    ehsize: int | None = None
    phoff: int | None = None
    phentsize: int | None = None
    phnum: int | None = None
    size: int = 0x2000
    content: dict[int, bytes] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The whole file: zeros where nothing else was asked for."""
        order = "<" if self.little_endian else ">"
        header_size = 64 if self.bits == 64 else 52
        entry_size = 56 if self.bits == 64 else 32
        ident = bytes(
            (
                *b"\x7fELF",
                _or(self.ei_class, 2 if self.bits == 64 else 1),
                _or(self.ei_data, 1 if self.little_endian else 2),
                self.ident_version,
            ),
        )
        addresses = "3Q" if self.bits == 64 else "3I"
        header = ident.ljust(16, b"\0") + struct.pack(
            f"{order}2HI{addresses}I6H",
            self.type,
            self.machine,
            self.version,
            self.entry,
            _or(self.phoff, header_size),
            0,
            self.flags,
            _or(self.ehsize, header_size),
            _or(self.phentsize, entry_size),
            _or(self.phnum, len(self.phdrs)),
            0,
            0,
            0,
        )
        table = b"".join(phdr.pack(self.bits, order) for phdr in self.phdrs)
        data = bytearray((header + table).ljust(self.size, b"\0")[: self.size])
        for offset, piece in self.content.items():
            data[offset : offset + len(piece)] = piece
        return bytes(data)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
