# SPDX-License-Identifier: BSD-2-Clause
"""No bit of an image can flip without `verify` noticing.

Exhaustive over ELF header, stub words, header, table, signatures and overlay; over the whole file one bit of every
sixteenth byte.  `python -m tests.fuzz.flips` does them all, which takes minutes.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from loader import abi, cli
from loader.imagehead import Head
from loader.multiboot import read_head
from loader.sign import generate_key, sign_image
from loader.verify import verify
from tests.fuzz.flips import unnoticed_flips
from tests.support import write_recipe

BASE = abi.IMAGE_FILE_OFFSET
SPARSE = 16


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound image with a signature and a compressed kernel."""
    folder = tmp_path_factory.mktemp("image")
    path = folder / "test.img"
    recipe, compress = write_recipe(folder), "domain.dom0.kernel={path='kernel.elf', compression='lz4'}"
    assert cli.main(["build", str(recipe), "-o", str(path), "--set", compress]) == 0
    generate_key(folder / "key")
    sign_image(path, folder / "key")
    assert read_head(path).entry("dom0/kernel").compression is abi.Compression.LZ4
    return path


def regions(head: Head, size: int) -> dict[str, range]:
    """File offsets to flip every bit of, and the rest of the file."""
    table = BASE + head.stub_size
    overlay = head.entry("boot-overlay")
    signatures = BASE + head.signature_offset
    return {
        "elf header": range(84 + 32),
        "stub words": range(BASE, BASE + abi.STUB_SCRATCH_OFFSET + 8),
        "header": range(table, table + abi.IMAGE_HEADER.sizeof()),
        "table": range(table + abi.IMAGE_HEADER.sizeof(), table + 128 + len(head.entries) * abi.IMAGE_ENTRY.sizeof()),
        "signatures": range(signatures, signatures + 0x30 + 2 * abi.IMAGE_SIGNATURE.sizeof()),
        "overlay": range(BASE + overlay.offset, BASE + overlay.end),
        "everything": range(size),
    }


@pytest.mark.parametrize(
    "region", ["elf header", "stub words", "header", "table", "signatures", "overlay", "everything"]
)
def test_every_flip_is_refused(region: str, image: Path) -> None:
    offsets = regions(read_head(image), image.stat().st_size)[region]
    bits = range(8 * offsets.start, 8 * offsets.stop)
    if region == "everything":
        bits = range(random.Random(20060917).randrange(8 * SPARSE), bits.stop, 8 * SPARSE + 1)
        assert {bit % 8 for bit in bits} == set(range(8))
    assert len(bits) > 300
    assert list(unnoticed_flips(image, bits)) == []
    assert verify(image).sound


def test_flips_that_do_not_matter_would_be_found(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are when `verify` looks at another file."""
    copy = image.with_name("copy")
    copy.write_bytes(image.read_bytes())
    monkeypatch.setattr("tests.fuzz.flips.verify", lambda _: verify(copy))
    assert list(unnoticed_flips(image, [5, 9])) == [5, 9]
