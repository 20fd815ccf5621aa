# SPDX-License-Identifier: BSD-2-Clause
"""What a rule of `lint` is; the rules are in loader/lintrules.py and loader/lintlimits.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from loader.elfhead import ElfHead
from loader.memorymap import occupied
from loader.profiles import PROFILES, Placement, Profile, Route
from loader.subject import Subject
from loader.units import format_size

SLOF: Final = ("js20", "js21", "slof")
POWERNV: Final = ("powernv8", "powernv9", "powernv10")
"""Profiles of one firmware."""
DESCRIPTOR_WORD: Final = 8
"""Bytes of a function descriptor's first doubleword, the code's address (64-bit PowerPC ELFv1 ABI, 3.2.5)."""


class Severity(Enum):
    """How bad a breach is: does not boot, may fail somewhere, or cannot be seen from outside."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Case:
    """One file on one way into one firmware, on a machine of that much memory (bytes)."""

    subject: Subject
    profile: Profile
    route: Route
    memory: int

    @property
    def elf(self) -> ElfHead:
        """The file's head."""
        return self.subject.elf


@dataclass(frozen=True, slots=True)
class Breach:
    """What a check found; `severity` where it is milder than the rule's."""

    message: str
    severity: Severity | None = None


Check = Callable[[Case], Iterator[Breach]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    id          what people quote
    severity    of a breach, unless the breach itself says less
    reason      what happens otherwise, in one sentence
    source      file and function, or document, it was taken from
    profiles    the firmwares it is about
    placements  the ways of loading it is about
    """

    id: str
    severity: Severity
    reason: str
    source: str
    check: Check
    profiles: tuple[str, ...]
    placements: tuple[Placement, ...]

    def applies(self, profile: Profile, route: Route) -> bool:
        """Whether it is about this way into this firmware."""
        return profile.name in self.profiles and route.placement in self.placements


def rule(
    name: str,
    reason: str,
    source: str,
    *,
    severity: Severity = Severity.ERROR,
    profiles: tuple[str, ...] = tuple(PROFILES),
    placements: tuple[Placement, ...] = tuple(Placement),
) -> Callable[[Check], Rule]:
    """Turns the decorated check into a rule."""
    return lambda check: Rule(name, severity, reason, source, check, profiles, placements)


def too_large(case: Case) -> Iterator[Breach]:
    """A breach when the file is above the route's limit."""
    limit = case.route.max_file_size
    if limit is not None and case.subject.size > limit:
        yield Breach(f"the file has {case.subject.size} bytes, the limit is {limit} ({format_size(limit)})")


def bad_descriptor(case: Case, because: str) -> Iterator[Breach]:
    """A breach when the entry point cannot be a function descriptor; `because` begins the message."""
    word = case.subject.code[:DESCRIPTOR_WORD]
    target = case.elf.number(word)
    if len(word) < DESCRIPTOR_WORD:
        return  # rule ENTRY says it
    if not any(0 <= target - load.vaddr < load.memory_size for load in case.elf.loads):
        yield Breach(f"{because}the doubleword {target:#x} is the address of nothing that was loaded")


def over_firmware(case: Case) -> Iterator[Breach]:
    """A breach for each piece of the loaded file that lies on memory of the firmware."""
    for part in occupied(case.subject, case.route):
        for owned in case.profile.owned(case.memory):
            if part.start < owned.range.end and owned.range.start < part.end:
                yield Breach(f"{part} and {owned.range} overlap, with {format_size(case.memory)} of memory")
