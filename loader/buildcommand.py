# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage build` and `mkimage devtree`: what users say about recipes, turned into calls."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from loader.output import say

CONTAINERS: Final = ("elf32", "elf64")
"""As loader/elfpreface.py has them, whose import would cost too much here."""


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage build`."""
    _add_recipe(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="IMAGE", help="the file to write")
    parser.add_argument(
        "--container",
        choices=CONTAINERS,
        default=CONTAINERS[0],
        help="kind of ELF file: elf32 for every firmware, elf64 for kexec and petitboot (default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan, write nothing; -o is not needed")
    parser.add_argument("--json", action="store_true", help="machine-readable report")


def add_devtree_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage devtree`."""
    _add_recipe(parser)
    parser.add_argument("--domain", required=True, metavar="NAME", help="the domain, as the recipe calls it")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dts", action="store_true", help="print the source text (the default)")
    form.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the flat tree to a file")
    form.add_argument("--json", action="store_true", help="print it for programs")


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="what to pack (docs/recipe.md)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="override a value of the recipe, such as domain.dom0.memory=768M (repeatable)",
    )


def run_build(options: argparse.Namespace) -> int:
    """Plans an image, judges the plan and writes it; 1 when a firmware it is meant for would refuse it."""
    from loader.elfpreface import Container
    from loader.io import require_other_file
    from loader.lintcommand import judge_plan
    from loader.manifest import load_recipe
    from loader.meter import terminal_meter
    from loader.multiboot import write_image
    from loader.plan import plan_image
    from loader.planview import render_plan, render_refusal, render_result

    output: Path | None = options.output
    if output is None and not options.dry_run:
        options.parser.error("the following arguments are required: -o/--output")
    recipe = load_recipe(options.recipe, options.settings)
    if output:
        require_other_file(output, *recipe.inputs)
    with terminal_meter() as meter:
        folder = None if output is None or options.dry_run else output.parent
        plan = plan_image(recipe, folder, Container(options.container), meter)
        report = judge_plan(plan, recipe.targets, quiet=options.json)
        if not report.passes():
            if options.json:
                say(render_refusal(output, report))
            return 1
        if output is None or options.dry_run:
            say(render_plan(plan, output, report, as_json=options.json))
            return 0
        head = write_image(output, plan.stub, plan.payloads, plan.container, meter)
    say(render_result(output, head, report, as_json=options.json))
    return 0


def run_devtree(options: argparse.Namespace) -> int:
    """Prints or writes the tree of one domain of a recipe."""
    from loader.devtree import Tree, to_dts, tree_json
    from loader.io import AtomicFile, require_other_file, write_at
    from loader.manifest import load_recipe
    from loader.plan import plan_domain_of

    recipe = load_recipe(options.recipe, options.settings)
    if options.output is not None:
        require_other_file(options.output, *recipe.inputs)
    plan = plan_domain_of(recipe, recipe.domain(options.domain))
    if options.json:
        say(json.dumps(tree_json(Tree.parse(plan.tree, options.domain)), indent=2))
        return 0
    if options.output is None:
        say(to_dts(Tree.parse(plan.tree, options.domain)), end="")
        return 0
    with AtomicFile(options.output) as file:
        write_at(file.fd, plan.tree, 0)
    return 0
