# SPDX-License-Identifier: BSD-2-Clause
"""From reset to the stub and to the hypervisor's first instruction: our firmware beside skiboot."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.table import RUNS, print_table, summary
from loader import cli
from loader.elf import physical_entry, read_elf
from loader.machines import FIRMWARES, MACHINES, QEMU

PATIENCE: Final = 300.0
STUB_ADDRESS: Final = 0x2000_1000
"""Where powernv8 has the stub's first instruction: -kernel's address and the image's first page."""
BRIDGES: Final = 3
PLUGIN_SOURCE: Final = Path(__file__).with_name("reset_counter.c")
ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Case:
    """A firmware on a machine with some PCI host bridges."""

    firmware: str
    bridges: int

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.firmware}, {self.bridges or 'no'} bridges"

    def arguments(self) -> list[str]:
        """QEMU's arguments."""
        file = FIRMWARES[self.firmware]
        words = [] if file is None else ["-bios", str(file)]
        for index in range(self.bridges):
            words += ["-device", f"pnv-phb,index={index},chip-id=0,id=bridge{index}"]
            words += ["-device", f"pnv-phb-root-port,bus=bridge{index},id=slot{index}"]
        return words


CASES: Final = tuple(Case(firmware, bridges) for bridges in (0, BRIDGES) for firmware in ("opal", "skiboot"))


@dataclass(frozen=True, slots=True)
class Sample:
    """What one boot took to the stub and to the hypervisor: milliseconds, and instructions in millions."""

    stub: float
    hypervisor: float
    stub_instructions: float
    hypervisor_instructions: float


def build_plugin(folder: Path) -> Path:
    """Compile QEMU's plugin for the host."""
    plugin = folder / "reset_counter.so"
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC", "-shared"]
    subprocess.run(["gcc", *flags, "-o", str(plugin), str(PLUGIN_SOURCE)], check=True)
    return plugin


def marks(case: Case, image: Path, entry: int, plugin: Path, count: bool) -> list[tuple[int, int]]:
    """Instructions and nanoseconds to the stub's and to the hypervisor's first instruction."""
    result = plugin.with_suffix(".txt")
    result.unlink(missing_ok=True)
    options = f"out={result},count={int(count)},mark={STUB_ADDRESS:#x},mark={entry:#x}"
    machine = MACHINES["powernv8"]
    command = [QEMU, "-M", machine.board, *machine.arguments, "-m", "2G", "-nodefaults", "-nographic"]
    command += ["-serial", "null", "-kernel", str(image), "-plugin", f"{plugin},{options}", *case.arguments()]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=PATIENCE)
    lines = result.read_text().split("\n")[:2]
    first, second = ((int(a), int(b)) for a, b in (line.split() for line in lines))
    return [first, second]


def run(case: Case, image: Path, entry: int, plugin: Path) -> Sample:
    """Boot twice: for the time, and for the instructions, because counting takes time."""
    (_, stub), (_, start) = marks(case, image, entry, plugin, count=False)
    (stub_count, _), (start_count, _) = marks(case, image, entry, plugin, count=True)
    return Sample(stub / 1e6, start / 1e6, stub_count / 1e6, start_count / 1e6)


def small_image(folder: Path) -> Path:
    """An image with the hypervisor and no domain, signed by the development key."""
    image = folder / "small.img"
    if cli.main(["build", str(ROOT / "images" / "null.toml"), "-o", str(image)]) != 0:
        raise SystemExit("bench: images/null.toml cannot be built")
    if cli.main(["sign", str(image), "--key", str(ROOT / "firmware" / "opal" / "keys" / "development")]) != 0:
        raise SystemExit("bench: the small image cannot be signed")
    return image


def measure(image: Path, hypervisor: Path, folder: Path) -> None:
    """Run all cases in turn, RUNS times, and print what came out; `image` is signed, `hypervisor` is the ELF in it."""
    plugin, entry = build_plugin(folder), physical_entry(read_elf(hypervisor))
    images = {"no domain": small_image(folder), "dom0": image}
    everything = [(case, kind) for kind in images for case in CASES if kind == "no domain" or case.bridges == 0]
    samples: dict[tuple[Case, str], list[Sample]] = {each: [] for each in everything}
    for number in range(1, RUNS + 1):
        for case, kind in everything:
            print(f"bench: reset {number} of {RUNS}, {case.name}, {kind}", file=sys.stderr)
            samples[case, kind].append(run(case, images[kind], entry, plugin))
    rows = []
    for (case, kind), values in samples.items():
        reference = samples[Case("opal", case.bridges), kind]
        row = [f"{case.name}, {kind}"]
        for name in ("stub", "hypervisor", "stub_instructions", "hypervisor_instructions"):
            row.append(summary([getattr(v, name) for v in values], [getattr(v, name) for v in reference], 1))
        rows.append(row)
    columns = ["", "to the stub, ms", "to the hypervisor, ms", "to the stub, M instr.", "to the hypervisor, M instr."]
    print_table(f"From reset, medians of {RUNS} (range), ratio to ours", columns, rows)
