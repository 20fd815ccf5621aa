# SPDX-License-Identifier: BSD-2-Clause
"""Open Firmware's own view of its device tree: typed at its prompt in Forth, read from its console."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from loader.emulator import Emulator

PROMPT: Final = r"^\d+ > "
END: Final = "END-OF-TREE"

DUMP: Final = (
    "hex",
    ": .n dup 9 > if 57 + else 30 + then emit ;",
    ": .h over + swap ?do i c@ dup 4 rshift .n f and .n loop ;",
    ': .p >r 0 0 begin r@ next-property while 2dup cr ." P " type ." ="',
    " 2dup r@ get-package-property 0= if .h then repeat r> drop ;",
    ': .t cr ." N " dup {path} type ."  " dup 8 u.r dup .p child',
    " begin dup while dup recurse peer repeat drop ;",
    f'0 peer .t cr ." {END}" cr',
)
"""Prints `N PATH HANDLE` for each node and `P NAME=HEX` for each of its properties; {path} is the word from handle to
path, the only one here that is not standard."""
PATH_WORDS: Final = {"pseries": "node>path", "mac99": "get-package-path"}

Properties = dict[str, bytes]


def type_slowly(emulator: Emulator, text: str) -> None:
    """Type; the monitor's calls make QEMU look at mac99's serial port, which has room for one character."""
    for character in text:
        emulator.send(character)
        emulator.qmp("query-status")


def dump_tree(emulator: Emulator, machine: str) -> dict[str, tuple[int, Properties]]:
    """Every node's path, handle and properties, in the firmware's order; the machine is at its prompt."""
    for line in DUMP:
        type_slowly(emulator, line.format(path=PATH_WORDS[machine]) + "\r")
    return parse_dump(emulator.expect(rf"(?s)^N / .*?^{END}\n")[0].splitlines()[:-1])


def parse_dump(lines: Sequence[str]) -> dict[str, tuple[int, Properties]]:
    """The dump's lines as a dictionary."""
    nodes: dict[str, tuple[int, Properties]] = {}
    for line in lines:
        if node := re.fullmatch(r"N (\S+) +([0-9a-fA-F]+)", line):
            assert node[1] not in nodes, f"two nodes {node[1]}"
            nodes[node[1]] = (int(node[2], 16), {})
        else:
            name, separator, value = line.removeprefix("P ").rpartition("=")
            assert separator, f"neither node nor property: {line!r}"
            list(nodes.values())[-1][1][name] = bytes.fromhex(value)
    return nodes
