# SPDX-License-Identifier: BSD-2-Clause
"""How `mkimage` ends when its surroundings are not as usual: closed files, readers that leave, signals, odd names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest

from loader import abi, cli, io, multiboot, sign
from loader.multiboot import read_head
from tests.processes import PATIENCE
from tests.support import write_recipe
from tests.unit.conftest import Run

MKIMAGE = [sys.executable, "-m", "loader"]
PROJECT = Path(__file__).resolve().parents[2]
ODD_NAME = os.fsdecode(b"new\nline escape\x1b[2J not utf-8 \xff <&\"'\x01")


@pytest.fixture
def image(tmp_path: Path, run: Run) -> Path:
    path = tmp_path / "test.img"
    assert run("build", write_recipe(tmp_path), "-o", path)[0] == 0
    return path


def shell(script: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs a bash script in which "$@" is mkimage with these words."""
    command = ["bash", "-c", script, "bash", *MKIMAGE, *(str(word) for word in words)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_files(closed: str, image: Path, tmp_path: Path) -> None:
    output = tmp_path / "new.img"
    result = shell(f'"$@" {closed}', "build", tmp_path / "recipe.toml", "-o", output)
    assert (result.returncode, result.stderr) == (0, "")
    assert output.read_bytes() == image.read_bytes()


def test_errors_stay_out_of_the_output(tmp_path: Path) -> None:
    """Without an error output they once went to the reader of the report."""
    result = shell('"$@" 2>&-', "inspect", tmp_path / "none", "--json")
    assert (result.returncode, result.stdout) == (1, "")


def test_a_reader_that_leaves_does_not_change_the_verdict(image: Path) -> None:
    damaged = bytearray(image.read_bytes())
    damaged[abi.IMAGE_FILE_OFFSET + read_head(image).entry("hypervisor").offset] ^= 1
    image.write_bytes(damaged)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as left:
        for words in (["verify", image], ["lint", image, "--profile", "kexec"]):
            command = [*MKIMAGE, *map(str, words)]
            result = subprocess.run(command, cwd=PROJECT, stdout=left, stderr=subprocess.PIPE, check=False)
            assert (result.returncode, result.stderr) == (1, b""), words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing(number: signal.Signals, image: Path, tmp_path: Path) -> None:
    """The signal comes while the new file is written."""
    before = image.read_bytes()
    script = (
        "import os, signal, sys\nfrom loader import cli, multiboot\n"
        f"def interrupted(*_): os.kill(os.getpid(), {int(number)}); signal.pause()\n"
        "multiboot._write_payload = interrupted\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    files = sorted(tmp_path.iterdir())
    for words in (
        ["build", str(tmp_path / "recipe.toml"), "-o", str(image)],
        ["replace", str(image), "dom0/ramdisk", str(tmp_path / "initrd.gz"), "-o", str(image)],
    ):
        command = [sys.executable, "-c", script, *words]
        result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert (result.returncode, result.stdout) == (128 + number, "")
        assert sorted(tmp_path.iterdir()) == files
        assert image.read_bytes() == before


def test_nohup_is_respected(image: Path, tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom loader import cli, multiboot\n"
        "real = multiboot._write_payload\n"
        "def disturbed(*words): os.kill(os.getpid(), signal.SIGHUP); real(*words)\n"
        "multiboot._write_payload = disturbed\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, "build", str(tmp_path / "recipe.toml"), "-o", str(tmp_path / "new.img")]
    assert subprocess.run(command, cwd=PROJECT, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "new.img").read_bytes() == image.read_bytes()


@pytest.mark.usefixtures("image")
def test_odd_names(tmp_path: Path) -> None:
    """Each report has as many lines as for any other name, and a terminal shows what it says."""
    odd = tmp_path / ODD_NAME
    odd.mkdir()
    plain = tmp_path / "plain"
    plain.mkdir()
    for folder in (odd, plain):
        for file in ("recipe.toml", "stub.bin", "hypervisor.elf", "kernel.elf", "initrd.gz", "test.img"):
            (folder / file).write_bytes((tmp_path / file).read_bytes())
    commands: list[list[object]] = [
        ["keygen", "-o", "KEY"],
        ["build", "RECIPE", "-o", "IMAGE", "--set", 'image.targets=["epapr"]'],
        ["build", "RECIPE", "--dry-run"],
        ["sign", "IMAGE", "--key", "KEY"],
        ["replace", "IMAGE", "dom0/ramdisk", "RAMDISK", "-o", "IMAGE"],
        ["inspect", "IMAGE"],
        ["verify", "IMAGE"],
        ["lint", "IMAGE"],
        ["inspect", "IMAGE", "--map", "--svg", "PICTURE"],
        ["extract", "IMAGE", "-d", "OUT"],
    ]
    files = {"KEY": "key", "IMAGE": "test.img", "RECIPE": "recipe.toml", "RAMDISK": "initrd.gz", "OUT": "out"}
    for command in commands:
        seen = []
        for folder in (plain, odd):
            places = {word: folder / file for word, file in files.items()} | {"PICTURE": folder / "p.svg"}
            words = [str(places.get(str(word), word)) for word in command]
            environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
            result = subprocess.run([*MKIMAGE, *words], cwd=PROJECT, capture_output=True, check=False, env=environment)
            out, err = result.stdout.decode(), result.stderr.decode()
            assert all(text.replace("\n", "").isprintable() for text in (out, err)), (command, out, err)
            seen.append((result.returncode, out.count("\n"), err.count("\n")))
        assert seen[0] == seen[1], command
        assert seen[0][0] == 0, command


def test_a_picture_of_an_odd_name(image: Path, tmp_path: Path, run: Run) -> None:
    odd = image.rename(tmp_path / ODD_NAME)
    assert run("inspect", odd, "--svg", tmp_path / "p.svg")[0] == 0
    ElementTree.parse(tmp_path / "p.svg")  # noqa: S314 - our own output


@pytest.mark.parametrize("name", ["/", ".", ""])
def test_keys_without_a_name(name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run("keygen", "-o", name)
    assert (status, out, err) == (3, "", f"mkimage: {name or '.'}: cannot write the file: not a regular file\n")
    assert list(tmp_path.iterdir()) == []


def test_half_a_pair_of_keys(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write, names = sign._write_new, []

    def interrupted(path: Path, data: bytes, mode: int) -> None:
        names.append(path.name)
        if path.suffix == ".pub":
            raise KeyboardInterrupt
        write(path, data, mode)

    monkeypatch.setattr(sign, "_write_new", interrupted)
    assert run("keygen", "-o", tmp_path / "key") == (130, "", "mkimage: interrupted\n")
    assert names == ["key", "key.pub"]
    assert list(tmp_path.iterdir()) == []


# --- two at once -----------------------------------------------------------------------------------------------------


def test_two_signers_at_once(image: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that comes second is told so; it once threw the other's signature away and both reported success."""
    keys = [tmp_path / "one", tmp_path / "other"]
    for key in keys:
        assert run("keygen", "-o", key)[0] == 0
    copy = io.copy_range

    def meanwhile(*words: object) -> None:
        monkeypatch.setattr(sign, "copy_range", copy)
        assert cli.main(["sign", str(image), "--key", str(keys[1])]) == 0
        copy(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(sign, "copy_range", meanwhile)
    status, _, err = run("sign", image, "--key", keys[0])
    assert status == 1
    assert err == f"mkimage: {image}: the file changed while it was read; wait until it is complete\n"
    assert run("verify", image, "--key", f"{keys[1]}.pub")[0] == 0
    assert run("sign", image, "--key", keys[0])[0] == 0
    assert len(read_head(image).signatures) == 2


def test_a_new_image_while_the_old_one_is_changed(
    image: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = multiboot._write_payload

    def meanwhile(*words: object) -> None:
        monkeypatch.setattr(multiboot, "_write_payload", write)
        recipe = str(tmp_path / "recipe.toml")
        assert cli.main(["build", recipe, "-o", str(image), "--set", "hypervisor.command-line=new"]) == 0
        write(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(multiboot, "_write_payload", meanwhile)
    status, _, err = run("replace", image, "dom0/ramdisk", tmp_path / "stub.bin", "-o", image)
    assert (status, err.count("\n")) == (1, 1)
    assert "the file changed while it was read" in err
    assert "hypervisor command line: new" in run("inspect", image)[1]


def test_a_thread_may_call_it(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the first thread may say what signals do; the others' calls failed by that."""
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(cli.main, ["verify", str(image)]).result() == 0
    assert "sound" in capsys.readouterr().out
