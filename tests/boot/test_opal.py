# SPDX-License-Identifier: BSD-2-Clause
"""Our own firmware for powernv8: what it hands over, what it says when something traps, and Debian on it alone."""

from __future__ import annotations

import re
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from loader.devtree import Tree
from loader.qemu import Emulator
from tests.boot.probe import EntryState, assemble, read_memory
from tests.boot.shell import PROMPT, complaints_in, run
from tests.support import Load, make_elf

Boot = Callable[..., Emulator]

MAGIC = 0x5041594C
CALLER_MAGIC = 0x43414C4C
PAYLOAD_AT = 0x2000_0000
FILE_OFFSET = 0x1000
"""Where make_elf() puts the first segment."""
REPORT_AT = PAYLOAD_AT + FILE_OFFSET + 0x200
FIRMWARE_BASE = 0x3000_0000
EPAPR_MAGIC = 0x6550_4150
MSR_SF_HV = 0x9000_0000_0000_0000
PATIENCE = 300.0
BOOTS = 12

SKIBOOT_AND_OURS = pytest.mark.parametrize("firmware", ["skiboot", "ours"])


def make_payload(folder: Path, *options: str) -> Path:
    code = assemble("opal_payload.S", folder, *options)
    assert len(code) <= 0x200
    path = folder / "payload.elf"
    # of a little-endian file both firmwares take the entry for code; they enter it big-endian all the same
    path.write_bytes(make_elf(Load(0, code.ljust(0x300, b"\0")), little_endian=True))
    return path


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_payload(tmp_path_factory.mktemp("payload"))


def read_report(machine: Emulator, folder: Path) -> EntryState:
    """The payload's report, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        report = EntryState(*struct.unpack(">9Q", read_memory(machine, REPORT_AT, 72, folder)))
        if report.magic == MAGIC:
            return report
        time.sleep(0.05)
    pytest.fail("the payload was not entered")


def read_tree(machine: Emulator, report: EntryState, folder: Path) -> bytes:
    """The tree the payload was given."""
    size = int.from_bytes(read_memory(machine, report.r3 + 4, 4, folder), "big")
    return read_memory(machine, report.r3, size, folder)


@SKIBOOT_AND_OURS
def test_hands_over_as_skiboot_does(
    firmware: str, payload: Path, boot: Boot, unlocked_firmware: Path, tmp_path: Path
) -> None:
    machine = boot(payload, firmware="skiboot" if firmware == "skiboot" else unlocked_firmware)
    report = read_report(machine, tmp_path)
    assert (report.r4, report.r5, report.r6) == (0, 0, EPAPR_MAGIC)
    assert report.r8 == FIRMWARE_BASE
    assert FIRMWARE_BASE < report.r9 < FIRMWARE_BASE + (1 << 20)
    assert report.msr == MSR_SF_HV
    tree = Tree.parse(read_tree(machine, report, tmp_path), "the payload's tree")
    opal = tree.node("/ibm,opal")
    assert opal.u64s("opal-base-address") == (report.r8,)
    assert opal.u64s("opal-entry-address") == (report.r9,)
    (size,) = opal.u64s("opal-runtime-size")
    assert any(base <= report.r8 and report.r9 < base + length for base, length in tree.reservations)
    assert size >= 0x10000


def test_any_processor_may_be_elected(payload: Path, boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    """All four start at once; one leads, and the tree says which, in every run."""
    for _ in range(BOOTS):
        machine = boot(payload, firmware=unlocked_firmware, cpus=4)
        machine.expect(r"^opal: starting the payload")
        report = read_report(machine, tmp_path)
        blob = read_tree(machine, report, tmp_path)
        boot_processor = int.from_bytes(blob[28:32], "big")
        assert boot_processor in {0x8, 0x10, 0x18, 0x20}
        assert "does not answer" not in machine.console.text
        machine.__exit__(None, None, None)


def warnings_of(blob: bytes) -> set[str]:
    """The checks of dtc that find something in a tree."""
    command = ["dtc", "-I", "dtb", "-O", "dtb", "-o", "/dev/null", "-"]
    result = subprocess.run(command, input=blob, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(re.findall(r"\((\w+)\)", result.stderr.decode()))


def test_the_tree_is_as_clean_as_skiboots(payload: Path, boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    trees = []
    for firmware in ("skiboot", unlocked_firmware):
        machine = boot(payload, firmware=firmware, cpus=2)
        trees.append(read_tree(machine, read_report(machine, tmp_path), tmp_path))
        machine.__exit__(None, None, None)
    skiboots, ours = trees
    assert warnings_of(ours) <= warnings_of(skiboots)


@pytest.mark.parametrize("narrow", [False, True], ids=["64-bit", "32-bit"])
@pytest.mark.parametrize("order", ["big", "little"])
def test_callers_of_every_kind(
    order: Literal["big", "little"], narrow: bool, boot: Boot, unlocked_firmware: Path, tmp_path: Path
) -> None:
    """A call returns in the state it was made in, and keeps what it has to."""
    options = [f"-m{order}-endian", *(["-DNARROW"] if narrow else [])]
    code = assemble("opal_caller.S", tmp_path, *options)
    assert len(code) <= 0x200
    path = tmp_path / "caller.elf"
    path.write_bytes(make_elf(Load(0, code.ljust(0x300, b"\0")), little_endian=True))
    machine = boot(path, firmware=unlocked_firmware)
    deadline = time.monotonic() + PATIENCE
    words: list[int] = []
    while words[:1] != [CALLER_MAGIC]:
        assert time.monotonic() < deadline, "the call did not return"
        report = read_memory(machine, REPORT_AT, 40, tmp_path)
        words = [int.from_bytes(report[i : i + 8], order) for i in range(0, 40, 8)]
    _, result, before, after, changed = words
    assert result == 0xFEEDF00D
    assert after == before == (0x1000_0000_0000_0000 if narrow else MSR_SF_HV) | (order == "little")
    assert changed == 0


def symbol(firmware: Path, name: str) -> int:
    with firmware.with_suffix(".elf").open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        found = table.get_symbol_by_name(name)
        assert found is not None
        address: int = found[0]["st_value"]
        return address


def test_a_trap_inside_a_call_is_reported(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    """The payload breaks an instruction of the firmware's and calls it."""
    place = symbol(unlocked_firmware, "opal_test")
    machine = boot(make_payload(tmp_path, f"-DTRAP={place:#x}"), firmware=unlocked_firmware, tolerate=["firmware"])
    machine.expect(r"^opal: exception 0xe40 on processor 0x8")
    machine.expect(rf"^opal: pc  0x{place:016x}  opal_test\+0x0")
    machine.expect(r"^opal: lr  0x\w+  (opal_entry|entry_big|entry_from_big|leave)\+0x\w+")
    machine.expect(r"^opal: msr 0x9000000000000000 ")
    machine.expect(r"^opal: r12 \w{16} \w{16} 00000000600d0000 ")
    machine.expect(r"^opal: stopped: nobody handles this exception")


def test_a_trap_of_the_payload_is_reported(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    machine = boot(make_payload(tmp_path, "-DFAULT"), firmware=unlocked_firmware, tolerate=["firmware"])
    machine.expect(r"^opal: exception 0xe40 on processor 0x8")
    machine.expect(r"^opal: pc  0x000000002000\w{4}  not in the firmware")


REPORT = re.compile(
    r"opal: exception 0x100 on processor (0x\w+)\n"
    r"opal: pc  0x\w+  (.+)\nopal: lr  .+\nopal: msr 0x(\w+)  ctr .+\nopal: dar .+\n"
    r"(?:opal: r\d\d(?: \w{16}){4}\n){8}(?:opal: called from .+\n)*"
    r"opal: stopped: nobody handles this exception\n"
)
NON_MASKABLE = 0x8_0000
"""What a system reset from outside adds to MSR in SRR1."""
MSR_ME = 0x1000
LOCAL_ENTRY = 8
"""Where a function's callers in the same program enter it when it uses the table of contents (ELFv2)."""


def reports_after_reset(machine: Emulator, count: int) -> list[tuple[str, str, int]]:
    """Processor, place and MSR, when all processors are reset at once, from reports of which each is in one piece."""
    machine.qmp("inject-nmi")
    machine.expect(rf"(?:opal: stopped: nobody handles this exception\n[^\0]*){{{count}}}\Z", PATIENCE)
    text = machine.console.text.partition("starting the payload")[2].partition("\n")[2]
    reports = REPORT.findall(text)
    assert REPORT.sub("", text) == ""
    return [(processor, place, int(msr, 16)) for processor, place, msr in reports]


def test_processors_that_trap_together_report_in_turn(
    payload: Path, boot: Boot, unlocked_firmware: Path, tmp_path: Path
) -> None:
    machine = boot(payload, firmware=unlocked_firmware, cpus=4, tolerate=["firmware"])
    read_report(machine, tmp_path)
    reports = reports_after_reset(machine, 4)
    assert {processor for processor, _, _ in reports} == {"0x8", "0x10", "0x18", "0x20"}
    assert sorted(place.partition("+")[0] for _, place, _ in reports) == [*3 * ["cpu_park"], "not in the firmware"]
    # our own code takes machine checks, of which a processor without ME would die without a word
    wanted = {MSR_SF_HV | NON_MASKABLE | (MSR_ME if place.startswith("cpu_park") else 0) for _, place, _ in reports}
    assert {msr for _, _, msr in reports} == wanted


@pytest.mark.parametrize("call", [10, 67], ids=["OPAL_POLL_EVENTS", "OPAL_LPC_READ"])
def test_a_trap_inside_a_lock_is_reported(call: int, boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    """One processor is nearly always in the middle of something that all need to report."""
    machine = boot(make_payload(tmp_path, f"-DCALL={call}"), firmware=unlocked_firmware, cpus=2, tolerate=["firmware"])
    read_report(machine, tmp_path)
    assert len(reports_after_reset(machine, 2)) == 2


def test_a_trap_inside_a_report_ends_it(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    """The payload breaks what finds the names of addresses."""
    place = symbol(unlocked_firmware, "symbol_find") + LOCAL_ENTRY
    machine = boot(make_payload(tmp_path, f"-DTRAP={place:#x}"), firmware=unlocked_firmware, tolerate=["firmware"])
    read_report(machine, tmp_path)
    machine.expect(r"^opal: starting the payload", PATIENCE)
    machine.qmp("inject-nmi")
    machine.expect(
        r"^opal: exception 0x100 on processor 0x8\nopal: stopped: exception 0xe40 inside the report of another\n",
        PATIENCE,
    )


def test_an_external_interrupt_is_reported_where_it_came(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    """LPCR sends it to the hypervisor, with the place in HSRR0."""
    machine = boot(make_payload(tmp_path, "-DEXTERNAL"), firmware=unlocked_firmware, tolerate=["firmware"])
    read_report(machine, tmp_path)
    machine.send("x")
    machine.expect(r"^opal: exception 0x500 on processor 0x8", PATIENCE)
    machine.expect(r"^opal: pc  0x000000002000\w{4}  not in the firmware")
    machine.expect(r"^opal: msr 0x9000000000008000 ")


def boot_debian(boot: Boot, kernel: Path, firmware: Path, cpus: int = 1) -> Emulator:
    """Debian's kernel on the firmware alone, at its shell."""
    extra = ["-initrd", str(kernel.with_name("initrd.gz")), "-append", "console=hvc0 rdinit=/bin/sh"]
    machine = boot(kernel, firmware=firmware, cpus=cpus, extra=extra)
    machine.expect(r"^opal: starting the payload")
    machine.expect(PROMPT)
    run(machine, "mkdir -p /proc /sys && mount -t proc p /proc && mount -t sysfs s /sys")
    return machine


@pytest.mark.parametrize("cpus", [1, 4])
def test_debian_runs_on_it_alone(cpus: int, boot: Boot, debian_kernel: Path, unlocked_firmware: Path) -> None:
    machine = boot_debian(boot, debian_kernel, unlocked_firmware, cpus)
    assert run(machine, "uname -m").strip() == "ppc64le"
    information = run(machine, "cat /proc/cpuinfo")
    assert len(re.findall(r"^processor\s*:", information, re.MULTILINE)) == cpus
    assert re.search(r"^firmware\s*: OPAL", information, re.MULTILINE)
    log = run(machine, "dmesg")
    assert f"Brought up 1 node, {cpus} CPU" in log
    assert complaints_in(log) == []
    # What is typed comes by interrupt.
    interrupts = run(machine, "cat /proc/interrupts")
    counts = re.search(r"^ *\d+: +([\d ]+) OPAL ICS +21 Level +opal-psi#0:external", interrupts, re.MULTILINE)
    assert counts is not None
    assert sum(map(int, counts[1].split())) > 0
    assert abs(int(run(machine, "date +%s")) - time.time()) < 86400
    machine.send("poweroff -f\n")
    assert machine.wait() == 0
    assert machine.shutdown_reason() == "guest-shutdown"


def test_debian_reboots_through_it(boot: Boot, debian_kernel: Path, unlocked_firmware: Path) -> None:
    machine = boot_debian(boot, debian_kernel, unlocked_firmware)
    machine.send("reboot -f\n")
    machine.expect(r"^opal: Roundpeg firmware")
    machine.expect(r"Linux version")


def test_the_power_button_reaches_debian(boot: Boot, debian_kernel: Path, unlocked_firmware: Path) -> None:
    """The service processor's event becomes a message of OPAL's; a shell that is init cannot follow it."""
    machine = boot_debian(boot, debian_kernel, unlocked_firmware)
    machine.qmp("system_powerdown")
    machine.expect(r"opal-power: Poweroff requested")
