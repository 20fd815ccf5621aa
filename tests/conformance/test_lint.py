# SPDX-License-Identifier: BSD-2-Clause
"""The rules of `mkimage lint` are true: firmwares in the emulator start what passes, and refuse what does not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from loader import cli
from loader.emulator import Boot, Emulator, EmulatorError, Network
from loader.lint import Verdict, place_verdicts
from loader.profiles import openbios_base, slof_base
from loader.units import KIB, MIB
from tests.lintcases import BREACHES, as_elf64, judge
from tests.support import RECIPE, write_recipe

MEMORY = 512 * MIB
STUB_SPEAKS = r"^roundpeg-stub: "


@pytest.fixture(scope="module")
def image(stub_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small image with the real stub."""
    folder = tmp_path_factory.mktemp("lint")
    recipe = write_recipe(folder, RECIPE.replace("stub.bin", str(stub_binary)))
    path = folder / "good.img"
    assert cli.main(["build", str(recipe), "-o", str(path)]) == 0
    return path


def changed_copy(image: Path, folder: Path, change: Callable[[bytearray], None] | None) -> Path:
    """The image with other bytes, elsewhere."""
    assert change is not None
    data = bytearray(image.read_bytes())
    change(data)
    path = folder / "broken.img"
    path.write_bytes(data)
    return path


def errors(path: Path, profile: str) -> list[tuple[str, str]]:
    """Rules that break under a firmware, and on which way into it."""
    return [(found.rule.id, found.route) for found in judge(path, profile).findings]


def refuses(machine: Emulator, complaint: str) -> None:
    """The firmware complains, and the stub was not entered."""
    machine.expect(complaint)
    assert re.search(STUB_SPEAKS, machine.console.text, re.MULTILINE) is None


@pytest.mark.parametrize(
    ("profile", "machine", "memory"),
    [("powernv8", "powernv8", "2G"), ("slof", "pseries", "512M"), ("mac99", "mac99", "512M")],
)
def test_what_passes_starts(profile: str, machine: str, memory: str, image: Path, boot: Boot) -> None:
    assert judge(image, profile).findings == ()
    boot(image, machine=machine, memory=memory, tolerate=["stub"]).expect(STUB_SPEAKS)


def test_r2_entry_behind_the_segments_start(image: Path, boot: Boot, tmp_path: Path) -> None:
    """QEMU's -kernel starts at the first byte, here a zero word; skiboot heeds the entry point."""
    path = changed_copy(image, tmp_path, BREACHES["R2"].change)
    assert errors(path, "slof") == [("R2", "-kernel")]
    pseries = boot(path, machine="pseries", memory="512M")
    assert errors(path, "powernv8") == []
    boot(path, tolerate=["stub"]).expect(STUB_SPEAKS)
    refuses(pseries, r"Program Exception \[")


def test_r4_a_segment_behind_the_program_headers(image: Path, boot: Boot, tmp_path: Path) -> None:
    """SLOF reads it as one more program header; on the way it says which memory it keeps."""
    path = changed_copy(image, tmp_path, BREACHES["R4"].change)
    assert errors(path, "slof") == [("R4", "boot net")]
    machine = boot(
        None,
        machine="pseries",
        memory="512M",
        network=[Network(f"user,tftp={tmp_path},bootfile={path.name}")],
        extra=["-prom-env", "boot-command=.available boot net"],
    )
    free = machine.expect(r"^\s*4000 ([0-9a-f]+) *$\n")
    assert 0x4000 + int(free[1], 16) == slof_base(MEMORY)
    refuses(machine, r"VirtAddr.* != PhysAddr.* not supported, aborting")


def test_r9_more_than_128_mib(image: Path, boot: Boot, tmp_path: Path) -> None:
    path = changed_copy(image, tmp_path, lambda _: None)
    os.truncate(path, 128 * MIB)
    assert errors(path, "powernv8") == []
    boot(path, tolerate=["stub"]).expect(STUB_SPEAKS)
    os.truncate(path, 128 * MIB + 4 * KIB)
    assert errors(path, "powernv8") == [("R9", "-kernel")]
    with pytest.raises(EmulatorError, match="Could not load kernel"):
        boot(path)


def test_r10_elf64_without_sections(image: Path, boot: Boot, tmp_path: Path) -> None:
    """skiboot takes the first instructions for an address, and finds nothing there."""
    path = changed_copy(image, tmp_path, as_elf64)
    assert errors(path, "powernv8") == [("R10", "-kernel")]
    refuses(boot(path), r"Kernel is zeros, can't execute!")


def test_first_word_is_zero(image: Path, boot: Boot, tmp_path: Path) -> None:
    path = changed_copy(image, tmp_path, lambda data: data.__setitem__(slice(0x1000, 0x1004), bytes(4)))
    assert ("PNV-ENTRY", "-kernel") in errors(path, "powernv8")
    refuses(boot(path), r"Kernel is zeros, can't execute!")


def test_openbios_keeps_what_its_profile_says(boot: Boot) -> None:
    """/memory's `available`: the range behind its load area ends where OpenBIOS begins."""
    commands = ["-prom-env", "auto-boot?=true", "-prom-env", "boot-command=dev /memory .properties"]
    machine = boot(None, machine="mac99", memory="512M", extra=commands)
    machine.expect(r"^available +0{4}4000 ")
    free = machine.expect(r"^ +04800000 +([0-9a-f]{8})\b")
    assert 0x0480_0000 + int(free[1], 16) == openbios_base(MEMORY)


def test_a_stock_kernel_is_judged_as_it_boots(debian_kernel: Path) -> None:
    """Debian's vmlinux boots by -kernel (tests/boot/test_harness.py does it on pseries), not from SLOF's network."""
    assert place_verdicts(judge(debian_kernel, "powernv8", "powernv9", "slof", "kexec")) == {
        "powernv8 by -kernel": Verdict.WARNED,
        "powernv9 by -kernel": Verdict.WARNED,
        "slof by -kernel": Verdict.PASSES,
        "slof by boot net": Verdict.FAILS,
        "kexec by kexec_file_load": Verdict.PASSES,
    }
