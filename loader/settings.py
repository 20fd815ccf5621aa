# SPDX-License-Identifier: BSD-2-Clause
"""`--set KEY=VALUE`: changes single values of a recipe before it is checked."""

from __future__ import annotations

from typing import Any

from loader.errors import ManifestError
from loader.tables import parse_toml


def apply_setting(document: dict[str, Any], setting: str) -> None:
    """Changes one value of a recipe: "domain.dom0.memory=768M"; text needs no quotes."""
    key, separator, text = setting.partition("=")
    where = f"--set {setting}"
    try:
        path = _key_path(key) if separator else []
    except ValueError:
        path = []
    if not path:
        raise ManifestError("is not a key and a value", where=where, hint="write --set domain.dom0.memory=768M")
    try:
        value = parse_toml(f"value = {text}")["value"]
    except ValueError:
        value = text
    table = document
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ManifestError(f"{part} is a value and has no keys below it", where=where)
    table[path[-1]] = value


def _key_path(key: str) -> list[str]:
    """The parts of a dotted TOML key; quoted parts may hold dots and slashes."""
    path = []
    node: Any = parse_toml(f"{key} = 0")
    while isinstance(node, dict):
        if len(node) != 1:
            return []
        ((part, node),) = node.items()
        path.append(part)
    return path
