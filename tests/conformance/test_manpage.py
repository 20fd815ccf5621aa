# SPDX-License-Identifier: BSD-2-Clause
"""mandoc has nothing to say about the man page, and shows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from loader.grammar import read_grammar

OUTDATED_INDEX = "outdated mandoc.db"
"""About the machine's other pages, not about ours."""


def mandoc(*options: str, page: Path) -> str:
    result = subprocess.run(["mandoc", *options, str(page)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return "".join(line for line in (result.stdout + result.stderr).splitlines(True) if OUTDATED_INDEX not in line)


def test_lint(project_root: Path) -> None:
    assert mandoc("-T", "lint", "-W", "style", page=project_root / "docs" / "mkimage.1") == ""


def test_every_option_is_shown(project_root: Path) -> None:
    text = mandoc("-T", "ascii", "-O", "width=200", page=project_root / "docs" / "mkimage.1")
    plain = "".join(character for n, character in enumerate(text) if text[n + 1 : n + 2] != "\b" and character != "\b")
    for command in read_grammar():
        for argument in command.options:
            assert argument.names[-1] in plain or "--help" in argument.names
