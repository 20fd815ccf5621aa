# SPDX-License-Identifier: BSD-2-Clause
"""The boot overlay speaks the binding of docs/boot-protocol.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader import abi
from loader.devtree import Tree
from loader.layout import DomainLayout, Load, Range
from loader.manifest import Domain, Kernel, Rma
from loader.multiboot import read_head
from loader.overlay import DomainModules, Module, build_overlay
from loader.units import MIB
from tests.lintcases import build

LOADS = (Load(0x1_0000, 0, 0x300, 0x400), Load(0x2_0000, 0x1_0000_0000, 0, 0x1000))


def domain_modules(roles: abi.Capability) -> DomainModules:
    domain = Domain(
        name="dom0",
        id=2,
        kernel=Kernel(Path("kernel"), "elf", None, 0),
        initrd=None,
        command_line="console=hvc0",
        memory=80 * MIB,
        vcpus=1,
        roles=roles,
        rma=Rma("vrma", 64 * MIB),
        devtree=(),
    )
    layout = DomainLayout(
        kernel=LOADS,
        entry=0x40,
        ramdisk=None,
        device_tree=Range("device tree", 0x3FE_0000, 0x3FF_0000),
        rtas=Range("RTAS", 0x3FF_0000, 0x3FF_1000),
        hpt_shift=20,
    )
    modules = (
        Module(abi.EntryType.KERNEL, 0x4000, 0x12345, LOADS),
        Module(abi.EntryType.DEVICE_TREE, 0x1_7000, 0x99, (Load(0, 0x3FE_0000, 0x99, 0x99),)),
    )
    return DomainModules(domain, layout, modules, "console=hvc0")


NO_ROLES = abi.Capability(0)


def overlay(roles: abi.Capability = NO_ROLES) -> Tree:
    return Tree.parse(build_overlay("loud", [domain_modules(roles)]), "overlay")


def test_fragment_targets_chosen() -> None:
    tree = overlay()
    assert [node.name for node in tree.root.children] == ["fragment@0"]
    assert tree.node("/fragment@0").string("target-path") == "/chosen"
    assert tree.node("/fragment@0/__overlay__").string("xen,xen-bootargs") == "loud"


def test_domain_node() -> None:
    node = overlay().node("/fragment@0/__overlay__/dom0")
    assert node.string("compatible") == "xen,domain"
    assert (node.u32("#address-cells"), node.u32("#size-cells")) == (2, 2)
    assert node.u64("memory") == 80 * 1024
    assert node.u32("cpus") == 1
    assert node.u32("roundpeg,domain-id") == 2
    assert node.string("roundpeg,rma-mode") == "vrma"
    assert node.u64("roundpeg,rma-size") == 64 * MIB
    assert node.u32("roundpeg,hpt-shift") == 20
    assert node.u64("roundpeg,entry") == 0x40
    assert node.u64s("roundpeg,rtas") == (0x3FF_0000, 0x1000)
    assert not node.has("capabilities")


def test_capabilities() -> None:
    roles = abi.Capability.CONTROL | abi.Capability.HARDWARE
    assert overlay(roles).node("/fragment@0/__overlay__/dom0").u32("capabilities") == 3


def test_modules() -> None:
    kernel, tree = overlay().node("/fragment@0/__overlay__/dom0").children
    assert (kernel.name, tree.name) == ("module@4000", "module@17000")
    assert kernel.strings("compatible") == ("multiboot,kernel", "multiboot,module")
    assert tree.strings("compatible") == ("multiboot,device-tree", "multiboot,module")
    assert kernel.u64s("reg") == (0x4000, 0x12345)
    assert kernel.string("bootargs") == "console=hvc0"
    assert not tree.has("bootargs")
    assert kernel.u64s("roundpeg,segments") == (
        *(0x1_0000, 0, 0x300, 0x400),
        *(0x2_0000, 0x1_0000_0000, 0, 0x1000),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("bootargs='other words'", "other words"),
        ("bootargs=false", None),
        ("bootargs={ bytes = '41' }", None),
        ("bootargs=['two', 'strings']", None),
        ("unrelated=1", "console=hvc0"),
    ],
)
def test_the_kernel_gets_what_its_domains_tree_says(change: str, words: str | None, tmp_path: Path) -> None:
    """The hypervisor puts the module's words into the tree: a recipe's own must not be undone by that."""
    image = build(tmp_path, f'domain.dom0.devtree."/chosen".{change}')
    data, head = image.read_bytes(), read_head(image)
    contents = {entry.name: data[abi.IMAGE_FILE_OFFSET + entry.offset :][: entry.size] for entry in head.entries}
    tree = Tree.parse(contents["dom0/device-tree"], "the domain's tree").node("/chosen")
    domain = Tree.parse(contents["boot-overlay"], "overlay").node("/fragment@0/__overlay__/dom0")
    (kernel,) = [node for node in domain.children if "multiboot,kernel" in node.strings("compatible")]
    assert kernel.get_raw("bootargs") == (None if words is None else words.encode() + b"\0")
    assert words is None or tree.string("bootargs") == words
