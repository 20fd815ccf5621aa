# SPDX-License-Identifier: BSD-2-Clause
"""Recipes: what is understood, and one line with the exact place for everything that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader import abi
from loader.errors import ManifestError, SourceError
from loader.manifest import Ramdisk, Recipe, load_recipe
from loader.units import GIB, MIB, format_size, parse_size
from tests.support import RECIPE, write_recipe


def load(folder: Path, text: str = RECIPE, *settings: str) -> Recipe:
    return load_recipe(write_recipe(folder, text), settings)


def complaint(folder: Path, text: str = RECIPE, *settings: str) -> str:
    """The error line, without the recipe's path in front."""
    path = write_recipe(folder, text)
    with pytest.raises(ManifestError) as caught:
        load_recipe(path, settings)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_everything_a_recipe_says(tmp_path: Path) -> None:
    recipe = load(tmp_path)
    dom0 = recipe.domain("dom0")
    assert recipe.stub == tmp_path / "stub.bin"
    assert recipe.hypervisor.command_line == "loud"
    assert (dom0.id, dom0.memory, dom0.vcpus) == (0, 64 * MIB, 1)
    assert dom0.kernel.path == tmp_path / "kernel.elf"
    assert dom0.kernel.format == "elf"
    assert dom0.initrd is not None
    assert (dom0.initrd.path, dom0.initrd.load) == (tmp_path / "initrd.gz", None)
    assert dom0.roles == abi.Capability.CONTROL | abi.Capability.HARDWARE
    assert (dom0.rma.mode, dom0.rma.size) == ("auto", 64 * MIB)


def test_real_mode_area_is_256_mib_when_memory_allows(tmp_path: Path) -> None:
    recipe = load(tmp_path, RECIPE, "domain.dom0.memory=1G")
    assert recipe.domains[0].rma.size == 256 * MIB


def test_a_recipe_without_domains(tmp_path: Path) -> None:
    assert load(tmp_path, RECIPE.partition("[domain.dom0]")[0]).domains == ()


def test_raw_kernel_and_fixed_ramdisk(tmp_path: Path) -> None:
    text = RECIPE.replace('"kernel.elf"', '{ path = "kernel.elf", format = "raw", load = "1M", entry = 0x100 }')
    text = text.replace('"initrd.gz"', '{ path = "initrd.gz", load = 0x2000000 }')
    dom0 = load(tmp_path, text).domains[0]
    assert (dom0.kernel.format, dom0.kernel.load, dom0.kernel.entry) == ("raw", MIB, 0x100)
    assert dom0.initrd is not None
    assert dom0.initrd.load == 0x200_0000


def test_ramdisk_from_the_firmware(tmp_path: Path) -> None:
    recipe = load(tmp_path, RECIPE.replace('"initrd.gz"', '{ from-firmware = "8M" }'))
    assert recipe.domains[0].initrd == Ramdisk(None, None, firmware_room=8 * MIB)
    assert recipe.inputs == (recipe.path, recipe.stub, recipe.hypervisor.path, recipe.domains[0].kernel.path)
    both = load(tmp_path, RECIPE.replace('"initrd.gz"', '{ path = "initrd.gz", from-firmware = 4096 }'))
    assert both.domains[0].initrd == Ramdisk(tmp_path / "initrd.gz", None, firmware_room=4096)


def test_ids_are_kept_and_gaps_filled_in_order(tmp_path: Path) -> None:
    second = '\n[domain.second]\nkernel = "kernel.elf"\nmemory = "64M"\n'
    text = RECIPE + "id = 1\n" + second + second.replace("second", "third") + "id = 0\n"
    assert [(domain.name, domain.id) for domain in load(tmp_path, text).domains] == [
        ("dom0", 1),
        ("second", 2),
        ("third", 0),
    ]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("domain.dom0.memory=768M", 768 * MIB),
        ('domain.dom0.memory="768M"', 768 * MIB),
        ("domain.dom0.memory=0x30000000", 768 * MIB),
        ("domain.dom0.memory = 1 GiB", GIB),
    ],
)
def test_settings_change_values(tmp_path: Path, setting: str, expected: int) -> None:
    assert load(tmp_path, RECIPE, setting).domains[0].memory == expected


def test_settings_reach_text_lists_and_quoted_keys(tmp_path: Path) -> None:
    recipe = load(
        tmp_path,
        RECIPE,
        "domain.dom0.command-line=console=hvc0 quiet",
        'domain.dom0.roles=["xenstore"]',
        'domain.dom0.devtree."/chosen".answer=42',
        "domain.dom0.rma.mode=vrma",
    )
    dom0 = recipe.domains[0]
    assert dom0.command_line == "console=hvc0 quiet"
    assert dom0.roles == abi.Capability.XENSTORE
    assert dom0.devtree[0].properties == (("answer", (42).to_bytes(4, "big")),)
    assert dom0.rma.mode == "vrma"


@pytest.mark.parametrize(
    ("settings", "kernel", "ramdisk"),
    [
        ([], "NONE", "NONE"),
        (["image.compression=zstd"], "ZSTD", "ZSTD"),
        (["image.compression=lz4", "domain.dom0.kernel={path='kernel.elf'}"], "LZ4", "LZ4"),
        (["image.compression=lz4", "domain.dom0.kernel={path='kernel.elf', compression='none'}"], "NONE", "LZ4"),
        (["domain.dom0.initrd={path='initrd.gz', compression='zstd'}"], "NONE", "ZSTD"),
    ],
)
def test_compression(tmp_path: Path, settings: list[str], kernel: str, ramdisk: str) -> None:
    dom0 = load(tmp_path, RECIPE, *settings).domains[0]
    assert dom0.initrd
    assert (dom0.kernel.compression.name, dom0.initrd.compression.name) == (kernel, ramdisk)


@pytest.mark.parametrize("setting", ["memory", "=1", "a..b=1", "a b=1", ""])
def test_settings_that_are_none(tmp_path: Path, setting: str) -> None:
    assert complaint(tmp_path, RECIPE, setting).startswith(f"--set {setting}: is not a key and a value")


def test_setting_below_a_value(tmp_path: Path) -> None:
    assert "memory is a value" in complaint(tmp_path, RECIPE, "domain.dom0.memory.size=1")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("speed=1", "speed: unknown key"),
        ("image.compression=gzip", "image.compression: invalid enum value 'gzip'; known are none, lz4, zstd"),
        (
            "domain.dom0.kernel={path='kernel.elf', compression='x'}",
            "domain.dom0.kernel.compression: invalid enum value",
        ),
        ("image.compression=strong-int", "image.compression: invalid enum value 'strong-int'; known are none, lz4"),
        ("image.speed=1", "image.speed: unknown key; known are stub, targets, compression"),
        ("hypervisor.speed=1", "hypervisor.speed: unknown key; known are path, command-line"),
        ("domain.dom0.speed=1", "domain.dom0.speed: unknown key"),
        ("domain.dom0.rma.speed=1", "domain.dom0.rma.speed: unknown key; known are mode, size"),
        ('domain.dom0.kernel={path = "kernel.elf", speed = 1}', "domain.dom0.kernel.speed: unknown key"),
        ("domain.dom0.kernel={}", "domain.dom0.kernel.path: is missing"),
        ("domain.dom0.memory=true", "domain.dom0.memory: expected an integer or text, got true or false"),
        ("domain.dom0.initrd=1.5", "domain.dom0.initrd: expected text or a table, got a fraction"),
        ("domain.dom0=1", "domain.dom0: expected a table, got an integer"),
        ("domain=1", "domain: must be a table of domains"),
        ("domain.dom0.command-line=[]", "domain.dom0.command-line: expected text, got a list"),
        ("domain.dom0.roles=[1]", "domain.dom0.roles[0]: expected text, got an integer"),
        ("domain.dom0.roles=['boss']", "domain.dom0.roles[0]: invalid enum value 'boss'; known are control, hardware"),
        ("domain.dom0.roles=['control', 'control']", "domain.dom0.roles: names a role twice"),
        ("domain.dom0.rma.mode=fast", "domain.dom0.rma.mode: invalid enum value 'fast'; known are auto, rmo, vrma"),
        ("domain.dom0.vcpus=0", "domain.dom0.vcpus: 0 vCPUs, a domain may have 1 to"),
        (f"domain.dom0.vcpus={abi.MAX_VCPUS + 1}", f"domain.dom0.vcpus: {abi.MAX_VCPUS + 1} vCPUs"),
        ("domain.dom0.memory=0", "domain.dom0.memory: 0 bytes is not a multiple of 16 MiB"),
        ("domain.dom0.memory=100M", "domain.dom0.memory: 100 MiB is not a multiple of 16 MiB"),
        ("domain.dom0.memory=65G", "domain.dom0.memory: 65 GiB is not a multiple of 16 MiB between"),
        ("domain.dom0.memory=-16", "domain.dom0.memory: -16 is out of range"),
        ("domain.dom0.memory=much", "domain.dom0.memory: 'much' is not a size"),
        ("domain.dom0.rma.size=128M", "domain.dom0.rma.size: 128 MiB is more than the domain's memory of 64 MiB"),
        ("domain.dom0.rma.size=8M", "domain.dom0.rma.size: 8 MiB is not a multiple of 16 MiB"),
        ("domain.dom0.rma={mode='rmo', size='48M'}", "domain.dom0.rma.size: no processor limits"),
        ("domain.dom0.id=16", "domain.dom0.id: 16 is not in 0 .. 15"),
        ("domain.dom0.kernel=nowhere", "domain.dom0.kernel: no such file: "),
        ("domain.dom0.initrd=.", "domain.dom0.initrd: is not a file: "),
        ("hypervisor.path=nowhere", "hypervisor.path: no such file: "),
        ("domain.dom0.initrd={}", "domain.dom0.initrd.path: is missing; or write from-firmware"),
        ("domain.dom0.initrd={from-firmware=1, compression='lz4'}", "domain.dom0.initrd.compression: there is no file"),
        ("domain.dom0.initrd={from-firmware=0}", "domain.dom0.initrd.from-firmware: has no room"),
        (
            'domain.dom0.initrd={path="initrd.gz", from-firmware=0}',
            "domain.dom0.initrd.from-firmware: has no room; leave",
        ),
        ("image.stub=nowhere", "image.stub: no such file: "),
        ("domain.dom0.kernel={path='kernel.elf', format='raw'}", "domain.dom0.kernel.load: is missing"),
        ("domain.dom0.kernel={path='kernel.elf', entry=4}", "domain.dom0.kernel.entry: an ELF kernel carries its own"),
        ('domain.dom0.command-line="a\\tb"', "domain.dom0.command-line: holds characters"),
        (f"domain.dom0.command-line={'x' * 2048}", "domain.dom0.command-line: has 2048 characters"),
    ],
)
def test_wrong_values(tmp_path: Path, setting: str, expected: str) -> None:
    assert complaint(tmp_path, RECIPE, setting).startswith(expected)


@pytest.mark.parametrize("name", ["", "0", "-a", "a b", "a/b", "a@0", "x" * 32])
def test_domain_names(tmp_path: Path, name: str) -> None:
    text = RECIPE.replace("[domain.dom0]", f'[domain."{name}"]')
    assert complaint(tmp_path, text).startswith(f"domain.{name}: a domain's name has")


def test_two_domains_with_one_id(tmp_path: Path) -> None:
    text = RECIPE + 'id = 3\n[domain.other]\nkernel = "kernel.elf"\nmemory = "64M"\nid = 3\n'
    assert complaint(tmp_path, text) == "domain.other.id: 3 is already the id of dom0"


def test_too_many_domains(tmp_path: Path) -> None:
    extra = "".join(f'[domain.d{n}]\nkernel = "kernel.elf"\nmemory = "64M"\n' for n in range(abi.MAX_DOMAINS))
    assert complaint(tmp_path, RECIPE + extra).startswith("domain: 17 domains")


def test_no_hypervisor(tmp_path: Path) -> None:
    assert complaint(tmp_path, '[image]\nstub = "stub.bin"\n').startswith("hypervisor: is missing")


def test_stub_that_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loader.manifest.DEFAULT_STUB", tmp_path / "build" / "stub.bin")
    text = RECIPE.replace('stub = "stub.bin"', "")
    assert complaint(tmp_path, text).startswith("image.stub: the boot stub is not built")


def test_unknown_domain(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no domain is called 'dom1'; domains are: dom0"):
        load(tmp_path).domain("dom1")


@pytest.mark.parametrize("content", [b"[image\n", b"a = 1\na = 2\n", b"a = '\xff'\n"])
def test_not_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match="is not TOML"):
        load_recipe(path)


def test_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read the file: No such file"):
        load_recipe(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", b""),
        ("7", b"\0\0\0\7"),
        ("[1, 2]", b"\0\0\0\1\0\0\0\2"),
        ("'text'", b"text\0"),
        ("['a', '']", b"a\0\0"),
        ("{ bytes = '00 fF' }", b"\x00\xff"),
        ("{ u64 = 0x100000000 }", b"\0\0\0\1\0\0\0\0"),
        ("{ u64 = [1, 2] }", bytes(7) + b"\1" + bytes(7) + b"\2"),
        ("false", None),
    ],
)
def test_devtree_values(tmp_path: Path, value: str, expected: bytes | None) -> None:
    text = f'{RECIPE}[domain.dom0.devtree."/cpus"]\nvalue = {value}\n'
    (override,) = load(tmp_path, text).domains[0].devtree
    assert override.path == "/cpus"
    assert override.properties == (("value", expected),)


def test_devtree_node_removed(tmp_path: Path) -> None:
    (override,) = load(tmp_path, f'{RECIPE}[domain.dom0.devtree]\n"/rtas" = false\n').domains[0].devtree
    assert (override.path, override.remove) == ("/rtas", True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.5", "a value of type float cannot become a property"),
        ("[]", "an empty list cannot become a property"),
        ("[1, 'a']", "a mixed list cannot become a property"),
        ("[true]", "a mixed list cannot become a property"),
        ("{ u16 = 1 }", "this table cannot become a property"),
        ("{ u64 = 1, bytes = '' }", "this table cannot become a property"),
        ("{ u64 = true }", "this table cannot become a property"),
        ("0x100000000", "4294967296 does not fit 32 unsigned bits; write { u64 = ... }"),
        ("-1", "-1 does not fit 32 unsigned bits"),
        ("{ u64 = -1 }", "-1 does not fit 64 unsigned bits"),
        ('"a\\u0000b"', "text must not hold a NUL"),
        ("{ bytes = '0' }", "'0' is not pairs of hexadecimal digits"),
    ],
)
def test_devtree_values_that_are_none(tmp_path: Path, value: str, expected: str) -> None:
    text = f'{RECIPE}[domain.dom0.devtree."/cpus"]\nvalue = {value}\n'
    assert complaint(tmp_path, text).startswith(f'domain.dom0.devtree."/cpus".value: {expected}')


@pytest.mark.parametrize("path", ["cpus", "/cpus/", "//cpus", "/cp us", "/a@b@c", ""])
def test_devtree_paths(tmp_path: Path, path: str) -> None:
    assert "is not the full path of a node" in complaint(tmp_path, f'{RECIPE}[domain.dom0.devtree."{path}"]\n')


def test_devtree_other_faults(tmp_path: Path) -> None:
    assert "root node cannot be removed" in complaint(tmp_path, f'{RECIPE}[domain.dom0.devtree]\n"/" = false\n')
    assert "must be a table of properties" in complaint(tmp_path, f'{RECIPE}[domain.dom0.devtree]\n"/cpus" = 1\n')
    assert "is not a property name" in complaint(tmp_path, f'{RECIPE}[domain.dom0.devtree."/"]\n"a b" = 1\n')


@pytest.mark.parametrize(("text", "size"), [("4096", 4096), ("0x1000", 4096), ("64m", 64 * MIB), (" 2 GiB ", 2 * GIB)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "1T", "0xM", "1.5G", "-1", "1 2", "٣"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(("size", "text"), [(0, "0 bytes"), (1 << 30, "1 GiB"), (3 << 19, "1536 KiB"), (5, "5 bytes")])
def test_sizes_in_words(size: int, text: str) -> None:
    assert format_size(size) == text
