# SPDX-License-Identifier: BSD-2-Clause
"""The head of any ELF file as it stands, judged by nobody: what `lint` compares with the rules of firmwares.

loader/elf.py refuses what a loader cannot trust; this reader must not, because a file that breaks a rule is what is
looked for.  Only a file whose head cannot be found at all is an error.  Source: System V gABI, chapters 4 and 5.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loader.errors import ElfError

Reader = Callable[[int, int], bytes]
"""`read(offset, size)`: the bytes that are there, fewer at the end of the file."""

ET_NAMES: Final = {1: "ET_REL", 2: "ET_EXEC", 3: "ET_DYN", 4: "ET_CORE"}
EM_PPC: Final = 20
EM_PPC64: Final = 21
PT_LOAD: Final = 1
PT_INTERP: Final = 3
SHF_EXECINSTR: Final = 4
MAX_PROGRAM_HEADERS: Final = 512
MAX_SECTIONS: Final = 4096
"""What is read of one file; the largest real ones have some dozens.  Rules compare every two segments."""

_TRUNCATED: Final = "the file is truncated; copy or build it again"
IDENT_SIZE: Final = 16
"""Bytes of e_ident."""
_PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x02\x21\x4c\x18": "lz4",
}
"""How files begin in which distributions ship kernels: RFC 1952, RFC 8878, and the formats' own descriptions."""
_FILE_HEADER: Final = {32: "2HI3I I6H", 64: "2HI3Q I6H"}
_PROGRAM_HEADER: Final = {32: "8I", 64: "2I6Q"}
_SECTION_HEADER: Final = {32: "10I", 64: "2I4Q2I2Q"}


@dataclass(frozen=True, slots=True)
class ProgramHeader:
    """One program header; addresses, offsets and sizes in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    file_size: int
    memory_size: int
    align: int

    @property
    def file_end(self) -> int:
        """File offset behind the segment's last byte."""
        return self.offset + self.file_size


@dataclass(frozen=True, slots=True)
class Section:
    """One section header, as far as loaders look at it."""

    address: int
    offset: int
    size: int
    executable: bool
    in_file: bool


@dataclass(frozen=True, slots=True)
class ElfHead:
    """File header and tables.

    bits           32 or 64
    little_endian  byte order of every number in it
    type, machine  ET_* and EM_* numbers
    entry          e_entry, a virtual address
    table_end      file offset behind the last program header
    slot           the bytes there, one program header's size of them if the file is long enough
    sections       empty when there are none, or when they are not in the file
    sections_end   file offset behind the section headers, 0 when there are none
    """

    bits: int
    little_endian: bool
    type: int
    machine: int
    entry: int
    headers: tuple[ProgramHeader, ...]
    table_end: int
    slot: bytes
    sections: tuple[Section, ...]
    sections_end: int

    @property
    def loads(self) -> tuple[ProgramHeader, ...]:
        """The PT_LOAD segments that take memory, in the table's order."""
        return tuple(header for header in self.headers if header.type == PT_LOAD and header.memory_size)

    @property
    def kind(self) -> str:
        """The file's format in a few words."""
        order = "little" if self.little_endian else "big"
        machine = {EM_PPC: "EM_PPC", EM_PPC64: "EM_PPC64"}.get(self.machine, f"machine {self.machine}")
        return f"ELF{self.bits} {order}-endian {ET_NAMES.get(self.type, f'type {self.type}')} {machine}"

    def entry_segment(self) -> ProgramHeader | None:
        """The first segment that holds the entry point."""
        return next((load for load in self.loads if 0 <= self.entry - load.vaddr < load.memory_size), None)

    def entry_offset(self) -> int | None:
        """File offset of the entry point, None when it is not in the file."""
        holder = self.entry_segment()
        if holder is None or self.entry - holder.vaddr >= holder.file_size:
            return None
        return self.entry - holder.vaddr + holder.offset

    def number(self, data: bytes) -> int:
        """An integer in the file's byte order."""
        return int.from_bytes(data, "little" if self.little_endian else "big")


def require_elf(start: bytes, where: str) -> None:
    """Raises ElfError unless a file that begins with these bytes, IDENT_SIZE of them, may be an ELF file."""
    if start.startswith(b"\x7fELF"):
        return
    for magic, name in _PACKED.items():
        if start.startswith(magic):
            raise ElfError(f"not an ELF file but one that {name} compressed", where, "give what is inside")
    raise ElfError("not an ELF file", where)


def parse_elf_head(read: Reader, where: str) -> ElfHead:
    """The head of an ELF file; raises ElfError when there is none."""
    ident = read(0, IDENT_SIZE)
    require_elf(ident, where)
    if len(ident) < IDENT_SIZE or ident[4] not in (1, 2) or ident[5] not in (1, 2):
        raise ElfError("an ELF file of unknown class or byte order", where)
    bits, little_endian = 32 * ident[4], ident[5] == 1
    order = "<" if little_endian else ">"
    layout = order + _FILE_HEADER[bits]
    raw = read(IDENT_SIZE, struct.calcsize(layout))
    if len(raw) < struct.calcsize(layout):
        raise ElfError("the ELF header is cut off", where, _TRUNCATED)
    kind, machine, _, entry, table, section_table, _, _, entry_size, count, section_size, section_count, _ = (
        struct.unpack(layout, raw)
    )
    headers = _program_headers(read, bits, order, table, entry_size, count, where)
    table_end = table + count * entry_size
    sections = _sections(read, bits, order, section_table, section_size, section_count)
    return ElfHead(
        bits=bits,
        little_endian=little_endian,
        type=kind,
        machine=machine,
        entry=entry,
        headers=headers,
        table_end=table_end,
        slot=read(table_end, struct.calcsize(order + _PROGRAM_HEADER[bits])),
        sections=sections,
        sections_end=section_table + section_size * section_count if sections else 0,
    )


def _program_headers(
    read: Reader, bits: int, order: str, table: int, entry_size: int, count: int, where: str
) -> tuple[ProgramHeader, ...]:
    layout = order + _PROGRAM_HEADER[bits]
    size = struct.calcsize(layout)
    if count == 0:
        raise ElfError("no program headers", where, "link the file first")
    if entry_size != size:
        raise ElfError(f"program headers of {entry_size} bytes, there are {size} in each", where)
    if count > MAX_PROGRAM_HEADERS:
        raise ElfError(f"{count} program headers are more than the limit of {MAX_PROGRAM_HEADERS}", where)
    data = read(table, count * entry_size)
    if len(data) < count * entry_size:
        raise ElfError("the program headers are cut off", where, _TRUNCATED)
    return tuple(
        _program_header(struct.unpack_from(layout, data, start), bits) for start in range(0, len(data), entry_size)
    )


def _program_header(words: tuple[int, ...], bits: int) -> ProgramHeader:
    if bits == 64:
        return ProgramHeader(*words)
    kind, offset, vaddr, paddr, file_size, memory_size, flags, align = words
    return ProgramHeader(kind, flags, offset, vaddr, paddr, file_size, memory_size, align)


def _sections(read: Reader, bits: int, order: str, table: int, entry_size: int, count: int) -> tuple[Section, ...]:
    layout = order + _SECTION_HEADER[bits]
    if table == 0 or not 0 < count <= MAX_SECTIONS or entry_size != struct.calcsize(layout):
        return ()
    data = read(table, count * entry_size)
    if len(data) < count * entry_size:
        return ()
    sections = []
    for start in range(0, len(data), entry_size):
        _, kind, flags, address, offset, size, *_ = struct.unpack_from(layout, data, start)
        in_file = kind not in (0, 8)  # SHT_NULL, SHT_NOBITS
        sections.append(Section(address, offset, size, bool(flags & SHF_EXECINSTR), in_file))
    return tuple(sections)
