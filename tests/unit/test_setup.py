# SPDX-License-Identifier: BSD-2-Clause
"""tools/setup and tools/fetch_debian.py where the network or apt is not what it should be at once."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from tools import fetch_debian

PROBLEM = "no luck"


@pytest.fixture
def setup(project_root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; it does not really pause."""
    loader = SourceFileLoader("setup_script", str(project_root / "tools" / "setup"))
    spec = spec_from_loader("setup_script", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return module


def python(text: str) -> list[str | Path]:
    return [sys.executable, "-c", text]


def count_and_fail(file: Path, failures: int) -> list[str | Path]:
    """A command that says which attempt it is, and fails so many times."""
    script = "import sys; f = open(sys.argv[1], 'a+'); f.write('x'); n = f.tell(); print('attempt', n); "
    return [*python(script + "sys.exit(n <= int(sys.argv[2]))"), str(file), str(failures)]


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_what_fails_is_tried_again(setup: ModuleType, failures: int, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    setup.run(PROBLEM, count_and_fail(first, 0), count_and_fail(second, failures), pauses=setup.PAUSES)
    assert first.stat().st_size == second.stat().st_size == failures + 1


def test_what_fails_for_good(setup: ModuleType, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "file"
    with pytest.raises(SystemExit) as stopped:
        setup.run(PROBLEM, count_and_fail(file, 99), python("raise AssertionError"), pauses=setup.PAUSES)
    assert stopped.value.code == 3
    assert file.stat().st_size == len(setup.PAUSES) + 1
    assert capfdbinary.readouterr().err == b"attempt 1\nattempt 2\nattempt 3\nattempt 4\nsetup: error: no luck\n"


def test_nobody_is_asked(setup: ModuleType) -> None:
    setup.run(PROBLEM, python("import sys; sys.exit(sys.stdin.read() != '')"))


def test_every_pinned_package_is_held_to_its_version(project_root: Path) -> None:
    """What pyproject.toml pins and tools/constraints.txt agree, or pip would find no solution."""
    text = (project_root / "tools" / "constraints.txt").read_text()
    held = dict(line.split("==") for line in text.splitlines() if not line.startswith("#"))
    project = tomllib.loads((project_root / "pyproject.toml").read_text())
    pins = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    assert len(pins) > 10
    for pin in [*pins, *project["build-system"]["requires"]]:
        name, version = re.sub(r"\[.*\]", "", pin).split("==")
        assert held[name] == version


LISTS = "Other Other https://example/\nDebian Debian-Security https://example/security/\nDebian Debian https://example/debian/\n"


def test_the_mirror_is_the_one_that_the_machine_uses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetch_debian, "run", lambda command, _: LISTS if command[1] == "indextargets" else "")
    assert fetch_debian.mirror(tmp_path) == "https://example/debian/"


def test_machines_whose_package_lists_were_cleaned_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As container images are made: apt then knows no source until it has fetched the lists."""
    updated: list[str] = []

    def run(command: list[str], _: Path) -> str:
        folder = next((word for word in command if word.startswith("Dir::State::Lists=")), "")
        if "update" in command:
            updated.append(folder)
        return LISTS if folder in updated else ""

    monkeypatch.setattr(fetch_debian, "run", run)
    assert fetch_debian.mirror(tmp_path) == "https://example/debian/"
    assert updated == [f"Dir::State::Lists={tmp_path}/machine/lists"]


def test_machines_without_debian(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch_debian, "run", lambda *_: "")
    with pytest.raises(SystemExit):
        fetch_debian.mirror(tmp_path)
    assert "apt knows no Debian mirror" in capsys.readouterr().err
