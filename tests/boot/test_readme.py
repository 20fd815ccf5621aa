# SPDX-License-Identifier: BSD-2-Clause
"""Every command that README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

PROMPT = b"~ # "


def commands() -> list[str]:
    """The lines behind "$ " in README's console blocks, in order."""
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run_to_shell(command: str, root: Path) -> int:
    """Run a command that ends at dom0's shell, and leave the shell the way README says."""
    with subprocess.Popen(
        shlex.split(command), cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = b""
        try:
            while PROMPT not in seen:
                byte = process.stdout.read1(4096)  # type: ignore[attr-defined]
                assert byte, f"{command} ended early: {seen.decode(errors='replace')[-2000:]}"
                seen += byte
            process.stdin.write(b"poweroff -f\n")
            process.stdin.flush()
            while process.stdout.read1(4096):  # type: ignore[attr-defined]
                pass
            return process.wait(300)
        finally:
            process.terminate()


def test_readme_has_commands() -> None:
    assert {"make boot", "make test"} <= set(commands())
    assert len(commands()) >= 8


def test_commands_of_readme(project_root: Path) -> None:
    """In one go: later commands use what earlier ones made. `make test` is what runs this."""
    for command in commands():
        if command == "make test":
            continue
        if command.startswith("make boot"):
            assert run_to_shell(command, project_root) == 0
            continue
        result = subprocess.run(shlex.split(command), cwd=project_root, capture_output=True, timeout=500, check=False)
        assert result.returncode == 0, f"{command}: {result.stderr.decode(errors='replace')}"
