# SPDX-License-Identifier: BSD-2-Clause
"""The device tree model: what goes in comes out, and nothing that does not fit goes in."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fdt
import pytest

from loader import fdtscan, fdtwall
from loader.devtree import Node, Tree, to_dts
from loader.errors import DeviceTreeError, EnvironmentProblem
from tests.dtbmaker import END, make_blob, node, prop, tree_of


@pytest.fixture
def tree() -> Tree:
    return Tree.new("test tree")


def again(tree: Tree) -> Tree:
    return Tree.parse(tree.to_dtb(), "again")


def test_new_tree_is_a_root(tree: Tree) -> None:
    assert (tree.root.name, tree.root.path, tree.root.children, tree.root.properties) == ("", "/", (), ())
    assert tree.to_dtb() == make_blob(node("") + END)


def test_header(tree: Tree) -> None:
    header = struct.unpack(">10I", tree.to_dtb(boot_cpu=5)[:40])
    assert (header[5], header[6], header[7]) == (17, 16, 5)


def test_order_is_kept(tree: Tree) -> None:
    for name in ("zebra", "apple", "mango"):
        tree.root.add(name).set_empty("here")
        tree.root.set_u32(name, 1)
    tree.root.set_u32("zebra", 2)
    for made in (tree, again(tree)):
        assert [child.name for child in made.root.children] == ["zebra", "apple", "mango"]
        assert made.root.properties == ("zebra", "apple", "mango")
        assert made.root.u32("zebra") == 2
        assert [found.path for found in made.root.walk()] == ["/", "/zebra", "/apple", "/mango"]


def test_typed_values(tree: Tree) -> None:
    root = tree.root
    root.set_u32("one", 0xFFFF_FFFF)
    root.set_u64("two", 0xFFFF_FFFF_FFFF_FFFF)
    root.set_cells("cells", (0, 1, 0x4040_4000))
    root.set_u64s("wide", [1, 1 << 63])
    root.set_string("text", "a ~b")
    root.set_string("nothing", "")
    root.set_strings("list", ["a", "", "b"])
    root.set_empty("empty")
    root.set_raw("raw", b"\xff\x00\n")
    for made in (root, again(tree).root):
        assert made.u32("one") == 0xFFFF_FFFF
        assert made.u64("two") == 0xFFFF_FFFF_FFFF_FFFF
        assert made.cells("cells") == (0, 1, 0x4040_4000)
        assert made.u64s("wide") == (1, 1 << 63)
        assert made.cells("wide") == (0, 1, 0x8000_0000, 0)
        assert made.string("text") == "a ~b"
        assert made.string("nothing") == ""
        assert made.strings("list") == ("a", "", "b")
        assert made.get_raw("empty") == b""
        assert made.cells("empty") == ()
        assert made.get_raw("raw") == b"\xff\x00\n"
        assert made.has("empty")
        assert not made.has("missing")
        assert made.get_raw("missing") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"@@@\0",
        b"\x33\x33\x33\x00",
        b"\0",
        b"a\0\0b\0",
        b"a\0b\0",
        b"a\nb\0",
        b"\t\0",
        b"abc",
        b"\0\0\0\x01",
        bytes(8),
        b"",
    ],
)
def test_values_that_look_like_another_type_survive(tree: Tree, raw: bytes) -> None:
    tree.root.set_raw("value", raw)
    assert again(tree).root.get_raw("value") == raw


WRONG_VALUES: dict[str, tuple[Callable[[Node], object], str]] = {
    "u32 too large": (lambda n: n.set_u32("p", 1 << 32), "cannot hold 4294967296 in 32 bits"),
    "u32 negative": (lambda n: n.set_u32("p", -1), "cannot hold -1 in 32 bits"),
    "u64 too large": (lambda n: n.set_u64("p", 1 << 64), "in 64 bits"),
    "a truth value": (lambda n: n.set_u32("p", True), "cannot hold True in 32 bits"),
    "no integer": (lambda n: n.set_u32("p", "1"), "cannot hold '1' in 32 bits"),  # type: ignore[arg-type]
    "one cell too large": (lambda n: n.set_cells("p", [1, 1 << 32]), "cannot hold 4294967296 in 32 bits"),
    "no cells": (lambda n: n.set_cells("p", []), "takes at least one number"),
    "no u64s": (lambda n: n.set_u64s("p", []), "takes at least one number"),
    "NUL": (lambda n: n.set_string("p", "a\0b"), r"cannot hold 'a\x00b'"),
    "newline": (lambda n: n.set_string("p", "a\n"), r"cannot hold 'a\n'"),
    "DEL": (lambda n: n.set_string("p", "\x7f"), r"cannot hold '\x7f'"),
    "not ASCII": (lambda n: n.set_strings("p", ["a", "é"]), "cannot hold 'é'"),
    "no string": (lambda n: n.set_string("p", 1), "cannot hold 1"),  # type: ignore[arg-type]
    "no strings": (lambda n: n.set_strings("p", []), "takes a list of at least one string, not []"),
    "a string for a list": (lambda n: n.set_strings("p", "ab"), "takes a list of at least one string, not 'ab'"),
    "text for bytes": (lambda n: n.set_raw("p", "ab"), "takes bytes, not str"),  # type: ignore[arg-type]
    "property name empty": (lambda n: n.set_empty(""), "'' is not a property name"),
    "property name with space": (lambda n: n.set_u32("a b", 1), "'a b' is not a property name"),
    "property name with @": (lambda n: n.set_u32("a@1", 1), "'a@1' is not a property name"),
    "property name not ASCII": (lambda n: n.set_empty("é"), "is not a property name"),
    "property name too long": (lambda n: n.set_empty("p" * 128), "is not a property name"),
    "property name the library drops": (lambda n: n.set_empty("a_with_references"), "names ending in"),
    "delete nothing": (lambda n: n.delete("p"), "no property 'p'"),
    "node name empty": (lambda n: n.add(""), "'' is not a node name"),
    "node name root": (lambda n: n.add("/"), "'/' is not a node name"),
    "node name with slash": (lambda n: n.add("a/b"), "'a/b' is not a node name"),
    "node name with two @": (lambda n: n.add("a@1@2"), "'a@1@2' is not a node name"),
    "node name with newline": (lambda n: n.add("a\n"), r"'a\n' is not a node name"),
    "node name not ASCII": (lambda n: n.add("é"), "is not a node name"),
    "node name too long": (lambda n: n.add("n" * 128), "is not a node name"),
    "node twice": (lambda n: (n.add("a"), n.add("a")), "a second child named 'a'"),
    "remove nothing": (lambda n: n.remove_child("a"), "no child named 'a'"),
}


@pytest.mark.parametrize(("action", "complaint"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_wrong_value(tree: Tree, action: Callable[[Node], object], complaint: str) -> None:
    with pytest.raises(DeviceTreeError) as caught:
        action(tree.node("/a@1/b", create=True))
    assert complaint in caught.value.what
    assert caught.value.where == "test tree, /a@1/b"


WRONG_SHAPES: dict[str, tuple[bytes, Callable[[Node, str], object], str]] = {
    "u32": (b"abc", Node.u32, "has 3 bytes, not 4"),
    "u32 of two cells": (bytes(8), Node.u32, "has 8 bytes, not 4"),
    "u64": (bytes(4), Node.u64, "has 4 bytes, not 8"),
    "cells": (bytes(6), Node.cells, "has 6 bytes, not a multiple of 4"),
    "u64s": (bytes(12), Node.u64s, "has 12 bytes, not a multiple of 8"),
    "string without end": (b"abc", Node.string, "it does not end in a NUL"),
    "empty string list": (b"", Node.strings, "it does not end in a NUL"),
    "string with control character": (b"a\x01\0", Node.string, "bytes that do not print"),
    "string with DEL": (b"a\x7f\0", Node.string, "bytes that do not print"),
    "string not ASCII": ("é".encode() + b"\0", Node.strings, "bytes that do not print"),
    "two strings": (b"a\0b\0", Node.string, "holds 2 strings, not one"),
}


@pytest.mark.parametrize(("raw", "getter", "complaint"), WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_wrong_shape(tree: Tree, raw: bytes, getter: Callable[[Node, str], object], complaint: str) -> None:
    tree.root.set_raw("p", raw)
    with pytest.raises(DeviceTreeError, match=complaint):
        getter(tree.root, "p")


@pytest.mark.parametrize("getter", [Node.u32, Node.u64, Node.cells, Node.u64s, Node.string, Node.strings])
def test_missing_property(tree: Tree, getter: Callable[[Node, str], object]) -> None:
    with pytest.raises(DeviceTreeError, match=r"^test tree, /: no property 'p'$"):
        getter(tree.root, "p")


def test_delete_and_remove(tree: Tree) -> None:
    tree.root.add("a").add("b")
    tree.root.set_u32("p", 1)
    tree.root.remove_child("a")
    tree.root.delete("p")
    assert tree.root.child("a") is None
    assert tree.to_dtb() == Tree.new().to_dtb()


def test_limits(tree: Tree) -> None:
    deep = tree.root
    for _ in range(fdtscan.MAX_DEPTH - 1):
        deep = deep.add("n")
    with pytest.raises(DeviceTreeError, match="nested more than 64 deep"):
        deep.add("n")
    for index in range(fdtscan.MAX_CHILDREN - 1):
        tree.root.add(f"c{index}")
    with pytest.raises(DeviceTreeError, match="more than 1024 children"):
        tree.root.add("last")
    for index in range(fdtscan.MAX_PROPERTIES):
        deep.set_empty(f"p{index}")
    deep.set_u32("p0", 1)
    tree.node("/n").add("n" * fdtscan.MAX_NAME).set_empty("p" * fdtscan.MAX_NAME)
    with pytest.raises(DeviceTreeError, match="more than 1024 properties"):
        deep.set_empty("last")
    assert again(tree).to_dtb() == tree.to_dtb()


def test_paths(tree: Tree) -> None:
    made = tree.node("/cpus/cpu@0", create=True)
    assert made.path == "/cpus/cpu@0"
    assert tree.node("/cpus/cpu@0") is made
    assert tree.node("/") is tree.root
    assert tree.root.child("cpus") is tree.node("/cpus")
    for path, complaint in (
        ("cpus", "does not start with /"),
        ("", "does not start with /"),
        ("/cpu", "no node '/cpu'"),
        ("/cpus/", "no node '/cpus/'"),
        ("//cpus", "no node '//cpus'"),
        ("/cpus/cpu", "no node '/cpus/cpu'"),
    ):
        with pytest.raises(DeviceTreeError, match=complaint):
            tree.node(path)
    with pytest.raises(DeviceTreeError, match="'' is not a node name"):
        tree.node("/cpus/", create=True)


def test_reservations(tree: Tree) -> None:
    tree.reserve(0x1000, 0x2000)
    tree.reserve(1 << 63, 1 << 63)
    tree.reserve(0, 1)
    for made in (tree, again(tree)):
        assert made.reservations == ((0x1000, 0x2000), (1 << 63, 1 << 63), (0, 1))


@pytest.mark.parametrize(
    ("address", "size"),
    [(0, 0), (4096, 0), (-1, 2), (1, -1), (1 << 64, 1), (0, 1 << 64), (1 << 63, (1 << 63) + 1)],
)
def test_wrong_reservation(tree: Tree, address: int, size: int) -> None:
    with pytest.raises(DeviceTreeError, match="cannot reserve"):
        tree.reserve(address, size)


def test_trees_do_not_share_reservations() -> None:
    with_one = make_blob(node("") + END, reservations=struct.pack(">4Q", 4096, 4096, 0, 0))
    for _ in range(3):
        assert Tree.parse(with_one, "tree").reservations == ((4096, 4096),)
        assert Tree.new().reservations == ()
        assert Tree.new().to_dtb() == make_blob(node("") + END)
    assert fdt.FDT().entries == []


def test_phandles(tree: Tree) -> None:
    assert tree.new_phandle() == 1
    assert tree.new_phandle() == 2
    tree.root.add("a").set_u32("phandle", 0x1111)
    tree.root.add("b").set_u32("linux,phandle", 0x2222)
    assert tree.new_phandle() == 0x2223
    assert again(tree).new_phandle() == 0x2223
    tree.root.add("c").set_u32("phandle", 0xFFFF_FFFE)
    with pytest.raises(DeviceTreeError, match="all phandles are taken"):
        tree.new_phandle()


def test_phandle_of_a_wrong_size(tree: Tree) -> None:
    tree.root.set_raw("phandle", b"ab")
    with pytest.raises(DeviceTreeError, match="'phandle' has 2 bytes, not 4"):
        tree.new_phandle()


def test_output_is_scanned(tree: Tree) -> None:
    tree.root.add("a").set_u32("phandle", 1)
    tree.root.add("b").set_u32("phandle", 1)
    with pytest.raises(DeviceTreeError, match="two nodes have the phandle 0x1"):
        tree.to_dtb()


def test_output_has_a_limit(tree: Tree) -> None:
    tree.root.set_raw("p", bytes(fdtscan.MAX_TREE_SIZE))
    with pytest.raises(DeviceTreeError, match="more than the limit"):
        tree.to_dtb()


def test_boot_cpu_is_kept(tree: Tree) -> None:
    parsed = Tree.parse(tree.to_dtb(boot_cpu=16), "tree")
    assert parsed.boot_cpu == 16
    assert again(parsed).boot_cpu == 16
    assert Tree.parse(parsed.to_dtb(boot_cpu=0), "tree").boot_cpu == 0


def test_pad(tree: Tree) -> None:
    tree.root.set_empty("p")
    plain, padded = tree.to_dtb(), tree.to_dtb(pad=100)
    assert padded[8:] == plain[8:] + bytes(100)
    assert struct.unpack_from(">I", padded, 4) == (len(plain) + 100,)


@pytest.mark.parametrize("numbers", [{"boot_cpu": -1}, {"boot_cpu": 1 << 32}, {"pad": -1}, {"pad": 1 << 32}])
def test_wrong_numbers_for_output(tree: Tree, numbers: dict[str, int]) -> None:
    with pytest.raises(DeviceTreeError, match="out of range"):
        tree.to_dtb(**numbers)


def test_parse_scans() -> None:
    with pytest.raises(DeviceTreeError, match=r"^file\.dtb, byte 0x0: 3 bytes are too few"):
        Tree.parse(b"abc", "file.dtb")


def test_parse_refuses_names_the_library_drops() -> None:
    with pytest.raises(DeviceTreeError, match="names ending in '_with_references'"):
        Tree.parse(tree_of(prop(0), strings=b"x_with_references\0"), "tree")


@pytest.mark.parametrize("kind", [Exception, AssertionError, RecursionError, IndexError, MemoryError])
def test_library_errors_do_not_escape(tree: Tree, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise kind("inside")

    blob = tree.to_dtb()
    monkeypatch.setattr(fdt, "parse_dtb", fail)
    monkeypatch.setattr(fdt.FDT, "to_dtb", fail)
    with pytest.raises(DeviceTreeError, match="cannot read the tree"):
        Tree.parse(blob, "tree")
    with pytest.raises(DeviceTreeError, match="cannot write the tree"):
        tree.to_dtb()


def test_a_library_that_finds_less_is_caught(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = tree.to_dtb()
    nothing = fdt.FDT(entries=[])
    nothing.root = None
    monkeypatch.setattr(fdt, "parse_dtb", lambda _: nothing)
    with pytest.raises(DeviceTreeError, match="no root node"):
        Tree.parse(blob, "tree")
    monkeypatch.setattr(fdtwall, "read_blob", lambda *_: (1, 1))
    with pytest.raises(DeviceTreeError, match="the fdt library read"):
        Tree.parse(blob, "tree")


def test_to_dts(tree: Tree) -> None:
    tree.reserve(0x1000, 0x2000)
    tree.node("/chosen", create=True).set_string("bootargs", 'a "quoted" word')
    text = to_dts(tree)
    assert text.startswith("/dts-v1/;")
    assert "/memreserve/\t0x0000000000001000 0x0000000000002000;" in text
    assert r'bootargs = "a \"quoted\" word";' in text


def test_to_dts_keeps_strings_apart(tree: Tree) -> None:
    tree.root.set_strings("list", ["a", "1", "\\0", '"', ""])
    assert r'list = "a", "1", "\\0", "\"", "";' in to_dts(tree)


def test_to_dts_without_dtc(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EnvironmentProblem, match="dtc is missing; install the package device-tree-compiler"):
        to_dts(tree)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [("exit 1", "status 1"), ("echo FATAL: no >&2; exit 2", "FATAL: no")],
)
def test_to_dts_when_dtc_refuses(
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    program: str,
    complaint: str,
) -> None:
    stand_in = tmp_path / "dtc"
    stand_in.write_text(f"#!/bin/sh\ncat >/dev/null\n{program}\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(stand_in))
    with pytest.raises(DeviceTreeError, match=f"^test tree: dtc refuses the tree: {complaint}$"):
        to_dts(tree)
