# SPDX-License-Identifier: BSD-2-Clause
"""What differs between two images: stub and entries, what the boot overlays say, and the domains' device trees.

Both images become flat tables of facts; offsets are left out, because everything behind a change moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from loader import abi
from loader.devtree import Node, Tree
from loader.errors import LoaderError
from loader.imagehead import Head
from loader.inspect import describe_overlay, entry_json, read_payload
from loader.io import sha256_range, unchanged
from loader.multiboot import read_head

MAX_TEXT: Final = 72
"""Characters of a value in a report for people."""

Facts = dict[str, Any]


class CannotCompare(LoaderError):
    """One of the images cannot be read; status 2, because 1 says that they differ."""

    exit_status: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: JSON-ready values, `old` None for what was added, `new` for what was removed."""

    where: str
    old: Any
    new: Any


def diff_images(one: Path, other: Path) -> list[Change]:
    """Every difference, none for images with the same content; raises CannotCompare."""
    try:
        with unchanged(one), unchanged(other):
            old, new = image_facts(one), image_facts(other)
    except LoaderError as error:
        raise CannotCompare(error.what, error.where, error.hint) from None
    return list(_changes(old, new))


def image_facts(path: Path) -> Facts:
    """Everything an image says, under names that do not depend on where it lies; raises LoaderError."""
    head = read_head(path)
    stub_digest = sha256_range(path, abi.IMAGE_FILE_OFFSET, head.stub_size)
    facts: Facts = {
        "container": head.container,
        "stub": {"size": head.stub_size, "digest": stub_digest.hex()},
    }
    for entry in head.entries:
        facts[entry.name] = {key: value for key, value in entry_json(entry).items() if key not in ("name", "offset")}
    facts |= _overlay_facts(path, head)
    for entry in head.entries:
        if entry.type == abi.EntryType.DEVICE_TREE:
            where = f"{path}: {entry.name}"
            facts |= _tree_facts(entry.name, Tree.parse(read_payload(path, entry), where).root)
    facts["signatures"] = [signature.key_id.hex() for signature in head.signatures]
    return facts


def render_changes(changes: list[Change], one: Path, other: Path, *, as_json: bool) -> str:
    """The differences as text or JSON."""
    if as_json:
        listed = [{"where": change.where, "old": change.old, "new": change.new} for change in changes]
        return json.dumps({"old": str(one), "new": str(other), "changes": listed}, indent=2)
    return "\n".join(_line(change) for change in changes)


def _overlay_facts(path: Path, head: Head) -> Facts:
    entry = head.entry("boot-overlay")
    overlay = describe_overlay(read_payload(path, entry), f"{path}: {entry.name}")
    facts: Facts = {"hypervisor command-line": overlay.command_line, "targets": list(overlay.targets)}
    for domain in overlay.domains:
        modules = {module["kind"]: {**module, "offset": None} for module in domain["modules"]}
        facts |= _flat(f"domain {domain['name']}", {**domain, "modules": modules})
    return facts


def _flat(where: str, value: Any) -> Facts:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {where: value}
    return {name: fact for key, part in value.items() for name, fact in _flat(f"{where} {key}", part).items()}


def _tree_facts(name: str, root: Node) -> Facts:
    facts: Facts = {}
    for node in root.walk():
        facts[f"{name} {node.path}"] = "node"
        for prop in node.properties:
            facts[f"{name} {node.path} {prop}"] = _property_text(node, prop)
    return facts


def _property_text(node: Node, name: str) -> str:
    texts = node.text(name)
    if texts is not None:
        return ", ".join(f'"{text}"' for text in texts)
    raw = node.get_raw(name) or b""
    if len(raw) % 4 == 0:
        return f"<{raw.hex(' ', 4)}>"
    return f"[{raw.hex(' ')}]"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        if old.get(key) != new.get(key):
            yield Change(key, old.get(key), new.get(key))


def _line(change: Change) -> str:
    if change.old is None:
        return f"+ {change.where}: {_text(change.new)}"
    if change.new is None:
        return f"- {change.where}: {_text(change.old)}"
    if isinstance(change.old, dict) and isinstance(change.new, dict):
        parts = [f"{part.where} {_text(part.old)} -> {_text(part.new)}" for part in _changes(change.old, change.new)]
        return f"~ {change.where}: {', '.join(parts)}"
    return f"~ {change.where}: {_text(change.old)} -> {_text(change.new)}"


def _text(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{key} {_text(part)}" for key, part in value.items())
        case list():
            text = ", ".join(_text(part) for part in value) or "none"
        case str():
            text = value or "(empty)"
        case _:
            text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
