# SPDX-License-Identifier: BSD-2-Clause
"""Hypervisor and stub are the same bytes wherever they are built, so images are as well."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = ("abi", "firmware/stub", "hypervisor", "lib")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources in another folder, where nothing has been built."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name)
    (folder / "build").mkdir()
    (folder / "build" / "third_party").symlink_to(ROOT / "build" / "third_party")
    return folder


@pytest.mark.parametrize(
    ("folder", "product"),
    [("firmware/stub", "build/stub/stub.elf"), ("hypervisor", "build/hypervisor/hypervisor.elf")],
)
def test_the_folder_leaves_no_trace(folder: str, product: str, elsewhere: Path) -> None:
    if make(ROOT / folder, "--question").returncode != 0:
        pytest.fail(f"{product} is missing or old: run `make build`", pytrace=False)
    built = make(elsewhere / folder, "--jobs=2")
    assert built.returncode == 0, built.stderr
    content = (elsewhere / product).read_bytes()
    assert str(elsewhere).encode() not in content
    assert content == (ROOT / product).read_bytes()
