# SPDX-License-Identifier: BSD-2-Clause
"""A strict reader's eye over a flattened device tree, before any other code touches it.

One pass over the bytes, no recursion, no copies, no dependency.  It accepts version 17 as the Devicetree Specification
(v0.4, chapter 5) lays it out, and beyond that refuses what dtc refuses: duplicate names, bad phandles and cell counts,
a `name` property that lies.  All numbers in a tree are big-endian; all offsets in errors count from its first byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import Struct
from typing import Final, NoReturn

from loader.errors import DeviceTreeError

MAGIC: Final = 0xD00DFEED
VERSION: Final = 17
LAST_COMPATIBLE_VERSION: Final = 16
HEADER_SIZE: Final = 40

MAX_TREE_SIZE: Final = 4 << 20
"""Bytes; twenty times the largest real tree we have seen, and room for 100,000 nodes with a property each."""
MAX_STRINGS_SIZE: Final = 256 << 10
MAX_DEPTH: Final = 64
"""Nodes on the longest path, the root included."""
MAX_NODES: Final = 131072
MAX_CHILDREN: Final = 1024
"""Children of one node."""
MAX_PROPERTIES: Final = 1024
"""Properties of one node; the fdt library compares each new sibling with all others, so both bound its time."""
MAX_NAME: Final = 127
"""The specification says 31, but firmware of this platform has longer property names."""
MAX_PATH: Final = 511
"""Bytes of a node's full path: what names nodes by their paths needs that much for each."""
INVALID_PHANDLES: Final = (0, 0xFFFF_FFFF)

NODE_NAME: Final = re.compile(rb"[0-9A-Za-z,._+\-]+(@[0-9A-Za-z,._+\-]+)?")
"""Specification, section 2.2.1: a name, and optionally one `@` with a unit address."""
PROPERTY_NAME: Final = re.compile(rb"[0-9A-Za-z,._+?#\-]+")
"""Specification, section 2.2.4.1."""

_BEGIN_NODE, _END_NODE, _PROP, _NOP, _END = 1, 2, 3, 4, 9
_PHANDLES: Final = frozenset({b"phandle", b"linux,phandle"})
_ONE_CELL: Final = _PHANDLES | {b"#address-cells", b"#size-cells", b"#interrupt-cells", b"interrupt-parent"}
"""What walkers of a tree read as one cell without looking at its length; dtc refuses other lengths, or aborts."""
_HEADER = Struct(">10I")
_WORD = Struct(">I")
_WORD_PAIR = Struct(">II")
_RESERVATION = Struct(">QQ")


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """What one pass over a tree found.

    depth         nodes on the longest path, 1 for a tree that is only a root
    boot_cpu      `boot_cpuid_phys` of the header
    reservations  (address, size) pairs in bytes, in source order, without the terminator
    """

    node_count: int
    property_count: int
    depth: int
    boot_cpu: int
    reservations: tuple[tuple[int, int], ...]

    @property
    def reserve_count(self) -> int:
        """Entries of the memory reservation block, without the terminator."""
        return len(self.reservations)


def scan(data: bytes, where: str) -> ScanFacts:
    """Check every byte's place in the tree `data`; `where` names the source in errors.

    Raises DeviceTreeError at the first offence, with its byte offset.
    """
    return _Scanner(data, where).run()


@dataclass(slots=True)
class _OpenNode:
    """A node whose end has not been seen."""

    name: bytes
    path_size: int
    properties: set[bytes]
    children: set[bytes]
    phandle: int | None = None


class _Scanner:
    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where
        self.names: dict[int, bytes] = {}
        self.phandles: set[int] = set()
        self.stack: list[_OpenNode] = []
        self.node_count = 0
        self.property_count = 0
        self.depth = 0

    def fail(self, offset: int, what: str, hint: str = "") -> NoReturn:
        raise DeviceTreeError(what, f"{self.where}, byte {offset:#x}", hint)

    def run(self) -> ScanFacts:
        self.read_header()
        reservations = self.read_reservations()
        self.check_blocks(len(reservations))
        self.read_structure()
        return ScanFacts(self.node_count, self.property_count, self.depth, self.boot_cpu, reservations)

    def read_header(self) -> None:
        size = len(self.data)
        if size < HEADER_SIZE:
            self.fail(0, f"{size} bytes are too few for a device tree")
        if size > MAX_TREE_SIZE:
            self.fail(0, f"the tree has {size} bytes, more than the limit of {MAX_TREE_SIZE}")
        (
            magic,
            self.total_size,
            self.struct_start,
            self.strings_start,
            self.reserve_start,
            version,
            last_compatible,
            self.boot_cpu,
            self.strings_size,
            self.struct_size,
        ) = _HEADER.unpack_from(self.data)
        if magic != MAGIC:
            self.fail(0, f"the magic number is {magic:#010x}, not {MAGIC:#010x}", "give a compiled device tree (.dtb)")
        if version != VERSION:
            self.fail(20, f"version {version} is not supported", f"convert the tree to version {VERSION} with dtc")
        if last_compatible > LAST_COMPATIBLE_VERSION:
            self.fail(24, f"last compatible version {last_compatible} is above {LAST_COMPATIBLE_VERSION}")
        if self.total_size != size:
            problem = "truncated" if self.total_size > size else "followed by other bytes"
            self.fail(4, f"the tree is {problem}: its header says {self.total_size} bytes, there are {size}")

    def read_reservations(self) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        offset = self.reserve_start
        if offset % 8:
            self.fail(16, f"the memory reservation block at {offset:#x} is not aligned to 8 bytes")
        if offset < HEADER_SIZE:
            self.fail(16, f"the memory reservation block at {offset:#x} lies in the header")
        while offset + _RESERVATION.size <= self.total_size:
            address, size = _RESERVATION.unpack_from(self.data, offset)
            if address == 0 and size == 0:
                return tuple(found)
            if size == 0:
                self.fail(offset, f"the memory reservation at {address:#x} is empty")
            if address + size > 1 << 64:
                self.fail(offset, f"the memory reservation at {address:#x} wraps around")
            found.append((address, size))
            offset += _RESERVATION.size
        self.fail(offset, "the memory reservation block has no end")

    def check_blocks(self, reserve_count: int) -> None:
        if self.struct_start % 4 or self.struct_size % 4:
            self.fail(8, "the structure block is not aligned to 4 bytes")
        if self.strings_size > MAX_STRINGS_SIZE:
            self.fail(32, f"the strings block has {self.strings_size} bytes, more than the limit of {MAX_STRINGS_SIZE}")
        reserve_size = (reserve_count + 1) * _RESERVATION.size
        blocks = sorted(
            (
                (0, HEADER_SIZE, "header"),
                (self.reserve_start, reserve_size, "memory reservation block"),
                (self.struct_start, self.struct_size, "structure block"),
                (self.strings_start, self.strings_size, "strings block"),
            ),
        )
        end, previous = 0, ""
        for start, size, name in blocks:
            if start < end:
                self.fail(start, f"the {name} overlaps the {previous}")
            if start + size > self.total_size:
                self.fail(start, f"the {name} reaches past the end of the tree")
            end, previous = start + size, name

    def read_structure(self) -> None:
        offset = self.struct_start
        end = offset + self.struct_size
        while offset < end:
            (tag,) = _WORD.unpack_from(self.data, offset)
            if tag == _PROP:
                offset = self.read_property(offset, end)
            elif tag == _BEGIN_NODE:
                offset = self.begin_node(offset, end)
            elif tag == _END_NODE:
                offset = self.end_node(offset)
            elif tag == _END:
                self.finish(offset, end)
                return
            elif tag == _NOP:
                self.fail(offset, "FDT_NOP is not supported", "pack the tree first: dtc -I dtb -O dtb")
            else:
                self.fail(offset, f"unknown tag {tag:#x}")
        self.fail(offset, "the structure block has no FDT_END")

    def finish(self, offset: int, end: int) -> None:
        if self.stack or self.node_count == 0:
            self.fail(offset, "FDT_END comes before the root node is complete")
        if offset + _WORD.size != end:
            self.fail(offset + _WORD.size, f"{end - offset - _WORD.size} bytes follow FDT_END in the structure block")

    def begin_node(self, offset: int, end: int) -> int:
        start = offset + _WORD.size
        limit = min(end, start + MAX_NAME + 1)
        stop = self.data.find(b"\0", start, limit)
        if stop < 0:
            self.fail(start, f"a node name does not end within {limit - start} bytes")
        name = self.data[start:stop]
        if self.stack:
            self.check_child(offset, name)
        elif self.node_count:
            self.fail(offset, "a second root node")
        elif name:
            self.fail(start, f"the root node has a name: {_show(name)}")
        self.node_count += 1
        if self.node_count > MAX_NODES:
            self.fail(offset, f"more than {MAX_NODES} nodes")
        path_size = self.stack[-1].path_size + 1 + len(name) if self.stack else 0
        self.stack.append(_OpenNode(name, path_size, set(), set()))
        if len(self.stack) > MAX_DEPTH:
            self.fail(offset, f"nodes are nested more than {MAX_DEPTH} deep")
        if path_size > MAX_PATH:
            self.fail(offset, f"a node's path has more than {MAX_PATH} bytes")
        self.depth = max(self.depth, len(self.stack))
        return self.advance(start, stop + 1, end)

    def check_child(self, offset: int, name: bytes) -> None:
        siblings = self.stack[-1].children
        if not NODE_NAME.fullmatch(name):
            self.fail(offset + _WORD.size, f"{_show(name)} is not a node name")
        if name in siblings:
            self.fail(offset, f"a second node named {_show(name)} in the same parent")
        siblings.add(name)
        if len(siblings) > MAX_CHILDREN:
            self.fail(offset, f"a node has more than {MAX_CHILDREN} children")

    def end_node(self, offset: int) -> int:
        if not self.stack:
            self.fail(offset, "FDT_END_NODE without a node")
        self.stack.pop()
        return offset + _WORD.size

    def read_property(self, offset: int, end: int) -> int:
        if not self.stack:
            self.fail(offset, "a property outside any node")
        value_start = offset + 12
        if value_start > end:
            self.fail(offset, "a property reaches past the end of the structure block")
        size, name_offset = _WORD_PAIR.unpack_from(self.data, offset + _WORD.size)
        if size > end - value_start:
            self.fail(offset, f"a property of {size} bytes reaches past the end of the structure block")
        node = self.stack[-1]
        if node.children:
            self.fail(offset, "a property comes after a child node")
        name = self.names.get(name_offset) or self.read_name(offset, name_offset)
        if name in node.properties:
            self.fail(offset, f"a second property named {_show(name)} in the same node")
        node.properties.add(name)
        if len(node.properties) > MAX_PROPERTIES:
            self.fail(offset, f"a node has more than {MAX_PROPERTIES} properties")
        self.property_count += 1
        if name in _ONE_CELL or name == b"name":
            self.check_value(offset, node, name, self.data[value_start : value_start + size])
        return self.advance(value_start, value_start + size, end)

    def read_name(self, offset: int, name_offset: int) -> bytes:
        """The property name at `name_offset` of the strings block; names are shared, so each is checked once."""
        if name_offset >= self.strings_size:
            self.fail(offset + 8, f"name offset {name_offset:#x} lies outside the strings block")
        start = self.strings_start + name_offset
        limit = min(self.strings_start + self.strings_size, start + MAX_NAME + 1)
        stop = self.data.find(b"\0", start, limit)
        if stop < 0:
            self.fail(start, f"a property name does not end within {limit - start} bytes")
        name = self.data[start:stop]
        if not PROPERTY_NAME.fullmatch(name):
            self.fail(start, f"{_show(name)} is not a property name")
        self.names[name_offset] = name
        return name

    def check_value(self, offset: int, node: _OpenNode, name: bytes, value: bytes) -> None:
        if name == b"name":
            if value != node.name.partition(b"@")[0] + b"\0":
                self.fail(offset, f"the name property {_show(value)} contradicts the node's name {_show(node.name)}")
            return
        if len(value) != _WORD.size:
            self.fail(offset, f"{_show(name)} has {len(value)} bytes, not {_WORD.size}")
        if name in _PHANDLES:
            self.check_phandle(offset, node, value)

    def check_phandle(self, offset: int, node: _OpenNode, value: bytes) -> None:
        (phandle,) = _WORD.unpack(value)
        if phandle in INVALID_PHANDLES:
            self.fail(offset, f"{phandle:#x} is not a valid phandle")
        if node.phandle is None:
            if phandle in self.phandles:
                self.fail(offset, f"two nodes have the phandle {phandle:#x}")
            self.phandles.add(phandle)
            node.phandle = phandle
        elif node.phandle != phandle:
            self.fail(offset, f"phandle and linux,phandle differ: {node.phandle:#x} and {phandle:#x}")

    def advance(self, start: int, stop: int, end: int) -> int:
        """The first word boundary at or after `stop`; `start` is where the name or value before it began."""
        following = (stop + 3) & ~3
        if following > end:
            self.fail(start, "the structure block ends inside a name or a value")
        return following


def _show(name: bytes) -> str:
    """`name` quoted, and short enough for an error message: values may be shown too."""
    text = repr(name[:MAX_NAME].decode("latin-1"))
    return text if len(name) <= MAX_NAME else f"{text}..."
