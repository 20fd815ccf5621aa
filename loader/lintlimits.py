# SPDX-License-Identifier: BSD-2-Clause
"""The rules about single firmwares' limits and memory, and about the image's own parts (docs/firmware-profiles.md).

A check yields one message per breach, with the number found and the limit in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loader.elfhead import ET_NAMES
from loader.errors import LayoutError
from loader.layout import Range, check_disjoint, kernel_ranges
from loader.lintmodel import POWERNV, SLOF, Breach, Case, Severity, bad_descriptor, over_firmware, rule, too_large
from loader.memorymap import memory_needed, occupied
from loader.profiles import DYN, Placement
from loader.units import format_size

TFTP_BLOCKS: Final = 0xFFFF
"""Blocks a 16-bit counter can number from 1 on without wrapping (RFC 1350)."""
TFTP_BLOCK_SIZES: Final = (512, 1428)
"""RFC 1350's only size, and what SLOF asks for (RFC 2348)."""
EPAPR_TABLE_END: Final = 1024


@rule(
    "IMAGE-HEAD",
    "The boot stub refuses an image whose stub, header or table is damaged.",
    "docs/image-format.md; firmware/stub/image.c",
)
def sound_head(case: Case) -> Iterator[Breach]:
    contents = case.subject.contents
    if contents is not None and contents.problem:
        yield Breach(f"the stub would refuse it: {contents.problem}")


@rule(
    "RUN-CLASH",
    "The boot stub refuses to load a hypervisor over the image, or over a firmware that stays.",
    "docs/boot-protocol.md; firmware/stub/elf.c (elf_check_targets)",
    placements=(Placement.IN_PLACE, Placement.TRANSLATED, Placement.LINKED),
)
def hypervisor_clear(case: Case) -> Iterator[Breach]:
    contents = case.subject.contents
    if contents is None:
        return
    hypervisor = kernel_ranges(contents.hypervisor, "hypervisor segment")
    resident = [owned.range for owned in case.profile.owned(case.memory) if owned.resident]
    yield from _first_overlap([*hypervisor, *occupied(case.subject, case.route), *resident])
    for part in hypervisor:
        if part.end > case.memory:
            yield Breach(f"{part} reaches past the {format_size(case.memory)} of memory")


@rule(
    "FIRMWARE-RANGE",
    "A firmware that still runs is overwritten by what is loaded over it.",
    "skiboot include/mem-map.h; SLOF board-qemu/llfw/stage2.c; OpenBIOS arch/ppc/qemu/ofmem.c",
    placements=(Placement.IN_PLACE, Placement.TRANSLATED),
)
def firmware_clear(case: Case) -> Iterator[Breach]:
    yield from over_firmware(case)


@rule(
    "RAM-END",
    "There is nothing behind the end of memory.",
    "QEMU and the machines themselves; sizes as --memory says, or as docs/firmware-profiles.md assumes",
    placements=(Placement.IN_PLACE, Placement.TRANSLATED, Placement.LINKED),
)
def inside_memory(case: Case) -> Iterator[Breach]:
    for part in occupied(case.subject, case.route):
        if part.end > case.memory:
            yield Breach(f"{part} reaches past the {format_size(case.memory)} of memory")


@rule(
    "SLOF-LOADAREA",
    "SLOF stops a transfer that does not fit between its load buffer and the next thing in memory.",
    "SLOF slof/fs/packages/obp-tftp.fs (load), slof/fs/base.fs (load-base)",
    profiles=SLOF,
    placements=(Placement.LINKED,),
)
def load_area(case: Case) -> Iterator[Breach]:
    if case.route.max_file_size is not None:
        yield from too_large(case)
        return
    buffer = Range("the load buffer", case.route.base, case.route.base + case.subject.size)
    for owned in case.profile.owned(case.memory):
        if buffer.start < owned.range.start < buffer.end:
            room = owned.range.start - buffer.start
            memory = format_size(case.memory)
            yield Breach(f"the file has {case.subject.size} bytes, the load area {room} with {memory} of memory")
            return


@rule(
    "SLOF-CLAIM",
    "SLOF stops with 'Memory for ELF file is already in use!' when a segment's place is not free.",
    "SLOF slof/fs/elf.fs (elf-claim-segment), slof/fs/claim.fs",
    profiles=SLOF,
    placements=(Placement.LINKED,),
)
def claimable(case: Case) -> Iterator[Breach]:
    yield from over_firmware(case)


@rule(
    "SLOF-OPD",
    "SLOF takes the entry of a big-endian ELF64 for a function descriptor, never for code.",
    "SLOF slof/fs/boot.fs (go-64-be)",
    profiles=SLOF,
    placements=(Placement.LINKED,),
)
def descriptor_entry(case: Case) -> Iterator[Breach]:
    if case.elf.bits == 64 and not case.elf.little_endian:
        yield from bad_descriptor(case, "at the entry point ")


@rule(
    "TFTP-16BIT",
    "TFTP numbers its blocks with 16 bits, and not every server and firmware goes on after the last number.",
    "RFC 1350, RFC 2348; SLOF lib/libnet/tftp.c wraps around and has no such limit",
    severity=Severity.WARNING,
    profiles=SLOF,
)
def tftp_blocks(case: Case) -> Iterator[Breach]:
    if not case.route.network:
        return
    limits = {size: TFTP_BLOCKS * size - 1 for size in TFTP_BLOCK_SIZES}  # the last block is a short one
    exceeded = [f"{limit} with blocks of {size}" for size, limit in limits.items() if case.subject.size > limit]
    if exceeded:
        yield Breach(f"the file has {case.subject.size} bytes, the limit without wrapping is {', '.join(exceeded)}")


@rule(
    "JS20-RAM",
    "Every JS20 is told to have 512 MiB, so image, hypervisor and domains must fit into that together.",
    "SLOF board-js2x/slof/memory.fs (mem-size-u3)",
    profiles=("js20",),
)
def js20_memory(case: Case) -> Iterator[Breach]:
    needed = memory_needed(case.subject)
    if needed is not None and needed > case.profile.memory:
        yield Breach(f"image, hypervisor and domains take {needed} bytes, a JS20 has {case.profile.memory}")


@rule(
    "PNV-ENTRY",
    "skiboot stops with 'Kernel is zeros, can't execute!'.",
    "skiboot core/init.c (load_and_boot_kernel); seen in the emulator: tests/conformance/test_lint.py",
    profiles=POWERNV,
)
def first_word(case: Case) -> Iterator[Breach]:
    if case.subject.code[:4] == bytes(4):
        yield Breach(f"the word at the entry point {case.elf.entry:#x} is zero")


@rule(
    "EPAPR-HEADERS",
    "An ePAPR boot program looks for program headers in the first 1024 bytes only.",
    "ePAPR 1.1, 7.1.1",
    profiles=("epapr",),
)
def headers_early(case: Case) -> Iterator[Breach]:
    if case.elf.table_end > EPAPR_TABLE_END:
        yield Breach(f"the program headers end at file offset {case.elf.table_end}, the limit is {EPAPR_TABLE_END}")


@rule(
    "EPAPR-FIXED",
    "ePAPR boot programs must support variable-address images (ET_DYN), fixed-address ones (ET_EXEC) they only should.",
    "ePAPR 1.1, 7.1 and 7.2",
    severity=Severity.WARNING,
    profiles=("epapr",),
)
def variable_address(case: Case) -> Iterator[Breach]:
    if case.elf.type != DYN:
        kind = ET_NAMES.get(case.elf.type, f"type {case.elf.type}")
        yield Breach(f"the file is {kind}: it needs {case.elf.loads[0].paddr:#x} free" if case.elf.loads else kind)


LIMIT_RULES: Final = (
    sound_head,
    hypervisor_clear,
    firmware_clear,
    inside_memory,
    load_area,
    claimable,
    descriptor_entry,
    tftp_blocks,
    js20_memory,
    first_word,
    headers_early,
    variable_address,
)
"""In the order in which they are checked and shown."""


def _first_overlap(ranges: list[Range]) -> Iterator[Breach]:
    try:
        check_disjoint("", ranges)
    except LayoutError as error:
        yield Breach(error.what)
