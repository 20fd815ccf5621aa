# SPDX-License-Identifier: BSD-2-Clause
"""dtc, libfdt and our trees agree, on real trees, on generated ones and on damaged ones."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import libfdt
import pytest
from hypothesis import given, settings

from loader.devtree import Tree, to_dts
from loader.fdtscan import ScanFacts, scan
from tests.dtbmaker import with_true_size
from tests.mutations import EDGE_VALUES, KINDS, Mutation, attempt, mutate
from tests.treestrategies import REAL_TREES, trees

Flat = list[tuple[str, list[tuple[str, bytes | None]]]]

MACHINES = ("powernv8", "powernv9", "pseries")
DAMAGED_TREES = 60
SOURCE = """/dts-v1/;
/memreserve/ 0x1000 0x2000;
/ {
    #address-cells = <2>;
    #size-cells = <1>;
    compatible = "a,b", "c";
    bytes = [00 ff 10];
    bits = /bits/ 64 <0x123456789abcdef0 1>;
    looks-like-text = <0x40404000>;
    pic: pic@1,f { reg = <0 1 2>; empty; };
    user { uses = <&pic>; path = &pic; text = "quote \\" and // no comment"; };
};
"""


def dtc(source: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """dtc's verdict; it must not fail."""
    result = subprocess.run(["dtc", *arguments], input=source, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result


def normal(blob: bytes) -> bytes:
    """The tree as dtc itself writes it."""
    return dtc(blob, "-q", "-I", "dtb", "-O", "dtb").stdout


def flatten(tree: Tree) -> Flat:
    return [(node.path, [(name, node.get_raw(name)) for name in node.properties]) for node in tree.root.walk()]


def flatten_by_libfdt(blob: bytes) -> Flat:
    assert libfdt.fdt_check_full(bytearray(blob), len(blob)) == 0
    tree = libfdt.FdtRo(blob)
    found: Flat = []
    node = depth = 0
    while node >= 0 and depth >= 0:
        properties: list[tuple[str, bytes | None]] = []
        offset = tree.first_property_offset(node, libfdt.QUIET_NOTFOUND)
        while offset >= 0:
            item = tree.get_property_by_offset(offset)
            properties.append((item.name, bytes(item)))
            offset = tree.next_property_offset(offset, libfdt.QUIET_NOTFOUND)
        found.append((tree.get_path(node), properties))
        node, depth = tree.next_node(node, depth, libfdt.QUIET_NOTFOUND)
    return found


def check_agreement(blob: bytes) -> None:
    """Our reading and libfdt's are the same; what we write, dtc finds as good as the original and the same."""
    tree = Tree.parse(blob, "tree")
    ours = tree.to_dtb()
    assert flatten(tree) == flatten_by_libfdt(blob) == flatten_by_libfdt(ours)
    assert list(tree.reservations) == reservations_by_libfdt(blob) == reservations_by_libfdt(ours)
    theirs, mine = (dtc(tree, "-I", "dtb", "-O", "dts") for tree in (blob, ours))
    assert mine.stdout == theirs.stdout
    assert mine.stderr == theirs.stderr
    written_by_dtc = normal(blob)
    assert Tree.parse(written_by_dtc, "dtc").to_dtb() == written_by_dtc


def reservations_by_libfdt(blob: bytes) -> list[tuple[int, int]]:
    tree = libfdt.FdtRo(blob)
    return [tuple(tree.get_mem_rsv(index)) for index in range(tree.num_mem_rsv())]


@pytest.mark.parametrize("path", REAL_TREES, ids=lambda path: path.name)
def test_real_tree(path: Path) -> None:
    check_agreement(path.read_bytes())


@pytest.mark.parametrize("machine", MACHINES)
def test_tree_of_the_emulator(machine: str, tmp_path: Path) -> None:
    path = tmp_path / "tree.dtb"
    emulator = ["qemu-system-ppc64", "-M", f"{machine},dumpdtb={path}", "-nodefaults", "-display", "none"]
    subprocess.run(emulator, check=True, capture_output=True, timeout=60)
    check_agreement(path.read_bytes())


def test_there_are_real_trees() -> None:
    assert len(REAL_TREES) >= 4


@pytest.mark.parametrize("symbols", [(), ("-@",)], ids=["plain", "symbols"])
def test_source_compiled_by_dtc(symbols: tuple[str, ...]) -> None:
    blob = dtc(SOURCE.encode(), "-q", "-I", "dts", "-O", "dtb", *symbols).stdout
    tree = Tree.parse(blob, "source")
    assert tree.to_dtb() == blob
    assert tree.reservations == ((0x1000, 0x2000),)
    root = tree.root
    assert root.u32("#address-cells") == 2
    assert root.strings("compatible") == ("a,b", "c")
    assert root.get_raw("bytes") == b"\x00\xff\x10"
    assert root.u64s("bits") == (0x123456789ABCDEF0, 1)
    assert root.u32("looks-like-text") == 0x40404000
    assert tree.node("/user").u32("uses") == tree.node("/pic@1,f").u32("phandle")
    assert tree.node("/user").string("path") == "/pic@1,f"
    assert tree.node("/user").string("text") == 'quote " and // no comment'
    assert tree.new_phandle() == tree.node("/pic@1,f").u32("phandle") + 1
    assert (root.child("__symbols__") is not None) == bool(symbols)
    check_agreement(blob)


@settings(max_examples=40)
@given(trees())
def test_generated_tree(tree: Tree) -> None:
    blob = tree.to_dtb()
    assert flatten_by_libfdt(blob) == flatten(tree)
    assert normal(blob) == blob


@settings(max_examples=40)
@given(trees())
def test_text_and_back(tree: Tree) -> None:
    compiled = dtc(to_dts(tree).encode(), "-q", "-I", "dts", "-O", "dtb", "-b", str(tree.boot_cpu)).stdout
    assert compiled == tree.to_dtb()


def test_room_for_editing_is_usable() -> None:
    blob = Tree.parse(REAL_TREES[0].read_bytes(), "tree").to_dtb(pad=256)
    tree = libfdt.Fdt(blob)
    tree.setprop(0, "added", bytes(100))
    assert bytes(tree.getprop(0, "added")) == bytes(100)
    assert Tree.parse(bytes(tree.as_bytearray()), "edited").root.get_raw("added") == bytes(100)


def test_what_the_scanner_accepts_dtc_accepts() -> None:
    generator = random.Random(20261122)
    seeds = [path.read_bytes() for path in REAL_TREES]
    accepted = 0
    while accepted < DAMAGED_TREES:
        mutations = [
            Mutation(
                generator.choice(KINDS),
                generator.randrange(1 << 20),
                generator.choice([*EDGE_VALUES, generator.randrange(1 << 32)]),
            )
            for _ in range(generator.randint(1, 3))
        ]
        blob = with_true_size(mutate(generator.choice(seeds), mutations))
        if isinstance(attempt(lambda blob=blob: scan(blob, "damaged")), ScanFacts):  # type: ignore[misc]
            accepted += 1
            normal(blob)
