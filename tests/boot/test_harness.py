# SPDX-License-Identifier: BSD-2-Clause
"""The harness against the real QEMU, without our hypervisor: what fails here is not the hypervisor's fault."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from loader.machines import MACHINES
from loader.qemu import Emulator, EmulatorError

Boot = Callable[..., Emulator]

PROMPT = r"^~ # "


@pytest.mark.parametrize("machine", MACHINES)
def test_qemu_accepts_every_machine(machine: str, boot: Boot) -> None:
    emulator = boot(None, machine=machine, extra=["-S"])
    assert emulator.qmp("query-status")["status"] == "prelaunch"
    emulator.qmp("quit")
    assert emulator.wait() == 0
    assert emulator.shutdown_reason() == "host-qmp-quit"


def test_qemu_says_why_it_does_not_start(boot: Boot) -> None:
    with pytest.raises(EmulatorError, match=r"status 1: .*no-such-device"):
        boot(None, machine="none", extra=["-device", "no-such-device"])


def debian(kernel: Path, *extra: str) -> list[str]:
    """QEMU's arguments for a shell of Debian's initrd."""
    return ["-initrd", str(kernel.with_name("initrd.gz")), "-append", "console=hvc0 rdinit=/bin/sh", *extra]


def test_bare_kernel_to_a_shell_and_off(debian_kernel: Path, boot: Boot) -> None:
    emulator = boot(debian_kernel, extra=debian(debian_kernel))
    emulator.expect(r"\] Linux version 6\.1\.")
    emulator.expect(PROMPT)
    words = " ".join(f"word{i}" for i in range(100))
    emulator.send(f"echo -n {words} | sha256sum\n")
    emulator.expect(f"^{hashlib.sha256(words.encode()).hexdigest()} ")
    emulator.expect(PROMPT)
    emulator.send("poweroff -f\n")
    assert emulator.wait() == 0
    assert emulator.shutdown_reason() == "guest-shutdown"


def test_reboot_starts_the_firmware_again(debian_kernel: Path, boot: Boot) -> None:
    emulator = boot(debian_kernel, extra=debian(debian_kernel))
    emulator.expect(PROMPT)
    emulator.send("reboot -f\n")
    emulator.expect(r"OPAL .* starting")
    emulator.expect(r"\] Linux version ")


def test_reboot_ends_the_emulator_when_asked_to(debian_kernel: Path, boot: Boot) -> None:
    emulator = boot(debian_kernel, extra=debian(debian_kernel, "-no-reboot"))
    emulator.expect(PROMPT)
    emulator.send("reboot -f\n")
    assert emulator.wait() == 0
    assert emulator.shutdown_reason() == "guest-reset"
