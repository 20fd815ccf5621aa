# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage lint` and the maps of `mkimage inspect`: what users say, turned into calls."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loader.errors import ImageError, one_line
from loader.output import remark, say
from loader.profiles import DEFAULT_TARGETS, PROFILES
from loader.units import parse_size

if TYPE_CHECKING:
    from loader.lint import Report
    from loader.plan import ImagePlan

DEFAULT_MAPS: Final = ("powernv8", "slof", "mac99")
"""Firmwares whose maps are shown when neither image nor user names any: one machine of each kind in the emulator."""


def add_lint_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage lint`."""
    parser.add_argument("image", type=Path, nargs="?", metavar="IMAGE", help="any ELF file, other people's too")
    parser.add_argument("--list", action="store_true", dest="listing", help="print the rules and their reasons instead")
    parser.add_argument("--strict", action="store_true", help="warnings are failures as well")
    parser.add_argument("--json", action="store_true", help="machine-readable report")
    _add_profiles(parser)


def add_map_arguments(parser: argparse.ArgumentParser) -> None:
    """The part of `mkimage inspect` about maps."""
    group = parser.add_argument_group("memory maps")
    group.add_argument("--map", action="store_true", help="show what lies where at run time")
    group.add_argument("--svg", type=Path, metavar="FILE", help="draw it")
    _add_profiles(group)


def run_lint(options: argparse.Namespace) -> int:
    """Lists the rules, or judges a file and returns 1 when it breaks one."""
    from loader.lint import lint, render_report, render_rules

    if options.listing:
        if options.image is not None or options.profiles or options.memory is not None or options.strict:
            options.parser.error("--list goes with --json only")
        say(render_rules(as_json=options.json))
        return 0
    if options.image is None:
        options.parser.error("IMAGE is missing (or say --list)")
    from loader.subject import read_subject

    report = lint(read_subject(options.image), options.profiles, options.memory)
    say(render_report(report, as_json=options.json))
    return 0 if report.passes(strict=options.strict) else 1


def judge_plan(plan: ImagePlan, targets: Sequence[str], *, quiet: bool) -> Report:
    """How the firmwares an image is built for will take it; prints what stands against it, one line each."""
    from loader.lint import finding_lines, lint
    from loader.lintmodel import Severity

    report = lint(plan.subject, targets or DEFAULT_TARGETS)
    serious = (found for found in report.findings if found.severity is not Severity.NOTE)
    for line in () if quiet else finding_lines(serious, explained=False):
        remark(f"{plan.subject.where}: {line}")
    return report


def wants_maps(options: argparse.Namespace) -> bool:
    """Whether `inspect` was asked for maps; ends the command when only their options were given."""
    if options.map or options.svg is not None:
        return True
    if options.profiles or options.memory is not None:
        options.parser.error("--profile and --memory need --map or --svg")
    return False


def run_maps(options: argparse.Namespace) -> int:
    """Prints or draws the memory maps of an image."""
    from loader.io import require_other_file
    from loader.mapview import maps_json, render_maps
    from loader.memorymap import domain_maps, machine_maps
    from loader.subject import read_subject

    subject = read_subject(options.image)
    if options.svg is not None:
        require_other_file(options.svg, options.image)
    if subject.contents is not None and subject.contents.problem:
        raise ImageError(subject.contents.problem, str(options.image))
    targets = () if subject.contents is None else subject.contents.targets
    profiles = [PROFILES[name] for name in dict.fromkeys(options.profiles or targets or DEFAULT_MAPS)]
    spaces = [space for profile in profiles for space in machine_maps(subject, profile, options.memory)]
    spaces += domain_maps(subject)
    if options.svg is not None:
        from loader.io import AtomicFile, write_at
        from loader.svg import draw_maps

        with AtomicFile(options.svg) as file:
            write_at(file.fd, draw_maps(spaces, f"{one_line(options.image.name)}: what lies where").encode(), 0)
    if options.json:
        say(json.dumps({"image": str(options.image), "maps": maps_json(spaces)}, indent=2))
    elif options.map:
        say(render_maps(spaces))
    return 0


def _add_profiles(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        dest="profiles",
        choices=list(PROFILES),
        metavar="FIRMWARE",
        help=f"one of {', '.join(PROFILES)} (repeatable); default: what the image is built for, or the emulator's",
    )
    parser.add_argument(
        "--memory",
        type=_size,
        metavar="SIZE",
        help="the machine's memory, such as 1G; default: docs/firmware-profiles.md",
    )


def _size(text: str) -> int:
    try:
        size = parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size == 0:
        raise argparse.ArgumentTypeError("a machine has memory")
    return size
