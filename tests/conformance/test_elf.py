# SPDX-License-Identifier: BSD-2-Clause
"""readelf and our reader agree on what compilers and linkers really make."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from loader import elf
from loader.elf import ElfFacts, physical_entry, read_elf, require_ppc64
from loader.errors import ElfError

COMPILER = "powerpc64-linux-gnu-gcc"
READELF = "powerpc64-linux-gnu-readelf"

SOURCE = """
int counter = 1, cleared[1000];
__attribute__((section(".text.start"))) void _start(void) { for (;;) counter += cleared[counter]++; }
"""
VIRTUAL_BASE = 0xC000_0000_0000_0000
LOAD_BASE = 0x40_0000
SCRIPT = f"""
ENTRY(_start)
PHDRS {{ text PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }}
SECTIONS {{
    . = {VIRTUAL_BASE:#x};
    .text : AT({LOAD_BASE:#x}) {{ *(.text.start) *(.text*) }} :text
    . = ALIGN(0x10000);
    .data : {{ *(.opd) *(.data*) *(.got*) *(.toc*) }} :data
    .bss : {{ *(.bss*) *(COMMON) }} :data
    /DISCARD/ : {{ *(.note*) *(.comment) *(.eh_frame*) *(.gnu.attributes) }}
}}
"""
PLAIN = ("-static", "-Wl,-Ttext=0x100000")
BUILDS = {
    "big-endian ELFv1": ("-mbig-endian", "-mabi=elfv1", *PLAIN),
    "big-endian ELFv2": ("-mbig-endian", "-mabi=elfv2", *PLAIN),
    "little-endian": ("-mlittle-endian", "-mabi=elfv2", *PLAIN),
    "position independent": ("-mbig-endian", "-fpie", "-static-pie"),
    "32 bits": ("-m32", *PLAIN),
}
TYPES = {"REL": 1, "EXEC": 2, "DYN": 3, "CORE": 4}
MACHINES = {"PowerPC": 20, "PowerPC64": 21, "Advanced Micro Devices X86-64": 62, "AArch64": 183}


class Load(NamedTuple):
    """A LOAD line of readelf."""

    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    flags: int
    align: int


def build(folder: Path, *options: str, script: str | None = None, suffix: str = "elf") -> Path:
    source, target = folder / "source.c", folder / f"program.{suffix}"
    source.write_text(SOURCE)
    if script is not None:
        (folder / "script.ld").write_text(script)
        options = (*options, f"-Wl,-T,{folder / 'script.ld'}")
    command = [COMPILER, "-ffreestanding", "-nostdlib", "-O1", *options, "-o", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def readelf(path: Path) -> tuple[dict[str, str], list[Load]]:
    """readelf's header lines by name, and its LOAD segments sorted by physical address."""
    text = subprocess.run([READELF, "-hlW", path], check=True, capture_output=True, text=True).stdout
    header = dict(re.findall(r"^  ([A-Z][^:\n]+):\s+(.*?)\s*$", text, re.MULTILINE))
    number = r"\s+0x([0-9a-f]+)"
    lines = re.findall(rf"^  LOAD{number * 5} ([R ])([W ])([E ]){number}$", text, re.MULTILINE)
    loads = [
        Load._make(
            [
                *(int(number, 16) for number in numbers),
                elf.PF_R * (read == "R") + elf.PF_W * (write == "W") + elf.PF_X * (execute == "E"),
                int(align, 16),
            ],
        )
        for *numbers, read, write, execute, align in lines
    ]
    return header, sorted(loads, key=lambda load: load.paddr)


def check_agreement(path: Path) -> ElfFacts:
    facts = read_elf(path)
    header, loads = readelf(path)
    assert loads
    assert [
        Load(s.offset, s.vaddr, s.paddr, s.file_size, s.memory_size, s.flags, s.align) for s in facts.segments
    ] == loads
    assert header["Class"] == f"ELF{facts.bits}"
    assert ("little endian" in header["Data"]) == facts.little_endian
    assert TYPES[header["Type"].split()[0]] == facts.type
    assert MACHINES[header["Machine"]] == facts.machine
    assert int(header["Entry point address"], 16) == facts.entry
    assert int(header["Flags"].split(",")[0], 16) == facts.flags
    assert path.stat().st_size == facts.size
    return facts


@pytest.mark.parametrize("options", BUILDS.values(), ids=BUILDS)
def test_build(tmp_path: Path, options: tuple[str, ...]) -> None:
    facts = check_agreement(build(tmp_path, *options))
    if facts.bits == 64:
        require_ppc64(facts)
    else:
        with pytest.raises(ElfError):
            require_ppc64(facts)


@pytest.mark.parametrize(
    ("options", "descriptor"),
    [(("-mbig-endian", "-mabi=elfv1"), True), (("-mlittle-endian", "-mabi=elfv2"), False)],
    ids=["ELFv1", "ELFv2"],
)
def test_physical_entry(tmp_path: Path, options: tuple[str, ...], descriptor: bool) -> None:
    facts = check_agreement(build(tmp_path, "-static", *options, script=SCRIPT))
    code, data = facts.segments
    assert (code.vaddr, code.paddr, code.flags) == (VIRTUAL_BASE, LOAD_BASE, elf.PF_R | elf.PF_X)
    assert (facts.entry >= data.vaddr) == descriptor
    assert physical_entry(facts) == LOAD_BASE


def test_object_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ElfError, match="no program headers"):
        read_elf(build(tmp_path, "-c", suffix="o"))


def test_stock_kernel(debian_kernel: Path) -> None:
    facts = check_agreement(debian_kernel)
    require_ppc64(facts)
    assert facts.little_endian
    assert physical_entry(facts) == 0


def test_programs_of_this_machine() -> None:
    check_agreement(Path(sys.executable).resolve())
    check_agreement(Path("/bin/sh").resolve())
