#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch GRUB's modules for Open Firmware on PowerPC into build/third_party/grub/, for tests that boot through GRUB.

They are in Debian's grub-ieee1275-bin for ppc64el; the package of that name for other machines has other modules.
In 2.06 and 2.12 (Debian 12 and 13) GRUB's network driver `ofnet` uses a pointer that it never sets, and finds no card;
2.14 works.  So apt takes the package from SUITE, out of the mirror that this machine uses anyway, verified by Debian's
signature, and into folders of its own.  A second run does nothing.  Standard library only.  Exit status 3: no network,
or no Debian.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "build" / "third_party" / "grub"
SUITE: Final = "forky"
PACKAGE: Final = "grub-ieee1275-bin"
MODULES: Final = "usr/lib/grub/powerpc-ieee1275"
NEEDED: Final = frozenset({"kernel.img", "moddep.lst", "boot.mod", "linux.mod", "net.mod", "ofnet.mod", "tftp.mod"})


def main() -> None:
    """Fetch the modules unless they are there."""
    if all((TARGET / name).is_file() for name in NEEDED):
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        fail("not a Debian machine: put GRUB 2.14's powerpc-ieee1275 modules into build/third_party/grub")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET.parent, prefix=".fetch-grub-") as name:
        scratch = Path(name)
        run(["dpkg-deb", "--extract", str(download(scratch)), str(scratch / "package")], scratch)
        modules = scratch / "package" / MODULES
        missing = sorted(name for name in NEEDED if not (modules / name).is_file())
        if missing:
            fail(f"{PACKAGE} lacks {', '.join(missing)}")
        if TARGET.exists():
            shutil.rmtree(TARGET)
        modules.rename(TARGET)


def download(scratch: Path) -> Path:
    """Let apt fetch and verify the package."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "sources.list").write_text(f"deb {mirror(scratch)} {SUITE} main\n")
    options = {
        "APT::Architecture": "ppc64el",
        "APT::Architectures": "ppc64el",
        "APT::Sandbox::User": "",
        "Dir::State::Lists": scratch / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::SourceList": scratch / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
    }
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    run([*apt, "update"], scratch)
    run([*apt, "download", PACKAGE], scratch)
    (package,) = scratch.glob(f"{PACKAGE}_*.deb")
    return package


def mirror(scratch: Path) -> str:
    """Where this machine gets Debian from."""
    wanted = "$(ORIGIN) $(LABEL) $(REPO_URI)"
    targets = run(["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"], scratch)
    for line in targets.splitlines():
        origin, label, address = line.split(" ", 2)
        if (origin, label) == ("Debian", "Debian"):
            return address
    fail("apt knows no Debian mirror: run apt-get update")


def run(command: list[str], folder: Path) -> str:
    """Run a command and return its output."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.stderr.write(result.stdout + result.stderr)
        fail(f"{command[0]} failed: is the network up?")
    return result.stdout


def fail(message: str) -> NoReturn:
    """Stop because the environment lacks something."""
    print(f"fetch_grub: error: {message}", file=sys.stderr)
    sys.exit(3)


if __name__ == "__main__":
    main()
