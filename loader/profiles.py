# SPDX-License-Identifier: BSD-2-Clause
"""What each firmware takes, where it puts it, and what memory it keeps for itself (docs/firmware-profiles.md).

Facts only, each with its source; the rules that compare an image with them are in loader/lintrules.py, the picture they
make in loader/memorymap.py.  Addresses are the machine's, sizes are bytes, ranges are half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from loader.elfhead import EM_PPC, EM_PPC64
from loader.errors import LoaderError
from loader.layout import Range
from loader.units import GIB, KIB, MIB, align_down

EXEC: Final = 2
DYN: Final = 3


class Placement(Enum):
    """How the bytes of a file become memory."""

    IN_PLACE = "the file as it is, at one address; it runs where it lies"
    TRANSLATED = "each segment at its physical address modulo 256 MiB plus a base; entered at the lowest"
    LINKED = "the file into a buffer, each segment from there to its physical address"
    CHOSEN = "each segment where the loader finds room"


@dataclass(frozen=True, slots=True)
class Format:
    """The ELF files a loader takes."""

    bits: tuple[int, ...] = (32, 64)
    little_endian: tuple[bool, ...] = (False, True)
    types: tuple[int, ...] = (EXEC, DYN)
    machines: tuple[int, ...] = (EM_PPC, EM_PPC64)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One way into a firmware.

    name           how people call it
    base           IN_PLACE: where the file's first byte goes; TRANSLATED: what is added; LINKED: the buffer
    max_file_size  bytes, None where only memory limits it
    network        whether the file comes by TFTP
    """

    name: str
    placement: Placement
    base: int
    format: Format
    source: str
    max_file_size: int | None = None
    network: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """Memory a firmware uses; `resident` when it still does while a hypervisor runs."""

    range: Range
    resident: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A firmware on a kind of machine.

    memory         bytes of memory assumed where nothing else is said
    memory_fixed   whether the firmware says so whatever the machine has
    owned          the firmware's ranges on a machine of that much memory
    open_firmware  whether it has no flat tree to give, so that the stub makes one
    """

    name: str
    title: str
    memory: int
    routes: tuple[Route, ...]
    owned: Callable[[int], tuple[Owned, ...]]
    source: str
    memory_fixed: bool = False
    open_firmware: bool = False

    def memory_of(self, machine: int | None) -> int:
        """Bytes the firmware finds on a machine that has that much, or on the usual one."""
        return self.memory if machine is None or self.memory_fixed else machine


SLOF_RESERVE: Final = 0x4000
"""Exception vectors, claimed by SLOF (slof/fs/claim.fs, MIN-RAM-RESERVE)."""
SLOF_SIZE: Final = 0x1F0_0000
"""What SLOF claims for its code, heap and network stack (slof/fs/claim.fs)."""
JS2X_SLOF: Final = 0x0E00_0000
JS2X_FLASH_COPY: Final = 0x0DC0_0000
JS2X_LOAD_BASE: Final = 0x1000_0000
JS2X_LOAD_END: Final = 0x2000_0000
PSERIES_LOAD_BASE: Final = 0x4000
SKIBOOT_KERNEL: Final = 0x2000_0000
SKIBOOT_KERNEL_SIZE: Final = 128 * MIB
SKIBOOT_BASE: Final = 0x3000_0000
SKIBOOT_END: Final = 0x3200_0000
OPENBIOS_KERNEL: Final = 0x0100_0000


def slof_base(memory: int) -> int:
    """Where SLOF lies on QEMU's pseries: below its copy of the flash, which is below the tree at the top of memory.

    QEMU 7.2 hw/ppc/spapr.c (FDT_MAX_ADDR, FDT_MAX_SIZE); SLOF board-qemu/llfw/stage2.c.
    """
    tree = align_down(min(memory, 2 * GIB) - MIB, 2 * MIB)
    flash_copy = align_down(tree - 0x41_0000, 0x1_0000)
    return flash_copy - SLOF_SIZE


def openbios_base(memory: int) -> int:
    """Where OpenBIOS' own memory begins, at the top.

    OpenBIOS arch/ppc/qemu/ofmem.c (setup_mmu, get_ram_top); 1.5 MiB of heap and 160 KiB below the hash table are what
    QEMU 7.2's build has, as the property `available` of its /memory node says.
    """
    hash_table = align_down(memory - MIB - 64 * KIB, MIB)
    return hash_table - 160 * KIB - 1536 * KIB


def _skiboot_owned(_memory: int) -> tuple[Owned, ...]:
    return (Owned(Range("skiboot", SKIBOOT_BASE, SKIBOOT_END), resident=True),)


def _pseries_owned(memory: int) -> tuple[Owned, ...]:
    base = slof_base(memory)
    return (
        Owned(Range("SLOF's vectors", 0, SLOF_RESERVE), resident=False),
        Owned(Range("SLOF", base, base + SLOF_SIZE), resident=False),
        Owned(Range("flash copy and tree", base + SLOF_SIZE, memory), resident=False),
    )


def _js2x_owned(_memory: int) -> tuple[Owned, ...]:
    return (
        Owned(Range("SLOF's vectors", 0, SLOF_RESERVE), resident=False),
        Owned(Range("flash copy", JS2X_FLASH_COPY, JS2X_SLOF), resident=False),
        Owned(Range("SLOF", JS2X_SLOF, JS2X_LOAD_BASE), resident=False),
    )


def _mac99_owned(memory: int) -> tuple[Owned, ...]:
    return (
        Owned(Range("OpenBIOS' vectors", 0, 0x4000), resident=False),
        Owned(Range("OpenBIOS", openbios_base(memory), memory), resident=False),
    )


def _nothing_owned(_memory: int) -> tuple[Owned, ...]:
    return ()


_POWERNV_ROUTE: Final = Route(
    "-kernel",
    Placement.IN_PLACE,
    SKIBOOT_KERNEL,
    Format(),
    "QEMU 7.2 hw/ppc/pnv.c (KERNEL_LOAD_ADDR, KERNEL_MAX_SIZE); skiboot core/init.c (load_kernel)",
    max_file_size=SKIBOOT_KERNEL_SIZE,
)
_JS2X_ROUTE: Final = Route(
    "boot net",
    Placement.LINKED,
    JS2X_LOAD_BASE,
    Format(little_endian=(False,), types=(EXEC,), hint="SLOF before 2013 takes big-endian ET_EXEC files only"),
    "SLOF slof/fs/elf.fs of slof-JX-1.7.0, slof/fs/packages/obp-tftp.fs, slof/fs/base.fs (load-base)",
    max_file_size=JS2X_LOAD_END - JS2X_LOAD_BASE,
    network=True,
)

_PROFILES: Final = (
    Profile(
        "js20",
        "JS20 blade, SLOF",
        512 * MIB,
        (_JS2X_ROUTE,),
        _js2x_owned,
        "SLOF board-js2x/slof/memory.fs (mem-size-u3), board-js2x/llfw/stage2.c, slof/fs/claim.fs",
        memory_fixed=True,
        open_firmware=True,
    ),
    Profile(
        "js21",
        "JS21 blade, SLOF",
        1 * GIB,
        (_JS2X_ROUTE,),
        _js2x_owned,
        "SLOF board-js2x/slof/memory.fs (mem-size-u4), board-js2x/llfw/stage2.c, slof/fs/claim.fs",
        open_firmware=True,
    ),
    Profile(
        "slof",
        "QEMU pseries, SLOF",
        512 * MIB,
        (
            Route(
                "-kernel",
                Placement.TRANSLATED,
                0x40_0000,
                Format(),
                "QEMU 7.2 hw/ppc/spapr.c (KERNEL_LOAD_ADDR, translate_kernel_address)",
            ),
            Route(
                "boot net",
                Placement.LINKED,
                PSERIES_LOAD_BASE,
                Format(),
                "SLOF board-qemu/slof/OF.fs (load-base), lib/libelf/elf.c, slof/fs/packages/obp-tftp.fs",
                network=True,
            ),
        ),
        _pseries_owned,
        "SLOF board-qemu/llfw/stage2.c, slof/fs/claim.fs",
        open_firmware=True,
    ),
    *(
        Profile(
            f"powernv{generation}",
            f"QEMU powernv{generation}, skiboot",
            2 * GIB,
            (_POWERNV_ROUTE,),
            _skiboot_owned,
            "skiboot include/mem-map.h (SKIBOOT_BASE)",
        )
        for generation in (8, 9, 10)
    ),
    Profile(
        "mac99",
        "QEMU mac99 with a 970fx, OpenBIOS",
        512 * MIB,
        (
            Route(
                "-kernel",
                Placement.TRANSLATED,
                OPENBIOS_KERNEL,
                Format(
                    bits=(32,), little_endian=(False,), machines=(EM_PPC,), hint="OpenBIOS enters it in 32-bit mode"
                ),
                "QEMU 7.2 hw/ppc/mac_newworld.c (translate_kernel_address), hw/ppc/mac.h (KERNEL_LOAD_ADDR)",
            ),
        ),
        _mac99_owned,
        "OpenBIOS arch/ppc/qemu/ofmem.c",
        open_firmware=True,
    ),
    Profile(
        "epapr",
        "any ePAPR boot program",
        512 * MIB,
        (
            Route(
                "client image",
                Placement.CHOSEN,
                0,
                Format(bits=(32,), little_endian=(False,), machines=(EM_PPC,)),
                "ePAPR 1.1, chapter 7 (client program image format)",
            ),
        ),
        _nothing_owned,
        "ePAPR 1.1, chapter 5 (client entry)",
    ),
    Profile(
        "kexec",
        "Linux on 64-bit PowerPC, kexec",
        2 * GIB,
        (
            Route(
                "kexec_file_load",
                Placement.CHOSEN,
                0,
                Format(bits=(64,), machines=(EM_PPC64,), hint="build it with --container elf64"),
                "Linux kernel/kexec_elf.c, arch/powerpc/kexec/elf_64.c",
            ),
        ),
        _nothing_owned,
        "Linux arch/powerpc/kexec",
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({profile.name: profile for profile in _PROFILES})
"""By name."""

DEFAULT_TARGETS: Final = ("powernv8",)
"""What an image is built for when its recipe says nothing: the machine on which the hypervisor starts domains."""


def find_profile(name: str) -> Profile:
    """The profile of that name; raises LoaderError."""
    if name not in PROFILES:
        raise LoaderError(f"no firmware profile is called {name!r}", hint=f"profiles are {', '.join(PROFILES)}")
    return PROFILES[name]
