# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage netboot`: a TFTP tree, dnsmasq's configuration and what an operator types (docs/netboot.md).

DIR/dnsmasq.conf            for dnsmasq, all in one
DIR/tftp/IMAGE              the images, hard links where the file system allows
DIR/tftp/blade/NAME         for blades with boot arguments: a Forth script that boots the image with them
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import Final

from loader.blades import SAFE_PATH, Blade, Blades, load_blades
from loader.errors import EnvironmentProblem, ImageError, ManifestError
from loader.io import AtomicFile, FileStamp, copy_range, open_source, require_other_file, write_at
from loader.meter import QUIET, Meter, terminal_meter
from loader.output import say

MAX_FILE_NAME: Final = 99
"""Characters of a file name in SLOF's boot device arguments (lib/libnet/netload.c, struct obp_tftp_args); BOOTP has
room for 127 (RFC 951)."""
DHCP_RETRIES: Final = 20
"""SLOF's own number, and its lowest (lib/libnet/netload.c, DEFAULT_BOOT_RETRIES)."""
TFTP_RETRIES: Final = 255
"""Seconds of silence, over the whole transfer, after which SLOF gives up; by itself it does after 20, which a lossy
network uses up within a hundred kilobytes."""
SCRIPT_FIRMWARES: Final = frozenset({"slof"})
"""Firmwares that run a file which begins with "\\ " as Forth: SLOF since November 2011 (slof/fs/boot.fs)."""
TREE: Final = "tftp"
SCRIPTS: Final = "blade"
CONFIGURATION: Final = "dnsmasq.conf"


@dataclass(frozen=True, slots=True)
class Boot:
    """How one blade boots.

    file     what DHCP tells it to load, from the TFTP tree's root
    script   the contents of that file when it is not the image itself
    line     what an operator types
    """

    blade: Blade
    file: str
    script: str | None
    line: str


def add_netboot_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `mkimage netboot`."""
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="what the blades boot")
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the tree and the configuration")
    add("--blades", type=Path, required=True, metavar="FILE", help="who boots what (docs/netboot.md)")
    add("--dry-run", action="store_true", help="check everything and name the files, write nothing")
    add("--json", action="store_true", help="machine-readable report")


def run_netboot(args: argparse.Namespace) -> int:
    """Do as the arguments say and return the exit status; raises LoaderError."""
    images = name_images(args.images)
    blades = load_blades(args.blades, images.keys())
    boots = [plan_boot(blade, blades.server.interface.ip) for blade in blades.blades]
    configuration = args.output.absolute() / CONFIGURATION
    root = blades.server.tftp_root or PurePosixPath(args.output.absolute() / TREE)
    text = dnsmasq_configuration(blades, boots, root)
    firmwares = {name: {blade.firmware for blade in blades.blades if blade.image == name} for name in images}
    with terminal_meter() as meter:
        stamps = [check_image(image, firmwares[name], meter) for name, image in images.items()]
        require_other_file(configuration, args.blades, *images.values())
        for boot in boots:
            if boot.script is not None:
                require_other_file(args.output / TREE / boot.file, args.blades, *images.values())
        for name in images:
            require_other_file(args.output / TREE / name, args.blades)
        if not args.dry_run:
            write_tree(args.output, images, boots, meter)
            for image, stamp in zip(images.values(), stamps, strict=True):
                stamp.verify(image)
            write_text(configuration, text)
    files = [*tree_files(args.output, images, boots), configuration]
    if args.json:
        say(render_json(configuration, boots, files, written=not args.dry_run))
    else:
        say(render_text(configuration, boots))
        if args.dry_run:
            say("\n".join(["Not written:", *(f"    {file}" for file in files)]))
    return 0


def name_images(paths: Sequence[Path]) -> dict[str, Path]:
    """The images by the names they will have in the tree; raises ManifestError."""
    images: dict[str, Path] = {}
    for path in paths:
        name = path.name
        if not SAFE_PATH.fullmatch(f"/{name}") or name == SCRIPTS:
            raise ManifestError(
                "a boot prompt cannot name this file", str(path), "rename it: letters, digits and . _ + -"
            )
        if len(name) > MAX_FILE_NAME:
            raise ManifestError(
                f"the file's name has {len(name)} characters, SLOF takes {MAX_FILE_NAME}", str(path), "rename it"
            )
        if name in images:
            raise ManifestError(f"has the same file name as {images[name]}", str(path), "rename one of them")
        images[name] = path
    return images


def plan_boot(blade: Blade, server: IPv4Address) -> Boot:
    """How `blade` boots from `server`."""
    retries = f"{DHCP_RETRIES},{TFTP_RETRIES}"
    line = f"boot {blade.device}:{blade.protocol},,,,,{retries}"
    if not blade.arguments:
        return Boot(blade, blade.image, None, line)
    if blade.firmware not in SCRIPT_FIRMWARES:
        return Boot(blade, blade.image, None, f"{line} {blade.arguments}")
    device = f"{blade.device}:{server},{blade.image},{blade.address},0.0.0.0,{retries}"
    script = (
        f"\\ {blade.name}: made by mkimage netboot\nboot {device} {blade.arguments}"  # a newline would be an argument
    )
    return Boot(blade, f"{SCRIPTS}/{blade.name}", script, line)


def dnsmasq_configuration(blades: Blades, boots: Sequence[Boot], root: PurePosixPath) -> str:
    """dnsmasq's configuration, with the tree at `root`; raises ManifestError."""
    if not SAFE_PATH.fullmatch(str(root)):
        raise ManifestError(
            "dnsmasq's configuration cannot name this folder",
            str(root),
            "choose another -o, or write server.tftp-root into the blades file",
        )
    server = blades.server.interface
    lines = [
        "# Made by mkimage netboot, which overwrites it.",
        "port=0",
        f"listen-address={server.ip}",
        "bind-interfaces",
        f"dhcp-range={server.network.network_address},static,{server.network.netmask},infinite",
        "leasefile-ro",
        "dhcp-no-override",
        f"dhcp-option=option:router{f',{blades.server.router}' if blades.server.router else ''}",
        "log-dhcp",
        "enable-tftp",
        f"tftp-root={root}",
    ]
    for boot in boots:
        blade = boot.blade
        lines += [
            "",
            f"dhcp-host={blade.mac},set:{blade.name},{blade.address},{blade.name},infinite",
            f"dhcp-boot=tag:{blade.name},{boot.file},,{server.ip}",
        ]
    return "\n".join(lines) + "\n"


def check_image(path: Path, firmwares: Collection[str], meter: Meter = QUIET) -> FileStamp:
    """Refuse an image that is damaged, or that one of the firmwares cannot load from a network; raises LoaderError.

    Returns the state in which it was good.
    """
    from loader.lint import lint
    from loader.lintmodel import Severity
    from loader.profiles import find_profile
    from loader.subject import read_subject
    from loader.verify import verify

    stamp = FileStamp.take(path)
    verdict = verify(path, meter=meter)
    if not verdict.sound:
        raise ImageError(verdict.problems[0], str(path), "build it again; a blade would refuse it")
    networks = {(name, route.name) for name in firmwares for route in find_profile(name).routes if route.network}
    for found in lint(read_subject(path), sorted(firmwares)).findings:
        if found.severity is Severity.ERROR and (found.profile, found.route) in networks:
            raise ImageError(found.message, str(path), f"see mkimage lint --profile {found.profile}")
    return stamp


def write_tree(folder: Path, images: dict[str, Path], boots: Sequence[Boot], meter: Meter = QUIET) -> None:
    """Write the TFTP tree, each file at once; raises LoaderError."""
    tree = folder / TREE
    make_folder(folder)
    make_folder(tree)
    make_folder(tree / SCRIPTS)
    for name, image in images.items():
        publish(image, tree / name, meter)
    for boot in boots:
        if boot.script is not None:
            write_text(tree / boot.file, boot.script)


def tree_files(folder: Path, images: Collection[str], boots: Sequence[Boot]) -> list[Path]:
    """The files of the TFTP tree."""
    names = [*images, *(boot.file for boot in boots if boot.script is not None)]
    return [folder.absolute() / TREE / name for name in names]


def make_folder(path: Path) -> None:
    """Make a folder that a boot server without privileges can read; raises EnvironmentProblem."""
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o755)
    except OSError as error:
        raise EnvironmentProblem(f"cannot make the folder: {error.strerror}", str(path)) from None


def publish(source: Path, target: Path, meter: Meter = QUIET) -> None:
    """Make `source` appear as `target`, whole and readable for everyone; raises LoaderError."""
    if not link(source, target):
        copy(source, target, meter)


def link(source: Path, target: Path) -> bool:
    """Publish by a hard link; returns whether that is possible here."""
    unnamed = target.with_name(f".{secrets.token_hex(8)}")
    try:
        if not source.stat().st_mode & 0o004:
            return False
        os.link(source.resolve(), unnamed)
        unnamed.replace(target)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            unnamed.unlink()
    return True


def copy(source: Path, target: Path, meter: Meter = QUIET) -> None:
    """Publish by a copy; raises LoaderError."""
    with open_source(source) as file, AtomicFile(target) as output:
        stamp = FileStamp.take(file.fileno())
        output.preallocate(stamp.size)
        meter.phase(f"copying {source.name}", stamp.size)
        copy_range(file.fileno(), 0, stamp.size, output.fd, 0, meter)
        stamp.verify(file.fileno())
        output.publish_for_all()


def write_text(path: Path, text: str) -> None:
    """Write a small file at once, readable for everyone; raises EnvironmentProblem."""
    with AtomicFile(path) as output:
        write_at(output.fd, text.encode(), 0)
        output.publish_for_all()


def start_command(configuration: Path) -> list[str]:
    """What starts the boot server."""
    return ["dnsmasq", f"--conf-file={configuration}"]


def render_text(configuration: Path, boots: Sequence[Boot]) -> str:
    """What a person does next."""
    width = max(len(boot.blade.name) for boot in boots)
    start = shlex.join(start_command(configuration))
    lines = ["On the boot server:", f"    {start}", "At the blade, in Open Firmware:"]
    lines += [f"    {boot.blade.name:{width}}  {boot.line}" for boot in boots]
    return "\n".join(lines)


def render_json(configuration: Path, boots: Sequence[Boot], files: Sequence[Path], *, written: bool) -> str:
    """The same for programs, with the names of all files."""
    report = {
        "written": written,
        "files": [str(file) for file in files],
        "command": start_command(configuration),
        "blades": [
            {
                "name": boot.blade.name,
                "mac": boot.blade.mac,
                "address": str(boot.blade.address),
                "image": boot.blade.image,
                "file": boot.file,
                "arguments": boot.blade.arguments,
                "line": boot.line,
            }
            for boot in boots
        ],
    }
    return json.dumps(report, indent=2)
