# SPDX-License-Identifier: BSD-2-Clause
"""mkimage called in this process; a stand-in for QEMU, for tests of what surrounds it."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from loader.cli import main
from loader.machines import QEMU

FAKE = Path(__file__).with_name("fake_qemu.py")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs mkimage and returns status, output and error output."""

    def run_it(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run_it


@pytest.fixture
def fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put the stand-in first on PATH; returns a function that makes an "image" out of Python lines."""
    program = tmp_path / "bin" / QEMU
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def make(script: str) -> Path:
        image = tmp_path / "image.py"
        image.write_text(textwrap.dedent(script))
        return image

    return make
