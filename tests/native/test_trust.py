# SPDX-License-Identifier: BSD-2-Clause
"""The firmware's trust code on published vectors, and on images and signatures that mkimage and OpenSSL made."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from loader import abi
from loader.cli import main
from loader.multiboot import read_head
from loader.sign import key_id, load_public_key
from loader.signaturepage import Signature, build_page
from tests.native.compiler import compile_native, run
from tests.support import write_recipe

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19

# RFC 8032, 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
        "55141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
        "00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
        "027beceea1ec40a",
    ),
]
ABC_SEED = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
ABC_SIGNATURE = (
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef"
    "1177331a704"
)
"""The vector "TEST SHA(abc)", whose message is the SHA-512 of "abc"."""

Record = tuple[bytes, bytes, bytes]


@pytest.fixture(scope="module")
def program() -> str:
    return str(compile_native(Path(__file__).with_name("trust_filter.c")))


def accepted(program: str, records: list[Record]) -> list[bool]:
    """The firmware's opinion of (public key, message, signature) records."""
    stream = b"".join(key + signature + len(text).to_bytes(4, "big") + text for key, text, signature in records)
    output = run([program, "ed25519"], stream)
    assert len(output) == len(records)
    return [byte == ord("1") for byte in output]


def vectors() -> list[Record]:
    records = [(bytes.fromhex(key), bytes.fromhex(text), bytes.fromhex(sig)) for key, text, sig in VECTORS]
    public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(ABC_SEED)).public_key().public_bytes_raw()
    return [*records, (public, hashlib.sha512(b"abc").digest(), bytes.fromhex(ABC_SIGNATURE))]


def test_published_vectors(program: str) -> None:
    assert accepted(program, vectors()) == [True] * 4


def test_every_flipped_bit(program: str) -> None:
    key, text, signature = vectors()[2]
    data, records = key + text + signature, []
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        records.append((bytes(flipped[:32]), bytes(flipped[32:-64]), bytes(flipped[-64:])))
    assert not any(accepted(program, records))


def test_messages_of_every_length(program: str) -> None:
    source = random.Random(1)
    records = []
    for length in [*range(300), 1023, 4096, 100_003]:
        key = Ed25519PrivateKey.from_private_bytes(source.randbytes(32))
        text = source.randbytes(length)
        records.append((key.public_key().public_bytes_raw(), text, key.sign(text)))
    assert all(accepted(program, records))
    assert not any(accepted(program, [(key, text + b"x", signature) for key, text, signature in records]))


def test_numbers_and_points_out_of_range(program: str) -> None:
    """RFC 8032, 5.1.7: S must be below the group's order, or everybody could make a second signature out of one."""
    key, text, signature = vectors()[1]
    scalar = int.from_bytes(signature[32:], "little")
    assert scalar < GROUP_ORDER
    larger = signature[:32] + (scalar + GROUP_ORDER).to_bytes(32, "little")
    not_canonical = (FIELD + 1).to_bytes(32, "little") + signature[32:]
    not_on_curve = (2).to_bytes(32, "little")
    records = [(key, text, larger), (key, text, not_canonical), (not_on_curve, text, signature)]
    records += [(key, text, bytes(64)), (key, text, b"\xff" * 64), (b"\xff" * 32, text, signature)]
    assert not any(accepted(program, records))


class Bench:
    """An image, keys, and the firmware that knows some of them."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self.program, self.image = folder, program, folder / "test.img"
        assert main(["build", str(write_recipe(folder)), "-o", str(self.image)]) == 0
        for name in ("good", "revoked", "stranger"):
            assert main(["keygen", "-o", str(folder / name)]) == 0

    def sign(self, name: str) -> None:
        assert main(["sign", str(self.image), "--key", str(self.folder / name)]) == 0

    def verdict(self) -> str:
        """What the firmware with the good and the revoked key says."""
        for name in ("good", "revoked"):
            key = load_public_key(self.folder / f"{name}.pub")
            (self.folder / f"{name}.raw").write_bytes(key_id(key) + key.public_bytes_raw())
        raw = [str(self.folder / f"{name}.raw") for name in ("good", "revoked")]
        return run([self.program, "image", str(self.image), *raw]).decode()


@pytest.fixture
def bench(tmp_path: Path, program: str) -> Bench:
    return Bench(tmp_path, program)


def test_signed_by_mkimage(bench: Bench) -> None:
    assert bench.verdict() == "unsigned: nobody has signed the image; mkimage sign does"
    for name, word in (("stranger", "unknown-key"), ("revoked", "revoked-key"), ("good", "ok")):
        bench.sign(name)
        assert bench.verdict().partition(":")[0] == word


def test_signed_by_openssl(bench: Bench) -> None:
    head, message = read_head(bench.image), bench.folder / "message"
    message.write_bytes(b"roundpeg-image-v1\0" + head.head_digest)
    sign = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(bench.folder / "good"), "-in", str(message)]
    signature = subprocess.run(sign, capture_output=True, check=True).stdout
    identity = key_id(load_public_key(bench.folder / "good.pub"))
    data = bytearray(bench.image.read_bytes())
    start = abi.IMAGE_FILE_OFFSET + head.signature_offset
    data[start : start + abi.IMAGE_PAGE_SIZE] = build_page([Signature(identity, signature)])
    bench.image.write_bytes(data)
    assert bench.verdict() == "ok: "


def test_damaged_after_signing(bench: Bench) -> None:
    bench.sign("good")
    head, good = read_head(bench.image), bench.image.read_bytes()
    header = abi.IMAGE_FILE_OFFSET + head.stub_size
    for offset, word in (
        (abi.IMAGE_FILE_OFFSET + abi.STUB_MAGIC_OFFSET, "no-image"),
        (abi.IMAGE_FILE_OFFSET + 4, "digest"),
        (header + abi.IMAGE_HEADER.sizeof() + 0x30, "digest"),
        (header + 0x10, "structure"),
        (abi.IMAGE_FILE_OFFSET + head.signature_offset + 100, "signature-page"),
    ):
        damaged = bytearray(good)
        damaged[offset] ^= 1
        bench.image.write_bytes(damaged)
        assert bench.verdict().partition(":")[0] == word
    bench.image.write_bytes(good[:-1])
    assert bench.verdict().startswith("truncated: memory ends after ")
    bench.image.write_bytes(b"")
    assert bench.verdict().startswith("truncated: memory ends before ")
