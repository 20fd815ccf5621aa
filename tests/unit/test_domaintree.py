# SPDX-License-Identifier: BSD-2-Clause
"""A domain's device tree: what a pseries kernel needs, where the plan put it, and the recipe's changes on top."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loader import abi
from loader.devtree import Tree
from loader.domaintree import MAX_BLOCK_SIZE, build_domain_tree, memory_nodes
from loader.errors import DeviceTreeError
from loader.layout import DomainLayout, Load, Range
from loader.manifest import Domain, Kernel, Rma
from loader.overrides import NodeOverride
from loader.units import GIB, MIB

LAYOUT = DomainLayout(
    kernel=(Load(0, 0, 16, 16),),
    entry=0,
    ramdisk=Range("ramdisk", 0x1_2000_0000, 0x1_2000_1234),
    device_tree=Range("device tree", 0x3FE_0000, 0x3FF_0000),
    rtas=Range("RTAS", 0x3FF_0000, 0x3FF_1000),
    hpt_shift=23,
    ramdisk_size=0x1234,
)


def domain(*overrides: NodeOverride) -> Domain:
    return Domain(
        name="dom0",
        id=3,
        kernel=Kernel(Path("kernel"), "elf", None, 0),
        initrd=None,
        command_line="console=hvc0",
        memory=GIB,
        vcpus=1,
        roles=abi.Capability(0),
        rma=Rma("auto", 64 * MIB),
        devtree=overrides,
    )


def built(*overrides: NodeOverride) -> Tree:
    """The tree after a round trip through its flat form."""
    return Tree.parse(build_domain_tree(domain(*overrides), LAYOUT).to_dtb(), "domain tree")


def test_root_is_what_linux_probes_for() -> None:
    root = built().root
    assert root.string("device_type") == "chrp"
    assert (root.u32("#address-cells"), root.u32("#size-cells")) == (2, 2)
    assert (root.string("ibm,partition-name"), root.u32("ibm,partition-no")) == ("dom0", 3)


def test_chosen() -> None:
    chosen = built().node("/chosen")
    assert chosen.string("bootargs") == "console=hvc0"
    assert (chosen.u64("linux,initrd-start"), chosen.u64("linux,initrd-end")) == (0x1_2000_0000, 0x1_2000_1234)
    assert chosen.string("stdout-path") == "/vdevice/vty@71000000"
    assert len(chosen.get_raw("ibm,architecture-vec-5") or b"") == 23


def test_no_ramdisk_properties_without_a_ramdisk() -> None:
    tree = build_domain_tree(domain(), replace(LAYOUT, ramdisk=None))
    assert not tree.node("/chosen").has("linux,initrd-start")


def test_ramdisk_smaller_than_its_place() -> None:
    """The rest is kept for the firmware's, which the kernel reserves itself."""
    tree = build_domain_tree(domain(), replace(LAYOUT, ramdisk_size=0x1000))
    assert tree.node("/chosen").u64("linux,initrd-end") == 0x1_2000_1000
    assert (0x1_2000_0000, 0x1000) in tree.reservations
    tree = build_domain_tree(domain(), replace(LAYOUT, ramdisk_size=0))
    assert tree.node("/chosen").u64("linux,initrd-end") == tree.node("/chosen").u64("linux,initrd-start")
    assert len(tree.reservations) == 2


def test_reservations_cover_rtas_tree_and_ramdisk() -> None:
    assert set(built().reservations) == {(0x3FF_0000, 0x1000), (0x3FE_0000, 0x1_0000), (0x1_2000_0000, 0x1234)}


def test_rtas_tokens_and_functions() -> None:
    rtas = built().node("/rtas")
    assert rtas.u32("linux,rtas-base") == rtas.u32("linux,rtas-entry") == LAYOUT.rtas.start
    assert rtas.u32("rtas-size") == abi.RTAS_SIZE
    assert set(abi.RTAS_TOKEN_NAMES) == set(abi.RtasToken)
    for token, name in abi.RTAS_TOKEN_NAMES.items():
        assert rtas.u32(name) == token
    assert rtas.strings("ibm,hypertas-functions") == abi.HYPERTAS_FUNCTIONS


def test_cpu_offers_the_planned_hash_table_and_16_mib_pages() -> None:
    cpu = built().node("/cpus/PowerPC,POWER8@0")
    assert cpu.cells("ibm,pft-size") == (0, 23)
    assert cpu.cells("ibm,segment-page-sizes")[-5:] == (24, 0x100, 1, 24, 0)
    assert cpu.u32("timebase-frequency") == 512_000_000
    features = cpu.get_raw("ibm,pa-features") or b""
    assert len(features) == 26
    assert features[1] == 0
    assert features[2 + 22] & 0x80 == 0, "transactional memory"


def test_interrupts_lead_to_the_controller() -> None:
    tree = built()
    vty = tree.node("/vdevice/vty@71000000")
    assert (vty.u32("reg"), vty.cells("interrupts")) == (abi.VTY_UNIT, (abi.VTY_IRQ, 0))
    controller = tree.node("/interrupt-controller")
    assert controller.u32("phandle") == controller.u32("linux,phandle") != 0
    assert controller.cells("ibm,interrupt-server-ranges") == (0, 1)


def test_nvram() -> None:
    nvram = built().node("/nvram")
    assert (nvram.string("device_type"), nvram.u32("#bytes")) == ("nvram", abi.NVRAM_SIZE)


def test_boot_processor_is_server_0() -> None:
    flat = build_domain_tree(domain(), LAYOUT).to_dtb()
    assert flat[28:32] == bytes(4), "boot_cpuid_phys"


MEMORY_SIZES = [size * MIB for size in (64, 80, 128, 192, 256, 272, 320, 512, 528, 768, 1008, 1024, 3072, 4080, 4096)]


@pytest.mark.parametrize("rma_size", [16 * MIB, 48 * MIB, 64 * MIB, 256 * MIB, 768 * MIB])
@pytest.mark.parametrize("memory", MEMORY_SIZES)
def test_memory_nodes(memory: int, rma_size: int) -> None:
    if rma_size > memory:
        rma_size = memory
    nodes = memory_nodes(memory, rma_size)
    assert nodes[0] == (0, rma_size)
    assert [start for start, _ in nodes] == [sum(size for _, size in nodes[:n]) for n in range(len(nodes))]
    assert sum(size for _, size in nodes) == memory
    assert len(nodes) <= 3
    block = memory_block_size(nodes)
    assert block & (block - 1) == 0, "Linux panics in memory_dev_init"
    assert 16 * MIB <= block <= MAX_BLOCK_SIZE
    assert memory % block == 0


def memory_block_size(nodes: list[tuple[int, int]]) -> int:
    """What Linux 6.1 makes of the nodes (arch/powerpc/platforms/pseries/hotplug-memory.c)."""
    first = nodes[0][1] & 0xFFFF_FFFF
    return dict(nodes).get(first, 16 * MIB) if first else 16 * MIB


@pytest.mark.parametrize("rma_size", [4 * GIB, 5 * GIB, 16 * GIB])
def test_memory_nodes_beyond_32_bits(rma_size: int) -> None:
    nodes = memory_nodes(32 * GIB + 16 * MIB, rma_size)
    assert memory_block_size(nodes) == 16 * MIB


def test_overrides_set_add_and_remove() -> None:
    tree = built(
        NodeOverride("/chosen", remove=False, properties=(("bootargs", b"other\0"), ("stdout-path", None))),
        NodeOverride("/soc/uart@1", remove=False, properties=(("reg", b"\0\0\0\1"),)),
        NodeOverride("/rtas", remove=True, properties=()),
        NodeOverride("/vdevice/vty@71000000", remove=True, properties=()),
    )
    assert tree.node("/chosen").string("bootargs") == "other"
    assert not tree.node("/chosen").has("stdout-path")
    assert tree.node("/soc/uart@1").u32("reg") == 1
    assert tree.root.child("rtas") is None
    assert tree.node("/vdevice").children == ()


@pytest.mark.parametrize(
    "override",
    [
        NodeOverride("/nothing", remove=True, properties=()),
        NodeOverride("/nothing/deeper", remove=True, properties=()),
        NodeOverride("/chosen", remove=False, properties=(("nothing", None),)),
    ],
)
def test_removing_what_is_not_there(override: NodeOverride) -> None:
    with pytest.raises(DeviceTreeError):
        build_domain_tree(domain(override), LAYOUT)
