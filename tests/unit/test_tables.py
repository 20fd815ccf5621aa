# SPDX-License-Identifier: BSD-2-Clause
"""TOML files that nobody would write: refused in one line, in a time that their length bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loader.cli import main
from loader.errors import ManifestError, SourceError
from loader.tables import MAX_DOCUMENT, MAX_KEY_PARTS, load_document, parse_toml
from loader.units import parse_size
from tests.support import RECIPE, write_recipe


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = " + "[" * 5000, "lists or tables are nested too deep"),
        ("a = " + "{a=" * 5000, "lists or tables are nested too deep"),
        ("a = " + "9" * 5000, "Exceeds the limit"),
        ("a = 0x" + "f" * 5000, "an integer of 20000 bits"),
        ("a = [{b = 18446744073709551616}]", "an integer of 65 bits"),
        ("a." * MAX_KEY_PARTS + "a = 1", "a key of more than 32 parts"),
        (" . ".join(['"a"', "'b'"] * MAX_KEY_PARTS) + " = 1", "a key of more than 32 parts"),
        ("[" + "a." * MAX_KEY_PARTS + "a]", "a key of more than 32 parts"),
        ("a = 1\0", "Expected newline"),
        ("a = 'b", "Expected"),
        ("a = 1\n" * (MAX_DOCUMENT // 6 + 1), f"has more than {MAX_DOCUMENT} bytes"),
        ("a = '\udcff'", "can't decode byte 0xff"),
    ],
)
def test_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ManifestError) as caught:
        load_document(path)
    assert complaint in caught.value.what
    assert caught.value.where == str(path)


def test_accepted() -> None:
    key = ".".join(["a"] * MAX_KEY_PARTS)
    assert parse_toml(f"{key} = 1\nb = '{'1.2.' * 15}'")["b"] == "1.2." * 15
    assert parse_toml("a = 18446744073709551615\nb = -9223372036854775808")["a"] == (1 << 64) - 1


@pytest.mark.parametrize("piece", ["a", "a.", '"', "'", '"a".', "a. ", "' ", ".", '"."', "a \t"])
def test_long_keys_are_found_without_going_back(piece: str) -> None:
    """A pattern that tried every beginning anew would take hours for one of these."""
    for text in (piece * (MAX_DOCUMENT // len(piece)), f"{piece * 200_000}\n= 1"):
        with pytest.raises(ValueError, match=r"."):
            parse_toml(text)


def test_recipes_are_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, Path("a\0b")):
        with pytest.raises(SourceError):
            load_document(path)


@pytest.mark.parametrize(
    "setting",
    [
        "hypervisor.command-line=\udcff",
        "image.stub=\udcff",
        "hypervisor.path=" + "x" * 300,
        "domain.dom0.memory=0x" + "f" * 5000,
        "domain.dom0.memory=" + "9" * 5000,
        "domain.dom0.memory=" + "[" * 5000,
        "domain.dom0.id=0x" + "f" * 5000,
        'domain.dom0.devtree."/chosen".x=\udcff',
        'domain.dom0.devtree."/chosen"."\udcff"=1',
        "\udcff=1",
        ".".join(["a"] * 5000) + "=1",
        "=",
        "",
    ],
)
def test_settings_are_refused_in_one_line(setting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    assert main(["build", str(recipe), "-o", str(tmp_path / "out"), "--set", setting]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_inputs_with_impossible_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path, RECIPE.replace("kernel.elf", "k" * 300))
    assert main(["build", str(recipe), "-o", str(tmp_path / "out")]) == 1
    assert "domain.dom0.kernel: cannot be a file (File name too long)" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["9" * 21, "0x" + "f" * 17, "9" * 5000])
def test_sizes_beyond_64_bits(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
