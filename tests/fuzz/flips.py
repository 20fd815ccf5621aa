# SPDX-License-Identifier: BSD-2-Clause
"""python -m tests.fuzz.flips IMAGE: flips single bits of an image, one at a time, and asks `verify` about each.

Status 0 when every flip was refused.  All bits by default; `--every N` takes every N-th, beginning with a seeded one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from loader.verify import verify


def unnoticed_flips(path: Path, bits: Iterable[int]) -> Iterator[int]:
    """The bits (8 times the file offset, plus the number in the byte) that can be flipped without `verify` noticing.

    The file is written to, and as it was in the end.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        for bit in bits:
            at, mask = bit // 8, 1 << bit % 8
            (byte,) = os.pread(descriptor, 1, at)
            os.pwrite(descriptor, bytes([byte ^ mask]), at)
            if verify(path).sound:
                yield bit
            os.pwrite(descriptor, bytes([byte]), at)
    finally:
        os.close(descriptor)


def main() -> int:
    """Flip what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.flips", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=lambda text: int(text, 0), default=0, help="file offset to begin at")
    parser.add_argument("--end", type=lambda text: int(text, 0), help="file offset to end before")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        image = Path(shutil.copy(options.image, folder))
        if not verify(image).sound:
            parser.error("the image is not sound as it is")
        end = options.end if options.end is not None else image.stat().st_size
        start = 8 * options.first + random.Random(options.seed).randrange(options.every)
        bits = range(start, 8 * end, options.every)
        found = list(unnoticed_flips(image, bits))
        sound = verify(image).sound
    for bit in found:
        print(f"bit {bit % 8} of byte {bit // 8:#x} flips unnoticed")
    print(f"{len(bits)} bits flipped, {len(found)} unnoticed")
    return 1 if found or not sound else 0


if __name__ == "__main__":
    sys.exit(main())
