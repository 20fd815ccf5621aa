# SPDX-License-Identifier: BSD-2-Clause
"""The firmware profiles: complete, and with the addresses that were seen on the machines."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from loader.errors import LoaderError
from loader.profiles import DEFAULT_TARGETS, PROFILES, Placement, find_profile, openbios_base, slof_base
from loader.units import GIB, MIB


def test_the_profiles() -> None:
    assert list(PROFILES) == ["js20", "js21", "slof", "powernv8", "powernv9", "powernv10", "mac99", "epapr", "kexec"]
    assert set(DEFAULT_TARGETS) <= set(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_each_profile_is_complete(name: str) -> None:
    profile = find_profile(name)
    assert profile.name == name
    assert profile.source
    assert profile.routes
    assert len({route.name for route in profile.routes}) == len(profile.routes)
    for route in profile.routes:
        assert route.source
        assert route.format.bits
    ranges = [owned.range for owned in profile.owned(profile.memory)]
    for part in ranges:
        assert 0 <= part.start < part.end <= profile.memory
    for lower, upper in pairwise(sorted(ranges, key=lambda part: part.start)):
        assert lower.end <= upper.start


def test_unknown_profile() -> None:
    with pytest.raises(LoaderError, match="no firmware profile is called 'amiga'; profiles are js20, "):
        find_profile("amiga")


@pytest.mark.parametrize(("memory", "base"), [(512 * MIB, 0x1DAF_0000), (GIB, 0x3DAF_0000)])
def test_slof_lies_where_it_says(memory: int, base: int) -> None:
    """`paflof-start u.` at SLOF's prompt, without its low byte."""
    assert slof_base(memory) == base


def test_slof_stays_below_2_gib() -> None:
    assert slof_base(2 * GIB) == slof_base(16 * GIB) < 2 * GIB


@pytest.mark.parametrize(("memory", "base"), [(256 * MIB, 0x0FC5_8000), (512 * MIB, 0x1FC5_8000), (GIB, 0x3FC5_8000)])
def test_openbios_lies_where_it_says(memory: int, base: int) -> None:
    """The end of the last but one range of /memory's `available`."""
    assert openbios_base(memory) == base


def test_only_opal_stays() -> None:
    """Open Firmware is gone once the stub has called `quiesce`; OPAL's calls are needed for ever."""
    for profile in PROFILES.values():
        resident = [owned.range.name for owned in profile.owned(profile.memory) if owned.resident]
        assert resident == (["skiboot"] if profile.name.startswith("powernv") else [])


def test_limits() -> None:
    """Of the file, by firmware; the others are limited by memory."""
    limits = {name: {route.max_file_size for route in profile.routes} for name, profile in PROFILES.items()}
    powernv = {128 * MIB}
    assert limits == {
        "js20": {256 * MIB},
        "js21": {256 * MIB},
        "slof": {None},
        "powernv8": powernv,
        "powernv9": powernv,
        "powernv10": powernv,
        "mac99": {None},
        "epapr": {None},
        "kexec": {None},
    }


def test_files_come_from_the_network_to_be_copied() -> None:
    """The load buffer is SLOF's alone."""
    for profile in PROFILES.values():
        for route in profile.routes:
            assert route.network == (route.placement is Placement.LINKED) == (route.name == "boot net")


def test_the_document_has_every_profile_and_rule(project_root: Path) -> None:
    from loader.lint import RULES

    text = (project_root / "docs" / "firmware-profiles.md").read_text()
    rows = set(re.findall(r"^\| `?([A-Za-z0-9-]+)`? \|", text, re.MULTILINE))
    assert set(PROFILES) <= rows
    assert set(RULES) <= rows
    for name, rule in RULES.items():
        (row,) = re.findall(rf"^\| {name} \|.*$", text, re.MULTILINE)
        assert rule.severity.value in row
