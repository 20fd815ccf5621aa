# SPDX-License-Identifier: BSD-2-Clause
"""The committed headers are what loader/abi.py says, and the generator refuses what it cannot say."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any

import construct
import pytest

from loader import abi, abigen


def test_committed_headers_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert abigen.main(["--check"]) == 0, capsys.readouterr().err


def test_check_finds_a_changed_missing_or_extra_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--output", str(tmp_path)]
    assert abigen.main(folder) == 0
    assert abigen.main(["--check", *folder]) == 0
    (tmp_path / "types.h").unlink()
    (tmp_path / "papr.h").write_text((tmp_path / "papr.h").read_text().replace("H_ENTER 0x8", "H_ENTER 0x9"))
    (tmp_path / "old.h").write_text("")
    assert abigen.main(["--check", *folder]) == 1
    named = [line.partition(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert named == [str(tmp_path / name) for name in ("old.h", "papr.h", "types.h")]


def test_layouts_have_their_published_sizes() -> None:
    assert abi.IMAGE_HEADER.sizeof() == 128
    assert abi.IMAGE_ENTRY.sizeof() == 128


def test_every_name_arrives_in_c() -> None:
    texts = abigen.generate()
    everything = "\n".join(texts.values())
    for member in abi.Hcall:
        assert f"#define H_{member.name} {int(member):#x}\n" in texts["papr.h"]
    for code in abi.HcallReturn:
        value = f"({int(code)})" if code < 0 else str(int(code))
        assert f"#define H_{code.name} {value}\n" in texts["papr.h"]
    for name in abigen.public_names():
        if isinstance(name.value, int | str | bytes) and not isinstance(name.value, type):
            assert f"#define {name.name} " in everything, name.name


def test_magic_is_the_same_eight_bytes() -> None:
    assert '#define IMAGE_MAGIC "RNDPEG\\r\\n"\n' in abigen.generate()["boot_image.h"]


@pytest.mark.parametrize(
    "member",
    [
        construct.Int32ul,
        construct.Int16ub,
        construct.Int32sb,
        construct.VarInt,
        construct.GreedyBytes,
        construct.CString("ascii"),
        construct.Bytes(construct.this.size),
        construct.Array(construct.this.size, construct.Byte),
        construct.Array(2, construct.Bytes(4)),
        construct.Optional(construct.Int32ub),
    ],
)
def test_fields_without_a_fixed_big_endian_width(member: Any) -> None:
    structure = construct.Struct("size" / construct.Int32ub, "field" / member)
    with pytest.raises(abigen.UnsupportedName, match=r"X\.field"):
        abigen.structure_fields("X", structure)


def test_nameless_member() -> None:
    with pytest.raises(abigen.UnsupportedName, match="has no name"):
        abigen.structure_fields("X", construct.Struct(construct.Padding(4)))


class _Unknown(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-1, "cannot become a C constant"),
        (1 << 64, "cannot become a C constant"),
        (1.5, "cannot become a C constant"),
        (True, "has no fixed width"),
        ("é", "cannot become a C constant"),
        ({"a": 1}, "cannot become a C constant"),
        (_Unknown, "no prefix for its members"),
    ],
)
def test_values_without_a_c_form(value: object, expected: str) -> None:
    with pytest.raises(abigen.UnsupportedName, match=expected):
        abigen.header_text("papr.h", [abigen.Name("_Unknown", value, "")])


def test_one_name_twice() -> None:
    names = [abigen.Name("A", 1, ""), abigen.Name("A", 2, "")]
    with pytest.raises(abigen.UnsupportedName, match="A would be defined twice"):
        abigen.header_text("papr.h", names)


def test_the_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(abigen, "ENUM_PREFIXES", {})
    assert abigen.main(["--check"]) == 1
    assert capsys.readouterr().err == ("loader/abi.py: EntryType: no prefix for its members in abigen.ENUM_PREFIXES\n")
