# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage replace` and `mkimage diff`: as if built anew, and what is different then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loader import abi
from loader.devtree import Tree
from loader.multiboot import Payload, read_head, write_image
from loader.overlay import PROP_RECIPE
from loader.sign import generate_key
from tests.support import Load, make_elf, make_stub, write_recipe
from tests.unit.conftest import Run

LARGER = make_elf(Load(0x0, b"\x55" * 0x3000, memory_size=0x40000))


@pytest.fixture
def image(tmp_path: Path, run: Run) -> Path:
    path = tmp_path / "test.img"
    assert run("build", write_recipe(tmp_path), "-o", path)[0] == 0
    return path


@pytest.mark.parametrize(
    ("name", "key", "content"),
    [
        ("dom0/kernel", "domain.dom0.kernel", LARGER),
        ("dom0/ramdisk", "domain.dom0.initrd", b"\x77" * 0x123456),
        ("hypervisor", "hypervisor.path", make_elf(Load(0x10000, b"\x44" * 0x4000))),
        ("stub", "image.stub", make_stub(pages=7)),
    ],
)
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_replacing_is_building_again(
    name: str, key: str, content: bytes, compression: str, tmp_path: Path, run: Run
) -> None:
    recipe, image = write_recipe(tmp_path), tmp_path / "test.img"
    new, expected, output = tmp_path / "new", tmp_path / "expected.img", tmp_path / "out.img"
    new.write_bytes(content)
    compress = ["--set", f"image.compression={compression}"]
    assert run("build", recipe, "-o", image, *compress)[0] == 0
    assert run("build", recipe, "-o", expected, *compress, "--set", f"{key}=new")[0] == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    status, out, err = run("replace", image, name, new, "-o", output)
    assert (status, err) == (0, "")
    assert out == f"{output}: {output.stat().st_size} bytes, 5 entries\n"
    assert output.read_bytes() == expected.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "out.img"])


def test_the_file_is_called_as_it_was_given(
    image: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipe inside is not the user's: its folder and its keys mean nothing to them."""
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("folder").mkdir()
    for name, file, complaint in (
        ("dom0/kernel", "none", "none: cannot read the file: No such file or directory"),
        ("dom0/ramdisk", "folder", "folder: not a regular file"),
        ("dom0/kernel", "initrd.gz", "initrd.gz: not an ELF file"),
        ("dom0/ramdisk", "empty", "test.img: domain.dom0.initrd: is empty: empty"),
    ):
        assert run("replace", image.name, name, file, "-o", "out.img") == (1, "", f"mkimage: {complaint}\n")


def test_paths_count_from_here(image: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("replace", image.name, "dom0/ramdisk", "initrd.gz", "-o", "out.img")[0] == 0
    assert Path("out.img").read_bytes() == image.read_bytes()


def test_over_the_image_itself_and_back(image: Path, tmp_path: Path, run: Run) -> None:
    before = image.read_bytes()
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_bytes(b"a new ramdisk")
    assert run("extract", image, "dom0/ramdisk", "-o", old)[0] == 0
    assert run("replace", image, "dom0/ramdisk", new, "-o", image)[0] == 0
    assert image.read_bytes() != before
    assert run("replace", image, "dom0/ramdisk", old, "-o", image)[0] == 0
    assert image.read_bytes() == before


def test_the_container_stays(tmp_path: Path, run: Run) -> None:
    recipe, image = write_recipe(tmp_path), tmp_path / "test.img"
    before = tmp_path / "before.img"
    assert run("build", recipe, "-o", image, "--container", "elf64")[0] == 0
    before.write_bytes(image.read_bytes())
    assert run("replace", image, "dom0/ramdisk", tmp_path / "initrd.gz", "-o", image)[0] == 0
    assert image.read_bytes() == before.read_bytes()
    assert run("build", recipe, "-o", image)[0] == 0
    assert run("diff", before, image) == (1, "~ container: elf64 -> elf32\n", "")


def test_signatures_are_dropped_and_said_so(image: Path, tmp_path: Path, run: Run) -> None:
    for number in range(2):
        generate_key(tmp_path / f"key{number}")
        assert run("sign", image, "--key", tmp_path / f"key{number}")[0] == 0
    output, ramdisk = tmp_path / "out.img", tmp_path / "initrd.gz"
    status, _, err = run("replace", image, "dom0/ramdisk", ramdisk, "-o", output)
    assert (status, err) == (0, f"mkimage: {output}: 2 signatures dropped, sign it again\n")
    assert read_head(output).signatures == ()
    status, out, _ = run("diff", image, output)
    assert status == 1
    assert out.startswith("~ signatures: ")


def test_everything_is_checked_again(image: Path, tmp_path: Path, run: Run) -> None:
    output = tmp_path / "out.img"
    cases = {
        "x86": ("dom0/kernel", make_elf(machine=62), "machine 62"),
        "large": (
            "dom0/kernel",
            make_elf(Load(0, b"x", memory_size=65 << 20)),
            f"{image}: domain.dom0: kernel segment",
        ),
        "empty": ("dom0/ramdisk", b"", "domain.dom0.initrd: is empty"),
        "huge": ("dom0/ramdisk", bytes(65 << 20), f"{image}: domain.dom0: no room for the ramdisk"),
        "nostub": ("stub", b"nothing", "does not begin with a boot stub"),
    }
    for file, (name, content, expected) in cases.items():
        (tmp_path / file).write_bytes(content)
        status, out, err = run("replace", image, name, tmp_path / file, "-o", output)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert expected in err
        assert ".replace-" not in err
    assert not output.exists()
    assert not list(tmp_path.glob(".*"))


def test_firmwares_judge_again(tmp_path: Path, run: Run) -> None:
    image, output = tmp_path / "test.img", tmp_path / "out.img"
    recipe = write_recipe(tmp_path)
    assert run("build", recipe, "-o", image, "--set", "domain.dom0.memory=512M")[0] == 0
    with (tmp_path / "large").open("wb") as file:
        file.truncate(129 << 20)
    status, out, err = run("replace", image, "dom0/ramdisk", tmp_path / "large", "-o", output)
    assert (status, out) == (1, "")
    assert "134217728" in err
    assert not output.exists()


def test_what_cannot_be_replaced(image: Path, tmp_path: Path, run: Run) -> None:
    file, output = tmp_path / "initrd.gz", tmp_path / "out.img"
    for name, expected in (
        ("boot-overlay", "boot-overlay follows from the recipe"),
        ("dom0/device-tree", "dom0/device-tree follows from the recipe"),
        ("dom1/kernel", "no entry is called 'dom1/kernel'"),
    ):
        status, _, err = run("replace", image, name, file, "-o", output)
        names = "can be replaced: stub, hypervisor, dom0/kernel, dom0/ramdisk"
        assert (status, err) == (1, f"mkimage: {image}: {expected}; {names}\n")
    assert run("replace", image, "dom0/ramdisk", file, "-o", file)[0] == 1
    assert run("replace", image, "dom0/ramdisk", tmp_path / "none", "-o", output)[0] == 1
    assert run("replace", image, "dom0/ramdisk", file, "-o", tmp_path / "none" / "out.img")[0] == 3
    assert not output.exists()


def test_damaged_images_are_not_replanned(image: Path, tmp_path: Path, run: Run) -> None:
    content = bytearray(image.read_bytes())
    content[abi.IMAGE_FILE_OFFSET + read_head(image).entry("dom0/kernel").offset] ^= 1
    image.write_bytes(content)
    status, _, err = run("replace", image, "dom0/ramdisk", tmp_path / "initrd.gz", "-o", tmp_path / "out.img")
    assert (status, err) == (1, f"mkimage: {image}: dom0/kernel: the bytes do not match their SHA-256\n")


def test_an_image_without_its_recipe(image: Path, tmp_path: Path, run: Run) -> None:
    head, content = read_head(image), image.read_bytes()[abi.IMAGE_FILE_OFFSET :]
    payloads = [Payload(entry.type, entry.name, content[entry.offset : entry.end]) for entry in head.entries]
    overlay = Tree.parse(content[head.entries[-1].offset : head.entries[-1].end], "overlay")
    overlay.root.delete(PROP_RECIPE)
    payloads[-1] = Payload(abi.EntryType.BOOT_OVERLAY, "boot-overlay", overlay.to_dtb())
    write_image(image, make_stub(), payloads)
    status, _, err = run("replace", image, "dom0/ramdisk", tmp_path / "initrd.gz", "-o", tmp_path / "out.img")
    assert (status, err) == (1, f"mkimage: {image}: does not carry its recipe; build it again from the recipe\n")


def test_relative_paths(tmp_path: Path, image: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new").write_bytes(LARGER)
    status, _, err = run("replace", image.name, "dom0/kernel", "new", "-o", "out.img")
    assert (status, err) == (0, "")
    assert run("verify", "out.img")[0] == 0


@pytest.mark.parametrize(
    ("path", "room"), [("", 4 << 20), ('path="rd", compression="zstd", ', 4 << 20), ('path="rd", ', 4096)]
)
def test_room_for_the_firmwares_ramdisk_stays(path: str, room: int, tmp_path: Path, run: Run) -> None:
    """With and without a ramdisk of the image's own, whatever else is replaced."""
    recipe, image, output = write_recipe(tmp_path), tmp_path / "test.img", tmp_path / "out.img"
    (tmp_path / "rd").write_bytes(bytes(0x8000))
    (tmp_path / "new").write_bytes(LARGER)
    setting = f"domain.dom0.initrd={{{path}from-firmware={room}}}"
    assert run("build", recipe, "-o", image, "--set", setting)[0] == 0
    assert run("replace", image, "dom0/kernel", tmp_path / "new", "-o", output)[0] == 0
    rooms = []
    for file in (image, output):
        (domain,) = json.loads(run("inspect", file, "--json")[1])["domains"]
        rooms.append(domain["firmware-ramdisk"])
    assert rooms[0] == rooms[1]
    assert rooms[0]["room"] == room
    assert "ramdisk, the firmware's if it brings one" in run("inspect", output)[1]
    changed = run("diff", image, output)[1]
    assert "firmware-ramdisk" not in changed
    assert "initrd" not in changed


def test_diff_of_the_same(image: Path, run: Run) -> None:
    assert run("diff", image, image) == (0, "", "")
    status, out, _ = run("diff", image, image, "--json")
    assert (status, json.loads(out)["changes"]) == (0, [])


def test_diff(image: Path, tmp_path: Path, run: Run) -> None:
    other = tmp_path / "other.img"
    (tmp_path / "larger.elf").write_bytes(LARGER)
    settings = [
        "image.stub=other.bin",
        "hypervisor.command-line=quiet",
        "domain.dom0.memory=80M",
        "domain.dom0.kernel=larger.elf",
        'domain.dom0.devtree."/chosen".answer=42',
        'domain.dom0.devtree."/nvram"=false',
        'domain.dom1={kernel="kernel.elf", memory="32M"}',
    ]
    (tmp_path / "other.bin").write_bytes(make_stub(fill=1))
    words = [word for setting in settings for word in ("--set", setting)]
    assert run("build", tmp_path / "recipe.toml", "-o", other, *words)[0] == 0
    status, out, err = run("diff", image, other)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    for expected in (
        "~ stub: digest ",
        "~ dom0/kernel: size 12288 -> 16384, memory-size 12288 -> 16384, digest ",
        "+ dom1/kernel: type kernel, size ",
        "~ hypervisor command-line: loud -> quiet",
        "~ domain dom0 memory: 67108864 -> 83886080",
        "~ domain dom0 modules kernel segments 0 file-size: 4660 -> 12288",
        "+ domain dom1 name: dom1",
        "- dom0/device-tree /nvram: node",
        "- dom0/device-tree /nvram #bytes: <00010000>",
        "+ dom0/device-tree /chosen answer: <0000002a>",
    ):
        assert any(line.startswith(expected) for line in lines), expected
    assert not any("kernel offset" in line for line in lines)
    _, out, _ = run("diff", other, image, "--json")
    changes = {change["where"]: (change["old"], change["new"]) for change in json.loads(out)["changes"]}
    assert changes["domain dom0 memory"] == (83886080, 67108864)
    assert changes["dom1/kernel"][1] is None
    assert len(changes) == len(lines)


def test_long_values_are_cut_for_people_only(image: Path, tmp_path: Path, run: Run) -> None:
    other, blob = tmp_path / "other.img", "ab" * 1000
    setting = f'domain.dom0.devtree."/chosen".blob={{bytes="{blob}ff"}}'
    assert run("build", tmp_path / "recipe.toml", "-o", other, "--set", setting)[0] == 0
    _, out, _ = run("diff", image, other)
    assert max(len(line) for line in out.splitlines() if "blob" in line) < 120
    _, out, _ = run("diff", image, other, "--json")
    assert f"[{' '.join(['ab'] * 1000)} ff]" in out


def test_diff_says_2_when_it_cannot_tell(image: Path, tmp_path: Path, run: Run) -> None:
    for one, other in ((image, tmp_path / "none"), (tmp_path / "recipe.toml", image)):
        status, out, err = run("diff", one, other)
        assert (status, out, err.count("\n")) == (2, "", 1)
