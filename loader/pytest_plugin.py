# SPDX-License-Identifier: BSD-2-Clause
"""pytest's fixture `boot` for any project that has this package installed (docs/boot-tests.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Unpack

import pytest

from loader.emulator import Boot, Emulator, Options

LOGS: Final = "boot_logs"
MAX_LOG_NAME: Final = 200
"""Characters of a log's file name without ending; longer ones end in a digest."""

_machines = pytest.StashKey[list[Emulator]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our setting for pytest's configuration file."""
    text = "folder for the console logs of machines, relative to the root; without it they go where tmp_path does"
    parser.addini(LOGS, text, default="")


@pytest.fixture
def boot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    """Switches machines on for one test: `boot("kernel.elf", machine="pseries")`; all are off after it.

    The console of each goes to a log under the test's name, unless the test gives another `log`.
    """
    machines: list[Emulator] = request.node.stash.setdefault(_machines, [])
    setting = request.config.getini(LOGS)
    folder = request.config.rootpath / setting if setting else tmp_path_factory.getbasetemp() / LOGS
    name = log_name(request.node.nodeid)
    with ExitStack() as running:

        def start(image: Path | str | None, **options: Unpack[Options]) -> Emulator:
            number = f"-{len(machines) + 1}" if machines else ""
            options.setdefault("log", folder / f"{name}{number}.log")
            emulator = running.enter_context(Emulator(image, **options))
            machines.append(emulator)
            return emulator

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed test's consoles."""
    report = yield
    if report.failed:
        machines: list[Emulator] = item.stash.get(_machines, [])
        for number, emulator in enumerate(machines, 1):
            title = f"console of machine {number}" + (f", {emulator.log}" if emulator.log else "")
            report.sections.append((title, emulator.console.tail()))
    return report


def log_name(test: str) -> str:
    """A test's name as a file name."""
    name = re.sub(r"[^\w.]+", "-", test, flags=re.ASCII).strip("-")
    if len(name) <= MAX_LOG_NAME:
        return name
    digest = hashlib.sha256(test.encode()).hexdigest()[:16]
    return f"{name[: MAX_LOG_NAME - len(digest) - 1]}-{digest}"
