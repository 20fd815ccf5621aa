# SPDX-License-Identifier: BSD-2-Clause
"""A domain's device tree, complete: what a pseries kernel reads when it starts from a flat tree.

Property names and meanings are those of PAPR (LoPAPR 1.1, appendix B "LoPAPR Binding") and of the kernel's own reading
(Linux arch/powerpc/kernel/prom.c, mm/book3s64/hash_utils.c, platforms/pseries).  The hypervisor corrects what only the
machine knows: timebase and clock frequency, processor version, the firmware's boot arguments and ramdisk.  All else is
decided here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from loader import abi
from loader.devtree import Node, Tree
from loader.units import MIB

if TYPE_CHECKING:
    from loader.layout import DomainLayout
    from loader.manifest import Domain
    from loader.overrides import NodeOverride

MAX_BLOCK_SIZE: Final = 256 * MIB
"""The usual logical memory block of a large partition."""

CONSOLE_PATH: Final = f"/vdevice/vty@{abi.VTY_UNIT:x}"

TIMEBASE_FREQUENCY: Final = 512_000_000
CLOCK_FREQUENCY: Final = 1_000_000_000
POWER8_VERSION: Final = 0x004D_0200
"""Placeholders of the right width for what the hypervisor corrects."""

_CACHE_SIZE: Final = 0x8000
_CACHE_LINE: Final = 128
_SLB_ENTRIES: Final = 32

_SEGMENT_PAGE_SIZES: Final = (
    *(12, 0x000, 1, 12, 0),  # 4 KiB base pages
    *(16, 0x110, 1, 16, 1),  # 64 KiB
    *(24, 0x100, 1, 24, 0),  # 16 MiB, what the kernel maps its memory with
)
"""Per base page size: shift, SLB encoding, number of actual sizes, then shift and HPTE encoding of each."""
_SEGMENT_SIZES: Final = (28, 40, 0xFFFF_FFFF, 0xFFFF_FFFF)
"""256 MiB and 1 TiB segments."""

_PA_FEATURES: Final = bytes.fromhex("1800 f63fc7c080f0 80 000000000000 000000800080 000000 0000")
"""POWER8 with true little-endian; no transactional memory (byte 22, bit 0)."""
_ARCHITECTURE_VECTOR_5: Final = bytes.fromhex("15002000 00a00500 00000000 00000000 00000000 000080")
"""What ibm,client-architecture-support would have agreed on: a hash-table guest."""


def build_domain_tree(domain: Domain, layout: DomainLayout) -> Tree:
    """The tree of one domain with the recipe's overrides applied; raises DeviceTreeError."""
    tree = Tree.new()
    _fill_root(tree.root, domain)
    _fill_chosen(tree.root.add("chosen"), domain, layout)
    for start, size in memory_nodes(domain.memory, domain.rma.size):
        node = tree.root.add(f"memory@{start:x}")
        node.set_string("device_type", "memory")
        node.set_u64s("reg", [start, size])
    _fill_rtas(tree.root.add("rtas"), layout)
    _fill_cpus(tree.root.add("cpus"), domain, layout)
    _fill_nvram(tree.root.add("nvram"))
    _fill_vdevice(tree.root.add("vdevice"))
    _fill_xics(tree.root.add("interrupt-controller"), domain, tree.new_phandle())
    apply_overrides(tree, domain.devtree)
    for part in (layout.rtas, layout.device_tree):
        tree.reserve(part.start, part.end - part.start)
    if layout.ramdisk is not None and layout.ramdisk_size:
        tree.reserve(layout.ramdisk.start, layout.ramdisk_size)
    return tree


def memory_nodes(memory: int, rma_size: int) -> list[tuple[int, int]]:
    """(start, size) of each memory node, adjacent from 0 to `memory`.

    Node 0 is the real-mode area.  Linux takes the size of the node that starts where node 0 ends as the size of a
    memory block and panics unless it is a power of two (pseries_memory_block_size, memory_dev_init), so that node is
    the largest power of two that divides both real-mode area and memory; one more node holds whatever is left.
    """
    common = rma_size | memory
    block = min(common & -common, MAX_BLOCK_SIZE)
    bounds = sorted({0, rma_size, min(rma_size + block, memory), memory})
    return [(start, end - start) for start, end in pairwise(bounds)]


def apply_overrides(tree: Tree, overrides: tuple[NodeOverride, ...]) -> None:
    """Makes the recipe's changes; removing what is not there is an error, because it is a misspelling."""
    for override in overrides:
        if override.remove:
            parent, _, name = override.path.rpartition("/")
            tree.node(parent or "/").remove_child(name)
            continue
        node = tree.node(override.path, create=True)
        for name, value in override.properties:
            if value is None:
                node.delete(name)
            else:
                node.set_raw(name, value)


def _fill_root(root: Node, domain: Domain) -> None:
    root.set_u32("#address-cells", 2)
    root.set_u32("#size-cells", 2)
    root.set_string("device_type", "chrp")
    root.set_string("compatible", "roundpeg,domain")
    root.set_string("model", "Roundpeg domain")
    root.set_string("ibm,partition-name", domain.name)
    root.set_u32("ibm,partition-no", domain.id)


def _fill_chosen(chosen: Node, domain: Domain, layout: DomainLayout) -> None:
    chosen.set_string("bootargs", domain.command_line)
    if layout.ramdisk is not None:
        chosen.set_u64("linux,initrd-start", layout.ramdisk.start)
        chosen.set_u64("linux,initrd-end", layout.ramdisk.start + layout.ramdisk_size)
    chosen.set_string("stdout-path", CONSOLE_PATH)
    chosen.set_string("linux,stdout-path", CONSOLE_PATH)
    chosen.set_raw("ibm,architecture-vec-5", _ARCHITECTURE_VECTOR_5)


def _fill_rtas(rtas: Node, layout: DomainLayout) -> None:
    rtas.set_strings("ibm,hypertas-functions", abi.HYPERTAS_FUNCTIONS)
    rtas.set_u32("linux,rtas-base", layout.rtas.start)
    rtas.set_u32("linux,rtas-entry", layout.rtas.start)
    rtas.set_u32("rtas-size", abi.RTAS_SIZE)
    rtas.set_u32("rtas-event-scan-rate", 1)
    rtas.set_u32("rtas-error-log-max", abi.RTAS_ERROR_LOG_MAX)
    for token, name in abi.RTAS_TOKEN_NAMES.items():
        rtas.set_u32(name, token)


def _fill_cpus(cpus: Node, domain: Domain, layout: DomainLayout) -> None:
    cpus.set_u32("#address-cells", 1)
    cpus.set_u32("#size-cells", 0)
    for number in range(domain.vcpus):
        _fill_cpu(cpus.add(f"PowerPC,POWER8@{number:x}"), number, layout)


def _fill_cpu(cpu: Node, number: int, layout: DomainLayout) -> None:
    cpu.set_string("device_type", "cpu")
    cpu.set_u32("reg", number)
    cpu.set_string("status", "okay")
    cpu.set_empty("64-bit")
    cpu.set_u32("cpu-version", POWER8_VERSION)
    cpu.set_u32("ibm,ppc-interrupt-server#s", number)
    cpu.set_cells("ibm,ppc-interrupt-gserver#s", [number, 0])
    cpu.set_cells("ibm,pft-size", [0, layout.hpt_shift])
    cpu.set_raw("ibm,pa-features", _PA_FEATURES)
    cpu.set_cells("ibm,segment-page-sizes", _SEGMENT_PAGE_SIZES)
    cpu.set_cells("ibm,processor-segment-sizes", _SEGMENT_SIZES)
    cpu.set_u32("ibm,slb-size", _SLB_ENTRIES)
    cpu.set_u32("slb-size", _SLB_ENTRIES)
    cpu.set_u32("ibm,vmx", 2)
    for name in ("ibm,dfp", "ibm,purr", "ibm,spurr"):
        cpu.set_u32(name, 1)
    cpu.set_u32("timebase-frequency", TIMEBASE_FREQUENCY)
    cpu.set_u32("clock-frequency", CLOCK_FREQUENCY)
    for side in ("i", "d"):
        cpu.set_u32(f"{side}-cache-size", _CACHE_SIZE)
        cpu.set_u32(f"{side}-cache-line-size", _CACHE_LINE)
        cpu.set_u32(f"{side}-cache-block-size", _CACHE_LINE)


def _fill_nvram(nvram: Node) -> None:
    nvram.set_string("device_type", "nvram")
    nvram.set_u32("#bytes", abi.NVRAM_SIZE)


def _fill_vdevice(vdevice: Node) -> None:
    vdevice.set_string("device_type", "vdevice")
    vdevice.set_string("compatible", "IBM,vdevice")
    vdevice.set_u32("#address-cells", 1)
    vdevice.set_u32("#size-cells", 0)
    vdevice.set_u32("#interrupt-cells", 2)
    vdevice.set_empty("interrupt-controller")
    vty = vdevice.add(f"vty@{abi.VTY_UNIT:x}")
    vty.set_string("device_type", "serial")
    vty.set_string("compatible", "hvterm1")
    vty.set_u32("reg", abi.VTY_UNIT)
    vty.set_cells("interrupts", [abi.VTY_IRQ, 0])


def _fill_xics(xics: Node, domain: Domain, phandle: int) -> None:
    xics.set_string("device_type", "PowerPC-External-Interrupt-Presentation")
    xics.set_string("compatible", "IBM,ppc-xicp")
    xics.set_u32("#address-cells", 0)
    xics.set_u32("#interrupt-cells", 2)
    xics.set_empty("interrupt-controller")
    xics.set_cells("ibm,interrupt-server-ranges", [0, domain.vcpus])
    xics.set_u32("phandle", phandle)
    xics.set_u32("linux,phandle", phandle)
