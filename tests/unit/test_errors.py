# SPDX-License-Identifier: BSD-2-Clause
"""Errors are one line: where, what, hint."""

from __future__ import annotations

import pytest

from loader import errors
from loader.errors import EnvironmentProblem, LoaderError, one_line

BAD_INPUT = ("DeviceTreeError", "ElfError", "ImageError", "LayoutError", "ManifestError", "SourceError")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LoaderError("it broke"), "it broke"),
        (LoaderError("it broke", "a.toml"), "a.toml: it broke"),
        (LoaderError("it broke", hint="mend it"), "it broke; mend it"),
        (LoaderError("it broke", "a.toml", "mend it"), "a.toml: it broke; mend it"),
    ],
)
def test_line(error: LoaderError, text: str) -> None:
    assert str(error) == text


def test_fields() -> None:
    error = LoaderError("it broke", where="a.toml", hint="mend it")
    assert (error.what, error.where, error.hint) == ("it broke", "a.toml", "mend it")


def test_hostile_names_stay_on_one_line() -> None:
    error = LoaderError("no node 'a\nb'", "evil\r\x1b[2Jname\u2028", "see \udcff")
    assert str(error) == r"evil\r\x1b[2Jname\u2028: no node 'a\nb'; see \udcff"


def test_printable_text_is_left_alone() -> None:
    assert one_line("größer als 3 \\n") == "größer als 3 \\n"


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_exits_with_1(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, LoaderError)
    assert kind("what").exit_status == 1


def test_environment_exits_with_3() -> None:
    assert issubclass(EnvironmentProblem, LoaderError)
    assert EnvironmentProblem("what").exit_status == 3
