# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage`: builds, looks into, checks and boots images.

Exit status: 0 done, 1 bad input, 2 wrong usage, 3 the machine lacks something.  What a user can get wrong is one line
on the error output; a traceback means a bug in this package.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loader.errors import LoaderError, ManifestError

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(given[:1]).parse_args(given)
    command: Command = options.command
    try:
        status = command(options)
        sys.stdout.flush()
    except LoaderError as error:
        print(f"mkimage: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        _abandon_output()  # whoever read us has enough
        return 0
    except OSError as error:
        print(f"mkimage: {error}", file=sys.stderr)
        _abandon_output()
        return 3
    except KeyboardInterrupt:
        print("mkimage: interrupted", file=sys.stderr)
        return 130
    return status


def _abandon_output() -> None:
    """Keeps the interpreter from failing once more when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def _parser(asked_for: Sequence[str]) -> argparse.ArgumentParser:
    """The whole grammar; options whose description costs imports only for the command that is asked for."""
    parser = argparse.ArgumentParser(prog="mkimage", description="Bootable images for PowerPC hypervisors.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = _add(commands, "build", _build, "pack what a recipe names into one image")
    _add_recipe(build)
    build.add_argument("-o", "--output", type=Path, required=True, metavar="IMAGE")

    inspect = _add(commands, "inspect", _inspect, "show what an image holds")
    inspect.add_argument("image", type=Path, metavar="IMAGE")
    inspect.add_argument("--json", action="store_true", help="machine-readable report")
    if "inspect" in asked_for:
        from loader.lintcommand import add_map_arguments

        add_map_arguments(inspect)

    lint = _add(commands, "lint", _lint, "say which firmwares will take an image, and why not the others")
    if "lint" in asked_for:
        from loader.lintcommand import add_lint_arguments

        add_lint_arguments(lint)

    verify = _add(commands, "verify", _verify, "recompute every digest of an image and check signatures")
    verify.add_argument("image", type=Path, metavar="IMAGE")
    verify.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        dest="keys",
        metavar="PUB",
        help="require a signature of this public key, or of another one given like it (repeatable)",
    )
    verify.add_argument("--signature", type=Path, metavar="FILE", help="a detached signature; needs --key")
    verify.add_argument("--json", action="store_true", help="machine-readable report")

    keygen = _add(commands, "keygen", _keygen, "make an Ed25519 key pair to sign images with")
    keygen.add_argument("-o", "--output", type=Path, required=True, metavar="KEY", help="public key in KEY.pub")

    sign = _add(commands, "sign", _sign, "sign an image, or remove a signature")
    sign.add_argument("image", type=Path, metavar="IMAGE")
    what = sign.add_mutually_exclusive_group(required=True)
    what.add_argument("--key", type=Path, metavar="KEY", help="the private key")
    what.add_argument("--remove", metavar="KEYID", help="remove this key's signature; the first 8 digits will do")
    sign.add_argument("--detached", type=Path, metavar="FILE", help="write the signature to a file; needs --key")

    extract = _add(commands, "extract", _extract, "write one payload of an image to a file")
    extract.add_argument("image", type=Path, metavar="IMAGE")
    extract.add_argument("name", metavar="NAME", help="as `inspect` shows it")
    extract.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")

    devtree = _add(commands, "devtree", _devtree, "show the device tree a domain will get")
    _add_recipe(devtree)
    devtree.add_argument("--domain", required=True, metavar="NAME")
    form = devtree.add_mutually_exclusive_group()
    form.add_argument("--dts", action="store_true", help="print the source text (the default)")
    form.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the flat tree to a file")

    emulator = _add(commands, "boot", _boot, "boot an image in the emulator")
    if "boot" in asked_for:
        from loader.bootcommand import add_boot_arguments

        add_boot_arguments(emulator)

    netboot = _add(commands, "netboot", _netboot, "write a TFTP tree and a boot server's configuration for blades")
    if "netboot" in asked_for:
        from loader.netboot import add_netboot_arguments

        add_netboot_arguments(netboot)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(command=command, parser=parser)
    return parser


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="override a value of the recipe, such as domain.dom0.memory=768M (repeatable)",
    )


def _build(options: argparse.Namespace) -> int:
    from loader.lintcommand import judge_plan
    from loader.manifest import load_recipe
    from loader.multiboot import write_image
    from loader.plan import plan_image

    recipe = load_recipe(options.recipe, options.settings)
    if any(_same_file(source, options.output) for source in recipe.inputs):
        raise ManifestError("the output would replace one of the inputs", str(options.output))
    plan = plan_image(recipe, options.output.parent)
    if not judge_plan(plan, recipe.targets):
        return 1
    head = write_image(options.output, plan.stub, plan.payloads)
    print(f"{options.output}: {options.output.stat().st_size} bytes, {len(head.entries)} entries")
    return 0


def _same_file(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def _inspect(options: argparse.Namespace) -> int:
    from loader.lintcommand import run_maps, wants_maps

    if wants_maps(options):
        return run_maps(options)
    from loader.inspect import describe_image, render_image

    print(render_image(describe_image(options.image), as_json=options.json))
    return 0


def _lint(options: argparse.Namespace) -> int:
    from loader.lintcommand import run_lint

    return run_lint(options)


def _verify(options: argparse.Namespace) -> int:
    from loader.verify import render_verdict, verify

    if options.signature is not None and not options.keys:
        options.parser.error("--signature needs --key")
    verdict = verify(options.image, options.keys, options.signature)
    print(render_verdict(verdict, as_json=options.json))
    return 0 if verdict.good else 1


def _keygen(options: argparse.Namespace) -> int:
    from loader.sign import generate_key

    print(f"{options.output}: key {generate_key(options.output).hex()}")
    return 0


def _sign(options: argparse.Namespace) -> int:
    from loader.sign import remove_signature, sign_image

    if options.detached is not None and options.key is None:
        options.parser.error("--detached needs --key")
    if options.key is None:
        print(f"{options.image}: signature of key {remove_signature(options.image, options.remove).hex()} removed")
        return 0
    key_id = sign_image(options.image, options.key, options.detached)
    print(f"{options.detached or options.image}: signed by key {key_id.hex()}")
    return 0


def _extract(options: argparse.Namespace) -> int:
    from loader.multiboot import extract_entry

    extract_entry(options.image, options.name, options.output)
    return 0


def _devtree(options: argparse.Namespace) -> int:
    from loader.devtree import Tree, to_dts
    from loader.manifest import load_recipe
    from loader.plan import plan_domain_of

    recipe = load_recipe(options.recipe, options.settings)
    plan = plan_domain_of(recipe, recipe.domain(options.domain))
    if options.output is None:
        print(to_dts(Tree.parse(plan.tree, options.domain)), end="")
        return 0
    from loader.io import AtomicFile, write_at

    with AtomicFile(options.output) as file:
        write_at(file.fd, plan.tree, 0)
    return 0


def _boot(options: argparse.Namespace) -> int:
    from loader.bootcommand import run_boot

    return run_boot(options)


def _netboot(options: argparse.Namespace) -> int:
    from loader.netboot import run_netboot

    return run_netboot(options)
