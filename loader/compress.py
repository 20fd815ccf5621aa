# SPDX-License-Identifier: BSD-2-Clause
"""Compressing payloads and getting them back (docs/image-format.md, abi.Compression).

Memory stays flat whatever the size: LZ4 works chunk by chunk, zstd in a window of at most abi.ZSTD_MAX_WINDOW.
The same bytes give the same result everywhere, because the libraries are pinned and each payload takes one thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from loader import abi
from loader.errors import EnvironmentProblem, ImageError
from loader.io import BUFFER_SIZE, FileStamp, open_source, read_exactly, write_at
from loader.meter import QUIET, Meter

LZ4_LEVEL: Final = 9
ZSTD_LEVEL: Final = 9
"""Beyond it, seconds per payload buy a tenth of its size."""
MIN_GAIN: Final = 16
"""A payload that does not shrink by this fraction stays plain and is used in place."""

_LZ4_HEADER: Final = 4
_ZSTD_HEADER_MAX: Final = 18
"""RFC 8878, section 3.1.1: magic number and frame header."""
_ZSTD_PIECE: Final = 128
"""Stored bytes expanded at once: hostile ones can become 32 Ki times as many."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A compressed payload in a file without a name; sizes in bytes, stored and expanded."""

    file: BinaryIO
    size: int
    memory_size: int


def compress(
    source: Path, stamp: FileStamp, method: abi.Compression, folder: Path | None = None, meter: Meter = QUIET
) -> Packed | None:
    """Compresses a file into a nameless one in `folder`; None when it does not gain enough.

    Raises SourceError when the file is not as `stamp` says, EnvironmentProblem when there is no room.
    """
    limit = stamp.size - stamp.size // MIN_GAIN
    packers = {abi.Compression.LZ4: _lz4_pieces, abi.Compression.ZSTD: _zstd_pieces}
    packed = _open_nameless(folder)
    size = 0
    with open_source(source) as file:
        for piece in packers[method](file.fileno(), stamp.size, meter):
            if size + len(piece) > limit:
                packed.close()
                return None
            write_at(packed.fileno(), piece, size, _place(folder))
            size += len(piece)
        stamp.verify(file.fileno())
    return Packed(packed, size, stamp.size)


def expand(
    source: int,
    offset: int,
    size: int,
    method: abi.Compression,
    memory_size: int,
    target: int,
    meter: Meter = QUIET,
) -> None:
    """Expands `size` bytes at `offset` of an open file to the beginning of another, empty one.

    Raises ImageError unless exactly `memory_size` bytes come out of it.
    """
    done = 0
    for piece in expanded_pieces(source, offset, size, method, memory_size):
        write_at(target, piece, done)
        done += len(piece)
        meter.advance(len(piece))


def expanded_pieces(source: int, offset: int, size: int, method: abi.Compression, memory_size: int) -> Iterator[bytes]:
    """What `expand` writes, piece by piece."""
    done = 0
    expanders = {abi.Compression.LZ4: _lz4_expand, abi.Compression.ZSTD: _zstd_expand}
    for piece in expanders[method](source, offset, size, memory_size):
        done += len(piece)
        if done > memory_size:
            break
        yield piece
    if done != memory_size:
        raise ImageError(f"expands to {done} bytes or more, its entry says {memory_size}")


def _open_nameless(folder: Path | None) -> BinaryIO:
    import tempfile

    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        what = f"a compressed payload cannot be written: {error.strerror}"
        raise EnvironmentProblem(what, _place(folder)) from None


def _place(folder: Path | None) -> str:
    import tempfile

    return str(folder or tempfile.gettempdir())


def _lz4_pieces(source: int, size: int, meter: Meter) -> Iterator[bytes]:
    import lz4.block

    for start in range(0, size, abi.LZ4_CHUNK_SIZE):
        chunk = read_exactly(source, start, min(abi.LZ4_CHUNK_SIZE, size - start))
        block = lz4.block.compress(chunk, mode="high_compression", compression=LZ4_LEVEL, store_size=False)
        meter.advance(len(chunk))
        if len(block) < len(chunk):
            yield len(block).to_bytes(_LZ4_HEADER, "big") + block
        else:
            yield (len(chunk) | abi.LZ4_PLAIN_CHUNK).to_bytes(_LZ4_HEADER, "big") + chunk


def _lz4_expand(source: int, offset: int, size: int, memory_size: int) -> Iterator[bytes]:
    import lz4.block

    end = offset + size
    for start in range(0, memory_size, abi.LZ4_CHUNK_SIZE):
        expected = min(abi.LZ4_CHUNK_SIZE, memory_size - start)
        if end - offset < _LZ4_HEADER:
            raise ImageError(f"the LZ4 chunks end after {start} of {memory_size} bytes")
        header = int.from_bytes(read_exactly(source, offset, _LZ4_HEADER), "big")
        length, is_plain = header & ~abi.LZ4_PLAIN_CHUNK, bool(header & abi.LZ4_PLAIN_CHUNK)
        offset += _LZ4_HEADER
        if not 0 < length <= min(expected, end - offset) or is_plain != (length == expected):
            raise ImageError(f"the LZ4 chunk of byte {start} cannot have {length} bytes")
        chunk = read_exactly(source, offset, length)
        offset += length
        if not is_plain:
            try:
                chunk = lz4.block.decompress(chunk, uncompressed_size=expected)
            except lz4.block.LZ4BlockError as error:
                raise ImageError(f"the LZ4 chunk of byte {start} cannot be expanded ({error})") from None
            if len(chunk) != expected:
                raise ImageError(f"the LZ4 chunk of byte {start} expands to {len(chunk)} bytes, not {expected}")
        yield chunk
    if offset != end:
        raise ImageError(f"{end - offset} bytes follow the last LZ4 chunk")


def _zstd_pieces(source: int, size: int, meter: Meter) -> Iterator[bytes]:
    import zstandard

    parameters = zstandard.ZstdCompressionParameters.from_level(
        ZSTD_LEVEL, source_size=size, write_content_size=True, write_checksum=False, write_dict_id=False
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj(size=size)
    for start in range(0, size, BUFFER_SIZE):
        data = read_exactly(source, start, min(BUFFER_SIZE, size - start))
        yield compressor.compress(data)
        meter.advance(len(data))
    yield compressor.flush()


def _zstd_expand(source: int, offset: int, size: int, memory_size: int) -> Iterator[bytes]:
    import zstandard

    expander = zstandard.ZstdDecompressor(max_window_size=abi.ZSTD_MAX_WINDOW).decompressobj()
    try:
        frame = zstandard.get_frame_parameters(os.pread(source, min(size, _ZSTD_HEADER_MAX), offset))
        if frame.content_size != memory_size or frame.dict_id or frame.has_checksum:
            raise ImageError(f"the zstd frame is not one of {memory_size} bytes without dictionary and checksum")
        for start in range(offset, offset + size, _ZSTD_PIECE):
            if expander.eof:
                raise ImageError(f"{offset + size - start} bytes follow the zstd frame")
            yield expander.decompress(read_exactly(source, start, min(_ZSTD_PIECE, offset + size - start)))
    except zstandard.ZstdError as error:
        raise ImageError(f"cannot be expanded ({' '.join(str(error).split())})") from None
    if not expander.eof or expander.unused_data:
        raise ImageError("the zstd frame does not end where its entry does")
