# SPDX-License-Identifier: BSD-2-Clause
"""Reports about images, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loader import abi
from loader.devtree import Node, Tree
from loader.errors import DeviceTreeError, one_line
from loader.fdtscan import MAX_TREE_SIZE
from loader.imagehead import Entry, Head
from loader.io import open_source, read_exactly, unchanged
from loader.multiboot import read_head
from loader.overlay import PROP_TARGETS
from loader.units import KIB, format_size

MAX_MODULES: Final = 16
"""Of one domain; ours have three."""

_SHIFTS: Final = f"{abi.MIN_HPT_SHIFT} .. {abi.MAX_HPT_SHIFT}"


@dataclass(frozen=True, slots=True)
class OverlayFacts:
    """What a boot overlay says; `targets` are the firmware profiles the recipe names, `domains` is JSON-ready."""

    command_line: str
    targets: tuple[str, ...]
    domains: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """An image's head and what its boot overlay says."""

    path: Path
    head: Head
    command_line: str
    targets: tuple[str, ...]
    domains: tuple[dict[str, Any], ...]


def describe_image(path: Path) -> Report:
    """Reads an image's head and boot overlay; raises LoaderError."""
    with unchanged(path):
        head = read_head(path)
        entry = head.entry("boot-overlay")
        facts = describe_overlay(read_payload(path, entry), f"{path}: {entry.name}")
    return Report(path, head, facts.command_line, facts.targets, facts.domains)


def describe_overlay(overlay: bytes, where: str) -> OverlayFacts:
    """Reads a boot overlay; raises DeviceTreeError."""
    node = Tree.parse(overlay, where).node("/fragment@0/__overlay__")
    if len(node.children) > abi.MAX_DOMAINS:
        raise DeviceTreeError(f"{len(node.children)} domains, the hypervisor runs {abi.MAX_DOMAINS}", where)
    return OverlayFacts(
        command_line=node.string("xen,xen-bootargs"),
        targets=node.strings(PROP_TARGETS) if node.has(PROP_TARGETS) else (),
        domains=tuple(_domain(child) for child in node.children),
    )


def render_image(report: Report, *, as_json: bool) -> str:
    """The report as text or JSON."""
    if as_json:
        return json.dumps(_image_json(report), indent=2)
    head = report.head
    sizes = f"{format_size(head.total_size)}, {len(head.entries)} entries, stub {format_size(head.stub_size)}"
    sizes += f", {head.container}"
    lines = [
        f"{one_line(str(report.path))}: {sizes}",
        f"head sha256 {head.head_digest.hex()}",
        *(f"signature of key {signature.key_id.hex()}" for signature in head.signatures),
        f"hypervisor command line: {report.command_line or '(empty)'}",
        "",
        f"{'offset':>10} {'size':>10}  {'sha256':16}  name",
    ]
    lines += [
        f"{entry.offset:#10x} {entry.size:>10}  {entry.digest.hex()[:16]}  {entry.name}{_compression_text(entry)}"
        for entry in head.entries
    ]
    for domain in report.domains:
        lines += ["", *domain_lines(domain)]
    return "\n".join(lines)


def read_payload(path: Path, entry: Entry) -> bytes:
    """A tree's bytes as the image stores them; raises LoaderError."""
    if entry.size > MAX_TREE_SIZE:
        raise DeviceTreeError(f"has {entry.size} bytes, a tree has {MAX_TREE_SIZE} at most", f"{path}: {entry.name}")
    with open_source(path) as file:
        return read_exactly(file.fileno(), abi.IMAGE_FILE_OFFSET + entry.offset, entry.size)


def _compression_text(entry: Entry) -> str:
    if entry.compression == abi.Compression.NONE:
        return ""
    return f" ({entry.compression.name.lower()}, {entry.memory_size} bytes in memory)"


def _domain(node: Node) -> dict[str, Any]:
    """One `xen,domain` node as JSON-ready facts; sizes in bytes, addresses guest-physical."""
    rtas_start, rtas_size = _pair(node, abi.PROP_RTAS)
    shift = node.u32(abi.PROP_HPT_SHIFT)
    if not abi.MIN_HPT_SHIFT <= shift <= abi.MAX_HPT_SHIFT:
        raise DeviceTreeError(f"{abi.PROP_HPT_SHIFT} is {shift}, not {_SHIFTS}", node.where)
    if len(node.children) > MAX_MODULES:
        raise DeviceTreeError(f"{len(node.children)} modules, a domain has {MAX_MODULES} at most", node.where)
    capabilities = abi.Capability(node.u32("capabilities") if node.has("capabilities") else 0)
    return {
        "name": node.name,
        "id": node.u32(abi.PROP_DOMAIN_ID),
        "memory": node.u64("memory") * KIB,
        "vcpus": node.u32("cpus"),
        "roles": [role.name.lower() for role in capabilities if role.name],
        "rma": {"mode": node.string(abi.PROP_RMA_MODE), "size": node.u64(abi.PROP_RMA_SIZE)},
        "hash-table-size": 1 << shift,
        "entry": node.u64(abi.PROP_ENTRY),
        "rtas": {"address": rtas_start, "size": rtas_size},
        "modules": [_module(child) for child in node.children],
        "firmware-ramdisk": _firmware_ramdisk(node),
    }


def _firmware_ramdisk(node: Node) -> dict[str, int] | None:
    """Where a ramdisk goes that the firmware brings; None when it is not asked for."""
    if not node.has(abi.PROP_FIRMWARE_RAMDISK):
        return None
    start, room = _pair(node, abi.PROP_FIRMWARE_RAMDISK)
    return {"address": start, "room": room}


def _module(node: Node) -> dict[str, Any]:
    offset, size = _pair(node, "reg")
    numbers = node.u64s(abi.PROP_SEGMENTS)
    if len(numbers) % 4 or len(numbers) > 4 * abi.MAX_SEGMENTS:
        raise DeviceTreeError(f"{abi.PROP_SEGMENTS} is no list of up to {abi.MAX_SEGMENTS} quadruples", node.where)
    keys = ("offset", "address", "file-size", "memory-size")
    module: dict[str, Any] = {
        "kind": node.strings("compatible")[0].removeprefix("multiboot,"),
        "offset": offset,
        "size": size,
        "segments": [dict(zip(keys, numbers[n : n + 4], strict=True)) for n in range(0, len(numbers), 4)],
    }
    if node.has("bootargs"):
        module["command-line"] = node.string("bootargs")
    return module


def _pair(node: Node, name: str) -> tuple[int, int]:
    numbers = node.u64s(name)
    if len(numbers) != 2:
        raise DeviceTreeError(f"{name} is not an address and a size", node.where)
    return numbers[0], numbers[1]


def domain_lines(domain: dict[str, Any]) -> list[str]:
    """One domain of `describe_overlay` for people."""
    roles = ", ".join(domain["roles"]) or "none"
    size = format_size(domain["memory"])
    lines = [
        f"domain {domain['id']} {domain['name']}: {size}, {domain['vcpus']} vCPU, roles: {roles}",
        f"  real-mode area {format_size(domain['rma']['size'])} ({domain['rma']['mode']}),"
        f" hash table {format_size(domain['hash-table-size'])}, entry {domain['entry']:#x}",
    ]
    places = [("rtas", domain["rtas"]["address"], domain["rtas"]["size"])]
    for module in domain["modules"]:
        places += [(module["kind"], segment["address"], segment["memory-size"]) for segment in module["segments"]]
        if "command-line" in module:
            lines.append(f"  command line: {module['command-line'] or '(empty)'}")
    if room := domain["firmware-ramdisk"]:
        places.append(("ramdisk, the firmware's if it brings one", room["address"], room["room"]))
    lines += [f"  {start:#012x} .. {start + size:#012x}  {kind}" for kind, start, size in sorted(places, key=_start)]
    return lines


def _start(place: tuple[str, int, int]) -> int:
    return place[1]


def _image_json(report: Report) -> dict[str, Any]:
    head = report.head
    return {
        "image": str(report.path),
        "container": head.container,
        "stub-size": head.stub_size,
        "total-size": head.total_size,
        "payload-offset": head.payload_offset,
        "head-digest": head.head_digest.hex(),
        "signatures": [signature.key_id.hex() for signature in head.signatures],
        "command-line": report.command_line,
        "targets": list(report.targets),
        "entries": [entry_json(entry) for entry in head.entries],
        "domains": list(report.domains),
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """One entry of the table, JSON-ready; sizes in bytes."""
    return {
        "name": entry.name,
        "type": entry.type.name.lower().replace("_", "-"),
        "offset": entry.offset,
        "size": entry.size,
        "memory-size": entry.memory_size,
        "compression": entry.compression.name.lower(),
        "load-hint": entry.load_hint,
        "alignment": entry.alignment,
        "digest": entry.digest.hex(),
    }
