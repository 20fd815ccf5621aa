# SPDX-License-Identifier: BSD-2-Clause
"""docs/hypercalls.md has one entry for each hypercall and RTAS call, with its number, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from loader import abi

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "hypercalls.md").read_text()
HANDLED = re.findall(r"X\((H_\w+), ", (ROOT / "hypervisor" / "papr" / "hcall_list.h").read_text())


def test_every_hypercall_is_described() -> None:
    described = re.findall(r"^\| `(H_\w+)` \| (0x\w+) \|", DOCUMENT, re.MULTILINE)
    numbers = {f"H_{call.name}": call.value for call in abi.Hcall}
    assert sorted(described) == sorted((name, f"{numbers[name]:#04x}") for name in HANDLED)


def test_every_rtas_call_is_described() -> None:
    section = DOCUMENT.partition("\n## RTAS\n")[2].partition("\n## ")[0]
    described = [
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)
    ]
    assert sorted(described) == sorted(abi.RTAS_TOKEN_NAMES.values())
