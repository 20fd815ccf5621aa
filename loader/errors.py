# SPDX-License-Identifier: BSD-2-Clause
"""Every error a user can cause, as one line: what is wrong, where, and what to do about it.

The command line catches `LoaderError`, prints `str(error)` and exits with `error.exit_status`.  Anything else
that escapes is a bug in this package and keeps its traceback.
"""

from __future__ import annotations

from typing import ClassVar


class LoaderError(Exception):
    """Base of all errors of this package.

    what   the fact, in one clause without a full stop ("segment 2 reaches past the end of the file")
    where  the place: a file, a path inside the recipe, a device-tree node, a byte offset; may be empty
    hint   what the user can do; may be empty
    """

    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint
        self.others: tuple[LoaderError, ...] = ()
        """The same kind of thing in other places, for who wants to mend all at once."""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"; {self.hint}" if self.hint else ""
        return one_line(f"{place}{self.what}{advice}")


class SourceError(LoaderError):
    """An input file cannot be read, is not a regular file, or changed while it was read."""


class ManifestError(LoaderError):
    """A recipe is wrong; `where` holds the file and the path inside the recipe."""


class ElfError(LoaderError):
    """A file is not an ELF file that can be booted."""


class DeviceTreeError(LoaderError):
    """A device tree is malformed, or a change would make it so."""


class LayoutError(LoaderError):
    """Two things collide, or something does not fit."""


class ImageError(LoaderError):
    """An image is malformed, truncated or altered."""


class EnvironmentProblem(LoaderError):
    """The machine this runs on lacks something: a tool, a permission, space."""

    exit_status: ClassVar[int] = 3


def one_line(text: str) -> str:
    """`text` with every character that does not print escaped, so that names from hostile files stay on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)
