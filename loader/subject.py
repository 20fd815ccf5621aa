# SPDX-License-Identifier: BSD-2-Clause
"""What `lint` and the memory maps look at: an ELF file, and what it carries when it is an image of ours.

Made from a file that exists or from a plan whose file does not exist yet, so that both are judged by the same rules.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loader import abi
from loader.elf import real_address
from loader.elfhead import ElfHead, ProgramHeader, Reader, parse_elf_head
from loader.elfpreface import Container, elf_preface
from loader.errors import DeviceTreeError, ElfError, ImageError
from loader.fdtscan import MAX_TREE_SIZE
from loader.imagehead import ENTRY_NAMES, STUB_WORDS, Head, check_stub, parse_head, parse_header
from loader.inspect import describe_overlay
from loader.io import FileStamp, open_source
from loader.layout import Load

CODE_SIZE: Final = abi.STUB_MAX_SIZE
"""Bytes behind the entry point in which rules look for instructions."""


@dataclass(frozen=True, slots=True)
class Part:
    """A named piece of the image, in bytes from the load base; `type` is None for what is not an entry of the table.

    expanded  bytes the stub expands it to, 0 when it is stored as it is
    """

    name: str
    offset: int
    size: int
    type: abi.EntryType | None = None
    expanded: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What an image of ours carries.

    total_size  bytes from the load base to the image's end, as the header says
    parts       stub, header and table, payloads, in the order of the file
    hypervisor  where its segments go, physical; empty when they cannot be read
    domains     as `inspect --json` shows them
    targets     profiles the image was built for, empty when it does not say
    problem     why the stub would refuse the image's head; then there is nothing else
    """

    total_size: int
    parts: tuple[Part, ...] = ()
    hypervisor: tuple[Load, ...] = ()
    domains: tuple[dict[str, Any], ...] = ()
    targets: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A file to judge.

    where     what to call it in messages
    size      bytes of the file
    code      the file's bytes from the entry point on, CODE_SIZE at most; empty when the entry is not in the file
    contents  None for other people's files
    """

    where: str
    size: int
    elf: ElfHead
    code: bytes
    contents: Contents | None = None

    @property
    def entry_segment(self) -> ProgramHeader | None:
        """The segment that holds the entry point."""
        return self.elf.entry_segment()


def read_subject(path: Path) -> Subject:
    """Looks at a file; raises ElfError or SourceError when there is no ELF header."""
    with open_source(path) as file:
        stamp = FileStamp.take(file.fileno())
        size = stamp.size

        def read(offset: int, length: int) -> bytes:
            return os.pread(file.fileno(), min(length, size - offset), offset) if offset < size else b""

        elf = parse_elf_head(read, str(path))
        entry = elf.entry_offset()
        code = b"" if entry is None else read(entry, CODE_SIZE)
        contents = None
        if entry is not None and is_stub(code):
            contents = _read_contents(_shifted(read, entry), str(path))  # the entry point is the load base
        stamp.verify(file.fileno())
    return Subject(str(path), size, elf, code, contents)


def planned_subject(
    where: str,
    stub: bytes,
    parts: Sequence[Part],
    hypervisor: Sequence[Load],
    overlay: bytes,
    total_size: int,
    container: Container,
) -> Subject:
    """What `read_subject` would say of the image that is going to have these parts."""
    preface = elf_preface(total_size, container)

    def read(offset: int, length: int) -> bytes:
        return (preface + stub)[offset : offset + length]

    facts = describe_overlay(overlay, where)
    contents = Contents(total_size, tuple(parts), tuple(hypervisor), facts.domains, facts.targets)
    return Subject(where, len(preface) + total_size, parse_elf_head(read, where), stub[:CODE_SIZE], contents)


def is_stub(code: bytes) -> bool:
    """Whether these are the first bytes of a boot stub of ours."""
    return code[abi.STUB_MAGIC_OFFSET : abi.STUB_SIZE_OFFSET] == abi.STUB_MAGIC.to_bytes(8, "big")


def head_parts(stub_size: int, payload_offset: int) -> list[Part]:
    """The parts in front of the payloads."""
    return [Part("boot stub", 0, stub_size), Part("header and table", stub_size, payload_offset - stub_size)]


def _read_contents(read: Reader, where: str) -> Contents:
    try:
        stub_size = check_stub(read(0, STUB_WORDS.sizeof()), where)
        header = parse_header(read(stub_size, abi.IMAGE_HEADER.sizeof()), stub_size, where)
        head = parse_head(read(0, header.payload_offset), where)
        overlay = head.entry(ENTRY_NAMES[abi.EntryType.BOOT_OVERLAY])
        facts = describe_overlay(read(overlay.offset, min(overlay.size, MAX_TREE_SIZE + 1)), where)
    except (ImageError, DeviceTreeError) as error:
        return Contents(0, problem=error.what)
    parts = head_parts(head.stub_size, head.payload_offset)
    for entry in head.entries:
        expanded = 0 if entry.compression is abi.Compression.NONE else entry.memory_size
        parts.append(Part(entry.name, entry.offset, entry.size, entry.type, expanded))
    return Contents(head.total_size, tuple(parts), _hypervisor_loads(read, head, where), facts.domains, facts.targets)


def _hypervisor_loads(read: Reader, head: Head, where: str) -> tuple[Load, ...]:
    entry = head.entry(ENTRY_NAMES[abi.EntryType.HYPERVISOR])
    try:
        elf = parse_elf_head(_shifted(read, entry.offset), where)
    except ElfError:
        return ()
    return tuple(Load(load.offset, real_address(load.paddr), load.file_size, load.memory_size) for load in elf.loads)


def _shifted(read: Reader, start: int) -> Reader:
    return lambda offset, length: read(start + offset, length)
