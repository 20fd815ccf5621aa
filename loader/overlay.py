# SPDX-License-Identifier: BSD-2-Clause
"""The boot overlay: tells the hypervisor, in the firmware's own device tree, what the image carries.

docs/boot-protocol.md has the binding: Xen's published `xen,domain` and `multiboot,module` nodes (Xen,
docs/misc/arm/device-tree/booting.txt) with our properties beside them.  Module addresses count from the image's load
base; the stub adds the base when it has applied the overlay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from loader import abi
from loader.devtree import Node, Tree
from loader.units import KIB

if TYPE_CHECKING:
    from loader.layout import DomainLayout, Load
    from loader.manifest import Domain

PROP_TARGETS: Final = "roundpeg,targets"
"""In /chosen: the firmware profiles a recipe names, as strings.  For mkimage alone; absent when it names none."""

PROP_RECIPE: Final = "roundpeg,recipe"
"""In the overlay's root, so that it is not applied: the recipe (loader/recipefacts.py).  For mkimage alone."""

_COMPATIBLE: Final = {
    abi.EntryType.KERNEL: "multiboot,kernel",
    abi.EntryType.RAMDISK: "multiboot,ramdisk",
    abi.EntryType.DEVICE_TREE: "multiboot,device-tree",
}


@dataclass(frozen=True, slots=True)
class Module:
    """A payload of the image that belongs to a domain; `offset` counts from the load base."""

    type: abi.EntryType
    offset: int
    size: int
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True)
class DomainModules:
    """One domain as the hypervisor will find it.

    command_line  the kernel's: what the domain's own tree says, None when that has none
    """

    domain: Domain
    layout: DomainLayout
    modules: tuple[Module, ...]
    command_line: str | None


def build_overlay(
    hypervisor_command_line: str, domains: Sequence[DomainModules], targets: Sequence[str] = (), recipe: str = ""
) -> bytes:
    """The overlay as a flat device tree; raises DeviceTreeError."""
    tree = Tree.new()
    if recipe:
        tree.root.set_string(PROP_RECIPE, recipe)
    fragment = tree.root.add("fragment@0")
    fragment.set_string("target-path", "/chosen")
    chosen = fragment.add("__overlay__")
    _set_two_cells(chosen)
    chosen.set_string("xen,xen-bootargs", hypervisor_command_line)
    if targets:
        chosen.set_strings(PROP_TARGETS, targets)
    for entry in domains:
        _fill_domain(chosen.add(entry.domain.name), entry)
    return tree.to_dtb()


def _set_two_cells(node: Node) -> None:
    node.set_u32("#address-cells", 2)
    node.set_u32("#size-cells", 2)


def _fill_domain(node: Node, entry: DomainModules) -> None:
    domain, layout = entry.domain, entry.layout
    node.set_string("compatible", "xen,domain")
    _set_two_cells(node)
    node.set_u64("memory", domain.memory // KIB)
    node.set_u32("cpus", domain.vcpus)
    if domain.roles:
        node.set_u32("capabilities", domain.roles)
    node.set_u32(abi.PROP_DOMAIN_ID, domain.id)
    node.set_string(abi.PROP_RMA_MODE, domain.rma.mode)
    node.set_u64(abi.PROP_RMA_SIZE, domain.rma.size)
    node.set_u32(abi.PROP_HPT_SHIFT, layout.hpt_shift)
    node.set_u64(abi.PROP_ENTRY, layout.entry)
    node.set_u64s(abi.PROP_RTAS, [layout.rtas.start, layout.rtas.end - layout.rtas.start])
    if layout.ramdisk is not None and domain.initrd is not None and domain.initrd.firmware_room:
        node.set_u64s(abi.PROP_FIRMWARE_RAMDISK, [layout.ramdisk.start, domain.initrd.firmware_room])
    for module in entry.modules:
        _fill_module(node.add(f"module@{module.offset:x}"), module, entry.command_line)


def _fill_module(node: Node, module: Module, command_line: str | None) -> None:
    node.set_strings("compatible", [_COMPATIBLE[module.type], "multiboot,module"])
    node.set_u64s("reg", [module.offset, module.size])
    if module.type == abi.EntryType.KERNEL and command_line is not None:
        node.set_string("bootargs", command_line)
    quadruples = [(load.offset, load.address, load.file_size, load.memory_size) for load in module.loads]
    node.set_u64s(abi.PROP_SEGMENTS, [number for quadruple in quadruples for number in quadruple])
