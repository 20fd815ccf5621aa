# SPDX-License-Identifier: BSD-2-Clause
"""Our own firmware starts what a key it knows has signed, says in one line why it starts nothing else, and measures."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import abi, cli
from loader.measure import predict, render_measurement
from loader.multiboot import read_head
from loader.qemu import Emulator
from tests.boot.probe import assemble, pack
from tests.conftest import DEVELOPMENT_KEY, ROOT
from tests.support import Load, make_elf

Boot = Callable[..., Emulator]


@dataclass(frozen=True)
class Bench:
    """A small image, unsigned, whose hypervisor says that it runs; keys, and a firmware of their owner."""

    folder: Path
    image: Path
    owner: Path
    firmware: Path

    def copy(self, name: str, *keys: Path) -> Path:
        """A copy of the image that these keys have signed."""
        path = self.folder / name
        path.write_bytes(self.image.read_bytes())
        for key in keys:
            assert cli.main(["sign", str(path), "--key", str(key)]) == 0
        return path


def build_firmware(opal_firmware: Path, folder: Path, *settings: str) -> Path:
    """The firmware as `make firmware` builds it with these settings; what does not depend on them is there already."""
    shutil.copytree(opal_firmware.parent, folder)
    command = ["make", "-C", str(ROOT / "firmware" / "opal"), f"BUILD={folder}", *settings]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0, result.stdout
    return folder / "opal.bin"


@pytest.fixture(scope="module")
def bench(stub_binary: Path, opal_firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("trust")
    probe = assemble("stub_probe.S", folder)
    image = pack(folder, stub_binary, make_elf(Load(0x4_0000, probe, memory_size=0x4000)))
    owner = folder / "owner"
    assert cli.main(["keygen", "-o", str(owner)]) == 0
    keys = [f"KEYS={owner}.pub", f"REVOKED={DEVELOPMENT_KEY}.pub"]
    return Bench(folder, image, owner, build_firmware(opal_firmware, folder / "firmware", *keys))


def expect_refusal(boot: Boot, firmware: Path, image: Path | None, word: str, text: str) -> None:
    """One line with the reason, and the machine switches itself off."""
    machine = boot(image, firmware=firmware, tolerate=["firmware"])
    line = machine.expect(r"^opal: refused: (\S+): (.+)\n")
    assert line[1] == word
    assert re.search(text, line[2])
    assert machine.wait() == 0
    assert machine.shutdown_reason() == "guest-shutdown"
    console = machine.console.text
    assert console.count("refused") == 1
    assert "roundpeg-stub" not in console


def test_the_owners_image_starts(bench: Bench, boot: Boot) -> None:
    machine = boot(bench.copy("owner.img", bench.owner), firmware=bench.firmware)
    machine.expect(r"^probe: entered")
    assert "***" not in machine.console.text


@pytest.mark.parametrize(
    ("signers", "word", "text"),
    [
        ([], "unsigned", "nobody has signed the image"),
        (["stranger"], "unknown-key", r"does not know key [0-9a-f]{16}"),
        (["development"], "revoked-key", r"key a25267b2b5de13e0 is revoked"),
    ],
    ids=["unsigned", "unknown-key", "revoked-key"],
)
def test_signatures_that_count_for_nothing(
    signers: list[str], word: str, text: str, bench: Bench, boot: Boot, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    assert cli.main(["keygen", "-o", str(stranger)]) == 0
    keys = {"stranger": stranger, "development": DEVELOPMENT_KEY}
    image = bench.copy(f"{word}.img", *(keys[name] for name in signers))
    expect_refusal(boot, bench.firmware, image, word, text)


def tampered(bench: Bench, name: str, change: Callable[[bytearray], None]) -> Path:
    """The owner's image, changed after it was signed."""
    path = bench.copy(name, bench.owner)
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def flip(offset: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[offset] ^= 1

    return change


def test_tampered_images(bench: Bench, boot: Boot) -> None:
    head, base = read_head(bench.image), abi.IMAGE_FILE_OFFSET
    table = base + head.stub_size + abi.IMAGE_HEADER.sizeof()
    for word, offset, text in (
        ("digest", base + 4, "do not match the head digest"),
        ("digest", table + 0x30, "do not match the head digest"),
        ("structure", base + head.stub_size + 0x13, "image version 0, this stub reads 1"),
        ("signature-page", base + head.signature_offset + 0x40, "does not match its digest"),
    ):
        expect_refusal(boot, bench.firmware, tampered(bench, "tampered.img", flip(offset)), word, text)


def test_a_signature_of_another_image(bench: Bench, boot: Boot) -> None:
    """The owner's signature page behind the head of an image that somebody else built."""
    folder = bench.folder / "other"
    folder.mkdir()
    stub = bench.folder / "other-stub.bin"
    stub.write_bytes(bench.image.read_bytes()[abi.IMAGE_FILE_OFFSET :][: read_head(bench.image).stub_size])
    other = pack(folder, stub, make_elf(Load(0x4_0000, b"\x48\0\0\0", memory_size=0x4000)))
    page = abi.IMAGE_FILE_OFFSET + read_head(other).signature_offset
    signed = bench.copy("owner.img", bench.owner).read_bytes()
    data = bytearray(other.read_bytes())
    data[page : page + abi.IMAGE_PAGE_SIZE] = signed[page : page + abi.IMAGE_PAGE_SIZE]
    other.write_bytes(data)
    expect_refusal(boot, bench.firmware, other, "bad-signature", r"the signature of key \w{16} is not of this image")


def test_truncated_images(bench: Bench, boot: Boot) -> None:
    """Cut behind the stub, behind the head, and a page before the end; the machine's loader says nothing."""
    head, size = read_head(bench.image), bench.image.stat().st_size
    for end in (head.stub_size, head.payload_offset, size - abi.IMAGE_FILE_OFFSET - abi.IMAGE_PAGE_SIZE):

        def cut(data: bytearray, end: int = end) -> None:
            del data[abi.IMAGE_FILE_OFFSET + end :]

        image = tampered(bench, "cut.img", cut)
        expect_refusal(boot, bench.firmware, image, "truncated", "was not loaded|may be truncated")


def test_no_image(bench: Bench, boot: Boot, tmp_path: Path) -> None:
    expect_refusal(boot, bench.firmware, None, "no-image", "nothing that mkimage built was loaded")
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 64)
    expect_refusal(boot, bench.firmware, noise, "no-image", "nothing that mkimage built was loaded")


def test_unlocked_firmware_has_nothing_to_start(boot: Boot, unlocked_firmware: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 64)
    for image in (None, noise):
        expect_refusal(boot, unlocked_firmware, image, "no-image", "^neither an image nor a kernel: no ELF file$")


def test_waits_when_told_to(bench: Bench, boot: Boot, opal_firmware: Path) -> None:
    settings = [f"KEYS={bench.owner}.pub", "WAIT=1"]
    firmware = build_firmware(opal_firmware, bench.folder / "waiting", *settings)
    machine = boot(bench.image, firmware=firmware, tolerate=["firmware"])
    machine.expect(r"^opal: refused: unsigned: ")
    assert machine.qmp("query-status")["status"] == "running"


def test_unlocked_firmware_starts_everything_and_says_so(bench: Bench, boot: Boot, unlocked_firmware: Path) -> None:
    machine = boot(bench.image, firmware=unlocked_firmware)
    machine.expect(r"^opal: \*\*\* UNLOCKED FIRMWARE: .+\n")
    machine.expect(r"^opal: \*\*\* DEVELOPMENT KEY: .+\n")
    machine.expect(r"^opal: started all the same, because this firmware is unlocked: unsigned: .+\n")
    machine.expect(r"^probe: entered")


def test_unlocked_firmware_starts_no_damaged_image(bench: Bench, boot: Boot, unlocked_firmware: Path) -> None:
    image = tampered(bench, "tampered.img", flip(abi.IMAGE_FILE_OFFSET + 4))
    expect_refusal(boot, unlocked_firmware, image, "digest", "do not match the head digest")


def test_a_tampered_payload_is_the_stubs_to_refuse(bench: Bench, boot: Boot) -> None:
    head = read_head(bench.image)
    image = tampered(bench, "payload.img", flip(abi.IMAGE_FILE_OFFSET + head.entry("dom0/kernel").offset))
    machine = boot(image, firmware=bench.firmware)
    machine.expect(r"^roundpeg-stub: refused: dom0/kernel does not match its digest")
    assert "probe" not in machine.console.text


def ask_what_was_measured(machine: Emulator) -> None:
    """Goes from power-on to the hypervisor's prompt and asks."""
    machine.expect(r"Linux version")
    machine.send("\x01\x01\x01")
    machine.expect(r"lists commands")
    machine.send("measured\n")


def test_measurements_are_as_foretold(boot: Boot, debian_image: Path, opal_firmware: Path) -> None:
    """Firmware, image and entries at the hypervisor's prompt, against `mkimage inspect --measure`, at every start."""
    foretold = render_measurement(predict(debian_image, opal_firmware), as_json=False).splitlines()
    assert len(foretold) == len(read_head(debian_image).entries) + 3
    machine = boot(debian_image, firmware=opal_firmware)
    for start in (1, 2):
        machine.expect(r"DEVELOPMENT KEY")
        ask_what_was_measured(machine)
        machine.expect(r"the firmware's verdict on the image: ok\n")
        shown = re.findall(r"^([0-9a-f]{64}  \S+)$", machine.console.text, re.MULTILINE)
        assert shown == foretold * start
        machine.send("reboot\n")


def test_other_firmware_measures_nothing(boot: Boot, debian_image: Path) -> None:
    machine = boot(debian_image)
    ask_what_was_measured(machine)
    machine.expect(r"the firmware measured nothing\n")
