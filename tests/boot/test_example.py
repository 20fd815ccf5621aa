# SPDX-License-Identifier: BSD-2-Clause
"""The example that docs/boot-tests.md shows to other projects, run the way they would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def test_example_project(project_root: Path, tmp_path: Path) -> None:
    source = project_root / "docs" / "example"
    folder = Path(shutil.copytree(source, tmp_path / "example", ignore=shutil.ignore_patterns("hello.elf", "*.bin")))
    subprocess.run(["make", "-s"], cwd=folder, check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base")]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    tests = len(re.findall(r"^def test_", (source / "test_hello.py").read_text(), re.MULTILINE))
    assert re.search(rf"\b{tests} passed in ", result.stdout), result.stdout + result.stderr
    assert result.returncode == 0
    logs = sorted((folder / "logs").iterdir())
    assert len(logs) == tests
    assert all(re.match(rb"\[ +\d+\.\d{3}\] hello, tests\r\n", log.read_bytes()) for log in logs)


def test_the_documents_show_the_example(project_root: Path) -> None:
    """Every Python block of the guide that names the example's test is a piece of it."""
    guide = (project_root / "docs" / "boot-tests.md").read_text()
    example = (project_root / "docs" / "example" / "test_hello.py").read_text()
    shown = re.search(r"```python\n# test_hello\.py\n(.*?)```", guide, re.DOTALL)
    assert shown is not None
    pieces = [piece.strip("\n") for piece in shown[1].split("\n\n\n")]
    assert pieces
    assert [piece for piece in pieces if piece not in example] == []
