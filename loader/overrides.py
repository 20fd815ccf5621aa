# SPDX-License-Identifier: BSD-2-Clause
"""The `devtree` table of a recipe: any property of a generated tree set, added or removed.

A value's TOML type says how it is stored, so nothing has to be guessed: text is a string, an integer a
32-bit cell, a list of either the same in sequence, `true` an empty property, `false` removes, and a table
`{ bytes = "00 ff" }` or `{ u64 = 1 }` says the rest.  All integers are stored big-endian.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from loader.errors import ManifestError

NAME_PATTERN: Final = re.compile(r"[0-9A-Za-z,._+?#-]+")
NODE_PATTERN: Final = re.compile(r"[0-9A-Za-z,._+-]+(@[0-9A-Za-z,._+-]+)?")


@dataclass(frozen=True, slots=True)
class NodeOverride:
    """What a recipe changes at one node; a property with the value None is removed, as is a node with `remove`."""

    path: str
    remove: bool
    properties: tuple[tuple[str, bytes | None], ...]


def parse_overrides(table: object, where: str) -> tuple[NodeOverride, ...]:
    """Reads a `devtree` table; raises ManifestError with the place inside the recipe."""
    if not isinstance(table, dict):
        raise ManifestError("must be a table of nodes", where=where, hint='write [domain.NAME.devtree."/chosen"]')
    return tuple(_parse_node(path, value, f'{where}."{path}"') for path, value in table.items())


def _parse_node(path: str, value: object, where: str) -> NodeOverride:
    before, *names = path.split("/")
    if path != "/" and (before or not names or not all(NODE_PATTERN.fullmatch(name) for name in names)):
        raise ManifestError("is not the full path of a node", where=where, hint='write it like "/cpus" or "/a/b@0"')
    if value is False:
        if path == "/":
            raise ManifestError("the root node cannot be removed", where=where)
        return NodeOverride(path, remove=True, properties=())
    if not isinstance(value, dict):
        raise ManifestError("must be a table of properties, or false to remove the node", where=where)
    properties = []
    for name, content in value.items():
        if not NAME_PATTERN.fullmatch(name):
            raise ManifestError("is not a property name", where=f"{where}.{name}")
        properties.append((name, encode_property(content, f"{where}.{name}")))
    return NodeOverride(path, remove=False, properties=tuple(properties))


def encode_property(value: Any, where: str) -> bytes | None:
    """The bytes of a property value from a recipe, None for `false`; raises ManifestError."""
    match value:
        case False:
            return None
        case True:
            return b""
        case int():
            return _integer(value, 4, where)
        case str():
            return _text(value, where)
        case [int(), *_] if all(type(item) is int for item in value):
            return b"".join(_integer(item, 4, where) for item in value)
        case [str(), *_] if all(isinstance(item, str) for item in value):
            return b"".join(_text(item, where) for item in value)
        case {"bytes": str() as digits, **others} if not others:
            return _hex_bytes(digits, where)
        case {"u64": number, **others} if not others:
            numbers: list[Any] = number if isinstance(number, list) else [number]
            if numbers and all(type(item) is int for item in numbers):
                return b"".join(_integer(item, 8, where) for item in numbers)
    raise ManifestError(
        f"{_describe(value)} cannot become a property",
        where=where,
        hint='use text, integers, a list of one of them, true, false, { bytes = "00 ff" } or { u64 = 1 }',
    )


def _describe(value: object) -> str:
    match value:
        case []:
            return "an empty list"
        case list():
            return "a mixed list"
        case dict():
            return "this table"
    return f"a value of type {type(value).__name__}"


def _integer(value: int, width: int, where: str) -> bytes:
    if not 0 <= value < 1 << (8 * width):
        hint = "write { u64 = ... }" if width == 4 and 0 <= value < 1 << 64 else ""
        raise ManifestError(f"{value} does not fit {8 * width} unsigned bits", where=where, hint=hint)
    return value.to_bytes(width, "big")


def _text(value: str, where: str) -> bytes:
    if "\0" in value:
        raise ManifestError("text must not hold a NUL", where=where, hint="write { bytes = ... }")
    try:
        return value.encode() + b"\0"
    except UnicodeEncodeError:
        raise ManifestError("text is not Unicode", where=where, hint="write { bytes = ... }") from None


def _hex_bytes(digits: str, where: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ManifestError(f"{digits!r} is not pairs of hexadecimal digits", where=where) from None
