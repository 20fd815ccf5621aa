# SPDX-License-Identifier: BSD-2-Clause
"""The guest that calls OPAL (tests/guests/opal) under skiboot and ours, held against docs/opal-conformance.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from loader.machines import MACHINES, Machine
from loader.qemu import Emulator
from tests.boot.opal_page import BRIDGE, CLOCK, MANY, SOMETIMES, read_page
from tests.conftest import built

Boot = Callable[..., Emulator]

SKIBOOT = "skiboot"
OURS = "ours"
OUR_FIRMWARE = "build/firmware/unlocked/opal.bin"
"""The build that starts what nobody signed."""
KERNEL_AT = 0x2000_0000
"""Where QEMU puts the file of -kernel on powernv."""

ALONE = Machine("powernv8-alone", "powernv8", fatal=MACHINES["powernv8"].fatal)
"""powernv8 without a management controller."""

CARD = (
    *("-device", "pnv-phb,id=bridge,index=0,chip-id=0"),
    *("-device", "pnv-phb-root-port,id=port0,bus=bridge,addr=0"),
    *("-device", "e1000,bus=port0,addr=0,romfile="),
)
"""One host bridge with a network card; under -nodefaults there is none."""

ENDS = {"OPAL_CEC_POWER_DOWN": "guest-shutdown", "OPAL_CEC_REBOOT": "guest-reset"}
"""What the emulator says of a call that was carried out, under -no-reboot; the order is that of the guest's `end=`."""

FATAL = {"interrupt": r"^FAIL unexpected interrupt"}
LOGGED = re.compile(r"\[ *\d+\.\d{9},\d\] [^\n]*\n")
VERDICT = re.compile(r"^(PASS|FAIL) (.*?)(?:: got (\S+) want \S+)?$", re.MULTILINE)
TEXT = re.compile(r"TEXT (\d{3}) abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRST end\n")
LINE = re.compile(r"CPU (\d) (\d{3}) the quick brown fox jumps over the lazy dog end\n")
TEXTS = 401
LINES = 40


@dataclass(frozen=True, slots=True)
class Run:
    """One boot of the guest."""

    firmware: str
    order: str
    processors: int
    has_controller: bool
    has_bridge: bool
    end: str

    def __str__(self) -> str:
        parts = [self.firmware, self.order, f"{self.processors}cpu"]
        parts += ["bmc"] * self.has_controller + ["phb"] * self.has_bridge
        return "-".join([*parts, self.end.rpartition("_")[2].lower()])

    @property
    def needs(self) -> tuple[str, ...]:
        """The headings of the page that apply besides the first."""
        flags = {
            MANY: self.processors > 1,
            CLOCK: self.has_controller or self.firmware == OURS,
            BRIDGE: self.has_bridge,
        }
        return tuple(need for need, applies in flags.items() if applies)


OFF, REBOOT = ENDS
RUNS = [
    Run(firmware, *rest)
    for firmware, alone in ((SKIBOOT, 1), (OURS, 4))  # skiboot takes its time with four, so it has them once
    for rest in (
        ("be", 1, True, True, OFF),
        ("le", 4, True, True, REBOOT),
        ("be", alone, False, False, OFF),
        ("le", 1, False, False, REBOOT),
    )
]


def guest_file(order: str) -> Path:
    return built(f"build/guests/opal{'-le' if order == 'le' else ''}.elf", "make -C tests/guests")


def start(boot: Boot, run: Run) -> Emulator:
    extra = ["-no-reboot", "-append", f"end={list(ENDS).index(run.end)}", *(CARD if run.has_bridge else ())]
    return boot(
        guest_file(run.order),
        machine="powernv8" if run.has_controller else ALONE,
        firmware=None if run.firmware == SKIBOOT else built(OUR_FIRMWARE, "make firmware-unlocked"),
        cpus=run.processors,
        extra=extra,
        fatal=FATAL,
    )


def play(machine: Emulator) -> None:
    """Type what the guest asks for, until it is done."""
    machine.expect(r"^TYPE c\n")
    machine.send("c")
    machine.expect(r"^TYPE conformist\n")
    machine.send("conformist")
    machine.expect(r"^AGAIN\n[^\0]*^AGAIN\n")


def verdicts(text: str) -> list[tuple[str, str, str]]:
    """PASS or FAIL, case and what came back, from the part that the guest repeats undisturbed."""
    repeated = LOGGED.sub("", text.split("AGAIN\n")[1])
    return [(match[1], match[2], match[3] or "") for match in VERDICT.finditer(repeated)]


def without(failures: dict[str, str], cases: set[str]) -> dict[str, str]:
    return {case: returned for case, returned in failures.items() if case not in cases}


def check_verdicts(run: Run, found: list[tuple[str, str, str]]) -> None:
    page = read_page()
    expected = page.expected(*run.needs)
    names = Counter(case for _, case, _ in found)
    assert sorted((names - Counter(expected)).elements()) == [], "cases that the page does not have"
    assert sorted((Counter(expected) - names).elements()) == [], "cases that did not run"
    failed = {case: returned for verdict, case, returned in found if verdict == "FAIL"}
    wanted = page.failures(run.firmware, expected)
    unsure = {case for case, returned in wanted.items() if returned == SOMETIMES}
    assert without(failed, unsure) == without(wanted, unsure)


def check_lines(run: Run, text: str) -> None:
    """Everything written to the console arrived once, whole, and in the order of its writer."""
    text = LOGGED.sub("", text)
    assert [int(number) for number in TEXT.findall(text)] == list(range(TEXTS))
    lines = LINE.findall(text)
    assert len(lines) == (LINES * run.processors if run.processors > 1 else 0)
    for writer in {writer for writer, _ in lines}:
        assert [int(number) for by, number in lines if by == writer] == list(range(LINES))


def check_end(run: Run, machine: Emulator) -> None:
    if run.has_controller:
        assert machine.wait() == 0
        assert machine.shutdown_reason() == ENDS[run.end]
    else:
        status = machine.expect(rf"^LEFT {run.end} (-?\d+)\n")[1]
        assert status == read_page().refusals[run.end, run.firmware]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_calls(boot: Boot, run: Run) -> None:
    machine = start(boot, run)
    play(machine)
    text = machine.console.text
    check_verdicts(run, verdicts(text))
    check_lines(run, text)
    check_end(run, machine)


def test_the_page_makes_sense() -> None:
    """Each case is there once, and each difference is about a case and a firmware that exist."""
    page = read_page()
    cases = page.expected(MANY, CLOCK, BRIDGE)
    assert len(cases) > 400
    assert [case for case, count in Counter(cases).items() if count > 1] == []
    for difference in page.differences:
        assert difference.firmware in (SKIBOOT, OURS)
        assert any(difference.covers(case) for case in cases), difference
    assert set(page.refusals) == {(call, firmware) for call in ENDS for firmware in (SKIBOOT, OURS)}


@pytest.mark.parametrize("order", ["be", "le"])
def test_guest_is_linked_for_where_it_runs(order: str) -> None:
    """Firmware runs a kernel's file in place: each segment's address is the file's plus its offset."""
    with guest_file(order).open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            assert segment["p_vaddr"] == KERNEL_AT + segment["p_offset"]
