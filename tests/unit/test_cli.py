# SPDX-License-Identifier: BSD-2-Clause
"""The command line as a user meets it: results, one-line errors, exit statuses, no leftovers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loader import abi
from loader.cli import main
from loader.devtree import Tree
from loader.multiboot import Payload, read_head, write_image
from tests.support import RECIPE, Load, make_elf, make_stub, write_recipe

PROJECT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


@pytest.fixture
def image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "test.img"
    status, out, _ = run(capsys, "build", write_recipe(tmp_path), "-o", path)
    assert status == 0
    assert out == f"{path}: {path.stat().st_size} bytes, 5 entries\n"
    return path


def test_inspect_json(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "inspect", image, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["command-line"] == "loud"
    assert report["total-size"] == image.stat().st_size - abi.IMAGE_FILE_OFFSET
    assert [entry["name"] for entry in report["entries"]] == [
        "hypervisor",
        "dom0/kernel",
        "dom0/ramdisk",
        "dom0/device-tree",
        "boot-overlay",
    ]
    (domain,) = report["domains"]
    assert (domain["name"], domain["id"], domain["memory"]) == ("dom0", 0, 64 << 20)
    assert domain["roles"] == ["control", "hardware"]
    kernel, ramdisk, _ = domain["modules"]
    assert kernel["command-line"] == "console=hvc0"
    assert kernel["segments"] == [{"offset": 0x1000, "address": 0, "file-size": 0x1234, "memory-size": 0x20000}]
    assert (ramdisk["offset"], ramdisk["size"]) == (report["entries"][2]["offset"], 0x4321)


def test_inspect_text(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "inspect", image)
    assert status == 0
    assert "domain 0 dom0: 64 MiB, 1 vCPU, roles: control, hardware" in out
    assert "0x0000000000 .. 0x0000020000  kernel" in out


def test_the_overlay_and_the_table_agree(image: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the hypervisor will copy is what the recipe named."""
    _, out, _ = run(capsys, "inspect", image, "--json")
    (domain,) = json.loads(out)["domains"]
    content = image.read_bytes()[abi.IMAGE_FILE_OFFSET :]
    modules = {module["kind"]: content[module["offset"] :][: module["size"]] for module in domain["modules"]}
    assert modules["kernel"] == (tmp_path / "kernel.elf").read_bytes()
    assert modules["ramdisk"] == (tmp_path / "initrd.gz").read_bytes()
    tree = Tree.parse(modules["device-tree"], "tree")
    start = tree.node("/chosen").u64("linux,initrd-start")
    assert start == domain["modules"][1]["segments"][0]["address"]
    assert tree.node("/chosen").u64("linux,initrd-end") == start + 0x4321
    assert tree.node("/rtas").u32("linux,rtas-base") == domain["rtas"]["address"]
    assert 1 << tree.node("/cpus/PowerPC,POWER8@0").cells("ibm,pft-size")[1] == domain["hash-table-size"]


def test_verify(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "verify", image) == (0, f"{image}: sound, 5 entries match their digests\n", "")
    content = bytearray(image.read_bytes())
    content[-1] ^= 0x80
    image.write_bytes(content)
    status, out, _ = run(capsys, "verify", image)
    assert (status, out) == (1, f"{image}: boot-overlay: the padding behind it is not zero\n")
    status, out, _ = run(capsys, "verify", image, "--json")
    assert status == 1
    assert json.loads(out) == {
        "image": str(image),
        "sound": False,
        "trusted": None,
        "entries": 5,
        "problems": ["boot-overlay: the padding behind it is not zero"],
        "signatures": [],
        "keys": [],
    }


def test_verify_of_a_broken_head_is_a_verdict_too(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image.write_bytes(image.read_bytes()[:-1])
    status, out, _ = run(capsys, "verify", image, "--json")
    verdict = json.loads(out)
    (problem,) = verdict.pop("problems")
    assert problem
    assert status == 1
    assert verdict == {
        "image": str(image),
        "sound": False,
        "trusted": None,
        "entries": 0,
        "signatures": [],
        "keys": [],
    }


@pytest.mark.parametrize("size", [0, 1, 0x1000, 0x1027])
def test_where_a_short_file_ends(size: int, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.truncate(image, size)
    status, _, err = run(capsys, "inspect", image)
    assert (status, err) == (1, f"mkimage: {image}: ends at {size:#x}, expected at least 0x1028; truncated?\n")


def test_extract(image: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "extract", image, "dom0/ramdisk", "-o", tmp_path / "out") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "initrd.gz").read_bytes()
    status, _, err = run(capsys, "extract", image, "dom1/ramdisk", "-o", tmp_path / "none")
    assert status == 1
    assert err.startswith(f"mkimage: {image}: no entry is called 'dom1/ramdisk'; entries are: stub, hypervisor, ")
    assert not (tmp_path / "none").exists()


def test_devtree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    status, out, _ = run(capsys, "devtree", recipe, "--domain", "dom0")
    assert status == 0
    assert out.startswith("/dts-v1/;")
    assert run(capsys, "devtree", recipe, "--domain", "dom0", "--dts") == (0, out, "")
    setting = 'domain.dom0.devtree."/chosen".extra="yes"'
    assert run(capsys, "devtree", recipe, "--set", setting, "--domain", "dom0", "-o", tmp_path / "dtb")[0] == 0
    assert Tree.parse((tmp_path / "dtb").read_bytes(), "dtb").node("/chosen").string("extra") == "yes"
    status, _, err = run(capsys, "devtree", recipe, "--domain", "dom9")
    assert (status, err) == (1, f"mkimage: {recipe}: no domain is called 'dom9'; domains are: dom0\n")


def test_the_same_input_gives_the_same_image_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "test.img"
        assert run(capsys, "build", write_recipe(tmp_path / name), "-o", path)[0] == 0
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_a_tree_that_outgrows_its_place_moves_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'{RECIPE}[domain.dom0.devtree."/chosen"]\nblob = {{ bytes = "{"ab" * 70_000}" }}\n'
    path = tmp_path / "test.img"
    assert run(capsys, "build", write_recipe(tmp_path, text), "-o", path)[0] == 0
    _, out, _ = run(capsys, "inspect", path, "--json")
    tree = json.loads(out)["domains"][0]["modules"][2]["segments"][0]
    assert tree["memory-size"] > 70_000
    assert tree["address"] + tree["memory-size"] <= json.loads(out)["domains"][0]["rtas"]["address"]


def test_dry_run_is_the_plan_of_what_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, path = write_recipe(tmp_path), tmp_path / "test.img"
    settings = ["--set", "image.compression=lz4"]
    before = sorted(tmp_path.iterdir())
    status, out, _ = run(capsys, "build", recipe, "--dry-run", "--json", *settings)
    planned = json.loads(out)
    assert status == 0
    assert sorted(tmp_path.iterdir()) == before
    status, out, _ = run(capsys, "build", recipe, "-o", path, "--json", *settings)
    built = json.loads(out)
    assert (status, built["image"], built["entries"]) == (0, str(path), 5)
    assert built["size"] == planned["size"] == path.stat().st_size
    _, out, _ = run(capsys, "inspect", path, "--json")
    found = json.loads(out)
    assert built["head-digest"] == found["head-digest"]
    for entry in found["entries"]:
        del entry["digest"]
    for key in ("entries", "domains", "stub-size", "command-line", "targets"):
        assert planned[key] == found[key]


def test_dry_run_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, path = write_recipe(tmp_path), tmp_path / "test.img"
    status, out, _ = run(capsys, "build", recipe, "--dry-run", "-o", path, "--set", "image.compression=zstd")
    assert status == 0
    assert out.startswith(f"{recipe}: would have ")
    assert any(line.split()[2:] == ["17185", "zstd", "dom0/ramdisk"] for line in out.splitlines())
    assert "domain 0 dom0: 64 MiB" in out
    assert not path.exists()
    nowhere = tmp_path / "none" / "test.img"  # a dry run leaves the output's folder alone, even what is packed
    assert run(capsys, "build", recipe, "--dry-run", "-o", nowhere, "--set", "image.compression=zstd")[0] == 0
    assert run(capsys, "build", recipe, "--dry-run", "--set", "domain.dom0.vcpus=0")[0] == 1
    assert run(capsys, "build", recipe, "--dry-run", "-o", recipe)[0] == 1


def test_two_domains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = RECIPE + '[domain.second]\nkernel = { path = "initrd.gz", format = "raw", load = 0x10000, entry = 4 }\n'
    path = tmp_path / "test.img"
    assert run(capsys, "build", write_recipe(tmp_path, text + 'memory = "32M"\n'), "-o", path)[0] == 0
    _, out, _ = run(capsys, "inspect", path, "--json")
    first, second = json.loads(out)["domains"]
    assert (first["id"], second["id"], second["entry"]) == (0, 1, 0x10004)
    assert second["modules"][0]["segments"] == [
        {"offset": 0, "address": 0x10000, "file-size": 0x4321, "memory-size": 0x4321}
    ]


BAD_RECIPES = {
    "unknown key": ("domain.dom0.speed=1", "domain.dom0.speed: unknown key"),
    "missing file": ("domain.dom0.kernel=nowhere.elf", "domain.dom0.kernel: no such file: "),
    "wrong architecture": ("domain.dom0.kernel=x86.elf", "machine 62"),
    "not an ELF file": ("domain.dom0.kernel=initrd.gz", "not an ELF file"),
    "hypervisor of another architecture": ("hypervisor.path=x86.elf", "machine 62"),
    "memory too small for the kernel": ("domain.dom0.kernel=large.elf", "kernel segment 0 [0x0, 0x8000000) does not"),
    "real-mode area too small": ("domain.dom0.rma.size=16M", "the kernel needs 0x1800000 bytes"),
    "overlapping ramdisk": (
        "domain.dom0.initrd={path='initrd.gz', load=0x1000}",
        "and ramdisk [0x1000, 0x5321) overlap",
    ),
    "empty ramdisk": ("domain.dom0.initrd=empty", "domain.dom0.initrd: is empty"),
    "no vCPU": ("domain.dom0.vcpus=0", "domain.dom0.vcpus: 0 vCPUs"),
    "entry behind a raw kernel": (
        "domain.dom0.kernel={path='initrd.gz', format='raw', load=0, entry=0x4321}",
        "the entry point 0x4321 lies behind the kernel's 17185 bytes",
    ),
    "node that is not there": ('domain.dom0.devtree."/none"=false', "domain.dom0: new device tree"),
    "stub that is none": ("image.stub=initrd.gz", "does not begin with a boot stub"),
    "hypervisor on top of the firmware": ("hypervisor.path=high.elf", "hypervisor segment 0"),
}


@pytest.mark.parametrize("name", BAD_RECIPES)
def test_bad_recipes(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, status 1, no output file."""
    setting, expected = BAD_RECIPES[name]
    recipe = write_recipe(tmp_path)
    (tmp_path / "x86.elf").write_bytes(make_elf(machine=62, little_endian=True))
    (tmp_path / "large.elf").write_bytes(make_elf(Load(0, b"x", memory_size=128 << 20)))
    (tmp_path / "high.elf").write_bytes(make_elf(Load(0x3000_0000, b"x")))
    (tmp_path / "empty").write_bytes(b"")
    if name == "real-mode area too small":
        (tmp_path / "kernel.elf").write_bytes(make_elf(Load(0, b"x", memory_size=24 << 20)))
    before = sorted(tmp_path.iterdir())
    status, out, err = run(capsys, "build", recipe, "-o", tmp_path / "test.img", "--set", setting)
    assert (status, out) == (1, "")
    assert err.startswith("mkimage: ")
    assert expected in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_all_missing_files_are_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    names = {"image.stub": "stub.bin", "hypervisor.path": "hypervisor.elf", "domain.dom0.initrd": "initrd.gz"}
    for name in names.values():
        (tmp_path / name).unlink()
    status, out, err = run(capsys, "build", recipe, "-o", tmp_path / "test.img")
    hint = "paths count from the recipe's folder"
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"mkimage: {recipe}: {key}: no such file: {tmp_path}/{name}; {hint}" for key, name in names.items()
    ]


def test_a_failed_build_keeps_the_old_image(image: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = image.read_bytes()
    status, _, _ = run(capsys, "build", tmp_path / "recipe.toml", "-o", image, "--set", "domain.dom0.vcpus=0")
    assert status == 1
    assert image.read_bytes() == before


@pytest.mark.parametrize("name", ["kernel.elf", "recipe.toml", "stub.bin"])
def test_output_over_an_input(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    before = (tmp_path / name).read_bytes()
    status, _, err = run(capsys, "build", recipe, "-o", tmp_path / name)
    assert (status, err) == (1, f"mkimage: {tmp_path / name}: the output would replace one of the inputs\n")
    assert (tmp_path / name).read_bytes() == before


def test_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "build", write_recipe(tmp_path), "-o", tmp_path / "none" / "test.img")
    assert status == 3
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["bake"], ["build"], ["build", "x.toml"], ["devtree", "x", "--domain", "y", "--dts", "-o", "z"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mkimage")


def test_image_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    for command in ("inspect", "verify"):
        for file in (recipe, tmp_path / "kernel.elf"):
            status, out, err = run(capsys, command, file)
            assert status == 1
            assert (out + err).count("\n") == 1
    assert err == ""
    _, _, err = run(capsys, "inspect", tmp_path / "kernel.elf")
    assert f"{tmp_path}/kernel.elf: does not begin with a boot stub (" in err
    assert "parsing)" not in err  # where in our structures is nobody's business
    assert err.endswith("; give what `mkimage build` or `make build` wrote\n")


def mkimage(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "loader", *(str(argument) for argument in arguments)]


def test_reader_that_stops_early(image: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        result = subprocess.run(
            mkimage("inspect", image), cwd=PROJECT, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (result.returncode, result.stderr) == (0, b"")


def test_output_that_is_full(image: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            mkimage("inspect", image), cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (result.returncode, result.stderr) == (
        3,
        "mkimage: the output: cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        (abi.PROP_RTAS, [1], "roundpeg,rtas is not an address and a size"),
        (abi.PROP_RTAS, [1, 2, 3], "roundpeg,rtas is not an address and a size"),
        ("module reg", [1], "reg is not an address and a size"),
        ("module " + abi.PROP_SEGMENTS, [1, 2, 3], "roundpeg,segments is no list of up to 16 quadruples"),
        ("module " + abi.PROP_SEGMENTS, [0] * 68, "roundpeg,segments is no list of up to 16 quadruples"),
    ],
)
def test_inspect_of_a_malformed_overlay(
    image: Path, name: str, numbers: list[int], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Digests say who wrote it, not that it makes sense."""
    head = read_head(image)
    content = image.read_bytes()[abi.IMAGE_FILE_OFFSET :]
    payloads = [
        Payload(entry.type, entry.name, content[entry.offset : entry.end], load_hint=entry.load_hint)
        for entry in head.entries
    ]
    overlay = Tree.parse(content[head.entries[-1].offset : head.entries[-1].end], "overlay")
    domain = overlay.node("/fragment@0/__overlay__/dom0")
    node = domain.children[0] if name.startswith("module ") else domain
    node.set_u64s(name.removeprefix("module "), numbers)
    payloads[-1] = Payload(abi.EntryType.BOOT_OVERLAY, "boot-overlay", overlay.to_dtb())
    write_image(image, make_stub(), payloads)
    status, _, err = run(capsys, "inspect", image)
    assert status == 1
    assert expected in err
    assert err.count("\n") == 1


def test_commands_do_not_import_what_they_do_not_need(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    script = (
        "import sys\nfrom loader.cli import main\n"
        "assert main(sys.argv[1:]) == 1\n"
        "sys.exit(2 if {'fdt', 'elftools', 'loader.emulator'} & set(sys.modules) else 0)\n"
    )
    command = [sys.executable, "-c", script, "devtree", str(recipe), "--domain", "none"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
