# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage extract`: which payloads of an image go to which files, and bringing them there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from loader.errors import EnvironmentProblem, ImageError, one_line
from loader.imagehead import Head
from loader.io import require_other_file
from loader.meter import QUIET, Meter
from loader.multiboot import extract_entry, extract_stub, read_head
from loader.recipefacts import STUB_NAME

_SAFE_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z._+-]*(/[a-z-]+)?")
"""Names that cannot lead out of a folder: those a recipe can make, with or without a domain in front."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """One payload on its way out; `size` is what the file will have, in bytes; `stored` leaves it compressed."""

    name: str
    file: Path
    size: int
    stored: bool


def plan_extraction(
    image: Path, patterns: Sequence[str], output: Path | None, folder: Path | None, *, stored: bool
) -> list[Extraction]:
    """What matches the patterns (all without any), and where it goes; raises LoaderError.

    `output` is the file of a single payload, `folder` is where several go.
    """
    head = read_head(image)
    names = _select(head, patterns, image)
    if output is not None and len(names) > 1:
        raise ImageError(f"{len(names)} payloads for one file: {', '.join(names)}", str(image), "use -d DIR")
    found = [
        Extraction(name, output or _file(folder, names, name, image), _size(head, name, stored), stored)
        for name in names
    ]
    for item in found:
        require_other_file(item.file, image)
    return found


def extract(image: Path, found: Sequence[Extraction], meter: Meter = QUIET) -> None:
    """Writes what was planned, each file checked, and whole or not at all; raises LoaderError."""
    for item in found:
        try:
            item.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentProblem(f"cannot make the folder: {error.strerror}", str(item.file.parent)) from None
        if item.name == STUB_NAME:
            extract_stub(image, item.file)
        else:
            extract_entry(image, item.name, item.file, stored=item.stored, meter=meter)


def render_extraction(image: Path, found: Sequence[Extraction], *, as_json: bool, written: bool) -> str:
    """What was, or would be, written, as text or JSON."""
    if as_json:
        files = [{"name": item.name, "file": str(item.file), "size": item.size} for item in found]
        return json.dumps({"image": str(image), "written": written, "files": files}, indent=2)
    return "\n".join(f"{one_line(str(item.file))}: {item.name}, {item.size} bytes" for item in found)


def _select(head: Head, patterns: Sequence[str], image: Path) -> list[str]:
    """Names in the image's order; every pattern must match something."""
    known = [STUB_NAME, *(entry.name for entry in head.entries)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise ImageError(f"no entry is called {pattern!r}", str(image), f"entries are: {', '.join(known)}")
    return [name for name in known if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


def _file(folder: Path | None, names: Sequence[str], name: str, image: Path) -> Path:
    alone = "extract it alone, with -o FILE"
    if folder is None or not _SAFE_NAME.fullmatch(name):
        raise ImageError(f"{name!r} cannot be a file in a folder", str(image), alone)
    if any(other.startswith(f"{name}/") for other in names):  # a domain may be called `stub`
        raise ImageError(f"{name!r} would be a file and a folder", str(image), alone)
    return folder / name


def _size(head: Head, name: str, stored: bool) -> int:
    if name == STUB_NAME:
        return head.stub_size
    entry = head.entry(name)
    return entry.size if stored else entry.memory_size
