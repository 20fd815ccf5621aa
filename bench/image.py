# SPDX-License-Identifier: BSD-2-Clause
"""How long an image takes to build and how much memory, against U-Boot's mkimage packing the same two files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.table import RUNS, print_table, summary
from loader.manifest import Domain

GNU_TIME: Final = "/usr/bin/time"
UBOOT_MKIMAGE: Final = "/usr/bin/mkimage"
"""By path: ours has the same name."""

BYTECODE: Final = Path(tempfile.gettempdir(), f"bench-bytecode-{os.getuid()}")
ENVIRONMENT: Final = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPYCACHEPREFIX": str(BYTECODE),
}
"""An installed mkimage has its bytecode; a checkout that is being worked on may not."""

FIT_SOURCE: Final = """/dts-v1/;
/ {{
    description = "dom0";
    images {{
        kernel {{
            data = /incbin/("{kernel}");
            type = "kernel"; arch = "ppc"; os = "linux"; compression = "none"; load = <0>; entry = <0>;
            hash {{ algo = "sha256"; }};
        }};
        ramdisk {{
            data = /incbin/("{initrd}");
            type = "ramdisk"; arch = "ppc"; os = "linux"; compression = "none";
            hash {{ algo = "sha256"; }};
        }};
    }};
    configurations {{
        default = "dom0";
        dom0 {{ kernel = "kernel"; ramdisk = "ramdisk"; }};
    }};
}};
"""


def fit_source(kernel: Path, ramdisk: Path) -> str:
    """What U-Boot's mkimage makes a FIT from; relative paths would count from the source's folder."""
    return FIT_SOURCE.format(kernel=kernel.resolve(), initrd=ramdisk.resolve())


@dataclass(slots=True)
class Samples:
    """One value per run: seconds of wall time, seconds of processor time, MiB of peak resident memory."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def measure(recipe: Path, dom0: Domain, folder: Path) -> None:
    """Build with every packer in turn, RUNS times, and print what came out; `folder` takes the images."""
    source = folder / "dom0.its"
    if dom0.initrd is None or dom0.initrd.path is None:
        raise SystemExit("bench: dom0 of the recipe has no ramdisk")
    source.write_text(fit_source(dom0.kernel.path, dom0.initrd.path))
    packers = {
        "roundpeg": [sys.executable, "-m", "loader", "build", str(recipe), "-o", str(folder / "dom0.img")],
        "U-Boot FIT": [UBOOT_MKIMAGE, "-f", str(source), str(folder / "dom0.itb")],
        "U-Boot FIT, external data": [UBOOT_MKIMAGE, "-E", "-f", str(source), str(folder / "dom0-external.itb")],
    }
    samples: defaultdict[str, Samples] = defaultdict(Samples)
    for _ in range(RUNS):
        for name, command in packers.items():
            run([command], samples[name])
    reference = samples["U-Boot FIT"]
    rows = [
        [
            name,
            summary(sample.seconds, reference.seconds),
            summary(sample.cpu, reference.cpu),
            summary(sample.memory, reference.memory, 0),
        ]
        for name, sample in samples.items()
    ]
    head = ["", "seconds", "CPU seconds", "peak memory, MiB"]
    print_table(f"Packing dom0 with SHA-256, medians of {RUNS} (range), ratio to U-Boot FIT", head, rows)


def warm_up(recipe: Path) -> None:
    """Let Python compile what the first run would otherwise be measured doing."""
    run([[sys.executable, "-m", "loader", "build", str(recipe), "--dry-run"]], Samples())


def run(commands: Sequence[Sequence[str | Path]], samples: Samples) -> None:
    """Run commands side by side to their ends and add to `samples`: the time until the last, the sum of their processor
    time, the largest memory.

    GNU time measures the last two, children included: what the kernel tells us ourselves would not be below our own.
    """
    with tempfile.TemporaryDirectory() as folder:
        reports = [Path(folder, str(number)) for number in range(len(commands))]
        start = time.monotonic()
        processes = [
            subprocess.Popen(
                [GNU_TIME, "--quiet", "--format=%M %U %S", f"--output={report}", *map(str, command)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
            )
            for report, command in zip(reports, commands, strict=True)
        ]
        outputs = [process.communicate()[0] for process in processes]
        samples.seconds.append(time.monotonic() - start)
        for process, command, output in zip(processes, commands, outputs, strict=True):
            if process.returncode != 0:
                raise SystemExit(f"bench: {' '.join(map(str, command))} failed:\n{output.decode(errors='replace')}")
        used = [[float(number) for number in report.read_text().split()] for report in reports]
        samples.memory.append(max(memory for memory, _, _ in used) / 1024)
        samples.cpu.append(sum(user + system for _, user, system in used))
