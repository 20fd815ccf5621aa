# SPDX-License-Identifier: BSD-2-Clause
"""Memory maps as an SVG picture (SVG 1.1, W3C recommendation): plain shapes and text, nothing to fetch, no script.

Addresses grow downwards.  Heights follow the logarithm of sizes, so that a page and a gigabyte both stay readable, and
gaps have one height however large they are.  Each box carries its full description as a tooltip.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from loader.mapview import describe_region, rounded_size
from loader.memorymap import PAGE, AddressSpace, Kind, Lane, Mark, Region

_COLOURS: Final = {
    Kind.FIRMWARE: ("#e7e5e4", "#78716c"),
    Kind.BUFFER: ("#fafaf9", "#a8a29e"),
    Kind.STUB: ("#fde68a", "#b45309"),
    Kind.OTHER: ("#ffffff", "#57534e"),
    Kind.HYPERVISOR: ("#fecaca", "#b91c1c"),
    Kind.TREE: ("#d9f99d", "#4d7c0f"),
    Kind.KERNEL: ("#bfdbfe", "#1d4ed8"),
    Kind.RAMDISK: ("#ddd6fe", "#6d28d9"),
    Kind.RTAS: ("#99f6e4", "#0f766e"),
}
"""Fill and outline."""

_MARGIN: Final = 28
_RULER: Final = 96
_LANE: Final = 196
_LANE_GAP: Final = 10
_MARKS: Final = 150
_TITLE: Final = 76
_ROW_WIDTH: Final = 2300.0
_GAP_HEIGHT: Final = 34.0
_PADDING_HEIGHT: Final = 3.0
_ROW_HEIGHT: Final = 24.0
_MAX_HEIGHT: Final = 84.0
_LINE: Final = 13
_MARK: Final = "#b91c1c"
_PALE: Final = "#78716c"
_STYLE: Final = """\
text { font-family: 'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 11px; fill: #1c1917 }
.address { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 10px; fill: #57534e }
.title { font-size: 13px; font-weight: bold }
.heading { font-size: 18px; font-weight: bold }
.pale { fill: #78716c }
.free { fill: #78716c; font-style: italic }
"""


@dataclass(frozen=True)
class _Scale:
    """Where addresses are on the paper: known ones, ascending, with their y."""

    stops: tuple[tuple[int, float], ...]

    def y(self, address: int) -> float:
        """The y of an address that is a stop."""
        return self._places[address]

    @cached_property
    def _places(self) -> dict[int, float]:
        return dict(self.stops)

    @property
    def height(self) -> float:
        """Of the whole map."""
        return self.stops[-1][1]


def draw_maps(spaces: Sequence[AddressSpace], heading: str) -> str:
    """An SVG document that shows the maps side by side."""
    top = _MARGIN + 34.0
    width = 0.0
    body: list[str] = []
    for row in _rows(spaces):
        left = float(_MARGIN)
        height = 0.0
        for space in row:
            scale = _scale_of(space)
            body += _draw_space(space, scale, left, top)
            left += _panel_width(space)
            height = max(height, scale.height)
        width = max(width, left)
        top += _TITLE + height + _MARGIN
    body += _legend(spaces, top)
    width, height = max(width, 720.0), top + 40
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}">',
            f"<title>{escape(heading)}</title>",
            f"<style>\n{_STYLE}</style>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            _text(_MARGIN, _MARGIN + 12, heading, "heading"),
            *body,
            "</svg>",
            "",
        ]
    )


def _rows(spaces: Sequence[AddressSpace]) -> list[list[AddressSpace]]:
    """As many side by side as the paper is wide."""
    rows: list[list[AddressSpace]] = []
    for space in spaces:
        if not rows or sum(map(_panel_width, [*rows[-1], space])) > _ROW_WIDTH:
            rows.append([])
        rows[-1].append(space)
    return rows


def _panel_width(space: AddressSpace) -> float:
    return _RULER + len(space.lanes) * (_LANE + _LANE_GAP) + _MARKS


def _scale_of(space: AddressSpace) -> _Scale:
    regions = space.regions()
    addresses = {0, space.end, *(mark.address for mark in space.marks)}
    for region in regions:
        addresses |= {region.start, region.end}
    y = 0.0
    stops = [(min(addresses), y)]
    for lower, upper in pairwise(sorted(addresses)):
        y += _height(lower, upper, regions)
        stops.append((upper, y))
    return _Scale(tuple(stops))


def _height(lower: int, upper: int, regions: Sequence[Region]) -> float:
    """Of the paper between two stops: less than a page in which nothing begins or ends is padding."""
    inside = [region for region in regions if region.start < upper and lower < region.end]
    if upper - lower < PAGE and not any(region.start == lower or region.end == upper for region in inside):
        return _PADDING_HEIGHT
    if not inside:
        return _GAP_HEIGHT
    return min(_ROW_HEIGHT + 3.2 * math.log2(max((upper - lower) / PAGE, 1)), _MAX_HEIGHT)


def _draw_space(space: AddressSpace, scale: _Scale, left: float, top: float) -> list[str]:
    lanes_left, lanes_width = left + _RULER, len(space.lanes) * (_LANE + _LANE_GAP) - _LANE_GAP
    top += 20
    drawn = [_text(left, top, line, "title") for line in [space.title]]
    top += 24
    if len(space.lanes) > 1:
        for number, lane in enumerate(space.lanes):
            drawn.append(_text(lanes_left + number * (_LANE + _LANE_GAP), top, lane.title, "pale"))
    top += 12
    drawn.append(
        f'<rect x="{lanes_left - 6:.1f}" y="{top:.1f}" width="{lanes_width + 12:.1f}" height="{scale.height:.1f}"'
        ' fill="#fcfcfb" stroke="#d6d3d1"/>'
    )
    for mark in space.marks:  # under the boxes, so that it crosses no text
        y = top + scale.y(mark.address)
        drawn.append(_line(lanes_left - 6, y, lanes_left + lanes_width + 6, y, _MARK, dashes="2 3"))
    drawn += _gaps(space, scale, lanes_left, lanes_width, top)
    for number, lane in enumerate(space.lanes):
        drawn += _draw_lane(lane, scale, lanes_left + number * (_LANE + _LANE_GAP), top)
    drawn += _ruler(space, scale, lanes_left - 6, top)
    drawn += _marks(space, scale, lanes_left + lanes_width + 6, top)
    return drawn


def _gaps(space: AddressSpace, scale: _Scale, left: float, width: float, top: float) -> list[str]:
    drawn = []
    reached = 0
    for region in [*space.regions(), Region("", space.end, space.end, Kind.FIRMWARE)]:
        for lower, upper in _between(scale, reached, region.start):
            if upper - lower >= PAGE:
                middle = top + (scale.y(lower) + scale.y(upper)) / 2
                drawn.append(
                    _text(left + width / 2, middle + 4, f"{rounded_size(upper - lower)} free", "free", "middle")
                )
        reached = max(reached, region.end)
    return drawn


def _between(scale: _Scale, start: int, end: int) -> list[tuple[int, int]]:
    """The pieces into which stops cut [start, end)."""
    inside = [address for address, _ in scale.stops if start <= address <= end]
    return list(pairwise(inside)) if start < end else []


def _draw_lane(lane: Lane, scale: _Scale, left: float, top: float) -> list[str]:
    drawn = []
    for region in lane.regions:
        fill, outline = _COLOURS[region.kind]
        y, height = top + scale.y(region.start), scale.y(region.end) - scale.y(region.start)
        dashes = ' stroke-dasharray="4 3"' if region.kind is Kind.BUFFER or region.note == "about" else ""
        drawn.append(f"<g><title>{escape(_tooltip(region))}</title>")
        drawn.append(
            f'<rect x="{left:.1f}" y="{y + 1:.1f}" width="{_LANE}" height="{max(height - 2, 1):.1f}" rx="4"'
            f' fill="{fill}" stroke="{outline}"{dashes}/>'
        )
        drawn += _label(region, left + 8, y, height)
        drawn.append("</g>")
    return drawn


def _label(region: Region, left: float, y: float, height: float) -> list[str]:
    size = rounded_size(region.size)
    note = [] if not region.note else [region.note]
    if height < _ROW_HEIGHT + _LINE:
        room = _LANE - 24 - 6.2 * len(size)
        return [
            _text(left, y + height / 2 + 4, _fitted(region.name, room)),
            _text(left + _LANE - 16, y + height / 2 + 4, size, "pale", "end"),
        ]
    lines = [region.name, size, *note][: 2 if height < _ROW_HEIGHT + 2 * _LINE else 3]
    start = y + height / 2 + 4 - (len(lines) - 1) * _LINE / 2
    return [
        _text(left, start + number * _LINE, _fitted(line, _LANE - 16), "" if number == 0 else "pale")
        for number, line in enumerate(lines)
    ]


def _ruler(space: AddressSpace, scale: _Scale, right: float, top: float) -> list[str]:
    """Addresses at the left; where two are too close, the start of a region wins over the end of one."""
    starts = {0, space.end, *(region.start for region in space.regions())}
    drawn = []
    placed: list[float] = []
    for address, y in sorted(scale.stops, key=lambda stop: (stop[0] not in starts, stop[0])):
        if all(abs(y - other) >= 11 for other in placed):
            placed.append(y)
            drawn.append(_line(right - 5, top + y, right, top + y, _PALE))
            drawn.append(_text(right - 8, top + y + 3.5, f"{address:#x}", "address", "end"))
    return drawn


def _marks(space: AddressSpace, scale: _Scale, left: float, top: float) -> list[str]:
    """Names at the right, one below the other where they mean the same address."""
    drawn = []
    rows: dict[float, int] = {}
    for mark in (*space.marks, Mark("end of memory", space.end)):
        y = top + scale.y(mark.address)
        drawn.append(f'<path d="M {left:.1f} {y:.1f} l 7 -4 v 8 z" fill="{_MARK}"/>')
        for line in _wrapped(mark.name, 22):
            rows[y] = rows.get(y, -1) + 1
            drawn.append(_text(left + 11, y + 4 + rows[y] * _LINE, line))
    return drawn


def _legend(spaces: Sequence[AddressSpace], top: float) -> list[str]:
    used = {region.kind for space in spaces for region in space.regions()}
    drawn = []
    left = float(_MARGIN)
    for kind in Kind:
        if kind in used:
            fill, outline = _COLOURS[kind]
            drawn.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="14" height="14" rx="3" fill="{fill}" stroke="{outline}"/>'
            )
            drawn.append(_text(left + 20, top + 11, kind.value))
            left += 20 + 6.6 * len(kind.value) + 24
    return drawn


def _tooltip(region: Region) -> str:
    return f"{describe_region(region)}: {region.start:#x} to {region.end:#x}, {region.size} bytes"


def _fitted(text: str, room: float) -> str:
    """`text`, cut to about so many pixels."""
    limit = max(int(room / 6.3), 2)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _wrapped(text: str, columns: int) -> Iterable[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > columns:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "") -> str:
    attributes = f' class="{style}"' if style else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{pattern}/>'
