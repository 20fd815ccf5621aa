# SPDX-License-Identifier: BSD-2-Clause
"""How long dom0 takes to a shell, against the same kernel where a hypervisor costs nothing and where there is none."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Case:
    """One machine with what it boots; `image` goes to -kernel."""

    name: str
    machine: str
    memory: str
    image: Path
    extra: tuple[str, ...] = ()


@dataclass(slots=True)
class Samples:
    """One value per run: seconds of wall time, seconds of the host's processors."""

    power_on_to_kernel: list[float] = field(default_factory=list)
    kernel_to_shell: list[float] = field(default_factory=list)
    power_on_to_shell: list[float] = field(default_factory=list)
    host_cpu: list[float] = field(default_factory=list)


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


def run(case: Case, samples: Samples) -> str:
    """Boot once, add to `samples`, power off and return the console."""
    power_on = time.monotonic()
    with Emulator(case.image, machine=case.machine, memory=case.memory, extra=case.extra) as emulator:
        emulator.expect(FIRST_KERNEL_LINE, PATIENCE)
        kernel = time.monotonic()
        emulator.expect(PROMPT, PATIENCE)
        shell = time.monotonic()
        samples.power_on_to_kernel.append(kernel - power_on)
        samples.kernel_to_shell.append(shell - kernel)
        samples.power_on_to_shell.append(shell - power_on)
        samples.host_cpu.append(cpu_seconds(emulator.process.pid))
        emulator.send("poweroff -f\n")
        emulator.wait(PATIENCE)
        return emulator.console.text


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), /proc/pid/stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(image: Path, recipe: Recipe) -> None:
    """Run all cases in turn, RUNS times, and print what came out."""
    samples: defaultdict[str, Samples] = defaultdict(Samples)
    consoles = []
    everything = cases(image, recipe)
    for number in range(1, RUNS + 1):
        for case in everything:
            print(f"bench: boot {number} of {RUNS}, {case.name}", file=sys.stderr)
            console = run(case, samples[case.name])
            if case.name == OURS:
                consoles.append(console)
    reference = samples[REFERENCE]
    rows = [
        [
            name,
            summary(sample.power_on_to_kernel, reference.power_on_to_kernel),
            summary(sample.kernel_to_shell, reference.kernel_to_shell),
            summary(sample.power_on_to_shell, reference.power_on_to_shell),
            summary(sample.host_cpu, reference.host_cpu),
        ]
        for name, sample in samples.items()
    ]
    head = ["", "power-on to kernel", "kernel to shell", "sum", "host CPU"]
    print_table(f"Boot to a dom0 shell, seconds, medians of {RUNS} (range), ratio to pseries", head, rows)
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
