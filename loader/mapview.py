# SPDX-License-Identifier: BSD-2-Clause
"""Memory maps as aligned text and as JSON-ready facts; loader/svg.py draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from loader.memorymap import PAGE, AddressSpace, Mark, Region
from loader.units import GIB, KIB, MIB

_FREE: Final = "free"


def render_maps(spaces: Sequence[AddressSpace]) -> str:
    """One table for each address space."""
    return "\n\n".join("\n".join(_table(space)) for space in spaces)


def maps_json(spaces: Sequence[AddressSpace]) -> list[dict[str, Any]]:
    """The same as JSON-ready facts; addresses and sizes in bytes."""
    return [
        {
            "name": space.name,
            "title": space.title,
            "end": space.end,
            "regions": [
                {
                    "name": region.name,
                    "kind": region.kind.value,
                    "lane": lane.title,
                    "start": region.start,
                    "end": region.end,
                    "note": region.note,
                }
                for lane in space.lanes
                for region in lane.regions
            ],
            "marks": [{"name": mark.name, "address": mark.address} for mark in space.marks],
        }
        for space in spaces
    ]


def rounded_size(size: int) -> str:
    """`size` in the unit people would use, three significant digits."""
    for factor, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= factor:
            return f"{size / factor:.{0 if size >= 100 * factor else 1}f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


def describe_region(region: Region) -> str:
    """Name and note."""
    return f"{region.name} ({region.note})" if region.note else region.name


def _table(space: AddressSpace) -> list[str]:
    width = max(len(f"{address:#x}") for address in (space.end, *(region.end for region in space.regions())))
    lanes = {region: lane.title for lane in space.lanes for region in lane.regions}
    lane_width = max((len(title) for title in lanes.values()), default=0)

    def line(start: int | None, end: int | None, size: int | None, text: str) -> str:
        addresses = ["" if address is None else f"{address:#x}" for address in (start, end)]
        length = "" if size is None else rounded_size(size)
        return f"  {addresses[0]:>{width}}  {addresses[1]:>{width}}  {length:>10}  {text}"

    lines = [space.title, f"  {'from':>{width}}  {'to':>{width}}  {'size':>10}"]
    marks = sorted((*space.marks, Mark("end of memory", space.end)), key=lambda mark: mark.address)
    reached = 0
    for region in [*space.regions(), None]:
        while marks and (region is None or marks[0].address <= region.start):
            mark = marks.pop(0)
            lines += [line(None, None, size, _FREE) for size in _gap(reached, mark.address)]
            lines.append(line(mark.address, None, None, f"<- {mark.name}"))
            reached = max(reached, mark.address)
        if region is not None:
            lines += [line(None, None, size, _FREE) for size in _gap(reached, region.start)]
            text = f"{lanes[region]:{lane_width}}  {describe_region(region)}"
            lines.append(line(region.start, region.end, region.size, text if len(space.lanes) > 1 else region.name))
            reached = max(reached, region.end)
    return lines


def _gap(start: int, end: int) -> list[int]:
    """The size of a gap worth a line: padding to the next page is not."""
    return [end - start] if end - start >= PAGE else []
