# SPDX-License-Identifier: BSD-2-Clause
"""Reports about an image that is about to be built, or has just been: text for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loader import abi
from loader.errors import one_line
from loader.imagehead import Entry, Head, payload_offsets
from loader.inspect import describe_overlay, domain_lines, entry_json
from loader.lint import Report, finding_json
from loader.plan import ImagePlan


def render_refusal(output: Path | None, report: Report) -> str:
    """An image that is not written because a firmware it is meant for would refuse it, as JSON."""
    return json.dumps(_outcome_json(output, report, written=False), indent=2)


def render_plan(plan: ImagePlan, output: Path | None, report: Report, *, as_json: bool) -> str:
    """The plan of an image that is not written, and what firmwares make of it."""
    where = one_line(plan.subject.where)
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
                **_outcome_json(output, report, written=False),
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


def render_result(image: Path, head: Head, report: Report, *, as_json: bool, dropped: int | None = None) -> str:
    """What was written; `dropped` is how many signatures it has no more, None where there was no image before."""
    size = abi.IMAGE_FILE_OFFSET + head.total_size
    if as_json:
        return json.dumps(
            {
                **_outcome_json(image, report, written=True),
                "size": size,
                "entries": len(head.entries),
                "head-digest": head.head_digest.hex(),
                **({} if dropped is None else {"signatures-dropped": dropped}),
            },
            indent=2,
        )
    return f"{one_line(str(image))}: {size} bytes, {len(head.entries)} entries"


def _outcome_json(output: Path | None, report: Report, *, written: bool) -> dict[str, Any]:
    return {
        "image": None if output is None else str(output),
        "written": written,
        "findings": [finding_json(found) for found in report.findings],
    }


def _without_digest(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry_json(entry).items() if key != "digest"}
