# SPDX-License-Identifier: BSD-2-Clause
"""Where everything goes, and the proof that nothing collides.  Pure: no files are opened here.

All addresses and sizes are bytes, all addresses guest-physical; all ranges are half-open, [start, end).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loader import abi
from loader.errors import LayoutError
from loader.units import GIB, KIB, MIB, align_down, align_up, format_size

PLACE_ALIGNMENT: Final = 64 * KIB
"""Kernel bases, ramdisk, tree and RTAS start on the kernel's largest base page, so each can be freed whole."""
PAGE_ALIGNMENT: Final = 4 * KIB
"""What a ramdisk whose address the recipe chooses must keep."""
RMA_ADDRESS_LIMIT: Final = 4 * GIB
"""RTAS and the tree stay below: PAPR hands RTAS addresses around as 32-bit cells."""
WORKING_ROOM: Final = 4 * MIB
"""What a kernel must at least find free in its real-mode area for its first allocations."""
DEVICE_TREE_SPACE: Final = 64 * KIB
"""Planned for a domain's tree until its size is known."""
MEMORY_PER_TABLE: Final = 128
"""Bytes of memory per byte of hash table, rounded to the next power of two: what PAPR recommends and Linux expects."""


@dataclass(frozen=True, slots=True)
class Range:
    """Named part of an address space."""

    name: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.name} [{self.start:#x}, {self.end:#x})"


@dataclass(frozen=True, slots=True)
class Load:
    """Bytes of a module and where they go: `file_size` are copied, the rest up to `memory_size` is cleared."""

    offset: int
    address: int
    file_size: int
    memory_size: int


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """A kernel to place: loads at their link addresses, entry likewise."""

    loads: tuple[Load, ...]
    entry: int
    relocatable: bool = False


@dataclass(frozen=True, slots=True)
class DomainRequest:
    """What `plan_domain` places.

    where            names the domain in errors
    kernel_base      moves a relocatable kernel
    ramdisk_size     bytes that the image brings
    ramdisk_room     bytes to keep at least, for the firmware's
    ramdisk_address  fixes the ramdisk
    """

    where: str
    memory: int
    rma_size: int
    kernel: KernelFacts
    kernel_base: int | None = None
    ramdisk_size: int = 0
    ramdisk_room: int = 0
    ramdisk_address: int | None = None
    tree_size: int = DEVICE_TREE_SPACE


@dataclass(frozen=True, slots=True)
class DomainLayout:
    """A domain's guest-physical memory: kernel loads, entry point and the places of everything else.

    Of the ramdisk's place the image's own takes `ramdisk_size` bytes.
    """

    kernel: tuple[Load, ...]
    entry: int
    ramdisk: Range | None
    device_tree: Range
    rtas: Range
    hpt_shift: int
    ramdisk_size: int = 0

    def ranges(self) -> list[Range]:
        """Everything that occupies memory, by address."""
        parts = [*kernel_ranges(self.kernel), self.device_tree, self.rtas]
        if self.ramdisk:
            parts.append(self.ramdisk)
        return sorted(parts, key=lambda part: part.start)


def plan_domain(request: DomainRequest) -> DomainLayout:
    """Places a domain's parts; raises LayoutError when they do not fit or collide."""
    where = request.where
    loads, entry = _place_kernel(request)
    kernel = kernel_ranges(loads)
    check_inside(where, kernel, Range("memory", 0, request.memory))
    check_disjoint(where, kernel)
    kernel_end = max(part.end for part in kernel)
    rma = Range("real-mode area", 0, request.rma_size)
    if kernel_end > rma.end:
        raise LayoutError(
            f"the kernel needs {kernel_end:#x} bytes, the real-mode area has {format_size(rma.end)}",
            where=where,
            hint="give the domain more memory or a larger rma.size",
        )
    top = min(rma.end, RMA_ADDRESS_LIMIT)
    rtas = _place_below("RTAS", abi.RTAS_SIZE, top, kernel_end, request)
    tree = _place_below("device tree", request.tree_size, rtas.start, kernel_end, request)
    ramdisk = _place_ramdisk(request, kernel_end, tree, rtas)
    layout = DomainLayout(loads, entry, ramdisk, tree, rtas, hash_table_shift(request.memory), request.ramdisk_size)
    check_inside(where, layout.ranges(), Range("memory", 0, request.memory))
    check_disjoint(where, layout.ranges())
    _check_working_room(request, layout)
    return layout


def hash_table_shift(memory: int) -> int:
    """log2 of the bytes of a hash table for `memory` bytes."""
    shift = (max(memory // MEMORY_PER_TABLE, 1) - 1).bit_length()
    return min(max(shift, abi.MIN_HPT_SHIFT), abi.MAX_HPT_SHIFT)


def kernel_ranges(loads: Iterable[Load], name: str = "kernel segment") -> list[Range]:
    """The memory that loads occupy."""
    return [
        Range(f"{name} {number}", load.address, load.address + load.memory_size) for number, load in enumerate(loads)
    ]


def check_disjoint(where: str, ranges: Iterable[Range]) -> None:
    """Raises LayoutError naming the first two ranges that share a byte."""
    ordered = sorted((part for part in ranges if part.end > part.start), key=lambda part: (part.start, part.end))
    for lower, upper in pairwise(ordered):
        if lower.end > upper.start:
            raise LayoutError(f"{lower} and {upper} overlap", where=where)


def check_inside(where: str, ranges: Iterable[Range], outer: Range) -> None:
    """Raises LayoutError naming the first range that leaves `outer`."""
    for part in ranges:
        if part.start < outer.start or part.end > outer.end:
            raise LayoutError(f"{part} does not lie in {outer}", where, "give the domain more memory, or move it")


def _place_kernel(request: DomainRequest) -> tuple[tuple[Load, ...], int]:
    kernel, base = request.kernel, request.kernel_base
    if not kernel.loads:
        raise LayoutError("the kernel has nothing to load", where=request.where)
    if len(kernel.loads) > abi.MAX_SEGMENTS:
        count = len(kernel.loads)
        raise LayoutError(f"the kernel has {count} segments, at most {abi.MAX_SEGMENTS} are loaded", request.where)
    if base is None:
        return kernel.loads, kernel.entry
    if not kernel.relocatable:
        raise LayoutError("this kernel runs at its link address only", request.where, "remove kernel.load")
    if base % PLACE_ALIGNMENT:
        raise LayoutError(f"kernel.load {base:#x} is not a multiple of {PLACE_ALIGNMENT:#x}", request.where)
    delta = base - align_down(min(load.address for load in kernel.loads), PLACE_ALIGNMENT)
    moved = tuple(Load(load.offset, load.address + delta, load.file_size, load.memory_size) for load in kernel.loads)
    return moved, kernel.entry + delta


def _place_below(name: str, size: int, limit: int, floor: int, request: DomainRequest) -> Range:
    """The highest aligned place for `size` bytes in [floor, limit)."""
    start = align_down(limit - size, PLACE_ALIGNMENT)
    if start < floor:
        raise LayoutError(
            f"no room for the {name} ({size} bytes) in [{floor:#x}, {limit:#x}) between the kernel and the end"
            f" of the real-mode area of {format_size(request.rma_size)}",
            where=request.where,
            hint="give the domain more memory or a larger rma.size",
        )
    return Range(name, start, start + size)


def _place_ramdisk(request: DomainRequest, kernel_end: int, tree: Range, rtas: Range) -> Range | None:
    """The top of memory if there is room above the real-mode area, else right below the device tree."""
    size, start = max(request.ramdisk_size, request.ramdisk_room), request.ramdisk_address
    if size == 0:
        return None
    if start is not None:
        if start % PAGE_ALIGNMENT:
            raise LayoutError(f"initrd.load {start:#x} is not a multiple of {PAGE_ALIGNMENT:#x}", request.where)
        return Range("ramdisk", start, start + size)
    for limit, floor in ((request.memory, rtas.end), (tree.start, kernel_end)):
        start = align_down(limit - size, PLACE_ALIGNMENT)
        if start >= floor:
            return Range("ramdisk", start, start + size)
    raise LayoutError(
        f"no room for the ramdisk ({size} bytes) in [{kernel_end:#x}, {tree.start:#x})"
        f" between kernel and device tree, nor in [{rtas.end:#x}, {request.memory:#x}) above",
        where=request.where,
        hint="give the domain more memory",
    )


def _check_working_room(request: DomainRequest, layout: DomainLayout) -> None:
    used = sum(min(part.end, request.rma_size) - min(part.start, request.rma_size) for part in layout.ranges())
    free = request.rma_size - used
    if free < WORKING_ROOM:
        raise LayoutError(
            f"only {free} bytes of the real-mode area of {format_size(request.rma_size)} stay free,"
            f" a kernel needs {format_size(WORKING_ROOM)} to start",
            where=request.where,
            hint="give the domain more memory or a larger rma.size",
        )


def round_tree_size(size: int) -> int:
    """Space to plan for a tree of `size` bytes."""
    return max(align_up(size, PLACE_ALIGNMENT), DEVICE_TREE_SPACE)
