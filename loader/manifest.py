# SPDX-License-Identifier: BSD-2-Clause
"""Recipes: a TOML file that says what goes into an image (docs/recipe.md).

Everything that can be judged without opening the named files is judged here, and each complaint names the
file and the key.  What comes out is frozen and complete: no defaults are left to later stages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from loader import abi
from loader.errors import ManifestError
from loader.overrides import NodeOverride, parse_overrides
from loader.profiles import PROFILES
from loader.settings import apply_setting
from loader.tables import Place, Table, load_document
from loader.units import MIB, format_size, parse_size

DEFAULT_STUB: Final = Path(__file__).resolve().parent.parent / "build" / "stub" / "stub.bin"
DEFAULT_RMA_SIZE: Final = 256 * MIB
MAX_COMMAND_LINE: Final = 2047
"""Bytes Linux keeps on this architecture (COMMAND_LINE_SIZE less the NUL); more would be lost silently."""
RMO_SIZES: Final = tuple(size * MIB for size in (32, 64, 128, 256, 1024, 16 * 1024, 256 * 1024))
"""Limits that LPCR[RMLS] can express on POWER8 (Power ISA 2.07, book III-S, LPCR)."""

_DOMAIN_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z._+-]*")

RmaMode = Literal["auto", "rmo", "vrma"]
KernelFormat = Literal["elf", "raw"]
Role = Literal["control", "hardware", "xenstore"]
CompressionName = Literal["none", "lz4", "zstd"]


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """The hypervisor's file and command line."""

    path: Path
    command_line: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """A domain's kernel; `load` is guest-physical, `entry` counts from `load` (raw kernels only)."""

    path: Path
    format: KernelFormat
    load: int | None
    entry: int
    compression: abi.Compression = abi.Compression.NONE


@dataclass(frozen=True, slots=True)
class Ramdisk:
    """A domain's ramdisk:
    path           the file; None: only the firmware's, if it has one
    load           guest-physical; None lets the planner choose
    firmware_room  bytes kept for the firmware's initrd, which then takes the place of the file; 0: it is ignored
    """

    path: Path | None
    load: int | None
    compression: abi.Compression = abi.Compression.NONE
    firmware_room: int = 0


@dataclass(frozen=True, slots=True)
class Rma:
    """A domain's real-mode area; size in bytes."""

    mode: RmaMode
    size: int


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of a recipe; memory in bytes."""

    name: str
    id: int
    kernel: Kernel
    initrd: Ramdisk | None
    command_line: str
    memory: int
    vcpus: int
    roles: abi.Capability
    rma: Rma
    devtree: tuple[NodeOverride, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe, checked; `targets` are the firmware profiles it names."""

    path: Path
    stub: Path
    targets: tuple[str, ...]
    hypervisor: Hypervisor
    domains: tuple[Domain, ...]

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file an image is made from, the recipe too."""
        kernels = [domain.kernel.path for domain in self.domains]
        ramdisks = [domain.initrd.path for domain in self.domains if domain.initrd and domain.initrd.path]
        return (self.path, self.stub, self.hypervisor.path, *kernels, *ramdisks)

    def domain(self, name: str) -> Domain:
        """The domain of that name; raises ManifestError."""
        for domain in self.domains:
            if domain.name == name:
                return domain
        names = ", ".join(domain.name for domain in self.domains) or "none"
        raise ManifestError(f"no domain is called {name!r}", where=str(self.path), hint=f"domains are: {names}")


class _ImageTable(Table, frozen=True):
    stub: str | None = None
    targets: list[str] = msgspec.field(default_factory=list)
    compression: CompressionName = "none"


class _HypervisorTable(Table, frozen=True):
    path: str
    command_line: str = ""


class _KernelTable(Table, frozen=True):
    path: str
    format: KernelFormat = "elf"
    load: str | int | None = None
    entry: str | int = 0
    compression: CompressionName | None = None


class _RamdiskTable(Table, frozen=True):
    path: str | None = None
    from_firmware: str | int | None = None
    load: str | int | None = None
    compression: CompressionName | None = None


class _RmaTable(Table, frozen=True):
    mode: RmaMode = "auto"
    size: str | int | None = None


class _DomainTable(Table, frozen=True):
    kernel: str | _KernelTable
    memory: str | int
    id: int | None = None
    initrd: str | _RamdiskTable | None = None
    command_line: str = ""
    vcpus: int = 1
    roles: list[Role] = msgspec.field(default_factory=list)
    rma: _RmaTable = _RmaTable()
    devtree: dict[str, Any] = msgspec.field(default_factory=dict)


_COMPRESSIONS: Final[dict[str | None, abi.Compression]] = {
    name: abi.Compression[name.upper()] for name in get_args(CompressionName)
}
_TOP_TABLES: Final = ("image", "hypervisor", "domain")


@dataclass(frozen=True, slots=True)
class _Place(Place):
    """A key of a recipe: reads what may stand there.

    missing  complaints about files that are not there, shared by all keys: one look at a recipe shows all of them
    """

    missing: list[ManifestError] = field(default_factory=list)

    def size(self, value: str | int) -> int:
        """A size or address in bytes."""
        if isinstance(value, str):
            try:
                value = parse_size(value)
            except ValueError as error:
                raise self.error(str(error)) from None
        if not 0 <= value < 1 << 63:
            raise self.error(f"{value} is out of range")
        return value

    def file(self, name: str) -> Path:
        """A file, named relative to the recipe."""
        path = self.document.parent / name
        try:
            what = "" if path.is_file() else "is not a file" if path.exists() else "no such file"
        except OSError as error:
            what = f"cannot be a file ({error.strerror})"
        if what:
            self.missing.append(self.error(f"{what}: {path}", hint="paths count from the recipe's folder"))
        return path

    def text(self, value: str) -> str:
        """A command line."""
        if not value.isascii() or not value.isprintable():
            raise self.error("holds characters that are not printable ASCII")
        if len(value) > MAX_COMMAND_LINE:
            raise self.error(f"has {len(value)} characters, a command line may have {MAX_COMMAND_LINE}")
        return value


def load_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """Reads and checks a recipe, `settings` ("key.path=value") applied on top; raises ManifestError or SourceError."""
    document = load_document(path)
    for setting in settings:
        apply_setting(document, setting)
    return parse_recipe(document, path)


def parse_recipe(document: dict[str, Any], path: Path) -> Recipe:
    """Checks a recipe given as nested dictionaries; `path` names it and anchors its relative paths.

    Raises ManifestError; when that is about missing files, its `others` are about the rest of them.
    """
    top = _Place(path)
    for key in document:
        if key not in _TOP_TABLES:
            raise (top / key).error("unknown key", hint=f"a recipe has the tables {', '.join(_TOP_TABLES)}")
    if "hypervisor" not in document:
        raise (top / "hypervisor").error("is missing", hint="every image carries one hypervisor")
    image = (top / "image").table(document.get("image", {}), _ImageTable)
    hypervisor = (top / "hypervisor").table(document["hypervisor"], _HypervisorTable)
    recipe = Recipe(
        path=path,
        stub=_stub_path(image, top / "image" / "stub"),
        targets=_parse_targets(image.targets, top / "image" / "targets"),
        hypervisor=Hypervisor(
            path=(top / "hypervisor" / "path").file(hypervisor.path),
            command_line=(top / "hypervisor" / "command-line").text(hypervisor.command_line),
        ),
        domains=_parse_domains(document.get("domain", {}), _COMPRESSIONS[image.compression], top / "domain"),
    )
    if top.missing:
        first, *others = top.missing
        first.others = tuple(others)
        raise first
    return recipe


def _stub_path(image: _ImageTable, place: _Place) -> Path:
    if image.stub is not None:
        return place.file(image.stub)
    if not DEFAULT_STUB.is_file():
        place.missing.append(
            place.error(f"the boot stub is not built: {DEFAULT_STUB}", hint="run make build, or name another stub")
        )
    return DEFAULT_STUB


def _parse_targets(names: Sequence[str], place: _Place) -> tuple[str, ...]:
    for name in names:
        if name not in PROFILES:
            raise place.error(f"no firmware profile is called {name!r}", hint=f"known are {', '.join(PROFILES)}")
    if len(set(names)) != len(names):
        raise place.error("names a firmware twice")
    return tuple(names)


def _parse_domains(tables: object, compression: abi.Compression, place: _Place) -> tuple[Domain, ...]:
    if not isinstance(tables, dict):
        raise place.error("must be a table of domains", hint="write [domain.dom0]")
    if len(tables) > abi.MAX_DOMAINS:
        raise place.error(f"{len(tables)} domains, the hypervisor runs {abi.MAX_DOMAINS}")
    raw = {name: (place / name).table(table, _DomainTable) for name, table in tables.items()}
    ids = _assign_ids(raw, place)
    return tuple(_parse_domain(name, ids[name], table, compression, place / name) for name, table in raw.items())


def _assign_ids(tables: dict[str, _DomainTable], place: _Place) -> dict[str, int]:
    """The numbers the recipe gives, and the lowest free ones, in order, for the rest."""
    taken: dict[int, str] = {}
    for name, table in tables.items():
        if table.id is None:
            continue
        where = place / name / "id"
        if not 0 <= table.id < abi.MAX_DOMAINS:
            raise where.error(f"{table.id} is not in 0 .. {abi.MAX_DOMAINS - 1}")
        if table.id in taken:
            raise where.error(f"{table.id} is already the id of {taken[table.id]}")
        taken[table.id] = name
    free = iter(number for number in range(abi.MAX_DOMAINS) if number not in taken)
    return {name: next(free) if table.id is None else table.id for name, table in tables.items()}


def _parse_domain(name: str, number: int, table: _DomainTable, compression: abi.Compression, place: _Place) -> Domain:
    if not _DOMAIN_NAME.fullmatch(name) or len(name) >= abi.DOMAIN_NAME_SIZE:
        limit = abi.DOMAIN_NAME_SIZE - 1
        raise place.error(f"a domain's name has 1 to {limit} letters, digits and . _ + -, a letter first")
    if not 1 <= table.vcpus <= abi.MAX_VCPUS:
        raise (place / "vcpus").error(f"{table.vcpus} vCPUs, a domain may have 1 to {abi.MAX_VCPUS}")
    if len(set(table.roles)) != len(table.roles):
        raise (place / "roles").error("names a role twice")
    memory = (place / "memory").size(table.memory)
    if memory % abi.EXTENT_SIZE or not 0 < memory <= abi.MAX_DOMAIN_MEMORY:
        unit, most = format_size(abi.EXTENT_SIZE), format_size(abi.MAX_DOMAIN_MEMORY)
        raise (place / "memory").error(f"{format_size(memory)} is not a multiple of {unit} between {unit} and {most}")
    return Domain(
        name=name,
        id=number,
        kernel=_parse_kernel(table.kernel, compression, place / "kernel"),
        initrd=None if table.initrd is None else _parse_ramdisk(table.initrd, compression, place / "initrd"),
        command_line=(place / "command-line").text(table.command_line),
        memory=memory,
        vcpus=table.vcpus,
        roles=reduce(lambda roles, role: roles | abi.Capability[role.upper()], table.roles, abi.Capability(0)),
        rma=_parse_rma(table.rma, memory, place / "rma"),
        devtree=parse_overrides(table.devtree, str(place / "devtree")),
    )


def _parse_kernel(value: str | _KernelTable, compression: abi.Compression, place: _Place) -> Kernel:
    if isinstance(value, str):
        return Kernel(place.file(value), "elf", None, 0, compression)
    path = (place / "path").file(value.path)
    load = None if value.load is None else (place / "load").size(value.load)
    entry = (place / "entry").size(value.entry)
    if value.format == "raw" and load is None:
        raise (place / "load").error("is missing", hint="a raw kernel needs its guest-physical load address")
    if value.format == "elf" and entry:
        raise (place / "entry").error("an ELF kernel carries its own entry point", hint='remove it, or format = "raw"')
    return Kernel(path, value.format, load, entry, _COMPRESSIONS.get(value.compression, compression))


def _parse_ramdisk(value: str | _RamdiskTable, compression: abi.Compression, place: _Place) -> Ramdisk:
    if isinstance(value, str):
        return Ramdisk(place.file(value), None, compression)
    load = None if value.load is None else (place / "load").size(value.load)
    room = None if value.from_firmware is None else (place / "from-firmware").size(value.from_firmware)
    if room == 0:
        raise (place / "from-firmware").error("has no room", hint="leave it out to ignore the firmware's initrd")
    if value.path is None and room is None:
        raise (place / "path").error("is missing", hint='or write from-firmware = "64M" to take the firmware\'s initrd')
    if value.path is None and value.compression is not None:
        raise (place / "compression").error("there is no file to compress", hint="the firmware's initrd stays as it is")
    if value.path is None:
        return Ramdisk(None, load, firmware_room=room or 0)
    return Ramdisk(
        (place / "path").file(value.path), load, _COMPRESSIONS.get(value.compression, compression), room or 0
    )


def _parse_rma(table: _RmaTable, memory: int, place: _Place) -> Rma:
    where = place / "size"
    size = min(DEFAULT_RMA_SIZE, memory) if table.size is None else where.size(table.size)
    if size % abi.EXTENT_SIZE or size == 0:
        raise where.error(f"{format_size(size)} is not a multiple of {format_size(abi.EXTENT_SIZE)}")
    if size > memory:
        raise where.error(f"{format_size(size)} is more than the domain's memory of {format_size(memory)}")
    if table.mode == "rmo" and size not in RMO_SIZES:
        sizes = ", ".join(format_size(known) for known in RMO_SIZES)
        raise where.error(f"no processor limits a real-mode area to {format_size(size)}", hint=f"RMO knows {sizes}")
    return Rma(table.mode, size)
