# SPDX-License-Identifier: BSD-2-Clause
"""Every rule of the device tree scanner, each with the smallest tree that breaks it."""

from __future__ import annotations

import struct

import pytest

from loader import fdtscan
from loader.errors import DeviceTreeError
from loader.fdtscan import scan
from tests.dtbmaker import END, END_NODE, NO_RESERVATIONS, NOP, begin, make_blob, node, prop, tree_of, words

ROOT = node("") + END
STRUCT_START = 40 + 16


def reservation(address: int, size: int) -> bytes:
    return struct.pack(">QQ", address, size)


def test_smallest_tree() -> None:
    facts = scan(make_blob(ROOT), "tree")
    assert (facts.node_count, facts.property_count, facts.reserve_count, facts.depth) == (1, 0, 0, 1)


def test_counts() -> None:
    blob = make_blob(
        node("", prop(0), prop(2, b"abc"), node("x", prop(0), node("y@1")), node("z")) + END,
        b"a\0b\0",
        reservation(0x1000, 0x20) + reservation(0, 1) + reservation(1 << 63, 1 << 63) + NO_RESERVATIONS,
        header={28: 7},
    )
    facts = scan(blob, "tree")
    assert (facts.node_count, facts.property_count, facts.depth, facts.boot_cpu) == (4, 3, 3, 7)
    assert facts.reservations == ((0x1000, 0x20), (0, 1), (1 << 63, 1 << 63))
    assert facts.reserve_count == 3


def test_names_may_share_a_tail() -> None:
    assert scan(tree_of(prop(0), prop(3), strings=b"my-prop\0"), "tree").property_count == 2


def test_blocks_may_come_in_any_order() -> None:
    strings, structure = b"a\0\0\0", node("", prop(0)) + END
    gap = bytes(-len(strings + structure) % 8)
    total = 40 + len(strings + structure + gap + NO_RESERVATIONS)
    header = words(fdtscan.MAGIC, total, 40 + len(strings), 40, total - 16, 17, 16, 0, 2, len(structure))
    assert scan(header + strings + structure + gap + NO_RESERVATIONS, "tree").property_count == 1


def test_free_space_inside_the_total_size_is_fine() -> None:
    blob = make_blob(ROOT) + bytes(100)
    scan(blob[:4] + words(len(blob)) + blob[8:], "tree")


HEADER_FAULTS = {
    "empty": (b"", 0, "0 bytes are too few"),
    "short": (make_blob(ROOT)[:39], 0, "39 bytes are too few"),
    "huge": (make_blob(ROOT) + bytes(fdtscan.MAX_TREE_SIZE), 0, "more than the limit"),
    "magic": (make_blob(ROOT, header={0: 0xEDFE0DD0}), 0, "the magic number is 0xedfe0dd0"),
    "truncated": (make_blob(ROOT)[:-1], 4, "truncated"),
    "trailing": (make_blob(ROOT) + b"\0", 4, "followed by other bytes"),
    "version 16": (make_blob(ROOT, header={20: 16}), 20, "version 16"),
    "version 18": (make_blob(ROOT, header={20: 18}), 20, "version 18"),
    "last compatible": (make_blob(ROOT, header={24: 17}), 24, "last compatible version 17"),
    "reservations in header": (make_blob(ROOT, header={16: 32}), 16, "lies in the header"),
    "reservations not aligned": (make_blob(ROOT, header={16: 44}), 16, "not aligned to 8"),
    "reservations outside": (make_blob(ROOT, header={16: 1 << 31}), 1 << 31, "has no end"),
    "reservations without end": (make_blob(b"", reservations=reservation(1, 2)), 56, "has no end"),
    "reservation empty": (make_blob(ROOT, reservations=reservation(4096, 0) + NO_RESERVATIONS), 40, "is empty"),
    "reservation wraps": (
        make_blob(ROOT, reservations=reservation(1 << 63, (1 << 63) + 1) + NO_RESERVATIONS),
        40,
        "wraps around",
    ),
    "structure not aligned": (make_blob(ROOT, header={8: 58}), 8, "not aligned to 4"),
    "structure size not aligned": (make_blob(ROOT, header={36: 14}), 8, "not aligned to 4"),
    "structure outside": (make_blob(ROOT, header={36: 1 << 20}), 56, "structure block"),
    "structure in header": (make_blob(ROOT, header={8: 36}), 36, "structure block overlaps the header"),
    "structure over reservations": (make_blob(ROOT, header={8: 52}), 52, "overlaps the memory reservation block"),
    "strings outside": (make_blob(ROOT, b"a\0", header={32: 3}), 72, "strings block reaches past the end"),
    "strings over structure": (make_blob(ROOT, b"a\0", header={12: 68}), 68, "strings block overlaps the structure"),
    "strings empty but inside": (make_blob(ROOT, header={12: 60}), 60, "strings block overlaps the structure"),
    "strings too large": (
        make_blob(ROOT, bytes(fdtscan.MAX_STRINGS_SIZE + 1)),
        32,
        "more than the limit of 262144",
    ),
}

LONG = "n" * (fdtscan.MAX_NAME + 1)

STRUCTURE_FAULTS = {
    "nothing": (make_blob(b""), 0, "no FDT_END"),
    "no root": (make_blob(END), 0, "before the root node"),
    "no end": (make_blob(node("")), 12, "no FDT_END"),
    "end inside a node": (make_blob(begin("") + END), 8, "before the root node is complete"),
    "bytes after end": (make_blob(ROOT + words(0)), 16, "4 bytes follow FDT_END"),
    "second root": (make_blob(node("") + node("") + END), 12, "second root"),
    "end node without node": (make_blob(END_NODE + END), 0, "FDT_END_NODE without a node"),
    "unknown tag": (make_blob(words(5) + ROOT), 0, "unknown tag 0x5"),
    "nop": (make_blob(NOP + ROOT), 0, "FDT_NOP is not supported"),
    "root with a name": (make_blob(node("root") + END), 4, "the root node has a name"),
    "node without a name": (tree_of(node("")), 12, "'' is not a node name"),
    "node name with two @": (tree_of(node("a@1@2")), 12, "'a@1@2' is not a node name"),
    "node name without unit": (tree_of(node("a@")), 12, "is not a node name"),
    "node name that is a unit": (tree_of(node("@1")), 12, "is not a node name"),
    "node name with slash": (tree_of(node("a/b")), 12, "is not a node name"),
    "node name with newline": (tree_of(node("a\n")), 12, r"'a\n' is not a node name"),
    "node name not ASCII": (tree_of(node("é")), 12, "is not a node name"),
    "node name too long": (tree_of(node(LONG)), 12, "a node name does not end within 128 bytes"),
    "node name without end": (make_blob(begin("") + words(1) + b"abcd"), 12, "a node name does not end within 4 bytes"),
    "same node twice": (tree_of(node("a"), node("b"), node("a")), 32, "a second node named 'a'"),
    "property outside": (make_blob(prop(0) + ROOT, b"a\0"), 0, "outside any node"),
    "property after root": (make_blob(node("") + prop(0) + END, b"a\0"), 12, "outside any node"),
    "property after child": (tree_of(node("a"), prop(0), strings=b"a\0"), 20, "after a child node"),
    "property header cut": (make_blob(begin("") + words(3, 0), b"a\0"), 8, "reaches past the end"),
    "property value cut": (make_blob(begin("") + words(3, 5, 0) + b"abcd", b"a\0"), 8, "a property of 5 bytes"),
    "property value huge": (make_blob(begin("") + words(3, 0xFFFF_FFFF, 0), b"a\0"), 8, "reaches past the end"),
    "same property twice": (tree_of(prop(0), prop(2), strings=b"a\0a\0"), 20, "a second property named 'a'"),
    "name offset outside": (tree_of(prop(2), strings=b"a\0"), 16, "name offset 0x2 lies outside"),
    "phandle too short": (tree_of(prop(0, b"ab"), strings=b"phandle\0"), 8, "'phandle' has 2 bytes, not 4"),
    "phandle 0": (tree_of(prop(0, words(0)), strings=b"phandle\0"), 8, "0x0 is not a valid phandle"),
    "phandle -1": (tree_of(prop(0, words(0xFFFF_FFFF)), strings=b"phandle\0"), 8, "0xffffffff is not a valid"),
    "phandle twice": (
        tree_of(prop(0, words(5)), node("a", prop(0, words(5))), strings=b"phandle\0"),
        32,
        "two nodes have the phandle 0x5",
    ),
    "phandles differ": (
        tree_of(prop(0, words(5)), prop(6, words(6)), strings=b"linux,phandle\0"),
        24,
        "differ: 0x5 and 0x6",
    ),
    "name property lies": (
        tree_of(node("cpu@0", prop(0, b"cpus\0")), strings=b"name\0"),
        20,
        "contradicts the node's name 'cpu@0'",
    ),
    "too deep": (
        make_blob(begin("") + begin("a") * fdtscan.MAX_DEPTH + END_NODE * (fdtscan.MAX_DEPTH + 1) + END),
        8 * fdtscan.MAX_DEPTH,
        "nested more than 64 deep",
    ),
    "too many children": (
        tree_of(*(node(f"{i:03x}") for i in range(fdtscan.MAX_CHILDREN + 1))),
        8 + 12 * fdtscan.MAX_CHILDREN,
        "more than 1024 children",
    ),
    "too many properties": (
        tree_of(
            *(prop(4 * i) for i in range(fdtscan.MAX_PROPERTIES + 1)),
            strings=b"".join(f"{i:03x}\0".encode() for i in range(fdtscan.MAX_PROPERTIES + 1)),
        ),
        8 + 12 * fdtscan.MAX_PROPERTIES,
        "more than 1024 properties",
    ),
    "too many nodes": (
        tree_of(*(node(f"{i:03x}", *(node(f"{j:03x}") for j in range(1023))) for i in range(129))),
        None,
        f"more than {fdtscan.MAX_NODES} nodes",
    ),
}

STRINGS_FAULTS = {
    "property name empty": (b"\0", "'' is not a property name"),
    "property name with space": (b"a b\0", "'a b' is not a property name"),
    "property name with newline": (b"a\n\0", r"'a\n' is not a property name"),
    "property name not ASCII": (b"\xe9\0", "is not a property name"),
    "property name without end": (b"abc", "a property name does not end within 3 bytes"),
    "property name too long": (LONG.encode() + b"\0", "a property name does not end within 128 bytes"),
}


def refuse(blob: bytes, offset: int | None, complaint: str) -> None:
    with pytest.raises(DeviceTreeError) as caught:
        scan(blob, "tree")
    assert complaint in caught.value.what
    if offset is not None:
        assert caught.value.where == f"tree, byte {offset:#x}"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("blob", "offset", "complaint"), HEADER_FAULTS.values(), ids=HEADER_FAULTS)
def test_header_fault(blob: bytes, offset: int, complaint: str) -> None:
    refuse(blob, offset, complaint)


@pytest.mark.parametrize(("blob", "offset", "complaint"), STRUCTURE_FAULTS.values(), ids=STRUCTURE_FAULTS)
def test_structure_fault(blob: bytes, offset: int | None, complaint: str) -> None:
    refuse(blob, None if offset is None else STRUCT_START + offset, complaint)


@pytest.mark.parametrize(("strings", "complaint"), STRINGS_FAULTS.values(), ids=STRINGS_FAULTS)
def test_strings_fault(strings: bytes, complaint: str) -> None:
    blob = tree_of(prop(0), strings=strings)
    refuse(blob, len(blob) - len(strings), complaint)


def test_long_values_make_short_errors() -> None:
    blob = tree_of(node("cpu", prop(0, b"c" * 100_000)), strings=b"name\0")
    with pytest.raises(DeviceTreeError) as caught:
        scan(blob, "tree")
    assert len(str(caught.value)) < 300


def test_limits_themselves_are_fine() -> None:
    deepest = begin("") + begin("a") * (fdtscan.MAX_DEPTH - 1) + END_NODE * fdtscan.MAX_DEPTH + END
    assert scan(make_blob(deepest), "tree").depth == fdtscan.MAX_DEPTH
    widest = tree_of(*(node(f"{i:03x}") for i in range(fdtscan.MAX_CHILDREN)))
    assert scan(widest, "tree").node_count == fdtscan.MAX_CHILDREN + 1
    groups = [[f"{i:03x}" for i in range(1023)]] * 127 + [[f"{i:03x}" for i in range(1022)]]
    most = tree_of(*(node(f"g{i}", *map(node, names)) for i, names in enumerate(groups)))
    assert scan(most, "tree").node_count == fdtscan.MAX_NODES
    full = make_blob(ROOT, bytes(fdtscan.MAX_STRINGS_SIZE))
    full += bytes(fdtscan.MAX_TREE_SIZE - len(full))
    assert scan(full[:4] + words(len(full)) + full[8:], "tree").node_count == 1
    longest = tree_of(prop(0), node("n" * fdtscan.MAX_NAME), strings=b"p" * fdtscan.MAX_NAME + b"\0")
    assert scan(longest, "tree").node_count == 2


def test_consistent_values_are_fine() -> None:
    names = b"linux,phandle\0name\0"
    scan(tree_of(node("cpu@0", prop(0, words(5)), prop(6, words(5)), prop(14, b"cpu\0")), strings=names), "tree")
