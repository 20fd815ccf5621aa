# SPDX-License-Identifier: BSD-2-Clause
"""Damage for binary files, as data: hypothesis draws and shrinks it, a seeded generator can draw it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st

from loader.errors import LoaderError

Result = TypeVar("Result")

MAX_SPAN = 64
EDGE_VALUES = (0, 1, 2, 3, 4, 9, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF)
KINDS = ("flip", "byte", "word", "word", "word", "wide", "add", "cut", "repeat", "move", "truncate", "grow")


class Mutation(NamedTuple):
    """One piece of damage: what kind, where (taken modulo the file's size), and a number the kind interprets."""

    kind: str
    place: int
    value: int


def mutation_lists(max_size: int = 4) -> st.SearchStrategy[list[Mutation]]:
    """One to `max_size` mutations."""
    values = st.one_of(st.sampled_from(EDGE_VALUES), st.integers(0, 0xFFFF_FFFF))
    mutation = st.builds(Mutation, st.sampled_from(KINDS), st.integers(0, 1 << 20), values)
    return st.lists(mutation, min_size=1, max_size=max_size)


def mutate(data: bytes, mutations: Sequence[Mutation]) -> bytes:
    """`data` with all `mutations` applied in order."""
    damaged = bytearray(data)
    for mutation in mutations:
        if damaged:
            _apply(damaged, mutation)
    return bytes(damaged)


def attempt(call: Callable[[], Result]) -> Result | LoaderError:
    """What `call` returns, or its refusal, checked to be one printable line; any other exception escapes."""
    try:
        return call()
    except LoaderError as error:
        if not str(error).isprintable():
            raise AssertionError(f"not one printable line: {error!r}") from error
        return error


def _apply(data: bytearray, mutation: Mutation) -> None:
    kind, place, value = mutation
    at = place % len(data)
    word = at & ~3
    span = 4 * (1 + value % (MAX_SPAN // 4))
    if kind == "flip":
        data[at] ^= 1 << value % 8
    elif kind == "byte":
        data[at] = value % 256
    elif kind == "word":
        data[word : word + 4] = value.to_bytes(4, "big")
    elif kind == "wide":
        data[word : word + 8] = (value * 0x1_0000_0001).to_bytes(8, "big")
    elif kind == "add":
        old = int.from_bytes(data[word : word + 4], "big")
        data[word : word + 4] = ((old + value % 17 - 8) % (1 << 32)).to_bytes(4, "big")
    elif kind == "cut":
        del data[word : word + span]
    elif kind == "repeat":
        data[word:word] = data[word : word + span]
    elif kind == "move":
        piece = bytes(data[word : word + span])
        del data[word : word + span]
        target = (value * 4) % (len(data) + 1)
        data[target:target] = piece
    elif kind == "truncate":
        del data[at:]
    else:
        data += bytes([value % 256]) * span
