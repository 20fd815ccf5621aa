# SPDX-License-Identifier: BSD-2-Clause
"""Facts about ELF files that are to be booted, with every check that pyelftools leaves out.

Only the file header and the program headers are read: sections and symbols do not matter to a loader, and reading them
is what makes a 45 MB kernel slow.  Segment contents stay in the file; whoever packs them copies file ranges.

Source of the rules: System V gABI, chapters 4 (ELF header) and 5 (program header); 64-bit PowerPC ELF ABI for `flags`
and function descriptors; Power ISA Book III for real-mode addresses.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final

from loader.elfhead import IDENT_SIZE, require_elf
from loader.errors import ElfError
from loader.io import open_source

EM_PPC64: Final = 21
ET_EXEC: Final = 2
ET_DYN: Final = 3
PF_X: Final = 1
PF_W: Final = 2
PF_R: Final = 4

MAX_PROGRAM_HEADERS: Final = 512
MAX_MEMORY: Final = 64 << 30
"""Bytes of memory all segments of one file may take; the largest domain is no larger."""
REAL_ADDRESS_BITS: Final = 60
"""In real mode the processor ignores the four bits above (Power ISA Book III, real addressing modes)."""

_PN_XNUM: Final = 0xFFFF
_FILE_HEADER_SIZE: Final = {32: 52, 64: 64}
_PROGRAM_HEADER_SIZE: Final = {32: 32, 64: 56}
_DESCRIPTOR_WORD: Final = 8
_TRUNCATED: Final = "the file is truncated; copy or build it again"


@dataclass(frozen=True, slots=True)
class Segment:
    """One PT_LOAD that takes memory; addresses and sizes in bytes, straight from the program header.

    flags  PF_* bits
    align  0 and 1 mean none
    """

    offset: int
    vaddr: int
    paddr: int
    file_size: int
    memory_size: int
    flags: int
    align: int


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """What a loader needs to know about one ELF file.

    bits      32 or 64
    machine   EM_* number
    type      ET_* number
    flags     e_flags; on 64-bit PowerPC the low two bits are the ABI version
    entry     e_entry, a virtual address
    size      bytes of the file
    segments  at least one, sorted by physical address, disjoint in virtual and in real-mode physical addresses
    """

    path: Path
    bits: int
    little_endian: bool
    machine: int
    type: int
    flags: int
    entry: int
    size: int
    segments: tuple[Segment, ...]


def read_elf(path: Path) -> ElfFacts:
    """Read and check the file header and the program headers of `path`.

    Raises ElfError when the file is not an ELF file a loader can trust, SourceError when it cannot be read.
    """
    with open_source(path) as file:
        require_elf(file.read(IDENT_SIZE), str(path))
        return _read(file, path, os.fstat(file.fileno()).st_size)


def require_ppc64(facts: ElfFacts) -> None:
    """Raise ElfError unless `facts` describe an executable for 64-bit PowerPC, of either byte order."""
    where = str(facts.path)
    if facts.bits != 64 or facts.machine != EM_PPC64:
        raise ElfError(
            f"an ELF{facts.bits} file for machine {facts.machine}, not an ELF64 file for 64-bit PowerPC ({EM_PPC64})",
            where,
            "give a file built for ppc64 or ppc64le",
        )
    if facts.type not in (ET_EXEC, ET_DYN):
        raise ElfError(f"ELF type {facts.type} is not executable", where, "link the file first")


def real_address(address: int) -> int:
    """`address` as the processor sees it in real mode: without its top four bits."""
    return address & ((1 << REAL_ADDRESS_BITS) - 1)


def physical_entry(facts: ElfFacts) -> int:
    """The physical address of the first instruction.

    The entry is mapped through the segment that holds it.  In a segment without execute permission the entry is a
    function descriptor (64-bit PowerPC ELFv1 ABI, section 3.2.5), whose first doubleword is read from the file.
    """
    entry = facts.entry
    holder = _segment_at(facts, entry, "the entry point")
    if facts.machine == EM_PPC64 and not holder.flags & PF_X:
        entry = _descriptor_target(facts, holder)
        holder = _segment_at(facts, entry, "the target of the entry's function descriptor")
        if not holder.flags & PF_X:
            raise ElfError(f"the entry's function descriptor points to {entry:#x}, not to code", str(facts.path))
    return real_address(holder.paddr + entry - holder.vaddr)


def _read(file: BinaryIO, path: Path, size: int) -> ElfFacts:
    # Imported here: it costs a quarter of a second, because the library loads its DWARF reader as well.
    from elftools.common.exceptions import ELFError
    from elftools.common.utils import struct_parse
    from elftools.elf.elffile import ELFFile
    from elftools.elf.enums import ENUM_E_MACHINE, ENUM_E_TYPE

    where = str(path)
    segments = []
    try:
        elf = ELFFile(file)
        header = elf.header
        _check_file_header(header, elf.elfclass, size, where)
        for index in range(header["e_phnum"]):
            # Not iter_segments(): that reads sections and strings as well, to make objects of other segment types.
            offset = header["e_phoff"] + index * header["e_phentsize"]
            raw = struct_parse(elf.structs.Elf_Phdr, file, stream_pos=offset)
            if raw["p_type"] == "PT_LOAD":
                segment = _segment_from(raw)
                _check_segment(segment, elf.elfclass, size, f"{where}, program header {index}")
                segments.append(segment)
        machine = _number(header["e_machine"], ENUM_E_MACHINE)
        elf_type = _number(header["e_type"], ENUM_E_TYPE)
    except (ELFError, OverflowError, MemoryError, struct.error, UnicodeDecodeError) as error:
        raise ElfError(f"malformed ELF file: {error}", where) from error

    in_memory = sorted((s for s in segments if s.memory_size > 0), key=lambda s: s.paddr)
    facts = ElfFacts(
        path=path,
        bits=elf.elfclass,
        little_endian=elf.little_endian,
        machine=machine,
        type=elf_type,
        flags=header["e_flags"],
        entry=header["e_entry"],
        size=size,
        segments=tuple(in_memory),
    )
    _check_together(facts)
    return facts


def _number(value: str | int, table: Mapping[str, int]) -> int:
    """The number behind a value that the library replaced by a name where it knows one."""
    return table[value] if isinstance(value, str) else value


def _segment_from(raw: Mapping[str, int]) -> Segment:
    return Segment(
        offset=raw["p_offset"],
        vaddr=raw["p_vaddr"],
        paddr=raw["p_paddr"],
        file_size=raw["p_filesz"],
        memory_size=raw["p_memsz"],
        flags=raw["p_flags"],
        align=raw["p_align"],
    )


def _check_file_header(header: Any, bits: int, size: int, where: str) -> None:
    for version in (header["e_ident"]["EI_VERSION"], header["e_version"]):
        if version != "EV_CURRENT":
            raise ElfError(f"ELF version {version} is not supported", where)
    if header["e_ehsize"] != _FILE_HEADER_SIZE[bits]:
        raise ElfError(f"e_ehsize is {header['e_ehsize']}, not {_FILE_HEADER_SIZE[bits]}", where)
    count = header["e_phnum"]
    if count == 0:
        raise ElfError("no program headers", where, "link the file first")
    if count == _PN_XNUM:
        raise ElfError("the program header count is kept in section 0 (PN_XNUM), so there are too many", where)
    if count > MAX_PROGRAM_HEADERS:
        raise ElfError(f"{count} program headers are more than the limit of {MAX_PROGRAM_HEADERS}", where)
    if header["e_phentsize"] != _PROGRAM_HEADER_SIZE[bits]:
        raise ElfError(f"e_phentsize is {header['e_phentsize']}, not {_PROGRAM_HEADER_SIZE[bits]}", where)
    start = header["e_phoff"]
    if start < _FILE_HEADER_SIZE[bits]:
        raise ElfError(f"the program headers at offset {start:#x} overlap the file header", where)
    end = start + count * header["e_phentsize"]
    if end > size:
        raise ElfError(f"the program headers end at offset {end:#x}, the file at {size:#x}", where, _TRUNCATED)


def _check_segment(segment: Segment, bits: int, size: int, where: str) -> None:
    if segment.file_size > segment.memory_size:
        raise ElfError(f"p_filesz {segment.file_size:#x} is above p_memsz {segment.memory_size:#x}", where)
    end = segment.offset + segment.file_size
    if segment.file_size and end > size:
        raise ElfError(f"the segment ends at offset {end:#x}, the file at {size:#x}", where, _TRUNCATED)
    if segment.memory_size > MAX_MEMORY:
        raise ElfError(f"the segment takes {segment.memory_size:#x} bytes, the limit is {MAX_MEMORY:#x}", where)
    for kind, address in (("virtual", segment.vaddr), ("physical", segment.paddr)):
        if address + segment.memory_size > 1 << bits:
            raise ElfError(f"the segment at {kind} address {address:#x} wraps around", where)
    if real_address(segment.paddr) + segment.memory_size > 1 << REAL_ADDRESS_BITS:
        raise ElfError(f"the segment at physical address {segment.paddr:#x} wraps around in real mode", where)
    if segment.align & (segment.align - 1):
        raise ElfError(f"p_align {segment.align:#x} is not a power of two", where)
    if segment.file_size and segment.align and (segment.vaddr - segment.offset) % segment.align:
        raise ElfError(
            f"p_vaddr {segment.vaddr:#x} and p_offset {segment.offset:#x} differ modulo p_align {segment.align:#x}",
            where,
        )


def _check_together(facts: ElfFacts) -> None:
    where = str(facts.path)
    if not facts.segments:
        raise ElfError("no PT_LOAD segment takes memory", where, "link the file first")
    total = sum(segment.memory_size for segment in facts.segments)
    if total > MAX_MEMORY:
        raise ElfError(f"the segments take {total:#x} bytes, the limit is {MAX_MEMORY:#x}", where)
    _check_disjoint(sorted((real_address(s.paddr), s.memory_size) for s in facts.segments), "physical", where)
    _check_disjoint(sorted((s.vaddr, s.memory_size) for s in facts.segments), "virtual", where)
    _segment_at(facts, facts.entry, "the entry point")


def _check_disjoint(ranges: list[tuple[int, int]], kind: str, where: str) -> None:
    for (start, size), (following, _) in pairwise(ranges):
        if start + size > following:
            raise ElfError(f"the segments at {kind} addresses {start:#x} and {following:#x} overlap", where)


def _segment_at(facts: ElfFacts, address: int, what: str) -> Segment:
    for segment in facts.segments:
        if 0 <= address - segment.vaddr < segment.memory_size:
            return segment
    raise ElfError(f"{what}, {address:#x}, lies in no segment", str(facts.path))


def _descriptor_target(facts: ElfFacts, holder: Segment) -> int:
    """The code address in the function descriptor at the entry point."""
    start, where = facts.entry - holder.vaddr, str(facts.path)
    if start + _DESCRIPTOR_WORD > holder.file_size:
        raise ElfError(f"the function descriptor at the entry point {facts.entry:#x} is not in the file", where)
    with open_source(facts.path) as file:
        raw = os.pread(file.fileno(), _DESCRIPTOR_WORD, holder.offset + start)
    if len(raw) != _DESCRIPTOR_WORD:
        raise ElfError("the file became shorter while it was read", where)
    return int.from_bytes(raw, "little" if facts.little_endian else "big")
