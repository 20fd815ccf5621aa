# SPDX-License-Identifier: BSD-2-Clause
"""Blades files: a TOML file that says which blades boot which image over the network (docs/netboot.md).

Everything is judged here, before anything is written.  What comes out is frozen and complete.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from loader.tables import Place, Table, load_document

Firmware = Literal["slof", "js20", "js21"]
Protocol = Literal["dhcp", "bootp"]

MAX_ARGUMENTS: Final = 2047
"""Bytes Linux keeps of a command line on this architecture."""
SAFE_PATH: Final = re.compile(r"/[\w/.+-]*", re.ASCII)
"""Folders that dnsmasq's configuration can name: it ends them at a comma, a space, ..."""

_NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
_DEVICE: Final = re.compile(r"[\w/@.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Server:
    """The boot server.

    interface   its address on the blades' network, and that network
    router      for blades that reach beyond it
    tftp_root   where the TFTP tree is on the server; None: where it is written
    """

    interface: IPv4Interface
    router: IPv4Address | None
    tftp_root: PurePosixPath | None


@dataclass(frozen=True, slots=True)
class Blade:
    """One blade.

    mac         of the network port it boots from, lower case
    image       file name of its image
    arguments   its boot arguments
    device      the port, as its Open Firmware calls it
    """

    name: str
    mac: str
    address: IPv4Address
    image: str
    arguments: str
    firmware: Firmware
    protocol: Protocol
    device: str


@dataclass(frozen=True, slots=True)
class Blades:
    """A whole blades file, checked."""

    path: Path
    server: Server
    blades: tuple[Blade, ...]


class _ServerTable(Table, frozen=True):
    address: str
    router: str | None = None
    tftp_root: str | None = None


class _BladeTable(Table, frozen=True):
    mac: str
    address: str
    image: str | None = None
    arguments: str = ""
    firmware: Firmware = "slof"
    protocol: Protocol = "dhcp"
    device: str = "net"


class _TopTable(Table, frozen=True):
    server: _ServerTable
    blade: dict[str, Any]


def load_blades(path: Path, images: Collection[str]) -> Blades:
    """Read and check a blades file for images of these file names; raises ManifestError."""
    place = Place(path)
    top = place.table(load_document(path), _TopTable)
    server = _parse_server(top.server, place / "server")
    tables = {name: (place / "blade" / name).table(table, _BladeTable) for name, table in top.blade.items()}
    if not tables:
        raise (place / "blade").error("no blades", hint="write [blade.NAME]")
    blades = tuple(_parse_blade(name, table, server, images, place / "blade" / name) for name, table in tables.items())
    _check_unique(blades, place / "blade")
    unused = sorted(set(images) - {blade.image for blade in blades})
    if unused:
        raise (place / "blade").error(f"no blade boots {', '.join(unused)}", hint="leave the image away, or name it")
    return Blades(path, server, blades)


def _parse_server(table: _ServerTable, place: Place) -> Server:
    where = place / "address"
    try:
        interface = IPv4Interface(table.address)
    except ValueError:
        interface = None
    if interface is None or not 1 <= interface.network.prefixlen <= 30:
        raise where.error(f"{table.address!r} is not an address and its network", hint='write "192.0.2.1/24"')
    _check_host(interface.ip, interface, where)
    router = None if table.router is None else _address(table.router, interface, place / "router")
    root = table.tftp_root
    if root is not None and not SAFE_PATH.fullmatch(root):
        raise (place / "tftp-root").error(f"{root!r} is not an absolute path of letters, digits and / . _ + -")
    return Server(interface, router, None if root is None else PurePosixPath(root))


def _parse_blade(name: str, table: _BladeTable, server: Server, images: Collection[str], place: Place) -> Blade:
    if not _NAME.fullmatch(name):
        raise place.error("a blade's name has 1 to 32 of a-z, 0-9 and -, begins with a letter, does not end in -")
    if not _DEVICE.fullmatch(table.device):
        raise (place / "device").error(f"{table.device!r} is not an Open Firmware device", hint='such as "net"')
    address = _address(table.address, server.interface, place / "address")
    if address == server.interface.ip:
        raise (place / "address").error(f"{address} is the server's address")
    return Blade(
        name=name,
        mac=_mac(table.mac, place / "mac"),
        address=address,
        image=_image(table.image, images, place / "image"),
        arguments=_arguments(table.arguments, place / "arguments"),
        firmware=table.firmware,
        protocol=table.protocol,
        device=table.device,
    )


def _mac(text: str, place: Place) -> str:
    if not _MAC.fullmatch(text):
        raise place.error(f"{text!r} is not a MAC address", hint='write "00:14:5e:00:00:01"')
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise place.error(f"{text} is not the address of one port")
    return text.lower()


def _address(text: str, interface: IPv4Interface, place: Place) -> IPv4Address:
    try:
        address = IPv4Address(text)
    except ValueError:
        raise place.error(f"{text!r} is not an IPv4 address") from None
    _check_host(address, interface, place)
    return address


def _check_host(address: IPv4Address, interface: IPv4Interface, place: Place) -> None:
    network = interface.network
    if address not in network or address in (network.network_address, network.broadcast_address):
        raise place.error(f"{address} is no host of the network {network}")


def _image(name: str | None, images: Collection[str], place: Place) -> str:
    if name is None:
        if len(images) != 1:
            raise place.error("is missing", hint=f"name one of the {len(images)} images: {', '.join(sorted(images))}")
        return next(iter(images))
    if name not in images:
        raise place.error(f"{name!r} is not among the images: {', '.join(sorted(images))}")
    return name


def _arguments(text: str, place: Place) -> str:
    if not text.isascii() or not text.isprintable():
        raise place.error("holds characters that are not printable ASCII")
    if len(text) > MAX_ARGUMENTS:
        raise place.error(f"has {len(text)} characters, boot arguments may have {MAX_ARGUMENTS}")
    if text != text.strip():
        raise place.error("begins or ends with a space, which firmwares drop or keep as they like")
    return text


def _check_unique(blades: Collection[Blade], place: Place) -> None:
    macs: dict[str, str] = {}
    addresses: dict[IPv4Address, str] = {}
    for blade in blades:
        if (other := macs.setdefault(blade.mac, blade.name)) != blade.name:
            raise (place / blade.name / "mac").error(f"{blade.mac} is already the address of {other}")
        if (other := addresses.setdefault(blade.address, blade.name)) != blade.name:
            raise (place / blade.name / "address").error(f"{blade.address} is already the address of {other}")
