# SPDX-License-Identifier: BSD-2-Clause
"""Foreign tools judge what mkimage writes: binutils the ELF file, dtc and fdtoverlay the trees.

The rules are those under which one ELF file boots under SLOF, skiboot, OpenBIOS and ePAPR alike; each names the
firmware that fails without it.
"""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest

from loader import abi
from loader.cli import main
from loader.devtree import Tree
from tests.support import write_recipe


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    path = folder / "test.img"
    assert main(["build", str(write_recipe(folder)), "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def overlay(image: Path) -> Path:
    return extract(image, "boot-overlay")


def extract(image: Path, name: str) -> Path:
    path = image.with_name(name.replace("/", "-") + ".dtb")
    assert main(["extract", str(image), name, "-o", str(path)]) == 0
    return path


def tool(*command: object) -> str:
    """Standard output of a tool that must succeed and have nothing to complain about."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def readelf(image: Path) -> tuple[dict[str, str], list[dict[str, int]]]:
    """The file header by line, and the program headers."""
    text = tool("readelf", "-hlW", image)
    header = dict(re.findall(r"^  ([\w /]+):\s+(.+?)\s*$", text, re.MULTILINE))
    pattern = r"^  LOAD +(\w+) (\w+) (\w+) (\w+) (\w+) RWE (\w+)$"
    names = ("offset", "virtual", "physical", "file_size", "memory_size", "alignment")
    loads = [dict(zip(names, (int(n, 16) for n in found), strict=True)) for found in re.findall(pattern, text, re.M)]
    return header, loads


def test_r1_elf32_big_endian_executable_for_powerpc(image: Path) -> None:
    """OpenBIOS takes nothing else."""
    header, _ = readelf(image)
    assert header["Class"] == "ELF32"
    assert header["Data"] == "2's complement, big endian"
    assert header["Type"] == "EXEC (Executable file)"
    assert header["Machine"] == "PowerPC"


def test_r2_r3_entry_is_the_first_byte_at_equal_addresses(image: Path) -> None:
    """QEMU's pseries and mac99 jump to the lowest loaded byte; SLOF refuses different addresses."""
    header, (load,) = readelf(image)
    assert int(header["Entry point address"], 16) == load["virtual"] == load["physical"]


def test_r4_an_empty_program_header_follows_the_last(image: Path) -> None:
    """SLOF reads one program header too many."""
    header, loads = readelf(image)
    assert int(header["Number of program headers"]) == len(loads) == 1
    end = int(header["Start of program headers"].split()[0]) + 32
    assert not any(image.read_bytes()[end : end + 32])


def test_r5_link_base(image: Path) -> None:
    """QEMU's -kernel keeps only the low 28 bits."""
    _, (load,) = readelf(image)
    assert load["physical"] & 0x0FFF_FFFF == 0


def test_r6_nothing_to_relocate(image: Path) -> None:
    """The image runs wherever a firmware puts it."""
    assert "There are no relocations in this file." in tool("readelf", "-rW", image)
    assert "There is no dynamic section in this file." in tool("readelf", "-dW", image)


def test_r7_one_segment_without_bss(image: Path) -> None:
    """skiboot runs the file in place: it copies and clears nothing."""
    _, (load,) = readelf(image)
    assert load["memory_size"] == load["file_size"]


def test_r8_the_segment_is_the_whole_rest_of_the_file(image: Path) -> None:
    """SLOF keeps nothing but the segment."""
    _, (load,) = readelf(image)
    assert load["offset"] == abi.IMAGE_FILE_OFFSET
    assert load["offset"] + load["file_size"] == image.stat().st_size
    assert load["alignment"] == abi.IMAGE_PAGE_SIZE


def test_r9_larger_than_qemu_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """128 MiB boot on powernv, one page more does not load: what does not fit is refused when it is built."""
    recipe = write_recipe(tmp_path)
    path = tmp_path / "test.img"
    arguments = ["build", str(recipe), "-o", str(path), "--set", "domain.dom0.memory=512M"]
    assert main(arguments) == 0
    ramdisk_pages = 0x5000
    fixed = path.stat().st_size - ramdisk_pages
    with (tmp_path / "initrd.gz").open("wb") as file:
        file.truncate((128 << 20) - fixed)
    assert main(arguments) == 0
    assert path.stat().st_size == 128 << 20
    path.unlink()
    with (tmp_path / "initrd.gz").open("ab") as file:
        file.write(b"x")
    capsys.readouterr()
    assert main(arguments) == 1
    refusal = "error: R9: the file has 134221824 bytes, the limit is 134217728 (128 MiB) [powernv8 by -kernel]"
    assert refusal in capsys.readouterr().err
    assert not path.exists()


def test_r10_no_section_headers(image: Path) -> None:
    header, _ = readelf(image)
    assert header["Number of section headers"] == "0"
    assert header["Start of section headers"] == "0 (bytes into file)"


def test_r10_the_elf64_twin_has_an_executable_section_at_its_entry(tmp_path: Path) -> None:
    """skiboot takes the entry of any other big-endian ELF64 for a function descriptor."""
    path = tmp_path / "test.img"
    assert main(["build", str(write_recipe(tmp_path)), "-o", str(path), "--container", "elf64"]) == 0
    header, (load,) = readelf(path)
    assert (header["Class"], header["Machine"]) == ("ELF64", "PowerPC64")
    assert header["Data"] == "2's complement, big endian"
    assert int(header["Entry point address"], 16) == load["virtual"] == load["physical"]
    assert load["offset"] + load["file_size"] == path.stat().st_size
    end = int(header["Start of program headers"].split()[0]) + 56
    assert not any(path.read_bytes()[end : end + 56])
    (section,) = re.findall(r"\.image +PROGBITS +(\w+) (\w+) (\w+) 00 WAX", tool("readelf", "-SW", path))
    address, offset, size = (int(number, 16) for number in section)
    assert (address, offset, size) == (load["virtual"], load["offset"], load["file_size"])


def test_first_word_at_the_entry_is_not_zero(image: Path) -> None:
    """skiboot asserts it."""
    assert struct.unpack_from(">I", image.read_bytes(), abi.IMAGE_FILE_OFFSET) != (0,)


def test_dtc_has_nothing_to_say_about_the_domain_tree(image: Path) -> None:
    tree = extract(image, "dom0/device-tree")
    tool("dtc", "-I", "dtb", "-O", "dts", tree)


def test_fdtoverlay_applies_the_overlay_to_a_firmware_tree(overlay: Path, tmp_path: Path) -> None:
    firmware = Tree.new()
    firmware.root.set_u32("#address-cells", 2)
    firmware.root.set_u32("#size-cells", 2)
    firmware.root.add("chosen").set_string("bootargs", "from the firmware")
    (tmp_path / "firmware.dtb").write_bytes(firmware.to_dtb())
    tool("fdtoverlay", "-i", tmp_path / "firmware.dtb", "-o", tmp_path / "merged.dtb", overlay)
    merged = Tree.parse((tmp_path / "merged.dtb").read_bytes(), "merged")
    assert merged.node("/chosen").string("bootargs") == "from the firmware"
    assert merged.node("/chosen").string("xen,xen-bootargs") == "loud"
    assert merged.node("/chosen/dom0").string("compatible") == "xen,domain"
    assert len(merged.node("/chosen/dom0").children) == 3


def test_fdtget_reads_the_modules(overlay: Path, image: Path) -> None:
    path = "/fragment@0/__overlay__/dom0"
    assert tool("fdtget", "-t", "x", overlay, path, "memory").split() == ["0", "10000"]
    (kernel, *_) = tool("fdtget", "-l", overlay, path).split()
    _, offset, _, size = (
        int(cell, 16) for cell in tool("fdtget", "-t", "x", overlay, f"{path}/{kernel}", "reg").split()
    )
    assert kernel == f"module@{offset:x}"
    start = abi.IMAGE_FILE_OFFSET + offset
    assert image.read_bytes()[start : start + size] == (image.parent / "kernel.elf").read_bytes()
