# SPDX-License-Identifier: BSD-2-Clause
"""The boot stub on emulated machines: what it hands over, and that it refuses every damaged image with its reason."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import abi, cli
from loader.imagehead import Head
from loader.multiboot import Payload, read_head, write_image
from loader.qemu import Emulator
from tests.boot.probe import (
    PATIENCE,
    PROBE_AT,
    PROBE_SIZE,
    Report,
    assemble,
    assemble_probe,
    pack,
    probe_elf,
    read_memory,
    read_report,
    read_tree,
)
from tests.conftest import ROOT, built
from tests.support import Load, make_elf

Boot = Callable[..., Emulator]
Reason = abi.StubReason

LOAD_BASE = 0x2000_0000 + abi.IMAGE_FILE_OFFSET
"""Where powernv has the image's first byte that counts."""
OPAL_BASE = 0x3000_0000
MSR_SF_HV = 0x9000_0000_0000_0000
KEXEC_WAIT = 0x60
STOP_REASON = 0x70
STOPPED = int.from_bytes(b"PANIC", "big")
"""Where the hypervisor says that it has stopped, and how (docs/hypervisor.md)."""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The code that stands in for the hypervisor."""
    return assemble_probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture(scope="module")
def good_image(stub_binary: Path, probe: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image whose hypervisor is the probe."""
    return pack(tmp_path_factory.mktemp("good"), stub_binary, probe_elf(probe))


def read_reason(emulator: Emulator, folder: Path, load_base: int = LOAD_BASE) -> int:
    """The stub's reason word, once it is not zero."""
    return await_word(emulator, load_base + abi.STUB_REASON_OFFSET, lambda word: word != Reason.NONE, folder)


def await_word(emulator: Emulator, address: int, is_it: Callable[[int], bool], folder: Path) -> int:
    """The doubleword at `address` once it is what is waited for."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        word = int.from_bytes(read_memory(emulator, address, 8, folder), "big")
        if is_it(word):
            return word
        time.sleep(0.1)
    pytest.fail(f"{address:#x} holds {word:#x}")


def check_handover(report: Report, opal: bool) -> None:
    """The registers of docs/boot-protocol.md."""
    assert (report.r4, report.r5, report.r6, report.r7) == (0, 0, abi.EPAPR_MAGIC, 0)
    assert report.msr == MSR_SF_HV
    assert report.bss == 0
    if opal:
        assert report.r8 == OPAL_BASE
        assert OPAL_BASE < report.r9 < OPAL_BASE + (1 << 20)
    else:
        assert (report.r8, report.r9) == (0, 0)


def check_tree(emulator: Emulator, report: Report, image: Path, folder: Path) -> None:
    """The tree: modules where the image has them, image and tree reserved."""
    tree = read_tree(emulator, report, folder)
    size = int.from_bytes(read_memory(emulator, report.r3 + 4, 4, folder), "big")
    head = read_head(image)
    assert (LOAD_BASE, head.total_size) in tree.reservations
    assert (report.r3, size) in tree.reservations
    dom0 = tree.node("/chosen/dom0")
    modules = {child.name: child.u64s("reg") for child in dom0.children}
    entries = [entry for entry in head.entries if entry.name.startswith("dom0/")]
    assert modules == {
        f"module@{LOAD_BASE + entry.offset:x}": (LOAD_BASE + entry.offset, entry.size) for entry in entries
    }


def test_hands_over_through_opal(good_image: Path, boot: Boot, tmp_path: Path) -> None:
    emulator = boot(good_image)
    emulator.expect(r"^roundpeg-stub: image \d+ KiB, 5 entries, digests good")
    emulator.expect(r"^probe: entered")
    report = read_report(emulator, tmp_path)
    check_handover(report, opal=True)
    check_tree(emulator, report, good_image, tmp_path)


def test_the_elf64_twin_boots_as_well(stub_binary: Path, probe: bytes, boot: Boot, tmp_path: Path) -> None:
    elf = make_elf(Load(PROBE_AT, probe, memory_size=PROBE_SIZE))
    image = pack(tmp_path, stub_binary, elf, "--container", "elf64")
    emulator = boot(image)
    emulator.expect(r"^probe: entered")
    report = read_report(emulator, tmp_path)
    check_handover(report, opal=True)
    check_tree(emulator, report, image, tmp_path)


@pytest.mark.parametrize("little_endian", [False, True], ids=["big-endian", "little-endian"])
@pytest.mark.parametrize("described", [False, True], ids=["code", "descriptor"])
def test_enters_every_kind_of_elf(
    little_endian: bool, described: bool, stub_binary: Path, probe: bytes, boot: Boot, tmp_path: Path
) -> None:
    virtual = 0xC000_0000_0000_0000
    loads = [Load(PROBE_AT, probe, memory_size=PROBE_SIZE, virtual=virtual)]
    entry = virtual
    if described:
        word = virtual.to_bytes(8, "little" if little_endian else "big")
        loads.append(Load(PROBE_AT + PROBE_SIZE, bytes(8) + word, flags=6, virtual=virtual + PROBE_SIZE))
        entry = virtual + PROBE_SIZE + 8
    elf = make_elf(*loads, entry=entry, little_endian=little_endian)
    emulator = boot(pack(tmp_path, stub_binary, elf))
    emulator.expect(r"^probe: entered")
    check_handover(read_report(emulator, tmp_path), opal=True)


@dataclass(frozen=True)
class Damage:
    """One way to damage an image: `apply` changes the file's bytes, `text` is part of the refusal."""

    name: str
    apply: Callable[[bytearray, Head], None]
    reason: Reason
    text: str


def flip(data: bytearray, offset: int) -> None:
    """Flip one bit at an offset from the load base."""
    data[abi.IMAGE_FILE_OFFSET + offset] ^= 0x10


def cut(data: bytearray, offset: int) -> None:
    """End the file at an offset from the load base."""
    del data[abi.IMAGE_FILE_OFFSET + offset :]


def scratch_offset(data: bytearray) -> int:
    """Where the stub's scratch area begins."""
    start = abi.IMAGE_FILE_OFFSET + abi.STUB_SCRATCH_OFFSET
    return int.from_bytes(data[start : start + 8], "big")


def fill_scratch(data: bytearray, stub_size: int) -> None:
    """Leave nothing of bss and stack as it was."""
    start, end = abi.IMAGE_FILE_OFFSET + scratch_offset(data), abi.IMAGE_FILE_OFFSET + stub_size
    data[start:end] = b"\xa5" * (end - start)


DAMAGES = [
    Damage("stub-data", lambda data, _: flip(data, scratch_offset(data) - 0x41), Reason.HEAD_DIGEST, "head digest"),
    Damage("stub-reason", lambda data, _: flip(data, abi.STUB_REASON_OFFSET), Reason.HEAD_DIGEST, "head digest"),
    Damage("stub-last-byte", lambda data, head: flip(data, head.stub_size - 1), Reason.HEAD_DIGEST, "scratch area"),
    Damage("stub-scratch", lambda data, head: fill_scratch(data, head.stub_size), Reason.HEAD_DIGEST, "scratch area"),
    Damage("magic", lambda data, head: flip(data, head.stub_size + 8), Reason.BAD_HEADER, "no image header"),
    Damage("version", lambda data, head: flip(data, head.stub_size + 0x13), Reason.BAD_HEADER, "image version 17"),
    Damage("total-size", lambda data, head: flip(data, head.stub_size), Reason.TRUNCATED, "memory ends after"),
    Damage("head-digest", lambda data, head: flip(data, head.stub_size + 0x38), Reason.HEAD_DIGEST, "head digest"),
    Damage("entry-type", lambda data, head: flip(data, head.stub_size + 0x83), Reason.HEAD_DIGEST, "head digest"),
    Damage("table-end", lambda data, head: flip(data, head.signature_offset - 1), Reason.HEAD_DIGEST, "head digest"),
    Damage(
        "signature-magic",
        lambda data, head: flip(data, head.signature_offset),
        Reason.SIGNATURES,
        "no signature page behind the table",
    ),
    Damage(
        "signature-end",
        lambda data, head: flip(data, head.payload_offset - 1),
        Reason.SIGNATURES,
        "bytes behind the signatures are not zero",
    ),
    *(
        Damage(
            f"payload-{name}",
            lambda data, head, name=name: flip(data, head.entry(name).offset),  # type: ignore[misc]
            Reason.ENTRY_DIGEST,
            f"{name} does not match its digest",
        )
        for name in ("hypervisor", "boot-overlay", "dom0/kernel", "dom0/ramdisk", "dom0/device-tree")
    ),
    Damage(
        "payload-end",
        lambda data, head: flip(data, head.entries[-1].end - 1),
        Reason.ENTRY_DIGEST,
        "does not match its digest",
    ),
    Damage(
        "padding", lambda data, head: flip(data, head.entry("dom0/ramdisk").end), Reason.PADDING, "behind dom0/ramdisk"
    ),
    Damage("last-byte", lambda data, head: flip(data, head.total_size - 1), Reason.PADDING, "are not zero"),
    Damage(
        "cut-payload",
        lambda data, head: cut(data, head.entry("dom0/kernel").offset + 0x100),
        Reason.ENTRY_DIGEST,
        "may be truncated",
    ),
    Damage("cut-head", lambda data, head: cut(data, head.stub_size), Reason.BAD_HEADER, "may be truncated"),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_refuses_damaged_images(damage: Damage, good_image: Path, boot: Boot, tmp_path: Path) -> None:
    data = bytearray(good_image.read_bytes())
    damage.apply(data, read_head(good_image))
    image = tmp_path / "damaged.elf"
    image.write_bytes(data)
    emulator = boot(image, tolerate=["stub"])
    line = emulator.expect(r"^roundpeg-stub: refused: (.*) \(reason (\d+)\)")
    assert damage.text in line[1]
    assert int(line[2]) == damage.reason
    assert read_reason(emulator, tmp_path) == damage.reason


@pytest.mark.parametrize(
    ("elf", "reason", "text"),
    [
        (make_elf(Load(LOAD_BASE, b"\x60" * 16)), Reason.MEMORY, "at 0x20001000, 0x10 bytes, overlaps"),
        (make_elf(Load(OPAL_BASE, b"\x60" * 16)), Reason.MEMORY, "at 0x30000000, 0x10 bytes, overlaps"),
        (make_elf(Load(0x1000, b"\x60" * 16, memory_size=1 << 40)), Reason.MEMORY, "is not in memory"),
    ],
    ids=["image", "opal", "too-large"],
)
def test_refuses_targets_that_are_not_free(
    elf: bytes, reason: Reason, text: str, good_image: Path, boot: Boot, tmp_path: Path
) -> None:
    image = tmp_path / "image.elf"
    replace_hypervisor(good_image, elf, image)
    emulator = boot(image, tolerate=["stub"])
    line = emulator.expect(r"^roundpeg-stub: refused: (.*) \(reason (\d+)\)")
    assert text in line[1]
    assert int(line[2]) == reason


def replace_hypervisor(good: Path, elf: bytes, image: Path) -> None:
    """Write `good` with another hypervisor; the planner, which would refuse this one, has no say."""
    data, head = good.read_bytes(), read_head(good)
    contents = {entry.name: data[abi.IMAGE_FILE_OFFSET + entry.offset :][: entry.size] for entry in head.entries}
    contents["hypervisor"] = elf
    stub = data[abi.IMAGE_FILE_OFFSET :][: head.stub_size]
    write_image(image, stub, [Payload(entry.type, entry.name, contents[entry.name]) for entry in head.entries])


@pytest.mark.parametrize(("machine", "load_base"), [("pseries", 0x40_0000), ("mac99", 0x100_0000)])
def test_open_firmware_shows_why_an_image_is_refused(
    machine: str, load_base: int, good_image: Path, boot: Boot, tmp_path: Path
) -> None:
    data = bytearray(good_image.read_bytes())
    flip(data, read_head(good_image).entry("dom0/kernel").offset)
    image = tmp_path / "damaged.elf"
    image.write_bytes(data)
    emulator = boot(image, machine=machine, memory="512M", tolerate=["stub"])
    emulator.expect(r"^roundpeg-stub: refused: dom0/kernel does not match its digest \(reason 8\)\n")
    assert read_reason(emulator, tmp_path, load_base) == Reason.ENTRY_DIGEST
    emulator.expect(r"^\d > ")


def boot_without_opal(boot: Boot, image: Path, folder: Path, magic: int, *options: str, cpus: int = 1) -> Emulator:
    """Boot through stub_firmware.S."""
    bios = folder / "firmware.bin"
    bios.write_bytes(assemble("stub_firmware.S", folder, f"-DEPAPR_MAGIC={magic:#x}", *options))
    return boot(image, cpus=cpus, extra=["-bios", str(bios)])


@pytest.mark.parametrize("magic", [abi.EPAPR_MAGIC, 0x4800_0000], ids=["epapr", "kexec"])
def test_hands_over_without_opal(magic: int, good_image: Path, boot: Boot, tmp_path: Path) -> None:
    """Linux' kexec leaves anything in r6."""
    emulator = boot_without_opal(boot, good_image, tmp_path, magic)
    report = read_report(emulator, tmp_path)
    check_handover(report, opal=False)
    check_tree(emulator, report, good_image, tmp_path)


def test_upper_halves_of_32_bit_firmware_do_not_count(good_image: Path, boot: Boot, tmp_path: Path) -> None:
    emulator = boot_without_opal(boot, good_image, tmp_path, abi.EPAPR_MAGIC, "-DNARROW")
    report = read_report(emulator, tmp_path)
    check_handover(report, opal=False)
    check_tree(emulator, report, good_image, tmp_path)


def test_processors_that_kexec_left_waiting_wait_on(
    hypervisor_elf: Path, stub_binary: Path, boot: Boot, tmp_path: Path
) -> None:
    """At 0x60, in the copy of the stub's beginning, which the hypervisor overwrites."""
    assert built("build/guests/hello.elf").is_file()
    assert hypervisor_elf.is_file()
    assert stub_binary.is_file()
    image = tmp_path / "hello.img"
    assert cli.main(["build", str(ROOT / "images" / "guest-hello.toml"), "-o", str(image)]) == 0
    emulator = boot_without_opal(boot, image, tmp_path, abi.EPAPR_MAGIC, "-DWAITING=2", cpus=2)
    # Without OPAL it cannot switch off: in the end it stops, and says so where docs/hypervisor.md tells.
    await_word(emulator, STOP_REASON, lambda word: word == STOPPED, tmp_path)
    registers = emulator.qmp("human-monitor-command", **{"command-line": "info registers -a"})
    counters = [int(counter, 16) for counter in re.findall(r"^NIP ([0-9a-f]{16})", str(registers), re.MULTILINE)]
    assert len(counters) == 2, counters
    assert sum(KEXEC_WAIT <= counter < KEXEC_WAIT + 8 for counter in counters) == 1, counters


def test_refuses_an_unknown_entry_state(good_image: Path, boot: Boot, tmp_path: Path) -> None:
    emulator = boot_without_opal(boot, good_image, tmp_path, abi.EPAPR_MAGIC ^ 1, "-DNO_TREE")
    assert read_reason(emulator, tmp_path) == Reason.ENTRY_STATE


def read_msr(emulator: Emulator) -> int:
    """The first processor's machine state register."""
    registers = emulator.qmp("human-monitor-command", **{"command-line": "info registers"})
    match = re.search(r"^MSR ([0-9a-f]{16})", str(registers), re.MULTILINE)
    assert match is not None, registers
    return int(match[1], 16)


def test_firmware_that_keeps_half_registers(good_image: Path, boot: Boot, tmp_path: Path) -> None:
    """Interrupts anywhere in and around 3000 client calls; at the end the stub still runs in 64-bit mode, in HV."""
    bios = tmp_path / "firmware.bin"
    bios.write_bytes(assemble("lossy_firmware.S", tmp_path))
    emulator = boot(good_image, extra=["-bios", str(bios), "-icount", "shift=0"])
    assert read_reason(emulator, tmp_path) == Reason.OPEN_FIRMWARE
    assert read_msr(emulator) == MSR_SF_HV


def test_words_describe_the_stub(stub_binary: Path) -> None:
    stub = stub_binary.read_bytes()
    magic, size, reason, scratch = struct.unpack_from(">4Q", stub, abi.STUB_MAGIC_OFFSET)
    assert (magic, size, reason) == (abi.STUB_MAGIC, len(stub), Reason.NONE)
    assert size % abi.IMAGE_PAGE_SIZE == 0
    assert size <= abi.STUB_MAX_SIZE
    assert not any(stub[scratch:])
    assert any(stub[scratch - 0x80 : scratch])
