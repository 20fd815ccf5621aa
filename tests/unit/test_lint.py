# SPDX-License-Identifier: BSD-2-Clause
"""Every rule of `mkimage lint` on a sound image and on one that breaks just that rule; other people's files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from loader import lintlimits, lintrules
from loader.elfpreface import elf_preface
from loader.errors import ElfError
from loader.lint import RULES, Verdict, finding_lines, lint, place_verdicts, render_report
from loader.lintmodel import Rule, Severity
from loader.manifest import load_recipe
from loader.plan import plan_image
from loader.profiles import PROFILES
from loader.subject import read_subject
from loader.units import MIB
from tests.elfmaker import ElfFile, Phdr
from tests.lintcases import (
    BREACHES,
    FILE_SIZE,
    LINK_BASE,
    LOAD_BASE,
    MACHINE,
    SEGMENT,
    SLOT,
    TYPE,
    as_elf64,
    broken,
    build,
    changed,
    grow,
    judge,
    make_broken,
    put,
    second_segment,
    section,
)
from tests.support import Load, make_elf


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A sound image."""
    return build(tmp_path)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_breaks_alone(name: str, tmp_path: Path) -> None:
    breach = BREACHES[name]
    report = judge(make_broken(breach, tmp_path), breach.profile, memory=breach.memory)
    assert broken(report) == {name} | breach.others
    found = next(found for found in report.findings if found.rule.id == name)
    assert breach.message in found.message
    assert found.severity is breach.severity
    assert report.passes() == (breach.severity is not Severity.ERROR)
    assert not report.passes(strict=True)


def test_a_sound_image_keeps_every_rule(image: Path) -> None:
    """One file for every firmware; ePAPR would rather have it movable, and kexec wants the ELF64 twin."""
    report = judge(image, *PROFILES)
    assert {(found.rule.id, found.profile) for found in report.findings} == {("R1", "kexec"), ("EPAPR-FIXED", "epapr")}


def test_every_rule_says_why_and_who_says_so() -> None:
    defined = [
        thing for module in (lintrules, lintlimits) for thing in vars(module).values() if isinstance(thing, Rule)
    ]
    assert len(RULES) == len(defined)  # none forgotten in the tuples, no id used twice
    for name, rule in RULES.items():
        assert name == rule.id
        assert rule.reason.endswith(".")
        assert len(rule.reason) > 20
        assert len(rule.source) > 6
        assert rule.profiles
        assert set(rule.profiles) <= set(PROFILES)
        assert any(rule.applies(PROFILES[one], route) for one in rule.profiles for route in PROFILES[one].routes)


def test_eleven_universal_rules() -> None:
    assert [name for name in RULES if name[0] == "R" and name[1].isdigit()] == [f"R{n}" for n in range(1, 12)]


# --- the milder and the other side of single rules --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "value", "profile", "found"),
    [
        (TYPE + 1, 3, "js20", "ELF32 big-endian ET_DYN EM_PPC"),
        (TYPE + 1, 1, "powernv8", "ELF32 big-endian ET_REL EM_PPC"),
        (MACHINE + 1, 62, "slof", "ELF32 big-endian ET_EXEC machine 62"),
    ],
)
def test_r1_each_field_counts(offset: int, value: int, profile: str, found: str, image: Path) -> None:
    changed(image, lambda data: data.__setitem__(offset, value))
    assert {finding.rule.id for finding in judge(image, profile).findings} == {"R1"}
    assert f"the file is {found}, wanted is " in judge(image, profile).findings[0].message


@pytest.mark.parametrize(("bits", "little_endian"), [(64, False), (32, True)])
def test_r1_class_and_byte_order(bits: int, little_endian: bool, tmp_path: Path) -> None:
    """OpenBIOS enters 32-bit big-endian code; skiboot and SLOF take all four kinds."""
    path = tmp_path / "file"
    phdr = Phdr(vaddr=LINK_BASE, paddr=LINK_BASE)
    code = {0x1000: bytes.fromhex("429f0005")}
    file = ElfFile([phdr], bits, little_endian, machine=20, entry=LINK_BASE, size=0x1100, content=code)
    path.write_bytes(file.pack())
    assert broken(judge(path, "mac99")) == {"R1"}
    assert "R1" not in broken(judge(path, "slof", "powernv8"))


def test_r2_counts_from_the_lowest_segment(tmp_path: Path) -> None:
    path = tmp_path / "file"
    loads = (Load(LINK_BASE + 0x8000, bytes(16)), Load(LINK_BASE, bytes.fromhex("429f0005") * 4))
    path.write_bytes(make_elf(*loads, entry=LINK_BASE))
    assert "R2" not in broken(judge(path, "kexec", "slof"))
    path.write_bytes(make_elf(*loads, entry=LINK_BASE + 0x8000))
    assert {found.profile for found in judge(path, "kexec", "slof").findings if found.rule.id == "R2"} == {
        "kexec",
        "slof",
    }


def test_r4_garbage_that_is_no_segment_is_a_warning(image: Path) -> None:
    report = judge(changed(image, lambda data: put(data, SLOT, 4)), "slof")
    assert [(found.rule.id, found.severity) for found in report.findings] == [("R4", Severity.WARNING)]
    assert "the 32 bytes behind the program headers" in report.findings[0].message


def test_r6_an_interpreter_is_an_error(image: Path) -> None:
    report = judge(changed(image, lambda data: second_segment(data, 3, 0, 0, 0, 0, 0, 0, 0)), "powernv8")
    assert finding_lines(report.findings, explained=False) == [
        "error: R6: the file asks for an interpreter (PT_INTERP) [powernv8 by -kernel]"
    ]


def test_r6_code_that_runs_where_it_is_linked_need_not_ask(tmp_path: Path) -> None:
    image = make_broken(BREACHES["R6"], tmp_path)
    assert broken(judge(image, "js20", "js21")) == set()


@pytest.mark.parametrize(
    ("bits", "kind", "profile", "asked"),
    [(32, 2, "epapr", False), (32, 3, "epapr", True), (64, 2, "kexec", True), (64, 3, "kexec", True)],
)
def test_r6_where_the_loader_chooses(bits: int, kind: int, profile: str, asked: bool, tmp_path: Path) -> None:
    """ePAPR loads ET_EXEC to its address, kexec moves everything."""
    path = tmp_path / "file"
    phdr = Phdr(vaddr=LINK_BASE, paddr=LINK_BASE)
    machine = 20 if bits == 32 else 21
    path.write_bytes(ElfFile([phdr], bits, machine=machine, type=kind, entry=LINK_BASE, size=0x1100).pack())
    assert ("R6" in broken(judge(path, profile))) == asked


def test_r7_segments_that_do_not_lie_as_linked(image: Path) -> None:
    report = judge(
        changed(image, lambda data: second_segment(data, 1, 0x2000, 0x1100_0000, 0x1100_0000, 16, 16, 7, 4)), "powernv8"
    )
    assert [found.message for found in report.findings] == [
        "run in place, segment 1 lies 0xfff000 bytes from where it is linked"
    ]


def test_r7_a_copy_that_destroys_the_next_segment(image: Path) -> None:
    def overlap(data: bytearray) -> None:
        put(data, SEGMENT, 1, 0x1000, 0x8000, 0x8000, 0x1000, 0x1000)
        second_segment(data, 1, 0x1000, LINK_BASE, LINK_BASE, 0x10000, 0x10000, 7, 4)

    report = judge(changed(image, overlap), "slof")
    assert "segment 0, copied to 0x8000, destroys segment 1 in the buffer at 0x5000" in {
        found.message for found in report.findings if found.rule.id == "R7"
    }


def test_r7_copies_that_just_touch(tmp_path: Path) -> None:
    """The first segment's memory ends where the second's bytes begin in the buffer, or the other way around."""
    path = tmp_path / "file"
    for address, size, whole in (
        (0x4000, 0x2000, True),
        (0x4000, 0x2001, False),
        (0x6100, 16, True),
        (0x60FF, 1, False),
    ):
        first = Phdr(offset=0x100, vaddr=address, paddr=address, filesz=1, memsz=size)
        second = Phdr(offset=0x2000, vaddr=LINK_BASE, paddr=LINK_BASE)
        path.write_bytes(ElfFile([first, second], 32, machine=20, entry=LINK_BASE, size=0x2100).pack())
        assert ("R7" not in broken(judge(path, "slof"))) == whole


def test_r8_to_the_byte(image: Path) -> None:
    size = image.stat().st_size - LOAD_BASE
    changed(image, lambda data: put(data, FILE_SIZE, size - 1, size - 1))
    (found,) = judge(image, "mac99").findings
    assert found.message == f"the segment carries {size - 1} bytes of the image's {size}"


def test_r8_sections_are_not_forgotten_data(image: Path) -> None:
    """Symbols and debugging data lie behind the segments and are not needed."""
    symbols = section(0, 0x100, 0)[:24] + struct.pack(">QQ", image.stat().st_size, 0x100) + section(0, 0, 0)[40:]
    changed(image, lambda data: as_elf64(data, sections=symbols))
    changed(image, lambda data: data.__setitem__(slice(LOAD_BASE + 8, LOAD_BASE + 16), bytes(8)))  # not ours any more
    with image.open("ab") as file:
        file.write(bytes(0x100))
    assert "R8" not in broken(judge(image, "kexec"))
    with image.open("ab") as file:
        file.write(b"x")
    assert "1 bytes at the file's end" in " ".join(found.message for found in judge(image, "kexec").findings)


def test_r9_exactly_128_mib_pass(image: Path) -> None:
    grow(128 * MIB)(image)
    assert broken(judge(image, "powernv8", "powernv9", "powernv10")) == set()


def test_r10_an_executable_section_or_a_descriptor_will_do(image: Path) -> None:
    code = section(LINK_BASE, 0x10000, 4)
    data = section(0, 8, 0)
    assert broken(judge(changed(image, lambda d: as_elf64(d, sections=data + code)), "powernv8", "kexec")) == set()
    assert broken(
        judge(changed(image, lambda d: as_elf64(d, sections=code[:8] + bytes(8) + code[16:])), "powernv8")
    ) == {"R10"}
    before = section(LINK_BASE - 8, 8, 4)
    assert broken(judge(changed(image, lambda d: as_elf64(d, sections=before)), "powernv8")) == {"R10"}
    target = struct.pack(">Q", LINK_BASE + 0x28)

    def describe(data: bytearray) -> None:
        as_elf64(data)
        data[LOAD_BASE : LOAD_BASE + 8] = target

    assert "R10" not in broken(judge(changed(image, describe), "powernv8", "slof"))


def test_r11_is_a_note_for_other_peoples_files(tmp_path: Path) -> None:
    path = tmp_path / "foreign.elf"
    path.write_bytes(make_elf(Load(LINK_BASE, bytes.fromhex("429f000539a00001"))))
    report = judge(path, "slof")
    notes = [found.rule.id for found in report.findings if found.severity is Severity.NOTE]
    assert notes == ["R11", "R11"]  # by -kernel and from the network
    path.write_bytes(make_elf(Load(LINK_BASE, bytes.fromhex("429f000539a00010"))))
    assert "R11" not in broken(judge(path, "slof"))


def test_tftp_names_both_block_sizes(image: Path) -> None:
    grow(90 * MIB)(image)
    (found,) = judge(image, "js21").findings
    assert found.message.endswith("33553919 with blocks of 512, 93583979 with blocks of 1428")


def test_slof_load_area_depends_on_memory(image: Path) -> None:
    """64 MiB of memory leave the buffer 27 MiB below SLOF, 512 MiB more than enough."""
    grow(28 * MIB)(image)
    assert "SLOF-LOADAREA" not in broken(judge(image, "slof"))
    report = judge(image, "slof", memory=64 * MIB)
    messages = [found.message for found in report.findings if found.rule.id == "SLOF-LOADAREA"]
    assert messages == ["the file has 29360128 bytes, the load area 28229632 with 64 MiB of memory"]


def test_a_hypervisor_larger_than_memory(tmp_path: Path) -> None:
    image = build(tmp_path, "hypervisor.path=high.elf", "image.targets=['epapr']")
    report = judge(image, "slof")
    assert {found.message for found in report.findings} == {
        "hypervisor segment 0 [0x31000000, 0x31000001) reaches past the 512 MiB of memory"
    }


# --- files that are not ours ------------------------------------------------------------------------------------------


def test_a_linux_kernel_boots_in_place_but_not_from_slofs_network(tmp_path: Path) -> None:
    """As Debian's: ELF64, little-endian, linked high, with a bss, loaded at 0."""
    path = tmp_path / "vmlinux"
    virtual = 0xC000_0000_0000_0000
    code = bytes.fromhex("0500 9f42").ljust(0x2000, b"\x01")
    path.write_bytes(make_elf(Load(0, code, memory_size=0x3000, virtual=virtual), entry=virtual, little_endian=True))
    report = judge(path, "powernv8", "slof", "kexec", "mac99", "js21", "epapr")
    assert place_verdicts(report) == {
        "powernv8 by -kernel": Verdict.WARNED,
        "slof by -kernel": Verdict.PASSES,
        "slof by boot net": Verdict.FAILS,
        "kexec by kexec_file_load": Verdict.PASSES,
        "mac99 by -kernel": Verdict.FAILS,
        "js21 by boot net": Verdict.FAILS,
        "epapr by client image": Verdict.FAILS,
    }
    assert {found.rule.id for found in report.findings if found.profile == "slof"} == {"R3", "SLOF-CLAIM"}


def test_data_behind_the_segments_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "appended.elf"
    path.write_bytes(make_elf(Load(0, b"\x42\x9f\x00\x05")) + b"appended")
    report = judge(path, "kexec")
    assert finding_lines(report.findings, explained=False) == [
        "warning: R8: 4100 bytes at the file's end are in no segment [kexec by kexec_file_load]"
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not an ELF file"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF\x03\x02\x01" + bytes(60), "unknown class or byte order"),
        (b"\x7fELF\x01\x02\x01" + bytes(20), "the ELF header is cut off"),
        (elf_preface(0x1000)[:60], "the program headers are cut off"),
        (elf_preface(0x1000)[:42] + bytes(4) + elf_preface(0x1000)[46:], "no program headers"),
        (elf_preface(0x1000)[:42] + b"\0\x10\0\x01" + elf_preface(0x1000)[46:], "program headers of 16 bytes"),
        (elf_preface(0x1000)[:44] + b"\xff\xff" + elf_preface(0x1000)[46:], "65535 program headers are more than"),
    ],
)
def test_files_without_a_head(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ElfError, match=complaint) as caught:
        read_subject(path)
    assert str(caught.value).startswith(str(path))


# --- a plan and its file are judged alike -----------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_a_plan_looks_like_the_file_it_becomes(compression: str, tmp_path: Path) -> None:
    settings = ["image.targets=['slof', 'powernv8']", f"image.compression={compression}"]
    image = build(tmp_path, *settings)
    planned = plan_image(load_recipe(tmp_path / "recipe.toml", settings), tmp_path).subject
    written = read_subject(image)
    assert (planned.size, planned.elf, planned.contents) == (written.size, written.elf, written.contents)
    assert written.code.startswith(planned.code)
    assert lint(planned).profiles == lint(written).profiles == ("slof", "powernv8")


def test_notes_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "foreign.elf"
    path.write_bytes(make_elf(Load(0x1000_0000, bytes.fromhex("429f0005") * 4), machine=20))
    report = judge(path, "slof")
    assert report.count(Severity.NOTE) == 1
    assert "note: R11" in render_report(report, as_json=False)
