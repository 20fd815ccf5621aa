# SPDX-License-Identifier: BSD-2-Clause
"""What lies where at run time: the machine under one firmware, and each domain's guest-physical memory.

Computed from the same facts as the rules of `lint`.  All addresses are bytes, all ranges half-open.  What the stub only
decides when it runs (the tree's place) is shown where it looks first, and marked `about`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from loader import abi
from loader.elfhead import ProgramHeader
from loader.imagehead import DOMAIN_ENTRY_NAMES
from loader.layout import Range
from loader.profiles import Placement, Profile, Route
from loader.subject import Part, Subject
from loader.units import KIB, align_up, format_size

TRANSLATION_MASK: Final = 0x0FFF_FFFF
"""QEMU's -kernel keeps these bits of a segment's physical address."""
PAGE: Final = 4 * KIB
FIRMWARE_TREE: Final = 20 * KIB
"""Assumed of the firmware's own tree: those of the emulated machines have 11 to 19 KiB."""
TREE_HEADROOM: Final = 64 * KIB
"""What the stub leaves free in the hypervisor's tree, and in its copy of the overlay (OVERLAY_HEADROOM)."""
FLAT_TREE: Final = 256 * KIB
"""Where the stub first tries to flatten Open Firmware's tree (TREE_FIRST_SIZE); from there the tree keeps that size."""
DECODER_SPACE: Final = 128 * KIB
"""The stub's work area while it expands payloads (EXPAND_WORK_SIZE)."""


class Kind(Enum):
    """What a region is used for."""

    FIRMWARE = "firmware"
    BUFFER = "load buffer"
    STUB = "boot stub and header"
    OTHER = "other payload"
    HYPERVISOR = "hypervisor"
    TREE = "device tree"
    KERNEL = "kernel"
    RAMDISK = "ramdisk"
    RTAS = "RTAS"


_ENTRY_KINDS: Final = {
    abi.EntryType.HYPERVISOR: Kind.HYPERVISOR,
    abi.EntryType.BOOT_OVERLAY: Kind.TREE,
    abi.EntryType.KERNEL: Kind.KERNEL,
    abi.EntryType.RAMDISK: Kind.RAMDISK,
    abi.EntryType.DEVICE_TREE: Kind.TREE,
}


@dataclass(frozen=True, slots=True)
class Region:
    """One named range; `note` says when it is in use, or that it is an estimate."""

    name: str
    start: int
    end: int
    kind: Kind
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Mark:
    """One address worth naming."""

    name: str
    address: int


@dataclass(frozen=True, slots=True)
class Lane:
    """Regions side by side with other lanes of the same address space."""

    title: str
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """One map; `name` is for programs, `end` is the end of memory, 0 when it is not known."""

    name: str
    title: str
    end: int
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...] = ()

    def regions(self) -> list[Region]:
        """All lanes' regions, by address."""
        regions = (region for lane in self.lanes for region in lane.regions)
        return sorted(regions, key=lambda region: (region.start, -region.end))


def segment_address(load: ProgramHeader, route: Route) -> int:
    """Where a segment's first byte is at run time."""
    match route.placement:
        case Placement.IN_PLACE:
            return route.base + load.offset
        case Placement.TRANSLATED:
            return route.base + (load.paddr & TRANSLATION_MASK)
        case Placement.LINKED | Placement.CHOSEN:
            return load.paddr


def occupied(subject: Subject, route: Route) -> list[Range]:
    """The memory the file takes once it is loaded and entered."""
    if route.placement is Placement.IN_PLACE:
        return [Range("the image", route.base, route.base + subject.size)]
    ranges = []
    loads = subject.elf.loads
    for number, load in enumerate(loads):
        start = segment_address(load, route)
        name = "the image" if len(loads) == 1 else f"segment {number}"
        ranges.append(Range(name, start, start + load.memory_size))
    return ranges


def entry_address(subject: Subject, route: Route) -> int | None:
    """Where the entry point is at run time, None when no segment holds it; an image of ours begins there."""
    holder = subject.entry_segment
    return None if holder is None else segment_address(holder, route) + subject.elf.entry - holder.vaddr


def machine_maps(subject: Subject, profile: Profile, memory: int | None = None) -> list[AddressSpace]:
    """The machine's memory, once for each route into the firmware."""
    size = profile.memory_of(memory)
    return [machine_map(subject, profile, route, size) for route in profile.routes]


def machine_map(subject: Subject, profile: Profile, route: Route, memory: int) -> AddressSpace:
    """The machine's memory with the firmware, the image and what the stub puts there."""
    firmware = [
        Region(owned.range.name, owned.range.start, owned.range.end, Kind.FIRMWARE, _life(resident=owned.resident))
        for owned in profile.owned(memory)
    ]
    if route.placement is Placement.LINKED:
        firmware.append(Region("load buffer", route.base, route.base + subject.size, Kind.BUFFER, "until the entry"))
    title = "image, as linked" if route.placement is Placement.CHOSEN else "image"
    lanes = [Lane("firmware", _by_address(firmware)), Lane(title, _by_address(_image_regions(subject, route)))]
    if subject.contents is not None and not subject.contents.problem:
        lanes.append(Lane("placed by the stub", _by_address(_stub_regions(subject, route, profile, memory))))
    entry = entry_address(subject, route)
    return AddressSpace(
        name=f"{profile.name} {route.name}",
        title=f"{profile.title}, by {route.name}, {format_size(memory)} of memory",
        end=memory,
        lanes=tuple(lane for lane in lanes if lane.regions),
        marks=() if entry is None else (Mark("entry", entry),),
    )


def domain_maps(subject: Subject) -> list[AddressSpace]:
    """Each domain's guest-physical memory, as the recipe's planner laid it out."""
    return [] if subject.contents is None else [domain_map(domain) for domain in subject.contents.domains]


def domain_map(domain: dict[str, Any]) -> AddressSpace:
    """One domain; `domain` is what `inspect --json` shows of it."""
    regions = [Region("RTAS", *_extent(domain["rtas"]["address"], domain["rtas"]["size"]), Kind.RTAS)]
    kinds = {name: _ENTRY_KINDS[kind] for kind, name in DOMAIN_ENTRY_NAMES.items()}
    for module in domain["modules"]:
        segments = module["segments"]
        for number, segment in enumerate(segments):
            name = module["kind"].replace("-", " ") + (f" segment {number}" if len(segments) > 1 else "")
            kind = kinds.get(module["kind"], Kind.OTHER)
            regions.append(Region(name, *_extent(segment["address"], segment["memory-size"]), kind))
    lanes = [Lane("guest", _by_address(regions))]
    if room := domain["firmware-ramdisk"]:
        place = Region(
            "the firmware's ramdisk", *_extent(room["address"], room["room"]), Kind.RAMDISK, "if it brings one"
        )
        lanes.append(Lane("kept for", (place,)))
    rma = domain["rma"]
    return AddressSpace(
        name=domain["name"],
        title=f"domain {domain['name']}, {format_size(domain['memory'])}, guest-physical",
        end=domain["memory"],
        lanes=tuple(lanes),
        marks=(Mark("entry", domain["entry"]), Mark(f"end of the real-mode area ({rma['mode']})", rma["size"])),
    )


def memory_needed(subject: Subject) -> int | None:
    """Bytes the image, what the stub expands, the hypervisor and all domains take, None for other people's files."""
    contents = subject.contents
    if contents is None or contents.problem:
        return None
    hypervisor = sum(load.memory_size for load in contents.hypervisor)
    domains: int = sum(domain["memory"] + domain["hash-table-size"] for domain in contents.domains)
    return subject.size + sum(part.expanded for part in contents.parts) + hypervisor + domains


def _image_regions(subject: Subject, route: Route) -> list[Region]:
    base, contents, offset = entry_address(subject, route), subject.contents, subject.elf.entry_offset()
    if base is None or offset is None or contents is None or contents.problem:
        return [Region(part.name, part.start, part.end, Kind.OTHER) for part in occupied(subject, route)]
    regions = []
    if route.placement is Placement.IN_PLACE:
        regions.append(Region("ELF header", *_extent(route.base, offset), Kind.STUB))
    for part in contents.parts:
        kind = Kind.STUB if part.type is None else _ENTRY_KINDS.get(part.type, Kind.OTHER)
        regions.append(Region(part.name, *_extent(base + part.offset, part.size), kind))
    return regions


def _stub_regions(subject: Subject, route: Route, profile: Profile, memory: int) -> list[Region]:
    """Hypervisor and what the stub makes, the latter where the stub looks for room first, in its order."""
    contents = subject.contents
    loads = () if contents is None else contents.hypervisor
    parts = () if contents is None else contents.parts
    regions = []
    for number, load in enumerate(loads):
        name = "hypervisor" + (f" segment {number}" if len(loads) > 1 else "")
        regions.append(Region(name, *_extent(load.address, load.memory_size), Kind.HYPERVISOR))
    for made in _made_by_stub(parts, profile):
        start = _find_free(subject, route, profile, memory, regions, made.size)
        regions.append(Region(made.name, start, start + made.size, made.kind, made.note))
    return regions


def _made_by_stub(parts: Iterable[Part], profile: Profile) -> list[Region]:
    """What the stub finds room for (firmware/stub/stub.c), in its order, as if each began at 0."""
    made = []
    given = FLAT_TREE if profile.open_firmware else FIRMWARE_TREE
    if profile.open_firmware:
        made.append(Region("firmware's tree", 0, FLAT_TREE, Kind.TREE, "about, until the entry"))
    expanded = [part for part in parts if part.expanded and part.type is not None]
    for number, part in enumerate(expanded):
        kind = Kind.OTHER if part.type is None else _ENTRY_KINDS.get(part.type, Kind.OTHER)
        made.append(Region(f"{part.name} expanded", 0, align_up(part.expanded, PAGE), kind, "about"))
        if number == 0:
            made.append(Region("decoder", 0, DECODER_SPACE, Kind.OTHER, "about, until the entry"))
    overlay = sum(part.size for part in parts if part.type is abi.EntryType.BOOT_OVERLAY)
    overlay = align_up(overlay + TREE_HEADROOM, PAGE)
    made.append(Region("device tree", 0, align_up(given + overlay, PAGE), Kind.TREE, "about"))
    made.append(Region("boot overlay", 0, overlay, Kind.TREE, "about, until the entry"))
    return made


def _find_free(
    subject: Subject, route: Route, profile: Profile, memory: int, placed: Sequence[Region], size: int
) -> int:
    """Where the stub looks for room first: behind the image, clear of what is in use."""
    image = occupied(subject, route)
    taken = [*image, *(owned.range for owned in profile.owned(memory))]
    taken += [Range(region.name, region.start, region.end) for region in placed]
    start = align_up(max((part.end for part in image), default=0), PAGE)
    for part in sorted(taken, key=lambda part: part.start):
        if part.start < start + size and start < part.end:
            start = align_up(part.end, PAGE)
    return start


def _extent(start: int, size: int) -> tuple[int, int]:
    return start, start + size


def _by_address(regions: Iterable[Region]) -> tuple[Region, ...]:
    return tuple(sorted(regions, key=lambda region: (region.start, -region.end)))


def _life(*, resident: bool) -> str:
    return "stays" if resident else "until quiesced"
