# SPDX-License-Identifier: BSD-2-Clause
"""The bytes in front of an image's load base: an ELF header that says nothing but the image's size, in two dialects.

ELF32 is the one that every firmware takes.  ELF64 is for kexec and petitboot; skiboot wants an executable section
around the entry point of a big-endian one, or it takes the entry for a function descriptor (skiboot core/init.c,
try_load_elf64).  Behind the program header there is an empty one in both: SLOF reads one too many.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from construct import Bytes, Const, Int16ub, Int32ub, Int64ub, Struct

from loader import abi

_IDENT_REST: Final = b"\x02\x01" + bytes(9)  # ELFDATA2MSB, EV_CURRENT, no ABI
_ET_EXEC: Final = 2
_EM_PPC: Final = 20
_EM_PPC64: Final = 21
_PT_LOAD: Final = 1
_PF_RWX: Final = 7
_SHT_PROGBITS: Final = 1
_SHT_STRTAB: Final = 3
_SHF_WRITE_ALLOC_EXECUTE: Final = 7

_SECTION_NAMES: Final = b"\0.image\0.shstrtab\0"
_SECTIONS_OFFSET: Final = 176
_NAMES_OFFSET: Final = 368


class Container(StrEnum):
    """In which kind of ELF file an image is."""

    ELF32 = "elf32"
    ELF64 = "elf64"


_ELF32: Final = Struct(
    "ident" / Const(b"\x7fELF\x01" + _IDENT_REST),
    "type" / Const(_ET_EXEC, Int16ub),
    "machine" / Const(_EM_PPC, Int16ub),
    "version" / Const(1, Int32ub),
    "entry" / Const(abi.IMAGE_LINK_BASE, Int32ub),
    "program_headers_offset" / Const(52, Int32ub),
    "section_headers_offset" / Const(0, Int32ub),
    "flags" / Const(0, Int32ub),
    "header_size" / Const(52, Int16ub),
    "program_header_size" / Const(32, Int16ub),
    "program_header_count" / Const(1, Int16ub),
    "section_header_size" / Const(0, Int16ub),
    "section_header_count" / Const(0, Int16ub),
    "section_names_index" / Const(0, Int16ub),
    "segment_type" / Const(_PT_LOAD, Int32ub),
    "segment_offset" / Const(abi.IMAGE_FILE_OFFSET, Int32ub),
    "segment_virtual_address" / Const(abi.IMAGE_LINK_BASE, Int32ub),
    "segment_physical_address" / Const(abi.IMAGE_LINK_BASE, Int32ub),
    "segment_file_size" / Int32ub,
    "segment_memory_size" / Int32ub,
    "segment_flags" / Const(_PF_RWX, Int32ub),
    "segment_alignment" / Const(abi.IMAGE_PAGE_SIZE, Int32ub),
)

_SECTION: Final = Struct(
    "name" / Int32ub,
    "type" / Int32ub,
    "flags" / Int64ub,
    "address" / Int64ub,
    "offset" / Int64ub,
    "size" / Int64ub,
    "link" / Const(0, Int32ub),
    "info" / Const(0, Int32ub),
    "alignment" / Int64ub,
    "entry_size" / Const(0, Int64ub),
)

_ELF64: Final = Struct(
    "ident" / Const(b"\x7fELF\x02" + _IDENT_REST),
    "type" / Const(_ET_EXEC, Int16ub),
    "machine" / Const(_EM_PPC64, Int16ub),
    "version" / Const(1, Int32ub),
    "entry" / Const(abi.IMAGE_LINK_BASE, Int64ub),
    "program_headers_offset" / Const(64, Int64ub),
    "section_headers_offset" / Const(_SECTIONS_OFFSET, Int64ub),
    "flags" / Const(0, Int32ub),
    "header_size" / Const(64, Int16ub),
    "program_header_size" / Const(56, Int16ub),
    "program_header_count" / Const(1, Int16ub),
    "section_header_size" / Const(64, Int16ub),
    "section_header_count" / Const(3, Int16ub),
    "section_names_index" / Const(2, Int16ub),
    "segment_type" / Const(_PT_LOAD, Int32ub),
    "segment_flags" / Const(_PF_RWX, Int32ub),
    "segment_offset" / Const(abi.IMAGE_FILE_OFFSET, Int64ub),
    "segment_virtual_address" / Const(abi.IMAGE_LINK_BASE, Int64ub),
    "segment_physical_address" / Const(abi.IMAGE_LINK_BASE, Int64ub),
    "segment_file_size" / Int64ub,
    "segment_memory_size" / Int64ub,
    "segment_alignment" / Const(abi.IMAGE_PAGE_SIZE, Int64ub),
    "empty_program_header" / Const(bytes(56)),
    "null_section" / Const(bytes(64)),
    "image_section" / _SECTION,
    "names_section" / _SECTION,
    "section_names" / Bytes(len(_SECTION_NAMES)),
)


def elf_preface(total_size: int, container: Container = Container.ELF32) -> bytes:
    """The bytes in front of the load base of an image of `total_size` bytes."""
    fields: dict[str, Any] = {"segment_file_size": total_size, "segment_memory_size": total_size}
    if container is Container.ELF32:
        return _padded(_ELF32.build(fields))
    fields["image_section"] = {
        "name": _SECTION_NAMES.index(b".image"),
        "type": _SHT_PROGBITS,
        "flags": _SHF_WRITE_ALLOC_EXECUTE,
        "address": abi.IMAGE_LINK_BASE,
        "offset": abi.IMAGE_FILE_OFFSET,
        "size": total_size,
        "alignment": abi.IMAGE_PAGE_SIZE,
    }
    fields["names_section"] = {
        "name": _SECTION_NAMES.index(b".shstrtab"),
        "type": _SHT_STRTAB,
        "flags": 0,
        "address": 0,
        "offset": _NAMES_OFFSET,
        "size": len(_SECTION_NAMES),
        "alignment": 1,
    }
    fields["section_names"] = _SECTION_NAMES
    return _padded(_ELF64.build(fields))


def find_container(preface: bytes, total_size: int) -> Container | None:
    """The container whose bytes these are, for an image of `total_size` bytes; None for any other bytes."""
    for container in Container:
        if preface == elf_preface(total_size, container):
            return container
    return None


def _padded(headers: bytes) -> bytes:
    return headers.ljust(abi.IMAGE_FILE_OFFSET, b"\0")
