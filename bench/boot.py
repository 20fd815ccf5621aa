# SPDX-License-Identifier: BSD-2-Clause
"""How long dom0 takes to a shell, against the same kernel where a hypervisor costs nothing and where there is none."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.table import RUNS, print_table, summary
from loader.manifest import Recipe
from loader.qemu import Emulator

FIRST_KERNEL_LINE: Final = r"\] Linux version .*\n"
PROMPT: Final = r"^~ # "
PATIENCE: Final = 300.0
EXIT_LINE: Final = re.compile(r"\(hv\) +(exit|hcall) +(\S+) +(\d+) +(\d+) +\d+$", re.MULTILINE)

OURS: Final = "roundpeg on powernv8"
REFERENCE: Final = "bare on pseries"

COLUMNS: Final = ("power-on to kernel", "kernel to shell", "sum", "kernel to shell, CPU", "sum, CPU")
"""Seconds: wall time, then the QEMU process's processor time."""


@dataclass(frozen=True, slots=True)
class Case:
    """One machine with what it boots; `image` goes to -kernel."""

    name: str
    machine: str
    memory: str
    image: Path
    extra: tuple[str, ...] = ()


def cases(image: Path, recipe: Recipe) -> list[Case]:
    """Ours and its peers: the same kernel, ramdisk, command line and memory as the recipe's dom0."""
    dom0 = recipe.domain("dom0")
    memory = f"{dom0.memory >> 20}M"
    extra = ("-append", dom0.command_line, *(("-initrd", str(dom0.initrd.path)) if dom0.initrd else ()))
    return [
        Case(OURS, "powernv8", "2G", image),
        Case(REFERENCE, "pseries", memory, dom0.kernel.path, extra),
        Case("bare on powernv8", "powernv8", memory, dom0.kernel.path, extra),
    ]


def run(case: Case) -> tuple[dict[str, float], str]:
    """Boot once, power off, and return a value per column and the console."""
    power_on = time.monotonic()
    with Emulator(case.image, machine=case.machine, memory=case.memory, extra=case.extra) as emulator:
        emulator.expect(FIRST_KERNEL_LINE, PATIENCE)
        kernel, kernel_cpu = time.monotonic(), cpu_seconds(emulator.process.pid)
        emulator.expect(PROMPT, PATIENCE)
        shell, shell_cpu = time.monotonic(), cpu_seconds(emulator.process.pid)
        emulator.send("poweroff -f\n")
        emulator.wait(PATIENCE)
        values = (kernel - power_on, shell - kernel, shell - power_on, shell_cpu - kernel_cpu, shell_cpu)
        return dict(zip(COLUMNS, values, strict=True)), emulator.console.text


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), /proc/pid/stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(image: Path, recipe: Recipe) -> None:
    """Run all cases in turn, RUNS times, and print what came out."""
    everything = cases(image, recipe)
    samples: dict[str, list[dict[str, float]]] = {case.name: [] for case in everything}
    consoles = []
    for number in range(1, RUNS + 1):
        for case in everything:
            print(f"bench: boot {number} of {RUNS}, {case.name}", file=sys.stderr)
            values, console = run(case)
            samples[case.name].append(values)
            if case.name == OURS:
                consoles.append(console)

    def column(name: str, key: str) -> list[float]:
        return [values[key] for values in samples[name]]

    rows = [[name, *(summary(column(name, key), column(REFERENCE, key)) for key in COLUMNS)] for name in samples]
    print_table(f"Boot to a dom0 shell, seconds, medians of {RUNS} (range), ratio to pseries", ["", *COLUMNS], rows)
    print_exits(consoles)


def print_exits(consoles: Iterable[str]) -> None:
    """Print the exit statistics that the hypervisor reports at power-off: medians per kind and call."""
    counts: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for console in consoles:
        for kind, name, count, instructions in EXIT_LINE.findall(console):
            counts[kind, name].append((int(count), int(instructions)))
    if not counts:
        raise SystemExit("bench: the hypervisor printed no exit statistics at power-off")
    rows = []
    for (kind, name), values in counts.items():
        count = median(value[0] for value in values)
        instructions = median(value[1] for value in values)
        rows.append([f"{kind} {name}", f"{count:.0f}", f"{instructions:.0f}", f"{instructions / count:.0f}"])
    print_table("Exits of dom0, boot and power-off", ["exit", "count", "instructions", "each"], rows)
