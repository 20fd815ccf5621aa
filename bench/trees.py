# SPDX-License-Identifier: BSD-2-Clause
"""Device trees of growing size, generated and checked: the time per node must not grow with them."""

from __future__ import annotations

import sys
import time
from typing import Final

from bench.table import RUNS, print_table, summary
from loader.devtree import Tree

SIZES: Final = (1_000, 10_000, 100_000)
"""Nodes."""
CHILDREN: Final = 256
"""Devices of a bus."""


def measure() -> None:
    """Run all sizes in turn, RUNS times, and print what came out."""
    making: dict[int, list[float]] = {size: [] for size in SIZES}
    checking: dict[int, list[float]] = {size: [] for size in SIZES}
    lengths = {}
    for number in range(1, RUNS + 1):
        print(f"bench: trees {number} of {RUNS}", file=sys.stderr)
        for size in SIZES:
            start = time.process_time()
            blob = make_tree(size).to_dtb()
            made = time.process_time()
            Tree.parse(blob, "bench")
            making[size].append(made - start)
            checking[size].append(time.process_time() - made)
            lengths[size] = len(blob)
    rows = [
        [
            f"{size} nodes",
            f"{lengths[size] / 1024:.0f}",
            summary(making[size], digits=3),
            summary(checking[size], digits=3),
            *(summary(per_node(times, size), per_node(times, SIZES[0]), 1) for times in (making, checking)),
        ]
        for size in SIZES
    ]
    head = ["", "KiB", "made, seconds", "checked, seconds", "made, us per node", "checked, us per node"]
    print_table(f"Device trees, CPU time, medians of {RUNS} (range), ratio to {SIZES[0]} nodes", head, rows)


def per_node(times: dict[int, list[float]], size: int) -> list[float]:
    """Microseconds."""
    return [seconds / size * 1e6 for seconds in times[size]]


def make_tree(size: int) -> Tree:
    """A tree of `size` nodes: buses with devices, a property each."""
    tree = Tree.new()
    bus = tree.root
    for number in range(size - 1):
        is_bus = number % (CHILDREN + 1) == 0
        node = (tree.root if is_bus else bus).add(f"{'bus' if is_bus else 'device'}@{number:x}")
        node.set_u32("reg", number)
        bus = node if is_bus else bus
    return tree
