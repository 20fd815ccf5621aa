# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures that every level of tests shares; what is missing fails with the command that makes it.

`boot` comes from this project's own pytest plugin, loader/pytest_plugin.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from loader import cli

ROOT = Path(__file__).resolve().parent.parent


DEVELOPMENT_KEY = ROOT / "firmware" / "opal" / "keys" / "development"
"""The published key pair, whose images our firmware starts unless it was built for other keys."""


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
