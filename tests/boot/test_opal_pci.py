# SPDX-License-Identifier: BSD-2-Clause
"""PCI under our own firmware alone: Debian's unmodified kernel drives network cards and a disk behind three bridges.

The tree is held against the one that skiboot makes of the same machine.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from loader.devtree import Node, Tree
from loader.qemu import Emulator
from tests.boot.shell import PROMPT, complaints_in, run
from tests.support import Load, make_elf

Boot = Callable[..., Emulator]

ROOT = Path(__file__).resolve().parents[2]
SKIBOOT_TREE = ROOT / "tests" / "data" / "devicetrees" / "skiboot-powernv8-pci.dtb"
BRANCH_TO_ITSELF = bytes.fromhex("48000000")
TREE_SIZE_MAX = 0x40000
HOST = "10.0.2.2"
DISK_SIZE = 8 << 20
FILE_SIZE = 1 << 20
FILE_AT = 3 << 20

DEVICES = (
    # a card on each of two links, and a switch with a slot for each of two more
    *("-device", "virtio-net-pci,bus=slot0,netdev=net0,romfile="),
    *("-device", "qemu-xhci,bus=slot1,id=usb"),
    *("-device", "x3130-upstream,bus=slot2,id=switch"),
    *("-device", "xio3130-downstream,bus=switch,id=port0,chassis=1,addr=0"),
    *("-device", "xio3130-downstream,bus=switch,id=port1,chassis=2,addr=1"),
    *("-device", "nvme,bus=port0,serial=nothing"),
    *("-device", "e1000,bus=port1,netdev=net1,romfile="),
)
PIN_B = 0x1800 + 2040 + 1
"""Interrupt number: the third bridge's, its second pin."""

NETWORKS = ("-netdev", "user,id=net0", "-netdev", "user,id=net1")

FOUND = [
    *("0000:00:00.0 1014:03dc", "0000:01:00.0 1af4:1041"),
    *("0001:00:00.0 1014:03dc", "0001:01:00.0 1b36:000d"),
    *("0002:00:00.0 1014:03dc", "0002:01:00.0 104c:8232"),
    *("0002:02:00.0 104c:8233", "0002:03:00.0 1b36:0010"),
    *("0002:02:01.0 104c:8233", "0002:04:00.0 8086:100e"),
]
"""What the firmware says it has found, what is behind a bridge at once after it: host bridge, bus, device and function;
vendor and device."""

ADDRESSES: Final = frozenset({"phandle", "interrupt-parent", "ibm,pbcq"})
"""Properties that depend on where other things are."""

SKIBOOT_ONLY = re.compile(
    # coherent accelerators, which need microcode, and NUMA, which one chip has none of
    r"ibm,capi-flags|ibm,capp-timebase-sync|ibm,associativity"
    # of no meaning that anything would read
    r"|clock-frequency|ibm,opal-single-pe"
    # slots: ours are neither plugged nor switched while the machine runs
    r"|ibm,slot-.*|ibm,loc-code|ibm,power-limit|ibm,reset-by-firmware"
)
OURS_ONLY = re.compile("assigned-addresses")
OWN_MEMORY = re.compile("ibm,opal-(?:rtt|peltv|pest|ivt|rba)-table")


def bridges() -> list[str]:
    """QEMU's arguments for three host bridges with a root port each, as its machines have without -nodefaults."""
    words: list[str] = []
    for i in range(3):
        words += ["-device", f"pnv-phb,index={i},chip-id=0,id=bridge{i}"]
        words += ["-device", f"pnv-phb-root-port,bus=bridge{i},id=slot{i}"]
    return words


def devices_found(machine: Emulator) -> list[str]:
    """The firmware's list, once it starts the payload."""
    text = machine.expect(r"opal: starting the payload").string
    text = text[text.rindex("opal: Roundpeg firmware") :]
    return re.findall(r"^opal: PCI (\S+ \S+) class \w{6}$", text, re.MULTILINE)


def registers_at(machine: Emulator, place: str) -> list[int]:
    """The general registers, once the processor is at this address, which it does not leave."""
    for _ in range(600):
        text = machine.qmp("human-monitor-command", **{"command-line": "info registers"})
        if re.search(rf"^NIP 0*{place} ", text, re.MULTILINE):
            return [
                int(word, 16) for line in re.findall(r"^GPR\d\d (.*)$", text, re.MULTILINE) for word in line.split()
            ]
        time.sleep(0.1)
    pytest.fail("the payload was not entered")


@pytest.fixture
def tree(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> Tree:
    """What our firmware hands over."""
    kernel = tmp_path / "kernel.elf"
    kernel.write_bytes(make_elf(Load(0, BRANCH_TO_ITSELF)))
    machine = boot(kernel, firmware=unlocked_firmware, extra=[*bridges(), *DEVICES, *NETWORKS])
    assert devices_found(machine) == FOUND
    payload = machine.expect(r" at 0x(\w+)\n")[1]
    registers = registers_at(machine, payload)
    dump = tmp_path / "tree.dtb"
    machine.qmp("pmemsave", val=registers[3], size=TREE_SIZE_MAX, filename=str(dump))
    data = dump.read_bytes()
    return Tree.parse(data[: int.from_bytes(data[4:8], "big")], "our tree")


def route(node: Node, slot: int, pin: int) -> int:
    """The interrupt number that a bridge's map gives a device's pin."""
    mask = node.cells("interrupt-map-mask")
    cells = node.cells("interrupt-map")
    for i in range(0, len(cells), 7):
        if cells[i] == slot << 11 & mask[0] and cells[i + 3] == pin & mask[3]:
            assert cells[i + 6] == 1, "level"
            return cells[i + 5]
    pytest.fail(f"{node.path}: no route for slot {slot} pin {pin}")


def check_properties(ours: Node, theirs: Node) -> None:
    """The same names, but for those that are explained above, and the same values."""
    names, wanted = set(ours.properties), set(theirs.properties)
    bus_range = {"bus-range"} - wanted  # bridges: the binding has it, skiboot has not
    assert {name for name in wanted - names if not SKIBOOT_ONLY.fullmatch(name)} - ADDRESSES == set()
    assert {name for name in names - wanted if not OURS_ONLY.fullmatch(name)} - ADDRESSES - bus_range == set()
    for name in sorted(names & wanted - ADDRESSES):
        if name.startswith("interrupt-map"):
            continue
        if OWN_MEMORY.fullmatch(name):
            assert ours.cells(name)[1] % ours.cells(name)[2] == 0, f"{ours.path}: {name}"
            continue
        assert ours.get_raw(name) == theirs.get_raw(name), f"{ours.path}: {name}"
    if "interrupt-map" in names:
        for slot in {0} if theirs.cells("interrupt-map-mask")[0] == 0 else range(32):
            for pin in range(1, 5):
                assert route(ours, slot, pin) == route(theirs, slot, pin), ours.path


def check_branch(ours: Node, theirs: Node) -> int:
    """Compare two nodes and everything below them; returns how many nodes that were."""
    check_properties(ours, theirs)
    assert {child.name for child in ours.children} == {child.name for child in theirs.children}
    count = 1
    for child in theirs.children:
        mine = ours.child(child.name)
        assert mine is not None
        count += check_branch(mine, child)
    return count


def host_bridges(tree: Tree) -> dict[str, Node]:
    return {node.name: node for node in tree.root.children if node.name.startswith("pciex@")}


def test_tree_is_as_skiboots(tree: Tree) -> None:
    ours = host_bridges(tree)
    theirs = host_bridges(Tree.parse(SKIBOOT_TREE.read_bytes(), str(SKIBOOT_TREE)))
    assert ours.keys() == theirs.keys()
    assert sum(check_branch(ours[name], theirs[name]) for name in ours) == len(FOUND) + len(ours)


def test_addresses_are_inside_the_windows(tree: Tree) -> None:
    count = 0
    for bridge in host_bridges(tree).values():
        ranges, m64 = bridge.cells("ranges"), bridge.u64s("ibm,opal-m64-window")
        windows = [(ranges[2], ranges[6]), (m64[0], m64[2])]
        taken: list[tuple[int, int]] = []
        for node in bridge.walk():
            cells = node.cells("assigned-addresses") if node.has("assigned-addresses") else ()
            for i in range(0, len(cells), 5):
                base, size = cells[i + 1] << 32 | cells[i + 2], cells[i + 3] << 32 | cells[i + 4]
                assert base % size == 0
                assert any(first <= base and base + size <= first + length for first, length in windows)
                assert all(base + size <= other or other + length <= base for other, length in taken)
                taken.append((base, size))
        count += len(taken)
    assert count == 5  # virtio-net has two, nvme, e1000 and xhci have one each


class Guest:
    """Debian on our firmware, at its shell, with files that only this test knows."""

    def __init__(self, boot: Boot, firmware: Path, kernel: Path, folder: Path) -> None:
        source = random.Random(4)
        self.file = source.randbytes(FILE_SIZE)
        self.disk_before = source.randbytes(DISK_SIZE)
        self.disk = folder / "disk.img"
        self.disk.write_bytes(self.disk_before)
        served = folder / "served"
        served.mkdir()
        (served / "file").write_bytes(self.file)
        initrd = kernel.with_name("initrd.gz")
        extra = [*bridges(), *DEVICES]
        for i in range(2):
            extra += ["-netdev", f"user,id=net{i},tftp={served}"]
        extra += [
            "-drive",
            f"if=none,id=disk,file={self.disk},format=raw",
            "-device",
            "usb-storage,bus=usb.0,drive=disk",
        ]
        extra += ["-append", "console=hvc0 rdinit=/bin/sh", "-initrd", str(initrd)]
        self.machine = boot(kernel, firmware=firmware, cpus=2, extra=extra)
        assert devices_found(self.machine) == FOUND
        # where the firmware put it, before the kernel moves anything
        self.machine.expect(r"pci 0000:01:00\.0: BAR 4 \[mem 0x3d00000000000-0x3d00000003fff 64bit pref\]\n")
        self.machine.expect(PROMPT)
        mounts = ("proc /proc", "sysfs /sys", "devtmpfs /dev", "debugfs /sys/kernel/debug")
        for mount in mounts:
            run(self.machine, f"mkdir -p /proc /sys /dev; mount -t {mount.split()[0]} none {mount.split()[1]}")
        run(
            self.machine,
            "dmesg -n 1; for m in virtio_pci virtio_net e1000 xhci_pci usb_storage sd_mod; do modprobe $m; done",
        )

    def interrupts(self, name: str) -> tuple[int, list[int]]:
        """Of the line of /proc/interrupts that ends in this name: the number in front, and the processors' counts."""
        line = next(line for line in run(self.machine, "cat /proc/interrupts").splitlines() if line.endswith(name))
        number, _, rest = line.partition(":")
        return int(number), [int(word) for word in rest.split()[:2]]

    def use_network(self, card: str) -> None:
        """Packets both ways, then a file, over one card."""
        run(self.machine, f"ip link set {card} up && ip addr add 10.0.2.15/24 dev {card}")
        assert " 0% packet loss" in run(self.machine, f"ping -c 2 -W 20 {HOST}")
        output = run(self.machine, f"tftp -g -r file -l {card}.file {HOST} && sha256sum {card}.file")
        assert hashlib.sha256(self.file).hexdigest() in output
        run(self.machine, f"ip addr flush dev {card} && ip link set {card} down")

    def use_disk(self) -> None:
        """Read it all, write into its middle."""
        run(self.machine, "until [ -b /dev/sda ]; do sleep 0.2; done")
        output = run(self.machine, "sha256sum /dev/sda")
        assert hashlib.sha256(self.disk_before).hexdigest() in output
        place = f"bs=65536 seek={FILE_AT // 65536} conv=fsync"
        run(self.machine, f"dd if=eth0.file of=/dev/sda {place} && sync")
        after = bytearray(self.disk_before)
        after[FILE_AT : FILE_AT + FILE_SIZE] = self.file
        assert self.disk.read_bytes() == after


@pytest.fixture
def guest(boot: Boot, unlocked_firmware: Path, debian_kernel: Path, tmp_path: Path) -> Guest:
    return Guest(boot, unlocked_firmware, debian_kernel, tmp_path)


def test_debian_drives_cards_and_a_disk(guest: Guest) -> None:
    machine = guest.machine
    cards = run(machine, "ls /sys/bus/pci/drivers/virtio-pci/*/virtio*/net /sys/bus/pci/drivers/e1000/*/net")
    assert re.findall(r"eth\d", cards) == ["eth1", "eth0"] or re.findall(r"eth\d", cards) == ["eth0", "eth1"]
    # messages to the second processor
    number, _ = guest.interrupts("virtio0-input.0")
    run(machine, f"echo 2 > /proc/irq/{number}/smp_affinity")
    for card in ("eth0", "eth1"):
        guest.use_network(card)
    _, counts = guest.interrupts("virtio0-input.0")
    assert counts[1] > 100
    guest.use_disk()
    assert sum(guest.interrupts("xhci_hcd")[1]) > 20
    # e1000 has no messages; behind slot 1 of a switch its pin A is the bridge's B
    pins = next(line.split() for line in run(machine, "cat /proc/interrupts").splitlines() if f"ICS {PIN_B} " in line)
    assert int(pins[1]) + int(pins[2]) > 100
    run(machine, "echo 1 > /sys/kernel/debug/powerpc/PCI0002/dump_diag_regs")
    messages = run(machine, "dmesg")
    assert "PHB3 PHB#2 Diag-data (Version: 1)" in messages
    assert not re.search(r"OPAL error|frozen|fenced|WARNING|EEH: (?!PowerNV|Capable)", messages, re.IGNORECASE)
    assert complaints_in(messages) == []
    # the emulator keeps the bridges' registers and tables: the firmware must come up out of what Linux left
    machine.send("reboot -f\n")
    assert devices_found(machine) == FOUND
    machine.expect(r"pci 0002:04:00\.0: Configured PE#\w+\n")
    machine.expect(r"EEH: Capable adapter found")
