# SPDX-License-Identifier: BSD-2-Clause
"""Medians and plain-text tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median
from typing import Final

RUNS: Final = int(os.environ.get("BENCH_RUNS", "5"))


def summary(values: Sequence[float], reference: Sequence[float] | None = None, digits: int = 2) -> str:
    """The median, the range behind it, and the ratio of the medians when there is a reference."""
    middle = median(values)
    text = f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
    return text if reference is None else f"{text} {middle / median(reference):5.2f}x"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a head: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print(f"\n{title}")
    for first, *others in (head, *rows):
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print("  " + "  ".join(cells))
