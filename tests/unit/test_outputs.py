# SPDX-License-Identifier: BSD-2-Clause
"""Outputs where none can be: over an input, on a full disk, in a folder that cannot be written; seen from the shell.

The full disk and the read-only file system are real ones, in a mount namespace of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from loader import cli
from loader.errors import EnvironmentProblem, ImageError, SourceError
from loader.io import AtomicFile, require_other_file, unchanged
from tests.support import write_recipe

BLADES = '[server]\naddress = "192.0.2.1/24"\n[blade.one]\nmac = "00:14:5e:00:00:01"\naddress = "192.0.2.11"\n'
MKIMAGE = [sys.executable, "-m", "loader"]
NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe and what it names, an image, a key, a blades file."""
    work = tmp_path / "work"
    work.mkdir()
    recipe = write_recipe(work)
    assert cli.main(["build", str(recipe), "-o", str(work / "test.img")]) == 0
    assert cli.main(["keygen", "-o", str(work / "key")]) == 0
    (work / "blades.toml").write_text(BLADES)
    return work


def commands(folder: Path, output: Path) -> dict[str, list[str]]:
    """Every command that writes a file, into `output`."""
    image, recipe = str(folder / "test.img"), str(folder / "recipe.toml")
    return {
        "build": ["build", recipe, "-o", str(output)],
        "replace": ["replace", image, "dom0/ramdisk", str(folder / "initrd.gz"), "-o", str(output)],
        "extract": ["extract", image, "dom0/kernel", "-o", str(output)],
        "sign": ["sign", image, "--key", str(folder / "key"), "--detached", str(output)],
        "keygen": ["keygen", "-o", str(output)],
        "devtree": ["devtree", recipe, "--domain", "dom0", "-o", str(output)],
        "map": ["inspect", image, "--svg", str(output)],
        "netboot": ["netboot", image, "-o", str(output), "--blades", str(folder / "blades.toml")],
    }


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


INPUTS = {
    "build": ["recipe.toml", "stub.bin", "hypervisor.elf", "kernel.elf", "initrd.gz"],
    "replace": ["initrd.gz"],
    "extract": ["test.img"],
    "sign": ["test.img", "key"],
    "devtree": ["recipe.toml", "kernel.elf", "initrd.gz"],
    "map": ["test.img"],
}


@pytest.mark.parametrize("way", ["path", "symlink", "hard link"])
@pytest.mark.parametrize(("name", "source"), [(name, source) for name in INPUTS for source in INPUTS[name]])
def test_an_output_over_an_input(
    name: str, source: str, way: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = folder / source
    if way == "symlink":
        output = folder / "other"
        output.symlink_to(source)
    elif way == "hard link":
        output = folder / "other"
        os.link(folder / source, output)
    before = snapshot(folder)
    capsys.readouterr()
    assert cli.main(commands(folder, output)[name]) == 1
    assert capsys.readouterr().err == f"mkimage: {output}: the output would replace one of the inputs\n"
    assert snapshot(folder) == before


def test_netboot_over_its_blades_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boot = folder / "boot"
    for place in ("dnsmasq.conf", "tftp/test.img", "tftp/blade/one"):
        (boot / place).parent.mkdir(parents=True, exist_ok=True)
        (boot / place).write_text(BLADES + 'arguments = "quiet"\n')
        before = snapshot(folder)
        image = str(folder / "test.img")
        assert cli.main(["netboot", image, "-o", str(boot), "--blades", str(boot / place)]) == 1
        assert f"{boot / place}: the output would replace one of the inputs" in capsys.readouterr().err
        assert snapshot(folder) == before
        (boot / place).unlink()


def test_netboot_of_what_it_wrote(folder: Path) -> None:
    boot, blades = folder / "boot", str(folder / "blades.toml")
    assert cli.main(["netboot", str(folder / "test.img"), "-o", str(boot), "--blades", blades]) == 0
    before = snapshot(folder)
    assert cli.main(["netboot", str(boot / "tftp/test.img"), "-o", str(boot), "--blades", blades]) == 0
    assert snapshot(folder) == before


def test_replace_beside_us(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative output once put its scratch folder where nobody found it."""
    monkeypatch.chdir(folder)
    before = Path("test.img").read_bytes()
    assert cli.main(["replace", "test.img", "dom0/ramdisk", "initrd.gz", "-o", "out.img"]) == 0
    assert Path("out.img").read_bytes() == before


def in_namespace(mount: str, folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run mkimage after `mount`, a shell command, in a mount namespace of its own; the output folder is listed then."""
    if os.geteuid() != 0:
        pytest.fail("mounting needs root: run this test as root", pytrace=False)
    script = f'{mount} && {{ "$@"; status=$?; ls -A {folder}; exit $status; }}'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *MKIMAGE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("size", ["4k", "40k", "60k"])
@pytest.mark.parametrize("name", ["build", "replace", "extract", "netboot"])
def test_a_full_disk(name: str, size: str, folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    result = in_namespace(f"mount -t tmpfs -o size={size} none {disk}", disk, commands(folder, disk / "out")[name])
    if name == "extract" and size != "4k":
        assert (result.returncode, result.stdout, result.stderr) == (0, "out\n", "")
        return
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "No space left on device" in result.stderr
    assert result.stderr.startswith(f"mkimage: {disk}")
    assert not re.search(r"\.tmp|\.replace-", result.stderr)  # names that are gone when the user looks
    assert result.stdout in ("", "out\n" if name == "netboot" else "")  # the folder that netboot made


def test_no_room_for_what_is_compressed_or_expanded(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (folder / "initrd.gz").write_bytes(os.urandom(1 << 15) * 16)
    packed, recipe = folder / "packed.img", str(folder / "recipe.toml")
    compress = ["--set", "image.compression=zstd"]
    assert cli.main(["build", recipe, "-o", str(packed), *compress]) == 0
    for words in (
        ["build", recipe, "-o", str(disk / "out"), *compress],
        ["extract", str(packed), "dom0/ramdisk", "-o", str(disk / "out")],
    ):
        result = in_namespace(f"mount -t tmpfs -o size=20k none {disk}", disk, words)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (3, "", 1)
        assert result.stderr.startswith(f"mkimage: {disk}")
        assert ".tmp" not in result.stderr


@pytest.mark.parametrize("name", ["build", "replace", "extract", "sign", "keygen", "devtree", "map", "netboot"])
def test_a_read_only_file_system(name: str, folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "old").write_bytes(b"old")
    mount = f"mount --bind {disk} {disk} && mount -o remount,bind,ro {disk}"
    output = disk / ("old" if name not in ("keygen", "netboot") else "new")
    result = in_namespace(mount, disk, commands(folder, output)[name])
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert f"mkimage: {output}" in result.stderr
    assert "Read-only file system" in result.stderr
    assert result.stdout == "old\n"
    assert (disk / "old").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["build", "replace", "extract", "sign", "keygen", "devtree", "map", "netboot"])
def test_a_folder_of_somebody_else(name: str, folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("becoming somebody else needs root: run this test as root", pytrace=False)
    with TemporaryDirectory(dir="/dev/shm") as scratch:
        Path(scratch).chmod(0o755)
        public = Path(scratch) / "public"
        shutil.copytree(folder, public)
        (public / "key").chmod(0o644)
        (public / "old").write_bytes(b"old")
        before = snapshot(public)
        output = public / ("old" if name not in ("keygen", "netboot") else "new")
        # Once as ourselves: somebody else may not be allowed to read our modules.
        assert cli.main(commands(folder, folder / "first")[name]) == 0
        error = os.memfd_create("error")
        child = os.fork()
        if child == 0:
            os.dup2(error, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            status = 99
            try:
                status = cli.main(commands(public, output)[name])
                sys.stderr.flush()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        text = os.pread(error, 4096, 0).decode()
        os.close(error)
        assert text.count("\n") == 1
        assert "Permission denied" in text
        assert snapshot(public) == before


# --- the helpers -----------------------------------------------------------------------------------------------------


def test_a_mode_that_cannot_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no")

    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(EnvironmentProblem, match="cannot write the file: no"), AtomicFile(tmp_path / "old"):
        pytest.fail("entered")
    with pytest.raises(EnvironmentProblem), AtomicFile(tmp_path / "new") as file:
        file.publish_for_all()
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    with unchanged(path) as stamp:
        assert stamp.size == 3
    with pytest.raises(SourceError, match="changed while it was read"), unchanged(path):
        path.write_bytes(b"other")


def test_an_error_of_the_block_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")

    def fail() -> None:
        with unchanged(path):
            path.write_bytes(b"other")
            raise ImageError("no image")

    with pytest.raises(ImageError):
        fail()


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    require_other_file(tmp_path / "new", tmp_path / "a", tmp_path / "missing")
    require_other_file(tmp_path / "a", tmp_path / "missing")
    with pytest.raises(EnvironmentProblem, match="File name too long"):
        require_other_file(tmp_path / ("x" * 300), tmp_path / "a")
