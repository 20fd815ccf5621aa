# SPDX-License-Identifier: BSD-2-Clause
"""Device trees as the rest of the package sees them: raw bytes inside, typed and checked at the edge.

`fdtscan` checks what comes in and what goes out, `fdtwall` has the fdt library parse and serialise.  Rules for names
and values are those of the Devicetree Specification (v0.4); all integers are big-endian.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn, Self

from loader import fdtscan, fdtwall
from loader.errors import DeviceTreeError, EnvironmentProblem

_U32_LIMIT: Final = 1 << 32
_U64_LIMIT: Final = 1 << 64
_RESERVED_SUFFIX: Final = "_with_references"
"""The fdt library leaves properties with such names out of what it writes."""
_PHANDLE_NAMES: Final = ("phandle", "linux,phandle")
_FORMATS: Final = {4: "I", 8: "Q"}
_FIRST_PRINTABLE, _LAST_PRINTABLE = 0x20, 0x7E


class Node:
    """One node: named properties and named children, both in the order of the source.

    Nodes come from `Tree.root`, `Tree.node` and `Node.add`.  A getter raises DeviceTreeError when the property is
    missing or has another shape, a setter when the value does not fit; a setter replaces an existing value in place.
    """

    def __init__(self, name: str, parent: Node | None, source: str) -> None:
        self._name = name
        self._parent = parent
        self._source = source
        self._depth: int = 1 if parent is None else parent._depth + 1
        self._properties: dict[str, bytes] = {}
        self._children: dict[str, Node] = {}

    @property
    def name(self) -> str:
        """The name with its unit address; empty for the root."""
        return self._name

    @property
    def path(self) -> str:
        """Names of all nodes from the root, "/" for the root itself."""
        names: list[str] = []
        node = self
        while node._parent is not None:
            names.append(node._name)
            node = node._parent
        return "/" + "/".join(reversed(names))

    @property
    def where(self) -> str:
        """What to call it in errors: the tree's source and the path."""
        return f"{self._source}, {self.path}"

    @property
    def children(self) -> tuple[Node, ...]:
        """The child nodes in source order."""
        return tuple(self._children.values())

    @property
    def properties(self) -> tuple[str, ...]:
        """The names of the properties in source order."""
        return tuple(self._properties)

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, parents first, siblings in source order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node._children.values()))

    # --- children --------------------------------------------------------------------------------

    def child(self, name: str) -> Node | None:
        """The child with exactly this name, unit address included."""
        return self._children.get(name)

    def add(self, name: str) -> Node:
        """A new child behind the existing ones."""
        if not _matches(fdtscan.NODE_NAME, name):
            self._fail(f"{name!r} is not a node name", "use letters, digits and ,._+- and at most one @")
        if name in self._children:
            self._fail(f"a second child named {name!r}")
        if len(self._children) >= fdtscan.MAX_CHILDREN:
            self._fail(f"more than {fdtscan.MAX_CHILDREN} children")
        if self._depth >= fdtscan.MAX_DEPTH:
            self._fail(f"nodes nested more than {fdtscan.MAX_DEPTH} deep")
        node = Node(name, self, self._source)
        self._children[name] = node
        return node

    def remove_child(self, name: str) -> None:
        """Remove a child and everything below it."""
        if self._children.pop(name, None) is None:
            self._fail(f"no child named {name!r}")

    # --- reading ---------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether the property exists, empty or not."""
        return name in self._properties

    def get_raw(self, name: str) -> bytes | None:
        """The property's bytes, or None when there is no such property."""
        return self._properties.get(name)

    def u32(self, name: str) -> int:
        """The property as one cell."""
        return int.from_bytes(self._sized(name, 4), "big")

    def u64(self, name: str) -> int:
        """The property as one 64-bit number (two cells)."""
        return int.from_bytes(self._sized(name, 8), "big")

    def cells(self, name: str) -> tuple[int, ...]:
        """The property as 32-bit cells; none for an empty property."""
        return self._numbers(name, 4)

    def u64s(self, name: str) -> tuple[int, ...]:
        """The property as 64-bit numbers; none for an empty property."""
        return self._numbers(name, 8)

    def strings(self, name: str) -> tuple[str, ...]:
        """The property as a list of NUL-terminated printable strings, at least one."""
        raw = self._required(name)
        if not raw.endswith(b"\0"):
            self._fail(f"property {name!r} is not a list of strings: it does not end in a NUL")
        parts = raw[:-1].split(b"\0")
        if not all(_is_text(part) for part in parts):
            self._fail(f"property {name!r} is not a list of strings: it holds bytes that do not print")
        return tuple(part.decode("ascii") for part in parts)

    def string(self, name: str) -> str:
        """The property as exactly one string."""
        found = self.strings(name)
        if len(found) != 1:
            self._fail(f"property {name!r} holds {len(found)} strings, not one")
        return found[0]

    def text(self, name: str) -> tuple[str, ...] | None:
        """The property as strings if it may well be some, none of them empty; None for anything else."""
        try:
            found = self.strings(name)
        except DeviceTreeError:
            return None
        return found if all(found) else None

    # --- writing ---------------------------------------------------------------------------------

    def set_u32(self, name: str, value: int) -> None:
        """One cell."""
        self._store(name, self._pack(name, [value], 4))

    def set_u64(self, name: str, value: int) -> None:
        """One 64-bit number (two cells)."""
        self._store(name, self._pack(name, [value], 8))

    def set_cells(self, name: str, values: Sequence[int]) -> None:
        """At least one 32-bit cell."""
        self._store(name, self._pack(name, values, 4))

    def set_u64s(self, name: str, values: Sequence[int]) -> None:
        """At least one 64-bit number."""
        self._store(name, self._pack(name, values, 8))

    def set_string(self, name: str, value: str) -> None:
        """One string of printable ASCII; may be empty."""
        self.set_strings(name, [value])

    def set_strings(self, name: str, values: Sequence[str]) -> None:
        """At least one string of printable ASCII."""
        if isinstance(values, str) or not values:
            self._fail(
                f"property {name!r} takes a list of at least one string, not {values!r}", "use set_empty for none"
            )
        for value in values:
            if not isinstance(value, str) or not value.isascii() or not _is_text(value.encode("ascii")):
                self._fail(f"property {name!r} cannot hold {value!r}", "use printable ASCII")
        self._store(name, b"".join(value.encode("ascii") + b"\0" for value in values))

    def set_empty(self, name: str) -> None:
        """A property that is there and has no value."""
        self._store(name, b"")

    def set_raw(self, name: str, value: bytes) -> None:
        """Any bytes."""
        if not isinstance(value, bytes | bytearray):
            self._fail(f"property {name!r} takes bytes, not {type(value).__name__}")
        self._store(name, bytes(value))

    def delete(self, name: str) -> None:
        """Remove a property."""
        if self._properties.pop(name, None) is None:
            self._fail(f"no property {name!r}")

    # --- inside ----------------------------------------------------------------------------------

    def _fail(self, what: str, hint: str = "") -> NoReturn:
        raise DeviceTreeError(what, self.where, hint)

    def _required(self, name: str) -> bytes:
        raw = self._properties.get(name)
        if raw is None:
            self._fail(f"no property {name!r}")
        return raw

    def _sized(self, name: str, size: int) -> bytes:
        raw = self._required(name)
        if len(raw) != size:
            self._fail(f"property {name!r} has {len(raw)} bytes, not {size}")
        return raw

    def _numbers(self, name: str, size: int) -> tuple[int, ...]:
        raw = self._required(name)
        if len(raw) % size:
            self._fail(f"property {name!r} has {len(raw)} bytes, not a multiple of {size}")
        return struct.unpack(f">{len(raw) // size}{_FORMATS[size]}", raw)

    def _pack(self, name: str, values: Sequence[int], size: int) -> bytes:
        if not values:
            self._fail(f"property {name!r} takes at least one number", "use set_empty for none")
        for value in values:
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 8 * size:
                self._fail(f"property {name!r} cannot hold {value!r} in {8 * size} bits")
        return struct.pack(f">{len(values)}{_FORMATS[size]}", *values)

    def _store(self, name: str, value: bytes) -> None:
        if not _matches(fdtscan.PROPERTY_NAME, name):
            self._fail(f"{name!r} is not a property name", "use letters, digits and ,._+?#-")
        if name.endswith(_RESERVED_SUFFIX):
            self._fail(f"property names ending in {_RESERVED_SUFFIX!r} are not supported")
        if name not in self._properties and len(self._properties) >= fdtscan.MAX_PROPERTIES:
            self._fail(f"more than {fdtscan.MAX_PROPERTIES} properties")
        self._properties[name] = value


class Tree:
    """A device tree with its memory reservations.

    `source` names the tree in errors: a file, or what it was made for.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.root = Node("", None, source)
        self.boot_cpu = 0
        self._reservations: list[tuple[int, int]] = []
        self._last_phandle = 0

    @classmethod
    def new(cls, source: str = "new device tree") -> Self:
        """A tree that is only a root."""
        return cls(source)

    @classmethod
    def parse(cls, data: bytes, where: str) -> Self:
        """The tree in a version 17 blob, named `where` in errors; DeviceTreeError unless `fdtscan` accepts it."""
        data = bytes(data)
        facts = fdtscan.scan(data, where)
        tree = cls(where)
        tree.boot_cpu = facts.boot_cpu
        # Not the library's: all trees of one process share its list.
        tree._reservations = list(facts.reservations)
        expected = (facts.node_count, facts.property_count)
        counted = fdtwall.read_blob(data, tree.root, where)
        if counted != expected:
            raise DeviceTreeError(f"the fdt library read {counted} nodes and properties, there are {expected}", where)
        return tree

    def to_dtb(self, *, boot_cpu: int | None = None, pad: int = 0) -> bytes:
        """The tree as a version 17 blob, checked by `fdtscan`.

        boot_cpu  `boot_cpuid_phys`; None keeps the one the tree was parsed with, 0 for a new tree
        pad       free bytes at the end, counted in the blob's total size, for a reader that edits in place
        """
        cpu = self.boot_cpu if boot_cpu is None else boot_cpu
        if not 0 <= cpu < _U32_LIMIT or not 0 <= pad <= fdtscan.MAX_TREE_SIZE:
            raise DeviceTreeError(f"boot CPU {cpu} or padding {pad} is out of range", self.source)
        data = fdtwall.write_blob(self.root, self._reservations, cpu, self.source)
        total_size = len(data) + pad
        blob = data[:4] + total_size.to_bytes(4, "big") + data[8:] + bytes(pad)
        fdtscan.scan(blob, self.source)
        return blob

    @property
    def reservations(self) -> tuple[tuple[int, int], ...]:
        """(address, size) in bytes of every memory reservation, in source order."""
        return tuple(self._reservations)

    def reserve(self, address: int, size: int) -> None:
        """Add a memory reservation of `size` bytes."""
        if address < 0 or not 0 < size < _U64_LIMIT or address + size > _U64_LIMIT:
            raise DeviceTreeError(f"cannot reserve {size:#x} bytes at {address:#x}", self.source)
        self._reservations.append((address, size))

    def node(self, path: str, create: bool = False) -> Node:
        """The node at an absolute path of full names; with `create`, missing nodes are added.

        Raises DeviceTreeError when the path is malformed or, without `create`, when there is no such node.
        """
        if not path.startswith("/"):
            raise DeviceTreeError(f"the node path {path!r} does not start with /", self.source)
        node = self.root
        for name in path[1:].split("/") if path != "/" else []:
            following = node.child(name)
            if following is None:
                if not create:
                    raise DeviceTreeError(f"no node {path!r}", self.source)
                following = node.add(name)
            node = following
        return node

    def new_phandle(self) -> int:
        """A phandle that no node has and that was not handed out before: one above the highest."""
        highest = self._last_phandle
        for node in self.root.walk():
            for name in _PHANDLE_NAMES:
                if node.has(name):
                    highest = max(highest, node.u32(name))
        if highest + 1 in fdtscan.INVALID_PHANDLES:
            raise DeviceTreeError("all phandles are taken", self.source)
        self._last_phandle = highest + 1
        return self._last_phandle


def to_dts(tree: Tree) -> str:
    """The tree as source text, written by dtc.  Raises EnvironmentProblem when dtc is missing."""
    program = shutil.which("dtc")
    if program is None:
        raise EnvironmentProblem("dtc is missing", hint="install the package device-tree-compiler")
    result = subprocess.run(
        [program, "-q", "-I", "dtb", "-O", "dts"],
        input=tree.to_dtb(),
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        complaint = result.stderr.decode("utf-8", "replace").strip() or f"status {result.returncode}"
        raise DeviceTreeError(f"dtc refuses the tree: {complaint}", tree.source)
    return _separate_strings(result.stdout.decode("utf-8", "replace"))


def tree_json(tree: Tree) -> dict[str, Any]:
    """The tree JSON-ready: property values as hexadecimal digits, and as strings where they can be some."""
    return {
        "reservations": [{"address": address, "size": size} for address, size in tree.reservations],
        "root": _node_json(tree.root),
    }


def _node_json(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "properties": {name: _value_json(node, name) for name in node.properties},
        "children": [_node_json(child) for child in node.children],
    }


def _value_json(node: Node, name: str) -> dict[str, Any]:
    text = node.text(name)
    return {"bytes": (node.get_raw(name) or b"").hex(), "strings": None if text is None else list(text)}


def _separate_strings(text: str) -> str:
    """`text` with the strings of a list apart: dtc 1.6 writes "a", "1" as "a\\01", which reads as one octal escape."""
    return re.sub(r"\\(.)", lambda escape: '", "' if escape[1] == "0" else escape[0], text)


def _matches(pattern: re.Pattern[bytes], name: str) -> bool:
    """Whether `name` obeys the scanner's rule for names, the length included."""
    return name.isascii() and len(name) <= fdtscan.MAX_NAME and bool(pattern.fullmatch(name.encode("ascii")))


def _is_text(raw: bytes) -> bool:
    return all(_FIRST_PRINTABLE <= byte <= _LAST_PRINTABLE for byte in raw)
