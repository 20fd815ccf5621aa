# SPDX-License-Identifier: BSD-2-Clause
"""One image file, unchanged, under every firmware; and the device tree that the stub makes of Open Firmware's."""

from __future__ import annotations

import dataclasses
import itertools
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import abi, cli
from loader.devtree import Node, Tree
from loader.emulator import MACHINES, Emulator, Machine, Network
from loader.memorymap import FIRMWARE_TREE, machine_maps
from loader.multiboot import Payload, read_head, write_image
from loader.profiles import PROFILES
from loader.subject import read_subject
from tests.boot.forth import PROMPT, dump_tree, type_slowly
from tests.boot.probe import Report, assemble_probe, pack, probe_elf, read_memory, read_report, read_tree
from tests.conftest import DEVELOPMENT_KEY

Boot = Callable[..., Emulator]

ROOT = Path(__file__).resolve().parents[2]
GRUB_MODULES = ROOT / "build" / "third_party" / "grub"
ARGUMENTS = "loud=1 -- for dom0"
SERVER = "10.0.2.2"
"""QEMU's user network: where its TFTP server is."""
MSR_SF = 0x8000_0000_0000_0000
NO_HV = "the processor is not in hypervisor mode"
NO_HASH = "this hypervisor runs domains on POWER8 only"
PAPR = r"IBM pSeries \(emulated by qemu\), platform PAPR partition"
MAC = r"PowerMac3,1, platform Power Macintosh"
OPAL = r"IBM PowerNV \(emulated by qemu\), platform OPAL"


@dataclass(frozen=True)
class Firmware:
    """A way from power-on to the hypervisor.

    name      as README's table has it
    machine   where
    describe  what the hypervisor says of the machine, a regular expression
    unfit     why no domain is started, "" where one is
    bios      another firmware than the machine's usual one, "" for that
    network   device that the image comes over, "" for QEMU's -kernel
    grub      GRUB loads the image, and comes over the network itself
    """

    name: str
    machine: Machine
    describe: str
    unfit: str
    bios: str = ""
    network: str = ""
    grub: bool = False
    memory: str = "1G"

    def __str__(self) -> str:
        return self.name.replace(" ", "-").replace(",", "")


def with_processor(machine: str, processor: str) -> Machine:
    """The machine with another processor."""
    return dataclasses.replace(MACHINES[machine], arguments=("-cpu", processor))


PSERIES = MACHINES["pseries"]
FIRMWARES = (
    Firmware("our own, powernv8", MACHINES["powernv8"], OPAL, "", bios="opal", memory="2G"),
    Firmware("skiboot powernv8", MACHINES["powernv8"], OPAL, "", memory="2G"),
    Firmware("skiboot powernv9", MACHINES["powernv9"], OPAL, NO_HASH, memory="2G"),
    Firmware("skiboot powernv10", MACHINES["powernv10"], OPAL, NO_HASH, memory="2G"),
    Firmware("SLOF pseries, power8", PSERIES, PAPR, NO_HV),
    Firmware("SLOF pseries, power9", with_processor("pseries", "power9"), PAPR, NO_HV),
    Firmware("SLOF TFTP, virtio-net", PSERIES, PAPR, NO_HV, network="virtio-net-pci"),
    Firmware("SLOF TFTP, spapr-vlan", PSERIES, PAPR, NO_HV, network="spapr-vlan"),
    Firmware("SLOF TFTP, e1000", PSERIES, PAPR, NO_HV, network="e1000"),
    Firmware("OpenBIOS mac99, 970fx", MACHINES["mac99"], MAC, NO_HV, memory="512M"),
    Firmware("VOF pseries, power8", MACHINES["pseries-vof"], PAPR, NO_HV),
    Firmware("GRUB from TFTP on SLOF", PSERIES, PAPR, NO_HV, network="virtio-net-pci", grub=True),
)


@pytest.fixture(scope="module")
def hello_image(stub_binary: Path, hypervisor_elf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that every firmware boots: the hypervisor and one small guest, the control domain."""
    assert stub_binary.is_file()
    assert hypervisor_elf.is_file()
    image = tmp_path_factory.mktemp("firmwares") / "image.elf"
    settings = ["--set", 'domain.guest.roles=["control"]']
    assert cli.main(["build", str(ROOT / "images" / "guest-hello.toml"), "-o", str(image), *settings]) == 0
    assert cli.main(["sign", str(image), "--key", str(DEVELOPMENT_KEY)]) == 0
    return image


def make_grub(folder: Path, image: str, initrd: str = "") -> None:
    """GRUB as `core.elf`, with all it needs inside; `initrd` comes from the network as well."""
    if not GRUB_MODULES.is_dir():
        pytest.fail("GRUB's modules are missing: run `tools/setup`", pytrace=False)
    script = folder / "grub.cfg"
    load = f"initrd (tftp,{SERVER})/{initrd}\n" if initrd else ""
    script.write_text(f"net_bootp\nlinux (tftp,{SERVER})/{image} {ARGUMENTS}\n{load}boot\n")
    make = ["grub-mkimage", "-d", str(GRUB_MODULES), "-O", "powerpc-ieee1275", "-p", "(memdisk)/", "-c", str(script)]
    modules = ["boot", "linux", "net", "ofnet", "tftp"]
    subprocess.run([*make, "-o", str(folder / "core.elf"), *modules], check=True)


def start(firmware: Firmware, image: Path, boot: Boot, folder: Path) -> Emulator:
    """Switch on; the image is what QEMU loads or what the network has."""
    options = {"machine": firmware.machine, "memory": firmware.memory, "firmware": firmware.bios or None}
    if not firmware.network:
        return boot(image, extra=["-append", ARGUMENTS], **options)
    shutil.copyfile(image, folder / image.name)
    command = f"boot net {ARGUMENTS}"
    file = image.name
    if firmware.grub:
        make_grub(folder, image.name)
        command, file = "boot net", "core.elf"
    network = [Network(f"user,tftp={folder},bootfile={file}", firmware.network)]
    return boot(None, network=network, extra=["-prom-env", f"boot-command={command}"], **options)


@pytest.mark.parametrize("firmware", FIRMWARES, ids=str)
def test_one_image_boots_under_every_firmware(
    firmware: Firmware, hello_image: Path, boot: Boot, tmp_path: Path
) -> None:
    emulator = start(firmware, hello_image, boot, tmp_path)
    if firmware.machine.name != "pseries-vof":  # its console is a trace
        emulator.expect(r"^roundpeg-stub: image \d+ KiB, 4 entries, digests good\n")
    emulator.expect(r"^\(hv\) Roundpeg hypervisor \S+\n")
    emulator.expect(rf"^\(hv\) machine: {firmware.describe}\n")
    prefix = r"BOOT_IMAGE=\S+ " if firmware.grub else ""
    emulator.expect(rf'^\(hv\) hypervisor: .*, command line "{prefix}loud=1"\n')
    emulator.expect(r"^\(hv\) +0x\w+-0x\w+ free\n")
    emulator.expect(r"^\(hv\) plan: domain 0 guest, 64 MiB, ")
    emulator.expect(r"^\(hv\) module: guest kernel, ")
    if firmware.unfit:
        emulator.expect(rf"^\(hv\) no domain is started: {firmware.unfit}")
    else:
        emulator.expect(r"^DONE hello pass=\d+ fail=0\n")
    emulator.expect(r"^\(hv\) power off\n")
    assert emulator.wait() == 0
    assert emulator.shutdown_reason() == "guest-shutdown"


def test_debian_image_boots_from_open_firmware(debian_image: Path, boot: Boot) -> None:
    emulator = boot(debian_image, machine="pseries", memory="1G")
    emulator.expect(r"^roundpeg-stub: image \d+ KiB, 5 entries, digests good\n")
    emulator.expect(r"^\(hv\) plan: domain 0 dom0, 1024 MiB, ")
    emulator.expect(rf"^\(hv\) no domain is started: {NO_HV}\n")
    assert emulator.wait() == 0


def test_readme_lists_these_firmwares() -> None:
    """These and no others."""
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("\n| firmware | outcome |\n|---|---|\n")[2].partition("\n\n")[0]
    outcomes = {firmware.name: "banner, plan, power-off" if firmware.unfit else "dom0" for firmware in FIRMWARES}
    assert table.splitlines() == [f"| {name} | {outcome} |" for name, outcome in outcomes.items()]


@pytest.fixture(scope="module")
def probe_image(stub_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image that keeps what the stub handed over."""
    folder = tmp_path_factory.mktemp("probe")
    return pack(folder, stub_binary, probe_elf(assemble_probe(folder)))


def check_registers(report: Report) -> None:
    assert (report.r4, report.r5, report.r6, report.r7) == (0, 0, abi.EPAPR_MAGIC, 0)
    assert (report.r8, report.r9) == (0, 0)
    assert report.msr == MSR_SF
    assert report.bss == 0


CHANGING = {"available", "translations"}
"""What a claim changes."""
ADDED_TO = {
    "/chosen": {"xen,xen-bootargs", "#address-cells", "#size-cells", "bootargs"},
    "/rtas": {"linux,rtas-base", "linux,rtas-entry"},
}
"""By overlay and stub; `bootargs` by OpenBIOS' `boot`."""


def node_at(tree: Tree, path: str) -> Node:
    return tree.root if path == "/" else tree.node(path)


def check_properties(node: Node, path: str, properties: dict[str, bytes], handle: int | None) -> None:
    """Same names, same bytes, same order; nothing more than the stub is known to add."""
    kept = {name: value for name, value in properties.items() if name != "name"}
    for name, value in kept.items():
        if name not in CHANGING:
            assert node.get_raw(name) == value, f"{path}: {name}"
    extra = set(node.properties) - set(kept)
    if "phandle" not in kept:
        assert handle is None or node.u32("phandle") == handle, path
        extra -= {"phandle"}
    assert extra <= ADDED_TO.get(path, set()), path
    assert [name for name in node.properties if name in kept] == list(kept), f"{path}: order"


def check_nodes(tree: Tree, paths: Iterable[str]) -> None:
    """The tree has these nodes and what the overlay adds below /chosen."""
    mine = {node.path or "/" for node in tree.root.walk()}
    overlay = {path for path in mine if path == "/chosen/dom0" or path.startswith("/chosen/dom0/")}
    assert mine - overlay == set(paths)


@pytest.mark.parametrize(("machine", "memory", "go"), [("pseries", "1G", "(boot-ram)"), ("mac99", "512M", "boot")])
def test_tree_is_what_open_firmware_shows(
    machine: str, memory: str, go: str, probe_image: Path, boot: Boot, tmp_path: Path
) -> None:
    emulator = boot(probe_image, machine=machine, memory=memory, extra=["-prom-env", "auto-boot?=false"])
    emulator.expect(PROMPT)
    shown = dump_tree(emulator, machine)
    assert len(shown) > 15
    type_slowly(emulator, f"{go}\r")
    emulator.expect(r"^roundpeg-stub: image .* digests good\n")
    report = read_report(emulator, tmp_path)
    check_registers(report)
    tree = read_tree(emulator, report, tmp_path)
    check_nodes(tree, shown)
    for path, (handle, properties) in shown.items():
        check_properties(node_at(tree, path), path, properties, handle)


def test_tree_is_what_qemu_gave_vof(probe_image: Path, boot: Boot, tmp_path: Path) -> None:
    emulator = boot(probe_image, machine="pseries-vof", memory="1G", extra=["-S"])
    file = tmp_path / "qemu.dtb"
    emulator.qmp("dumpdtb", filename=str(file))
    given = Tree.parse(file.read_bytes(), "QEMU's tree")
    emulator.qmp("cont")
    report = read_report(emulator, tmp_path)
    check_registers(report)
    tree = read_tree(emulator, report, tmp_path)
    nodes = {node.path or "/": node for node in given.root.walk()}
    check_nodes(tree, nodes)
    for path, node in nodes.items():
        properties = {name: node.get_raw(name) or b"" for name in node.properties}
        check_properties(node_at(tree, path), path, properties, None)


@pytest.mark.parametrize("compression", ["none", "lz4"])
@pytest.mark.parametrize(
    ("machine", "profile", "memory"),
    [("powernv8", "powernv8", "2G"), ("pseries", "slof", "512M"), ("mac99", "mac99", "512M")],
)
def test_map_shows_where_the_tree_is(
    machine: str, profile: str, memory: str, compression: str, stub_binary: Path, boot: Boot, tmp_path: Path
) -> None:
    """`inspect --map` works out what the stub does; the length of the firmware's tree it has to guess."""
    settings = ("--set", f"image.compression={compression}")
    image = pack(tmp_path, stub_binary, probe_elf(assemble_probe(tmp_path)), *settings)
    space = machine_maps(read_subject(image), PROFILES[profile])[0]
    (tree,) = [region for region in space.regions() if region.name == "device tree"]
    emulator = boot(image, machine=machine, memory=memory)
    report = read_report(emulator, tmp_path)
    assert report.r3 == tree.start
    size = int.from_bytes(read_memory(emulator, report.r3 + 4, 4, tmp_path), "big")
    assert abs(size - tree.size) < FIRMWARE_TREE


def test_initrd_and_rtas_are_reserved(probe_image: Path, boot: Boot, tmp_path: Path) -> None:
    initrd = tmp_path / "initrd"
    initrd.write_bytes(bytes(range(256)) * 300)
    emulator = boot(probe_image, machine="pseries-vof", memory="1G", extra=["-initrd", str(initrd)])
    report = read_report(emulator, tmp_path)
    tree = read_tree(emulator, report, tmp_path)
    chosen, rtas = tree.node("/chosen"), tree.node("/rtas")
    start_address, end = chosen.u64("linux,initrd-start"), chosen.u64("linux,initrd-end")
    assert end - start_address == initrd.stat().st_size
    assert (start_address, end - start_address) in tree.reservations
    base = rtas.u32("linux,rtas-base")
    assert (base, rtas.u32("rtas-size")) in tree.reservations
    assert base < 1 << 32
    assert base <= rtas.u32("linux,rtas-entry") < base + rtas.u32("rtas-size")
    spans = sorted(tree.reservations)
    assert all(low + size <= high for (low, size), (high, _) in itertools.pairwise(spans))


def ask_for_ramdisk(image: Path, result: Path, address: int, size: int) -> None:
    """Write `image` with a boot overlay in which dom0 takes the firmware's initrd."""
    data, head = image.read_bytes(), read_head(image)
    contents = {entry.name: data[abi.IMAGE_FILE_OFFSET + entry.offset :][: entry.size] for entry in head.entries}
    overlay = Tree.parse(contents["boot-overlay"], "the overlay")
    overlay.node("/fragment@0/__overlay__/dom0").set_u64s(abi.PROP_FIRMWARE_RAMDISK, [address, size])
    contents["boot-overlay"] = overlay.to_dtb()
    stub = data[abi.IMAGE_FILE_OFFSET :][: head.stub_size]
    write_image(result, stub, [Payload(entry.type, entry.name, contents[entry.name]) for entry in head.entries])


def check_ramdisk(emulator: Emulator, initrd: Path, target: int, folder: Path) -> None:
    """dom0 of the probe's tree has `initrd` as its only ramdisk, to be copied to `target`."""
    dom0 = read_tree(emulator, read_report(emulator, folder), folder).node("/chosen/dom0")
    (ramdisk,) = [child for child in dom0.children if "multiboot,ramdisk" in child.strings("compatible")]
    address, size = ramdisk.u64s("reg")
    assert ramdisk.name == f"module@{address:x}"
    assert size == initrd.stat().st_size
    assert ramdisk.u64s(abi.PROP_SEGMENTS) == (0, target, size, size)
    assert read_memory(emulator, address, size, folder) == initrd.read_bytes()


@pytest.mark.parametrize("machine", ["pseries", "pseries-vof", "mac99"])
def test_initrd_becomes_the_ramdisk_of_dom0(machine: str, probe_image: Path, boot: Boot, tmp_path: Path) -> None:
    image, initrd = tmp_path / "asking.elf", tmp_path / "initrd"
    initrd.write_bytes(random.Random(1275).randbytes(0x12345))
    ask_for_ramdisk(probe_image, image, 0x200_0000, 0x2_0000)
    emulator = boot(image, machine=machine, memory="512M", extra=["-initrd", str(initrd)])
    if machine != "pseries-vof":
        emulator.expect(r"^roundpeg-stub: image .* digests good\n")
    check_ramdisk(emulator, initrd, 0x200_0000, tmp_path)


def test_initrd_of_grub_becomes_the_ramdisk_of_dom0(probe_image: Path, boot: Boot, tmp_path: Path) -> None:
    image, initrd = tmp_path / "asking.elf", tmp_path / "initrd"
    initrd.write_bytes(random.Random(1275).randbytes(0x12345))
    ask_for_ramdisk(probe_image, image, 0x200_0000, 0x2_0000)
    make_grub(tmp_path, image.name, initrd.name)
    network = [Network(f"user,tftp={tmp_path},bootfile=core.elf", "virtio-net-pci")]
    command = ["-prom-env", "boot-command=boot net"]
    emulator = boot(None, machine="pseries", memory="512M", network=network, extra=command)
    emulator.expect(r"^roundpeg-stub: image .* digests good\n")
    check_ramdisk(emulator, initrd, 0x200_0000, tmp_path)


def test_initrd_too_large_for_dom0_is_refused(probe_image: Path, boot: Boot, tmp_path: Path) -> None:
    image, initrd = tmp_path / "asking.elf", tmp_path / "initrd"
    initrd.write_bytes(b"r" * 0x12345)
    ask_for_ramdisk(probe_image, image, 0x200_0000, 0x1_0000)
    emulator = boot(image, machine="mac99", memory="512M", extra=["-initrd", str(initrd)], tolerate=["stub"])
    emulator.expect(
        r"^roundpeg-stub: refused: the firmware's initrd, 0x12345 bytes, exceeds dom0's 0x10000 \(reason 13\)"
    )
