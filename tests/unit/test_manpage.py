# SPDX-License-Identifier: BSD-2-Clause
"""docs/mkimage.1 says what the command line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader import manpage
from loader.cli import COMMANDS
from loader.grammar import Argument, CommandGrammar, read_grammar
from loader.manpage import man_page


def test_the_committed_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert manpage.main(["--check"]) == 0, capsys.readouterr().err


def test_check_notices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "mkimage.1"
    arguments = ["--check", "--output", str(page)]
    assert manpage.main(arguments) == 1
    assert manpage.main(arguments[1:]) == 0
    assert manpage.main(arguments) == 0
    page.write_text(page.read_text() + "x")
    capsys.readouterr()
    assert manpage.main(arguments) == 1
    assert capsys.readouterr().err == f"{page}: does not match the command line; run python -m loader.manpage\n"


def test_every_command_and_option_is_there() -> None:
    page = man_page(read_grammar())
    for command in read_grammar():
        assert f".Ss {command.name}\n" in page
        for argument in command.options:
            for name in argument.names:
                escaped = name[1:].replace("-", "\\-")
                assert f"Fl {escaped}" in page or "--help" in argument.names
    assert [command.name for command in read_grammar()] == [command.name for command in COMMANDS]


def test_synopses_say_what_must_be_given() -> None:
    page = man_page(read_grammar())
    assert "\n.Brq Fl o Ar FILE | Fl d Ar DIR\n" in page
    assert "\n.Brq Fl \\-key Ar KEY | Fl \\-attach Ar FILE | Fl \\-remove Ar KEYID\n" in page
    assert "\n.Op Fl \\-dts | Fl o Ar FILE | Fl \\-json\n" in page
    assert "\n.Ar IMAGE\n.Op Ar NAME ...\n" in page
    assert "\n.Ar IMAGE ...\n" in page  # netboot wants at least one


def test_notes_on_groups_of_options_are_there() -> None:
    page = " ".join(man_page(read_grammar()).split())
    assert "Without steps the terminal is the machine\\(aqs console until Ctrl\\-A x. With steps" in page


def test_everything_is_explained() -> None:
    silent = [(command.name, found) for command in read_grammar() for found in command.arguments if not found.help]
    assert silent == []


def test_roff_does_not_take_texts_for_its_own() -> None:
    argument = Argument(("--odd",), "X", (), ".dots 'quotes' \\backslash -dash", True, False, False)
    page = man_page([CommandGrammar("odd", "what `it` does", (argument,))])
    assert "\n\\&.dots \\(aqquotes\\(aq \\ebackslash \\-dash.\n" in page
    assert "\nWhat \\(gait\\(ga does.\n" in page
