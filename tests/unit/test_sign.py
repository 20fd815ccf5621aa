# SPDX-License-Identifier: BSD-2-Clause
"""Keys, signing without rebuilding, and what `verify` says with keys and without."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from loader import abi
from loader.cli import main
from loader.multiboot import read_head
from loader.sign import generate_key
from loader.signaturepage import build_page
from tests.support import write_recipe


@dataclass(frozen=True)
class Bench:
    """An image, two keys and the command line beside them."""

    folder: Path
    image: Path
    first: Path
    second: Path
    first_id: str
    second_id: str
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *self.capsys.readouterr()

    def state(self, *keys: Path, detached: Path | None = None) -> tuple[int, list[tuple[str, str | None]]]:
        """Exit status of `verify`, and state and place of each key."""
        options: list[object] = [part for key in keys for part in ("--key", f"{key}.pub")]
        options += [] if detached is None else ["--signature", detached]
        status, out, _ = self.run("verify", self.image, "--json", *options)
        return status, [(key["state"], key["place"]) for key in json.loads(out)["keys"]]


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    image = tmp_path / "test.img"
    assert main(["build", str(write_recipe(tmp_path)), "-o", str(image)]) == 0
    capsys.readouterr()
    first, second = tmp_path / "first", tmp_path / "second"
    return Bench(tmp_path, image, first, second, generate_key(first).hex(), generate_key(second).hex(), capsys)


def test_keygen(bench: Bench) -> None:
    key = bench.folder / "new"
    status, out, err = bench.run("keygen", "-o", key)
    assert (status, err) == (0, "")
    assert out.startswith(f"{key}: key ")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"BEGIN PRIVATE KEY" in key.read_bytes()
    assert b"BEGIN PUBLIC KEY" in (bench.folder / "new.pub").read_bytes()
    before = key.read_bytes()
    assert bench.run("keygen", "-o", key) == (3, "", f"mkimage: {key}: exists, keys are never overwritten\n")
    assert key.read_bytes() == before


def test_keygen_leaves_no_half_of_a_pair(bench: Bench) -> None:
    key = bench.folder / "new"
    (bench.folder / "new.pub").write_text("something")
    assert bench.run("keygen", "-o", key)[0] == 3
    assert not key.exists()
    assert (bench.folder / "new.pub").read_text() == "something"
    assert bench.run("keygen", "-o", bench.folder / "none" / "new")[0] == 3


def test_keygen_where_there_are_no_links(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT, where keys are often kept."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    key, before = bench.folder / "new", sorted(bench.folder.iterdir())
    assert bench.run("keygen", "-o", key)[0] == 0
    assert key.stat().st_mode & 0o077 == 0
    assert bench.run("sign", bench.image, "--key", key)[0] == 0
    assert sorted(bench.folder.iterdir()) == sorted([*before, key, Path(f"{key}.pub")])
    content = key.read_bytes()
    assert bench.run("keygen", "-o", key) == (3, "", f"mkimage: {key}: exists, keys are never overwritten\n")
    assert key.read_bytes() == content


def test_signing_changes_the_signature_page_only(bench: Bench) -> None:
    before, head = bench.image.read_bytes(), read_head(bench.image)
    assert bench.run("sign", bench.image, "--key", bench.first) == (
        0,
        f"{bench.image}: signed by key {bench.first_id}\n",
        "",
    )
    after = bench.image.read_bytes()
    start = abi.IMAGE_FILE_OFFSET + head.signature_offset
    end = start + abi.IMAGE_PAGE_SIZE
    assert (after[:start], after[end:]) == (before[:start], before[end:])
    assert after[start:end] != before[start:end]
    assert bench.run("sign", bench.image, "--remove", bench.first_id[:8].upper())[0] == 0
    assert bench.image.read_bytes() == before


def test_several_keys(bench: Bench) -> None:
    assert bench.state(bench.first) == (1, [("no-signature", None)])
    for key in (bench.second, bench.first, bench.second):
        assert bench.run("sign", bench.image, "--key", key)[0] == 0
    records = [record.key_id.hex() for record in read_head(bench.image).signatures]
    assert records == sorted([bench.first_id, bench.second_id])
    assert bench.state(bench.first, bench.second) == (0, [("signed", "inside")] * 2)
    assert bench.run("sign", bench.image, "--remove", bench.first_id)[0] == 0
    assert bench.state(bench.first, bench.second) == (0, [("no-signature", None), ("signed", "inside")])
    assert bench.state(bench.first) == (1, [("no-signature", None)])


def test_detached(bench: Bench) -> None:
    before, file = bench.image.read_bytes(), bench.folder / "test.sig"
    assert bench.run("sign", bench.image, "--key", bench.first, "--detached", file)[0] == 0
    assert bench.image.read_bytes() == before
    assert file.stat().st_size == abi.IMAGE_PAGE_SIZE
    assert bench.state(bench.first) == (1, [("no-signature", None)])
    assert bench.state(bench.first, bench.second, detached=file) == (
        0,
        [("signed", "detached"), ("no-signature", None)],
    )
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert bench.run("verify", bench.image, "--key", f"{bench.first}.pub", "--signature", file)[::2] == (
        1,
        f"mkimage: {file}: the signature page does not match its SHA-256\n",
    )


def test_a_detached_signature_is_attached(bench: Bench) -> None:
    """The same image as if it had been signed here, in place of a former signature of the key."""
    first, both = bench.folder / "first.sig", bench.folder / "both.img"
    assert bench.run("sign", bench.image, "--key", bench.first, "--detached", first)[0] == 0
    assert bench.run("sign", bench.image, "--key", bench.second)[0] == 0
    before = bench.image.read_bytes()
    line = f"{bench.image}: signature of key {bench.first_id} "
    assert bench.run("sign", bench.image, "--attach", first, "--dry-run") == (0, line + "would be attached\n", "")
    assert bench.image.read_bytes() == before
    for _ in range(2):
        assert bench.run("sign", bench.image, "--attach", first) == (0, line + "attached\n", "")
        assert bench.state(bench.first, bench.second) == (0, [("signed", "inside"), ("signed", "inside")])
    both.write_bytes(before)
    assert bench.run("sign", both, "--key", bench.first)[0] == 0
    assert both.read_bytes() == bench.image.read_bytes()


def test_nothing_to_attach(bench: Bench) -> None:
    empty = bench.folder / "empty"
    empty.write_bytes(build_page([]))
    assert bench.run("sign", bench.image, "--attach", empty) == (1, "", f"mkimage: {empty}: holds no signature\n")
    complaint = f"{bench.first}: no detached signature; give what `mkimage sign --detached` wrote"
    assert bench.run("sign", bench.image, "--attach", bench.first) == (1, "", f"mkimage: {complaint}\n")


def test_a_signature_of_another_image(bench: Bench) -> None:
    other, file = bench.folder / "other.img", bench.folder / "other.sig"
    recipe = bench.folder / "recipe.toml"
    assert bench.run("build", recipe, "-o", other, "--set", "domain.dom0.memory=80M")[0] == 0
    assert bench.run("sign", other, "--key", bench.first, "--detached", file)[0] == 0
    assert bench.state(bench.first, detached=file) == (1, [("bad-signature", "detached")])
    assert bench.run("sign", bench.image, "--key", bench.first)[0] == 0
    assert bench.state(bench.first, detached=file) == (0, [("signed", "inside")])


def test_a_damaged_image_is_never_trusted_and_never_signed(bench: Bench) -> None:
    assert bench.run("sign", bench.image, "--key", bench.first)[0] == 0
    good = bench.image.read_bytes()
    for offset in (-1, abi.IMAGE_FILE_OFFSET + read_head(bench.image).stub_size + 0x40):
        damaged = bytearray(good)
        damaged[offset] ^= 1
        bench.image.write_bytes(damaged)
        status, out, _ = bench.run("verify", bench.image, "--key", f"{bench.first}.pub", "--json")
        assert (status, json.loads(out)["sound"], json.loads(out)["trusted"]) == (1, False, False)
        assert bench.run("sign", bench.image, "--key", bench.second)[0] == 1
        assert bench.run("sign", bench.image, "--remove", bench.first_id)[0] == 1
        assert bench.image.read_bytes() == damaged


def test_verify_in_words(bench: Bench) -> None:
    bench.run("sign", bench.image, "--key", bench.first)
    sound = f"{bench.image}: sound, 5 entries match their digests\n"
    unchecked = f"{bench.image}: signature of key {bench.first_id}, inside, not checked\n"
    assert bench.run("verify", bench.image) == (0, sound + unchecked, "")
    public = f"{bench.second}.pub"
    line = f"{public}: key {bench.second_id} has not signed\n"
    assert bench.run("verify", bench.image, "--key", public) == (1, sound + unchecked + line, "")
    public = f"{bench.first}.pub"
    line = f"{public}: key {bench.first_id} has signed this image (inside)\n"
    assert bench.run("verify", bench.image, "--key", public) == (0, sound + line, "")
    assert f"signature of key {bench.first_id}\n" in bench.run("inspect", bench.image)[1]
    assert json.loads(bench.run("inspect", bench.image, "--json")[1])["signatures"] == [bench.first_id]


def test_as_many_as_there_is_room_for(bench: Bench) -> None:
    for number in range(abi.MAX_SIGNATURES + 1):
        key = bench.folder / f"key{number}"
        generate_key(key)
        expected = (
            (0, "") if number < abi.MAX_SIGNATURES else (1, "mkimage: 33 signatures, an image holds 32; remove one")
        )
        status, _, err = bench.run("sign", bench.image, "--key", key)
        assert (status, err[: len(expected[1])]) == expected
    assert len(read_head(bench.image).signatures) == abi.MAX_SIGNATURES


@pytest.mark.parametrize("wanted", ["", "0", "zzzzzzzz", "0123456789abcdef"])
def test_removing_what_is_not_there(wanted: str, bench: Bench) -> None:
    bench.run("sign", bench.image, "--key", bench.first)
    status, _, err = bench.run("sign", bench.image, "--remove", wanted)
    assert status == 1
    assert err.endswith(f"signed by: {bench.first_id[:16]}; give at least 8 digits\n")


def test_too_few_digits(bench: Bench) -> None:
    bench.run("sign", bench.image, "--key", bench.first)
    assert bench.run("sign", bench.image, "--remove", bench.first_id[:7])[0] == 1


X25519_PUBLIC = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAqDC0xb9HvgSQXOHF1xJc1Xn6wyPmvmpQAfz5ZCwS1SU=
-----END PUBLIC KEY-----
"""
"""Right size, wrong algorithm."""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no public key in PEM"),
        (b"\xff\xfe\n" * 1000, "no public key in PEM"),
        (b"\xff\xfe\n" * 2000, "has more than 4096 bytes, no Ed25519 key in PEM has"),
        (X25519_PUBLIC.encode(), "not an Ed25519 key; make one with mkimage keygen"),
        (b"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\n", "a private key, to verify takes the public one"),
    ],
)
def test_public_keys_that_are_none(content: bytes, expected: str, bench: Bench) -> None:
    key = bench.folder / "bad.pub"
    key.write_bytes(content)
    status, out, err = bench.run("verify", bench.image, "--key", key)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"mkimage: {key}: {expected}")


SHORT_X448_KEY = b"""\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VvBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
"""Of another algorithm, and too short for that: an internal error of the library."""


def test_private_keys_that_are_none(bench: Bench) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    encrypted = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    other = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    before = bench.image.read_bytes()
    for content, expected in (
        (encrypted, "the key is encrypted; decrypt it with openssl pkey"),
        (other, "not an Ed25519 key"),
        (b"nonsense", "no private key in PEM"),
        (Path(f"{bench.first}.pub").read_bytes(), "a public key, to sign takes the private one"),
        (SHORT_X448_KEY, "no private key in PEM (Unknown OpenSSL error"),
    ):
        key = bench.folder / "bad"
        key.write_bytes(content)
        status, _, err = bench.run("sign", bench.image, "--key", key)
        assert (status, err.count("\n")) == (1, 1)
        assert err.startswith(f"mkimage: {key}: {expected}")
    assert bench.image.read_bytes() == before


def test_detached_over_an_input(bench: Bench) -> None:
    for path in (bench.image, bench.first):
        before = path.read_bytes()
        assert bench.run("sign", bench.image, "--key", bench.first, "--detached", path)[0] == 1
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        ["sign", "x.img"],
        ["sign", "x.img", "--key", "k", "--remove", "12345678"],
        ["sign", "x.img", "--remove", "12345678", "--detached", "f"],
        ["verify", "x.img", "--signature", "f"],
        ["keygen"],
    ],
)
def test_wrong_usage(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mkimage")
