# SPDX-License-Identifier: BSD-2-Clause
"""Every rule for ELF files, each with the smallest file that breaks it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from loader import elf
from loader.elf import Segment, physical_entry, read_elf, real_address, require_ppc64
from loader.errors import ElfError, SourceError
from loader.subject import read_subject
from tests.elfmaker import ElfFile, Phdr
from tests.memory import bytes_taken

KERNEL = 0xC000_0000_0000_0000


def put(tmp_path: Path, file: ElfFile | bytes) -> Path:
    path = tmp_path / "kernel"
    path.write_bytes(file.pack() if isinstance(file, ElfFile) else file)
    return path


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("little_endian", [False, True])
def test_facts(tmp_path: Path, bits: int, little_endian: bool) -> None:
    path = put(
        tmp_path,
        ElfFile(
            [
                Phdr(type=4, offset=0, memsz=8),
                Phdr(offset=0x1100, vaddr=0x8100, paddr=0x9100, filesz=0x10, memsz=0x200, flags=6, align=0x100),
                Phdr(vaddr=0x4000, paddr=0x2000),
                Phdr(vaddr=0, paddr=0, filesz=0, memsz=0),
            ],
            bits,
            little_endian,
            machine=20,
            type=3,
            flags=2,
            entry=0x4008,
        ),
    )
    facts = read_elf(path)
    assert (facts.path, facts.bits, facts.little_endian, facts.size) == (path, bits, little_endian, 0x2000)
    assert (facts.machine, facts.type, facts.flags, facts.entry) == (20, 3, 2, 0x4008)
    assert facts.segments == (
        Segment(0x1000, 0x4000, 0x2000, 0x100, 0x100, 5, 0x1000),
        Segment(0x1100, 0x8100, 0x9100, 0x10, 0x200, 6, 0x100),
    )


def test_unnamed_numbers_stay_numbers(tmp_path: Path) -> None:
    facts = read_elf(put(tmp_path, ElfFile(machine=0xFEDC, type=0x1234)))
    assert (facts.machine, facts.type) == (0xFEDC, 0x1234)


HEADER_FAULTS = {
    "empty": (b"", "not an ELF file"),
    "text": (b"#!/bin/sh\n" * 100, "not an ELF file"),
    "magic only": (b"\x7fELF", "malformed ELF file"),
    "short header": (ElfFile(size=63).pack(), "malformed ELF file"),
    "class": (ElfFile(ei_class=3).pack(), "malformed ELF file: Invalid EI_CLASS"),
    "byte order": (ElfFile(ei_data=0).pack(), "malformed ELF file: Invalid EI_DATA"),
    "version in e_ident": (ElfFile(ident_version=0).pack(), "ELF version EV_NONE is not supported"),
    "version": (ElfFile(version=2).pack(), "ELF version 2 is not supported"),
    "e_ehsize": (ElfFile(ehsize=52).pack(), "e_ehsize is 52, not 64"),
    "no program headers": (ElfFile([]).pack(), "no program headers"),
    "program headers in section 0": (ElfFile(phnum=0xFFFF).pack(), "PN_XNUM"),
    "too many program headers": (ElfFile(phnum=513).pack(), "513 program headers are more than the limit of 512"),
    "e_phentsize": (ElfFile(phentsize=32).pack(), "e_phentsize is 32, not 56"),
    "program headers over header": (ElfFile(phoff=63).pack(), "overlap the file header"),
    "program headers outside": (ElfFile(phoff=0x1FC9).pack(), "the program headers end at offset 0x2001"),
    "program headers far outside": (ElfFile(phoff=(1 << 64) - 1).pack(), "the program headers end at offset"),
    "truncated in program headers": (ElfFile(size=119).pack(), "the file at 0x77"),
}

SEGMENT_FAULTS = {
    "larger in file": (Phdr(filesz=0x101), "p_filesz 0x101 is above p_memsz 0x100"),
    "in file but not in memory": (Phdr(memsz=0), "p_filesz 0x100 is above p_memsz 0x0"),
    "past the end": (Phdr(offset=0x1F01, vaddr=0x1F01), "the segment ends at offset 0x2001, the file at 0x2000"),
    "offset past the end": (Phdr(offset=1 << 63), "the segment ends at offset"),
    "offset wraps": (Phdr(offset=(1 << 64) - 0x1000, vaddr=0), "the segment ends at offset"),
    "absurd": (Phdr(memsz=elf.MAX_MEMORY + 1), "the limit is 0x1000000000"),
    "virtual wrap": (Phdr(vaddr=(1 << 64) - 0x1000, memsz=0x1001), "virtual address 0xfffffffffffff000 wraps"),
    "physical wrap": (Phdr(paddr=(1 << 64) - 0x1000, memsz=0x1001), "physical address 0xfffffffffffff000 wraps"),
    "real-mode wrap": (Phdr(paddr=(1 << 60) - 0x80), "wraps around in real mode"),
    "alignment": (Phdr(align=0x1800), "p_align 0x1800 is not a power of two"),
    "congruence": (Phdr(vaddr=0x1001), "p_vaddr 0x1001 and p_offset 0x1000 differ modulo p_align 0x1000"),
}


def refuse(path: Path, complaint: str) -> ElfError:
    with pytest.raises(ElfError) as caught:
        read_elf(path)
    assert complaint in caught.value.what
    assert caught.value.where.startswith(str(path))
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(("data", "complaint"), HEADER_FAULTS.values(), ids=HEADER_FAULTS)
def test_header_fault(tmp_path: Path, data: bytes, complaint: str) -> None:
    refuse(put(tmp_path, data), complaint)


@pytest.mark.parametrize(("phdr", "complaint"), SEGMENT_FAULTS.values(), ids=SEGMENT_FAULTS)
def test_segment_fault(tmp_path: Path, phdr: Phdr, complaint: str) -> None:
    path = put(tmp_path, ElfFile([Phdr(type=6), phdr]))
    assert refuse(path, complaint).where == f"{path}, program header 1"


def test_wrap_in_32_bits(tmp_path: Path) -> None:
    refuse(put(tmp_path, ElfFile([Phdr(vaddr=0xFFFF_F000, memsz=0x1001)], bits=32)), "wraps around")
    read_elf(put(tmp_path, ElfFile([Phdr(vaddr=0xFFFF_F000, memsz=0x1000)], bits=32, entry=0xFFFF_FFFF)))


LIMITS = {
    "program headers": ElfFile([Phdr(), *[Phdr(type=6)] * 511], size=0x8000),
    "program headers at the end": ElfFile([Phdr()], phoff=0x2000 - 56, content={0x2000 - 56: Phdr().pack(64, ">")}),
    "segment at the end": ElfFile([Phdr(offset=0x1F00, vaddr=0x1F00)], entry=0x1F00),
    "memory": ElfFile([Phdr(memsz=elf.MAX_MEMORY)]),
    "one byte": ElfFile([Phdr(filesz=0, memsz=1)]),
    "virtual end": ElfFile([Phdr(vaddr=(1 << 64) - 0x1000, memsz=0x1000)], entry=(1 << 64) - 1),
    "real-mode end": ElfFile([Phdr(paddr=(1 << 60) - 0x100)]),
    "no alignment": ElfFile([Phdr(vaddr=0xFFF, align=0)]),
    "alignment 1": ElfFile([Phdr(vaddr=0xFFF, align=1)]),
    "alignment 2": ElfFile([Phdr(vaddr=0xFFE, align=2)]),
    "entry in the last byte": ElfFile(entry=0x10FF),
}


@pytest.mark.parametrize("file", LIMITS.values(), ids=LIMITS)
def test_limits_themselves_are_fine(tmp_path: Path, file: ElfFile) -> None:
    assert len(read_elf(put(tmp_path, file)).segments) == 1


def test_nothing_to_load(tmp_path: Path) -> None:
    refuse(put(tmp_path, ElfFile([Phdr(type=4)])), "no PT_LOAD segment takes memory")
    refuse(put(tmp_path, ElfFile([Phdr(filesz=0, memsz=0)])), "no PT_LOAD segment takes memory")


def test_total_memory(tmp_path: Path) -> None:
    half = elf.MAX_MEMORY // 2
    low = Phdr(memsz=half)
    high = Phdr(vaddr=2 * half, paddr=2 * half, offset=0x1000, memsz=half)
    read_elf(put(tmp_path, ElfFile([low, high])))
    refuse(put(tmp_path, ElfFile([low, replace(high, memsz=half + 1)])), "the segments take 0x1000000001 bytes")


def test_overlaps(tmp_path: Path) -> None:
    first = Phdr(memsz=0x1000)
    refuse(put(tmp_path, ElfFile([Phdr(vaddr=0x5000, paddr=0x1FFF), first])), "physical addresses 0x1000 and 0x1fff")
    refuse(put(tmp_path, ElfFile([Phdr(vaddr=0x1000, paddr=0x5000), first])), "virtual addresses 0x1000 and 0x1000")
    read_elf(put(tmp_path, ElfFile([Phdr(vaddr=0x2000, paddr=0x2000), first])))


def test_orders_may_differ(tmp_path: Path) -> None:
    low, high = Phdr(vaddr=0x2000, paddr=0x1000), Phdr(vaddr=0x1000, paddr=0x2000)
    facts = read_elf(put(tmp_path, ElfFile([high, low])))
    assert [segment.paddr for segment in facts.segments] == [0x1000, 0x2000]


def test_overlap_that_only_real_mode_sees(tmp_path: Path) -> None:
    file = ElfFile([Phdr(paddr=KERNEL + 0x1000), Phdr(vaddr=0x5000, paddr=0x1080)])
    refuse(put(tmp_path, file), "physical addresses 0x1000 and 0x1080 overlap")


def test_contained_segment_overlaps(tmp_path: Path) -> None:
    large, small, last = Phdr(memsz=0x8000), Phdr(vaddr=0x2000, paddr=0x2000), Phdr(vaddr=0x20000, paddr=0x20000)
    refuse(put(tmp_path, ElfFile([large, small, last])), "physical addresses 0x1000 and 0x2000")


def test_segment_without_file_bytes_needs_no_place_in_the_file(tmp_path: Path) -> None:
    bss = Phdr(offset=0x123456, vaddr=0x4000, paddr=0x4000, filesz=0)
    assert len(read_elf(put(tmp_path, ElfFile([Phdr(), bss]))).segments) == 2


@pytest.mark.parametrize("entry", [0xFFF, 0x1100, 0, (1 << 64) - 1])
def test_entry_outside(tmp_path: Path, entry: int) -> None:
    refuse(put(tmp_path, ElfFile(entry=entry)), f"the entry point, {entry:#x}, lies in no segment")


def test_not_a_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SourceError, match=str(path)):
            read_elf(path)


@pytest.mark.parametrize(
    ("start", "name"),
    [(gzip.compress(b"x"), "gzip"), (lzma.compress(b"x"), "xz"), (bz2.compress(b"x"), "bzip2")],
    ids=["gzip", "xz", "bzip2"],
)
def test_compressed_by_others(tmp_path: Path, start: bytes, name: str) -> None:
    """Distributions ship kernels like that."""
    path = tmp_path / "vmlinux"
    path.write_bytes(start)
    complaint = f"vmlinux: not an ELF file but one that {name} compressed; give what is inside"
    with pytest.raises(ElfError, match=complaint):
        read_elf(path)
    with pytest.raises(ElfError, match=complaint):
        read_subject(path)


def test_require_ppc64(tmp_path: Path) -> None:
    for little_endian in (False, True):
        for elf_type in (2, 3):
            require_ppc64(read_elf(put(tmp_path, ElfFile(little_endian=little_endian, type=elf_type))))
    for file, complaint in (
        (ElfFile(bits=32, machine=20), "an ELF32 file for machine 20, not an ELF64 file"),
        (ElfFile(bits=32), "an ELF32 file for machine 21"),
        (ElfFile(machine=62), "an ELF64 file for machine 62"),
        (ElfFile(type=1), "ELF type 1 is not executable"),
        (ElfFile(type=4), "ELF type 4 is not executable"),
    ):
        with pytest.raises(ElfError, match=complaint):
            require_ppc64(read_elf(put(tmp_path, file)))


def test_real_address() -> None:
    assert real_address(KERNEL + 0x1235) == 0x1235
    assert real_address(0xFFF_FFFF_FFFF_FFFF) == 0xFFF_FFFF_FFFF_FFFF


@pytest.mark.parametrize(
    ("vaddr", "paddr", "expected"),
    [(0x1000, 0x1000, 0x1010), (KERNEL, 0x4000, 0x4010), (KERNEL, KERNEL, 0x10), (0, 0x10_0000, 0x10_0010)],
)
def test_physical_entry(tmp_path: Path, vaddr: int, paddr: int, expected: int) -> None:
    file = ElfFile([Phdr(vaddr=vaddr, paddr=paddr)], entry=vaddr + 0x10)
    assert physical_entry(read_elf(put(tmp_path, file))) == expected


@pytest.mark.parametrize(("little_endian", "order"), [(False, "big"), (True, "little")])
def test_function_descriptor(tmp_path: Path, little_endian: bool, order: Literal["little", "big"]) -> None:
    code = Phdr(vaddr=KERNEL, paddr=0, offset=0x1000)
    data = Phdr(vaddr=KERNEL + 0x10000, paddr=0x10000, offset=0x1800, flags=6, align=8)
    target = (KERNEL + 0x40).to_bytes(8, order)
    for place in (0, 8, 0xF8):
        content = {0x1800 + place: target}
        file = ElfFile([code, data], little_endian=little_endian, entry=KERNEL + 0x10000 + place, content=content)
        assert physical_entry(read_elf(put(tmp_path, file))) == 0x40


def test_only_powerpc_has_function_descriptors(tmp_path: Path) -> None:
    assert physical_entry(read_elf(put(tmp_path, ElfFile([Phdr(flags=6)], machine=62)))) == 0x1000


def test_bad_function_descriptor(tmp_path: Path) -> None:
    data = Phdr(flags=6)
    for file, complaint in (
        (ElfFile([data]), "function descriptor, 0x0, lies in no segment"),
        (ElfFile([data], content={0x1000: (0x1010).to_bytes(8, "big")}), "points to 0x1010, not to code"),
        (ElfFile([data], entry=0x10F9), "function descriptor at the entry point 0x10f9 is not in"),
    ):
        facts = read_elf(put(tmp_path, file))
        with pytest.raises(ElfError, match=complaint):
            physical_entry(facts)


def test_file_that_shrinks_before_its_descriptor_is_read(tmp_path: Path) -> None:
    path = put(tmp_path, ElfFile([Phdr(flags=6)]))
    facts = read_elf(path)
    path.write_bytes(b"")
    with pytest.raises(ElfError, match="became shorter"):
        physical_entry(facts)


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "kernel"
    size = 256 << 20
    path.write_bytes(ElfFile([Phdr(filesz=size, memsz=size)]).pack())
    with path.open("r+b") as file:
        file.truncate(size + 0x1000)
    read_elf(path)  # the library's import is not what is measured
    assert bytes_taken(lambda: read_elf(path)) < 1 << 20
