# SPDX-License-Identifier: BSD-2-Clause
"""The page that holds an image's signatures."""

from __future__ import annotations

import hashlib
import random

import pytest

from loader import abi
from loader.errors import ImageError
from loader.signaturepage import Signature, build_page, parse_page

RECORDS = tuple(Signature(bytes([number]) * 32, bytes([0x80 + number]) * 64) for number in range(1, 34))


def sealed(page: bytearray) -> bytes:
    """The page with the digest that goes with its bytes."""
    page[16:48] = bytes(32)
    page[16:48] = hashlib.sha256(page).digest()
    return bytes(page)


def test_layout() -> None:
    page = build_page(RECORDS[:2])
    assert len(page) == abi.IMAGE_PAGE_SIZE
    assert page[:16] == b"RPEGSIGN" + (2).to_bytes(4, "big") + bytes(4)
    assert page[48 : 48 + 96] == b"\x01" * 32 + b"\x81" * 64
    assert page[144 : 144 + 96] == b"\x02" * 32 + b"\x82" * 64
    assert not any(page[240:])
    assert page == sealed(bytearray(page))


@pytest.mark.parametrize("count", [0, 1, 2, 32])
def test_what_is_built_is_parsed_whatever_its_order(count: int) -> None:
    shuffled = random.Random(count).sample(RECORDS[:count], count)
    assert parse_page(build_page(shuffled), "x") == RECORDS[:count]


def test_what_cannot_be_built() -> None:
    with pytest.raises(ImageError, match="33 signatures, an image holds 32; remove one first"):
        build_page(RECORDS)
    with pytest.raises(ImageError, match="not in the order"):
        build_page([RECORDS[0], RECORDS[0]])


def test_every_flipped_bit_is_found() -> None:
    page = bytearray(build_page(RECORDS[:3]))
    for bit in range(len(page) * 8):
        page[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ImageError):
            parse_page(bytes(page), "x")
        page[bit // 8] ^= 1 << bit % 8
    assert len(parse_page(bytes(page), "x")) == 3


@pytest.mark.parametrize(
    ("offset", "data", "expected"),
    [
        (0, b"X", "x: no signature page"),
        (12, b"\1", "x: no signature page"),
        (11, b"\x21", "x: 33 signatures, there may be 32"),
        (8, b"\xff", "x: 4278190083 signatures"),
        (11, b"\x02", "x: bytes behind the signatures are not zero"),
        (11, b"\x04", "x: the signatures are not in the order of their keys"),
        (48, b"\x02" * 32, "x: the signatures are not in the order of their keys"),
        (48, b"\x03", "x: the signatures are not in the order of their keys"),
        (4095, b"\1", "x: bytes behind the signatures are not zero"),
    ],
)
def test_sealed_pages_that_cannot_be(offset: int, data: bytes, expected: str) -> None:
    page = bytearray(build_page(RECORDS[:3]))
    page[offset : offset + len(data)] = data
    with pytest.raises(ImageError) as caught:
        parse_page(sealed(page), "x")
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("size", [0, 1, 47, 48, 4095, 4097, 8192])
def test_wrong_length(size: int) -> None:
    with pytest.raises(ImageError, match=r"^x: "):
        parse_page(build_page().ljust(size, b"\0")[:size], "x")
