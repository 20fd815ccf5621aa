# SPDX-License-Identifier: BSD-2-Clause
"""Sizes and addresses as people write them."""

from __future__ import annotations

import re
from typing import Final

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

_FACTORS: Final = {"": 1, "K": KIB, "M": MIB, "G": GIB}
_SIZE: Final = re.compile(r"(0x[0-9a-f]{1,16}|[0-9]{1,20})\s*([kmg]?)(?:i?b)?", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Bytes in "0x4000", "64M", "1 GiB" or "4096"; factors are powers of 1024.  Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write it like 0x100000, 64M or 1G")
    number, factor = match.groups()
    return int(number, 0 if number[:2].lower() == "0x" else 10) * _FACTORS[factor.upper()]


def format_size(size: int) -> str:
    """`size` bytes in the largest unit that needs no fraction."""
    for factor, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"


def align_up(value: int, alignment: int) -> int:
    """The lowest multiple of `alignment` (a power of two) that is not below `value`."""
    return (value + alignment - 1) & ~(alignment - 1)


def align_down(value: int, alignment: int) -> int:
    """The highest multiple of `alignment` (a power of two) that is not above `value`."""
    return value & ~(alignment - 1)
