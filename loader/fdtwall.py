# SPDX-License-Identifier: BSD-2-Clause
"""The only module that touches the fdt library: a blob in, nodes out, and back.

Faults of fdt 0.3.3 that this wall keeps out: all trees of a process share one list of reservations; property types are
guessed; siblings are searched for every new one; errors are bare `Exception`s.  Blobs must have passed `fdtscan.scan`
first: without it the library accepts one malformed tree in five.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from loader import fdtscan
from loader.errors import DeviceTreeError

if TYPE_CHECKING:
    from loader.devtree import Node


def read_blob(data: bytes, root: Node, where: str) -> tuple[int, int]:
    """Copy the nodes and properties in `data` below `root`; returns how many of each there were, the root counted.

    Memory reservations are not read.  Raises DeviceTreeError when the library fails or a name is not acceptable.
    """
    import fdt

    try:
        library_root = fdt.parse_dtb(data).root
    except Exception as error:
        raise DeviceTreeError(f"the fdt library cannot read the tree: {error!r}", where) from error
    finally:
        # The shared default list, which every parse extends.
        fdt.FDT().entries.clear()
    if library_root is None:
        raise DeviceTreeError("the fdt library found no root node", where)
    nodes = properties = 0
    pending = [(library_root, root)]
    while pending:
        library_node, node = pending.pop()
        nodes += 1
        for item in library_node.props:
            node.set_raw(item.name, _raw_value(item))
            properties += 1
        pending.extend((child, node.add(child.name)) for child in library_node.nodes)
    return nodes, properties


def write_blob(root: Node, reservations: Iterable[tuple[int, int]], boot_cpu: int, where: str) -> bytes:
    """The version 17 blob of everything below `root`.  Raises DeviceTreeError when the library fails."""
    import fdt

    tree = fdt.FDT(entries=[{"address": address, "size": size} for address, size in reservations])
    pending = [(root, tree.root)]
    while pending:
        node, library_node = pending.pop()
        # Straight into the lists: the library's append() searches all siblings first.
        library_node.props.extend(fdt.PropBytes(name, data=node.get_raw(name)) for name in node.properties)
        for child in node.children:
            library_child = fdt.Node(child.name)
            library_node.nodes.append(library_child)
            pending.append((child, library_child))
    try:
        return bytes(tree.to_dtb(fdtscan.VERSION, fdtscan.LAST_COMPATIBLE_VERSION, boot_cpu))
    except Exception as error:
        raise DeviceTreeError(f"the fdt library cannot write the tree: {error!r}", where) from error


def _raw_value(item: Any) -> bytes:
    """The bytes of a property, whatever the library took them for."""
    import fdt

    if isinstance(item, fdt.PropStrings):
        return b"".join(text.encode("ascii") + b"\0" for text in item.data)
    if isinstance(item, fdt.PropWords):
        return struct.pack(f">{len(item.data)}I", *item.data)
    if isinstance(item, fdt.PropBytes):
        return bytes(item.data)
    return b""
