#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch the third-party C sources into build/third_party/, pinned by hash in tools/third-party.txt.

They come out of the source distributions of Python packages.  A second run does nothing; a changed pin fetches again.
Standard library only.  Exit status 3: the network or an archive is not what it should be.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = ROOT / "tools" / "third-party.txt"
TARGET: Final = ROOT / "build" / "third_party"
STAMP_NAME: Final = "fetched.stamp"
SUFFIXES: Final = frozenset({".c", ".h"})


@dataclass(frozen=True)
class Source:
    """C files of one package: in which folder of its archive they are, where they go, which must be there.

    `others` says whether the folder's other C files are taken as well.
    """

    package: str
    archive_folder: str
    folder: str
    needed: frozenset[str]
    others: bool = True


SOURCES: Final = (
    Source(
        "pylibfdt",
        "libfdt",
        "libfdt",
        frozenset({"libfdt.h", "libfdt_env.h", "fdt.c", "fdt_ro.c", "fdt_rw.c", "fdt_overlay.c", "fdt_check.c"}),
    ),
    Source("lz4", "lz4libs", "lz4", frozenset({"lz4.c", "lz4.h"})),
    Source("zstandard", "zstd", "zstd", frozenset({"zstd.c", "zstd.h", "zstd_errors.h"})),
    Source("pymonocypher", "", "monocypher", frozenset({"monocypher.c", "monocypher.h"}), others=False),
)

ZSTD_FILE: Final = "zstd.c"
ZSTD_MARK: Final = re.compile(
    rb"/\*\*\*\* (start|ended) inlining (compress|decompress|dictBuilder)/\w+\.c \*\*\*\*/\s*"
)
"""In front of and behind each file that zstd's single-file library is made of."""
ZSTD_PARTS: Final = frozenset({b"compress", b"decompress", b"dictBuilder"})


def main() -> None:
    """Fetch everything unless the sources of these very pins are in place."""
    wanted = hashlib.sha256(PINS.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamps = [TARGET / source.folder / STAMP_NAME for source in SOURCES]
    if all(stamp.exists() and stamp.read_text() == wanted for stamp in stamps):
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET, prefix=".fetch-") as name:
        scratch = Path(name)
        download(scratch)
        for source in SOURCES:
            install(source, scratch, wanted)


def download(scratch: Path) -> None:
    """Let pip fetch the pinned source distributions into `scratch` and check their hashes."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ",".join(source.package for source in SOURCES), "--require-hashes"]
    command += ["-r", str(PINS), "--dest", str(scratch)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        sys.stderr.write(result.stdout)
        fail(f"pip could not download what {PINS.name} pins: is the network up?")


def install(source: Source, scratch: Path, stamp: str) -> None:
    """Put one source's files, from its archive in `scratch`, in their place with this stamp."""
    archives = list(scratch.glob(f"{source.package}-*.tar.gz"))
    if len(archives) != 1:
        fail(f"pip left {len(archives)} archives of {source.package} instead of one")
    fresh, folder = scratch / source.folder, TARGET / source.folder
    fresh.mkdir()
    unpack(archives[0], source, fresh)
    (fresh / STAMP_NAME).write_text(stamp)
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def unpack(archive: Path, source: Source, folder: Path) -> None:
    """Write the C files of the source's folder in the archive, and nothing else, to `folder`."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.suffix not in SUFFIXES or not (source.others or path.name in source.needed):
                continue
            if path.parts[1:-1] != PurePosixPath(source.archive_folder).parts:
                continue
            content = tar.extractfile(member)
            if content is not None:
                data = content.read()
                (folder / path.name).write_bytes(zstd_decoder(data) if path.name == ZSTD_FILE else data)
    missing = source.needed - {path.name for path in folder.iterdir()}
    if missing:
        fail(f"{archive.name} lacks {', '.join(sorted(missing))}")


def zstd_decoder(library: bytes) -> bytes:
    """zstd's single-file library without the files of its compressor, which asks for a hosted C library."""
    kept, seen, skipping = [], set(), False
    for line in library.splitlines(keepends=True):
        mark = ZSTD_MARK.fullmatch(line)
        if mark:
            seen.add(mark[2])
            skipping = mark[1] == b"start" and mark[2] != b"decompress"
        elif not skipping:
            kept.append(line)
    if seen != ZSTD_PARTS or skipping:
        fail(f"{ZSTD_FILE} is not the single-file library it used to be")
    return b"".join(kept)


def fail(message: str) -> NoReturn:
    """Stop because the environment lacks something."""
    print(f"fetch_third_party: error: {message}", file=sys.stderr)
    sys.exit(3)


if __name__ == "__main__":
    main()
