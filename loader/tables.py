# SPDX-License-Identifier: BSD-2-Clause
"""TOML files with strict tables: every complaint names the file and the exact key, in a reader's words."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from loader.errors import ManifestError


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Base of tables as they are written."""


AnyTable = TypeVar("AnyTable", bound=Table)

_FIELD_ERROR: Final = re.compile(r"Object (?P<problem>contains unknown|missing required) field `(?P<key>.*)`")
_TYPE_NAMES: Final = {
    "`": "",
    "object": "a table",
    "array": "a list",
    "str": "text",
    "int": "an integer",
    "null": "none",
}


def load_document(path: Path) -> dict[str, Any]:
    """A TOML file's contents; raises ManifestError."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"is not TOML: {error}", where=str(path)) from None


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

    def _conversion_error(self, message: str, kind: type[Table]) -> ManifestError:
        what, _, path = message.partition(" - at `$")
        keys = path.rstrip("`").strip(".")
        place = self / keys if keys else self
        if match := _FIELD_ERROR.fullmatch(what):
            place = place / match["key"]
            return place.error("unknown key") if match["problem"] == "contains unknown" else place.error("is missing")
        hint = f"known are {', '.join(choices)}" if (choices := _choices(kind, keys)) else ""
        for theirs, ours in _TYPE_NAMES.items():
            what = what.replace(theirs, ours)
        return place.error(what[0].lower() + what[1:], hint)


def _choices(hint: Any, keys: str) -> tuple[str, ...]:
    """The words that may stand at the dotted `keys` below a table, where they are few."""
    for key in re.sub(r"\[.*?\]", "", keys).split("."):
        tables = [kind for kind in _alternatives(hint) if isinstance(kind, type) and issubclass(kind, Table)]
        hints = {name: found for table in tables for name, found in get_type_hints(table).items()}
        hint = hints.get(key.replace("-", "_"))
    return tuple(word for kind in _alternatives(hint) if get_origin(kind) is Literal for word in get_args(kind))


def _alternatives(hint: Any) -> list[Any]:
    """What a value of this type may be, or an element of it if it is a list."""
    if get_origin(hint) in (list, Union, UnionType):
        return [kind for part in get_args(hint) for kind in _alternatives(part)]
    return [hint]
