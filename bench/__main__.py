# SPDX-License-Identifier: BSD-2-Clause
"""`python -m bench IMAGE RECIPE`: measure the image that was built from the recipe, and its building."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from bench import boot, firmware, image, large, trees
from loader.manifest import load_recipe


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure beside peers; BENCH_RUNS (5) runs of each.")
    parser.add_argument("image", type=Path)
    parser.add_argument("recipe", type=Path)
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    print(f"Load {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors, before anything of this runs")
    trees.measure()
    image.warm_up(arguments.recipe)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.image.parent) as folder:
        image.measure(arguments.recipe, recipe.domain("dom0"), Path(folder))
        large.measure(recipe.stub, recipe.hypervisor.path.resolve(), Path(folder))
        firmware.measure(arguments.image, recipe.hypervisor.path.resolve(), Path(folder))
    boot.measure(arguments.image, recipe)


if __name__ == "__main__":
    main()
