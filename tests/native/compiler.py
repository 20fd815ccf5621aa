# SPDX-License-Identifier: BSD-2-Clause
"""Compiles C for the host under the address and undefined-behaviour sanitizers.

A native test is one C file that includes the C files it tests (with stand-ins for what they call).  Its first comment
may say, one line each and with paths from the project's root:

    Include: folders for #include "..."
    Define: macros for everything, NAME or NAME=VALUE
    Link: more C files, or folders of them, compiled with the sanitizers but without our warnings
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "native"

COMMON: Final = (
    *("gcc", "-std=gnu11", "-g", "-O1", "-fno-omit-frame-pointer"),
    *("-fno-pie", "-no-pie"),  # addresses that never change, and that Open Firmware's 32-bit cells can hold
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
WARNINGS: Final = ("-Wall", "-Wextra", "-Wshadow", "-Wundef", "-Wstrict-prototypes", "-Werror")
RUN_TIMEOUT: Final = 500
"""Seconds; the longest takes some ten."""

_DIRECTIVE: Final = re.compile(r"^ \* (Include|Define|Link): (.+)$", re.MULTILINE)


def compile_native(source: Path) -> Path:
    """Compile a native test and return the program; fails the running test with what the compiler said.

    The program appears whole: another process may be running, or compiling, the same one.
    """
    words: dict[str, list[str]] = {"Include": [], "Define": [], "Link": []}
    for kind, text in _DIRECTIVE.findall(source.read_text(encoding="utf-8")):
        words[kind] += text.split()
    program = BUILD / source.stem
    BUILD.mkdir(parents=True, exist_ok=True)
    options = [f"-I{existing(folder)}" for folder in words["Include"]] + [f"-D{macro}" for macro in words["Define"]]
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        unit, fresh = Path(name, "unit.o"), Path(name, "program")
        run([*COMMON, *WARNINGS, *options, "-c", "-o", str(unit), str(source)])
        run([*COMMON, "-w", *options, "-o", str(fresh), str(unit), *map(str, linked(words["Link"]))])
        fresh.replace(program)
    return program


def run(command: list[str], data: bytes | None = None) -> bytes:
    """Run a command in the project's root and return its output; fails the running test when the command fails."""
    result = subprocess.run(command, input=data, capture_output=True, cwd=ROOT, timeout=RUN_TIMEOUT, check=False)
    if result.returncode != 0:
        output = (result.stdout + result.stderr).decode(errors="replace")
        pytest.fail(f"{' '.join(command)}: status {result.returncode}\n{output}", pytrace=False)
    return result.stdout


def existing(path: str) -> Path:
    """The file or folder `path`, seen from the project's root."""
    found = ROOT / path
    if not found.exists():
        pytest.fail(f"{path} is missing: run `tools/setup`", pytrace=False)
    return found


def linked(paths: list[str]) -> list[Path]:
    """The C files that `Link` lines name."""
    files: list[Path] = []
    for path in map(existing, paths):
        files += sorted(path.glob("*.c")) if path.is_dir() else [path]
    return files
