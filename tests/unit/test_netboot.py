# SPDX-License-Identifier: BSD-2-Clause
"""What `mkimage netboot` makes of a blades file: the line to type, the server's configuration, the tree of files."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader import cli, netboot, profiles
from loader.blades import MAX_ARGUMENTS, Blade
from loader.errors import SourceError
from loader.netboot import MAX_FILE_NAME, plan_boot
from tests.support import write_recipe
from tests.unit.test_blades import BLADE, HEAD, OTHER

Run = Callable[..., int]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A small image."""
    folder = tmp_path / "build"
    folder.mkdir()
    assert cli.main(["build", str(write_recipe(folder)), "-o", str(folder / "a.img")]) == 0
    return folder / "a.img"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mkimage netboot` into the folder `out`."""

    def start(*images: Path, blades: str = HEAD + BLADE, options: tuple[str, ...] = ()) -> int:
        file = tmp_path / "blades.toml"
        file.write_text(blades)
        capsys.readouterr()
        return cli.main(["netboot", *map(str, images), "-o", str(tmp_path / "out"), "--blades", str(file), *options])

    return start


# --- what is derived from them ---------------------------------------------------------------------------------------


def make_blade(**changes: str) -> Blade:
    """A blade with arguments."""
    values = {"arguments": "one -- two", "firmware": "slof", "protocol": "dhcp", "device": "net", **changes}
    return Blade("b1", "00:14:5e:00:00:01", IPv4Address("192.0.2.11"), "a.img", **values)  # type: ignore[arg-type]


SERVER = IPv4Address("192.0.2.1")


def test_without_arguments_the_server_names_the_image() -> None:
    boot = plan_boot(make_blade(arguments=""), SERVER)
    assert (boot.file, boot.script, boot.line) == ("a.img", None, "boot net:dhcp,,,,,20,255")


def test_scripts_bring_the_arguments() -> None:
    boot = plan_boot(make_blade(protocol="bootp", device="/pci@1/ethernet@1"), SERVER)
    assert (boot.file, boot.line) == ("blade/b1", "boot /pci@1/ethernet@1:bootp,,,,,20,255")
    assert boot.script is not None
    comment, command = boot.script.split("\n")
    assert comment.startswith("\\ ")
    assert command == "boot /pci@1/ethernet@1:192.0.2.1,a.img,192.0.2.11,0.0.0.0,20,255 one -- two"


@pytest.mark.parametrize("firmware", ["js20", "js21"])
def test_old_firmwares_get_the_arguments_typed(firmware: str) -> None:
    boot = plan_boot(make_blade(firmware=firmware), SERVER)
    assert (boot.file, boot.script, boot.line) == ("a.img", None, "boot net:dhcp,,,,,20,255 one -- two")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=MAX_ARGUMENTS))
def test_arguments_pass_unchanged(arguments: str) -> None:
    arguments = arguments.strip()
    for firmware in ("slof", "js20"):
        boot = plan_boot(make_blade(arguments=arguments, firmware=firmware), SERVER)
        *_, line = (boot.script or boot.line).split("\n")
        assert line.split(" ", 2)[2:] == ([arguments] if arguments else [])


# --- the tree --------------------------------------------------------------------------------------------------------


def test_tree(run: Run, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = image.with_name("b.img")
    other.write_bytes(image.read_bytes())
    blades = HEAD + BLADE + 'image = "a.img"\n' + OTHER + 'image = "b.img"\narguments = "quiet"\n'
    assert run(image, other, blades=blades) == 0
    out = tmp_path / "out"
    files = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    assert files == {"dnsmasq.conf", "tftp/a.img", "tftp/b.img", "tftp/blade/two"}
    assert (out / "tftp" / "a.img").samefile(image)
    assert (out / "tftp" / "blade" / "two").read_text().endswith("0.0.0.0,20,255 quiet")
    assert (
        (out / "dnsmasq.conf").read_text()
        == f"""\
# Made by mkimage netboot, which overwrites it.
port=0
listen-address=192.0.2.1
bind-interfaces
dhcp-range=192.0.2.0,static,255.255.255.0,infinite
leasefile-ro
dhcp-no-override
dhcp-option=option:router
log-dhcp
enable-tftp
tftp-root={out}/tftp

dhcp-host=00:14:5e:00:00:01,set:one,192.0.2.11,one,infinite
dhcp-boot=tag:one,a.img,,192.0.2.1

dhcp-host=00:14:5e:00:00:02,set:two,192.0.2.12,two,infinite
dhcp-boot=tag:two,blade/two,,192.0.2.1
"""
    )
    assert (
        capsys.readouterr().out
        == f"""\
On the boot server:
    dnsmasq --conf-file={out}/dnsmasq.conf
At the blade, in Open Firmware:
    one  boot net:dhcp,,,,,20,255
    two  boot net:dhcp,,,,,20,255
"""
    )


def test_report_for_programs(run: Run, image: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(image, options=("--json",)) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {
        "written": True,
        "files": [f"{tmp_path}/out/tftp/a.img", f"{tmp_path}/out/dnsmasq.conf"],
        "command": ["dnsmasq", f"--conf-file={tmp_path}/out/dnsmasq.conf"],
        "blades": [
            {
                "name": "one",
                "mac": "00:14:5e:00:00:01",
                "address": "192.0.2.11",
                "image": "a.img",
                "file": "a.img",
                "arguments": "",
                "line": "boot net:dhcp,,,,,20,255",
            }
        ],
    }


def test_server_settings(run: Run, image: Path, tmp_path: Path) -> None:
    assert run(image, blades=HEAD + 'tftp-root = "/srv/boot"\nrouter = "192.0.2.254"\n' + BLADE) == 0
    configuration = (tmp_path / "out" / "dnsmasq.conf").read_text().splitlines()
    assert "tftp-root=/srv/boot" in configuration
    assert "dhcp-option=option:router,192.0.2.254" in configuration


def test_the_command_can_be_typed(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blades, folder = tmp_path / "blades.toml", tmp_path / "a folder"
    blades.write_text(HEAD + 'tftp-root = "/srv/boot"\n' + BLADE)
    assert cli.main(["netboot", str(image), "-o", str(folder), "--blades", str(blades)]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert shlex.split(line) == ["dnsmasq", f"--conf-file={folder}/dnsmasq.conf"]


def test_again_with_a_new_image(run: Run, image: Path, tmp_path: Path) -> None:
    """A transfer under way keeps the old file, the next one gets the new."""
    assert run(image) == 0
    served = tmp_path / "out" / "tftp" / "a.img"
    with served.open("rb") as under_way:
        old = image.read_bytes()
        (image.parent / "initrd.gz").write_bytes(b"new")
        assert cli.main(["build", str(image.parent / "recipe.toml"), "-o", str(image)]) == 0
        assert served.read_bytes() == old
        assert run(image) == 0
        assert under_way.read() == old
    assert served.samefile(image)
    assert run(image) == 0
    assert {file.name for file in served.parent.iterdir()} == {"a.img", "blade"}


def test_private_images_are_copied_and_readable(run: Run, image: Path, tmp_path: Path) -> None:
    image.chmod(0o600)
    assert run(image) == 0
    served = tmp_path / "out" / "tftp" / "a.img"
    assert stat.S_IMODE(served.stat().st_mode) == 0o644
    assert stat.S_IMODE(image.stat().st_mode) == 0o600
    assert served.read_bytes() == image.read_bytes()


def test_everything_is_readable_under_a_strict_umask(run: Run, image: Path, tmp_path: Path) -> None:
    image.chmod(0o600)
    before = os.umask(0o077)
    try:
        assert run(image, blades=HEAD + BLADE + 'arguments = "x"\n') == 0
    finally:
        os.umask(before)
    out = tmp_path / "out"
    for path in [out, *out.rglob("*")]:
        assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004), path


def test_images_are_copied_where_they_cannot_be_linked(
    run: Run, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert run(image) == 0
    served = tmp_path / "out" / "tftp" / "a.img"
    assert not served.samefile(image)
    assert served.read_bytes() == image.read_bytes()
    assert {file.name for file in served.parent.iterdir()} == {"a.img", "blade"}


def test_image_behind_a_symbolic_link(run: Run, image: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest.img"
    link.symlink_to(image)
    assert run(link) == 0
    served = tmp_path / "out" / "tftp" / "latest.img"
    assert not served.is_symlink()
    assert served.samefile(image)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_damaged_image(run: Run, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(image.read_bytes())
    data[-0x2000] ^= 1
    image.write_bytes(data)
    assert run(image) == 1
    assert "a blade would refuse it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_image_that_a_blade_cannot_load(
    run: Run, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A JS20 with room for one page: it is told apart from other blades, which the image fits."""
    profile = profiles.find_profile("js20")
    routes = tuple(replace(route, max_file_size=4096) for route in profile.routes)
    monkeypatch.setattr(profiles, "PROFILES", {**profiles.PROFILES, "js20": replace(profile, routes=routes)})
    assert run(image) == 0
    assert run(image, blades=HEAD + BLADE + OTHER + 'firmware = "js20"\n') == 1
    assert re.search(r"a\.img: .* 4096.*; see mkimage lint --profile js20", capsys.readouterr().err)


def test_image_that_changes_meanwhile(
    run: Run, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = netboot.write_tree

    def write_and_touch(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        os.utime(image, (1, 1))

    monkeypatch.setattr(netboot, "write_tree", write_and_touch)
    assert run(image) == SourceError.exit_status
    assert "changed while it was read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a b.img", "a,b.img", "ä.img", "blade", "x" * (MAX_FILE_NAME + 1)])
def test_file_names_that_firmwares_cannot_ask_for(
    run: Run, image: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(image.rename(image.with_name(name))) == 1
    assert "rename it" in capsys.readouterr().err


def test_longest_file_name(run: Run, image: Path) -> None:
    assert run(image.rename(image.with_name("x" * MAX_FILE_NAME))) == 0


def test_two_images_of_one_name(run: Run, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(image, tmp_path / "a.img") == 1
    assert "has the same file name as" in capsys.readouterr().err


def test_missing_image(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "none.img") == 1
    assert "none.img: cannot read the file: No such file" in capsys.readouterr().err


def test_folder_that_dnsmasq_cannot_name(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blades = tmp_path / "blades.toml"
    blades.write_text(HEAD + BLADE)
    command = ["netboot", str(image), "-o", str(tmp_path / "my server"), "--blades", str(blades)]
    assert cli.main(command) == 1
    assert "cannot name this folder; choose another -o, or" in capsys.readouterr().err
    blades.write_text(HEAD + 'tftp-root = "/srv/boot"\n' + BLADE)
    assert cli.main(command) == 0


def test_folder_that_cannot_be_made(run: Run, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    assert run(image) == 3
    assert "out: cannot make the folder" in capsys.readouterr().err
