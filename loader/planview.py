# SPDX-License-Identifier: BSD-2-Clause
"""Reports about an image that is about to be built, or has just been: text for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loader import abi
from loader.imagehead import Entry, Head, payload_offsets
from loader.inspect import describe_overlay, domain_lines, entry_json
from loader.plan import ImagePlan


def render_plan(plan: ImagePlan, where: str, *, as_json: bool) -> str:
    """The plan of an image that is not written."""
    sizes = [payload.size for payload in plan.payloads]
    *offsets, total_size = payload_offsets(len(plan.stub), sizes, len(sizes))
    entries = [payload.entry(offset, b"") for payload, offset in zip(plan.payloads, offsets, strict=True)]
    overlay = plan.payloads[-1].source
    if not isinstance(overlay, bytes):
        raise TypeError("a plan ends in its overlay")
    facts = describe_overlay(overlay, where)
    file_size = abi.IMAGE_FILE_OFFSET + total_size
    if as_json:
        return json.dumps(
            {
                "size": file_size,
                "stub-size": len(plan.stub),
                "command-line": facts.command_line,
                "targets": list(facts.targets),
                "entries": [_without_digest(entry) for entry in entries],
                "domains": list(facts.domains),
            },
            indent=2,
        )
    lines = [
        f"{where}: would have {file_size} bytes, {len(sizes)} entries, stub {len(plan.stub)} bytes",
        "",
        f"{'offset':>10} {'size':>10} {'in memory':>10} {'stored as':>10}  name",
    ]
    for entry in entries:
        method = entry.compression.name.lower()
        lines.append(f"{entry.offset:#10x} {entry.size:>10} {entry.memory_size:>10} {method:>10}  {entry.name}")
    for domain in facts.domains:
        lines += ["", *domain_lines(domain)]
    return "\n".join(lines)


def render_result(image: Path, head: Head, *, as_json: bool) -> str:
    """What was written."""
    size = abi.IMAGE_FILE_OFFSET + head.total_size
    if as_json:
        return json.dumps(
            {
                "image": str(image),
                "size": size,
                "entries": len(head.entries),
                "head-digest": head.head_digest.hex(),
            },
            indent=2,
        )
    return f"{image}: {size} bytes, {len(head.entries)} entries"


def _without_digest(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry_json(entry).items() if key != "digest"}
