# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to an ELF file's bytes: facts that obey the rules, or one clear error."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader import elf
from loader.elf import ElfFacts, physical_entry, read_elf, real_address, require_ppc64
from loader.errors import LoaderError
from tests.elfmaker import ElfFile, Phdr
from tests.mutations import EDGE_VALUES, Mutation, attempt, mutate, mutation_lists

SEED_SIZE = 0x400
LAYOUT = (
    Phdr(type=6, offset=64),
    Phdr(offset=0x200, vaddr=0xC000_0200, paddr=0x200, filesz=0x80, memsz=0x80, align=0x100),
    Phdr(offset=0x300, vaddr=0xC000_1300, paddr=0x1300, filesz=0x40, memsz=0x900, flags=6, align=0x100),
    Phdr(type=2, offset=0x300, vaddr=0xC000_1300, paddr=0x1300, filesz=0x40, memsz=0x40, align=8),
)
SEEDS = [
    ElfFile(LAYOUT, bits, little_endian, entry=entry, size=SEED_SIZE).pack()
    for bits in (32, 64)
    for little_endian in (False, True)
    for entry in (0xC000_0210, 0xC000_1300)
]
HEADERS_END = 64 + 56 * len(LAYOUT)

Write = Callable[[bytes], Path]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    path = tmp_path_factory.mktemp("elf") / "file"

    def put(data: bytes) -> Path:
        path.write_bytes(data)
        return path

    return put


def check(path: Path) -> None:
    facts = attempt(lambda: read_elf(path))
    if isinstance(facts, ElfFacts):
        assert_sound(facts)
        attempt(lambda: physical_entry(facts))
        attempt(lambda: require_ppc64(facts))
    else:
        assert facts.where.startswith(str(path))


def assert_sound(facts: ElfFacts) -> None:
    """Restate the promises of ElfFacts, without sharing code with the checks."""
    assert facts.segments
    for segment in facts.segments:
        assert 0 < segment.memory_size <= elf.MAX_MEMORY
        assert segment.file_size <= segment.memory_size
        assert segment.file_size == 0 or segment.offset + segment.file_size <= facts.size
        for address in (segment.vaddr, segment.paddr):
            assert address + segment.memory_size <= 1 << facts.bits
        assert segment.align in {0, *(1 << shift for shift in range(64))}
    assert list(facts.segments) == sorted(facts.segments, key=lambda segment: segment.paddr)
    mapped = sorted((segment.vaddr, segment.vaddr + segment.memory_size) for segment in facts.segments)
    real = sorted(
        (start, start + segment.memory_size)
        for segment in facts.segments
        for start in [real_address(segment.paddr) if facts.bits == 64 else segment.paddr]
    )
    for ranges in (mapped, real):
        assert all(end <= following for (_, end), (following, _) in pairwise(ranges))
    assert any(start <= facts.entry < end for start, end in mapped)


@settings(max_examples=500)
@given(seed=st.sampled_from(SEEDS), mutations=mutation_lists())
def test_damaged_files(write: Write, seed: bytes, mutations: list[Mutation]) -> None:
    check(write(mutate(seed, mutations)))


@settings(max_examples=500)
@given(
    seed=st.sampled_from(SEEDS),
    places=st.lists(st.integers(0, HEADERS_END // 4), min_size=1, max_size=3),
    value=st.one_of(st.sampled_from(EDGE_VALUES), st.integers(0, 0xFFFF_FFFF)),
)
def test_damaged_headers(write: Write, seed: bytes, places: list[int], value: int) -> None:
    check(write(mutate(seed, [Mutation("word", 4 * place, value) for place in places])))


@settings(max_examples=100)
@given(seed=st.sampled_from(SEEDS), size=st.integers(0, 0x33F))
def test_truncated_files_are_refused(write: Write, seed: bytes, size: int) -> None:
    with pytest.raises(LoaderError):
        read_elf(write(seed[:size]))


@settings(max_examples=100)
@given(noise=st.binary(max_size=256))
def test_noise(write: Write, noise: bytes) -> None:
    check(write(b"\x7fELF" + noise))
    check(write(noise))


fields = st.one_of(
    st.sampled_from((0, 1, 0x80, 0x100, 0x200, 0x1000, 1 << 31, 1 << 32, 1 << 60, 1 << 63, (1 << 64) - 0x1000)),
    st.integers(0, (1 << 64) - 1),
    st.integers(0, 0x400),
)
phdrs = st.builds(
    Phdr,
    type=st.just(1),
    offset=st.integers(0, 0x400),
    vaddr=fields,
    paddr=fields,
    filesz=st.integers(0, 0x100),
    memsz=st.integers(0, 0x1000),
    align=st.sampled_from((0, 1, 1, 1, 2, 0x10, 3)),
)


@settings(max_examples=500)
@given(table=st.lists(phdrs, min_size=1, max_size=4), data=st.data())
def test_any_segments(write: Write, table: list[Phdr], data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from([phdr.vaddr for phdr in table]))
    check(write(ElfFile(table, entry=entry, size=SEED_SIZE).pack()))
