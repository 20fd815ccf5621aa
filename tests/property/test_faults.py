# SPDX-License-Identifier: BSD-2-Clause
"""Every command that writes, with a fault at every call that changes a file: what was there stays whole.

Kill -9, a disk that is full, a device that fails, and sources that change while they are read.  A file is afterwards as
it was or as the command should have made it, the message is one line with status 1 or 3, and nothing else is left
behind; kill -9 may leave hidden files, which change nothing.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loader import cli
from tests.faults import (
    CHANGES,
    CLEANING,
    KILLED,
    READS,
    Act,
    Run,
    fail_with,
    first_do,
    kill_before,
    kill_inside,
    run_with_fault,
    write_little,
)
from tests.support import Load, make_elf, write_recipe

MAX_CALLS = 400
STEPS = {"replace": 3}
"""Commands with so many calls that only every third is tried: `replace` writes each entry to a file of its own."""
EVERYTHING = (*CHANGES, "open")
LONG_AGO = 1_158_451_200
"""2006-09-17: a change now does not fall into the same tick of the file system's clock."""
BLADES = '[server]\naddress = "192.0.2.1/24"\n[blade.one]\nmac = "00:14:5e:00:00:01"\naddress = "192.0.2.11"\n'
REMAINS = re.compile(r"\.[0-9a-f]{16}(\.tmp)?|\.replace-\w+")
"""What kill -9 may leave behind: the names of temporary files and folders."""

COMMANDS = {
    "build": ["build", "recipe.toml", "-o", "new.img"],
    "build-again": ["build", "recipe.toml", "-o", "old.img", "--set", "hypervisor.command-line=other"],
    "build-packed": ["build", "recipe.toml", "-o", "old.img", "--set", "image.compression=zstd"],
    "replace": ["replace", "test.img", "dom0/ramdisk", "other", "-o", "test.img"],
    "extract": ["extract", "test.img", "dom0/kernel", "-o", "old.bin"],
    "extract-packed": ["extract", "packed.img", "dom0/ramdisk", "-o", "old.bin"],
    "sign": ["sign", "test.img", "--key", "key"],
    "sign-remove": ["sign", "signed.img", "--remove", "KEYID"],
    "sign-detached": ["sign", "test.img", "--key", "key", "--detached", "old.sig"],
    "devtree": ["devtree", "recipe.toml", "--domain", "dom0", "-o", "old.bin"],
    "map": ["inspect", "test.img", "--svg", "old.svg"],
    "netboot": ["netboot", "test.img", "-o", "boot", "--blades", "blades.toml"],
    "netboot-scripts": ["netboot", "closed.img", "-o", "boot", "--blades", "scripts.toml"],
}
"""In a folder as `make_folder` makes it.  `keygen` is apart: its result is never the same."""


def make_folder(folder: Path) -> None:
    """Inputs, and old outputs for most commands."""
    folder.mkdir()
    recipe = write_recipe(folder)
    (folder / "other").write_bytes(b"another ramdisk" * 100)
    run = [
        ["build", str(recipe), "-o", str(folder / "test.img")],
        ["build", str(recipe), "-o", str(folder / "packed.img"), "--set", "image.compression=lz4"],
        ["keygen", "-o", str(folder / "key")],
    ]
    for arguments in run:
        assert cli.main(arguments) == 0
    for name in ("old.img", "signed.img", "closed.img"):
        shutil.copy(folder / "test.img", folder / name)
    (folder / "closed.img").chmod(0o600)  # netboot cannot link what its server may not read
    assert cli.main(["sign", str(folder / "signed.img"), "--key", str(folder / "key")]) == 0
    for name in ("old.bin", "old.sig", "old.svg"):
        (folder / name).write_bytes(b"old")
    (folder / "blades.toml").write_text(BLADES)
    (folder / "scripts.toml").write_text(BLADES + 'arguments = "quiet"\n')
    assert cli.main(["netboot", str(folder / "test.img"), "-o", str(folder / "boot"),
                     "--blades", str(folder / "blades.toml")]) == 0  # fmt: skip
    for file in files_of(folder):
        os.utime(folder / file, (LONG_AGO, LONG_AGO))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


class Scene:
    """A folder that can be put back to what it was, in which commands run."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.work, self.prints = folder / "origin", folder / "work", folder / "prints"
        self.prints.mkdir()
        make_folder(self.origin)
        shutil.copytree(self.origin, self.work, symlinks=True)
        self.before = files_of(self.work)

    def reset(self) -> None:
        """Put everything back."""
        shutil.rmtree(self.work)
        shutil.copytree(self.origin, self.work, symlinks=True)

    def run(self, arguments: list[str], number: int, act: Act, names: tuple[str, ...] = EVERYTHING) -> Run:
        """Run a command here with a fault."""
        key = self.before["key.pub"]
        words = [key_id(key) if word == "KEYID" else word for word in arguments]
        here = Path.cwd()
        os.chdir(self.work)
        try:
            return run_with_fault(words, number, act, names, self.prints)
        finally:
            os.chdir(here)


def key_id(pem: bytes) -> str:
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem)
    assert isinstance(key, Ed25519PublicKey)
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("faults"))


def every_fault(
    scene: Scene, arguments: list[str], act: Act, names: tuple[str, ...]
) -> Iterator[tuple[Run, dict[str, bytes]]]:
    """A run for each call, and the files after it; ends with the run in which the command makes fewer calls."""
    step = STEPS.get(arguments[0], 1)
    for number in range(1, MAX_CALLS, step):
        scene.reset()
        run = scene.run(arguments, number, act, names)
        if not run.called:
            assert number > 4 or names != EVERYTHING, "there was hardly a call to fail"
            return
        yield run, files_of(scene.work)
    pytest.fail("there is no end to its calls")


def good_result(scene: Scene, arguments: list[str]) -> dict[str, bytes]:
    """The files after the command without a fault."""
    scene.reset()
    run = scene.run(arguments, 0, kill_before)
    assert run.status == 0, run.err
    after = files_of(scene.work)
    assert after != scene.before
    return after


def check_whole(before: dict[str, bytes], good: dict[str, bytes], after: dict[str, bytes], what: str) -> set[str]:
    """Every file is as it was or as it should be; returns the names of those that should not be there."""
    for name in before:
        assert name in after, f"{what}: {name} is gone"
    others = set()
    for name, content in after.items():
        if name in before or name in good:
            assert content in (before.get(name), good.get(name)), f"{what}: {name} is neither old nor new"
        else:
            others.add(name)
    return others


@pytest.mark.parametrize(
    ("kill", "names"), [(kill_before, EVERYTHING), (kill_inside, ("pwrite",))], ids=["between", "inside"]
)
@pytest.mark.parametrize("name", COMMANDS)
def test_killed(name: str, kill: Act, names: tuple[str, ...], scene: Scene) -> None:
    """Just before every call, which is just after the one before; and in the middle of every write."""
    good = good_result(scene, COMMANDS[name])
    for run, after in every_fault(scene, COMMANDS[name], kill, names):
        what = f"{name}, killed at {run.called}"
        assert run.status == KILLED, what
        for remains in check_whole(scene.before, good, after, what):
            assert any(REMAINS.fullmatch(part) for part in Path(remains).parts), f"{what}: {remains} is left"


def test_what_a_killed_command_leaves_is_harmless(scene: Scene) -> None:
    for name in ("build-again", "replace", "netboot"):
        good = good_result(scene, COMMANDS[name])
        scene.reset()
        for number in (3, 5, 8, 13):
            scene.run(COMMANDS[name], number, kill_before)
        assert files_of(scene.work).keys() > scene.before.keys()
        assert scene.run(COMMANDS[name], 0, kill_before).status == 0
        after = files_of(scene.work)
        assert {file: after[file] for file in good} == good


DATA_CALLS = ("pwrite", "copy_file_range", "fsync", "fdatasync", "replace", "link")


@pytest.mark.parametrize(
    ("act", "names"),
    [
        pytest.param(fail_with(errno.ENOSPC), EVERYTHING, id="full"),
        pytest.param(write_little, ("pwrite",), id="short write"),
        pytest.param(fail_with(errno.EIO), DATA_CALLS, id="broken"),
    ],
)
@pytest.mark.parametrize("name", COMMANDS)
def test_failing_calls(name: str, act: Act, names: tuple[str, ...], scene: Scene) -> None:
    good = good_result(scene, COMMANDS[name])
    for run, after in every_fault(scene, COMMANDS[name], act, names):
        what = f"{name}, {run.called} failed: {run.status} {run.err!r}"
        others = check_whole(scene.before, good, after, what)
        if run.status == 0:
            assert after.items() >= good.items(), what
        else:
            assert act is not write_little, what
            assert run.status == 3, what
            assert re.fullmatch(r"mkimage: [^\n]+\n", run.err), what
            assert "Errno" not in run.err, what
        assert not others or run.called in CLEANING, f"{what}: {others} left"


def test_faults_are_noticed(scene: Scene) -> None:
    """A command that wrote in place would not pass."""
    scene.reset()
    good = dict(scene.before)
    (scene.work / "old.bin").write_bytes(b"o")
    with pytest.raises(AssertionError, match="neither old nor new"):
        check_whole(scene.before, good, files_of(scene.work), "x")
    (scene.work / "old.bin").unlink()
    with pytest.raises(AssertionError, match="is gone"):
        check_whole(scene.before, good, files_of(scene.work), "x")


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "names"),
    [(kill_before, EVERYTHING), (kill_inside, ("pwrite",)), (fail_with(errno.ENOSPC), EVERYTHING)],
    ids=["killed between", "killed inside", "full"],
)
def test_keys_are_whole_or_absent(act: Act, names: tuple[str, ...], scene: Scene) -> None:
    for run, after in every_fault(scene, ["keygen", "-o", "new"], act, names):
        check_whole(scene.before, after, after, run.called)
        for name, ending in (("new", b"-----END PRIVATE KEY-----\n"), ("new.pub", b"-----END PUBLIC KEY-----\n")):
            assert after.get(name, ending).endswith(ending)
            if name in after and not name.endswith(".pub"):
                assert (scene.work / name).stat().st_mode & 0o077 == 0
        if run.status not in (0, KILLED):
            assert run.status == 3
            assert re.fullmatch(r"mkimage: [^\n]+\n", run.err), run.err
            assert after.keys() == scene.before.keys() or run.called in CLEANING, run


# --- sources that change ---------------------------------------------------------------------------------------------


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more" * 50)


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def rewrite(path: Path) -> None:
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.write(content[:-64] + bytes(byte ^ 0xFF for byte in content[-64:]))


def exchange(path: Path) -> None:
    new = path.with_name("exchanged")
    new.write_bytes(make_elf(Load(0x0, b"\x22" * 0x1234 + b"\x77", memory_size=0x20000)))
    new.replace(path)


SOURCES = {
    "build": "kernel.elf",
    "build-packed": "initrd.gz",
    "replace": "test.img",
    "extract": "test.img",
    "extract-packed": "packed.img",
    "sign": "test.img",
    "sign-detached": "test.img",
    "map": "test.img",
    "netboot": "test.img",
    "netboot-scripts": "closed.img",
}


@pytest.mark.parametrize("change", [grow, shrink, rewrite, exchange], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", SOURCES)
def test_sources_that_change(name: str, change: Callable[[Path], None], scene: Scene) -> None:
    """The result is that of the source before or after the change, or there is none and a line says why."""
    arguments, source = COMMANDS[name], SOURCES[name]
    good = good_result(scene, arguments)
    changed = changed_result(scene, arguments, lambda: change(scene.work / source))
    refused = 0
    for number in range(1, MAX_CALLS):
        scene.reset()
        run = scene.run(arguments, number, first_do(lambda: change(scene.work / source)), READS)
        if not run.called:
            break
        what = f"{name}, {change.__name__} at call {number}, {run.called}: {run.status} {run.err!r}"
        after = files_of(scene.work)
        if run.status == 0:
            for file in (file for file in good if good[file] != scene.before.get(file)):
                possible = {good[file], changed.get(file)}
                if file == source or (name.startswith("netboot") and file.endswith(source)):
                    possible.add(scene.before.get(file))
                    continue
                assert after[file] in possible, f"{what}: {file}"
        else:
            refused += 1
            assert run.status in (1, 3), what
            assert re.fullmatch(r"mkimage: [^\n]+\n", run.err), what
            unsettled = {file for file in after if file != source and after[file] != scene.before.get(file)}
            if not name.startswith("netboot"):
                assert not unsettled, what
    assert number > 3
    assert refused > 0 or change is exchange  # what is open already is read to its end


def changed_result(scene: Scene, arguments: list[str], change: Callable[[], None]) -> dict[str, bytes]:
    """The files after the command with the changed source, whatever it makes of that."""
    scene.reset()
    change()
    scene.run(arguments, 0, kill_before)
    return files_of(scene.work)
