# SPDX-License-Identifier: BSD-2-Clause
"""Images survive the round trip, and no bit of one can flip unnoticed."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from loader import abi
from loader.errors import LoaderError
from loader.imagehead import DOMAIN_ENTRY_NAMES
from loader.multiboot import Payload, read_head, verify_image, write_image
from tests.support import make_stub

ALIGNMENTS = st.integers(0, 12).map(lambda shift: 1 << shift)
CONTENTS = st.binary(min_size=1, max_size=9000)


@st.composite
def payload_lists(draw: st.DrawFn) -> list[Payload]:
    domains = draw(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), unique=True, max_size=3))
    names = [(abi.EntryType.HYPERVISOR, "hypervisor"), (abi.EntryType.BOOT_OVERLAY, "boot-overlay")]
    for domain in domains:
        kinds = draw(st.lists(st.sampled_from(sorted(DOMAIN_ENTRY_NAMES)), unique=True))
        names += [(kind, f"{domain}/{DOMAIN_ENTRY_NAMES[kind]}") for kind in kinds]
    return [
        Payload(kind, name, draw(CONTENTS), None, draw(st.integers(0, (1 << 64) - 1)), draw(ALIGNMENTS))
        for kind, name in draw(st.permutations(names))
    ]


@given(payloads=payload_lists(), pages=st.integers(1, 64), fill=st.integers(0, (1 << 32) - 1))
@settings(max_examples=60)
def test_round_trip(payloads: list[Payload], pages: int, fill: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "test.img"
        written = write_image(path, make_stub(pages, fill), payloads)
        head, problems = verify_image(path)
        content = path.read_bytes()[abi.IMAGE_FILE_OFFSET :]
    assert problems == []
    assert head == written
    for payload, entry in zip(payloads, head.entries, strict=True):
        assert (entry.type, entry.name) == (payload.type, payload.name)
        assert (entry.load_hint, entry.alignment) == (payload.load_hint, payload.alignment)
        assert content[entry.offset : entry.end] == payload.source
        assert entry.offset % abi.IMAGE_PAGE_SIZE == 0


def small_image(folder: Path) -> Path:
    path = folder / "test.img"
    payloads = [
        Payload(abi.EntryType.HYPERVISOR, "hypervisor", random.Random(1).randbytes(5000)),
        Payload(abi.EntryType.KERNEL, "dom0/kernel", random.Random(2).randbytes(4096)),
        Payload(abi.EntryType.BOOT_OVERLAY, "boot-overlay", b"x"),
    ]
    write_image(path, make_stub(), payloads)
    return path


def is_sound(path: Path) -> bool:
    try:
        return not verify_image(path)[1]
    except LoaderError:
        return False


def flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def test_every_flipped_bit_of_header_and_table_is_found(tmp_path: Path) -> None:
    path = small_image(tmp_path)
    head = read_head(path)
    start = abi.IMAGE_FILE_OFFSET + head.stub_size
    end = start + abi.IMAGE_HEADER.sizeof() + len(head.entries) * abi.IMAGE_ENTRY.sizeof()
    places = [*range(84 * 8), *range(start * 8, end * 8)]
    for bit in [*places, *range(abi.IMAGE_FILE_OFFSET * 8, (abi.IMAGE_FILE_OFFSET + 0x28) * 8)]:
        flip(path, bit)
        assert not is_sound(path), f"bit {bit % 8} of byte {bit // 8:#x}"
        flip(path, bit)
    assert is_sound(path)


def test_flipped_bits_anywhere_are_found(tmp_path: Path) -> None:
    path = small_image(tmp_path)
    chance = random.Random(20060917)
    for bit in chance.sample(range(path.stat().st_size * 8), 4000):
        flip(path, bit)
        assert not is_sound(path), f"bit {bit % 8} of byte {bit // 8:#x}"
        flip(path, bit)
    assert is_sound(path)


@given(data=st.data())
@settings(max_examples=100)
def test_no_mutation_escapes_as_a_traceback(data: st.DataObject) -> None:
    """Several bytes changed at once, or the file cut anywhere: a LoaderError or a named problem, nothing else."""
    with TemporaryDirectory() as folder:
        path = small_image(Path(folder))
        content = bytearray(path.read_bytes())
        original = bytes(content)
        places = st.integers(0, len(content) - 1) | st.integers(0x2000, 0x2200)
        for place in data.draw(st.lists(places, min_size=1, max_size=8)):
            content[place] = data.draw(st.integers(0, 255))
        end = data.draw(st.just(len(content)) | st.integers(0, len(content)))
        path.write_bytes(content[:end])
        assert is_sound(path) == (bytes(content[:end]) == original)
