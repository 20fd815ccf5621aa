#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch the third-party C sources into build/third_party/, pinned by hash in tools/third-party.txt.

libfdt comes out of the source distribution of pylibfdt.  A second run does nothing; a changed pin fetches again.
Standard library only.  Exit status 3: the network or an archive is not what it should be.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = ROOT / "tools" / "third-party.txt"
TARGET: Final = ROOT / "build" / "third_party"
STAMP_NAME: Final = "fetched.stamp"

PACKAGE: Final = "pylibfdt"
FOLDER: Final = "libfdt"
SUFFIXES: Final = frozenset({".c", ".h"})
NEEDED: Final = frozenset({"libfdt.h", "libfdt_env.h", "fdt.c", "fdt_ro.c", "fdt_rw.c", "fdt_overlay.c", "fdt_check.c"})


def main() -> None:
    """Fetch libfdt unless the sources of this very pin are in place."""
    wanted = hashlib.sha256(PINS.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    folder = TARGET / FOLDER
    stamp = folder / STAMP_NAME
    if stamp.exists() and stamp.read_text() == wanted:
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET, prefix=".fetch-") as name:
        scratch = Path(name)
        fresh = scratch / FOLDER
        fresh.mkdir()
        unpack(download(scratch), fresh)
        (fresh / STAMP_NAME).write_text(wanted)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)


def download(scratch: Path) -> Path:
    """Let pip fetch the pinned source distribution into `scratch` and check its hash; return the archive."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--no-binary", PACKAGE, "--require-hashes", "-r", str(PINS), "--dest", str(scratch)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        sys.stderr.write(result.stdout)
        fail(f"pip could not download what {PINS.name} pins: is the network up?")
    archives = list(scratch.glob(f"{PACKAGE}-*.tar.gz"))
    if len(archives) != 1:
        fail(f"pip left {len(archives)} archives of {PACKAGE} instead of one")
    return archives[0]


def unpack(archive: Path, folder: Path) -> None:
    """Write the C files of the archive's folder FOLDER, and nothing else, to `folder`."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.parts[1:-1] != (FOLDER,) or path.suffix not in SUFFIXES:
                continue
            source = tar.extractfile(member)
            if source is not None:
                (folder / path.name).write_bytes(source.read())
    missing = NEEDED - {path.name for path in folder.iterdir()}
    if missing:
        fail(f"{archive.name} lacks {', '.join(sorted(missing))}")


def fail(message: str) -> NoReturn:
    """Stop because the environment lacks something."""
    print(f"fetch_third_party: error: {message}", file=sys.stderr)
    sys.exit(3)


if __name__ == "__main__":
    main()
