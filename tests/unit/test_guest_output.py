# SPDX-License-Identifier: BSD-2-Clause
"""The judges of what guests and kernels print: they must see every kind of failure."""

from __future__ import annotations

import pytest

from tests.boot.guest_output import BANNER, split_output
from tests.boot.shell import complaints_in

GOOD = "PASS one\nPASS two\nDONE hello pass=2 fail=0\n"


def complaints(text: str, guest: str = "hello") -> list[str]:
    return split_output(f"PASS firmware\n{BANNER} 0.1\n{text}", "guest")["guest"].complaints(guest)


def test_good_output() -> None:
    assert complaints(GOOD) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("PASS one\nFAIL two: got 1 want 2\nDONE hello pass=1 fail=1\n", "FAIL two: got 1 want 2"),
        ("PASS one\nPASS two\n", "0 DONE lines instead of one; the last line is ('PASS two',)"),
        ("", "0 DONE lines instead of one; the last line is ()"),
        (GOOD + GOOD, "2 DONE lines instead of one; the last line is ('DONE hello pass=2 fail=0',)"),
        ("PASS one\nDONE hello pass=2 fail=0\n", "DONE counts 2 passed and 0 failed, printed are 1 and 0"),
        ("PASS one\nDONE hello pass=1 fail=1\n", "DONE counts 1 passed and 1 failed, printed are 1 and 0"),
        ("DONE hello pass=0 fail=0\n", "nothing was checked"),
        (GOOD.replace("hello", "timer"), "DONE is of timer"),
    ],
)
def test_bad_output(text: str, complaint: str) -> None:
    assert complaint in complaints(text)


def test_other_domains_lines_come_out_of_the_middle() -> None:
    text = (
        "PASS o\n(hv) domain other powers off\nne\n(other) PASS its own\nPASS two\nDONE hello p\n(hv) x\nass=2 fail=0\n"
    )
    outputs = split_output(f"{BANNER}\n{text}", "guest")
    assert outputs["guest"].complaints("hello") == []
    assert outputs["hv"].lines == ("domain other powers off", "x")
    assert outputs["other"].lines == ("PASS its own",)


def test_other_domains_lines_are_counted_like_the_first() -> None:
    text = "(other) PASS one\n(other) PASS one\n(other) DONE hello pass=2 fail=0\n"
    assert split_output(f"{BANNER}\n{text}", "guest")["other"].complaints("hello") == ["twice: one"]


@pytest.mark.parametrize(
    "line",
    [
        "[    1.000000] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
        "[    1.000000] BUG: Unable to handle kernel data access on read at 0x0",
        "[    1.000000] kernel BUG at kernel/x.c:1!",
        "[    1.000000] BUG: scheduling while atomic: sh/1/0x00000002",
        '[    1.000000] irq 21: nobody cared (try booting with the "irqpoll" option)',
    ],
)
def test_what_a_kernel_complains_about(line: str) -> None:
    assert complaints_in(f"[    0.9] fine\n{line}\n[    1.1] fine\n") == [line]


def test_a_busy_host_is_no_complaint() -> None:
    text = (
        "watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [sh:1]\nCall Trace:\nBUG: workqueue lockup - pool cpus=0\n"
    )
    assert complaints_in(f"{text}fine\n") == []
