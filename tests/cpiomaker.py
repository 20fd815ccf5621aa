# SPDX-License-Identifier: BSD-2-Clause
"""Ramdisks for tests: more files behind the ones that somebody else's has."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Mapping

_FIRST_INODE = 0x100_0000
"""Above the numbers of ramdisks that we add to."""


def make_cpio(files: Mapping[str, bytes]) -> bytes:
    """Executable files as an archive of the kind that Linux unpacks (Documentation/driver-api/early-userspace/
    buffer-format.rst, "newc"), packed; it may follow another."""
    entries = [*files.items(), ("TRAILER!!!", b"")]
    return gzip.compress(b"".join(_entry(number, *entry) for number, entry in enumerate(entries)), mtime=0)


def _entry(number: int, name: str, data: bytes) -> bytes:
    path = name.encode() + b"\0"
    fields = [_FIRST_INODE + number, stat.S_IFREG | 0o755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(header + path) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
