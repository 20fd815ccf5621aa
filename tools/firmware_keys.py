#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the C file with what our powernv firmware trusts: `make firmware KEYS=... REVOKED=... UNLOCKED=1 WAIT=1`.

Keys are the public ones that `mkimage keygen` or openssl writes, several with commas between.  The file changes only
when its text does, so that nothing is built again for nothing.  Exit status as mkimage's: 1 for a bad key, 2 for usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loader.errors import LoaderError, SourceError
from loader.io import AtomicFile, write_at
from loader.sign import key_id, load_public_key

DEVELOPMENT_KEY: Final = Path(__file__).resolve().parent.parent / "firmware" / "opal" / "keys" / "development.pub"
BYTES_A_LINE: Final = 16

FIELD: Final = 2**255 - 19
CURVE: Final = -121665 * pow(121666, -1, FIELD) % FIELD
"""Prime and d of the curve -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032, 5.1)."""


@dataclass(frozen=True, slots=True)
class Key:
    """One public key: SHA-256 of the raw key, and the raw key."""

    identity: bytes
    public: bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file and return the exit status."""
    parser = argparse.ArgumentParser(prog="firmware_keys", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keys", type=_paths, default=[], metavar="PUB,PUB", help="whose images start")
    parser.add_argument("--revoked", type=_paths, default=[], metavar="PUB,PUB", help="whose never do")
    for name, text in (
        ("--unlocked", "start images whoever signed them"),
        ("--wait", "after a refusal wait instead of switching off"),
    ):
        parser.add_argument(name, type=_switch, nargs="?", const=True, default=False, metavar="1|0", help=text)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the C file")
    options = parser.parse_args(arguments)
    try:
        text = describe(options.keys, options.revoked, unlocked=options.unlocked, wait=options.wait)
        if not options.output.exists() or options.output.read_text(encoding="utf-8") != text:
            with AtomicFile(options.output) as file:
                write_at(file.fd, text.encode(), 0)
    except LoaderError as error:
        print(f"firmware_keys: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(f"firmware_keys: {error}", file=sys.stderr)
        return 3
    return 0


def describe(keys: Sequence[Path], revoked: Sequence[Path], *, unlocked: bool, wait: bool) -> str:
    """The C file's text; raises LoaderError for files that hold no key and for lists that make no sense."""
    good, bad = _read(keys, "KEYS"), _read(revoked, "REVOKED")
    for path, key in good.items():
        if key in bad.values():
            raise SourceError("is in KEYS and in REVOKED", str(path), "leave it out of KEYS")
    if not good and not unlocked:
        raise SourceError("no key and no UNLOCKED=1: such a firmware starts nothing", hint="give KEYS")
    development = key_of(DEVELOPMENT_KEY) in good.values()
    return "\n".join(
        [
            "/* SPDX-License-Identifier: BSD-2-Clause */",
            "/* Written by tools/firmware_keys.py; give `make firmware` other keys instead of changing it. */",
            '#include "trust.h"',
            "",
            *_array("good_keys", good.values()),
            *_array("revoked_keys", bad.values()),
            "void trust_built_in(struct trust *trust)",
            "{",
            "    *trust = (struct trust){",
            f"        .keys = {'good_keys' if good else 'NULL'},",
            f"        .key_count = {len(good)},",
            f"        .revoked = {'revoked_keys' if bad else 'NULL'},",
            f"        .revoked_count = {len(bad)},",
            f"        .development = {_c_bool(development)},",
            f"        .unlocked = {_c_bool(unlocked)},",
            f"        .wait = {_c_bool(wait)},",
            "    };",
            "}",
            "",
        ]
    )


def key_of(path: Path) -> Key:
    """The public key in a PEM file; raises LoaderError."""
    public = load_public_key(path)
    if is_weak(public.public_bytes_raw()):
        raise SourceError("a weak key: nobody or everybody can sign with it", str(path), "make one with mkimage keygen")
    return Key(key_id(public), public.public_bytes_raw())


def is_weak(public: bytes) -> bool:
    """Whether a raw key is no point of the curve, or one of the eight whose signatures everybody can make."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, FIELD) % FIELD
    root = pow(square, (FIELD + 3) // 8, FIELD)
    x = next((x for x in (root, root * pow(2, (FIELD - 1) // 4, FIELD) % FIELD) if x * x % FIELD == square), None)
    if x is None or y >= FIELD:
        return True
    for _ in range(3):  # three doublings multiply by the eight of the cofactor
        product = CURVE * x * x * y * y
        x, y = 2 * x * y * pow(1 + product, -1, FIELD), (y * y + x * x) * pow(1 - product, -1, FIELD)
    return (x % FIELD, y % FIELD) == (0, 1)


def _read(paths: Sequence[Path], where: str) -> dict[Path, Key]:
    keys: dict[Path, Key] = {}
    for path in paths:
        key = key_of(path)
        if key in keys.values():
            raise SourceError(f"the key is in {where} twice", str(path))
        keys[path] = key
    return keys


def _array(name: str, keys: Collection[Key]) -> list[str]:
    if not keys:
        return []
    lines = [f"static const struct trust_key {name}[] = {{"]
    for key in keys:
        lines += ["    {", *_bytes(".id", key.identity), *_bytes(".public_key", key.public), "    },"]
    return [*lines, "};", ""]


def _bytes(field: str, data: bytes) -> list[str]:
    rows = [data[start : start + BYTES_A_LINE] for start in range(0, len(data), BYTES_A_LINE)]
    return [
        f"        {field} = {{",
        *("            " + " ".join(f"0x{byte:02x}," for byte in row) for row in rows),
        "        },",
    ]


def _c_bool(value: bool) -> str:
    return "true" if value else "false"


def _switch(text: str) -> bool:
    """What a variable of make's says: nobody who writes UNLOCKED=0 wants it unlocked."""
    if text not in ("", "0", "1"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 1 nor 0")
    return text == "1"


def _paths(text: str) -> list[Path]:
    return [Path(name) for name in text.split(",") if name]


if __name__ == "__main__":
    sys.exit(main())
