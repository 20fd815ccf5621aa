# SPDX-License-Identifier: BSD-2-Clause
"""Damage drawn from a seeded generator: to bytes, to text, and to images whose digests are made right again."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, replace
from typing import Final

from loader import abi
from loader.devtree import Tree
from loader.elfpreface import elf_preface
from loader.errors import LoaderError
from loader.imagehead import Entry, build_head, payload_offsets
from tests.mutations import EDGE_VALUES, KINDS, Mutation, mutate

MAX_MUTATIONS: Final = 4
EDGE_TOKENS: Final = (
    *("", "0", "-1", "1e400", "nan", "-inf", "true", "false", "2006-09-17", "07:00:00", "0x7fffffffffffffff"),
    *("9" * 5000, "0x" + "f" * 5000, "0b" + "1" * 20000, "99999999999999999999", '"64M"', '"0x1p3"', '""', "''"),
    *("[]", "{}", "[[]]", "[1, 'a']", "{ u64 = 1 }", '{ bytes = "0" }', "{ u64 = [1, true] }", '"\\u0000"'),
    *("[" * 3000, "{a=" * 3000, "a." * 3000 + "a = 1", '"' + "x" * 5000 + '"', '"\\ud800"', '"../../x"', '"/"'),
    *("[domain.dom1]\n", "[image]\n", "[[domain]]\n", "\0", "\r", "\x7f", "\u2028", "\U0001f600", '"""', "#", "\\"),
)
"""What a reader of TOML, JSON or single values may stumble over."""

TREES: Final = frozenset({abi.EntryType.BOOT_OVERLAY, abi.EntryType.DEVICE_TREE})
"""Entries that are device trees."""

_TOKEN: Final = re.compile(r'"[^"\n]*"|[\w.+-]+|\s+|.', re.DOTALL)
_ENTRY_NUMBERS: Final = (
    0,
    1,
    2,
    7,
    0xFFF,
    0x1000,
    0x1001,
    1 << 20,
    1 << 32,
    1 << 36,
    (1 << 36) + 1,
    1 << 63,
    (1 << 64) - 1,
)


def draw_mutations(chance: random.Random) -> list[Mutation]:
    """One to MAX_MUTATIONS pieces of damage; half of the places are near the start, where headers are."""
    mutations = []
    for _ in range(chance.randint(1, MAX_MUTATIONS)):
        value = chance.choice(EDGE_VALUES) if chance.random() < 0.5 else chance.getrandbits(32)
        place = chance.randrange(1 << chance.choice((6, 10, 14, 20)))
        mutations.append(Mutation(chance.choice(KINDS), place, value))
    return mutations


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """Other bytes; now and then nothing but noise, or nothing."""
    if chance.random() < 0.01:
        return chance.randbytes(chance.randrange(300))
    return mutate(data, draw_mutations(chance))


def damage_text(data: bytes, chance: random.Random) -> bytes:
    """Other text: tokens dropped, doubled, exchanged or replaced; now and then damaged like bytes."""
    if chance.random() < 0.2:
        return damage_bytes(data, chance)
    tokens = _TOKEN.findall(data.decode("utf-8", "replace"))
    for _ in range(chance.randint(1, MAX_MUTATIONS)):
        if not tokens:
            break
        at, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        match chance.randrange(5):
            case 0:
                del tokens[at]
            case 1:
                tokens[at:at] = tokens[other : other + chance.randint(1, 8)]
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at] = chance.choice(EDGE_TOKENS)
    return "".join(tokens).encode("utf-8", "surrogatepass")


def damage_tree(data: bytes, chance: random.Random) -> bytes:
    """Another device tree: damaged bytes, or a sound one that says something else."""
    if chance.random() < 0.4:
        return damage_bytes(data, chance)
    tree = Tree.parse(data, "seed")
    for _ in range(chance.randint(1, MAX_MUTATIONS)):
        nodes = list(tree.root.walk())
        node = chance.choice(nodes)
        names = node.properties or ("reg",)
        try:
            match chance.randrange(8):
                case 0:
                    node.delete(chance.choice(names))
                case 1:
                    node.remove_child(chance.choice(node.children).name if node.children else "none")
                case 2:
                    copy = node.add(f"copy{chance.randrange(100)}")
                    for name in names:
                        copy.set_raw(name, node.get_raw(name) or b"")
                case 3:
                    node.set_raw(chance.choice(names), chance.randbytes(chance.randrange(70)))
                case 4:
                    node.set_u64s(chance.choice(names), chance.choices(_ENTRY_NUMBERS, k=chance.choice((1, 2, 4, 64))))
                case 5:
                    node.set_empty(chance.choice(names))
                case _:
                    node.set_u32(chance.choice(names), chance.choice(EDGE_VALUES))
        except LoaderError:
            continue
    try:
        return tree.to_dtb(pad=chance.choice((0, 0, 8)))
    except LoaderError:
        return data


@dataclass(frozen=True)
class ImageParts:
    """An image taken apart: put together again, it is sound whatever was changed."""

    stub: bytes
    entries: tuple[Entry, ...]
    contents: tuple[bytes, ...]

    def pack(self) -> bytes:
        """The image file, offsets and digests right.  Raises LoaderError for values that no header can hold."""
        sizes = [len(content) for content in self.contents]
        *offsets, total_size = payload_offsets(len(self.stub), sizes, len(sizes))
        entries = [
            replace(entry, offset=offset, size=size, digest=hashlib.sha256(content).digest())
            for entry, offset, size, content in zip(self.entries, offsets, sizes, self.contents, strict=True)
        ]
        head = build_head(self.stub, entries, total_size)
        body = bytearray(elf_preface(total_size) + head)
        for content, offset in zip(self.contents, offsets, strict=True):
            body += bytes(abi.IMAGE_FILE_OFFSET + offset - len(body)) + content
        return bytes(body) + bytes(abi.IMAGE_FILE_OFFSET + total_size - len(body))


def damage_parts(parts: ImageParts, chance: random.Random) -> ImageParts:
    """One or two contents damaged, or a field of an entry."""
    entries, contents = list(parts.entries), list(parts.contents)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(entries))
        entry = entries[at]
        if chance.random() < 0.7:
            damage = damage_tree if entry.type in TREES else damage_bytes
            contents[at] = damage(contents[at], chance)
            if entry.compression is abi.Compression.NONE:
                entries[at] = replace(entry, memory_size=len(contents[at]))
            continue
        number = chance.choice(_ENTRY_NUMBERS)
        match chance.randrange(4):
            case 0:
                entries[at] = replace(entry, memory_size=number)
            case 1:
                entries[at] = replace(entry, load_hint=number)
            case 2:
                entries[at] = replace(entry, compression=chance.choice(list(abi.Compression)))
            case _:
                entries[at] = replace(entry, alignment=number % (1 << 32))
    return replace(parts, entries=tuple(entries), contents=tuple(contents))
