# SPDX-License-Identifier: BSD-2-Clause
"""tools/firmware_keys.py: what it writes is what C reads, and lists of keys that make no sense."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from loader.cli import main as mkimage
from loader.sign import key_id, load_private_key, load_public_key
from tools import firmware_keys

READER = """
#include <stdio.h>
#include "keys.c"

static void print(char mark, const struct trust_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        putchar(mark);
        for (size_t j = 0; j < sizeof(keys[i]); j++)
            printf("%02x", ((const unsigned char *)&keys[i])[j]);
    }
}

int main(void)
{
    struct trust trust;

    trust_built_in(&trust);
    print('+', trust.keys, trust.key_count);
    print('-', trust.revoked, trust.revoked_count);
    printf(" development %d unlocked %d wait %d", trust.development, trust.unlocked, trust.wait);
    return 0;
}
"""


class Bench:
    """A folder with two keys, and the C file in it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root, self.output = folder, root, folder / "keys.c"
        for name in ("first", "second"):
            assert mkimage(["keygen", "-o", str(folder / name)]) == 0
        self.first, self.second = folder / "first.pub", folder / "second.pub"

    def write(self, *arguments: str) -> int:
        return firmware_keys.main([*arguments, "-o", str(self.output)])

    def read(self) -> str:
        """What a C compiler finds in the file."""
        reader, program = self.folder / "reader.c", self.folder / "reader"
        reader.write_text(READER)
        command = ["gcc", "-Wall", "-Werror", f"-I{self.root}/firmware/opal", f"-I{self.root}/abi"]
        subprocess.run([*command, "-o", program, reader], check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def bench(tmp_path: Path, project_root: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    made = Bench(tmp_path, project_root)
    capsys.readouterr()
    return made


def text_of(path: Path) -> str:
    raw = load_public_key(path).public_bytes_raw()
    return hashlib.sha256(raw).hexdigest() + raw.hex()


def test_good_and_revoked(bench: Bench) -> None:
    assert bench.write("--keys", str(bench.first), "--revoked", str(bench.second)) == 0
    assert bench.read() == f"+{text_of(bench.first)}-{text_of(bench.second)} development 0 unlocked 0 wait 0"


def test_several_and_the_development_key(bench: Bench) -> None:
    development = bench.root / "firmware" / "opal" / "keys" / "development.pub"
    keys = [bench.first, bench.second, development]
    assert bench.write("--keys", ",".join(map(str, keys))) == 0
    assert bench.read() == "".join(f"+{text_of(key)}" for key in keys) + " development 1 unlocked 0 wait 0"


def test_unlocked_without_keys(bench: Bench) -> None:
    assert bench.write("--keys", "", "--revoked", "", "--unlocked", "--wait") == 0
    assert bench.read() == " development 0 unlocked 1 wait 1"


def make_keys(root: Path, folder: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """`make` with these settings, as far as the C file."""
    command = ["make", "-s", "-C", str(root / "firmware" / "opal"), f"BUILD={folder}", f"{folder}/keys.c", *settings]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("settings", "unlocked", "wait"),
    [([], "false", "false"), (["UNLOCKED=0", "WAIT=0"], "false", "false"), (["UNLOCKED=1", "WAIT=1"], "true", "true")],
    ids=["unset", "0", "1"],
)
def test_switches_of_make(settings: list[str], unlocked: str, wait: str, project_root: Path, tmp_path: Path) -> None:
    assert make_keys(project_root, tmp_path, *settings).returncode == 0
    text = (tmp_path / "keys.c").read_text()
    assert f".unlocked = {unlocked}," in text
    assert f".wait = {wait}," in text


def test_a_switch_that_is_neither_on_nor_off(project_root: Path, tmp_path: Path) -> None:
    result = make_keys(project_root, tmp_path, "UNLOCKED=no")
    assert result.returncode != 0
    assert "argument --unlocked: 'no' is neither 1 nor 0" in result.stderr
    assert not (tmp_path / "keys.c").exists()


def test_the_same_keys_leave_the_file_alone(bench: Bench) -> None:
    assert bench.write("--keys", str(bench.first)) == 0
    before = bench.output.stat()
    assert bench.write("--keys", str(bench.first)) == 0
    assert bench.output.stat().st_ino == before.st_ino
    assert bench.write("--keys", str(bench.second)) == 0
    assert bench.output.stat().st_ino != before.st_ino


def test_the_published_pair_belongs_together(project_root: Path) -> None:
    keys = project_root / "firmware" / "opal" / "keys"
    private, public = load_private_key(keys / "development"), load_public_key(keys / "development.pub")
    assert key_id(private.public_key()) == key_id(public)
    assert firmware_keys.key_of(keys / "development.pub").identity == key_id(public)


def test_lists_that_make_no_sense(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(bench.first), str(bench.second)
    for arguments, expected in (
        ([], "no key and no UNLOCKED=1: such a firmware starts nothing; give KEYS"),
        (["--revoked", first], "no key and no UNLOCKED=1: such a firmware starts nothing; give KEYS"),
        (["--keys", f"{first},{second}", "--revoked", second], f"{second}: is in KEYS and in REVOKED; leave it out of"),
        (["--keys", f"{first},{first}"], f"{first}: the key is in KEYS twice"),
        (["--keys", first, "--revoked", f"{second},{second}"], f"{second}: the key is in REVOKED twice"),
        (["--keys", first.removesuffix(".pub")], f"{first.removesuffix('.pub')}: a private key"),
        (["--keys", "none.pub"], "none.pub: "),
    ):
        assert bench.write(*arguments) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith(f"firmware_keys: {expected}")
        assert not bench.output.exists()


WEAK_KEYS = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""The points whose order divides eight."""
NO_POINTS = ["02" + "00" * 31, "ee" + "ff" * 30 + "7f"]


@pytest.mark.parametrize("raw", [*WEAK_KEYS, *NO_POINTS])
def test_weak_keys(raw: str, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    key = bench.folder / "weak.pub"
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw))
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert bench.write("--keys", str(key)) == 1
    error = f"firmware_keys: {key}: a weak key: nobody or everybody can sign with it; make one with mkimage keygen\n"
    assert capsys.readouterr().err == error


def test_keys_of_every_sort_are_not_weak() -> None:
    for seed in range(200):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        assert not firmware_keys.is_weak(key.public_key().public_bytes_raw())


def test_no_place_to_write(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert firmware_keys.main(["--keys", str(bench.first), "-o", str(bench.folder / "none" / "keys.c")]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        firmware_keys.main(["--keys", "x"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: firmware_keys")
