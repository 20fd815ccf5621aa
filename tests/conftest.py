# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures that every level of tests shares; what is missing fails with the command that makes it.

`boot` comes from this project's own pytest plugin, loader/pytest_plugin.py.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from loader import cli

ROOT = Path(__file__).resolve().parent.parent

SURROUNDINGS: Final = {"LC_ALL": "C.UTF-8", "TERM": "xterm", "TZ": "UTC"}
FOREIGN: Final = (
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "BASH_ENV"),
    *("SOURCE_DATE_EPOCH", "PYTHONOPTIMIZE", "PYTHONWARNINGS"),
)
"""Variables that change what programs print or make."""
UMASK: Final = 0o022


DEVELOPMENT_KEY = ROOT / "firmware" / "opal" / "keys" / "development"
"""The published key pair, whose images our firmware starts unless it was built for other keys."""


def pytest_configure() -> None:
    """Every run has the same surroundings, and hypothesis draws the same examples as fast or slow as the host may be.

    `pytest --hypothesis-profile=search` draws others.
    """
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(SURROUNDINGS)
    time.tzset()
    os.umask(UMASK)
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    settings.register_profile("search", patient)
    settings.register_profile("same", patient, derandomize=True)
    settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its level: the folder it is in."""
    for item in items:
        item.add_marker(item.path.relative_to(ROOT / "tests").parts[0])


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


def built(path: str, command: str = "make build") -> Path:
    """Return a file the build makes."""
    file = ROOT / path
    if not file.is_file():
        pytest.fail(f"{path} is missing: run `{command}`", pytrace=False)
    return file


@pytest.fixture(scope="session")
def stub_binary() -> Path:
    """The boot stub."""
    return built("build/stub/stub.bin")


@pytest.fixture(scope="session")
def hypervisor_elf() -> Path:
    """The hypervisor."""
    return built("build/hypervisor/hypervisor.elf")


@pytest.fixture(scope="session")
def opal_firmware() -> Path:
    """Our own firmware for powernv8, which starts what the development key has signed."""
    return built("build/firmware/opal/opal.bin")


@pytest.fixture(scope="session")
def unlocked_firmware() -> Path:
    """The same, but it starts anything."""
    return built("build/firmware/unlocked/opal.bin", "make firmware-unlocked")


@pytest.fixture(scope="session")
def debian_kernel() -> Path:
    """Debian's stock kernel; its initrd is `initrd.gz` beside it."""
    folder = Path("/usr/lib/debian-installer/images/12/ppc64el/text/debian-installer/ppc64el")
    kernel = folder / "vmlinux"
    if not kernel.is_file():
        pytest.fail("Debian's kernel is missing: run `tools/setup`", pytrace=False)
    return kernel


@pytest.fixture(scope="session")
def debian_image(stub_binary: Path, hypervisor_elf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """images/debian.toml, packed and signed by the development key once per session."""
    assert stub_binary.is_file()
    assert hypervisor_elf.is_file()
    image = tmp_path_factory.mktemp("images") / "debian.img"
    assert cli.main(["build", str(ROOT / "images" / "debian.toml"), "-o", str(image)]) == 0
    assert cli.main(["sign", str(image), "--key", str(DEVELOPMENT_KEY)]) == 0
    return image
