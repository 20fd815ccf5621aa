# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to a tree's bytes: the scanner answers with facts or with one clear error."""

from __future__ import annotations

import libfdt
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.errors import DeviceTreeError
from loader.fdtscan import ScanFacts, scan
from tests.dtbmaker import END, END_NODE, NOP, begin, make_blob, prop, with_true_size, words
from tests.mutations import Mutation, attempt, mutate, mutation_lists
from tests.treestrategies import REAL_TREES

SEEDS = [path.read_bytes() for path in REAL_TREES]
TOKENS = (
    begin(""),
    begin("a"),
    begin("b@1"),
    prop(0),
    prop(2, b"abc"),
    prop(2, words(1)),
    END_NODE,
    END_NODE,
    END,
    NOP,
)


def scan_or_refuse(blob: bytes) -> ScanFacts | None:
    """Facts, or None after a proper refusal; everything else escapes and fails the test."""
    outcome = attempt(lambda: scan(blob, "tree"))
    if isinstance(outcome, ScanFacts):
        return outcome
    assert isinstance(outcome, DeviceTreeError)
    assert outcome.where.startswith("tree, byte 0x")
    return None


def accepted_by_libfdt(blob: bytes) -> bool:
    return bool(libfdt.fdt_check_full(bytearray(blob), len(blob)) == 0)


@settings(max_examples=600)
@given(st.sampled_from(SEEDS), mutation_lists(), st.booleans())
def test_damaged_trees(seed: bytes, mutations: list[Mutation], true_size: bool) -> None:
    blob = mutate(seed, mutations)
    if true_size:
        blob = with_true_size(blob)
    if scan_or_refuse(blob) is not None:
        assert accepted_by_libfdt(blob)


@settings(max_examples=600)
@given(st.lists(st.sampled_from(TOKENS), max_size=10), st.booleans())
def test_any_order_of_tokens(tokens: list[bytes], proper_ends: bool) -> None:
    if proper_ends:
        tokens = [TOKENS[0], *tokens, END_NODE, END]
    blob = make_blob(b"".join(tokens), b"a\0p\0")
    if scan_or_refuse(blob) is not None:
        assert accepted_by_libfdt(blob)


@settings(max_examples=200)
@given(st.binary(max_size=200), st.booleans())
def test_noise(noise: bytes, with_header: bool) -> None:
    blob = make_blob(noise[:64], noise[64:]) if with_header else noise
    if scan_or_refuse(blob) is not None:
        assert accepted_by_libfdt(blob)


@settings(max_examples=100)
@given(st.sampled_from(SEEDS), st.data())
def test_every_truncation_is_refused(seed: bytes, data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(seed) - 1))
    assert scan_or_refuse(seed[:size]) is None
    assert scan_or_refuse(with_true_size(seed[:size])) is None
