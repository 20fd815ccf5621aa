# SPDX-License-Identifier: BSD-2-Clause
"""OpenSSL reads our keys and agrees on our signatures, and we on its."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from loader import abi
from loader.cli import main
from loader.multiboot import read_head
from loader.signaturepage import Signature, build_page
from tests.support import write_recipe


def openssl(*arguments: object) -> bytes:
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "test.img"
    assert main(["build", str(write_recipe(tmp_path)), "-o", str(path)]) == 0
    return path


def message_file(image: Path) -> Path:
    """The signed bytes, put together from the documentation."""
    path = image.with_suffix(".message")
    path.write_bytes(b"roundpeg-image-v1\0" + read_head(image).head_digest)
    return path


def raw_public_key(key: Path, *options: str) -> bytes:
    return openssl("pkey", "-in", key, *options, "-pubout", "-outform", "DER")[-32:]


def test_openssl_verifies_ours(image: Path, tmp_path: Path) -> None:
    key, public, signature = tmp_path / "key", tmp_path / "key.pub", tmp_path / "signature"
    assert main(["keygen", "-o", str(key)]) == 0
    assert main(["sign", str(image), "--key", str(key)]) == 0
    (record,) = read_head(image).signatures
    assert record.key_id == hashlib.sha256(raw_public_key(key)).digest()
    assert record.key_id == hashlib.sha256(raw_public_key(public, "-pubin")).digest()
    signature.write_bytes(record.signature)
    verify = ("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-sigfile", signature)
    assert b"Signature Verified Successfully" in openssl(*verify, "-in", message_file(image))


def test_we_verify_openssl(image: Path, tmp_path: Path) -> None:
    key, public, detached = tmp_path / "key", tmp_path / "key.pub", tmp_path / "test.sig"
    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message_file(image))
    assert len(signature) == abi.ED25519_SIGNATURE_SIZE
    key_id = hashlib.sha256(raw_public_key(key)).digest()
    detached.write_bytes(build_page([Signature(key_id, signature)]))
    arguments = ["verify", str(image), "--key", str(public), "--signature", str(detached)]
    assert main(arguments) == 0
    detached.write_bytes(build_page([Signature(key_id, signature[:-1] + bytes([signature[-1] ^ 1]))]))
    assert main(arguments) == 1


def test_an_openssl_key_signs(image: Path, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "ed25519", "-out", tmp_path / "key")
    openssl("pkey", "-in", tmp_path / "key", "-pubout", "-out", tmp_path / "key.pub")
    assert main(["sign", str(image), "--key", str(tmp_path / "key")]) == 0
    assert main(["verify", str(image), "--key", str(tmp_path / "key.pub")]) == 0
