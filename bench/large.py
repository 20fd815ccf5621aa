# SPDX-License-Identifier: BSD-2-Clause
"""1 GiB of random payload packed and verified, beside tools that do nothing but copy and hash, and beside U-Boot's."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.image import UBOOT_MKIMAGE, Samples, fit_source, run
from bench.table import RUNS, print_table, summary

PAYLOAD_SIZE: Final = 512 << 20
CHUNK: Final = 16 << 20

RECIPE: Final = """\
[image]
stub = "{stub}"
targets = ["epapr"]

[hypervisor]
path = "{hypervisor}"

[domain.dom0]
kernel = {{ path = "kernel", format = "raw", load = 0 }}
initrd = "ramdisk"
memory = "2G"
rma = {{ size = "1G" }}
"""

Command = Sequence[str | Path]


def measure(stub: Path, hypervisor: Path, folder: Path) -> None:
    """Run everything in turn, RUNS times, and print what came out; `folder` takes some 5 GiB."""
    kernel, ramdisk = folder / "kernel", folder / "ramdisk"
    for path in (kernel, ramdisk):
        write_random(path)
    (folder / "large.toml").write_text(RECIPE.format(stub=stub, hypervisor=hypervisor))
    (folder / "large.its").write_text(fit_source(kernel, ramdisk))
    image, fit, copies = folder / "large.img", folder / "large.itb", folder / "copies"
    mkimage: Command = (sys.executable, "-m", "loader")
    digest: Command = ("openssl", "dgst", "-sha256")
    copies.mkdir()
    build, verify, start = "roundpeg", "roundpeg verify", "mkimage --help"
    floor, both, uboot = "cp and openssl, side by side", "openssl of each half, side by side", "U-Boot FIT"
    cases: dict[str, list[Command]] = {
        build: [(*mkimage, "build", folder / "large.toml", "-o", image)],
        floor: [("cp", kernel, ramdisk, copies), (*digest, kernel, ramdisk)],
        uboot: [(UBOOT_MKIMAGE, "-f", folder / "large.its", fit)],
        verify: [(*mkimage, "verify", image)],
        both: [(*digest, kernel), (*digest, ramdisk)],
        start: [(*mkimage, "--help")],
    }
    samples: defaultdict[str, Samples] = defaultdict(Samples)
    for number in range(1, RUNS + 1):
        print(f"bench: large image {number} of {RUNS}", file=sys.stderr)
        for path in (image, fit, copies / "kernel", copies / "ramdisk"):
            with suppress(FileNotFoundError):
                path.unlink()
        for name, commands in cases.items():
            run(commands, samples[name])

    def row(name: str, *references: str) -> list[str]:
        found, cells = samples[name], [name]
        others = [samples[reference] for reference in references]
        for values, theirs in (
            (found.seconds, [other.seconds for other in others]),
            (found.cpu, [other.cpu for other in others]),
        ):
            cells += [summary(values), *(summary(values, reference).split()[-1] for reference in theirs)]
        return [*cells, summary(found.memory, digits=0)]

    title = f"1 GiB of random payload, medians of {RUNS} (range)"
    head = ["", "seconds", "to floor", "to U-Boot", "CPU seconds", "to floor", "to U-Boot", "peak memory, MiB"]
    print_table(title, head, [row(name, floor, uboot) for name in (build, floor, uboot)])
    head = ["", "seconds", "to openssl", "CPU seconds", "to openssl", "peak memory, MiB"]
    print_table("Checking it", head, [row(verify, both), row(both, both)])
    print_table("Starting", ["", "seconds", "CPU seconds", "peak memory, MiB"], [row(start)])


def write_random(path: Path) -> None:
    """PAYLOAD_SIZE bytes that nothing can compress."""
    with path.open("wb") as file:
        for _ in range(PAYLOAD_SIZE // CHUNK):
            file.write(os.urandom(CHUNK))
