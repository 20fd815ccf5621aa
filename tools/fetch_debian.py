#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch files of Debian's ppc64el packages into build/third_party/, for tests that boot through them.

apt takes each package from a named suite, out of the mirror that this machine uses anyway, verified by Debian's
signature, and into folders of its own: nothing is installed.  A second run does nothing.  Standard library only.  Exit
status 3: no network, or no Debian.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "build" / "third_party"


@dataclass(frozen=True)
class Source:
    """A folder of a package, what it is called below TARGET, and which files must be in it."""

    package: str
    suite: str
    archive_folder: str
    folder: str
    needed: frozenset[str]

    @property
    def is_there(self) -> bool:
        """Whether an earlier run fetched it."""
        return all((TARGET / self.folder / name).is_file() for name in self.needed)


SOURCES: Final = (
    # GRUB's modules for Open Firmware; the package of that name for other machines has other modules.  In 2.06 and 2.12
    # (Debian 12 and 13) its network driver `ofnet` uses a pointer that it never sets, and finds no card; 2.14 works.
    Source(
        "grub-ieee1275-bin",
        "forky",
        "usr/lib/grub/powerpc-ieee1275",
        "grub",
        frozenset({"kernel.img", "moddep.lst", "boot.mod", "linux.mod", "net.mod", "ofnet.mod", "tftp.mod"}),
    ),
    # kexec for the system that dom0's ramdisk is of, Debian 12.
    Source("kexec-tools", "bookworm", "sbin", "kexec", frozenset({"kexec"})),
)


def main() -> None:
    """Fetch what is not there."""
    missing = [source for source in SOURCES if not source.is_there]
    if not missing:
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        names = ", ".join(f"{source.package} ({source.suite}, ppc64el)" for source in missing)
        fail(f"not a Debian machine: unpack {names} into build/third_party as tools/fetch_debian.py would")
    TARGET.mkdir(parents=True, exist_ok=True)
    for source in missing:
        with tempfile.TemporaryDirectory(dir=TARGET, prefix=".fetch-debian-") as name:
            fetch(source, Path(name))


def fetch(source: Source, scratch: Path) -> None:
    """Put one source in its place."""
    run(["dpkg-deb", "--extract", str(download(source, scratch)), str(scratch / "package")], scratch)
    fresh, folder = scratch / "package" / source.archive_folder, TARGET / source.folder
    lacking = sorted(name for name in source.needed if not (fresh / name).is_file())
    if lacking:
        fail(f"{source.package} lacks {', '.join(lacking)}")
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def download(source: Source, scratch: Path) -> Path:
    """Let apt fetch and verify the package."""
    sources = scratch / "sources.list"
    sources.write_text(f"deb {mirror(scratch)} {source.suite} main\n")
    options = {
        "APT::Architecture": "ppc64el",
        "APT::Architectures": "ppc64el",
        "Acquire::Check-Valid-Until": "false",  # a mirror that lags behind will do
        "Dir::State::status": "/dev/null",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
    }
    apt = private_apt(scratch / "apt", options)
    run([*apt, "update"], scratch)
    run([*apt, "download", source.package], scratch)
    (package,) = scratch.glob(f"{source.package}_*.deb")
    return package


def private_apt(folder: Path, options: Mapping[str, object]) -> list[str]:
    """apt-get with package lists of its own, in a new folder."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    places = {"APT::Sandbox::User": "", "Dir::State::Lists": folder / "lists", "Dir::Cache": folder / "cache"}
    return [
        "apt-get",
        "-qq",
        *(word for item in {**places, **options}.items() for word in ("-o", "=".join(map(str, item)))),
    ]


def mirror(scratch: Path) -> str:
    """Where this machine gets Debian from, by its package lists; where those were cleaned away, by fresh ones."""
    address = debian_among(["apt-get"], scratch)
    if address is None:
        apt = private_apt(scratch / "machine", {})
        run([*apt, "update"], scratch)
        address = debian_among(apt, scratch)
    if address is None:
        fail("apt knows no Debian mirror: name one in /etc/apt/sources.list")
    return address


def debian_among(apt: list[str], scratch: Path) -> str | None:
    """The address of the first source whose lists say that it is Debian's."""
    wanted = "$(ORIGIN) $(LABEL) $(REPO_URI)"
    for line in run([*apt, "indextargets", "--format", wanted, "Created-By: Packages"], scratch).splitlines():
        origin, label, address = line.split(" ", 2)
        if (origin, label) == ("Debian", "Debian"):
            return address
    return None


def run(command: list[str], folder: Path) -> str:
    """Run a command and return its output."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.stderr.write(result.stdout + result.stderr)
        fail(f"{command[0]} failed: is the network up?")
    return result.stdout


def fail(message: str) -> NoReturn:
    """Stop because the environment lacks something."""
    print(f"fetch_debian: error: {message}", file=sys.stderr)
    sys.exit(3)


if __name__ == "__main__":
    main()
