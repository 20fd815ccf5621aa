# SPDX-License-Identifier: BSD-2-Clause
"""A running Linux starts an image by kexec: the way into machines whose firmware boots Linux only (petitboot)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loader import cli
from loader.emulator import Emulator
from tests.conftest import ROOT, built
from tests.cpiomaker import make_cpio

Boot = Callable[..., Emulator]

COMMAND_LINE = "console=hvc0 rdinit=/bin/sh"


@pytest.fixture(scope="module")
def image(stub_binary: Path, hypervisor_elf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our hypervisor with a small guest, in the container for kexec."""
    assert stub_binary.is_file()
    assert hypervisor_elf.is_file()
    assert built("build/guests/hello.elf").is_file()
    path = tmp_path_factory.mktemp("kexec") / "hello.elf"
    recipe = ROOT / "images" / "guest-hello.toml"
    assert cli.main(["build", str(recipe), "-o", str(path), "--container", "elf64"]) == 0
    return path


@pytest.fixture
def ramdisk(image: Path, debian_kernel: Path, tmp_path: Path) -> Path:
    """Debian's, and in it kexec (tools/fetch_debian.py) and the image."""
    files = {"sbin/kexec": built("build/third_party/kexec/kexec").read_bytes(), "image.elf": image.read_bytes()}
    path = tmp_path / "initrd"
    path.write_bytes(debian_kernel.with_name("initrd.gz").read_bytes() + make_cpio(files))
    return path


@pytest.mark.parametrize("cpus", [1, 2])
def test_linux_hands_the_machine_over(cpus: int, ramdisk: Path, debian_kernel: Path, boot: Boot) -> None:
    """With two processors the second goes back to skiboot, as Linux leaves it."""
    emulator = boot(debian_kernel, cpus=cpus, extra=["-append", COMMAND_LINE, "-initrd", str(ramdisk)])
    emulator.expect("~ # ")
    emulator.send("mount -t proc proc /proc; mount -t sysfs sysfs /sys; kexec -l /image.elf; echo status $?\n")
    emulator.expect(r"^status 0\n")
    emulator.send("kexec -e\n")
    emulator.expect(r"^roundpeg-stub: image \d+ KiB, \d+ entries, digests good\n")
    emulator.expect(r"^\(hv\) machine: IBM PowerNV .*, platform OPAL\n")
    emulator.expect(r"^DONE hello pass=\d+ fail=0\n")
    assert emulator.wait() == 0
