# SPDX-License-Identifier: BSD-2-Clause
"""From a recipe to everything an image will hold: opens the named files, asks the planner, builds the trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from loader import abi
from loader.devtree import Tree
from loader.domaintree import build_domain_tree
from loader.elf import ET_DYN, ElfFacts, physical_entry, read_elf, real_address, require_ppc64
from loader.elfpreface import Container
from loader.errors import DeviceTreeError, LayoutError, ManifestError
from loader.imagehead import DOMAIN_ENTRY_NAMES, ENTRY_NAMES, payload_offsets
from loader.io import FileStamp
from loader.layout import (
    DomainLayout,
    DomainRequest,
    KernelFacts,
    Load,
    plan_domain,
    round_tree_size,
)
from loader.manifest import Domain, Kernel, Ramdisk, Recipe
from loader.meter import QUIET, Meter
from loader.multiboot import Payload, pack_payloads, read_stub
from loader.overlay import DomainModules, Module, build_overlay
from loader.recipefacts import recipe_text
from loader.subject import Part, Subject, head_parts, planned_subject

COMMAND_LINE_ROOM: Final = 2048
"""Bytes left free in a domain's tree: the hypervisor puts what the firmware's user typed behind the command line."""


@dataclass(frozen=True, slots=True)
class DomainPlan:
    """One domain, ready to be packed; `payloads` and `loads` belong together."""

    domain: Domain
    layout: DomainLayout
    tree: bytes
    payloads: tuple[Payload, ...]
    loads: tuple[tuple[Load, ...], ...]


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """A whole image, ready to be written; `subject` is what firmwares will see of it."""

    stub: bytes
    payloads: tuple[Payload, ...]
    domains: tuple[DomainPlan, ...]
    subject: Subject
    container: Container


def plan_image(
    recipe: Recipe, folder: Path | None = None, container: Container = Container.ELF32, meter: Meter = QUIET
) -> ImagePlan:
    """Reads what the recipe names and proves that it fits together; raises LoaderError.

    Compressed payloads wait in nameless files in `folder`.
    """
    stub = read_stub(recipe.stub)
    hypervisor, hypervisor_loads = _plan_hypervisor(recipe)
    domains = tuple(plan_domain_of(recipe, domain) for domain in recipe.domains)
    payloads = [hypervisor, *(payload for domain in domains for payload in domain.payloads)]
    if len(payloads) + 1 > abi.IMAGE_MAX_ENTRIES:
        raise LayoutError(f"{len(payloads) + 1} entries, an image holds {abi.IMAGE_MAX_ENTRIES}", str(recipe.path))
    payloads = pack_payloads(payloads, folder, meter)
    sizes = [payload.size for payload in payloads]
    # The overlay goes last: it holds the others' offsets, and nothing depends on its size.
    offsets = payload_offsets(len(stub), sizes, len(sizes) + 1)
    modules = _domain_modules(domains, offsets[1:])
    overlay = build_overlay(recipe.hypervisor.command_line, modules, recipe.targets, recipe_text(recipe))
    kind = abi.EntryType.BOOT_OVERLAY
    payloads.append(Payload(kind, ENTRY_NAMES[kind], overlay, alignment=8))
    *offsets, total_size = payload_offsets(len(stub), [*sizes, len(overlay)], len(payloads))
    parts = head_parts(len(stub), offsets[0])
    for payload, offset in zip(payloads, offsets, strict=True):
        expanded = 0 if payload.compression == abi.Compression.NONE else payload.memory_size
        parts.append(Part(payload.name, offset, payload.size, payload.type, expanded))
    subject = planned_subject(str(recipe.path), stub, parts, hypervisor_loads, overlay, total_size, container)
    return ImagePlan(stub, tuple(payloads), domains, subject, container)


def plan_domain_of(recipe: Recipe, domain: Domain) -> DomainPlan:
    """Plans one domain of the recipe; raises LoaderError."""
    where = f"{recipe.path}: domain.{domain.name}"
    kernel_stamp = FileStamp.take(domain.kernel.path)
    kernel = _kernel_facts(domain.kernel, kernel_stamp, where)
    ramdisk_path = None if domain.initrd is None else domain.initrd.path
    ramdisk_stamp = None if ramdisk_path is None else _ramdisk_stamp(ramdisk_path, where)
    request = DomainRequest(
        where=where,
        memory=domain.memory,
        rma_size=domain.rma.size,
        kernel=kernel,
        kernel_base=domain.kernel.load if domain.kernel.format == "elf" else None,
        ramdisk_size=0 if ramdisk_stamp is None else ramdisk_stamp.size,
        ramdisk_room=0 if domain.initrd is None else domain.initrd.firmware_room,
        ramdisk_address=None if domain.initrd is None else domain.initrd.load,
    )
    layout, tree = _plan_tree(domain, request)
    kernel_address = layout.kernel[0].address
    payloads = [_payload(domain, abi.EntryType.KERNEL, domain.kernel, kernel_stamp, kernel_address)]
    loads = [layout.kernel]
    if layout.ramdisk is not None and domain.initrd is not None and ramdisk_stamp is not None:
        start, size = layout.ramdisk.start, layout.ramdisk_size
        payloads.append(_payload(domain, abi.EntryType.RAMDISK, domain.initrd, ramdisk_stamp, start))
        loads.append((Load(0, start, size, size),))
    start = layout.device_tree.start
    payloads.append(_payload(domain, abi.EntryType.DEVICE_TREE, tree, None, start))
    loads.append((Load(0, start, len(tree), len(tree)),))
    return DomainPlan(domain, layout, tree, tuple(payloads), tuple(loads))


def _ramdisk_stamp(path: Path, where: str) -> FileStamp:
    stamp = FileStamp.take(path)
    if stamp.size == 0:
        raise ManifestError(f"is empty: {path}", f"{where}.initrd")
    return stamp


def _plan_tree(domain: Domain, request: DomainRequest) -> tuple[DomainLayout, bytes]:
    """The layout and the tree that describes it; addresses have fixed widths, so a second round settles the size."""
    layout = plan_domain(request)
    tree = _build_tree(domain, layout, request.where)
    if len(tree) > request.tree_size:
        layout = plan_domain(replace(request, tree_size=round_tree_size(len(tree))))
        tree = _build_tree(domain, layout, request.where)
    return layout, tree


def _build_tree(domain: Domain, layout: DomainLayout, where: str) -> bytes:
    try:
        return build_domain_tree(domain, layout).to_dtb(pad=COMMAND_LINE_ROOM)
    except DeviceTreeError as error:
        raise DeviceTreeError(error.what, f"{where}: {error.where}", error.hint) from None


def _payload(
    domain: Domain, kind: abi.EntryType, source: Kernel | Ramdisk | bytes, stamp: FileStamp | None, hint: int
) -> Payload:
    name = f"{domain.name}/{DOMAIN_ENTRY_NAMES[kind]}"
    if isinstance(source, bytes):
        return Payload(kind, name, source, load_hint=hint, alignment=8)
    if source.path is None:
        raise TypeError("the firmware's ramdisk is no payload")
    return Payload(kind, name, source.path, stamp, hint, 8, source.compression)


def _domain_modules(domains: Sequence[DomainPlan], offsets: Sequence[int]) -> list[DomainModules]:
    remaining = iter(offsets)
    return [
        DomainModules(
            plan.domain,
            plan.layout,
            tuple(
                Module(payload.type, next(remaining), payload.memory_size, loads)
                for payload, loads in zip(plan.payloads, plan.loads, strict=True)
            ),
            _boot_arguments(plan.tree),
        )
        for plan in domains
    ]


def _boot_arguments(tree: bytes) -> str | None:
    """What a domain's tree says: the recipe may have changed it, and the hypervisor goes by the overlay."""
    chosen = Tree.parse(tree, "the domain's tree").root.child("chosen")
    try:
        return None if chosen is None else chosen.string("bootargs")
    except DeviceTreeError:
        return None  # not there, or no string: left alone


def _plan_hypervisor(recipe: Recipe) -> tuple[Payload, tuple[Load, ...]]:
    path = recipe.hypervisor.path
    stamp = FileStamp.take(path)
    facts = read_elf(path)
    require_ppc64(facts)
    physical_entry(facts)
    loads = _elf_loads(facts)
    kind = abi.EntryType.HYPERVISOR
    return Payload(kind, ENTRY_NAMES[kind], path, stamp, load_hint=min(load.address for load in loads)), loads


def _kernel_facts(kernel: Kernel, stamp: FileStamp, where: str) -> KernelFacts:
    if kernel.format == "raw" and kernel.load is not None:
        if kernel.entry >= stamp.size:
            raise LayoutError(f"the entry point {kernel.entry:#x} lies behind the kernel's {stamp.size} bytes", where)
        return KernelFacts((Load(0, kernel.load, stamp.size, stamp.size),), kernel.load + kernel.entry)
    facts = read_elf(kernel.path)
    require_ppc64(facts)
    return KernelFacts(_elf_loads(facts), physical_entry(facts), relocatable=facts.type == ET_DYN)


def _elf_loads(facts: ElfFacts) -> tuple[Load, ...]:
    return tuple(
        Load(segment.offset, real_address(segment.paddr), segment.file_size, segment.memory_size)
        for segment in facts.segments
    )
