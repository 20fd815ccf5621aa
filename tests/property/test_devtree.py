# SPDX-License-Identifier: BSD-2-Clause
"""Trees survive the way out and back, and damage never becomes a wrong tree or a strange exception."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.devtree import Node, Tree
from loader.errors import DeviceTreeError
from loader.fdtscan import scan
from tests.dtbmaker import with_true_size
from tests.mutations import Mutation, attempt, mutate, mutation_lists
from tests.treestrategies import REAL_TREES, SHAPED_NAMES, texts, trees

SMALL_SEEDS = [path.read_bytes() for path in REAL_TREES if path.stat().st_size < 8192]


def flatten(tree: Tree) -> list[tuple[str, list[tuple[str, bytes | None]]]]:
    """Everything about the nodes, in order."""
    return [(node.path, [(name, node.get_raw(name)) for name in node.properties]) for node in tree.root.walk()]


@settings(max_examples=150)
@given(trees())
def test_round_trip(tree: Tree) -> None:
    blob = tree.to_dtb()
    back = Tree.parse(blob, "back")
    assert flatten(back) == flatten(tree)
    assert (back.reservations, back.boot_cpu) == (tree.reservations, tree.boot_cpu)
    assert back.to_dtb() == blob
    facts = scan(blob, "blob")
    assert facts.node_count == len(flatten(tree))
    assert facts.property_count == sum(len(properties) for _, properties in flatten(tree))


@settings(max_examples=300)
@given(st.sampled_from(SMALL_SEEDS), mutation_lists())
def test_damaged_trees(seed: bytes, mutations: list[Mutation]) -> None:
    check_damaged(with_true_size(mutate(seed, mutations)))


@settings(max_examples=200)
@given(trees(), mutation_lists(2))
def test_damaged_generated_trees(tree: Tree, mutations: list[Mutation]) -> None:
    check_damaged(with_true_size(mutate(tree.to_dtb(), mutations)))


def check_damaged(blob: bytes) -> None:
    tree = attempt(lambda: Tree.parse(blob, "damaged"))
    if not isinstance(tree, Tree):
        assert isinstance(tree, DeviceTreeError)
        assert tree.where.startswith("damaged")
        return
    back = Tree.parse(tree.to_dtb(), "back")
    assert flatten(back) == flatten(tree)
    assert back.reservations == tree.reservations


@pytest.fixture(scope="module")
def node() -> Node:
    return Tree.new().root


@settings(max_examples=200)
@given(value=st.integers(-(1 << 65), 1 << 65))
def test_numbers_fit_or_are_refused(node: Node, value: int) -> None:
    for bits, put, get in ((32, node.set_u32, node.u32), (64, node.set_u64, node.u64)):
        if 0 <= value < 1 << bits:
            put("p", value)
            assert get("p") == value
            assert node.get_raw("p") == value.to_bytes(bits // 8, "big")
        else:
            with pytest.raises(DeviceTreeError):
                put("p", value)


@settings(max_examples=200)
@given(values=st.lists(st.integers(0, (1 << 64) - 1), min_size=1))
def test_lists_of_numbers(node: Node, values: list[int]) -> None:
    node.set_u64s("p", values)
    assert node.u64s("p") == tuple(values)
    assert node.cells("p") == tuple(part for value in values for part in (value >> 32, value & 0xFFFF_FFFF))


@settings(max_examples=200)
@given(values=st.lists(texts, min_size=1))
def test_lists_of_strings(node: Node, values: list[str]) -> None:
    node.set_strings("p", values)
    assert node.strings("p") == tuple(values)


@settings(max_examples=300)
@given(name=st.one_of(st.text(max_size=6), st.sampled_from(sorted(SHAPED_NAMES))))
def test_any_name_is_usable_or_refused(name: str) -> None:
    tree = Tree.new()
    attempt(lambda: tree.root.add(name))
    attempt(lambda: tree.root.set_empty(name))
    blob = attempt(tree.to_dtb)
    if isinstance(blob, bytes):
        assert flatten(Tree.parse(blob, "back")) == flatten(tree)
    else:
        assert name in SHAPED_NAMES
