# SPDX-License-Identifier: BSD-2-Clause
"""Completions, tried in the shells themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from loader.cli import COMMANDS, main
from loader.profiles import PROFILES


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def run(command: Sequence[str], text: str, folder: Path) -> str:
    result = subprocess.run(command, input=text, capture_output=True, text=True, cwd=folder, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def bash(words: list[str], capsys: pytest.CaptureFixture[str], folder: Path) -> list[str]:
    """What bash offers for the last of these words."""
    quoted = " ".join(f"'{word}'" for word in words)
    text = f"COMP_WORDS=({quoted})\nCOMP_CWORD={len(words) - 1}\n_mkimage\n"
    text += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    return run(["bash", "--norc", "-eu"], script("bash", capsys) + text, folder).split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("debian.img", "debian.toml"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mkimage", ""], [command.name for command in COMMANDS]),
        (["mkimage", "ver"], ["verify"]),
        (["mkimage", "verify", "--s"], ["--signature"]),
        (["mkimage", "verify", "--signature", "deb"], ["debian.img", "debian.toml"]),
        (["mkimage", "verify", "debian.i"], ["debian.img"]),
        (["mkimage", "build", "debian.toml", "--container", ""], ["elf32", "elf64"]),
        (["mkimage", "build", "debian.toml", "-o", "debian.i"], ["debian.img"]),
        (["mkimage", "build", "--set", ""], []),
        (["mkimage", "boot", "--firmware", "debian.i"], ["debian.img"]),
        (["mkimage", "lint", "--profile", ""], list(PROFILES)),
        (["mkimage", "completion", "z"], ["zsh"]),
    ],
)
def test_bash(words: list[str], expected: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bash(words, capsys, folder) == expected


def zsh(words: list[str], capsys: pytest.CaptureFixture[str], folder: Path) -> list[str]:
    """What our function hands to zsh's own, one argument a line."""
    stand_ins = 'compdef() {}\n_describe() { print -rl -- "${(P@)2}" }\n_arguments() { print -rl -- "$@" }\n'
    quoted = " ".join(f"'{word}'" for word in words)
    text = f"words=({quoted})\nCURRENT={len(words)}\n_mkimage\n"
    return run(["zsh", "-f", "-eu"], stand_ins + script("zsh", capsys) + text, folder).splitlines()


def test_zsh_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zsh(["mkimage", ""], capsys, folder) == [f"{command.name}:{command.help}" for command in COMMANDS]


def test_zsh_arguments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    specs = zsh(["mkimage", "build", ""], capsys, folder)
    assert "(-o --output)-o[the file to write]:IMAGE:_files" in specs
    assert "(-o --output)--output[the file to write]:IMAGE:_files" in specs
    assert any(spec.startswith("*--set[override a value") and spec.endswith(":KEY=VALUE: ") for spec in specs)
    assert any(spec.endswith("(default\\: elf32)]:elf32|elf64:(elf32 elf64)") for spec in specs)
    assert specs[-1] == ":RECIPE:_files"


def test_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "fish"])
    assert caught.value.code == 2
    assert "invalid choice: 'fish'" in capsys.readouterr().err
