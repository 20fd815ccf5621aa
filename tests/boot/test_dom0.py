# SPDX-License-Identifier: BSD-2-Clause
"""Debian's unmodified kernel as dom0: from power-on to a shell that works, and down again."""

from __future__ import annotations

import hashlib
import random
import re
import string
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from loader import cli
from loader.qemu import Emulator
from tests.boot.shell import PROMPT, complaints_in, run
from tests.conftest import DEVELOPMENT_KEY

Boot = Callable[..., Emulator]

RECIPE = Path(__file__).resolve().parents[2] / "images" / "debian.toml"
ESCAPE = "\x01" * 3
SIXTY_FOUR_MIB = hashlib.sha256(bytes(64 << 20)).hexdigest()


@pytest.fixture(params=["opal", "skiboot"])
def boot(request: pytest.FixtureRequest, boot: Boot) -> Boot:
    """Every boot of dom0 runs under our firmware and under QEMU's; guests (test_guests.py) under QEMU's."""
    return partial(boot, firmware=request.param)


def pack(tmp_path: Path, *settings: str, recipe: Path = RECIPE) -> Path:
    image = tmp_path / "test.img"
    arguments = [word for setting in settings for word in ("--set", setting)]
    assert cli.main(["build", str(recipe), "-o", str(image), *arguments]) == 0
    assert cli.main(["sign", str(image), "--key", str(DEVELOPMENT_KEY)]) == 0
    return image


def reach_shell(machine: Emulator) -> None:
    """A shell to work in; the kernel's notices, which come when they come, stay out of what commands print."""
    machine.expect(PROMPT)
    run(machine, "mkdir -p /proc /sys /dev && mount -t proc p /proc && mount -t devtmpfs d /dev && dmesg -n 5")


def power_off(machine: Emulator) -> None:
    machine.send("poweroff -f\n")
    machine.expect("domain dom0 powers off")
    machine.expect(r"exits of domain 0 dom0")
    machine.expect(r"H_ENTER +\d+ +\d+")
    assert machine.wait() == 0
    assert machine.shutdown_reason() == "guest-shutdown"


def use_memory(machine: Emulator) -> None:
    """Write and read 64 MiB of tmpfs."""
    run(machine, "mkdir -p /t && mount -t tmpfs -o size=100m t /t && dd if=/dev/zero of=/t/file bs=1M count=64")
    # The shell compares: another domain's line may come between the digits.
    run(machine, f'[ "$(sha256sum </t/file)" = "{SIXTY_FOUR_MIB}  -" ]')


def test_shell_and_power_off(boot: Boot, debian_image: Path) -> None:
    machine = boot(debian_image)
    machine.expect(r"\(hv\) Roundpeg hypervisor")
    machine.expect(r"processor: version 0x004d0200")
    machine.expect(r"module: dom0 kernel, 0x\w+, \d+ bytes")
    machine.expect(r"domain 0 dom0: 1024 MiB, real-mode area 256 MiB by RMO")
    reach_shell(machine)
    assert run(machine, "uname -m").strip() == "ppc64le"
    assert re.search(r"platform\s*: pSeries", run(machine, "cat /proc/cpuinfo"))
    log = run(machine, "dmesg")
    assert "console [hvc0] enabled" in log
    assert re.search(r"base_shift=24: shift=24, sllp=0x0100", log)
    assert "registered 16.0 MiB page size" in log
    assert "PPC64 nvram contains 65536 bytes" in log
    assert complaints_in(log) == []
    assert re.search(r"MemTotal: +\d{6} kB", run(machine, "cat /proc/meminfo"))
    use_memory(machine)
    assert re.fullmatch(r"20[2-9]\d", run(machine, "date +%Y").strip())
    power_off(machine)


def test_linear_mapping_uses_large_pages(boot: Boot, debian_image: Path) -> None:
    """With 4 or 64 KiB pages the linear mapping alone needs 16384 hash table entries for a GiB."""
    machine = boot(debian_image)
    reach_shell(machine)
    machine.send("poweroff -f\n")
    entered = machine.expect(r"hcall +H_ENTER +(\d+)")
    # 33,690 places of kernel text are patched through a temporary entry each; what remains is the mapping.
    assert int(entered[1]) < 33_690 + 8_192


@pytest.mark.parametrize(
    ("mode", "rma", "memory", "machine_memory"),
    [
        ("rmo", "256M", "512M", "1G"),
        ("vrma", "64M", "512M", "1G"),
        ("vrma", "256M", "1G", "2G"),
        ("auto", "64M", "2G", "3G"),
        ("auto", "256M", "4G", "5G"),
    ],
)
def test_real_mode_areas_and_memory_sizes(
    boot: Boot, tmp_path: Path, mode: str, rma: str, memory: str, machine_memory: str
) -> None:
    image = pack(
        tmp_path, f"domain.dom0.rma.mode={mode}", f"domain.dom0.rma.size={rma}", f"domain.dom0.memory={memory}"
    )
    machine = boot(image, memory=machine_memory)
    kind = "RMO" if mode == "rmo" or (mode == "auto" and rma == "256M") else "VRMA"
    machine.expect(rf"domain 0 dom0: \d+ MiB, real-mode area {rma[:-1]} MiB by {kind}")
    reach_shell(machine)
    use_memory(machine)
    power_off(machine)


def test_ramdisk_and_arguments_of_the_firmware(boot: Boot, tmp_path: Path) -> None:
    """The image has no ramdisk; what QEMU's `-initrd` and `-append` say arrives in dom0."""
    with RECIPE.open("rb") as file:
        initrd = tomllib.load(file)["domain"]["dom0"]["initrd"]
    image = pack(tmp_path, "domain.dom0.initrd={from-firmware='48M'}")
    machine = boot(image, extra=["-initrd", str(RECIPE.parent / initrd), "-append", "loud=1 -- mark=two"])
    machine.expect(r'\(hv\) hypervisor: .*, command line "loud=1"')
    reach_shell(machine)
    assert run(machine, "cat /proc/cmdline").strip().endswith(" mark=two")
    power_off(machine)


def test_impossible_plans_are_refused(boot: Boot, tmp_path: Path) -> None:
    """64 MiB by limit needs an RMLS code that this emulator mishandles; 4 GiB need more memory than there is."""
    image = pack(tmp_path, "domain.dom0.rma.mode=rmo", "domain.dom0.rma.size=64M")
    machine = boot(image, tolerate=["domain"])
    machine.expect(r"domain dom0 not built: this machine cannot confine real mode by a limit of that size")
    machine.expect(r"no domain to run")
    assert machine.wait() == 0
    machine = boot(pack(tmp_path, "domain.dom0.memory=4G"), memory="2G", tolerate=["domain"])
    machine.expect(r"domain dom0 not built: not enough memory \(memory 4096 MiB")
    assert machine.wait() == 0


def test_no_domain(boot: Boot, tmp_path: Path) -> None:
    machine = boot(pack(tmp_path, recipe=RECIPE.parent / "null.toml"))
    machine.expect(r"\(hv\) no domain to run")
    assert machine.wait() == 0


def test_hypervisor_prompt(boot: Boot, debian_image: Path) -> None:
    machine = boot(debian_image)
    reach_shell(machine)
    machine.send(ESCAPE)
    machine.expect(r"\(hv\) > ")
    machine.send("help\r")
    machine.expect(r"poweroff +switch the machine off")
    machine.send("domains\r")
    machine.expect(r"0 dom0 +running +1024 MiB 1 vcpu RMO control")
    machine.send("exits\r")
    machine.expect(r"exit +timer +\d+ +\d+ +\d+")
    machine.send("memory\r")
    machine.expect(r"memory: 2048 MiB, \d+ MiB free")
    machine.send("exitz\b \bs\r")
    machine.expect("exits of domain")
    machine.send("nonsense\r")
    machine.expect('unknown command "nonsense"')
    machine.send(ESCAPE)
    machine.expect("back to the domain")
    assert run(machine, "uname -m").strip() == "ppc64le"
    machine.send(ESCAPE)
    machine.expect(r"\(hv\) > ")
    machine.send("poweroff\r")
    assert machine.wait() == 0


def test_single_escapes_reach_the_domain(boot: Boot, debian_image: Path) -> None:
    machine = boot(debian_image)
    reach_shell(machine)
    machine.send("echo G''O; cat -v > /typed\n")
    machine.expect("GO")
    machine.send("a\x01b\x01\x01c\n\x04")
    assert run(machine, "cat /typed") == "a^Ab^A^Ac\n"


def test_reboot(boot: Boot, debian_image: Path) -> None:
    machine = boot(debian_image)
    reach_shell(machine)
    machine.send("reboot -f\n")
    machine.expect("domain dom0 reboots")
    machine.expect(r"\(hv\) reboot")
    machine.expect(r"\(hv\) Roundpeg hypervisor")
    machine.expect(PROMPT)


def test_typed_and_printed_text_arrives_whole(boot: Boot, debian_image: Path) -> None:
    """More than any queue on the way holds, in both directions."""
    machine = boot(debian_image)
    reach_shell(machine)
    letters = random.Random(970)
    lines = ["".join(letters.choices(string.ascii_letters + string.digits, k=70)) for _ in range(400)]
    text = "".join(f"{line}\n" for line in lines)
    machine.send("stty -echo; echo G''O; cat > /typed; stty echo\n")
    machine.expect("GO")
    machine.send(text + "\x04")
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest in run(machine, "sha256sum /typed")
    assert run(machine, "cat /typed") == text


def test_second_domain_restarts_beside_dom0(boot: Boot, tmp_path: Path, debian_kernel: Path) -> None:
    """A kernel without a root file system panics and reboots its own domain, again and again; dom0 does not notice."""
    recipe = tmp_path / "two.toml"
    recipe.write_text(
        RECIPE.read_text().replace("../build", str(RECIPE.parent.parent / "build"))
        + f'\n[domain.second]\nkernel = "{debian_kernel}"\ncommand-line = "console=hvc0 panic=1"\n'
        + 'memory = "512M"\nrma = { mode = "vrma", size = "64M" }\n'
    )
    machine = boot(pack(tmp_path, recipe=recipe), tolerate=["linux-panic"])
    machine.expect(r"domain 0 dom0: .* by RMO")
    machine.expect(r"domain 1 second: 512 MiB, real-mode area 64 MiB by VRMA")
    reach_shell(machine)
    machine.expect("domain second reboots")
    machine.expect(r"\(second\) .*Linux version")
    use_memory(machine)
    power_off(machine)
