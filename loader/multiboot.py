# SPDX-License-Identifier: BSD-2-Clause
"""The image: writing it, and reading it so strictly that no byte can change unnoticed (docs/image-format.md).

The head is loader/imagehead.py's business.  Payload bytes are copied and hashed by loader/io.py, so memory use does not
depend on the image's size.  All offsets count from the load base unless a name says `file`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from loader import abi
from loader.compress import Packed, compress, expand
from loader.elfpreface import Container, elf_preface, find_container
from loader.errors import ImageError
from loader.imagehead import (
    MAX_TOTAL_SIZE,
    PAGE,
    STUB_WORDS,
    Entry,
    Head,
    build_head,
    check_stub,
    parse_head,
    parse_header,
    payload_offsets,
)
from loader.io import (
    AtomicFile,
    FileStamp,
    copy_range,
    hash_many,
    hashing,
    open_source,
    require_other_file,
    write_at,
)
from loader.meter import QUIET, Meter

_PACK_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Payload:
    """What becomes an entry: bytes in memory, a file with the state in which it was examined, or a compressed one.

    `compression` says how a file shall be stored, and how a compressed one is.
    """

    type: abi.EntryType
    name: str
    source: bytes | Path | Packed
    stamp: FileStamp | None = None
    load_hint: int = 0
    alignment: int = PAGE
    compression: abi.Compression = abi.Compression.NONE

    @property
    def size(self) -> int:
        """Bytes as stored, once it is packed."""
        match self.source:
            case bytes():
                return len(self.source)
            case Path():
                return (self.stamp or FileStamp.take(self.source)).size
        return self.source.size

    @property
    def memory_size(self) -> int:
        """Bytes once expanded."""
        return self.source.memory_size if isinstance(self.source, Packed) else self.size

    def entry(self, offset: int, digest: bytes) -> Entry:
        """The entry it becomes."""
        return Entry(
            type=self.type,
            name=self.name,
            offset=offset,
            size=self.size,
            memory_size=self.memory_size,
            compression=self.compression,
            load_hint=self.load_hint,
            alignment=self.alignment,
            digest=digest,
        )


def pack_payloads(payloads: Sequence[Payload], folder: Path | None = None, meter: Meter = QUIET) -> list[Payload]:
    """The payloads as they will be stored: compressed where that is wanted and gains.

    Compressed ones wait in nameless files in `folder`.  Raises LoaderError.
    """
    packed = [payload for payload in payloads if payload.compression is not abi.Compression.NONE]
    meter.phase("compressing", sum(payload.size for payload in packed))
    with ThreadPoolExecutor(_PACK_THREADS) as pool:
        futures = [pool.submit(_pack, payload, folder, meter) for payload in payloads]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _pack(payload: Payload, folder: Path | None, meter: Meter) -> Payload:
    if payload.compression == abi.Compression.NONE or not isinstance(payload.source, Path):
        return payload
    stamp = payload.stamp or FileStamp.take(payload.source)
    packed = compress(payload.source, stamp, payload.compression, folder, meter)
    if packed is None:
        return replace(payload, compression=abi.Compression.NONE)
    return replace(payload, source=packed)


def read_stub(path: Path) -> bytes:
    """A built stub for `write_image`; raises ImageError."""
    with open_source(path) as file:
        stub = file.read(abi.STUB_MAX_SIZE + 1)
    size = check_stub(stub, str(path))
    if len(stub) != size:
        raise ImageError(f"has {len(stub)} bytes, its size word says {size}", str(path), "build the stub again")
    return stub


def write_image(
    path: Path,
    stub: bytes,
    payloads: Sequence[Payload],
    container: Container = Container.ELF32,
    meter: Meter = QUIET,
    replaced: FileStamp | None = None,
) -> Head:
    """Writes an image; the result depends on nothing but the arguments.  Raises LoaderError, then leaves no file.

    `replaced` is the state of the file at `path` that it may take the place of, None for any.
    """
    sizes = [payload.size for payload in payloads]
    *offsets, total_size = payload_offsets(len(stub), sizes, len(payloads))
    if total_size > MAX_TOTAL_SIZE:
        raise ImageError(f"would have {total_size} bytes, the format ends at {MAX_TOTAL_SIZE}", str(path))
    with AtomicFile(path, replaced) as file:
        file.preallocate(abi.IMAGE_FILE_OFFSET + total_size)
        meter.phase("packing", 2 * sum(sizes))
        with hashing(meter) as submit:
            pending = []
            for payload, offset, size in zip(payloads, offsets, sizes, strict=True):
                _write_payload(file.fd, payload, offset, size, meter)
                # Of the copy, not of the source: the digest is right whatever happens to that one meanwhile.
                pending.append(submit(file.fd, abi.IMAGE_FILE_OFFSET + offset, size))
            with file.flushing():
                digests = [digest.result() for digest in pending]
        entries = [
            payload.entry(offset, digest) for payload, offset, digest in zip(payloads, offsets, digests, strict=True)
        ]
        head = build_head(stub, entries, total_size)
        write_at(file.fd, elf_preface(total_size, container) + head, 0)
        return replace(parse_head(head, str(path)), container=container)


def read_head(path: Path) -> Head:
    """Header and table of an image, checked in full; payloads are not read.  Raises ImageError."""
    with open_source(path) as file:
        return _read_head(file.fileno(), str(path))


def verify_image(path: Path, meter: Meter = QUIET) -> tuple[Head, list[str]]:
    """The head and everything wrong behind it: digests that differ, padding that is not zero.

    A head that is wrong itself raises ImageError, because nothing behind it can then be trusted; a file that changes
    meanwhile raises SourceError.
    """
    with open_source(path) as file:
        descriptor = file.fileno()
        stamp = FileStamp.take(descriptor)
        head = _read_head(descriptor, str(path))
        base = abi.IMAGE_FILE_OFFSET
        meter.phase("hashing", sum(entry.size for entry in head.entries))
        digests = hash_many([(descriptor, base + entry.offset, entry.size) for entry in head.entries], meter)
        problems = []
        ends = [*(entry.offset for entry in head.entries[1:]), head.total_size]
        for entry, digest, end in zip(head.entries, digests, ends, strict=True):
            if digest != entry.digest:
                problems.append(f"{entry.name}: the bytes do not match their SHA-256")
            if any(_read(descriptor, base + entry.end, end - entry.end, str(path))):
                problems.append(f"{entry.name}: the padding behind it is not zero")
        stamp.verify(descriptor)
        return head, problems


def extract_stub(image: Path, output: Path) -> None:
    """Writes an image's stub to a file; raises ImageError when it does not match the head digest."""
    require_other_file(output, image)
    with open_source(image) as file, AtomicFile(output) as target:
        stamp = FileStamp.take(file.fileno())
        head = _read_head(file.fileno(), str(image))
        copy_range(file.fileno(), abi.IMAGE_FILE_OFFSET, head.stub_size, target.fd, 0)
        stamp.verify(file.fileno())


def extract_entry(image: Path, name: str, output: Path, *, stored: bool = False, meter: Meter = QUIET) -> Entry:
    """Writes one payload to a file, expanded unless `stored`; raises ImageError when it does not match its digest."""
    require_other_file(output, image)
    with open_source(image) as file, AtomicFile(output) as target:
        stamp = FileStamp.take(file.fileno())
        entry = _read_head(file.fileno(), str(image)).entry(name)
        start = abi.IMAGE_FILE_OFFSET + entry.offset
        as_it_is = stored or entry.compression == abi.Compression.NONE
        meter.phase(f"extracting {name}", entry.size + (entry.size if as_it_is else entry.memory_size))
        if hash_many([(file.fileno(), start, entry.size)], meter) != [entry.digest]:
            raise ImageError(f"{name}: the bytes do not match their SHA-256", str(image))
        if as_it_is:
            copy_range(file.fileno(), start, entry.size, target.fd, 0, meter)
        else:
            try:
                expand(file.fileno(), start, entry.size, entry.compression, entry.memory_size, target.fd, meter)
            except ImageError as error:
                raise ImageError(f"{name}: {error.what}", str(image)) from None
        stamp.verify(file.fileno())
    return entry


def _write_payload(descriptor: int, payload: Payload, offset: int, size: int, meter: Meter) -> None:
    file_offset = abi.IMAGE_FILE_OFFSET + offset
    if isinstance(payload.source, bytes):
        write_at(descriptor, payload.source, file_offset)
        meter.advance(size)
        return
    if isinstance(payload.source, Packed):
        copy_range(payload.source.file.fileno(), 0, size, descriptor, file_offset, meter)
        return
    with open_source(payload.source) as source:
        stamp = payload.stamp or FileStamp.take(source.fileno())
        copy_range(source.fileno(), 0, size, descriptor, file_offset, meter)
        stamp.verify(source.fileno())


def _read(descriptor: int, offset: int, size: int, where: str) -> bytes:
    data = os.pread(descriptor, size, offset)
    if len(data) != size:
        end = min(offset + len(data), os.fstat(descriptor).st_size)
        raise ImageError(f"ends at {end:#x}, expected at least {offset + size:#x}", where, "truncated?")
    return data


def _read_head(descriptor: int, where: str) -> Head:
    base = abi.IMAGE_FILE_OFFSET
    stub_size = check_stub(_read(descriptor, base, STUB_WORDS.sizeof(), where), where)
    data = _read(descriptor, base + stub_size, abi.IMAGE_HEADER.sizeof(), where)
    header = parse_header(data, stub_size, where)
    expected, found = base + header.total_size, os.fstat(descriptor).st_size
    if found != expected:
        hint = "truncated?" if found < expected else ""
        raise ImageError(f"the file has {found} bytes, its header asks for {expected}", where, hint)
    container = find_container(_read(descriptor, 0, base, where), header.total_size)
    if container is None:
        raise ImageError("the ELF header in front of the load base is not the one this image must have", where)
    return replace(parse_head(_read(descriptor, base, header.payload_offset, where), where), container=container)
