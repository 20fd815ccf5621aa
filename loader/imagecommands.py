# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage inspect` and `mkimage extract`: what users say about images, turned into calls."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_inspect_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage inspect`."""
    from loader.lintcommand import add_map_arguments

    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument("--json", action="store_true", help="machine-readable report")
    add_map_arguments(parser)


def add_extract_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage extract`."""
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument("name", metavar="NAME", help="as `inspect` shows it")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def run_inspect(options: argparse.Namespace) -> int:
    """Prints what an image holds, or its memory maps."""
    from loader.lintcommand import run_maps, wants_maps

    if wants_maps(options):
        return run_maps(options)
    from loader.inspect import describe_image, render_image

    print(render_image(describe_image(options.image), as_json=options.json))
    return 0


def run_extract(options: argparse.Namespace) -> int:
    """Writes one payload to a file."""
    from loader.multiboot import extract_entry

    extract_entry(options.image, options.name, options.output)
    return 0
