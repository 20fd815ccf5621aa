# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage inspect`, `extract`, `replace` and `diff`: what users say about images, turned into calls."""

from __future__ import annotations

import argparse
from pathlib import Path

from loader.output import remark, say


def add_inspect_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage inspect`."""
    from loader.lintcommand import add_map_arguments

    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image to look into")
    parser.add_argument("--json", action="store_true", help="machine-readable report")
    parser.add_argument("--sbom", action="store_true", help="bill of materials in CycloneDX JSON instead")
    parser.add_argument("--measure", action="store_true", help="what our firmware will measure when it starts this")
    parser.add_argument("--firmware", type=Path, metavar="FILE", help="the firmware that will; needs --measure")
    add_map_arguments(parser)


def add_extract_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage extract`."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image to take them from")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="as `inspect` shows it, or `stub`; * and ? stand for any (default: all)",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", type=Path, metavar="FILE", help="for a single payload")
    where.add_argument("-d", "--directory", type=Path, metavar="DIR", help="for several, each under its name")
    parser.add_argument("--stored", action="store_true", help="compressed payloads as the image has them")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, write nothing")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def add_replace_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage replace`."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image to change")
    parser.add_argument("name", metavar="NAME", help="a kernel, a ramdisk, `hypervisor` or `stub`")
    parser.add_argument("file", type=Path, metavar="FILE", help="what takes its place")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the file to write, may be IMAGE"
    )
    parser.add_argument("--dry-run", action="store_true", help="check and print the plan, write nothing")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def add_diff_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage diff`."""
    parser.add_argument("old", type=Path, metavar="IMAGE", help="the old one")
    parser.add_argument("new", type=Path, metavar="IMAGE", help="the new one")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def run_inspect(options: argparse.Namespace) -> int:
    """Prints what an image holds, its bill of materials, what a firmware will measure, or memory maps."""
    from loader.lintcommand import run_maps, wants_maps

    wants = wants_maps(options)
    if options.sbom and wants:
        options.parser.error("--sbom goes with --json only, and is JSON without")
    if options.measure and (wants or options.sbom):
        options.parser.error("--measure goes with --firmware and --json only")
    if options.firmware is not None and not options.measure:
        options.parser.error("--firmware needs --measure")
    if wants:
        return run_maps(options)
    if options.measure:
        from loader.measure import predict, render_measurement

        say(render_measurement(predict(options.image, options.firmware), as_json=options.json))
        return 0
    if options.sbom:
        from loader.meter import terminal_meter
        from loader.sbom import describe_materials

        with terminal_meter() as meter:
            materials = describe_materials(options.image, meter=meter)
        say(materials)
        return 0
    from loader.inspect import describe_image, render_image

    say(render_image(describe_image(options.image), as_json=options.json))
    return 0


def run_extract(options: argparse.Namespace) -> int:
    """Writes payloads to files."""
    from loader.extract import extract, plan_extraction, render_extraction
    from loader.meter import terminal_meter

    found = plan_extraction(options.image, options.names, options.output, options.directory, stored=options.stored)
    if not options.dry_run:
        with terminal_meter() as meter:
            extract(options.image, found, meter)
    text = render_extraction(options.image, found, as_json=options.json, written=not options.dry_run)
    if options.json or options.dry_run or options.directory is not None:
        say(text)
    return 0


def run_replace(options: argparse.Namespace) -> int:
    """Plans the image again with another file and writes it; 1 when a firmware it is meant for would refuse it."""
    from loader.io import FileStamp, require_other_file
    from loader.lintcommand import judge_plan
    from loader.meter import terminal_meter
    from loader.multiboot import read_head, write_image
    from loader.planview import render_plan, render_refusal, render_result
    from loader.replace import replan, scratch_folder

    output: Path = options.output
    require_other_file(output, options.file)
    stamp = FileStamp.take(options.image)
    in_place = output.exists() and output.samefile(options.image)
    signatures = len(read_head(options.image).signatures)
    with terminal_meter() as meter, scratch_folder(output) as folder:
        plan, targets = replan(options.image, options.name, options.file, folder, meter)
        report = judge_plan(plan, targets, quiet=options.json)
        if not report.passes():
            if options.json:
                say(render_refusal(output, report))
            return 1
        if options.dry_run:
            say(render_plan(plan, output, report, as_json=options.json))
            return 0
        replaced = stamp if in_place else None
        head = write_image(output, plan.stub, plan.payloads, plan.container, meter, replaced)
    if signatures and not options.json:
        what = "signature" if signatures == 1 else "signatures"
        remark(f"{output}: {signatures} {what} dropped, sign it again")
    say(render_result(output, head, report, as_json=options.json, dropped=signatures))
    return 0


def run_diff(options: argparse.Namespace) -> int:
    """Prints what differs; 0 when nothing does, 1 when something does, 2 when an image cannot be read."""
    from loader.diff import diff_images, render_changes

    changes = diff_images(options.old, options.new)
    if changes or options.json:
        say(render_changes(changes, options.old, options.new, as_json=options.json))
    return 1 if changes else 0
