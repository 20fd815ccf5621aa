# SPDX-License-Identifier: BSD-2-Clause
"""A bit that flipped on the way into memory: the stub on the emulated machine does not enter the hypervisor.

A sample of each part; `python -m tests.boot.flips` does them all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader import abi, cli
from loader.sign import generate_key, sign_image
from tests.boot.flips import End, FlipBench, find_function, flip_many
from tests.support import RECIPE, Load, make_elf, write_recipe

Reason = abi.StubReason

CONDITIONAL_BRANCH = 16
"""Primary opcode of bc (Power ISA Book I, 2.4)."""
BRANCH_TO_SELF = bytes.fromhex("48000000")
SAMPLE = 120
"""Bits of each part; the stub words have 256."""


@pytest.fixture(scope="module")
def bench(stub_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlipBench]:
    """A machine with a signed image."""
    folder = tmp_path_factory.mktemp("flips")
    recipe = write_recipe(folder, RECIPE.replace("stub.bin", str(stub_binary)))
    (folder / "hypervisor.elf").write_bytes(make_elf(Load(0x4_0000, BRANCH_TO_SELF, memory_size=0x1000)))
    image = folder / "image.elf"
    assert cli.main(["build", str(recipe), "-o", str(image)]) == 0
    generate_key(folder / "key")
    sign_image(image, folder / "key")
    with FlipBench(image) as running:
        yield running


def region(bench: FlipBench, name: str) -> range:
    """Offsets from the load base."""
    head = bench.head
    table = head.stub_size + abi.IMAGE_HEADER.sizeof()
    match name:
        case "stub words":
            return range(abi.STUB_MAGIC_OFFSET, abi.STUB_SCRATCH_OFFSET + 8)
        case "header":
            return range(head.stub_size, table)
        case "table":
            return range(table, table + len(head.entries) * abi.IMAGE_ENTRY.sizeof())
        case "signatures":
            page = head.signature_offset
            return range(page, page + abi.IMAGE_SIGNATURES.sizeof() + abi.IMAGE_SIGNATURE.sizeof())
        case "overlay":
            overlay = head.entry("boot-overlay")
            return range(overlay.offset, overlay.end)
        case "payloads and padding":
            return range(head.payload_offset, head.total_size)
    return range(head.stub_size)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("stub words", {Reason.HEAD_DIGEST}),
        ("header", {Reason.BAD_HEADER, Reason.TRUNCATED, Reason.HEAD_DIGEST}),
        ("table", {Reason.HEAD_DIGEST}),
        ("signatures", {Reason.SIGNATURES}),
        ("overlay", {Reason.ENTRY_DIGEST}),
        ("payloads and padding", {Reason.ENTRY_DIGEST, Reason.PADDING}),
    ],
)
def test_flipped_data_is_refused_with_its_reason(name: str, reasons: set[abi.StubReason], bench: FlipBench) -> None:
    offsets = region(bench, name)
    bits = random.Random(f"flips {name}").sample(range(8 * offsets.start, 8 * offsets.stop), SAMPLE)
    outcomes, entered = flip_many(bench, bits)
    assert not entered
    assert {outcome.end for outcome in outcomes} == {End.REFUSED}
    assert {outcome.reason for outcome in outcomes} == reasons
    assert bench.run().end is End.ENTERED


def test_flipped_code_does_not_enter_the_hypervisor(bench: FlipBench) -> None:
    """Damaged code may do anything before its digest is checked; nearly all of it is refused all the same."""
    bits = random.Random("flips code").sample(range(8 * len(region(bench, "stub"))), SAMPLE)
    outcomes, entered = flip_many(bench, bits)
    assert not entered
    refused = sum(count for outcome, count in outcomes.items() if outcome.end is End.REFUSED)
    assert refused > 0.9 * SAMPLE
    assert bench.run().end is End.ENTERED


def test_flipped_branches_around_the_digest(bench: FlipBench) -> None:
    """One bit of where a branch goes once skipped the digest's check, which is why there are two of them."""
    code = find_function("image_check")
    branches = [at for at in code[::4] if bench.bytes[at] >> 2 == CONDITIONAL_BRANCH]
    assert len(branches) > 3
    bits = [8 * (at + 3) + bit for at in branches for bit in range(2, 8)]
    _, entered = flip_many(bench, bits)
    assert not entered
    assert bench.run().end is End.ENTERED
