# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage replace`: an image with another kernel, ramdisk, hypervisor or stub, planned and checked like a new one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from loader import abi
from loader.devtree import Tree
from loader.errors import EnvironmentProblem, ImageError, LoaderError
from loader.imagehead import Head
from loader.io import FileStamp, open_source
from loader.meter import QUIET, Meter
from loader.multiboot import extract_entry, extract_stub, read_head
from loader.overlay import PROP_RECIPE
from loader.plan import ImagePlan, plan_image
from loader.recipefacts import STUB_NAME, read_recipe

GENERATED: Final = frozenset({abi.EntryType.BOOT_OVERLAY, abi.EntryType.DEVICE_TREE})
"""What follows from the recipe: to change it, change the recipe."""


@contextmanager
def scratch_folder(output: Path) -> Iterator[Path]:
    """A folder beside `output`, by its absolute path, that is gone afterwards; raises EnvironmentProblem."""
    try:
        folder = tempfile.TemporaryDirectory(dir=output.absolute().parent, prefix=".replace-")
    except OSError as error:
        raise EnvironmentProblem(f"cannot write the file: {error.strerror}", str(output)) from None
    with folder as name:
        try:
            yield Path(name)
        except EnvironmentProblem as error:
            if not error.where.startswith(name):
                raise
            raise EnvironmentProblem(error.what, str(output)) from None  # beside which there is no room


def replan(
    image: Path, name: str, source: Path, folder: Path, meter: Meter = QUIET
) -> tuple[ImagePlan, tuple[str, ...]]:
    """The plan of an image with `source` in the place of the entry `name`, and its targets; raises LoaderError.

    The other entries are written to `folder`, from where the plan reads them.
    """
    stamp = FileStamp.take(image)
    head = read_head(image)
    _require_replaceable(head, name, image)
    with open_source(source):  # or its place in the recipe would be blamed, which the user never saw
        pass
    files = {entry.name: folder / str(number) for number, entry in enumerate(head.entries)}
    files |= {STUB_NAME: folder / STUB_NAME, name: source.absolute()}
    for entry in head.entries:
        if entry.name != name and entry.type != abi.EntryType.DEVICE_TREE:
            extract_entry(image, entry.name, files[entry.name], meter=meter)
    if name != STUB_NAME:
        extract_stub(image, files[STUB_NAME])
    stamp.verify(image)
    text = _recipe_text(files["boot-overlay"], image)
    try:
        recipe = read_recipe(text, files, image, folder / "recipe")
        return plan_image(replace(recipe, path=image), folder, head.container, meter), recipe.targets
    except LoaderError as error:
        labels = {str(path): f"{image}: {entry}" for entry, path in files.items() if path.parent == folder}
        labels[str(source.absolute())] = str(source)
        raise _relabelled(error, labels) from None


def _require_replaceable(head: Head, name: str, image: Path) -> None:
    names = [STUB_NAME, *(entry.name for entry in head.entries if entry.type not in GENERATED)]
    if name not in names:
        known = any(entry.name == name for entry in head.entries)
        what = f"{name} follows from the recipe" if known else f"no entry is called {name!r}"
        raise ImageError(what, str(image), f"can be replaced: {', '.join(names)}")


def _recipe_text(overlay: Path, image: Path) -> str:
    tree = Tree.parse(overlay.read_bytes(), f"{image}: boot-overlay")
    if not tree.root.has(PROP_RECIPE):
        raise ImageError("does not carry its recipe", str(image), "build it again from the recipe")
    return tree.root.string(PROP_RECIPE)


def _relabelled(error: LoaderError, labels: Mapping[str, str]) -> LoaderError:
    """The error with names of entries instead of files that are about to go."""
    what, where = error.what, error.where
    for path, label in labels.items():
        what, where = what.replace(path, label), where.replace(path, label)
    return type(error)(what, where, error.hint)
