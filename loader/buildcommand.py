# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage build` and `mkimage devtree`: what users say about recipes, turned into calls."""

from __future__ import annotations

import argparse
from pathlib import Path

from loader.errors import ManifestError


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage build`."""
    _add_recipe(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="IMAGE")


def add_devtree_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage devtree`."""
    _add_recipe(parser)
    parser.add_argument("--domain", required=True, metavar="NAME")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dts", action="store_true", help="print the source text (the default)")
    form.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the flat tree to a file")


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


def run_build(options: argparse.Namespace) -> int:
    """Plans an image, judges the plan and writes it; 1 when a firmware it is meant for would refuse it."""
    from loader.lintcommand import judge_plan
    from loader.manifest import load_recipe
    from loader.multiboot import write_image
    from loader.plan import plan_image

    recipe = load_recipe(options.recipe, options.settings)
    if any(is_same_file(source, options.output) for source in recipe.inputs):
        raise ManifestError("the output would replace one of the inputs", str(options.output))
    plan = plan_image(recipe, options.output.parent)
    if not judge_plan(plan, recipe.targets):
        return 1
    head = write_image(options.output, plan.stub, plan.payloads)
    print(f"{options.output}: {options.output.stat().st_size} bytes, {len(head.entries)} entries")
    return 0


def is_same_file(one: Path, other: Path) -> bool:
    """Whether writing `other` would replace `one`."""
    return other.exists() and one.samefile(other)


def run_devtree(options: argparse.Namespace) -> int:
    """Prints or writes the tree of one domain of a recipe."""
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
