# SPDX-License-Identifier: BSD-2-Clause
"""Hand-made device tree blobs for tests, malformed ones included: nothing here checks anything."""

from __future__ import annotations

import struct

HEADER_SIZE = 40
MAGIC = 0xD00DFEED
NOP = struct.pack(">I", 4)
END_NODE = struct.pack(">I", 2)
END = struct.pack(">I", 9)
NO_RESERVATIONS = bytes(16)


def words(*values: int) -> bytes:
    """Big-endian 32-bit words."""
    return struct.pack(f">{len(values)}I", *values)


def padded(data: bytes) -> bytes:
    """`data` and zeros up to a word boundary."""
    return data + bytes(-len(data) % 4)


def begin(name: str = "") -> bytes:
    """FDT_BEGIN_NODE with a name."""
    return words(1) + padded(name.encode("latin-1") + b"\0")


def prop(name_offset: int, value: bytes = b"") -> bytes:
    """FDT_PROP with a value."""
    return words(3, len(value), name_offset) + padded(value)


def node(name: str, *content: bytes) -> bytes:
    """A complete node."""
    return begin(name) + b"".join(content) + END_NODE


def make_blob(
    structure: bytes,
    strings: bytes = b"",
    reservations: bytes = NO_RESERVATIONS,
    *,
    header: dict[int, int] | None = None,
) -> bytes:
    """A blob of the given blocks; `header` overrides words of the header by their byte offset."""
    struct_start = HEADER_SIZE + len(reservations)
    strings_start = struct_start + len(structure)
    total = strings_start + len(strings)
    blob = bytearray(
        words(MAGIC, total, struct_start, strings_start, HEADER_SIZE, 17, 16, 0, len(strings), len(structure))
        + reservations
        + structure
        + strings,
    )
    for offset, value in (header or {}).items():
        blob[offset : offset + 4] = words(value)
    return bytes(blob)


def with_true_size(blob: bytes) -> bytes:
    """`blob` with its length in the header's total size, so that other damage is not hidden by a wrong one."""
    return blob[:4] + words(len(blob)) + blob[8:] if len(blob) >= HEADER_SIZE else blob


def tree_of(*content: bytes, strings: bytes = b"") -> bytes:
    """A blob whose root node holds `content`."""
    return make_blob(node("", *content) + END, strings)
