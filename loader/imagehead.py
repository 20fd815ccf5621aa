# SPDX-License-Identifier: BSD-2-Clause
"""The image's first bytes: stub words, header, table and signatures, as bytes and as facts (docs/image-format.md).

Pure: no files here.  Building and parsing stand side by side, and parsing accepts nothing that building would not make.
All offsets count from the load base unless a name says `file`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from construct import Bytes, Const, ConstructError, Int64ub, Struct

from loader import abi
from loader.elfpreface import Container
from loader.errors import ImageError
from loader.signaturepage import Signature, build_page, parse_page
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
COMPRESSIBLE: Final = frozenset({abi.EntryType.KERNEL, abi.EntryType.RAMDISK})

STUB_WORDS: Final = Struct(
    "branch" / Bytes(abi.STUB_MAGIC_OFFSET),
    "magic" / Const(abi.STUB_MAGIC.to_bytes(8, "big")),
    "size" / Int64ub,
    "reason" / Const(bytes(8)),
    "scratch" / Int64ub,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an image's table."""

    type: abi.EntryType
    name: str
    offset: int
    size: int
    memory_size: int
    compression: abi.Compression
    load_hint: int
    alignment: int
    digest: bytes

    @property
    def end(self) -> int:
        """Offset behind the last byte."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Head:
    """Header, table and signature page of an image that passed every structural check."""

    stub_size: int
    total_size: int
    signature_offset: int
    payload_offset: int
    head_digest: bytes
    signatures: tuple[Signature, ...]
    entries: tuple[Entry, ...]
    container: Container = Container.ELF32

    def entry(self, name: str) -> Entry:
        """The entry of that name; raises ImageError."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.entries)
        raise ImageError(f"no entry is called {name!r}", hint=f"entries are: {names}")


def check_stub(stub: bytes, where: str) -> int:
    """The stub's size in bytes as its own words say; raises ImageError unless they fit the first bytes of a stub."""
    try:
        words = STUB_WORDS.parse(stub)
    except ConstructError as error:
        hint = "give what `mkimage build` or `make build` wrote"
        raise ImageError(f"does not begin with a boot stub ({_reason(error)})", where, hint) from None
    if words.size % PAGE or not 0 < words.size <= abi.STUB_MAX_SIZE:
        limit = abi.STUB_MAX_SIZE
        raise ImageError(f"the boot stub's size {words.size:#x} is not a page multiple up to {limit:#x}", where)
    if not STUB_WORDS.sizeof() <= words.scratch <= words.size:
        raise ImageError(f"the boot stub's scratch area at {words.scratch:#x} lies outside of it", where)
    return int(words.size)


def payload_offsets(stub_size: int, sizes: Sequence[int], count: int) -> list[int]:
    """Where payloads of these sizes start in an image with `count` entries, and where the next one would."""
    offset = _signature_offset(stub_size, count) + PAGE
    offsets = [offset]
    for size in sizes:
        offset = align_up(offset + size, PAGE)
        offsets.append(offset)
    return offsets


def _signature_offset(stub_size: int, count: int) -> int:
    return align_up(stub_size + abi.IMAGE_HEADER.sizeof() + count * abi.IMAGE_ENTRY.sizeof(), PAGE)


def build_head(stub: bytes, entries: Sequence[Entry], total_size: int) -> bytes:
    """The bytes of [load base, payload offset): stub, header, table, padding, no signatures.  Raises ImageError."""
    table = b"".join(_build_entry(entry) for entry in entries)
    signature_offset = _signature_offset(len(stub), len(entries))
    fields: dict[str, Any] = {
        "total_size": total_size,
        "magic": None,
        "version": abi.IMAGE_VERSION,
        "header_size": abi.IMAGE_HEADER.sizeof(),
        "entry_size": abi.IMAGE_ENTRY.sizeof(),
        "entry_count": len(entries),
        "table_offset": len(stub) + abi.IMAGE_HEADER.sizeof(),
        "payload_offset": signature_offset + PAGE,
        "flags": 0,
        "head_digest": bytes(abi.DIGEST_SIZE),
        "signature_offset": signature_offset,
        "reserved": None,
    }

    def assemble() -> bytes:
        return (stub + _build(abi.IMAGE_HEADER, fields, "header") + table).ljust(signature_offset, b"\0")

    fields["head_digest"] = hashlib.sha256(assemble() + bytes(PAGE)).digest()
    return assemble() + build_page()


def _build(structure: Any, fields: dict[str, Any], where: str) -> bytes:
    try:
        return bytes(structure.build(fields))
    except (ConstructError, KeyError) as error:
        raise ImageError(f"cannot be stored ({_reason(error)})", where) from None


def _reason(error: Exception) -> str:
    """What a library complains about, without the way there through our structures."""
    return " ".join(str(error).split()).rpartition(" -> ")[2]


def _build_entry(entry: Entry) -> bytes:
    fields = {
        "type": entry.type,
        "compression": entry.compression,
        "offset": entry.offset,
        "size": entry.size,
        "memory_size": entry.memory_size,
        "load_hint": entry.load_hint,
        "alignment": entry.alignment,
        "flags": 0,
        "digest": entry.digest,
        "name": entry.name.encode().ljust(abi.IMAGE_NAME_SIZE, b"\0"),
    }
    return _build(abi.IMAGE_ENTRY, fields, entry.name)


def _parse(structure: Any, data: bytes, where: str) -> Any:
    try:
        return structure.parse(data)
    except (ConstructError, KeyError) as error:
        raise ImageError(f"not an image of ours ({_reason(error)})", where) from None


def parse_header(data: bytes, stub_size: int, where: str) -> Any:
    """The header behind a stub of that size, every field checked; raises ImageError."""
    header = _parse(abi.IMAGE_HEADER, data, where)
    if not 0 < header.entry_count <= abi.IMAGE_MAX_ENTRIES:
        raise ImageError(f"the header counts {header.entry_count} entries", where)
    signature_offset = _signature_offset(stub_size, header.entry_count)
    expected = {
        "version": abi.IMAGE_VERSION,
        "header_size": abi.IMAGE_HEADER.sizeof(),
        "entry_size": abi.IMAGE_ENTRY.sizeof(),
        "table_offset": stub_size + abi.IMAGE_HEADER.sizeof(),
        "signature_offset": signature_offset,
        "payload_offset": signature_offset + PAGE,
        "flags": 0,
    }
    for name, value in expected.items():
        if header[name] != value:
            raise ImageError(f"the header's {name} is {header[name]:#x}, not {value:#x}", where)
    if header.total_size % PAGE or not header.payload_offset < header.total_size <= MAX_TOTAL_SIZE:
        raise ImageError(f"the header's total_size {header.total_size:#x} cannot be", where)
    return header


def parse_head(head: bytes, where: str) -> Head:
    """Checks everything in front of the payloads, `head` being [load base, payload offset); raises ImageError."""
    stub_size = check_stub(head, where)
    header_end = stub_size + abi.IMAGE_HEADER.sizeof()
    header = parse_header(head[stub_size:header_end], stub_size, where)
    zeroed = abi.IMAGE_HEADER.build({**header, "head_digest": bytes(abi.DIGEST_SIZE)})
    page = header.signature_offset
    covered = head[:stub_size] + zeroed + head[header_end:page] + bytes(PAGE)
    if hashlib.sha256(covered).digest() != header.head_digest:
        raise ImageError("stub, header and table do not match the head's SHA-256", where)
    if any(head[STUB_WORDS.parse(head).scratch : stub_size]):
        raise ImageError("the stub's scratch area is not zero", where)
    size = abi.IMAGE_ENTRY.sizeof()
    table_end = header_end + header.entry_count * size
    if any(head[table_end:page]):
        raise ImageError("the padding behind the table is not zero", where)
    entries = tuple(_parse_entry(head[start : start + size], where) for start in range(header_end, table_end, size))
    _check_entries(entries, header.payload_offset, header.total_size, where)
    return Head(
        stub_size=stub_size,
        total_size=header.total_size,
        signature_offset=page,
        payload_offset=header.payload_offset,
        head_digest=header.head_digest,
        signatures=parse_page(head[page:], where),
        entries=entries,
    )


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
    if raw.flags:
        raise ImageError(f"unknown flags {raw.flags:#x}", where)
    compression = _check_compression(kind, raw.compression, raw.size, raw.memory_size, where)
    if not 0 < raw.alignment <= PAGE or raw.alignment & (raw.alignment - 1):
        raise ImageError(f"alignment {raw.alignment} is not a power of two up to {PAGE}", where)
    domain, _, part = text.rpartition("/")
    if ENTRY_NAMES.get(kind) != text and not (domain and DOMAIN_ENTRY_NAMES.get(kind) == part):
        raise ImageError(f"an entry of type {kind.name} cannot have this name", where)
    return Entry(
        type=kind,
        name=text,
        offset=raw.offset,
        size=raw.size,
        memory_size=raw.memory_size,
        compression=compression,
        load_hint=raw.load_hint,
        alignment=raw.alignment,
        digest=bytes(raw.digest),
    )


def _check_compression(kind: abi.EntryType, number: int, size: int, memory_size: int, where: str) -> abi.Compression:
    try:
        compression = abi.Compression(number)
    except ValueError:
        raise ImageError(f"unknown compression {number}", where) from None
    if compression == abi.Compression.NONE:
        if memory_size != size:
            raise ImageError(f"is not compressed and has {size} bytes, but {memory_size} in memory", where)
    elif kind not in COMPRESSIBLE:
        raise ImageError(f"an entry of type {kind.name} cannot be compressed", where)
    elif not size < memory_size <= abi.MAX_DOMAIN_MEMORY:
        raise ImageError(f"{size} compressed bytes cannot become {memory_size}", where)
    return compression


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
