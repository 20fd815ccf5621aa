# SPDX-License-Identifier: BSD-2-Clause
"""Our guests on QEMU's own pseries machine, another hypervisor that offers PAPR: a second opinion on what they check.

Where it differs the reason is given here; any other difference means that a guest checks something wrong. hcall_misc
is not among them because unknown hypercalls make QEMU 7.2 itself crash, rma because that machine does not confine real
mode, and fuzz for both reasons.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from loader.machines import QEMU
from tests.boot.guest_output import GuestOutput

GUESTS = Path(__file__).resolve().parents[2] / "build" / "guests"
PSERIES = (
    *(QEMU, "-M", "pseries,cap-hpt-max-page-size=16m", "-cpu", "power8", "-m", "512M"),
    *("-nodefaults", "-nographic", "-monitor", "none", "-serial", "stdio"),
)

DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "hello": {"entry in 64-bit real mode": "leaves MSR[SF] to its firmware, whose place we take"},
    "hcall_hpt": {
        "H_READ: first doubleword as entered|H_ENTER: reserved software bits": "shows a software bit of its own",
        "xen-3 .* as a device|H_ENTER: what is refused|H_(ENTER|READ): 64 KiB page": "maps what is not memory; later "
        "checks find those entries in the way",
        "(xen-[26] )?(ptex bound .: )?H_CLEAR_(MOD|REF)": "does not have these calls",
        "H_BULK_REMOVE: removed, with R and C": "returns R and C in other bits",
        "H_ENTER with zero page: the page is zero": "ignores the flag",
    },
    "hcall_rtas": {
        "set-time-of-day: (month|30|day|hour|all)": "takes any date",
        ".*ibm,[gs]et-xive: (before|past)": "has more interrupt sources",
        "xen-15 nvram-": "ignores where the bytes go",
        "xen-15 (absurd|\\.\\.\\.)": "writes the status wherever the counts say",
        "linux,rtas-entry": "leaves the entry to its firmware",
    },
    "hcall_term": {"H_PUT_TERM_CHAR: 2\\^32 too many": "looks at 32 bits of the terminal's number"},
    "hcall_vpa": {"log: 4 GiB": "takes a log that is longer than memory"},
    "hcall_xics": {
        "H_I(PI|POLL): server 2\\^32|bad arguments left": "looks at 32 bits of the server's number",
        "H_IPI: withdrawn|a more favoured one": "does not take back what it presented",
        "xen-11 H_EOI": "accepts any source",
        "H_XIRR_X": "returns another clock than the time base",
    },
    "hpt": {
        "(xen-6 )?.* in (1T|256M): (H_CLEAR_MOD|a load sets R)|.*64K at the end of 1T: (H_C|a load sets R)": "has no "
        "H_CLEAR_MOD and H_CLEAR_REF"
    },
    "insn": {"supervisor: (msgsndp|msgclrp|mfspr DPDES)": "lets guests ring the doorbells within a core"},
    "isolation": {},
    "timer": {},
}

BUSY_HOST: Mapping[str, str] = {"hcall_vpa": "the yield count counts H_CEDE"}
"""Checks that fail there by chance: a timer that expires before its processor sleeps is no sleep that QEMU counts."""


def flatten(elf_path: Path, raw_path: Path) -> None:
    """The guest as -bios takes it: its memory from address 0 on, entered at 0x100, its reset vector."""
    image = bytearray()
    with elf_path.open("rb") as file:
        elf = ELFFile(file)
        assert elf.header["e_entry"] == 0x100
        for segment in elf.iter_segments("PT_LOAD"):
            start, data = segment["p_paddr"], segment.data()
            image.extend(bytes(max(0, start + len(data) - len(image))))
            image[start : start + len(data)] = data
    raw_path.write_bytes(image)


@pytest.mark.parametrize("order", ["be", "le"])
@pytest.mark.parametrize("guest", DIFFERENCES)
def test_pseries_agrees(tmp_path: Path, guest: str, order: str) -> None:
    raw = tmp_path / "guest.bin"
    flatten(GUESTS / f"{guest}{'-le' if order == 'le' else ''}.elf", raw)
    run = subprocess.run([*PSERIES, "-bios", raw], stdin=subprocess.DEVNULL, capture_output=True, timeout=500)
    assert run.returncode == 0, run.stderr.decode()
    output = GuestOutput("guest", tuple(run.stdout.decode(errors="replace").splitlines()), has_console=True)
    failed = [name for name in output.named("FAIL") if not name.startswith(BUSY_HOST.get(guest, "\n"))]
    differences = DIFFERENCES[guest]
    unexplained = [name for name in failed if not any(re.match(pattern, name) for pattern in differences)]
    assert unexplained == []
    assert [pattern for pattern in differences if not any(re.match(pattern, name) for name in failed)] == []
    assert [complaint for complaint in output.complaints(guest) if not complaint.startswith("FAIL ")] == []
    assert len(output.named("PASS")) > len(failed)
