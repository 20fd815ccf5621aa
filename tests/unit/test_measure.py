# SPDX-License-Identifier: BSD-2-Clause
"""What our firmware will measure, foretold: in text, in JSON, and for files that are no firmware of ours."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import pytest

from loader.cli import main
from loader.measure import Event, extend
from loader.multiboot import read_head
from tests.support import write_recipe

CODE = b"code" * 100


def firmware_file(folder: Path, *, magic: bytes = b"OPALPEG\0", size: int | None = None, words: int = 0) -> Path:
    """A file with the head of our firmware, docs/trust.md."""
    path = folder / "opal.bin"
    total = 32 + len(CODE)
    path.write_bytes(struct.pack(">8sQIIII", magic, total if size is None else size, 1, words, words, 2) + CODE)
    return path


@pytest.fixture
def image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "test.img"
    assert main(["build", str(write_recipe(tmp_path)), "-o", str(path)]) == 0
    capsys.readouterr()
    return path


def measured(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main(["inspect", *map(str, arguments), "--measure"])
    return status, *capsys.readouterr()


def expected_events(image: Path, firmware: Path) -> list[tuple[str, str]]:
    head = read_head(image)
    return [
        ("firmware", hashlib.sha256(firmware.read_bytes()).hexdigest()),
        ("image-head", head.head_digest.hex()),
        *((entry.name, entry.digest.hex()) for entry in head.entries),
    ]


def chain_of(events: list[tuple[str, str]]) -> str:
    chain = bytes(32)
    for _, digest in events:
        chain = hashlib.sha256(chain + bytes.fromhex(digest)).digest()
    return chain.hex()


def test_text(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    firmware = firmware_file(image.parent)
    events = expected_events(image, firmware)
    lines = [f"{digest}  {name}\n" for name, digest in events] + [f"{chain_of(events)}  chain\n"]
    assert measured(capsys, image, "--firmware", firmware) == (0, "".join(lines), "")


def test_json(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    firmware = firmware_file(image.parent)
    events = expected_events(image, firmware)
    status, out, err = measured(capsys, image, "--json", "--firmware", firmware)
    listed = [{"name": name, "digest": digest} for name, digest in events]
    assert (status, err, json.loads(out)) == (0, "", {"events": listed, "chain": chain_of(events)})


def test_without_firmware_there_is_no_chain(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = expected_events(image, firmware_file(image.parent))[1:]
    lines = [f"{digest}  {name}\n" for name, digest in events]
    note = "chain: needs --firmware, which is its first event\n"
    assert measured(capsys, image) == (0, "".join([*lines, note]), "")
    listed = [{"name": name, "digest": digest} for name, digest in events]
    assert json.loads(measured(capsys, image, "--json")[1]) == {"events": listed, "chain": None}


def test_the_chain_of_nothing_and_of_one() -> None:
    assert extend([]) == bytes(32)
    digest = hashlib.sha256(b"abc").digest()
    assert extend([Event("abc", digest)]) == hashlib.sha256(bytes(32) + digest).digest()


def test_signing_changes_nothing(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = measured(capsys, image)
    assert main(["keygen", "-o", str(image.parent / "key")]) == 0
    assert main(["sign", str(image), "--key", str(image.parent / "key")]) == 0
    capsys.readouterr()
    assert measured(capsys, image) == before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"magic": b"RPEGSTUB"}, "not our firmware; give what `make firmware` wrote"),
        ({"words": 1}, "not our firmware; give what `make firmware` wrote"),
        ({"size": 433}, "has 432 bytes, its size word says 433; build it again"),
    ],
)
def test_files_that_are_no_firmware(
    options: dict[str, int], expected: str, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    firmware = firmware_file(image.parent, **options)  # type: ignore[arg-type]
    assert measured(capsys, image, "--firmware", firmware) == (1, "", f"mkimage: {firmware}: {expected}\n")


def test_a_firmware_that_is_too_short_or_missing(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    firmware = firmware_file(image.parent)
    firmware.write_bytes(firmware.read_bytes()[:31])
    assert measured(capsys, image, "--firmware", firmware)[::2] == (
        1,
        f"mkimage: {firmware}: not our firmware; give what `make firmware` wrote\n",
    )
    firmware.unlink()
    status, out, err = measured(capsys, image, "--firmware", firmware)
    assert (status, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    "options", [["--firmware", "f"], ["--measure", "--map"], ["--measure", "--sbom"], ["--measure", "--svg", "f"]]
)
def test_wrong_usage(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["inspect", "x.img", *options])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mkimage")
