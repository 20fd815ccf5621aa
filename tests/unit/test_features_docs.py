# SPDX-License-Identifier: BSD-2-Clause
"""docs/features.md promises nothing that the command line and the documentation do not have."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from loader.cli import make_parser

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "features.md").read_text()
COMMANDS = sorted(set(re.findall(r"`mkimage ([^`]+)`", TEXT)))
PAGES = sorted(set(re.findall(r"\b([\w-]+\.md|[\w-]+/README\.md)\b", TEXT)))


def test_every_row_says_something() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and line != "| | here |"]
    assert len(rows) > 40
    for row in rows:
        name, answer = (cell.strip() for cell in row.strip("|").split(" | "))
        assert name, row
        assert answer, row


def test_no_command_is_left_out() -> None:
    """A command that serves none of the features would be one too many."""
    (action,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert {command.split()[0] for command in COMMANDS} | {"completion"} == set(action.choices)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command: str) -> None:
    name, *options = command.split()
    (action,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert set(options) <= action.choices[name]._option_string_actions.keys()


@pytest.mark.parametrize("page", PAGES)
def test_pages_exist(page: str) -> None:
    assert (DOCS / page).is_file() or (DOCS.parent / page).is_file()
