# SPDX-License-Identifier: BSD-2-Clause
"""Blades files: what they may say, and the one line for what they may not."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from loader.blades import Blade, load_blades
from loader.errors import ManifestError, SourceError

HEAD = '[server]\naddress = "192.0.2.1/24"\n'
BLADE = '[blade.one]\nmac = "00:14:5e:00:00:01"\naddress = "192.0.2.11"\n'
OTHER = '[blade.two]\nmac = "00:14:5e:00:00:02"\naddress = "192.0.2.12"\n'


def check(folder: Path, text: str, *images: str) -> str:
    """What is wrong with a blades file, without the file's name."""
    file = folder / "blades.toml"
    file.write_text(text)
    with pytest.raises(ManifestError) as failure:
        load_blades(file, images or ("a.img",))
    return str(failure.value).removeprefix(f"{file}: ")


def test_everything_has_a_default(tmp_path: Path) -> None:
    file = tmp_path / "blades.toml"
    file.write_text(HEAD + BLADE.replace("5e", "5E"))
    blades = load_blades(file, ["a.img"])
    assert str(blades.server.interface) == "192.0.2.1/24"
    assert (blades.server.router, blades.server.tftp_root) == (None, None)
    (blade,) = blades.blades
    assert blade == Blade("one", "00:14:5e:00:00:01", IPv4Address("192.0.2.11"), "a.img", "", "slof", "dhcp", "net")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "server: is missing"),
        (HEAD, "blade: is missing"),
        (HEAD + "[blade]\n", "blade: no blades; write [blade.NAME]"),
        (HEAD + BLADE + "[rack]\n", "rack: unknown key; known are server, blade"),
        ("server = 1\nblade = 2\n", "server: expected a table, got an integer"),
        ("server = 1\n[blade]\none = 1\n", "server: expected a table, got an integer"),
        (HEAD + "[blade]\none = 1\n", "blade.one: expected a table, got an integer"),
        (HEAD + "color = 1\n" + BLADE, "server.color: unknown key; known are address, router, tftp-root"),
        (HEAD + '[blade.one]\nmac = "00:14:5e:00:00:01"\n', "blade.one.address: is missing"),
        (HEAD + BLADE + OTHER.replace(":02", ":01"), "blade.two.mac: 00:14:5e:00:00:01 is already the address of one"),
        (HEAD + BLADE + OTHER.replace(".12", ".11"), "blade.two.address: 192.0.2.11 is already the address of one"),
    ],
)
def test_refused(tmp_path: Path, text: str, complaint: str) -> None:
    assert check(tmp_path, text) == complaint


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "color = 1",
            "color: unknown key; known are mac, address, image, arguments, firmware, protocol, device",
        ),
        ("arguments = 1", "arguments: expected text, got an integer"),
        ('firmware = "uboot"', "firmware: invalid enum value 'uboot'; known are slof, js20, js21"),
        ('protocol = "http"', "protocol: invalid enum value 'http'; known are dhcp, bootp"),
        ('device = "net:"', "device: 'net:' is not an Open Firmware device; such as \"net\""),
        ('device = "net,x"', "device: 'net,x' is not an Open Firmware device; such as \"net\""),
        ('arguments = "\\t"', "arguments: holds characters that are not printable ASCII"),
        ('arguments = "ü"', "arguments: holds characters that are not printable ASCII"),
        ('arguments = "a "', "arguments: begins or ends with a space, which firmwares drop or keep as they like"),
        (f'arguments = "{"a" * 2048}"', "arguments: has 2048 characters, boot arguments may have 2047"),
        ('image = "b.img"', "image: 'b.img' is not among the images: a.img"),
    ],
)
def test_refused_in_a_blade(tmp_path: Path, line: str, complaint: str) -> None:
    assert check(tmp_path, f"{HEAD}{BLADE}{line}\n") == f"blade.one.{complaint}"


@pytest.mark.parametrize("name", ["1", "One", "one-", "a" * 33, "ä", "a.b", "a b", ""])
def test_names(tmp_path: Path, name: str) -> None:
    assert "a blade's name has" in check(tmp_path, HEAD + BLADE.replace("blade.one", f'blade."{name}"'))


@pytest.mark.parametrize(
    "mac",
    ["", "00:14:5e:00:00", "00:14:5e:00:00:01:02", "00-14-5e-00-00-01", "0:14:5e:00:00:01", "00:14:5e:00:00:0g",
     "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "00:14:5e:00:00:01\\n"],
)  # fmt: skip
def test_macs(tmp_path: Path, mac: str) -> None:
    assert check(tmp_path, HEAD + BLADE.replace("00:14:5e:00:00:01", mac)).startswith("blade.one.mac: ")


@pytest.mark.parametrize(
    "address", ["", "192.0.2", "192.0.3.1", "192.0.2.0", "192.0.2.255", "192.0.2.1", "192.0.2.11/24", "::1", "host"]
)
def test_addresses(tmp_path: Path, address: str) -> None:
    assert check(tmp_path, HEAD + BLADE.replace("192.0.2.11", address)).startswith("blade.one.address: ")


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "192.0.2.0/24", "192.0.2.255/24", "192.0.2.1/31", "192.0.2.1/0", "::1/64"]
)
def test_server_addresses(tmp_path: Path, address: str) -> None:
    assert check(tmp_path, HEAD.replace("192.0.2.1/24", address) + BLADE).startswith("server.address: ")


@pytest.mark.parametrize("root", ["srv", "/srv/boot files", "/srv,eth0", "/srv#", ""])
def test_roots(tmp_path: Path, root: str) -> None:
    assert check(tmp_path, HEAD + f'tftp-root = "{root}"\n' + BLADE).startswith("server.tftp-root: ")


def test_images_are_named_where_there_are_several(tmp_path: Path) -> None:
    assert (
        check(tmp_path, HEAD + BLADE, "b.img", "a.img")
        == "blade.one.image: is missing; name one of the 2 images: a.img, b.img"
    )


def test_images_that_nobody_boots(tmp_path: Path) -> None:
    text = HEAD + BLADE + 'image = "a.img"\n'
    assert check(tmp_path, text, "a.img", "b.img") == "blade: no blade boots b.img; leave the image away, or name it"


def test_files_that_are_none(tmp_path: Path) -> None:
    assert check(tmp_path, "[").startswith("is not TOML: ")
    with pytest.raises(SourceError, match="cannot read the file: No such file"):
        load_blades(tmp_path / "none.toml", ["a.img"])
