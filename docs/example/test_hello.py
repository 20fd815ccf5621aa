# SPDX-License-Identifier: BSD-2-Clause
"""Boot tests of hello.bin; run `make && pytest` (docs/boot-tests.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.emulator import Boot, ConsoleTimeout, Emulator, FatalOutput
from loader.emulator import boot as boot_anywhere

HELLO = Path(__file__).with_name("hello.bin")
PANIC = {"hello": r"^PANIC: "}


@pytest.fixture
def hello(boot: Boot) -> Emulator:
    """The machine with our program as its firmware, greeted."""
    machine = boot(None, machine="pseries", memory="256M", firmware=HELLO, fatal=PANIC)
    machine.expect(r"^hello, tests\n")
    return machine


def test_repeats_what_is_typed(hello: Emulator) -> None:
    hello.send("ping\n")
    hello.expect(r"^ping\n")


def test_powers_off(hello: Emulator) -> None:
    hello.send("q")
    assert hello.wait() == 0
    assert hello.shutdown_reason() == "guest-shutdown"


def test_a_panic_ends_the_waiting(hello: Emulator) -> None:
    hello.send("x")
    with pytest.raises(FatalOutput, match=r"\(hello\): PANIC: asked for"):
        hello.expect("never printed", timeout=600)


def test_a_panic_that_we_ask_for_is_no_failure(hello: Emulator) -> None:
    hello.send("x")
    hello.expect(r"^PANIC: asked for\n")


def test_the_monitor_stops_time(hello: Emulator) -> None:
    hello.qmp("stop")
    assert hello.qmp("query-status")["status"] == "paused"
    hello.send("ping\n")
    with pytest.raises(ConsoleTimeout):
        hello.expect("ping", timeout=0.2)
    hello.qmp("cont")
    hello.expect("ping")


def test_two_machines_at_once(hello: Emulator) -> None:
    with boot_anywhere(None, machine="pseries", memory="256M", firmware=HELLO) as other:
        other.expect("hello")
        other.send("other\n")
        hello.send("first\n")
        hello.expect("first")
        other.expect("other")
    assert "other" not in hello.console.text
