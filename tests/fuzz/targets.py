# SPDX-License-Identifier: BSD-2-Clause
"""The readers the fuzzer feeds.  Each target damages its own seed and asks everything about the result."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import Any, Final

from loader import abi
from loader.blades import load_blades
from loader.compress import expand
from loader.devtree import Tree
from loader.diff import diff_images, render_changes
from loader.elf import physical_entry, read_elf, require_ppc64
from loader.errors import LoaderError, ManifestError
from loader.inspect import describe_image, describe_overlay, domain_lines, render_image
from loader.lint import lint, render_report
from loader.manifest import load_recipe
from loader.mapview import maps_json, render_maps
from loader.memorymap import domain_maps, machine_maps
from loader.multiboot import extract_entry, read_stub
from loader.netboot import dnsmasq_configuration, plan_boot
from loader.plan import plan_image
from loader.profiles import PROFILES
from loader.recipefacts import read_recipe, recipe_text
from loader.replace import replan, scratch_folder
from loader.sbom import describe_materials
from loader.sign import load_private_key, load_public_key, remove_signature, sign_image
from loader.subject import read_subject
from loader.svg import draw_maps
from loader.units import parse_size
from loader.verify import render_verdict, verify
from tests.fuzz.corpus import BLADES, CONTENT, RECIPE, SETTINGS, SIZES, Corpus
from tests.fuzz.mutator import damage_bytes, damage_parts, damage_text, damage_tree
from tests.mutations import attempt

MAX_EXPANDED: Final = 64 << 20
"""A stored payload that says it becomes more is not expanded here: the disk is ours, not the reader's."""


@dataclass(frozen=True)
class Target:
    """One family of readers.

    seeds   what the readers accept
    damage  one of them, damaged
    read    feeds it to the readers in a scratch folder; only refusals that `attempt` accepts may come out of them
    """

    name: str
    seeds: Callable[[Corpus], Sequence[bytes]]
    damage: Callable[[Corpus, random.Random], bytes]
    read: Callable[[bytes, Corpus, Path], None]


def ask(*questions: Callable[[], object]) -> None:
    """Put every question, whatever the others' answers were."""
    for question in questions:
        attempt(question)


# --- images ----------------------------------------------------------------------------------------------------------


def damage_image(corpus: Corpus, chance: random.Random) -> bytes:
    """An image with damage that its digests show, or with damage in parts that are then sealed again."""
    if chance.random() < 0.3:
        return damage_bytes(corpus.image, chance)
    try:
        return damage_parts(corpus.parts, chance).pack()
    except LoaderError:
        return corpus.image


def read_image(data: bytes, corpus: Corpus, folder: Path) -> None:
    """Every command that takes an image."""
    image = folder / "image"
    image.write_bytes(data)
    before = data
    good, public = corpus.folder / "a.img", corpus.folder / "key.pub"
    ask(
        lambda: [render_verdict(verify(image, [public]), as_json=flag) for flag in (True, False)],
        lambda: [render_image(describe_image(image), as_json=flag) for flag in (True, False)],
        lambda: describe_materials(image, {}),
        lambda: [render_changes(diff_images(good, image), good, image, as_json=flag) for flag in (True, False)],
        lambda: diff_images(image, good),
        lambda: ask_maps(image),
        lambda: replace_payload(image, corpus, folder),
        lambda: extract_all(image, folder),
        lambda: sign_image(image, corpus.folder / "key"),
        lambda: remove_signature(image, "00000000"),
    )
    if image.read_bytes() != before and not verify(image).sound:
        raise AssertionError("signing made an unsound image")


def ask_maps(path: Path) -> None:
    """What lint says, and every map of it."""
    subject = read_subject(path)
    report = lint(subject, list(PROFILES))
    for flag in (True, False):
        render_report(report, as_json=flag)
    spaces = [space for profile in PROFILES.values() for space in machine_maps(subject, profile)]
    spaces += domain_maps(subject)
    maps_json(spaces)
    render_maps(spaces)
    draw_maps(spaces, "x")


def replace_payload(image: Path, corpus: Corpus, folder: Path) -> None:
    """Plan the image again with another ramdisk."""
    with scratch_folder(folder / "out") as scratch:
        replan(image, "dom0/ramdisk", corpus.folder / "initrd.gz", scratch)


def extract_all(image: Path, folder: Path) -> None:
    """Each payload that does not claim to be huge."""
    for entry in describe_image(image).head.entries:
        if entry.memory_size <= MAX_EXPANDED:
            attempt(lambda entry=entry: extract_entry(image, entry.name, folder / "payload"))  # type: ignore[misc]


# --- parts of images -------------------------------------------------------------------------------------------------


def read_any_elf(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001 - one signature for all
    """Both ELF readers."""
    path = folder / "elf"
    path.write_bytes(data)

    def strict() -> None:
        facts = read_elf(path)
        ask(lambda: physical_entry(facts), lambda: require_ppc64(facts))

    ask(strict, lambda: ask_maps(path))


def read_tree(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A tree in, and out again; what is accepted must come out as it was."""

    def parse() -> None:
        tree = Tree.parse(data, "tree")
        again = Tree.parse(tree.to_dtb(), "again")
        if [node.path for node in tree.root.walk()] != [node.path for node in again.root.walk()]:
            raise AssertionError("a tree changed on its way through")

    ask(parse, lambda: describe(data))


def describe(overlay: bytes) -> None:
    """A boot overlay for people."""
    for domain in describe_overlay(overlay, "overlay").domains:
        domain_lines(domain)


def read_page(data: bytes, corpus: Corpus, folder: Path) -> None:
    """A detached signature."""
    path = folder / "detached"
    path.write_bytes(data)
    ask(lambda: verify(corpus.folder / "a.img", [corpus.folder / "key.pub"], path))


def read_keys(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A key file, whatever it is taken for."""
    path = folder / "key"
    path.write_bytes(data)
    ask(lambda: load_private_key(path), lambda: load_public_key(path))


def read_stub_file(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A boot stub."""
    path = folder / "stub"
    path.write_bytes(data)
    ask(lambda: read_stub(path))


def read_stored(method: abi.Compression) -> Callable[[bytes, Corpus, Path], None]:
    """A compressed payload."""

    def read(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
        stored = folder / "stored"
        stored.write_bytes(data)
        with stored.open("rb") as source, (folder / "expanded").open("w+b") as target:
            ask(lambda: expand(source.fileno(), 0, len(data), method, len(CONTENT), target.fileno()))
            if os.fstat(target.fileno()).st_size > len(CONTENT):
                raise AssertionError("more came out than its entry says")

    return read


# --- texts -----------------------------------------------------------------------------------------------------------


def read_recipe_file(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A recipe, planned when it is accepted."""
    path = corpus.folder / "damaged.toml"
    path.write_bytes(data)
    ask(lambda: recipe_text(plan_and_return(path)))


def plan_and_return(path: Path, *settings: str) -> Any:
    """The recipe, after a plan of it."""
    recipe = load_recipe(path, settings)
    attempt(lambda: plan_image(recipe))
    return recipe


def read_setting(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A `--set`, as the command line hands it over."""
    ask(lambda: plan_and_return(corpus.folder / "recipe.toml", os.fsdecode(data)))


def read_kept_recipe(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A recipe as images keep it."""
    names = ("stub", "hypervisor", "dom0/kernel", "dom0/ramdisk", "small/kernel")
    files = dict(zip(names, ("stub.bin", "hypervisor.elf", "kernel.elf", "initrd.gz", "kernel.elf"), strict=True))
    places = {name: corpus.folder / file for name, file in files.items()}
    text = data.decode("utf-8", "surrogatepass") if is_text(data) else data.decode("latin-1")

    def plan() -> None:
        recipe = read_recipe(text, places, corpus.folder / "a.img", corpus.folder / "recipe")
        plan_image(recipe)

    ask(plan)


def is_text(data: bytes) -> bool:
    """Whether it is UTF-8, lone surrogates allowed: JSON's escapes can make them."""
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def read_blades_file(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A blades file, and what is made of it."""
    path = folder / "blades.toml"
    path.write_bytes(data)

    def derive() -> None:
        blades = load_blades(path, ["a.img"])
        boots = [plan_boot(blade, IPv4Address("192.0.2.1")) for blade in blades.blades]
        dnsmasq_configuration(blades, boots, blades.server.tftp_root or PurePosixPath("/srv"))

    ask(derive)


def read_size(data: bytes, corpus: Corpus, folder: Path) -> None:  # noqa: ARG001
    """A size; its error is the one of the standard library, as every caller knows."""

    def parse() -> str:
        try:
            return str(parse_size(os.fsdecode(data)))
        except ValueError as error:
            if "is not a size" not in str(error):
                raise
            raise ManifestError(str(error)) from None

    ask(parse)


def kept_recipe(corpus: Corpus) -> bytes:
    """The recipe in the image's overlay."""
    return Tree.parse(corpus.overlay, "overlay").root.string("roundpeg,recipe").encode()


Seeds = Callable[[Corpus], Sequence[bytes]]
Damage = Callable[[bytes, random.Random], bytes]


def _target(name: str, seeds: Seeds, damage: Damage, read: Callable[[bytes, Corpus, Path], None]) -> Target:
    return Target(name, seeds, lambda corpus, chance: damage(chance.choice(seeds(corpus)), chance), read)


TARGETS: Final = {
    target.name: target
    for target in (
        Target("image", lambda corpus: [corpus.image], damage_image, read_image),
        _target("elf", lambda corpus: corpus.elfs, damage_bytes, read_any_elf),
        _target("tree", lambda corpus: corpus.trees, damage_tree, read_tree),
        _target("signatures", lambda corpus: [corpus.signatures], damage_bytes, read_page),
        _target("keys", lambda corpus: [corpus.private_key, corpus.public_key], damage_text, read_keys),
        _target("stub", lambda corpus: [corpus.stub], damage_bytes, read_stub_file),
        _target("lz4", lambda corpus: [corpus.lz4], damage_bytes, read_stored(abi.Compression.LZ4)),
        _target("zstd", lambda corpus: [corpus.zstd], damage_bytes, read_stored(abi.Compression.ZSTD)),
        _target("recipe", lambda _: [RECIPE.encode()], damage_text, read_recipe_file),
        _target("setting", lambda _: SETTINGS, damage_text, read_setting),
        _target("kept-recipe", lambda corpus: [kept_recipe(corpus)], damage_text, read_kept_recipe),
        _target("blades", lambda _: [BLADES.encode()], damage_text, read_blades_file),
        _target("size", lambda _: SIZES, damage_text, read_size),
    )
}
"""By name."""
