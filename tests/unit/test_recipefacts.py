# SPDX-License-Identifier: BSD-2-Clause
"""The recipe that an image carries is the recipe it was built from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loader.errors import ImageError, ManifestError
from loader.manifest import Recipe, load_recipe
from loader.recipefacts import read_recipe, recipe_text
from tests.support import RECIPE, write_recipe

RICH = """\
[image]
stub = "stub.bin"
targets = ["powernv8"]
compression = "zstd"

[hypervisor]
path = "hypervisor.elf"
command-line = "loud \\"quoted\\""

[domain.second]
id = 3
kernel = { path = "initrd.gz", format = "raw", load = 0x10000, entry = 4, compression = "none" }
memory = "32M"
rma = { mode = "vrma", size = "16M" }
roles = ["xenstore", "control"]

[domain.first]
kernel = { path = "kernel.elf", compression = "lz4" }
initrd = { path = "initrd.gz", load = 0x2000000 }
memory = "64M"
command-line = "console=hvc0"

[domain.third]
kernel = "kernel.elf"
initrd = { from-firmware = "2M" }
memory = "64M"

[domain.first.devtree."/chosen"]
text = "a \\"b\\" c"
cells = [1, 2]
gone = false
flag = true
large = { u64 = 0x123456789abcdef0 }

[domain.first.devtree]
"/nvram" = false
"/made/up@0" = {}
"""


def files(folder: Path) -> dict[str, Path]:
    """Where the entries of an image made from RICH were written to."""
    return {
        "stub": folder / "stub.bin",
        "hypervisor": folder / "hypervisor.elf",
        "second/kernel": folder / "initrd.gz",
        "first/kernel": folder / "kernel.elf",
        "third/kernel": folder / "kernel.elf",
        "first/ramdisk": folder / "initrd.gz",
    }


def load(folder: Path, text: str = RICH) -> Recipe:
    return load_recipe(write_recipe(folder, text))


def test_round_trip(tmp_path: Path) -> None:
    recipe = load(tmp_path)
    again = read_recipe(recipe_text(recipe), files(tmp_path), tmp_path / "test.img", recipe.path)
    assert again == recipe
    assert [domain.name for domain in again.domains] == ["second", "first", "third"]
    assert recipe_text(again) == recipe_text(recipe)


def test_nothing_of_this_machine_is_in_it(tmp_path: Path) -> None:
    text = recipe_text(load(tmp_path))
    assert str(tmp_path) not in text
    assert "initrd.gz" not in text
    assert text.isascii()
    assert text.isprintable()


def test_defaults_are_spelled_out(tmp_path: Path) -> None:
    text = recipe_text(load(tmp_path, RECIPE))
    dom0 = json.loads(text)["domain"]["dom0"]
    assert (dom0["id"], dom0["vcpus"], dom0["rma"]) == (0, 1, {"mode": "auto", "size": 64 << 20})


def damaged(recipe: Recipe, *path: str, value: Any = None) -> str:
    """The recipe's text with one place changed, or taken out."""
    document = json.loads(recipe_text(recipe))
    table = document
    for key in path[:-1]:
        table = table[key]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return json.dumps(document)


def test_text_that_is_no_recipe(tmp_path: Path) -> None:
    recipe, image = load(tmp_path), tmp_path / "test.img"
    texts = [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        damaged(recipe, "image"),
        damaged(recipe, "hypervisor", value=[]),
        damaged(recipe, "hypervisor", "path", value="first/none"),
        damaged(recipe, "domain", value=1),
        damaged(recipe, "domain", "first", value="x"),
        damaged(recipe, "domain", "first", "kernel"),
        damaged(recipe, "domain", "first", "initrd", "path", value=["x"]),
    ]
    for text in texts:
        with pytest.raises(ImageError, match="its recipe cannot be read"):
            read_recipe(text, files(tmp_path), image, recipe.path)


def test_a_recipe_that_makes_no_sense_is_named_by_its_image(tmp_path: Path) -> None:
    recipe, image = load(tmp_path), tmp_path / "test.img"
    text = damaged(recipe, "domain", "first", "memory", value=5)
    with pytest.raises(ManifestError) as caught:
        read_recipe(text, files(tmp_path), image, recipe.path)
    assert str(caught.value).startswith(f"{image}: domain.first.memory: 5 bytes is not a multiple")


def test_path_is_all_that_differs_between_two_places(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = load(tmp_path), load(tmp_path / "other")
    assert recipe_text(one) == recipe_text(other)
    assert replace(one, path=other.path) != other
