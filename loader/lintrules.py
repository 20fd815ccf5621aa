# SPDX-License-Identifier: BSD-2-Clause
"""The rules that make one file boot under every firmware: R1 to R11, and that it is a whole file at all.

Each was read in a firmware's source or seen in the emulator; tests/conformance/test_lint.py shows that R2, R4, R9 and
R10 are true.  A check yields one message per breach, with the number found and the limit in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from loader.elfhead import ET_NAMES, PT_INTERP, ElfHead, ProgramHeader
from loader.lintmodel import POWERNV, SLOF, Breach, Case, Severity, bad_descriptor, rule, too_large
from loader.memorymap import TRANSLATION_MASK, segment_address
from loader.profiles import DYN, Format, Placement

BRANCH_TO_NEXT: Final = bytes.fromhex("429f0005")
"""bcl 20, 31, $+4: puts the address of the next instruction into LR."""
LOAD_R13: Final = bytes.fromhex("39a0")
"""li r13, and a number of 16 bits."""


@rule(
    "TRUNCATED",
    "Bytes that are not in the file cannot be loaded.",
    "System V gABI, chapter 5 (program header)",
)
def segments_in_file(case: Case) -> Iterator[Breach]:
    for number, load in enumerate(case.elf.loads):
        if load.file_end > case.subject.size:
            yield Breach(f"segment {number} ends at file offset {load.file_end:#x}, the file at {case.subject.size:#x}")


@rule(
    "ENTRY",
    "A loader can only enter what it has loaded.",
    "skiboot core/init.c (try_load_elf32, try_load_elf64); System V gABI, chapter 4 (e_entry)",
)
def entry_in_file(case: Case) -> Iterator[Breach]:
    if case.elf.entry_offset() is None:
        yield Breach(f"the entry point {case.elf.entry:#x} is in the file bytes of no PT_LOAD segment")


@rule(
    "R1",
    "A loader refuses files of a class, byte order, type or machine it was not written for.",
    "SLOF lib/libelf/elf.c (elf_check_file); skiboot core/init.c; OpenBIOS libopenbios/elf_load.c (is_elf);"
    " ePAPR 1.1, 7.1.1; Linux kernel/kexec_elf.c (elf_read_ehdr)",
)
def accepted_format(case: Case) -> Iterator[Breach]:
    accepted, elf = case.route.format, case.elf
    if (
        elf.bits not in accepted.bits
        or elf.little_endian not in accepted.little_endian
        or elf.type not in accepted.types
        or elf.machine not in accepted.machines
    ):
        hint = f" ({accepted.hint})" if accepted.hint else ""
        yield Breach(f"the file is {elf.kind}, wanted is {_format_text(accepted)}{hint}")


@rule(
    "R2",
    "QEMU's -kernel and kexec ignore e_entry and start at the lowest address they loaded.",
    "QEMU hw/ppc/spapr.c, hw/ppc/mac_newworld.c; Linux arch/powerpc/purgatory/trampoline_64.S; seen in the emulator:"
    " tests/conformance/test_lint.py",
    profiles=("slof", "mac99", "kexec"),
    placements=(Placement.TRANSLATED, Placement.CHOSEN),
)
def entry_first(case: Case) -> Iterator[Breach]:
    lowest = _lowest(case.elf)
    if lowest is not None and case.elf.entry != lowest.vaddr:
        yield Breach(
            f"the entry point is {case.elf.entry:#x}, the lowest segment's first byte {lowest.vaddr:#x}:"
            " that byte is where it would start"
        )


@rule(
    "R3",
    "SLOF stops with 'VirtAddr != PhysAddr not supported, aborting'.",
    "SLOF lib/libelf/elf32.c, elf64.c (elf_load_segments32, elf_load_segments64)",
    profiles=SLOF,
    placements=(Placement.LINKED,),
)
def same_addresses(case: Case) -> Iterator[Breach]:
    for number, load in enumerate(case.elf.loads):
        if load.paddr != load.vaddr:
            yield Breach(f"segment {number} has the virtual address {load.vaddr:#x}, the physical {load.paddr:#x}")


@rule(
    "R4",
    "SLOF reads one program header more than there are, and loads what looks like a segment there.",
    "SLOF lib/libelf/elf32.c, elf64.c (the loops run to i <= e_phnum); seen in the emulator:"
    " tests/conformance/test_lint.py",
    profiles=SLOF,
    placements=(Placement.LINKED,),
)
def empty_slot(case: Case) -> Iterator[Breach]:
    slot, where = case.elf.slot, f"behind the program headers, at file offset {case.elf.table_end:#x}"
    if case.elf.number(slot[:4]) == 1:
        yield Breach(f"the bytes {where} read 0x{slot[:4].hex()}, a PT_LOAD; {len(slot)} zeros belong there")
    elif any(slot):
        yield Breach(f"the {len(slot)} bytes {where} are not zero", Severity.WARNING)


@rule(
    "R5",
    "QEMU's -kernel adds a base to the physical address modulo 256 MiB, so only a multiple of that lands at the base.",
    "QEMU hw/ppc/spapr.c, hw/ppc/mac_newworld.c (translate_kernel_address)",
    severity=Severity.WARNING,
    placements=(Placement.TRANSLATED,),
)
def link_base(case: Case) -> Iterator[Breach]:
    lowest = _lowest(case.elf)
    if lowest is not None and lowest.paddr & TRANSLATION_MASK:
        yield Breach(
            f"linked at {lowest.paddr:#x}, it lands at {segment_address(lowest, case.route):#x},"
            f" not at {case.route.base:#x}"
        )


@rule(
    "R6",
    "The code runs at another address than it was linked for, and no firmware applies relocations.",
    "loader/profiles.py (the addresses of each route); ePAPR 1.1, 7.1.2 (no relocations); Linux kernel/kexec_elf.c"
    " (PT_INTERP is refused)",
)
def position_independent(case: Case) -> Iterator[Breach]:
    if any(header.type == PT_INTERP for header in case.elf.headers):
        yield Breach("the file asks for an interpreter (PT_INTERP)")
    holder = case.subject.entry_segment
    if holder is None or not _moves(holder, case):
        return
    code = case.subject.code
    if not any(_instructions(code, word) for word in (BRANCH_TO_NEXT, BRANCH_TO_NEXT[::-1])):
        yield Breach(
            f"linked at {holder.vaddr:#x}, it runs at {_run_place(holder, case)}, and no 'bcl 20,31,$+4' in the first"
            f" {len(code)} bytes asks where that is",
            Severity.WARNING,
        )


@rule(
    "R7",
    "One PT_LOAD with all its bytes in the file is the only layout that stays whole both run in place and copied.",
    "skiboot core/init.c (the file runs where it lies, nothing is copied or cleared); SLOF lib/libelf/elf32.c"
    " (load_segment copies in the table's order out of the load buffer)",
    profiles=(*SLOF, *POWERNV),
    placements=(Placement.IN_PLACE, Placement.LINKED),
)
def one_segment(case: Case) -> Iterator[Breach]:
    loads = case.elf.loads
    if case.route.placement is Placement.LINKED:
        yield from _overwritten_sources(case)
        return
    for number, load in enumerate(loads):
        moved = (load.vaddr - load.offset) - (loads[0].vaddr - loads[0].offset)
        if moved:
            yield Breach(f"run in place, segment {number} lies {abs(moved):#x} bytes from where it is linked")
        cleared = load.memory_size - load.file_size
        if cleared:
            yield Breach(f"nobody clears or reserves the {cleared} bytes behind segment {number}", Severity.WARNING)


@rule(
    "R8",
    "Only what is inside a PT_LOAD reaches memory on every way of loading.",
    "SLOF lib/libelf/elf32.c (load_segment); QEMU include/hw/elf_ops.h (load_elf)",
    placements=(Placement.TRANSLATED, Placement.LINKED, Placement.CHOSEN),
)
def everything_loaded(case: Case) -> Iterator[Breach]:
    subject, holder, start = case.subject, case.subject.entry_segment, case.elf.entry_offset()
    if subject.contents is not None and not subject.contents.problem and holder is not None and start is not None:
        if holder.file_end - start < subject.contents.total_size:
            carried = holder.file_end - start
            yield Breach(f"the segment carries {carried} bytes of the image's {subject.contents.total_size}")
        return
    ends = [header.file_end for header in case.elf.headers] + [case.elf.table_end, case.elf.sections_end]
    ends += [section.offset + section.size for section in case.elf.sections if section.in_file]
    if max(ends) < subject.size:
        yield Breach(f"{subject.size - max(ends)} bytes at the file's end are in no segment", Severity.WARNING)


@rule(
    "R9",
    "QEMU's powernv machines refuse a larger -kernel, skiboot keeps no more room for one.",
    "QEMU 7.2 hw/ppc/pnv.c (KERNEL_MAX_SIZE); skiboot include/mem-map.h (KERNEL_LOAD_SIZE); seen in the emulator:"
    " tests/conformance/test_lint.py",
    profiles=POWERNV,
)
def powernv_size(case: Case) -> Iterator[Breach]:
    yield from too_large(case)


@rule(
    "R10",
    "skiboot takes the entry of a big-endian ELF64 for a function descriptor unless an executable section holds it.",
    "skiboot core/init.c (try_load_elf64); Power Architecture 64-bit ELF ABI, 3.2.5",
    profiles=POWERNV,
)
def executable_section(case: Case) -> Iterator[Breach]:
    elf = case.elf
    if elf.bits != 64 or elf.little_endian:
        return
    holder = next((part for part in elf.sections if 0 <= elf.entry - part.address < part.size), None)
    if holder is None or not holder.executable:
        yield from bad_descriptor(case, "no executable section holds the entry point, and there ")


@rule(
    "R11",
    "SLOF returns from a client call in little-endian mode when it finds 1 in the caller's r13.",
    "SLOF slof/entry.S (call_client)",
    severity=Severity.WARNING,
    profiles=SLOF,
)
def r13_set(case: Case) -> Iterator[Breach]:
    code = case.subject.code
    if case.elf.little_endian or any(code[at + 2 : at + 4] != b"\0\1" for at in _instructions(code, LOAD_R13)):
        return
    yield Breach(
        f"no 'li r13,0' in the first {len(code)} bytes: whether r13 can be 1 in a client call is not seen",
        None if case.subject.contents is not None else Severity.NOTE,
    )


UNIVERSAL_RULES: Final = (
    segments_in_file,
    entry_in_file,
    accepted_format,
    entry_first,
    same_addresses,
    empty_slot,
    link_base,
    position_independent,
    one_segment,
    everything_loaded,
    powernv_size,
    executable_section,
    r13_set,
)
"""In the order in which they are checked and shown."""


def _format_text(accepted: Format) -> str:
    bits = " or ".join(f"ELF{bits}" for bits in accepted.bits)
    orders = " or ".join("little-endian" if little else "big-endian" for little in accepted.little_endian)
    types = " or ".join(ET_NAMES[number] for number in accepted.types)
    machines = " or ".join({20: "EM_PPC", 21: "EM_PPC64"}[number] for number in accepted.machines)
    return f"{bits}, {orders}, {types}, {machines}"


def _lowest(elf: ElfHead) -> ProgramHeader | None:
    return min(elf.loads, key=lambda load: load.paddr, default=None)


def _moves(holder: ProgramHeader, case: Case) -> bool:
    """Whether the code may run at another address than its virtual one."""
    if case.route.placement is Placement.CHOSEN and (case.profile.name == "kexec" or case.elf.type == DYN):
        return True
    return segment_address(holder, case.route) != holder.vaddr


def _run_place(holder: ProgramHeader, case: Case) -> str:
    if case.route.placement is Placement.CHOSEN:
        return "an address the loader chooses"
    return f"{segment_address(holder, case.route):#x}"


def _instructions(code: bytes, start: bytes) -> list[int]:
    """Offsets of the instruction words that begin with these bytes."""
    found = []
    at = code.find(start)
    while at >= 0:
        if at % 4 == 0:
            found.append(at)
        at = code.find(start, at + 1)
    return found


def _overwritten_sources(case: Case) -> Iterator[Breach]:
    """Segments whose bytes in the load buffer an earlier segment's copy destroys."""
    for (first, earlier), (second, later) in combinations(enumerate(case.elf.loads), 2):
        source = case.route.base + later.offset
        if earlier.paddr < source + later.file_size and source < earlier.paddr + earlier.memory_size:
            yield Breach(
                f"segment {first}, copied to {earlier.paddr:#x}, destroys segment {second} in the buffer at {source:#x}"
            )
