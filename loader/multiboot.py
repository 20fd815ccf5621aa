# SPDX-License-Identifier: BSD-2-Clause
"""The image: writing it, and reading it so strictly that no byte can change unnoticed (docs/image-format.md).

construct describes the headers only.  Payload bytes are copied and hashed by loader/io.py, so memory use does not
depend on the image's size.  All offsets count from the load base unless a name says `file`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from construct import Bytes, Const, ConstructError, Int16ub, Int32ub, Int64ub, Struct

from loader import abi
from loader.errors import EnvironmentProblem, ImageError
from loader.io import AtomicFile, FileStamp, copy_range, hash_many, open_source
from loader.units import align_up

PAGE: Final = abi.IMAGE_PAGE_SIZE
MAX_TOTAL_SIZE: Final = (1 << 32) - abi.IMAGE_LINK_BASE
"""An ELF32 segment ends at 4 GiB."""

ENTRY_NAMES: Final = {abi.EntryType.HYPERVISOR: "hypervisor", abi.EntryType.BOOT_OVERLAY: "boot-overlay"}
"""Entries that every image has exactly once."""
DOMAIN_ENTRY_NAMES: Final = {
    abi.EntryType.KERNEL: "kernel",
    abi.EntryType.RAMDISK: "ramdisk",
    abi.EntryType.DEVICE_TREE: "device-tree",
}
"""What follows "<domain>/" in the names of the others."""

_STUB_WORDS: Final = Struct(
    "branch" / Bytes(abi.STUB_MAGIC_OFFSET),
    "magic" / Const(abi.STUB_MAGIC.to_bytes(8, "big")),
    "size" / Int64ub,
    "reason" / Const(bytes(8)),
    "scratch" / Int64ub,
)

_ELF_PREFACE: Final = Struct(
    "ident" / Const(b"\x7fELF\x01\x02\x01" + bytes(9)),  # ELFCLASS32, ELFDATA2MSB, EV_CURRENT
    "type" / Const(2, Int16ub),  # ET_EXEC
    "machine" / Const(20, Int16ub),  # EM_PPC
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
    "segment_type" / Const(1, Int32ub),  # PT_LOAD
    "segment_offset" / Const(abi.IMAGE_FILE_OFFSET, Int32ub),
    "segment_virtual_address" / Const(abi.IMAGE_LINK_BASE, Int32ub),
    "segment_physical_address" / Const(abi.IMAGE_LINK_BASE, Int32ub),
    "segment_file_size" / Int32ub,
    "segment_memory_size" / Int32ub,
    "segment_flags" / Const(7, Int32ub),  # RWX
    "segment_alignment" / Const(PAGE, Int32ub),
    "zeros" / Const(bytes(abi.IMAGE_FILE_OFFSET - 84)),
)
"""Everything in front of the load base.  The zeros hold the empty program header slot SLOF reads past the last one."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What becomes an entry: bytes in memory, or a file together with the state in which it was examined."""

    type: abi.EntryType
    name: str
    source: bytes | Path
    stamp: FileStamp | None = None
    load_hint: int = 0
    alignment: int = PAGE

    @property
    def size(self) -> int:
        """Bytes."""
        if isinstance(self.source, bytes):
            return len(self.source)
        return (self.stamp or FileStamp.take(self.source)).size


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an image's table."""

    type: abi.EntryType
    name: str
    offset: int
    size: int
    load_hint: int
    alignment: int
    digest: bytes

    @property
    def end(self) -> int:
        """Offset behind the last byte."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Head:
    """Header and table of an image that passed every structural check."""

    stub_size: int
    total_size: int
    payload_offset: int
    head_digest: bytes
    entries: tuple[Entry, ...]

    def entry(self, name: str) -> Entry:
        """The entry of that name; raises ImageError."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.entries)
        raise ImageError(f"no entry is called {name!r}", hint=f"entries are: {names}")


def elf_preface(total_size: int) -> bytes:
    """The bytes in front of the load base of an image of `total_size` bytes."""
    return bytes(_ELF_PREFACE.build({"segment_file_size": total_size, "segment_memory_size": total_size}))


def check_stub(stub: bytes, where: str) -> int:
    """The stub's size in bytes as its own words say; raises ImageError unless they fit the first bytes of a stub."""
    try:
        words = _STUB_WORDS.parse(stub)
    except ConstructError as error:
        raise ImageError(f"does not begin with a boot stub ({_reason(error)})", where) from None
    if words.size % PAGE or not 0 < words.size <= abi.STUB_MAX_SIZE:
        limit = abi.STUB_MAX_SIZE
        raise ImageError(f"the boot stub's size {words.size:#x} is not a page multiple up to {limit:#x}", where)
    if not _STUB_WORDS.sizeof() <= words.scratch <= words.size:
        raise ImageError(f"the boot stub's scratch area at {words.scratch:#x} lies outside of it", where)
    return int(words.size)


def read_stub(path: Path) -> bytes:
    """A built stub for `write_image`; raises ImageError."""
    with open_source(path) as file:
        stub = file.read(abi.STUB_MAX_SIZE + 1)
    size = check_stub(stub, str(path))
    if len(stub) != size:
        raise ImageError(f"has {len(stub)} bytes, its size word says {size}", str(path), "build the stub again")
    return stub


def payload_offsets(stub_size: int, sizes: Sequence[int], count: int) -> list[int]:
    """Where payloads of these sizes start in an image with `count` entries, and where the next one would."""
    offset = align_up(stub_size + abi.IMAGE_HEADER.sizeof() + count * abi.IMAGE_ENTRY.sizeof(), PAGE)
    offsets = [offset]
    for size in sizes:
        offset = align_up(offset + size, PAGE)
        offsets.append(offset)
    return offsets


def write_image(path: Path, stub: bytes, payloads: Sequence[Payload]) -> Head:
    """Writes an image; the result depends on nothing but the arguments.  Raises LoaderError, then leaves no file."""
    sizes = [payload.size for payload in payloads]
    *offsets, total_size = payload_offsets(len(stub), sizes, len(payloads))
    if total_size > MAX_TOTAL_SIZE:
        raise ImageError(f"would have {total_size} bytes, the format ends at {MAX_TOTAL_SIZE}", str(path))
    with AtomicFile(path) as file:
        file.preallocate(abi.IMAGE_FILE_OFFSET + total_size)
        for payload, offset, size in zip(payloads, offsets, sizes, strict=True):
            _write_payload(file.fd, payload, offset, size)
        extents = list(zip(offsets, sizes, strict=True))
        digests = hash_many([(file.fd, abi.IMAGE_FILE_OFFSET + offset, size) for offset, size in extents])
        table = b"".join(
            _build_entry(payload, offset, size, digest)
            for payload, (offset, size), digest in zip(payloads, extents, digests, strict=True)
        )
        head = _build_head(stub, table, total_size)
        write_at(file.fd, elf_preface(total_size) + head, 0)
        return _parse_head(head, total_size, str(path))


def read_head(path: Path) -> Head:
    """Header and table of an image, checked in full; payloads are not read.  Raises ImageError."""
    with open_source(path) as file:
        return _read_head(file.fileno(), str(path))


def verify_image(path: Path) -> tuple[Head, list[str]]:
    """The head and everything wrong behind it: digests that differ, padding that is not zero.

    A head that is wrong itself raises ImageError, because nothing behind it can then be trusted.
    """
    with open_source(path) as file:
        descriptor = file.fileno()
        head = _read_head(descriptor, str(path))
        base = abi.IMAGE_FILE_OFFSET
        digests = hash_many([(descriptor, base + entry.offset, entry.size) for entry in head.entries])
        problems = []
        ends = [*(entry.offset for entry in head.entries[1:]), head.total_size]
        for entry, digest, end in zip(head.entries, digests, ends, strict=True):
            if digest != entry.digest:
                problems.append(f"{entry.name}: the bytes do not match their SHA-256")
            if any(_read(descriptor, base + entry.end, end - entry.end, str(path))):
                problems.append(f"{entry.name}: the padding behind it is not zero")
        return head, problems


def extract_entry(image: Path, name: str, output: Path) -> Entry:
    """Writes one payload to a file; raises ImageError when it does not match its digest."""
    with open_source(image) as file, AtomicFile(output) as target:
        entry = _read_head(file.fileno(), str(image)).entry(name)
        copy_range(file.fileno(), abi.IMAGE_FILE_OFFSET + entry.offset, entry.size, target.fd, 0)
        if hash_many([(target.fd, 0, entry.size)]) != [entry.digest]:
            raise ImageError(f"{name}: the bytes do not match their SHA-256", str(image))
    return entry


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Writes all of `data` at an offset of an open file; raises EnvironmentProblem."""
    view = memoryview(data)
    try:
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
    except OSError as error:
        raise EnvironmentProblem(f"the output cannot be written: {error.strerror}") from error


def _write_payload(descriptor: int, payload: Payload, offset: int, size: int) -> None:
    file_offset = abi.IMAGE_FILE_OFFSET + offset
    if isinstance(payload.source, bytes):
        write_at(descriptor, payload.source, file_offset)
        return
    with open_source(payload.source) as source:
        stamp = payload.stamp or FileStamp.take(source.fileno())
        copy_range(source.fileno(), 0, size, descriptor, file_offset)
        stamp.verify(source.fileno())


def _build_entry(payload: Payload, offset: int, size: int, digest: bytes) -> bytes:
    fields = {
        "type": payload.type,
        "compression": abi.Compression.NONE,
        "offset": offset,
        "size": size,
        "memory_size": size,
        "load_hint": payload.load_hint,
        "alignment": payload.alignment,
        "flags": 0,
        "digest": digest,
        "name": payload.name.encode().ljust(abi.IMAGE_NAME_SIZE, b"\0"),
    }
    return _build(abi.IMAGE_ENTRY, fields, payload.name)


def _build_head(stub: bytes, table: bytes, total_size: int) -> bytes:
    """Stub, header, table and padding, the digest filled in."""
    table_offset = len(stub) + abi.IMAGE_HEADER.sizeof()
    payload_offset = align_up(table_offset + len(table), PAGE)
    fields: dict[str, Any] = {
        "total_size": total_size,
        "magic": None,
        "version": abi.IMAGE_VERSION,
        "header_size": abi.IMAGE_HEADER.sizeof(),
        "entry_size": abi.IMAGE_ENTRY.sizeof(),
        "entry_count": len(table) // abi.IMAGE_ENTRY.sizeof(),
        "table_offset": table_offset,
        "payload_offset": payload_offset,
        "flags": 0,
        "head_digest": bytes(abi.DIGEST_SIZE),
        "reserved": None,
    }

    def assemble() -> bytes:
        return (stub + _build(abi.IMAGE_HEADER, fields, "header") + table).ljust(payload_offset, b"\0")

    fields["head_digest"] = hashlib.sha256(assemble()).digest()
    return assemble()


def _build(structure: Any, fields: dict[str, Any], where: str) -> bytes:
    try:
        return bytes(structure.build(fields))
    except (ConstructError, KeyError) as error:
        raise ImageError(f"cannot be stored ({_reason(error)})", where) from None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())


def _read(descriptor: int, offset: int, size: int, where: str) -> bytes:
    data = os.pread(descriptor, size, offset)
    if len(data) != size:
        raise ImageError(f"ends at {offset + len(data):#x}, expected at least {offset + size:#x}", where, "truncated?")
    return data


def _read_head(descriptor: int, where: str) -> Head:
    base = abi.IMAGE_FILE_OFFSET
    file_size = os.fstat(descriptor).st_size
    stub_size = check_stub(_read(descriptor, base, _STUB_WORDS.sizeof(), where), where)
    head_size = stub_size + abi.IMAGE_HEADER.sizeof()
    header = _parse(abi.IMAGE_HEADER, _read(descriptor, base + stub_size, head_size - stub_size, where), where)
    if header.total_size % PAGE or header.total_size > MAX_TOTAL_SIZE or file_size != base + header.total_size:
        raise ImageError(
            f"the file has {file_size} bytes, the header's total size {header.total_size} asks for"
            f" {base + header.total_size}",
            where,
            "truncated?" if file_size < base + header.total_size else "",
        )
    if _read(descriptor, 0, base, where) != elf_preface(header.total_size):
        raise ImageError("the ELF header in front of the load base is not the one this image must have", where)
    _check_header(header, stub_size, where)
    return _parse_head(_read(descriptor, base, header.payload_offset, where), header.total_size, where)


def _parse(structure: Any, data: bytes, where: str) -> Any:
    try:
        return structure.parse(data)
    except (ConstructError, KeyError) as error:
        raise ImageError(f"not an image of ours ({_reason(error)})", where) from None


def _check_header(header: Any, stub_size: int, where: str) -> None:
    table_offset = stub_size + abi.IMAGE_HEADER.sizeof()
    expected = {
        "version": abi.IMAGE_VERSION,
        "header_size": abi.IMAGE_HEADER.sizeof(),
        "entry_size": abi.IMAGE_ENTRY.sizeof(),
        "table_offset": table_offset,
        "payload_offset": align_up(table_offset + header.entry_count * abi.IMAGE_ENTRY.sizeof(), PAGE),
        "flags": 0,
    }
    if not 0 < header.entry_count <= abi.IMAGE_MAX_ENTRIES:
        raise ImageError(f"the header counts {header.entry_count} entries", where)
    for name, value in expected.items():
        if header[name] != value:
            raise ImageError(f"the header's {name} is {header[name]:#x}, not {value:#x}", where)


def _parse_head(head: bytes, total_size: int, where: str) -> Head:
    """Checks everything the head digest covers, `head` being [load base, payload offset)."""
    words = _parse(_STUB_WORDS, head[: _STUB_WORDS.sizeof()], where)
    header_end = words.size + abi.IMAGE_HEADER.sizeof()
    header = _parse(abi.IMAGE_HEADER, head[words.size : header_end], where)
    _check_header(header, words.size, where)
    zeroed = abi.IMAGE_HEADER.build({**header, "head_digest": bytes(abi.DIGEST_SIZE)})
    if hashlib.sha256(head[: words.size] + zeroed + head[header_end:]).digest() != header.head_digest:
        raise ImageError("stub, header and table do not match the head's SHA-256", where)
    if any(head[words.scratch : words.size]):
        raise ImageError("the stub's scratch area is not zero", where)
    size = abi.IMAGE_ENTRY.sizeof()
    table_end = header_end + header.entry_count * size
    if any(head[table_end:]):
        raise ImageError("the padding behind the table is not zero", where)
    entries = tuple(_parse_entry(head[start : start + size], where) for start in range(header_end, table_end, size))
    _check_entries(entries, header.payload_offset, total_size, where)
    return Head(words.size, total_size, header.payload_offset, header.head_digest, entries)


def _parse_entry(data: bytes, where: str) -> Entry:
    raw = _parse(abi.IMAGE_ENTRY, data, where)
    name = raw.name.rstrip(b"\0")
    if not name or not all(0x21 <= byte <= 0x7E for byte in name):
        raise ImageError(f"an entry's name {name!r} is not printable ASCII", where)
    text = name.decode("ascii")
    where = f"{where}: {text}"
    try:
        kind = abi.EntryType(raw.type)
    except ValueError:
        raise ImageError(f"unknown entry type {raw.type}", where) from None
    if raw.compression != abi.Compression.NONE or raw.flags or raw.memory_size != raw.size:
        raise ImageError(
            f"compression {raw.compression}, flags {raw.flags:#x} or memory size {raw.memory_size} is unknown", where
        )
    if not 0 < raw.alignment <= PAGE or raw.alignment & (raw.alignment - 1):
        raise ImageError(f"alignment {raw.alignment} is not a power of two up to {PAGE}", where)
    domain, _, part = text.rpartition("/")
    if ENTRY_NAMES.get(kind) != text and not (domain and DOMAIN_ENTRY_NAMES.get(kind) == part):
        raise ImageError(f"an entry of type {kind.name} cannot have this name", where)
    return Entry(kind, text, raw.offset, raw.size, raw.load_hint, raw.alignment, bytes(raw.digest))


def _check_entries(entries: Sequence[Entry], offset: int, total_size: int, where: str) -> None:
    names = Counter(entry.name for entry in entries)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ImageError(f"{count} entries are called {name}", where)
    for name in ENTRY_NAMES.values():
        if name not in names:
            raise ImageError(f"there is no entry {name}", where)
    for entry in entries:
        if entry.offset != offset or entry.size == 0:
            raise ImageError(
                f"is at {entry.offset:#x} with {entry.size} bytes, expected at {offset:#x} and not empty",
                f"{where}: {entry.name}",
            )
        offset = align_up(entry.end, PAGE)
    if offset != total_size:
        raise ImageError(f"the last entry ends at {offset:#x}, the image at {total_size:#x}", where)
