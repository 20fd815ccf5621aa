# SPDX-License-Identifier: BSD-2-Clause
"""The guests of tests/guests as domains: every PASS is counted, every FAIL is a failure."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import cli
from loader.manifest import Recipe, load_recipe
from loader.qemu import Emulator
from tests.boot.guest_output import GuestOutput, split_output

Boot = Callable[..., Emulator]

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "build" / "guests"

VRMA_64M = ("domain.guest.memory=64M", "domain.guest.rma.mode=vrma", "domain.guest.rma.size=64M")
VRMA_256M = ("domain.guest.memory=512M", "domain.guest.rma.mode=vrma", "domain.guest.rma.size=256M")
RMO_256M = ("domain.guest.memory=512M", "domain.guest.rma.mode=rmo", "domain.guest.rma.size=256M")
RMO_1G = ("domain.guest.memory=1G", "domain.guest.rma.mode=rmo", "domain.guest.rma.size=1G")

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Run:
    """One boot that ends by itself: a recipe images/guest-NAME.toml and changes to it."""

    recipe: str
    variant: str = ""
    settings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.recipe}-{self.variant}" if self.variant else self.recipe


def kernel(domain: str, guest: str) -> str:
    """Setting that gives a domain another guest."""
    return f"domain.{domain}.kernel={GUESTS / guest}.elf"


def both_kinds(guest: str) -> tuple[Run, ...]:
    """Big-endian in virtual real mode as the recipe says, little-endian by offset and limit."""
    return Run(guest), Run(guest, "rmo-le", (*RMO_256M, kernel("guest", f"{guest}-le")))


RUNS = (
    *both_kinds("hcall_hpt"),
    *both_kinds("hcall_misc"),
    *both_kinds("hcall_rtas"),
    *both_kinds("hcall_term"),
    *both_kinds("hcall_vpa"),
    *both_kinds("hcall_xics"),
    *both_kinds("hello"),
    *both_kinds("hpt"),
    *both_kinds("insn"),
    *both_kinds("reboot"),
    *both_kinds("timer"),
    Run("rma", "vrma-64m", VRMA_64M),
    Run("rma", "vrma-256m", VRMA_256M),
    Run("rma", "rmo-256m", RMO_256M),
    Run("rma", "rmo-1g", RMO_1G),
    Run("hello", "rmo-1g", RMO_1G),
    Run("isolation"),
    Run("isolation", "timers", (kernel("guest", "timer"), kernel("neighbour", "timer-le"))),
    Run("fuzz"),
    Run("fuzz", "le", (kernel("guest", "fuzz-le"), "domain.guest.command-line=seed=0x7")),
    Run("together"),
)


def pack(tmp_path: Path, recipe: Path, *settings: str) -> tuple[Path, Recipe]:
    """The image of a recipe, and the recipe as it was changed."""
    image = tmp_path / "guest.img"
    arguments = [word for setting in settings for word in ("--set", setting)]
    assert cli.main(["build", str(recipe), "-o", str(image), *arguments]) == 0
    return image, load_recipe(recipe, list(settings))


def pack_guest(tmp_path: Path, name: str, *settings: str) -> tuple[Path, Recipe]:
    return pack(tmp_path, ROOT / "images" / f"guest-{name}.toml", *settings)


def outputs_of(machine: Emulator, recipe: Recipe) -> Mapping[str, GuestOutput]:
    return split_output(machine.console.text, recipe.domains[0].name)


def complaints_of(outputs: Mapping[str, GuestOutput], recipe: Recipe) -> list[str]:
    """What is wrong in any domain; a domain's guest is known by its kernel's file name."""
    return [
        f"{domain.name}: {complaint}"
        for domain in recipe.domains
        for complaint in outputs[domain.name].complaints(domain.kernel.path.stem.removesuffix("-le"))
    ]


def warnings_of(outputs: Mapping[str, GuestOutput]) -> list[str]:
    """xen-19: whatever a guest asks for, the hypervisor does not complain on its console."""
    return [line for line in outputs["hv"].lines if re.search(r"warning|unexpected|not implemented", line)]


def run_to_the_end(boot: Boot, image: Path, recipe: Recipe) -> Mapping[str, GuestOutput]:
    machine = boot(image)
    assert machine.wait() == 0
    outputs = outputs_of(machine, recipe)
    assert complaints_of(outputs, recipe) == []
    assert warnings_of(outputs) == []
    return outputs


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_guest(boot: Boot, tmp_path: Path, run: Run) -> None:
    image, recipe = pack_guest(tmp_path, run.recipe, *run.settings)
    run_to_the_end(boot, image, recipe)


def test_a_spinning_domain_keeps_nobody_waiting(boot: Boot, tmp_path: Path) -> None:
    image, recipe = pack_guest(tmp_path, "spin")
    machine = boot(image)
    machine.expect(r"^spinning\n")
    machine.expect(r"^\(neighbour\) DONE hcall_vpa ")
    machine.expect(r"^spun for \d+ us\n")
    assert machine.wait() == 0
    assert complaints_of(outputs_of(machine, recipe), recipe) == []


def test_text_arrives_whole(boot: Boot, tmp_path: Path) -> None:
    image, recipe = pack_guest(tmp_path, "hcall_term")
    lines = run_to_the_end(boot, image, recipe)["guest"].lines
    wanted = [f"TEXT {length:02} {ALPHABET} end" for length in range(1, 17)]
    assert [line for line in lines if line.startswith("TEXT")] == [*wanted, "TEXT by 0 end"]


@pytest.mark.parametrize("size", [1, 4095, 4096, 1_234_567])
def test_ramdisk_arrives_whole(boot: Boot, tmp_path: Path, size: int) -> None:
    ramdisk = tmp_path / "ramdisk"
    ramdisk.write_bytes(bytes((i ^ i >> 8) & 0xFF for i in range(size)))
    settings = (f"domain.guest.initrd={ramdisk}", f"domain.guest.command-line=initrd={size}")
    image, recipe = pack_guest(tmp_path, "hello", *settings)
    passed = run_to_the_end(boot, image, recipe)["guest"].named("PASS")
    assert "xen-17 the ramdisk, every byte" in passed


def test_typed_text_arrives_whole(boot: Boot, tmp_path: Path) -> None:
    image, recipe = pack_guest(tmp_path, "echo")
    machine = boot(image)
    machine.expect(r"^READY\n")
    source = random.Random(1)
    for length in (0, 1, 15, 16, 17, 100, 1000, 4000):
        text = "".join(source.choices(ALPHABET + " .,;", k=length))
        machine.send(text + "\r")
        assert machine.expect(r"^ECHO \d+ (.*)\n")[1] == text
    machine.send("quit\r")
    assert machine.wait() == 0
    assert complaints_of(outputs_of(machine, recipe), recipe) == []


def test_fuzzing_depends_on_its_seed_only(boot: Boot, tmp_path: Path) -> None:
    """What came out, but for the interrupts, which come when they come."""

    def tally(seed: int) -> list[str]:
        settings = (f"domain.guest.command-line=seed={seed} calls=5000", kernel("neighbour", "hello"))
        image, recipe = pack_guest(tmp_path, "fuzz", *settings)
        machine = boot(image)
        assert machine.wait() == 0
        text = "\n".join(outputs_of(machine, recipe)["guest"].lines)
        return re.findall(r"H_\w+: (\d+) calls", text)

    first = tally(1)
    assert len(first) > 20
    assert tally(1) == first
    assert tally(2) != first


def crash(boot: Boot, tmp_path: Path, how: int) -> tuple[Emulator, Recipe]:
    """A machine whose first domain comes to its end in way number `how` (enum how of crash.c)."""
    image, recipe = pack_guest(tmp_path, "crash", f"domain.guest.command-line=how={how}")
    machine = boot(image, tolerate=["domain"])
    machine.expect(f"crashing, how={how}")
    return machine, recipe


def neighbour_complaints(machine: Emulator, recipe: Recipe) -> list[str]:
    return outputs_of(machine, recipe)["neighbour"].complaints(recipe.domain("neighbour").kernel.path.stem)


def test_a_domain_that_gives_up_is_reported(boot: Boot, tmp_path: Path) -> None:
    machine, recipe = crash(boot, tmp_path, 0)
    machine.expect(r"^\(hv\) domain guest crashed: the guest had enough\n")
    machine.expect(r"^\(hv\)   pc 0x\w{16}  msr 0x\w{16} ")
    machine.expect(r"^\(hv\)   r00 (0x\w{16} ?){4}\n")
    assert machine.wait() == 0
    assert neighbour_complaints(machine, recipe) == []


def test_a_domain_that_stops_its_processor_is_over(boot: Boot, tmp_path: Path) -> None:
    machine, recipe = crash(boot, tmp_path, 5)
    machine.expect(r"^\(hv\) domain guest stops its last processor\n")
    assert machine.wait() == 0
    assert neighbour_complaints(machine, recipe) == []


def test_a_domain_that_sets_the_time_base_is_stopped(boot: Boot, tmp_path: Path) -> None:
    """QEMU 7.2 lets it. The neighbour's clock and decrementer stay right, and it gets its share of the processor."""
    machine, recipe = crash(boot, tmp_path, 6)
    machine.expect(r"^\(hv\) domain guest crashed: it set the time base, which is the machine's\n")
    assert machine.wait(120) == 0
    assert neighbour_complaints(machine, recipe) == []


@pytest.mark.parametrize("how", [1, 2, 3, 4], ids=["illegal", "nowhere", "no-segments", "bad-state"])
def test_a_domain_that_would_fault_for_ever_is_reported(boot: Boot, tmp_path: Path, how: int) -> None:
    machine, recipe = crash(boot, tmp_path, how)
    machine.expect(r"^\(hv\) domain guest crashed: an interrupt handler that raises the interrupt it handles\n")
    machine.expect(r"^\(hv\)   pc 0x0{13}[347]00  msr 0x\w{16} ")
    machine.expect(r"^\(neighbour\) DONE timer .*\n\(hv\) domain neighbour powers off\n")
    assert machine.wait() == 0
    assert neighbour_complaints(machine, recipe) == []
