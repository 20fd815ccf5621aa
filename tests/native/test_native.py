# SPDX-License-Identifier: BSD-2-Clause
"""Every run_*.c in this folder: compiled for the host under sanitizers, passed when it exits with status 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.native.compiler import compile_native, run

PROGRAMS = sorted(Path(__file__).parent.glob("run_*.c"))


def test_there_are_programs() -> None:
    assert PROGRAMS


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_program(source: Path) -> None:
    run([str(compile_native(source))])
