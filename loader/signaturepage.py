# SPDX-License-Identifier: BSD-2-Clause
"""The page of an image that holds its signatures, as bytes and as facts (docs/image-format.md).  Pure: no keys here.

A detached signature is a file with such a page and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from construct import ConstructError

from loader import abi
from loader.errors import ImageError

_HEADER_SIZE: Final = abi.IMAGE_SIGNATURES.sizeof()
_RECORD_SIZE: Final = abi.IMAGE_SIGNATURE.sizeof()


@dataclass(frozen=True, slots=True)
class Signature:
    """One record: whose key (SHA-256 of the raw public key) and the Ed25519 signature."""

    key_id: bytes
    signature: bytes


def build_page(signatures: Iterable[Signature] = ()) -> bytes:
    """The page that holds these; raises ImageError when there are too many, or two of one key."""
    ordered = sorted(signatures, key=lambda record: record.key_id)
    if len(ordered) > abi.MAX_SIGNATURES:
        raise ImageError(f"{len(ordered)} signatures, an image holds {abi.MAX_SIGNATURES}", hint="remove one first")
    _check_order(ordered, "")
    records = b"".join(
        abi.IMAGE_SIGNATURE.build({"key_id": record.key_id, "signature": record.signature}) for record in ordered
    )
    rest = records.ljust(abi.IMAGE_PAGE_SIZE - _HEADER_SIZE, b"\0")
    return _header(len(ordered), _page_digest(len(ordered), rest)) + rest


def parse_page(page: bytes, where: str) -> tuple[Signature, ...]:
    """The records of a page; raises ImageError unless every byte is what `build_page` would write."""
    try:
        header = abi.IMAGE_SIGNATURES.parse(page)
    except ConstructError as error:
        reason = " ".join(str(error).split()).rpartition(" -> ")[2]
        raise ImageError(f"no signature page ({reason})", where) from None
    if len(page) != abi.IMAGE_PAGE_SIZE:
        raise ImageError(f"has {len(page)} bytes, a signature page has {abi.IMAGE_PAGE_SIZE}", where)
    if header.count > abi.MAX_SIGNATURES:
        raise ImageError(f"{header.count} signatures, there may be {abi.MAX_SIGNATURES}", where)
    if _page_digest(header.count, page[_HEADER_SIZE:]) != header.page_digest:
        raise ImageError("the signature page does not match its SHA-256", where)
    end = _HEADER_SIZE + header.count * _RECORD_SIZE
    if any(page[end:]):
        raise ImageError("bytes behind the signatures are not zero", where)
    records = [abi.IMAGE_SIGNATURE.parse(page[start:]) for start in range(_HEADER_SIZE, end, _RECORD_SIZE)]
    signatures = tuple(Signature(bytes(record.key_id), bytes(record.signature)) for record in records)
    _check_order(signatures, where)
    return signatures


def _header(count: int, digest: bytes) -> bytes:
    return bytes(abi.IMAGE_SIGNATURES.build({"magic": None, "count": count, "reserved": None, "page_digest": digest}))


def _page_digest(count: int, rest: bytes) -> bytes:
    return hashlib.sha256(_header(count, bytes(abi.DIGEST_SIZE)) + rest).digest()


def _check_order(signatures: Iterable[Signature], where: str) -> None:
    for lower, upper in pairwise(signatures):
        if lower.key_id >= upper.key_id:
            raise ImageError("the signatures are not in the order of their keys", where)
