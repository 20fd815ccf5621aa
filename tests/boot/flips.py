# SPDX-License-Identifier: BSD-2-Clause
"""python -m tests.boot.flips IMAGE: flips single bits of an image in an emulated machine's memory, many per boot.

The machine stops where the firmware enters the stub.  From there each flip is one run of the real stub: flip, go on to
the breakpoint where the stub has stopped or at the hypervisor's entry, put memory and registers back.  What runs wild,
or stores where it should not, costs a reset.  Status 0 when no flip let the stub enter the hypervisor.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from loader import abi
from loader.elf import physical_entry, read_elf
from loader.emulator import Emulator
from loader.multiboot import extract_entry, read_head
from tests.boot.gdbstub import GdbStub

LOAD_BASE: Final = 0x2000_0000 + abi.IMAGE_FILE_OFFSET
"""Where powernv has the image's first byte that counts."""
PATIENCE: Final = 3.0
"""Seconds for one run of damaged code, which may never end; a sound stub takes some hundredths of one."""
GREAT_PATIENCE: Final = 60.0
"""Seconds for one run of code that is as it was: only a host that does something else makes it slow."""
CODE_START: Final = abi.STUB_SCRATCH_OFFSET + 8
"""Offset from the load base: in front of it are the stub's words."""
STUB_ELF: Final = Path(__file__).resolve().parents[2] / "build" / "stub" / "stub.elf"


class End(Enum):
    """How a run of the stub ended."""

    REFUSED = "refused with a reason"
    SILENT = "stopped without a reason"
    LOST = "never came to an end"
    AGAIN = "came back to its own beginning"
    ENTERED = "entered the hypervisor"


@dataclass(frozen=True)
class Outcome:
    """How one run ended; the reason is the one that the stub stored."""

    end: End
    reason: int


class FlipBench:
    """A machine that stands where the firmware enters the stub, while the context lasts."""

    def __init__(self, image: Path, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.bytes = image.read_bytes()[abi.IMAGE_FILE_OFFSET :]
        self.head = read_head(image)
        self._image = image
        scratch = self.bytes[abi.STUB_SCRATCH_OFFSET :][:8]
        self._scratch = int.from_bytes(scratch, "big")
        self._stop = LOAD_BASE + find_function("processor_stop").start
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            folder = Path(resources.enter_context(TemporaryDirectory()))
            extract_entry(self._image, "hypervisor", folder / "hypervisor")
            self._entry = physical_entry(read_elf(folder / "hypervisor"))
            port = folder / "gdb"
            options = ["-S", "-gdb", f"unix:{port},server=on,wait=off"]
            self._machine = resources.enter_context(Emulator(self._image, extra=options))
            self._gdb = resources.enter_context(GdbStub(port))
            self._gdb.set_breakpoint(LOAD_BASE)
            self._arrive()
            for address in (self._stop, self._entry):
                self._gdb.set_breakpoint(address)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def flip(self, offset: int, bit: int) -> Outcome:
        """What the stub does when that bit is another one; the offset counts from the load base."""
        is_code = CODE_START <= offset < self.head.stub_size
        self._gdb.write(LOAD_BASE + offset, bytes([self.bytes[offset] ^ 1 << bit]))
        outcome = self.run(self.patience if is_code else GREAT_PATIENCE)
        self._gdb.write(LOAD_BASE + offset, self.bytes[offset : offset + 1])
        # Damaged code may store anywhere before it stops; what follows would be judged in a damaged image.
        if offset < self.head.stub_size and not self._is_whole():
            self._reset()
        return outcome

    def run(self, patience: float = GREAT_PATIENCE) -> Outcome:
        """What the stub does with memory as it is; then everything but that is put back."""
        self._gdb.clear_breakpoint(LOAD_BASE)
        self._gdb.step()
        self._gdb.set_breakpoint(LOAD_BASE)
        # The step may already have jumped to where another one would stop.
        arrived = self._gdb.run(patience)
        place = self._gdb.pc() if arrived else None
        reason = int.from_bytes(self._gdb.read(LOAD_BASE + abi.STUB_REASON_OFFSET, 8), "big")
        if place == self._stop:
            self._put_back()
            return Outcome(End.REFUSED if reason else End.SILENT, reason)
        self._reset()
        ends = {self._entry: End.ENTERED, LOAD_BASE: End.AGAIN}
        return Outcome(End.LOST if place is None else ends[place], reason)

    def _is_whole(self) -> bool:
        """Image and firmware's tree, what the stub reads, are as they were."""
        tree_at, tree = self._tree
        image = self._gdb.read(LOAD_BASE, len(self.bytes))
        return image == self.bytes and self._gdb.read(tree_at, len(tree)) == tree

    def _arrive(self) -> None:
        if not self._gdb.run() or self._gdb.pc() != LOAD_BASE:
            raise RuntimeError("the firmware did not enter the image")
        tree_at = self._gdb.register(3)
        size = int.from_bytes(self._gdb.read(tree_at + 4, 4), "big")
        self._tree = (tree_at, self._gdb.read(tree_at, size))
        if not self._is_whole():
            raise RuntimeError("the machine's memory does not hold the image")
        self._registers = self._gdb.registers()

    def _put_back(self) -> None:
        """What a run of the stub changes up to its refusal: registers, reason word, scratch area."""
        reason = slice(abi.STUB_REASON_OFFSET, abi.STUB_REASON_OFFSET + 8)
        scratch = slice(self._scratch, self.head.stub_size)
        for part in (reason, scratch):
            self._gdb.write(LOAD_BASE + part.start, self.bytes[part])
        self._gdb.set_registers(self._registers)

    def _reset(self) -> None:
        """Boot again: the emulator loads the image anew."""
        self._machine.qmp("system_reset")
        self._arrive()


def find_function(name: str) -> range:
    """The offsets from the load base between this symbol of the stub and the next one."""
    command = ["powerpc64-linux-gnu-nm", "--numeric-sort", str(STUB_ELF)]
    symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    at = next(number for number, line in enumerate(symbols) if line.endswith(f" {name}"))
    return range(*(int(line.split()[0], 16) for line in symbols[at : at + 2]))


def flip_many(bench: FlipBench, bits: Iterable[int]) -> tuple[Counter[Outcome], list[int]]:
    """How the flips of these bits (8 times the offset, plus the bit in the byte) end, and which let the stub enter."""
    outcomes: Counter[Outcome] = Counter()
    entered = []
    for bit in bits:
        outcome = bench.flip(bit // 8, bit % 8)
        outcomes[outcome] += 1
        if outcome.end is End.ENTERED:
            entered.append(bit)
            print(f"bit {bit % 8} of {bit // 8:#x} let the stub enter the hypervisor", flush=True)
    return outcomes, entered


def main() -> int:
    """Flip what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.boot.flips", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=lambda text: int(text, 0), default=0, help="offset from the load base")
    parser.add_argument("--end", type=lambda text: int(text, 0), help="offset to end before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for one run of damaged code")
    options = parser.parse_args()
    with FlipBench(options.image, options.patience) as bench:
        end = len(bench.bytes) if options.end is None else options.end
        start = 8 * options.first + random.Random(options.seed).randrange(options.every)
        outcomes, entered = flip_many(bench, range(start, 8 * end, options.every))
        sound = bench.run().end is End.ENTERED
    for outcome, count in outcomes.most_common():
        print(f"{count:8} {outcome.end.value} ({outcome.reason})")
    return 0 if sound and not entered else 1


if __name__ == "__main__":
    sys.exit(main())
