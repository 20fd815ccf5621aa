# SPDX-License-Identifier: BSD-2-Clause
"""What the fuzzer starts from, all of it made here: nothing binary is kept beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loader import abi, cli
from loader.compress import compress
from loader.devtree import Tree
from loader.io import FileStamp
from loader.multiboot import read_head
from loader.sign import generate_key, sign_image
from tests.fuzz.mutator import TREES, ImageParts
from tests.support import Load, make_elf, write_recipe

RECIPE: Final = """\
[image]
stub = "stub.bin"
targets = ["powernv8"]

[hypervisor]
path = "hypervisor.elf"
command-line = "loud"

[domain.dom0]
kernel = { path = "kernel.elf", compression = "lz4" }
initrd = { path = "initrd.gz", load = 0x3000000, compression = "zstd" }
command-line = "console=hvc0"
memory = "64M"
roles = ["control", "hardware"]
rma = { mode = "vrma", size = "64M" }

[domain.dom0.devtree."/chosen"]
answer = [1, 2]
text = ["a", "b"]
raw = { bytes = "00 ff" }
wide = { u64 = 1 }

[domain.dom0.devtree]
"/nvram" = false

[domain.small]
id = 7
kernel = { path = "kernel.elf", format = "raw", load = "1M", entry = 16 }
memory = "32M"
"""

BLADES: Final = """\
[server]
address = "192.0.2.1/24"
router = "192.0.2.254"
tftp-root = "/srv/tftp"

[blade.one]
mac = "00:14:5e:00:00:01"
address = "192.0.2.11"
image = "a.img"
arguments = "console=hvc0 -- loud"

[blade.two]
mac = "00:14:5e:00:00:02"
address = "192.0.2.12"
firmware = "js21"
protocol = "bootp"
device = "/pci@1/ethernet@1"
"""

SETTINGS: Final = (
    b"domain.dom0.memory=768M",
    b'domain.dom0.devtree."/chosen".answer=[1, 2]',
    b"image.targets=['slof', 'epapr']",
    b"domain.new={kernel='kernel.elf', memory=0x4000000}",
)
SIZES: Final = (b"64M", b"0x4000", b"1 GiB", b"4096", b"18446744073709551615")
CONTENT: Final = bytes(i * i % 7 for i in range(3_000_000))
"""Compresses, and takes more than one chunk."""


@dataclass(frozen=True)
class Corpus:
    """Files and contents to damage.

    folder  has the recipe and all that it names, an image as `a.img`, a key pair as `key` and `key.pub`
    """

    folder: Path
    image: bytes
    parts: ImageParts
    trees: tuple[bytes, ...]
    overlay: bytes
    elfs: tuple[bytes, ...]
    signatures: bytes
    private_key: bytes
    public_key: bytes
    stub: bytes
    lz4: bytes
    zstd: bytes


def make_corpus(folder: Path) -> Corpus:
    """Everything, in and beside a folder that exists."""
    recipe = write_recipe(folder, RECIPE)
    image, key, detached = folder / "a.img", folder / "key", folder / "detached"
    if cli.main(["build", str(recipe), "-o", str(image)]) != 0:
        raise RuntimeError("the corpus cannot be built")
    generate_key(key)
    sign_image(image, key)
    sign_image(image, key, detached)
    data, head = image.read_bytes(), read_head(image)
    contents = tuple(data[abi.IMAGE_FILE_OFFSET + entry.offset :][: entry.size] for entry in head.entries)
    trees = [content for entry, content in zip(head.entries, contents, strict=True) if entry.type in TREES]
    (folder / "content").write_bytes(CONTENT)
    return Corpus(
        folder=folder,
        image=data,
        parts=ImageParts(data[abi.IMAGE_FILE_OFFSET :][: head.stub_size], head.entries, contents),
        trees=(*trees, _reserved_tree()),
        overlay=contents[-1],
        elfs=_elfs(),
        signatures=detached.read_bytes(),
        private_key=key.read_bytes(),
        public_key=(folder / "key.pub").read_bytes(),
        stub=(folder / "stub.bin").read_bytes(),
        lz4=_stored(folder / "content", abi.Compression.LZ4),
        zstd=_stored(folder / "content", abi.Compression.ZSTD),
    )


def _reserved_tree() -> bytes:
    tree = Tree.new()
    tree.reserve(0x1000, 0x1000)
    tree.reserve(0x1_0000_0000, 1)
    node = tree.root.add("a").add("b@1")
    node.set_u32("phandle", 1)
    node.set_strings("list", ["one", "two"])
    return tree.to_dtb(boot_cpu=3, pad=64)


def _elfs() -> tuple[bytes, ...]:
    segments = (Load(0x10000, b"\x60\0\0\0" * 64, memory_size=0x2000), Load(0x20000, bytes(16), flags=6))
    return tuple(
        make_elf(*segments, entry=entry, little_endian=little_endian)
        for little_endian in (False, True)
        for entry in (0x10004, 0x20000)
    )


def _stored(path: Path, method: abi.Compression) -> bytes:
    packed = compress(path, FileStamp.take(path), method)
    if packed is None:
        raise RuntimeError("the corpus does not compress")
    with packed.file as file:
        file.seek(0)
        return file.read()
