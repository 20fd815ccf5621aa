# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage keygen`, `sign` and `verify`: what users say, turned into calls."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from loader.errors import one_line
from loader.output import say


def add_keygen_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage keygen`."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="KEY",
        help="file for the private key; the public one goes to KEY.pub",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def add_sign_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage sign`."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image to sign")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--key", type=Path, metavar="KEY", help="the private key")
    what.add_argument("--attach", type=Path, metavar="FILE", help="put a detached signature into the image")
    what.add_argument("--remove", metavar="KEYID", help="remove this key's signature; the first 8 digits will do")
    parser.add_argument("--detached", type=Path, metavar="FILE", help="write the signature to a file; needs --key")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage verify`."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image to check")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        dest="keys",
        metavar="PUB",
        help="require a signature of this public key, or of another one given like it (repeatable)",
    )
    parser.add_argument("--signature", type=Path, metavar="FILE", help="a detached signature; needs --key")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def run_keygen(options: argparse.Namespace) -> int:
    """Makes a key pair and prints its id."""
    from loader.sign import generate_key, public_path

    key = generate_key(options.output).hex()
    report = {"private": str(options.output), "public": str(public_path(options.output)), "key": key}
    say(json.dumps(report, indent=2) if options.json else f"{one_line(str(options.output))}: key {key}")
    return 0


def run_sign(options: argparse.Namespace) -> int:
    """Adds, replaces or removes signatures."""
    from loader.meter import terminal_meter
    from loader.sign import attach_signatures, remove_signature, sign_image

    if options.detached is not None and options.key is None:
        options.parser.error("--detached needs --key")
    write = not options.dry_run
    target: Path = options.detached or options.image
    with terminal_meter() as meter:
        if options.attach is not None:
            action, done = "attach", "attached"
            keys = attach_signatures(options.image, options.attach, write=write, meter=meter)
        elif options.remove is not None:
            action, done = "remove", "removed"
            keys = [remove_signature(options.image, options.remove, write=write, meter=meter)]
        else:
            action, done = "sign", ""
            keys = [sign_image(options.image, options.key, options.detached, write=write, meter=meter)]
    if options.json:
        ids = [key.hex() for key in keys]
        report = {"image": str(options.image), "written": write, "file": str(target), "action": action, "keys": ids}
        say(json.dumps(report, indent=2))
        return 0
    modal = "" if write else "would be "
    for key in keys:
        text = f"signature of key {key.hex()} {modal}{done}" if done else f"{modal}signed by key {key.hex()}"
        say(f"{one_line(str(target))}: {text}")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Recomputes every digest and judges signatures; 1 unless everything that was asked for holds."""
    from loader.meter import terminal_meter
    from loader.verify import render_verdict, verify

    if options.signature is not None and not options.keys:
        options.parser.error("--signature needs --key")
    with terminal_meter() as meter:
        verdict = verify(options.image, options.keys, options.signature, meter)
    say(render_verdict(verdict, as_json=options.json))
    return 0 if verdict.good else 1
