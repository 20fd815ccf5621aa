# SPDX-License-Identifier: BSD-2-Clause
"""Every command that README shows works as it stands there, and prints what README says it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROMPT = "~ # "
LEAVE = "poweroff -f"
CURSOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NUMBER = re.compile(r"\b(?:0x)?[0-9][0-9a-f]*\b")
SOMETHING = "..."


@dataclass(frozen=True)
class Step:
    """A command behind "$ " in one of README's console blocks, and the lines below it.

    typed    what is typed at dom0's prompt
    printed  what comes, in this order
    """

    command: str
    typed: tuple[str, ...]
    printed: tuple[str, ...]


def steps() -> list[Step]:
    """README's commands, in order."""
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    found: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            typed = tuple(line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT))
            printed = tuple(line for line in lines if not line.startswith(PROMPT) and line != SOMETHING)
            found.append(Step(command, typed or (LEAVE,), printed))
    return found


def pattern_of(line: str) -> str:
    """A line of README as a regular expression: numbers and the width of blanks may differ, `...` is anything."""
    parts = [re.sub(r"(?:\\ )+", " +", re.escape(part)) for part in NUMBER.split(line)]
    return r"(?:0x)?[0-9a-f]+".join(parts).replace(re.escape(SOMETHING), ".*")


def first_missing(lines: tuple[str, ...], output: str) -> str | None:
    """The first of the lines that the output does not have behind those before it."""
    position = 0
    for line in lines:
        match = re.compile(pattern_of(line)).search(output, position)
        if match is None:
            return line
        position = match.end()
    return None


def run_to_shell(step: Step, root: Path) -> tuple[int, str]:
    """Run a command that ends at dom0's shell, type there what README types, and return its status and output."""
    waiting = list(step.typed)
    prompts = 0
    with subprocess.Popen(
        shlex.split(step.command), cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = b""
        try:
            while data := process.stdout.read1(4096):  # type: ignore[attr-defined]
                seen += data
                if waiting and seen.count(PROMPT.encode()) > prompts:
                    prompts += 1
                    process.stdin.write(f"{waiting.pop(0)}\n".encode())
                    process.stdin.flush()
            status = process.wait(300)
        finally:
            process.terminate()
    output = CURSOR.sub("", seen.decode(errors="replace").replace("\r", ""))
    assert not waiting, f"{step.command} ended early: {output[-2000:]}"
    return status, output


def run(step: Step, root: Path) -> tuple[int, str]:
    """Run a command and return its status and output."""
    if step.command.startswith("make boot"):
        return run_to_shell(step, root)
    result = subprocess.run(
        shlex.split(step.command), cwd=root, capture_output=True, text=True, errors="replace", timeout=500, check=False
    )
    assert result.returncode == 0, f"{step.command}: {result.stderr}"
    return result.returncode, result.stdout


def test_readme_has_commands() -> None:
    commands = [step.command for step in steps()]
    assert {"make boot", "make test"} <= set(commands)
    assert len(commands) >= 8
    assert sum(len(step.printed) for step in steps()) > 30


def test_commands_of_readme(project_root: Path) -> None:
    """In one go: later commands use what earlier ones made. `make test` is what runs this."""
    for step in steps():
        if step.command == "make test":
            continue
        status, output = run(step, project_root)
        assert status == 0, step.command
        missing = first_missing(step.printed, output)
        assert missing is None, f"{step.command} does not print {missing!r}:\n{output[-4000:]}"


@pytest.mark.parametrize(
    ("line", "output", "same"),
    [
        ("plan: domain 0 dom0, 1024 MiB", "(hv) plan: domain 3 dom0, 512 MiB\n", True),
        ("plan: domain 0 dom0, 1024 MiB", "plan: domain 0 dom1, 1024 MiB\n", False),
        ("hypervisor: 0x0-0x177000", "hypervisor: 0x0-0xdeadbeef", True),
        ("  H_ENTER    34411   120", "  H_ENTER 7 8", True),
        ("=... ppc64le", "=anything ppc64le", True),
        ("ppc64le", "ppc32le", False),
        ("a.b", "axb", False),
    ],
)
def test_lines_are_compared(line: str, output: str, same: bool) -> None:
    assert (first_missing((line,), output) is None) == same


def test_order_matters() -> None:
    assert first_missing(("one", "two"), "one\ntwo\n") is None
    assert first_missing(("two", "one"), "one\ntwo\n") == "one"
