# SPDX-License-Identifier: BSD-2-Clause
"""The planner: where things go, and which two collide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loader import abi
from loader.errors import LayoutError
from loader.layout import (
    DEVICE_TREE_SPACE,
    PLACE_ALIGNMENT,
    WORKING_ROOM,
    DomainRequest,
    KernelFacts,
    Load,
    Range,
    check_disjoint,
    hash_table_shift,
    plan_domain,
)
from loader.units import GIB, MIB

DEBIAN = KernelFacts((Load(0x10000, 0, 0x2714EA4, 0x287C918),), 0)
"""The Debian 12 ppc64el kernel."""


def request(**changes: object) -> DomainRequest:
    base = DomainRequest(where="dom0", memory=GIB, rma_size=256 * MIB, kernel=DEBIAN, ramdisk_size=24_223_706)
    return replace(base, **changes)  # type: ignore[arg-type]


def complaint(**changes: object) -> str:
    with pytest.raises(LayoutError) as caught:
        plan_domain(request(**changes))
    return str(caught.value)


@pytest.mark.parametrize("memory", [512 * MIB, 528 * MIB, GIB, 4 * GIB, 8 * GIB])
@pytest.mark.parametrize("rma_size", [64 * MIB, 256 * MIB])
def test_debian_fits(memory: int, rma_size: int) -> None:
    layout = plan_domain(request(memory=memory, rma_size=rma_size))
    assert layout.kernel == DEBIAN.loads
    assert layout.entry == 0
    assert layout.ramdisk is not None
    assert layout.ramdisk.start >= rma_size
    assert layout.ramdisk.end <= memory
    for part in (layout.rtas, layout.device_tree):
        assert DEBIAN.loads[0].memory_size <= part.start < part.end <= rma_size
    for part in (layout.rtas, layout.device_tree, layout.ramdisk):
        assert part.start % PLACE_ALIGNMENT == 0


def test_ramdisk_goes_below_the_tree_when_all_memory_is_real_mode_area() -> None:
    layout = plan_domain(request(memory=128 * MIB, rma_size=128 * MIB))
    assert layout.ramdisk is not None
    assert DEBIAN.loads[0].memory_size <= layout.ramdisk.start
    assert layout.ramdisk.end <= layout.device_tree.start


def test_tree_and_rtas_stay_below_4_gib() -> None:
    layout = plan_domain(request(memory=16 * GIB, rma_size=16 * GIB))
    assert layout.rtas.end <= 4 * GIB
    assert layout.ramdisk is not None
    assert layout.ramdisk.end > 15 * GIB


def test_no_ramdisk() -> None:
    assert plan_domain(request(ramdisk_size=0)).ramdisk is None


def test_relocatable_kernel_moves_as_a_whole() -> None:
    kernel = KernelFacts((Load(0x100, 0x1_0100, 1, 2), Load(0x300, 0x3_0000, 1, 2)), 0x1_0100, relocatable=True)
    assert plan_domain(request(kernel=kernel)).kernel == kernel.loads
    layout = plan_domain(request(kernel=kernel, kernel_base=0x50_0000))
    assert [load.address for load in layout.kernel] == [0x50_0100, 0x52_0000]
    assert layout.entry == 0x50_0100
    assert "not a multiple of 0x10000" in complaint(kernel=kernel, kernel_base=0x50_1000)


def test_fixed_kernel_does_not_move() -> None:
    assert "runs at its link address only" in complaint(kernel_base=0x40_0000)


def test_faults_name_both_things() -> None:
    assert complaint(memory=16 * MIB, rma_size=16 * MIB) == (
        "dom0: kernel segment 0 [0x0, 0x287c918) does not lie in memory [0x0, 0x1000000);"
        " give the domain more memory, or move it"
    )
    assert "the kernel needs 0x287c918 bytes, the real-mode area has 32 MiB" in complaint(rma_size=32 * MIB)
    twice = KernelFacts((Load(0, 0, 0x2000, 0x2000), Load(0, 0x1FFF, 1, 1)), 0)
    assert "kernel segment 0 [0x0, 0x2000) and kernel segment 1 [0x1fff, 0x2000) overlap" in complaint(kernel=twice)
    assert "no room for the ramdisk" in complaint(memory=64 * MIB, rma_size=64 * MIB, ramdisk_size=24 * MIB)
    assert "no room for the device tree" in complaint(rma_size=48 * MIB, tree_size=16 * MIB)


def test_ramdisk_at_a_chosen_address() -> None:
    layout = plan_domain(request(ramdisk_address=0x800_0000))
    assert layout.ramdisk == Range("ramdisk", 0x800_0000, 0x800_0000 + 24_223_706)
    assert "kernel segment 0 [0x0, 0x287c918) and ramdisk [0x2000000," in complaint(ramdisk_address=0x200_0000)
    assert "ramdisk [0x3f000000, 0x40719fda) does not lie in memory" in complaint(ramdisk_address=0x3F00_0000)
    assert "initrd.load 0x8000100 is not a multiple" in complaint(ramdisk_address=0x800_0100)


def test_room_for_the_firmwares_ramdisk() -> None:
    layout = plan_domain(request(ramdisk_size=0, ramdisk_room=32 * MIB))
    assert layout.ramdisk is not None
    assert (layout.ramdisk.end - layout.ramdisk.start, layout.ramdisk_size) == (32 * MIB, 0)
    layout = plan_domain(request(ramdisk_size=5000, ramdisk_room=4096))
    assert layout.ramdisk is not None
    assert (layout.ramdisk.end - layout.ramdisk.start, layout.ramdisk_size) == (5000, 5000)
    assert "no room for the ramdisk" in complaint(ramdisk_size=1, ramdisk_room=2 * GIB)


def test_working_room() -> None:
    size = 16 * MIB - DEVICE_TREE_SPACE - abi.RTAS_SIZE - WORKING_ROOM
    kernel = KernelFacts((Load(0, 0, size, size),), 0)
    tight = {"memory": 16 * MIB, "rma_size": 16 * MIB, "ramdisk_size": 0}
    assert plan_domain(request(kernel=kernel, **tight))
    larger = KernelFacts((Load(0, 0, size, size + 1),), 0)
    assert "only 4194303 bytes" in complaint(kernel=larger, **tight)


def test_ramdisk_inside_the_real_mode_area_counts_against_the_working_room() -> None:
    all_real = {"memory": 64 * MIB, "rma_size": 64 * MIB}
    assert plan_domain(request(ramdisk_size=19 * MIB, **all_real))
    assert "stay free" in complaint(ramdisk_size=20 * MIB, **all_real)


def test_segment_count() -> None:
    many = KernelFacts(tuple(Load(0, n * 0x1000, 1, 1) for n in range(abi.MAX_SEGMENTS + 1)), 0)
    assert "the kernel has 17 segments" in complaint(kernel=many)
    assert "nothing to load" in complaint(kernel=KernelFacts((), 0))


@pytest.mark.parametrize(
    ("memory", "shift"),
    [(16 * MIB, 18), (32 * MIB, 18), (48 * MIB, 19), (512 * MIB, 22), (768 * MIB, 23), (GIB, 23), (64 * GIB, 29)],
)
def test_hash_table(memory: int, shift: int) -> None:
    assert hash_table_shift(memory) == shift


def test_empty_ranges_collide_with_nothing() -> None:
    check_disjoint("x", [Range("a", 0, 10), Range("b", 5, 5)])
