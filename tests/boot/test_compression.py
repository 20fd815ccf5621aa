# SPDX-License-Identifier: BSD-2-Clause
"""Compressed kernels and ramdisks: expanded by the stub, used by an unmodified Linux, refused when damaged."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from loader import abi, cli
from loader.multiboot import read_head
from loader.qemu import Emulator
from tests.conftest import DEVELOPMENT_KEY
from tests.support import reseal, write_recipe

Boot = Callable[..., Emulator]

RECIPE = Path(__file__).resolve().parents[2] / "images" / "debian.toml"


@pytest.mark.parametrize("firmware", ["opal", "skiboot"])
def test_debian_with_a_zstd_kernel_and_an_lz4_ramdisk(
    firmware: str, boot: Boot, stub_binary: Path, hypervisor_elf: Path, debian_kernel: Path, tmp_path: Path
) -> None:
    assert stub_binary.is_file()
    assert hypervisor_elf.is_file()
    ramdisk, image = tmp_path / "initrd", tmp_path / "test.img"
    with gzip.open(debian_kernel.with_name("initrd.gz")) as packed, ramdisk.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    settings = ["image.compression=zstd", f"domain.dom0.initrd={{path='{ramdisk}', compression='lz4'}}"]
    arguments = [word for setting in settings for word in ("--set", setting)]
    assert cli.main(["build", str(RECIPE), "-o", str(image), *arguments]) == 0
    assert cli.main(["sign", str(image), "--key", str(DEVELOPMENT_KEY)]) == 0
    head = read_head(image)
    kernel, initrd = head.entry("dom0/kernel"), head.entry("dom0/ramdisk")
    assert (kernel.compression, initrd.compression) == (abi.Compression.ZSTD, abi.Compression.LZ4)
    emulator = boot(image, firmware=firmware)
    emulator.expect(rf"module: dom0 kernel, 0x[0-9a-f]+, {debian_kernel.stat().st_size} bytes")
    emulator.expect(rf"module: dom0 ramdisk, 0x[0-9a-f]+, {ramdisk.stat().st_size} bytes")
    emulator.expect("~ # ")


@pytest.fixture(scope="module")
def compressed_image(stub_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel in zstd and a ramdisk in LZ4, for a stub that will not get beyond them."""
    folder = tmp_path_factory.mktemp("compressed")
    recipe = write_recipe(folder)
    image = folder / "image.elf"
    settings = [f"image.stub={stub_binary}", "image.compression=lz4"]
    settings.append("domain.dom0.kernel={path='kernel.elf', compression='zstd'}")
    arguments = [word for setting in settings for word in ("--set", setting)]
    assert cli.main(["build", str(recipe), "-o", str(image), *arguments]) == 0
    return image


@pytest.mark.parametrize(
    ("name", "seal", "reason", "text"),
    [
        ("dom0/kernel", False, abi.StubReason.ENTRY_DIGEST, "dom0/kernel does not match its digest"),
        ("dom0/ramdisk", False, abi.StubReason.ENTRY_DIGEST, "dom0/ramdisk does not match its digest"),
        ("dom0/kernel", True, abi.StubReason.COMPRESSION, "dom0/kernel: its zstd data cannot be expanded"),
        ("dom0/ramdisk", True, abi.StubReason.COMPRESSION, "dom0/ramdisk: its lz4 data cannot be expanded"),
    ],
    ids=["zstd", "lz4", "sealed-zstd", "sealed-lz4"],
)
def test_refuses_damaged_entries(
    name: str, seal: bool, reason: abi.StubReason, text: str, compressed_image: Path, boot: Boot, tmp_path: Path
) -> None:
    entry = read_head(compressed_image).entry(name)
    assert entry.compression != abi.Compression.NONE
    data = bytearray(compressed_image.read_bytes())
    data[abi.IMAGE_FILE_OFFSET + entry.offset] ^= 0x10
    if seal:
        reseal(data, name)
    image = tmp_path / "damaged.elf"
    image.write_bytes(data)
    line = boot(image, tolerate=["stub"]).expect(r"^roundpeg-stub: refused: (.*) \(reason (\d+)\)")
    assert text in line[1]
    assert int(line[2]) == reason
