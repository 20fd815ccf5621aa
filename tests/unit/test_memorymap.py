# SPDX-License-Identifier: BSD-2-Clause
"""Memory maps: what lies where, as facts, as text, as JSON and as a picture."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from loader import abi, cli
from loader.mapview import render_maps, rounded_size
from loader.memorymap import (
    DECODER_SPACE,
    FLAT_TREE,
    TREE_HEADROOM,
    AddressSpace,
    Kind,
    Region,
    domain_maps,
    machine_map,
    machine_maps,
    memory_needed,
)
from loader.multiboot import read_head
from loader.profiles import PROFILES, Placement
from loader.subject import read_subject
from loader.svg import draw_maps
from loader.units import KIB, MIB
from tests.conftest import ROOT
from tests.lintcases import build, changed, put
from tests.support import Load, make_elf

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A sound image with one domain."""
    return build(tmp_path)


def space_of(image: Path, profile: str, route: str, memory: int | None = None) -> AddressSpace:
    """One map."""
    found = machine_maps(read_subject(image), PROFILES[profile], memory)
    return next(space for space in found if space.name == f"{profile} {route}")


def lane(space: AddressSpace, title: str) -> dict[str, Region]:
    """A lane's regions by name."""
    return {region.name: region for one in space.lanes if one.title == title for region in one.regions}


@pytest.mark.parametrize(
    ("profile", "route", "load_base"),
    [
        ("powernv8", "-kernel", 0x2000_1000),
        ("powernv10", "-kernel", 0x2000_1000),
        ("slof", "-kernel", 0x40_0000),
        ("slof", "boot net", 0x1000_0000),
        ("js20", "boot net", 0x1000_0000),
        ("js21", "boot net", 0x1000_0000),
        ("mac99", "-kernel", 0x0100_0000),
    ],
)
def test_every_entry_of_the_image_is_where_the_firmware_puts_it(
    image: Path, profile: str, route: str, load_base: int
) -> None:
    """The run addresses were seen on the emulated machines."""
    space = space_of(image, profile, route)
    regions = lane(space, "image")
    head = read_head(image)
    for entry in head.entries:
        start = load_base + entry.offset
        assert (regions[entry.name].start, regions[entry.name].end) == (start, start + entry.size)
    assert (regions["boot stub"].start, regions["boot stub"].size) == (load_base, head.stub_size)
    assert regions["header and table"].end == load_base + head.payload_offset
    assert [(mark.name, mark.address) for mark in space.marks] == [("entry", load_base)]


def test_the_file_lies_whole_under_skiboot(image: Path) -> None:
    regions = lane(space_of(image, "powernv8", "-kernel"), "image")
    assert (regions["ELF header"].start, regions["ELF header"].end) == (0x2000_0000, 0x2000_1000)


def test_the_load_buffer_holds_the_file_until_it_is_entered(image: Path) -> None:
    size = image.stat().st_size
    for profile, base in (("js21", 0x1000_0000), ("slof", 0x4000)):
        buffer = lane(space_of(image, profile, "boot net"), "firmware")["load buffer"]
        assert (buffer.start, buffer.size, buffer.kind, buffer.note) == (base, size, Kind.BUFFER, "until the entry")


def test_what_the_stub_places(image: Path) -> None:
    """The hypervisor at its own address, the tree in the first free page behind the image."""
    placed = lane(space_of(image, "powernv8", "-kernel"), "placed by the stub")
    assert (placed["hypervisor"].start, placed["hypervisor"].size) == (0, 0x8000)
    assert placed["device tree"].start == 0x2000_0000 + image.stat().st_size
    assert placed["device tree"].note == "about"


def test_the_tree_avoids_what_is_in_its_way(tmp_path: Path) -> None:
    image = build(tmp_path)
    behind = 0x2000_0000 + image.stat().st_size
    (tmp_path / "high.elf").write_bytes(make_elf(Load(behind + 0x3000, b"x", memory_size=0x2800)))
    (tmp_path / "test.img").unlink()
    recipe = tmp_path / "recipe.toml"
    assert cli.main(["build", str(recipe), "-o", str(image), "--set", "hypervisor.path=high.elf"]) == 0
    placed = lane(space_of(image, "powernv8", "-kernel"), "placed by the stub")
    assert placed["device tree"].start == behind + 0x6000


def test_compressed_payloads_are_expanded_behind_the_image(tmp_path: Path) -> None:
    """In the order of the table, page by page, and the tree behind them."""
    image = build(tmp_path, "image.compression=lz4")
    placed = lane(space_of(image, "powernv8", "-kernel"), "placed by the stub")
    end = 0x2000_0000 + image.stat().st_size
    entries = [entry for entry in read_head(image).entries if entry.memory_size != entry.size]
    assert [entry.name for entry in entries] == ["dom0/kernel", "dom0/ramdisk"]
    for entry in entries:
        region = placed[f"{entry.name} expanded"]
        assert (region.start, region.note) == (end, "about")
        assert region.size - entry.memory_size in range(4 * KIB)
        end = region.end
        if entry is entries[0]:
            assert placed["decoder"].start == end
            end = placed["decoder"].end
    assert placed["device tree"].start == end
    expanded = sum(entry.memory_size for entry in entries)
    assert memory_needed(read_subject(image)) == image.stat().st_size + expanded + 0x8000 + 64 * MIB + 512 * KIB


@pytest.mark.parametrize("profile", PROFILES)
def test_the_tree_is_behind_what_open_firmware_gave(profile: str, image: Path) -> None:
    for space in machine_maps(read_subject(image), PROFILES[profile]):
        placed = lane(space, "placed by the stub")
        names = [name for name in ("firmware's tree", "device tree", "boot overlay") if name in placed]
        assert len(names) == (3 if profile in ("js20", "js21", "slof", "mac99") else 2)
        assert [placed[name].end for name in names[:-1]] == [placed[name].start for name in names[1:]]


def test_sizes_are_the_stubs() -> None:
    """The same numbers in C."""
    for file, name, size in (
        ("overlay.h", "OVERLAY_HEADROOM", TREE_HEADROOM),
        ("prom.c", "TREE_FIRST_SIZE", FLAT_TREE),
        ("expand.h", "EXPAND_WORK_SIZE", DECODER_SPACE),
    ):
        source = (ROOT / "firmware" / "stub" / file).read_text()
        match = re.search(rf"^#define {name} \(?UINT\d+_C\((\w+)\)(?: << (\d+)\))?$", source, re.MULTILINE)
        assert match is not None, name
        assert int(match[1], 0) << int(match[2] or 0) == size


def test_memory_changes_slofs_place(image: Path) -> None:
    for memory, base in ((512 * MIB, 0x1DAF_0000), (1024 * MIB, 0x3DAF_0000)):
        space = space_of(image, "slof", "-kernel", memory)
        assert space.end == memory
        assert lane(space, "firmware")["SLOF"].start == base


def test_a_loader_that_chooses_is_said_to(image: Path) -> None:
    for name in ("epapr", "kexec"):
        (space,) = machine_maps(read_subject(image), PROFILES[name])
        assert "boot stub" in lane(space, "image, as linked")


def test_domain_map_is_the_planners(image: Path) -> None:
    (space,) = domain_maps(read_subject(image))
    regions = lane(space, "guest")
    head = read_head(image)
    assert space.end == 64 * MIB
    assert (regions["kernel"].start, regions["kernel"].size) == (0, 0x20000)
    assert regions["ramdisk"].start == head.entry("dom0/ramdisk").load_hint
    assert regions["device tree"].start == head.entry("dom0/device-tree").load_hint
    assert regions["RTAS"].size == abi.RTAS_SIZE
    assert not lane(space, "kept for")
    assert {mark.name: mark.address for mark in space.marks} == {
        "entry": 0,
        "end of the real-mode area (auto)": 64 * MIB,
    }


@pytest.mark.parametrize("path", ["", 'path="initrd.gz", '])
def test_room_for_the_firmwares_ramdisk_is_not_free(path: str, tmp_path: Path) -> None:
    subject = read_subject(build(tmp_path, f"domain.dom0.initrd={{{path}from-firmware='8M'}}"))
    (space,) = domain_maps(subject)
    (room,) = lane(space, "kept for").values()
    (domain,) = subject.contents.domains if subject.contents else ()
    assert room.size == 8 * MIB
    assert room.start == domain["firmware-ramdisk"]["address"]
    sizes = [region.size for name, region in lane(space, "guest").items() if name == "ramdisk"]
    assert sizes == ([(tmp_path / "initrd.gz").stat().st_size] if path else [])
    tree = lane(space, "guest")["device tree"]
    assert room.end <= tree.start
    assert f"{room.name} (if it brings one)" in "".join(render_maps([space]))


def test_memory_needed(image: Path) -> None:
    """File, hypervisor, the domain's 64 MiB and its hash table."""
    assert memory_needed(read_subject(image)) == image.stat().st_size + 0x8000 + 64 * MIB + 512 * KIB


def test_other_peoples_files_have_a_map_as_well(tmp_path: Path) -> None:
    path = tmp_path / "foreign.elf"
    path.write_bytes(make_elf(Load(0x10_0000, b"x" * 100), Load(0x20_0000, b"y" * 100, memory_size=0x5000)))
    subject = read_subject(path)
    assert domain_maps(subject) == []
    assert memory_needed(subject) is None
    route = next(route for route in PROFILES["slof"].routes if route.placement is Placement.TRANSLATED)
    space = machine_map(subject, PROFILES["slof"], route, 512 * MIB)
    assert [(part.name, part.start, part.end) for part in space.regions() if part.kind is Kind.OTHER] == [
        ("segment 0", 0x50_0000, 0x50_0064),
        ("segment 1", 0x60_0000, 0x60_5000),
    ]


# --- as text ----------------------------------------------------------------------------------------------------------


def test_text(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["inspect", str(image), "--map", "--profile", "powernv8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    end = 0x2000_0000 + image.stat().st_size
    assert lines[0] == "QEMU powernv8, skiboot, by -kernel, 2 GiB of memory"
    assert lines[2] == "         0x0      0x8000      32 KiB  placed by the stub  hypervisor"
    assert lines[3].split() == ["512", "MiB", "free"]
    assert lines[4] == "  0x20000000  0x20001000       4 KiB  image               ELF header"
    assert lines[5] == "  0x20001000                          <- entry"
    assert f"  {end:#x}  {end + 88 * KIB:#x}      88 KiB  placed by the stub  device tree (about)" in lines
    assert "  0x30000000  0x32000000      32 MiB  firmware            skiboot (stays)" in lines
    assert "  0x80000000                          <- end of memory" in lines
    assert "domain dom0, 64 MiB, guest-physical" in lines
    assert lines[-1].split() == ["0x4000000", "<-", "end", "of", "memory"]


def test_text_leaves_no_byte_out(image: Path) -> None:
    """Regions, gaps and marks ascend; every address in a line is one of the map's."""
    for profile in PROFILES.values():
        for space in machine_maps(read_subject(image), profile):
            known = {f"{number:#x}" for part in space.regions() for number in (part.start, part.end)}
            known |= {f"{mark.address:#x}" for mark in space.marks} | {f"{space.end:#x}"}
            lines = render_maps([space]).splitlines()[2:]
            starts = [line.split()[0] for line in lines if line.split()[0].startswith("0x")]
            assert set(starts) <= known
            assert {f"{part.start:#x}" for part in space.regions()} <= set(starts)
            assert [int(start, 16) for start in starts] == sorted(int(start, 16) for start in starts)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (23 * KIB + 6, "23 KiB"),
        (150 * MIB + 1, "150 MiB"),
        (3 << 30, "3 GiB"),
    ],
)
def test_rounded_sizes(size: int, text: str) -> None:
    assert rounded_size(size) == text


# --- as JSON and as a picture -----------------------------------------------------------------------------------------


def test_json(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["inspect", str(image), "--map", "--json", "--profile", "slof"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [space["name"] for space in report["maps"]] == ["slof -kernel", "slof boot net", "dom0"]
    kernel, net, dom0 = report["maps"]
    assert kernel["marks"] == [{"name": "entry", "address": 0x40_0000}]
    buffers = [region for region in net["regions"] if region["kind"] == "load buffer"]
    assert buffers[0]["start"] == 0x4000
    assert dom0["end"] == 64 * MIB


def test_svg(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Well-formed, with a box for each region, a tooltip on each and nothing outside of the paper."""
    picture = tmp_path / "map.svg"
    capsys.readouterr()
    assert cli.main(["inspect", str(image), "--svg", str(picture)]) == 0
    assert capsys.readouterr().out == ""
    root = ElementTree.parse(picture).getroot()  # noqa: S314 - our own output
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    subject = read_subject(image)
    spaces = [space for name in ("powernv8", "slof", "mac99") for space in machine_maps(subject, PROFILES[name])]
    spaces += domain_maps(subject)
    regions = [region for space in spaces for region in space.regions()]
    groups = root.findall(f"{SVG}g")
    assert len(groups) == len(regions)
    for group in groups:
        title, box, *texts = group
        assert title.tag == f"{SVG}title"
        assert title.text is not None
        assert " bytes" in title.text
        assert box.tag == f"{SVG}rect"
        assert texts
    for box in root.iter(f"{SVG}rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert 0 <= x <= x + float(box.attrib["width"]) <= width
        assert 0 <= y <= y + float(box.attrib["height"]) <= height
    text = {element.text for element in root.iter(f"{SVG}text")}
    assert {"test.img: what lies where", "boot stub", "skiboot", "OpenBIOS", "ramdisk", "end of memory"} <= text


def test_svg_boxes_of_one_lane_do_not_overlap(image: Path) -> None:
    """The same region order on the paper as in memory."""
    subject = read_subject(image)
    for name, profile in PROFILES.items():
        for space in machine_maps(subject, profile):
            root = ElementTree.fromstring(draw_maps([space], name))  # noqa: S314 - our own output
            columns: dict[float, list[tuple[float, float]]] = {}
            for group in root.findall(f"{SVG}g"):
                box = group[1].attrib
                columns.setdefault(float(box["x"]), []).append((float(box["y"]), float(box["height"])))
            assert len(columns) == len(space.lanes)
            for boxes in columns.values():
                assert all(upper >= lower + height for (lower, height), (upper, _) in pairwise(boxes))


def test_svg_escapes_names() -> None:
    space = AddressSpace("<x>", 'a & "b"', MIB, ())
    root = ElementTree.fromstring(draw_maps([space], "<&>"))  # noqa: S314 - our own output
    assert root.findtext(f"{SVG}title") == "<&>"
    assert 'a & "b"' in {element.text for element in root.iter(f"{SVG}text")}


# --- what users get wrong ---------------------------------------------------------------------------------------------


def test_the_picture_must_not_replace_the_image(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = image.read_bytes()
    assert cli.main(["inspect", str(image), "--svg", str(image)]) == 1
    assert "the output would replace one of the inputs" in capsys.readouterr().err
    assert image.read_bytes() == before


def test_map_options_need_a_map(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["inspect", str(image), "--profile", "slof"])
    assert caught.value.code == 2
    assert "--profile and --memory need --map or --svg" in capsys.readouterr().err


def test_a_damaged_image_has_no_map(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(image, lambda data: put(data, 0x1100, 1))
    capsys.readouterr()
    assert cli.main(["inspect", str(image), "--map"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"mkimage: {image}: stub, header and table do not match the head's SHA-256\n"
