# SPDX-License-Identifier: BSD-2-Clause
"""The image file: writing, strict reading, verifying, extracting."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from loader import abi
from loader.elfpreface import Container, elf_preface
from loader.errors import ImageError, LoaderError, SourceError
from loader.imagehead import payload_offsets
from loader.io import FileStamp
from loader.multiboot import (
    Payload,
    extract_entry,
    read_head,
    read_stub,
    verify_image,
    write_image,
)
from tests.memory import bytes_taken
from tests.support import make_stub, reseal

BASE = abi.IMAGE_FILE_OFFSET
STUB_SIZE = 0x2000
HEADER = BASE + STUB_SIZE
TABLE = HEADER + 128
PAYLOADS = (
    Payload(abi.EntryType.HYPERVISOR, "hypervisor", b"\x01" * 0x1800, load_hint=0x100),
    Payload(abi.EntryType.KERNEL, "dom0/kernel", b"\x02" * 0x1000, load_hint=0x4000, alignment=8),
    Payload(abi.EntryType.BOOT_OVERLAY, "boot-overlay", b"\x03", alignment=8),
)


def image(folder: Path) -> Path:
    path = folder / "test.img"
    write_image(path, make_stub(pages=2), PAYLOADS)
    return path


def patched(folder: Path, offset: int, data: bytes, *, seal: bool = True) -> Path:
    """An image with bytes changed at a file offset; `seal` makes the head digest right again."""
    path = image(folder)
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    if seal:
        reseal(content)
    path.write_bytes(content)
    return path


def complaint(path: Path, read: Callable[[Path], object] = read_head) -> str:
    with pytest.raises(ImageError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def entry_field(index: int, offset: int) -> int:
    return TABLE + index * 128 + offset


def test_layout_of_the_file(tmp_path: Path) -> None:
    content = image(tmp_path).read_bytes()
    assert len(content) == BASE + 0x8000
    assert content[:BASE] == elf_preface(0x8000)
    assert content[BASE:HEADER] == make_stub(pages=2)
    assert content[HEADER : HEADER + 16] == (0x8000).to_bytes(8, "big") + b"RNDPEG\r\n"
    assert content[BASE + 0x4000 : BASE + 0x5800] == b"\x01" * 0x1800
    assert not any(content[BASE + 0x5800 : BASE + 0x6000])
    assert content[BASE + 0x6000 : BASE + 0x7000] == b"\x02" * 0x1000
    assert content[BASE + 0x7000 :] == b"\x03".ljust(0x1000, b"\0")


def test_the_elf64_twin_differs_in_the_first_page_only(tmp_path: Path) -> None:
    one, other = image(tmp_path), tmp_path / "other.img"
    head = write_image(other, make_stub(pages=2), PAYLOADS, Container.ELF64)
    assert other.read_bytes()[BASE:] == one.read_bytes()[BASE:]
    assert other.read_bytes()[:BASE] == elf_preface(0x8000, Container.ELF64)
    assert (head.container, read_head(one).container) == (Container.ELF64, Container.ELF32)
    assert verify_image(other) == (head, [])
    content = bytearray(other.read_bytes())
    for place in (4, 18, 0x60, 0x7F, 0xB0, 0x12B, 0x172, 0xFFF):
        content[place] ^= 1
        other.write_bytes(content)
        assert "the ELF header in front of the load base" in complaint(other)
        content[place] ^= 1


def test_what_was_written_is_read(tmp_path: Path) -> None:
    head = read_head(image(tmp_path))
    assert (head.stub_size, head.total_size) == (STUB_SIZE, 0x8000)
    assert (head.signature_offset, head.payload_offset, head.signatures) == (0x3000, 0x4000, ())
    assert [(entry.type, entry.name, entry.load_hint, entry.alignment) for entry in head.entries] == [
        (payload.type, payload.name, payload.load_hint, payload.alignment) for payload in PAYLOADS
    ]
    assert [entry.digest for entry in head.entries] == [
        hashlib.sha256(payload.source).digest() for payload in PAYLOADS if isinstance(payload.source, bytes)
    ]
    assert verify_image(image(tmp_path)) == (head, [])


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    assert image(tmp_path).read_bytes() == image(tmp_path).read_bytes()


def test_offsets_depend_on_what_comes_before_only() -> None:
    assert payload_offsets(STUB_SIZE, [0x1800, 0x1000, 1], 3) == [0x4000, 0x6000, 0x7000, 0x8000]
    assert payload_offsets(STUB_SIZE, [0x1800], 3) == [0x4000, 0x6000]
    assert payload_offsets(STUB_SIZE, [], 31) == [0x4000]
    assert payload_offsets(STUB_SIZE, [], 32) == [0x5000]


def test_source_that_changed_since_it_was_examined(tmp_path: Path) -> None:
    source = tmp_path / "kernel"
    source.write_bytes(b"old")
    stamp = FileStamp.take(source)
    source.write_bytes(b"newer")
    payloads = [PAYLOADS[0], Payload(abi.EntryType.KERNEL, "dom0/kernel", source, stamp), PAYLOADS[2]]
    with pytest.raises(SourceError, match="changed"):
        write_image(tmp_path / "test.img", make_stub(), payloads)
    assert not (tmp_path / "test.img").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["kernel"]


def test_memory_does_not_grow_with_the_payload(tmp_path: Path) -> None:
    source, path = tmp_path / "ramdisk", tmp_path / "test.img"
    with source.open("wb") as file:
        file.truncate(64 << 20)
    payloads = [PAYLOADS[0], Payload(abi.EntryType.RAMDISK, "dom0/ramdisk", source), PAYLOADS[2]]

    def write_and_read() -> None:
        write_image(path, make_stub(), payloads)
        assert verify_image(path)[1] == []
        extract_entry(path, "dom0/ramdisk", tmp_path / "out")

    assert bytes_taken(write_and_read) < 8 << 20


def test_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        write_image(tmp_path / "x", make_stub(), [Payload(abi.EntryType.KERNEL, "d" * 48 + "/kernel", b"x")])
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("size", [0, 0x1000, 0x1010, BASE + STUB_SIZE, BASE + 0x7000, BASE + 0x7FFF, BASE + 0x8001])
def test_wrong_length(tmp_path: Path, size: int) -> None:
    path = image(tmp_path)
    path.write_bytes(path.read_bytes()[:size].ljust(size, b"\0"))
    assert complaint(path)


@pytest.mark.parametrize(
    ("offset", "data", "expected"),
    [
        (4, b"\x02", "the ELF header in front of the load base"),
        (0x500, b"\x01", "the ELF header in front of the load base"),
        (BASE + 8, b"X", "does not begin with a boot stub"),
        (BASE + 0x10, struct.pack(">Q", 0x1800), "the boot stub's size 0x1800 is not a page multiple"),
        (BASE + 0x10, struct.pack(">Q", 0x80000), "the boot stub's size 0x80000 is not"),
        (BASE + 0x18, b"\x01", "does not begin with a boot stub"),
        (BASE + 0x20, struct.pack(">Q", 0x2008), "the boot stub's scratch area at 0x2008 lies outside"),
        (BASE + 0x20, struct.pack(">Q", 8), "the boot stub's scratch area at 0x8 lies outside"),
        (BASE + 0x1800, b"\x01", "the stub's scratch area is not zero"),
        (HEADER, struct.pack(">Q", 0x9000), "the file has 36864 bytes, its header asks for 40960; truncated?"),
        (HEADER, struct.pack(">Q", 0x7000), "the file has 36864 bytes, its header asks for 32768"),
        (HEADER, struct.pack(">Q", 0x7800), "the header's total_size 0x7800 cannot be"),
        (HEADER, struct.pack(">Q", 0x4000), "the header's total_size 0x4000 cannot be"),
        (HEADER, struct.pack(">Q", 0xFFFF_FFFF_FFFF_F000), "the header's total_size 0xfffffffffffff000 cannot be"),
        (HEADER + 8, b"X", "not an image of ours"),
        (HEADER + 16, struct.pack(">I", 2), "the header's version is 0x2, not 0x1"),
        (HEADER + 20, struct.pack(">I", 64), "the header's header_size is 0x40, not 0x80"),
        (HEADER + 24, struct.pack(">I", 64), "the header's entry_size is 0x40, not 0x80"),
        (HEADER + 28, struct.pack(">I", 0), "the header counts 0 entries"),
        (HEADER + 28, struct.pack(">I", 257), "the header counts 257 entries"),
        (HEADER + 28, struct.pack(">I", 0xFFFF_FFFF), "the header counts 4294967295 entries"),
        (HEADER + 28, struct.pack(">I", 2), "the padding behind the table is not zero"),
        (HEADER + 32, struct.pack(">Q", 0), "the header's table_offset is 0x0"),
        (HEADER + 40, struct.pack(">Q", 0x5000), "the header's payload_offset is 0x5000, not 0x4000"),
        (HEADER + 48, struct.pack(">Q", 1), "the header's flags is 0x1"),
        (HEADER + 88, struct.pack(">Q", 0), "the header's signature_offset is 0x0, not 0x3000"),
        (HEADER + 96, b"\x01", "not an image of ours"),
        (TABLE + 3 * 128, b"\x01", "the padding behind the table is not zero"),
        (entry_field(1, 0), struct.pack(">I", 9), "dom0/kernel: unknown entry type 9"),
        (entry_field(1, 0), struct.pack(">I", 4), "an entry of type RAMDISK cannot have this name"),
        (entry_field(1, 4), struct.pack(">I", 3), "dom0/kernel: unknown compression 3"),
        (entry_field(1, 4), struct.pack(">I", 1), "dom0/kernel: 4096 compressed bytes cannot become 4096"),
        (entry_field(0, 4), struct.pack(">I", 2), "hypervisor: an entry of type HYPERVISOR cannot be compressed"),
        (entry_field(2, 4), struct.pack(">I", 1), "an entry of type BOOT_OVERLAY cannot be compressed"),
        (entry_field(1, 8), struct.pack(">Q", 0x7000), "dom0/kernel: is at 0x7000 with 4096 bytes, expected at 0x6000"),
        (entry_field(1, 16), struct.pack(">QQ", 0, 0), "dom0/kernel: is at 0x6000 with 0 bytes"),
        (entry_field(1, 16), struct.pack(">QQ", 0x1001, 0x1001), "boot-overlay: is at 0x7000 with 1 bytes"),
        (entry_field(2, 16), struct.pack(">QQ", 0x1001, 0x1001), "the last entry ends at 0x9000, the image at 0x8000"),
        (entry_field(1, 24), struct.pack(">Q", 1), "is not compressed and has 4096 bytes, but 1 in memory"),
        (entry_field(1, 40), struct.pack(">I", 0), "alignment 0 is not a power of two"),
        (entry_field(1, 40), struct.pack(">I", 24), "alignment 24 is not a power of two"),
        (entry_field(1, 40), struct.pack(">I", 0x2000), "alignment 8192 is not a power of two"),
        (entry_field(1, 44), struct.pack(">I", 1), "flags 0x1"),
        (entry_field(1, 80), b"dom0\nkernel", "is not printable ASCII"),
        (entry_field(1, 80), b"dom0\0kernel", "is not printable ASCII"),
        (entry_field(1, 80), bytes(48), "is not printable ASCII"),
        (entry_field(1, 80), b"/kernel".ljust(48, b"\0"), "cannot have this name"),
        (entry_field(0, 80), b"supervisor", "cannot have this name"),
        (entry_field(1, 0), struct.pack(">I", 1), "an entry of type HYPERVISOR cannot have this name"),
    ],
)
def test_strict_reading(tmp_path: Path, offset: int, data: bytes, expected: str) -> None:
    assert expected in complaint(patched(tmp_path, offset, data))


def test_head_digest(tmp_path: Path) -> None:
    path = patched(tmp_path, entry_field(1, 32), b"\x01", seal=False)
    assert "do not match the head's SHA-256" in complaint(path)


def test_duplicate_and_missing_entries(tmp_path: Path) -> None:
    kernel = entry_field(1, 0)
    content = bytearray(image(tmp_path).read_bytes())
    entry = bytes(content[entry_field(0, 80) : entry_field(0, 128)])
    content[kernel + 80 : kernel + 128] = entry
    content[kernel : kernel + 4] = struct.pack(">I", 1)
    reseal(content)
    (tmp_path / "test.img").write_bytes(content)
    assert "2 entries are called hypervisor" in complaint(tmp_path / "test.img")
    with pytest.raises(ImageError, match="there is no entry boot-overlay"):
        write_image(tmp_path / "other.img", make_stub(), PAYLOADS[:2])


def test_verify_names_every_problem(tmp_path: Path) -> None:
    path = image(tmp_path)
    content = bytearray(path.read_bytes())
    content[BASE + 0x4000] ^= 1
    content[BASE + 0x5FFF] ^= 1
    content[-1] ^= 1
    path.write_bytes(content)
    assert verify_image(path)[1] == [
        "hypervisor: the bytes do not match their SHA-256",
        "hypervisor: the padding behind it is not zero",
        "boot-overlay: the padding behind it is not zero",
    ]


def test_extract(tmp_path: Path) -> None:
    path = image(tmp_path)
    extract_entry(path, "dom0/kernel", tmp_path / "kernel")
    assert (tmp_path / "kernel").read_bytes() == b"\x02" * 0x1000
    with pytest.raises(ImageError, match="no entry is called 'kernel'; entries are: hypervisor, dom0/kernel"):
        extract_entry(path, "kernel", tmp_path / "other")
    damaged = patched(tmp_path, BASE + 0x6000, b"\xff")
    with pytest.raises(ImageError, match="do not match"):
        extract_entry(damaged, "dom0/kernel", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", make_stub() + b"x", make_stub(pages=2)[:0x1000], bytes(0x1000)])
def test_stubs_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stub").write_bytes(content)
    with pytest.raises(LoaderError):
        read_stub(tmp_path / "stub")


def test_stub(tmp_path: Path) -> None:
    (tmp_path / "stub").write_bytes(make_stub(pages=64))
    assert read_stub(tmp_path / "stub") == make_stub(pages=64)
    (tmp_path / "stub").write_bytes(make_stub(pages=65))
    with pytest.raises(ImageError, match="size 0x41000 is not"):
        read_stub(tmp_path / "stub")
