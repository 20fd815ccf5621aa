# SPDX-License-Identifier: BSD-2-Clause
"""`lint` and the memory maps on damaged and made-up files: an answer or one of our errors, never anything else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.errors import LoaderError
from loader.lint import RULES, lint, render_report
from loader.mapview import maps_json, render_maps
from loader.memorymap import domain_maps, machine_maps
from loader.profiles import PROFILES
from loader.subject import read_subject
from loader.svg import draw_maps
from tests.elfmaker import ElfFile, Phdr
from tests.lintcases import build
from tests.mutations import Mutation, attempt, mutate, mutation_lists

HEAD_SIZE = 128
"""ELF header, program header and the slot behind it."""

numbers = st.one_of(
    st.integers(0, 0x3000),
    st.sampled_from([0x1000_0000, 0x2000_0000, 0x3000_0000, 0x7FFF_FFFF, 0xFFFF_F000, 0xFFFF_FFFF]),
    st.integers(0, 0xFFFF_FFFF),
)
headers = st.builds(
    Phdr,
    type=st.sampled_from([1, 1, 1, 3, 4, 0x7000_0000]),
    offset=numbers,
    vaddr=numbers,
    paddr=numbers,
    filesz=numbers,
    memsz=numbers,
)
files = st.builds(
    ElfFile,
    phdrs=st.lists(headers, max_size=5),
    bits=st.sampled_from([32, 64]),
    little_endian=st.booleans(),
    machine=st.sampled_from([20, 21, 62]),
    type=st.integers(0, 5),
    entry=numbers,
    phoff=st.one_of(st.none(), numbers),
    phnum=st.one_of(st.none(), st.integers(0, 0xFFFF)),
    size=st.integers(0, 0x3000),
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound image."""
    return build(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example is written."""
    return tmp_path_factory.mktemp("examples") / "file"


def answer(path: Path, content: bytes) -> None:
    """Ask everything about a file and look the answers over."""
    path.write_bytes(content)
    subject = attempt(lambda: read_subject(path))
    if isinstance(subject, LoaderError):
        return
    report = lint(subject, list(PROFILES))
    for found in report.findings:
        assert found.rule.id in RULES
        assert "\n" not in found.message
    assert report.passes() == ("error: " not in render_report(report, as_json=False))
    assert json.loads(render_report(report, as_json=True))["findings"] is not None
    spaces = [space for profile in PROFILES.values() for space in machine_maps(subject, profile)]
    spaces += domain_maps(subject)
    assert len(json.loads(json.dumps(maps_json(spaces)))) == len(spaces)
    assert render_maps(spaces).count("<- end of memory") == len(spaces)
    assert ElementTree.fromstring(draw_maps(spaces, "x")).tag.endswith("svg")  # noqa: S314 - our own output


@settings(max_examples=150)
@given(file=files)
def test_made_up_files(file: ElfFile, path: Path) -> None:
    answer(path, file.pack())


@settings(max_examples=150)
@given(mutations=mutation_lists())
def test_damaged_images(mutations: list[Mutation], image: Path, path: Path) -> None:
    data = image.read_bytes()
    answer(path, mutate(data[:HEAD_SIZE], mutations) + data[HEAD_SIZE:])


@settings(max_examples=50)
@given(mutations=mutation_lists())
def test_damaged_anywhere(mutations: list[Mutation], image: Path, path: Path) -> None:
    answer(path, mutate(image.read_bytes(), mutations))
