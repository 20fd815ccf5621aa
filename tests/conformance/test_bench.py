# SPDX-License-Identifier: BSD-2-Clause
"""What bench/ gives its peers is something that they can work with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.image import UBOOT_MKIMAGE, fit_source


def test_uboot_packs_files_with_relative_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make bench` names them from the project's folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("below")
    folder.mkdir()
    for name in ("kernel", "ramdisk"):
        (folder / name).write_bytes(name.encode() * 100)
    (folder / "image.its").write_text(fit_source(folder / "kernel", folder / "ramdisk"))
    subprocess.run([UBOOT_MKIMAGE, "-f", folder / "image.its", folder / "image.itb"], check=True, capture_output=True)
    assert b"ramdisk" * 100 in (folder / "image.itb").read_bytes()
