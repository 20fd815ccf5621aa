# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage extract`: what is chosen, where it goes, and what it never writes over."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader import abi
from loader.multiboot import Payload, read_head, write_image
from tests.support import make_stub, write_recipe
from tests.unit.conftest import Run


@pytest.fixture
def image(tmp_path: Path, run: Run) -> Path:
    path = tmp_path / "test.img"
    compress = ["--set", "image.compression=zstd"]
    assert run("build", write_recipe(tmp_path), "-o", path, *compress)[0] == 0
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everything_into_a_folder(image: Path, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "a" / "b"
    status, out, err = run("extract", image, "-d", folder)
    assert (status, err) == (0, "")
    names = ["boot-overlay", "dom0/device-tree", "dom0/kernel", "dom0/ramdisk", "hypervisor", "stub"]
    assert files(folder) == names
    assert sorted(line.split(": ")[1].split(",")[0] for line in out.splitlines()) == names
    for name, source in {
        "stub": "stub.bin",
        "hypervisor": "hypervisor.elf",
        "dom0/kernel": "kernel.elf",
        "dom0/ramdisk": "initrd.gz",
    }.items():
        assert (folder / name).read_bytes() == (tmp_path / source).read_bytes()


def test_patterns_choose(image: Path, tmp_path: Path, run: Run) -> None:
    assert run("extract", image, "*/ramdisk", "hyper*", "-d", tmp_path / "out")[0] == 0
    assert files(tmp_path / "out") == ["dom0/ramdisk", "hypervisor"]
    status, _, err = run("extract", image, "*/ramdisk", "dom1/*", "-d", tmp_path / "none")
    assert (status, err.count("\n"), (tmp_path / "none").exists()) == (1, 1, False)
    assert "no entry is called 'dom1/*'" in err


def test_operands_on_both_sides_of_options(image: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    for words in (
        [image, "-o", out, "dom0/kernel"],
        ["-o", out, image, "dom0/kernel"],
        [image, "--json", "dom0/kernel", "-o", out],
    ):
        status, _, err = run("extract", *words)
        assert (status, err) == (0, ""), words
        assert out.read_bytes() == (tmp_path / "kernel.elf").read_bytes()
        out.unlink()
    assert run("extract", image, "dom0/k*", "-d", out, "dom0/r*")[0] == 0
    assert files(out) == ["dom0/kernel", "dom0/ramdisk"]
    for words in ([image, "dom0/kernel"], ["-o", out], [image, "-o", out, "-d", out]):
        with pytest.raises(SystemExit) as caught:
            run("extract", *words)
        assert caught.value.code == 2


def test_one_file_takes_one_payload(image: Path, tmp_path: Path, run: Run) -> None:
    assert run("extract", image, "*/kernel", "-o", tmp_path / "out") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "kernel.elf").read_bytes()
    status, _, err = run("extract", image, "dom0/*", "-o", tmp_path / "none")
    assert (status, (tmp_path / "none").exists()) == (1, False)
    assert err.endswith("3 payloads for one file: dom0/kernel, dom0/ramdisk, dom0/device-tree; use -d DIR\n")


def test_compressed_as_stored(image: Path, tmp_path: Path, run: Run) -> None:
    entry = read_head(image).entry("dom0/ramdisk")
    assert entry.compression == abi.Compression.ZSTD
    assert run("extract", image, entry.name, "-o", tmp_path / "out", "--stored")[0] == 0
    start = abi.IMAGE_FILE_OFFSET + entry.offset
    assert (tmp_path / "out").read_bytes() == image.read_bytes()[start : start + entry.size]
    status, out, _ = run("extract", image, entry.name, "-o", tmp_path / "none", "--stored", "--dry-run")
    assert (status, out) == (0, f"{tmp_path}/none: dom0/ramdisk, {entry.size} bytes\n")
    assert not (tmp_path / "none").exists()


def test_never_over_the_image(image: Path, tmp_path: Path, run: Run) -> None:
    before = image.read_bytes()
    (tmp_path / "link").symlink_to(image)
    for output in (image, tmp_path / "link"):
        status, _, err = run("extract", image, "stub", "-o", output)
        assert (status, err) == (1, f"mkimage: {output}: the output would replace one of the inputs\n")
    assert image.read_bytes() == before


@pytest.mark.parametrize("domain", ["..", "/proc/outside", "a/../..", "~", ".hidden"])
def test_names_cannot_lead_out_of_the_folder(domain: str, tmp_path: Path, run: Run) -> None:
    """A recipe cannot make such names; somebody else's image may have them."""
    image, folder = tmp_path / "evil.img", tmp_path / "in" / "out"
    payloads = [
        Payload(abi.EntryType.HYPERVISOR, "hypervisor", b"h"),
        Payload(abi.EntryType.RAMDISK, f"{domain}/ramdisk", b"r"),
        Payload(abi.EntryType.BOOT_OVERLAY, "boot-overlay", b"o"),
    ]
    write_image(image, make_stub(), payloads)
    status, _, err = run("extract", image, "-d", folder)
    assert (status, err.count("\n")) == (1, 1)
    assert "cannot be a file in a folder; extract it alone" in err
    assert files(tmp_path) == ["evil.img"]
    assert run("extract", image, "*/ramdisk", "-o", tmp_path / "r")[0] == 0
    assert (tmp_path / "r").read_bytes() == b"r"


@pytest.mark.parametrize("name", ["stub", "hypervisor", "boot-overlay"])
def test_a_name_is_not_a_file_and_a_folder(name: str, tmp_path: Path, run: Run) -> None:
    recipe, image, folder = write_recipe(tmp_path), tmp_path / "test.img", tmp_path / "out"
    domain = f'domain.{name}={{kernel="kernel.elf", memory="32M"}}'
    assert run("build", recipe, "-o", image, "--set", domain)[0] == 0
    for words in ([], ["--dry-run"]):
        status, _, err = run("extract", image, "-d", folder, *words)
        assert (status, err.count("\n"), folder.exists()) == (1, 1, False)
        assert f"{name!r} would be a file and a folder; extract it alone" in err
    assert run("extract", image, f"{name}/*", "-d", folder)[0] == 0
    assert run("extract", image, name, "-o", tmp_path / "alone")[0] == 0


def test_a_dry_run_refuses_what_the_run_would(image: Path, run: Run) -> None:
    status, _, err = run("extract", image, "stub", "-o", image, "--dry-run")
    assert (status, err) == (1, f"mkimage: {image}: the output would replace one of the inputs\n")


def test_a_damaged_payload_stays_in(image: Path, tmp_path: Path, run: Run) -> None:
    content = bytearray(image.read_bytes())
    content[abi.IMAGE_FILE_OFFSET + read_head(image).entry("hypervisor").offset] ^= 1
    image.write_bytes(content)
    status, _, err = run("extract", image, "hypervisor", "-d", tmp_path / "out")
    assert (status, err) == (1, f"mkimage: {image}: hypervisor: the bytes do not match their SHA-256\n")
    assert files(tmp_path / "out") == []


def test_a_folder_that_cannot_be_made(image: Path, run: Run) -> None:
    status, _, err = run("extract", image, "-d", image / "sub")
    assert (status, err) == (3, f"mkimage: {image}/sub: cannot make the folder: Not a directory\n")
