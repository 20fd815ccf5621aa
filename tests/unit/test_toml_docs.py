# SPDX-License-Identifier: BSD-2-Clause
"""The recipes and blades files that the documentation shows are understood as they stand there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from loader.blades import Blade, load_blades
from loader.manifest import load_recipe
from loader.units import GIB
from tests.support import make_elf, make_stub

ROOT = Path(__file__).resolve().parents[2]


def toml_of(page: str) -> str:
    """All of a page's TOML, one block behind the other."""
    blocks: list[str] = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    return "\n".join(blocks)


def test_recipe(tmp_path: Path) -> None:
    files = {
        "build/stub/stub.bin": make_stub(),
        "build/hypervisor/hypervisor.elf": make_elf(),
        "images/vmlinux": make_elf(),
        "images/initrd.gz": b"ramdisk",
        "images/recipe.toml": toml_of("recipe.md").encode(),
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    recipe = load_recipe(tmp_path / "images" / "recipe.toml")
    (dom0,) = recipe.domains
    assert recipe.targets == ("powernv8", "slof")
    assert dom0.memory == GIB
    assert {override.path for override in dom0.devtree} == {"/chosen", "/nvram"}


def test_blades(tmp_path: Path) -> None:
    text = toml_of("netboot.md")
    (tmp_path / "blades.toml").write_text(text)
    (blade,) = load_blades(tmp_path / "blades.toml", ["debian.img"]).blades
    assert blade.arguments == "console=hvc0"
    keys = {field.name for field in dataclasses.fields(Blade)} - {"name"}
    assert keys <= set(re.findall(r"^([a-z-]+) =", text, re.MULTILINE))


def test_example_of_blades() -> None:
    names = [blade.name for blade in load_blades(ROOT / "images" / "blades.toml", ["debian.img"]).blades]
    page = (ROOT / "docs" / "netboot.md").read_text()
    assert names == re.findall(r"^        (\S+) +boot net:", page, re.MULTILINE)
