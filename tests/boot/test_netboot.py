# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage netboot` from end to end: its output, the real dnsmasq, SLOF on emulated machines, good and bad networks.

Each machine is what an operator has in front of him: the line that `mkimage netboot` printed is typed at its prompt.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import cli
from loader.emulator import Boot, Emulator
from loader.multiboot import read_head
from tests.boot.lab import NETWORK, Lab, Server
from tests.processes import ends_soon
from tests.support import RECIPE, write_recipe

TOLERATED = ["stub", "firmware"]
"""A refusal, and what SLOF says of a program that returns, is what a test waits for."""
PROMPT = r"^0 > "
CUT = 0x2000
"""Bytes missing from the truncated file."""
PATIENCE = 400.0
DEVICES = ("virtio-net-pci", "spapr-vlan", "e1000")


@dataclass(frozen=True)
class Blade:
    """What the blades file says of a blade, and the device it gets."""

    image: str
    name: str = "blade0"
    mac: str = "52:54:00:00:00:00"
    address: str = "192.0.2.100"
    arguments: str = "one -- two"
    protocol: str = "dhcp"
    firmware: str = "slof"
    device: str = "virtio-net-pci"


def make_blades(count: int, image: str) -> list[Blade]:
    """Blades of every kind."""
    return [
        Blade(
            image=image,
            name=f"blade{number}",
            mac=f"52:54:00:00:00:{number:02x}",
            address=f"192.0.2.{100 + number}",
            arguments=f"mark={number} -- dom0mark={number}" if number % 3 else "",
            protocol=("dhcp", "bootp")[number % 2],
            firmware=("slof", "js20")[number % 4 == 0],
            device=DEVICES[number % len(DEVICES)],
        )
        for number in range(count)
    ]


class Rack:
    """A boot server, set up by `mkimage netboot`, and blades."""

    def __init__(self, folder: Path, boot: Boot, capsys: pytest.CaptureFixture[str], lab: Lab) -> None:
        self.tree = folder / "server"
        self.lab = lab
        self._folder = folder
        self._boot = boot
        self._capsys = capsys

    def serve(self, images: Sequence[Path], blades: Sequence[Blade]) -> Server:
        """Run `mkimage netboot`; returns the server, which is off."""
        text = f'[server]\naddress = "{NETWORK}"\n'
        for blade in blades:
            text += (
                f'[blade.{blade.name}]\nmac = "{blade.mac}"\naddress = "{blade.address}"\nimage = "{blade.image}"\n'
                f'arguments = "{blade.arguments}"\nprotocol = "{blade.protocol}"\nfirmware = "{blade.firmware}"\n'
            )
        file = self._folder / "blades.toml"
        file.write_text(text)
        self._capsys.readouterr()
        command = ["netboot", *map(str, images), "-o", str(self.tree), "--blades", str(file), "--json"]
        assert cli.main(command) == 0
        report = json.loads(self._capsys.readouterr().out)
        self.lines = {blade["name"]: blade["line"] for blade in report["blades"]}
        (configuration,) = (word.removeprefix("--conf-file=") for word in report["command"][1:])
        return Server(self.lab, Path(configuration), self._folder / "dnsmasq.log")

    def switch_on(self, blade: Blade, tolerate: Sequence[str] = ()) -> Emulator:
        """The blade, on its way to Open Firmware's prompt."""
        return self._boot(
            None,
            tolerate=tolerate,
            machine="pseries",
            memory="512M",
            network=[self.lab.port(blade.mac, blade.device)],
            prefix=self.lab.prefix,
            extra=["-prom-env", "auto-boot?=false"],
        )

    def type_line(self, machine: Emulator, blade: Blade) -> None:
        """Type the blade's line at the prompt."""
        machine.expect(PROMPT, PATIENCE)
        machine.send(self.lines[blade.name] + "\r")


@pytest.fixture
def rack(tmp_path: Path, boot: Boot, capsys: pytest.CaptureFixture[str]) -> Iterator[Rack]:
    """An empty rack on a network of its own."""
    with Lab() as lab:
        yield Rack(tmp_path, boot, capsys, lab)


@pytest.fixture(scope="module")
def small_image(stub_binary: Path, hypervisor_elf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stub and hypervisor, the latter without what debuggers read: each lost packet costs SLOF a second or more."""
    folder = tmp_path_factory.mktemp("small")
    recipe = write_recipe(folder, f'[image]\nstub = "{stub_binary}"\n[hypervisor]\npath = "hypervisor.elf"\n')
    strip = ["powerpc64-linux-gnu-objcopy", "--strip-all", str(hypervisor_elf), str(folder / "hypervisor.elf")]
    subprocess.run(strip, check=True)
    assert cli.main(["build", str(recipe), "-o", str(folder / "small.img")]) == 0
    return folder / "small.img"


@pytest.fixture(scope="module")
def long_image(stub_binary: Path, hypervisor_elf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5 MiB, so that there is a middle of the transfer."""
    folder = tmp_path_factory.mktemp("long")
    recipe = write_recipe(folder, RECIPE.replace("stub.bin", str(stub_binary)))
    shutil.copyfile(hypervisor_elf, folder / "hypervisor.elf")
    (folder / "initrd.gz").write_bytes(random.Random(5).randbytes(5 << 20))
    assert cli.main(["build", str(recipe), "-o", str(folder / "long.img")]) == 0
    return folder / "long.img"


def test_laboratory_dies_with_the_session(small_image: Path, rack: Rack, tmp_path: Path) -> None:
    configuration = rack.serve([small_image], [Blade(small_image.name)]).configuration
    session = f"""
import os, signal
from pathlib import Path
from tests.boot.lab import Lab, Server
with Lab() as lab, Server(lab, Path({str(configuration)!r}), Path({str(tmp_path / "other.log")!r})) as server:
    print(server.process.pid, lab.holder.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    result = subprocess.run([sys.executable, "-c", session], capture_output=True, text=True, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr
    server, holder = map(int, result.stdout.split())
    assert ends_soon(server)
    assert ends_soon(holder)


def test_real_image_end_to_end(rack: Rack, debian_image: Path) -> None:
    """The image of `make boot`, over the network, with boot arguments that the server hands out."""
    blade = Blade(debian_image.name)
    with rack.serve([debian_image], [blade]) as server:
        machine = rack.switch_on(blade)
        rack.type_line(machine, blade)
        machine.expect(r"^Trying to load: one -- two from: ", PATIENCE)
        check_boot(machine, debian_image, "one")
        assert was_sent(server, debian_image, blade)


def test_ten_blades_at_once(rack: Rack, small_image: Path) -> None:
    """DHCP and BOOTP, scripts and typed arguments, three kinds of network devices, all at the same time."""
    blades = make_blades(10, small_image.name)
    with rack.serve([small_image], blades) as server:
        machines = [(rack.switch_on(blade), blade) for blade in blades]
        for machine, _ in machines:
            machine.expect(PROMPT, PATIENCE)
            machine.qmp("stop")  # waiting at the prompt takes all the processor there is
        for machine, blade in machines:
            machine.qmp("cont")
            machine.send(rack.lines[blade.name] + "\r")
        for machine, blade in machines:
            machine.expect(rf"^Trying to load: {blade.arguments} from: ", PATIENCE)
            machine.expect(rf"^ +Using IPv4 address: {re.escape(blade.address)}\n", PATIENCE)
            check_boot(machine, small_image, blade.arguments.partition(" -- ")[0])
        for blade in blades:
            assert was_sent(server, small_image, blade)


def test_lossy_network(rack: Rack, small_image: Path) -> None:
    """5 % of all packets are lost."""
    blade = Blade(small_image.name)
    with rack.serve([small_image], [blade]):
        rack.lab.lose(one_in=20)
        machine = rack.switch_on(blade)
        rack.type_line(machine, blade)
        check_boot(machine, small_image, "one")
        assert rack.lab.lost() > 0


def test_truncated_file(rack: Rack, small_image: Path) -> None:
    """A file that was cut short on the server is started all the same: it is the stub that has to notice."""
    blade = Blade(small_image.name)
    with rack.serve([small_image], [blade]):
        served = rack.tree / "tftp" / small_image.name
        served.unlink()
        served.write_bytes(small_image.read_bytes()[:-CUT])
        machine = rack.switch_on(blade, TOLERATED)
        rack.type_line(machine, blade)
        machine.expect(r"^roundpeg-stub: refused: \S+ does not match its digest \(reason \d+\)\n", PATIENCE)
        machine.expect(PROMPT)


def test_server_killed_and_restarted_during_the_transfer(rack: Rack, long_image: Path) -> None:
    """SLOF gives the transfer up, says so and returns to its prompt; the same line boots."""
    blade = Blade(long_image.name)
    with rack.serve([long_image], [blade]) as server:
        rack.lab.cut_after(2 << 20)
        machine = rack.switch_on(blade)
        rack.type_line(machine, blade)
        machine.expect(r"1\d{3} KBytes", PATIENCE)
        server.kill()
        assert not was_sent(server, long_image, blade)
        rack.lab.mend()
        server.start()
        machine.expect(r"^E3\d{3}: .*\n", PATIENCE)
        rack.type_line(machine, blade)
        check_boot(machine, long_image, "loud one")
        assert was_sent(server, long_image, blade)


def was_sent(server: Server, image: Path, blade: Blade) -> bool:
    """Whether the server says that it sent all of the image to the blade."""
    return re.search(rf"sent \S+/tftp/{image.name} to {blade.address}\n", server.messages()) is not None


def check_boot(machine: Emulator, image: Path, arguments: str) -> None:
    """All of the image arrived and runs, with these arguments for the hypervisor, until it powers off."""
    head = read_head(image)
    started = machine.expect(r"^roundpeg-stub: image (\d+) KiB, (\d+) entries, digests good\n", PATIENCE)
    assert [int(number) for number in started.groups()] == [head.total_size >> 10, len(head.entries)]
    machine.expect(rf'^\(hv\) hypervisor: .*, command line "{arguments}"\n', PATIENCE)
    machine.expect(r"^\(hv\) power off\n", PATIENCE)
    assert machine.wait() == 0
