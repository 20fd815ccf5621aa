# SPDX-License-Identifier: BSD-2-Clause
"""The stub's decoders under sanitizers: they give back what the packer compressed, and stay in bounds with anything."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from loader import abi
from loader.compress import compress
from loader.io import FileStamp
from tests.native.compiler import compile_native, run

CHUNK = abi.LZ4_CHUNK_SIZE
METHODS = [abi.Compression.LZ4, abi.Compression.ZSTD]
MUTATIONS = 400


def contents() -> list[bytes]:
    """Payloads of every kind that shrinks, around the sizes where chunks and blocks end."""
    source = random.Random(5)
    words = [source.randbytes(source.randrange(2, 9)) for _ in range(200)]
    text = b"".join(source.choices(words, k=500_000))[: 2 * CHUNK + 5]
    mixed = source.randbytes(CHUNK) + bytes(CHUNK) + source.randbytes(100)
    return [bytes(4096), text[:5000], bytes(CHUNK - 1), text[:CHUNK], text[: CHUNK + 1], mixed, text]


def packed(folder: Path, content: bytes, method: abi.Compression) -> bytes:
    path = folder / "payload"
    path.write_bytes(content)
    result = compress(path, FileStamp.take(path), method, folder)
    assert result is not None
    result.file.seek(0)
    return result.file.read()


@pytest.fixture(scope="module")
def program() -> Path:
    """The stub's decoders, reading from a pipe."""
    return compile_native(Path(__file__).with_name("expand_filter.c"))


def expand(program: Path, cases: list[tuple[abi.Compression, bytes, int]]) -> list[bytes | None]:
    """What the stub makes of each (method, stored bytes, size in memory); None where it refuses."""
    stream = b"".join(struct.pack(">3I", method, len(data), size) + data for method, data, size in cases)
    output, place = run([str(program)], stream), 0
    results: list[bytes | None] = []
    for _, _, size in cases:
        good, place = output[place], place + 1
        results.append(output[place : place + size] if good else None)
        place += size if good else 0
    assert place == len(output)
    return results


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_gives_back_what_was_compressed(method: abi.Compression, program: Path, tmp_path: Path) -> None:
    payloads = contents()
    assert (
        expand(program, [(method, packed(tmp_path, payload, method), len(payload)) for payload in payloads]) == payloads
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_refuses_every_other_size(method: abi.Compression, program: Path, tmp_path: Path) -> None:
    for content in (bytes(5000), bytes(CHUNK), bytes(CHUNK + 1)):
        stored, size = packed(tmp_path, content, method), len(content)
        wrong = [(method, stored, other) for other in (1, size - 1, size + 1, 2 * size, size + CHUNK)]
        wrong += [(method, stored[:end], size) for end in range(len(stored))]
        wrong += [(method, stored + extra, size) for extra in (b"\0", b"\0" * 4, stored)]
        assert set(expand(program, wrong)) == {None}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_stays_in_bounds_whatever_the_bytes(method: abi.Compression, program: Path, tmp_path: Path) -> None:
    """The sanitizers judge; a digest keeps such bytes away from the decoders unless somebody sealed them."""
    chance, cases = random.Random(7), []
    stored = [(packed(tmp_path, content, method), len(content)) for content in contents()[:2]]
    for _ in range(MUTATIONS):
        data, size = chance.choice(stored)
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(min(len(broken), chance.choice([8, 64, 1 << 20])))] = chance.randrange(256)
        cases.append((method, bytes(broken), size))
    assert None in expand(program, cases)


@pytest.mark.parametrize(
    "stored",
    [
        struct.pack(">I", 0),
        struct.pack(">I", abi.LZ4_PLAIN_CHUNK),
        struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 9) + bytes(9),
        struct.pack(">I", 10) + bytes(10),
        struct.pack(">I", 11) + bytes(11),
        struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 10) + bytes(9),
        struct.pack(">I", 0x7FFF_FFFF) + bytes(10),
    ],
)
def test_lz4_chunks_that_cannot_be(stored: bytes, program: Path) -> None:
    assert expand(program, [(abi.Compression.LZ4, stored, 10)]) == [None]


def test_a_plain_lz4_chunk(program: Path) -> None:
    stored = struct.pack(">I", abi.LZ4_PLAIN_CHUNK | 10) + b"0123456789"
    assert expand(program, [(abi.Compression.LZ4, stored, 10)]) == [b"0123456789"]
