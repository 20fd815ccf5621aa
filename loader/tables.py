# SPDX-License-Identifier: BSD-2-Clause
"""TOML files with strict tables: every complaint names the file and the exact key, in a reader's words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from loader.errors import ManifestError
from loader.io import open_source

MAX_DOCUMENT: Final = 1 << 20
"""Bytes of a recipe or blades file; a hundred domains or ten thousand blades have less."""
MAX_KEY_PARTS: Final = 32
"""Parts of a dotted key: the TOML reader's time grows with their square."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Base of tables as they are written."""


AnyTable = TypeVar("AnyTable", bound=Table)

_FIELD_ERROR: Final = re.compile(r"Object (?P<problem>contains unknown|missing required) field `(?P<key>.*)`")
_KEY_PART: Final = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_LONG_KEY: Final = re.compile(f"(?:{_KEY_PART}){{{MAX_KEY_PARTS}}}")
_TYPES: Final = re.compile(r"`([^`]*)`")
_TYPE_NAMES: Final = {
    "object": "a table",
    "array": "a list",
    "str": "text",
    "int": "an integer",
    "float": "a fraction",
    "bool": "true or false",
    "null": "",
}


def load_document(path: Path) -> dict[str, Any]:
    """A TOML file's contents; raises ManifestError or SourceError."""
    with open_source(path) as file:
        raw = file.read(MAX_DOCUMENT + 1)
    if len(raw) > MAX_DOCUMENT:
        raise ManifestError(f"has more than {MAX_DOCUMENT} bytes", where=str(path))
    try:
        return parse_toml(raw.decode())
    except ValueError as error:
        raise ManifestError(f"is not TOML: {error}", where=str(path)) from None


def parse_toml(text: str) -> dict[str, Any]:
    """A TOML document's contents, in a time that its length bounds; raises ValueError.

    The standard reader takes its time over keys of many parts, and leaves nests too deep for it and numbers too long
    for anyone to the caller.
    """
    if _LONG_KEY.search(text):
        raise ValueError(f"a key of more than {MAX_KEY_PARTS} parts")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ValueError("lists or tables are nested too deep") from None
    _check_numbers(document)
    return document


def _check_numbers(document: dict[str, Any]) -> None:
    """Raises ValueError for an integer beyond 64 bits, which TOML does not have."""
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
            raise ValueError(f"an integer of {value.bit_length()} bits")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a document."""

    document: Path
    key: str = ""

    def __truediv__(self, key: str) -> Self:
        return replace(self, key=f"{self.key}.{key}" if self.key else key)

    def __str__(self) -> str:
        return f"{self.document}: {self.key}" if self.key else str(self.document)

    def error(self, what: str, hint: str = "") -> ManifestError:
        """The complaint about what is here."""
        return ManifestError(what, where=str(self), hint=hint)

    def table(self, value: object, kind: type[AnyTable]) -> AnyTable:
        """`value` as that kind of table; raises ManifestError."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self._conversion_error(str(error), kind) from None
        except UnicodeEncodeError:
            raise self.error("holds text that is not Unicode") from None
        except RecursionError:
            raise self.error("lists or tables are nested too deep") from None

    def _conversion_error(self, message: str, kind: type[Table]) -> ManifestError:
        what, _, path = message.partition(" - at `$")
        keys = path.rstrip("`").strip(".")
        place = self / keys if keys else self
        if match := _FIELD_ERROR.fullmatch(what):
            place = place / match["key"]
            if match["problem"] == "missing required":
                return place.error("is missing")
            return place.error("unknown key", _known(_table_keys(_hint_at(kind, keys))))
        if what.startswith("Expected "):  # anything else has the user's words in it
            what = _TYPES.sub(_type_text, what)
        return place.error(what[0].lower() + what[1:], _known(_choices(_hint_at(kind, keys))))


def _type_text(match: re.Match[str]) -> str:
    """The library's names of types in ours."""
    return " or ".join(filter(None, (_TYPE_NAMES.get(name, name) for name in match[1].split(" | "))))


def _known(words: Sequence[str]) -> str:
    return f"known are {', '.join(words)}" if words else ""


def _hint_at(hint: Any, keys: str) -> Any:
    """What may stand at the dotted `keys` below a table."""
    for key in filter(None, re.sub(r"\[.*?\]", "", keys).split(".")):
        hints = {name: found for table in _tables(hint) for name, found in get_type_hints(table).items()}
        hint = hints.get(key.replace("-", "_"))
    return hint


def _tables(hint: Any) -> list[type[Table]]:
    return [kind for kind in _alternatives(hint) if isinstance(kind, type) and issubclass(kind, Table)]


def _table_keys(hint: Any) -> tuple[str, ...]:
    """The keys of a table."""
    return tuple(key for table in _tables(hint) for key in table.__struct_encode_fields__)


def _choices(hint: Any) -> tuple[str, ...]:
    """The words that may stand there, where they are few."""
    return tuple(word for kind in _alternatives(hint) if get_origin(kind) is Literal for word in get_args(kind))


def _alternatives(hint: Any) -> list[Any]:
    """What a value of this type may be, or an element of it if it is a list."""
    if get_origin(hint) in (list, Union, UnionType):
        return [kind for part in get_args(hint) for kind in _alternatives(part)]
    return [hint]
