# SPDX-License-Identifier: BSD-2-Clause
"""Hypothesis strategies for device trees, and the real trees under tests/data."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TypeAlias

from hypothesis import strategies as st

from loader.devtree import Node, Tree

REAL_TREES = tuple(sorted((Path(__file__).parent / "data" / "devicetrees").glob("*.dtb")))

Content: TypeAlias = tuple[dict[str, bytes], dict[str, "Content"]]

_NAME = string.ascii_letters + string.digits + ",._+-"
SHAPED_NAMES = frozenset(
    ("name", "phandle", "linux,phandle", "interrupt-parent", "#address-cells", "#size-cells", "#interrupt-cells"),
)
"""Properties whose values the scanner checks."""

node_names = st.builds(
    lambda name, unit: f"{name}@{unit}" if unit else name,
    st.text(_NAME, min_size=1, max_size=12),
    st.text(_NAME, max_size=8),
)
property_names = st.text(_NAME + "?#", min_size=1, max_size=12).filter(
    lambda name: name not in SHAPED_NAMES and not name.endswith("_with_references"),
)
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=10)
values = st.one_of(
    st.binary(max_size=12),
    st.lists(texts, min_size=1, max_size=3).map(lambda parts: b"".join(part.encode() + b"\0" for part in parts)),
    st.lists(st.integers(0, 0xFFFF_FFFF), max_size=3).map(lambda n: b"".join(v.to_bytes(4, "big") for v in n)),
)
contents: st.SearchStrategy[Content] = st.recursive(
    st.dictionaries(property_names, values, max_size=4).map(lambda properties: (properties, {})),
    lambda below: st.tuples(
        st.dictionaries(property_names, values, max_size=4),
        st.dictionaries(node_names, below, max_size=3),
    ),
    max_leaves=12,
)
"""(properties, children) of a node, children being of the same shape."""
reservations = st.lists(st.tuples(st.integers(0, (1 << 63) - 1), st.integers(1, 1 << 63)), max_size=3)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree made through the public interface, with any legal names, values and phandles."""
    tree = Tree.new("generated")
    _fill(tree.root, draw(contents))
    for address, size in draw(reservations):
        tree.reserve(address, size)
    tree.boot_cpu = draw(st.integers(0, 0xFFFF_FFFF))
    for node in list(tree.root.walk())[:: draw(st.integers(1, 4))]:
        node.set_u32("phandle", tree.new_phandle())
    return tree


def _fill(node: Node, content: Content) -> None:
    properties, children = content
    for name, value in properties.items():
        node.set_raw(name, value)
    for name, below in children.items():
        _fill(node.add(name), below)
