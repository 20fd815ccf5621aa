# SPDX-License-Identifier: BSD-2-Clause
"""The stub's SHA-256 against Python's, on random messages in random pieces."""

from __future__ import annotations

import hashlib
import itertools
import random
from pathlib import Path

from tests.native.compiler import compile_native, run

LENGTHS = [*range(200), 511, 512, 513, 4095, 4096, 4097, 100_003]


def pieces(data: bytes, source: random.Random) -> list[bytes]:
    """Cut `data` at random places."""
    cuts = sorted(source.randrange(len(data) + 1) for _ in range(source.randrange(6)))
    bounds = [0, *cuts, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds) if start < end]


def test_random_messages() -> None:
    source = random.Random(1)
    messages = [source.randbytes(length) for length in LENGTHS for _ in range(4)]
    stream = b"".join(
        b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces(message, source)) + bytes(4)
        for message in messages
    )
    program = compile_native(Path(__file__).with_name("sha256_filter.c"))
    output = run([str(program)], stream)
    assert output == b"".join(hashlib.sha256(message).digest() for message in messages)
