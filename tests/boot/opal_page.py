# SPDX-License-Identifier: BSD-2-Clause
"""docs/opal-conformance.md as data: which cases a run of the OPAL guest has, and which of them fail where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "opal-conformance.md"

EVERY: Final = "Every machine"
MANY: Final = "More than one processor"
CLOCK: Final = "A clock"
BRIDGE: Final = "A host bridge and a card"

SOMETIMES: Final = "sometimes"
"""What stands for the number when a case fails only now and then."""

_HEADING = re.compile(r"^#+ (.*)$")
_RULE = re.compile(r"^[|-]+$")


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that fails under one firmware; `case` is a pattern of fnmatch, `returns` what the guest prints as got."""

    firmware: str
    case: str
    returns: str

    def covers(self, case: str) -> bool:
        """Whether the case is meant."""
        return fnmatchcase(case, self.case)


@dataclass(frozen=True, slots=True)
class Page:
    """The page: cases by the heading they stand under, differences, and how a machine without a controller answers."""

    cases: dict[str, tuple[str, ...]]
    differences: tuple[Difference, ...]
    refusals: dict[tuple[str, str], str]

    def failures(self, firmware: str, cases: Iterable[str]) -> dict[str, str]:
        """What those of the cases return that fail under a firmware."""
        return {
            case: difference.returns
            for difference in self.differences
            if difference.firmware == firmware
            for case in cases
            if difference.covers(case)
        }

    def expected(self, *needs: str) -> list[str]:
        """The cases of a run with these properties."""
        return [case for need in (EVERY, *needs) for case in self.cases[need]]


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Heading and cells of every row of a table; the first of each table names its columns."""
    heading = ""
    for line in text.splitlines():
        if match := _HEADING.match(line):
            heading = match[1]
        elif line.startswith("| ") and not _RULE.match(line):
            yield heading, [cell.strip() for cell in line.strip("|").split("|")]


def read_page() -> Page:
    """The page as it is now; raises ValueError when a table has another shape."""
    cases: dict[str, list[str]] = {need: [] for need in (EVERY, MANY, CLOCK, BRIDGE)}
    differences: list[Difference] = []
    refusals: dict[tuple[str, str], str] = {}
    columns: list[str] = []
    for heading, cells in _rows(PAGE.read_text(encoding="utf-8")):
        if cells[0] in ("call", "firmware"):
            columns = cells
        elif heading in cases:
            cases[heading] += [f"{cells[0]}: {case}" for case in cells[1].split("; ")]
        elif columns[0] == "firmware":
            firmware, case, returns, _reason = cells
            differences.append(Difference(firmware, case, returns))
        else:
            refusals |= {(cells[0], firmware): cell for firmware, cell in zip(columns[1:], cells[1:], strict=True)}
    return Page({need: tuple(names) for need, names in cases.items()}, tuple(differences), refusals)
