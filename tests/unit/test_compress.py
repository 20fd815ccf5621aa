# SPDX-License-Identifier: BSD-2-Clause
"""Compressed payloads: what shrinks, what stays plain, and getting the bytes back."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest
import zstandard

from loader import abi
from loader.compress import compress, expand
from loader.errors import EnvironmentProblem, ImageError, SourceError
from loader.io import FileStamp
from loader.multiboot import Payload, extract_entry, pack_payloads, read_head, verify_image, write_image
from tests.memory import bytes_taken
from tests.support import make_stub

CHUNK = abi.LZ4_CHUNK_SIZE
METHODS = [abi.Compression.LZ4, abi.Compression.ZSTD]
WORDS = b"".join(b"%d bottles of beer\n" % number for number in range(120_000))[: 2 * CHUNK + 7]
SIZES = [4096, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7]


def stored_bytes(folder: Path, content: bytes, method: abi.Compression) -> bytes:
    path = folder / "source"
    path.write_bytes(content)
    packed = compress(path, FileStamp.take(path), method, folder)
    assert packed is not None
    assert packed.memory_size == len(content)
    packed.file.seek(0)
    data = packed.file.read()
    assert len(data) == packed.size
    return data


def expanded(folder: Path, stored: bytes, method: abi.Compression, memory_size: int) -> bytes:
    """What comes out of stored bytes in the middle of a file."""
    source, target = folder / "stored", folder / "target"
    source.write_bytes(b"before" + stored + b"behind")
    with source.open("rb") as file, target.open("wb") as output:
        expand(file.fileno(), 6, len(stored), method, memory_size, output.fileno())
    return target.read_bytes()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("size", SIZES)
def test_round_trip(size: int, method: abi.Compression, tmp_path: Path) -> None:
    content = WORDS[:size]
    stored = stored_bytes(tmp_path, content, method)
    assert len(stored) < size // 2
    assert stored == stored_bytes(tmp_path, content, method)
    assert expanded(tmp_path, stored, method, size) == content


def test_lz4_chunks(tmp_path: Path) -> None:
    noise = random.Random(3).randbytes(CHUNK)
    stored = stored_bytes(tmp_path, bytes(CHUNK) + noise + bytes(5000), abi.Compression.LZ4)
    (first,) = struct.unpack_from(">I", stored)
    assert first < 5000
    (second,) = struct.unpack_from(">I", stored, 4 + first)
    assert second == CHUNK | abi.LZ4_PLAIN_CHUNK
    assert stored[8 + first : 8 + first + CHUNK] == noise
    (third,) = struct.unpack_from(">I", stored, 8 + first + CHUNK)
    assert 12 + first + CHUNK + third == len(stored)


def test_the_zstd_frame_is_what_the_format_asks_for(tmp_path: Path) -> None:
    content = bytes(32 << 20)
    stored = stored_bytes(tmp_path, content, abi.Compression.ZSTD)
    frame = zstandard.get_frame_parameters(stored)
    assert (frame.content_size, frame.dict_id, frame.has_checksum) == (len(content), 0, False)
    assert frame.window_size <= abi.ZSTD_MAX_WINDOW


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_does_not_gain_stays_plain(method: abi.Compression, tmp_path: Path) -> None:
    path = tmp_path / "source"
    noise = random.Random(4).randbytes(CHUNK)
    for content, gains in ((noise, False), (noise + bytes(CHUNK // 20), False), (noise + bytes(CHUNK // 8), True)):
        path.write_bytes(content)
        assert (compress(path, FileStamp.take(path), method, tmp_path) is not None) == gains
    assert sorted(file.name for file in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_source_that_changed(method: abi.Compression, tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(WORDS)
    os.utime(path, (1, 1))  # a change now does not fall into the same tick of the file system's clock
    stamp = FileStamp.take(path)
    for content in (WORDS[:-1], WORDS + b"x", WORDS[::-1]):
        path.write_bytes(content)
        with pytest.raises(SourceError):
            compress(path, stamp, method, tmp_path)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_folder_for_it(method: abi.Compression, tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(WORDS)
    with pytest.raises(EnvironmentProblem, match="a compressed payload cannot be written: No such file"):
        compress(path, FileStamp.take(path), method, tmp_path / "none")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_expanding_to_another_size(method: abi.Compression, tmp_path: Path) -> None:
    for size in (4096, CHUNK, CHUNK + 1):
        stored = stored_bytes(tmp_path, WORDS[:size], method)
        for wrong in (1, size - 1, size + 1, size + CHUNK):
            with pytest.raises(ImageError):
                expanded(tmp_path, stored, method, wrong)
        for end in (0, 1, 4, 5, len(stored) // 2, len(stored) - 1):
            with pytest.raises(ImageError):
                expanded(tmp_path, stored[:end], method, size)
        for extra in (b"\0", bytes(2000), stored):
            with pytest.raises(ImageError):
                expanded(tmp_path, stored + extra, method, size)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (struct.pack(">I", 0), "the LZ4 chunk of byte 0 cannot have 0 bytes"),
        (struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 9) + bytes(9), "cannot have 9 bytes"),
        (struct.pack(">I", 10) + bytes(10), "cannot have 10 bytes"),
        (struct.pack(">I", 11) + bytes(11), "cannot have 11 bytes"),
        (struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 10) + bytes(9), "cannot have 10 bytes"),
        (struct.pack(">I", 9) + bytes(9), "cannot be expanded"),
        (struct.pack(">I", 6) + b"\x50" + bytes(5), "expands to 5 bytes, not 10"),
        (struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 10) + bytes(13), "3 bytes follow the last LZ4 chunk"),
    ],
)
def test_lz4_chunks_that_cannot_be(stored: bytes, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=expected):
        expanded(tmp_path, stored, abi.Compression.LZ4, 10)


def test_zstd_frames_that_are_not_ours(tmp_path: Path) -> None:
    size = len(WORDS)
    wide = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=True)
    for parameters, data, expected in (
        (zstandard.ZstdCompressionParameters(write_checksum=True), WORDS, "is not one of"),
        (zstandard.ZstdCompressionParameters(write_content_size=False), WORDS, "is not one of"),
        (wide, bytes(32 << 20), "cannot be expanded"),
    ):
        stored = zstandard.ZstdCompressor(compression_params=parameters).compress(data)
        with pytest.raises(ImageError, match=expected):
            expanded(tmp_path, stored, abi.Compression.ZSTD, len(data))
    with pytest.raises(ImageError, match="cannot be expanded"):
        expanded(tmp_path, b"not a frame", abi.Compression.ZSTD, size)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_memory_does_not_grow_with_the_payload(method: abi.Compression, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(64 << 20)

    def there_and_back() -> None:
        packed = compress(source, FileStamp.take(source), method, tmp_path)
        assert packed is not None
        with target.open("wb") as output:
            expand(packed.file.fileno(), 0, packed.size, method, packed.memory_size, output.fileno())

    assert bytes_taken(there_and_back) < 16 << 20
    assert target.stat().st_size == 64 << 20


@pytest.fixture
def payloads(tmp_path: Path) -> list[Payload]:
    """One payload of every kind that can be compressed, and two that cannot."""
    kernel, ramdisk = tmp_path / "kernel", tmp_path / "ramdisk"
    kernel.write_bytes(WORDS)
    ramdisk.write_bytes(random.Random(6).randbytes(70_000))
    kind = abi.EntryType
    return [
        Payload(kind.HYPERVISOR, "hypervisor", bytes(5000)),
        Payload(kind.KERNEL, "a/kernel", kernel, compression=abi.Compression.ZSTD),
        Payload(kind.KERNEL, "b/kernel", kernel, compression=abi.Compression.LZ4),
        Payload(kind.RAMDISK, "b/ramdisk", ramdisk, compression=abi.Compression.LZ4),
        Payload(kind.BOOT_OVERLAY, "boot-overlay", b"x"),
    ]


def test_images_with_compressed_entries(payloads: list[Payload], tmp_path: Path) -> None:
    image = tmp_path / "test.img"
    head = write_image(image, make_stub(), pack_payloads(payloads, tmp_path))
    assert (head, []) == verify_image(image)
    assert head == read_head(image)
    methods = {entry.name: entry.compression.name for entry in head.entries}
    assert methods == {
        "hypervisor": "NONE",
        "a/kernel": "ZSTD",
        "b/kernel": "LZ4",
        "b/ramdisk": "NONE",
        "boot-overlay": "NONE",
    }
    for name, source in (("a/kernel", "kernel"), ("b/kernel", "kernel"), ("b/ramdisk", "ramdisk")):
        assert head.entry(name).memory_size == (tmp_path / source).stat().st_size
        extract_entry(image, name, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == (tmp_path / source).read_bytes()


def test_a_sealed_entry_that_cannot_be_expanded(payloads: list[Payload], tmp_path: Path) -> None:
    """A digest says that the bytes are those that were packed, not that they make sense."""
    image = tmp_path / "test.img"
    packed = pack_payloads(payloads, tmp_path)[2]
    assert not isinstance(packed.source, bytes | Path)
    packed.source.file.seek(0)
    packed.source.file.write(b"\xff\xff\xff\xff")
    packed.source.file.flush()
    write_image(image, make_stub(), [payloads[0], packed, payloads[4]])
    assert verify_image(image)[1] == []
    with pytest.raises(ImageError, match="b/kernel: the LZ4 chunk of byte 0 cannot have 2147483647 bytes"):
        extract_entry(image, "b/kernel", tmp_path / "out")
    assert not (tmp_path / "out").exists()
