# SPDX-License-Identifier: BSD-2-Clause
"""Inputs made to take more time or memory than their size allows: twice the input, about twice the work.

Work is counted in lines of Python that run and in bytes that are allocated, so that a busy host changes nothing.
"""

from __future__ import annotations

import json
import struct
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from loader import abi, fdtscan
from loader.devtree import Node, Tree
from loader.diff import diff_images
from loader.errors import DeviceTreeError, ElfError, LoaderError
from loader.inspect import describe_image, describe_overlay
from loader.lint import MAX_BREACHES, lint, render_report
from loader.mapview import render_maps
from loader.memorymap import domain_maps, machine_maps
from loader.profiles import PROFILES
from loader.sign import MAX_KEY_FILE, load_public_key
from loader.subject import Subject, read_subject
from loader.svg import draw_maps
from loader.tables import parse_toml
from tests.dtbmaker import END, END_NODE, begin, make_blob, node, prop, tree_of
from tests.elfmaker import ElfFile, Phdr
from tests.fuzz.corpus import Corpus, make_corpus
from tests.memory import bytes_taken

MIB = 1 << 20


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs, in whatever modules."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def judged(call: Callable[[], object]) -> Callable[[], None]:
    """A call that may refuse its input."""

    def run() -> None:
        with suppress(LoaderError):
            call()

    return run


def check_growth(make: Callable[[int], bytes], size: int, call: Callable[[bytes], object]) -> None:
    """Twice the input takes at most two and a half times the work."""
    small, large = make(size), make(2 * size)
    call(small)  # imports and caches
    assert 1.8 < len(large) / len(small) < 2.2
    for measure in (lines_run, bytes_taken):
        once, twice = (measure(judged(partial(call, data))) for data in (small, large))
        assert twice < 2.5 * once + 20_000, f"{measure.__name__}: {once}, then {twice}"


# --- device trees ----------------------------------------------------------------------------------------------------


def wide(count: int) -> bytes:
    """Nodes, a few beside each other."""
    return tree_of(*(node(f"p{n}", *(node(f"n{m}") for m in range(16))) for n in range(count)))


def flat(count: int) -> bytes:
    """Properties with names that all overlap."""
    strings = b"a" * 100 + b"\0"
    names = [prop(offset) for offset in range(100)]
    return tree_of(*(node(f"p{n}", *names[:40]) for n in range(count)), strings=strings)


def deep(count: int) -> bytes:
    """Leaves at the end of the longest path that is accepted."""
    names = ["d" * 98] * 4
    leaves = b"".join(node(f"l{n}") for n in range(count))
    head = begin("") + b"".join(begin(name) for name in names)
    return make_blob(head + leaves + END_NODE * (len(names) + 1) + END)


def reserved(count: int) -> bytes:
    """Memory reservations."""
    entries = b"".join(struct.pack(">QQ", n << 12, 1) for n in range(1, count))
    return make_blob(begin("") + END_NODE + END, reservations=entries + bytes(16))


@pytest.mark.parametrize(("make", "size"), [(wide, 100), (flat, 100), (deep, 400), (reserved, 20_000)])
def test_trees(make: Callable[[int], bytes], size: int) -> None:
    Tree.parse(make(size), "tree")
    check_growth(make, size, lambda data: fdtscan.scan(data, "tree"))


@pytest.mark.parametrize(("make", "size"), [(wide, 40), (flat, 40), (reserved, 8000)])
def test_trees_read_by_the_library(make: Callable[[int], bytes], size: int) -> None:
    check_growth(make, size, lambda data: Tree.parse(data, "tree").to_dtb())


def test_paths_have_an_end() -> None:
    fits = ["d" * 101] * 5  # and a slash each: 510 bytes
    tree = make_blob(begin("") + b"".join(map(begin, fits)) + END_NODE * 6 + END)
    assert fdtscan.scan(tree, "tree").depth == 6
    fits[0] += "dd"
    tree = make_blob(begin("") + b"".join(map(begin, fits)) + END_NODE * 6 + END)
    with pytest.raises(DeviceTreeError, match="a node's path has more than 511 bytes"):
        fdtscan.scan(tree, "tree")


# --- ELF files and what lint says of them ----------------------------------------------------------------------------


def many_segments(count: int) -> bytes:
    """Segments that break every rule that can be broken by many."""
    sizes = {"filesz": 0xFFFF_0000, "memsz": 0xFFFF_FF00}
    phdrs = [Phdr(type=1, offset=0x10, vaddr=n, paddr=n + 1, **sizes) for n in range(count)]
    return ElfFile(phdrs, 32, little_endian=False, machine=20, type=2, entry=0, size=52 + 32 * count).pack()


def look(path: Path, data: bytes) -> Subject:
    path.write_bytes(data)
    return read_subject(path)


def test_lint_of_many_segments(tmp_path: Path) -> None:
    path = tmp_path / "file"
    check_growth(many_segments, 60, lambda data: render_report(lint(look(path, data), list(PROFILES)), as_json=True))


def test_maps_of_many_segments(tmp_path: Path) -> None:
    subject = look(tmp_path / "file", many_segments(60))
    spaces = [space for profile in PROFILES.values() for space in machine_maps(subject, profile)]
    assert bytes_taken(lambda: (render_maps(spaces), draw_maps(spaces, "x"))) < 16 * MIB


def test_segments_have_a_limit(tmp_path: Path) -> None:
    with pytest.raises(ElfError, match="513 program headers are more than the limit of 512"):
        look(tmp_path / "file", many_segments(513))
    report = lint(look(tmp_path / "file", many_segments(512)), ["slof"])
    counts = Counter((found.rule.id, found.route) for found in report.findings)
    assert max(counts.values()) == MAX_BREACHES
    assert bytes_taken(lambda: lint(look(tmp_path / "file", many_segments(512)), list(PROFILES))) < 16 * MIB


# --- overlays --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


def edited(corpus: Corpus, edit: Callable[[Node], None]) -> bytes:
    """The boot overlay with another first domain."""
    tree = Tree.parse(corpus.overlay, "overlay")
    edit(tree.node("/fragment@0/__overlay__/dom0"))
    return tree.to_dtb()


def image_with(corpus: Corpus, overlay: bytes, folder: Path) -> Path:
    """A sound image with that overlay."""
    contents = (*corpus.parts.contents[:-1], overlay)
    entries = (*corpus.parts.entries[:-1], replace(corpus.parts.entries[-1], memory_size=len(overlay)))
    path = folder / "made.img"
    path.write_bytes(replace(corpus.parts, contents=contents, entries=entries).pack())
    return path


def add_modules(domain: Node) -> None:
    for number in range(20):
        domain.add(f"module@{number}")


def add_domains(domain: Node) -> None:
    parent = domain._parent
    assert parent is not None
    for number in range(16):
        parent.add(f"more{number}")


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda domain: domain.set_u32(abi.PROP_HPT_SHIFT, 0xFFFF_FFFF), "hpt-shift is 4294967295, not 18 .. 34"),
        (lambda domain: domain.set_u32(abi.PROP_HPT_SHIFT, 0), "hpt-shift is 0, not 18 .. 34"),
        (add_modules, "23 modules, a domain has 16 at most"),
        (add_domains, "18 domains, the hypervisor runs 16"),
        (lambda domain: domain.children[0].set_u64s(abi.PROP_SEGMENTS, [0] * 50_000), "no list of up to 16 quadruples"),
    ],
)
def test_overlays_with_hostile_numbers(
    edit: Callable[[Node], None], complaint: str, corpus: Corpus, tmp_path: Path
) -> None:
    overlay = edited(corpus, edit)
    with pytest.raises(DeviceTreeError, match=complaint):
        describe_overlay(overlay, "overlay")
    image = image_with(corpus, overlay, tmp_path)
    assert bytes_taken(judged(lambda: describe_image(image))) < 16 * MIB
    subject = read_subject(image)
    assert subject.contents is not None
    assert complaint in subject.contents.problem
    assert domain_maps(subject) == []
    json.loads(render_report(lint(subject, list(PROFILES)), as_json=True))


def test_huge_overlays_stay_in_the_file(corpus: Corpus, tmp_path: Path) -> None:
    image = image_with(corpus, bytes(64 * MIB), tmp_path)
    assert bytes_taken(lambda: lint(read_subject(image))) < 8 * MIB
    assert bytes_taken(judged(lambda: describe_image(image))) < 8 * MIB


@pytest.mark.parametrize("make", [wide, flat, deep])
def test_diffs_of_large_trees(make: Callable[[int], bytes], corpus: Corpus, tmp_path: Path) -> None:
    """Every node and every property is a difference, named by its path."""
    path = tmp_path / "diff.img"
    at = next(n for n, entry in enumerate(corpus.parts.entries) if entry.type is abi.EntryType.DEVICE_TREE)

    def compare(data: bytes) -> None:
        contents, entries = list(corpus.parts.contents), list(corpus.parts.entries)
        contents[at], entries[at] = data, replace(entries[at], memory_size=len(data))
        path.write_bytes(replace(corpus.parts, contents=tuple(contents), entries=tuple(entries)).pack())
        assert len(diff_images(corpus.folder / "a.img", path)) > 50

    size = 40 if make is not deep else 200
    check_growth(make, size, compare)


# --- texts and keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda count: "a." * 30 * count + "a = 1",
        lambda count: "".join(f"a{n} = {{b = [1, 2]}}\n" for n in range(100 * count)),
        lambda count: "".join(f"[a.b{n}.c]\nd = 1\n" for n in range(100 * count)),
        lambda count: "a = [" + "[]," * 200 * count + "]",
    ],
    ids=["key", "tables", "headers", "list"],
)
def test_toml(make: Callable[[int], str]) -> None:
    def parse(data: bytes) -> None:
        try:
            parse_toml(data.decode())
        except ValueError:
            return

    check_growth(lambda count: make(count).encode(), 5, parse)


def test_keys_are_small(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LoaderError, match="has more than 4096 bytes"):
        load_public_key(path)
    assert bytes_taken(judged(lambda: load_public_key(path))) < 64 * MAX_KEY_FILE
