# SPDX-License-Identifier: BSD-2-Clause
"""Progress: what long work says about itself, and that only a terminal hears it."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import sys
from pathlib import Path

import pytest

from loader import abi, meter
from loader.cli import main
from loader.meter import QUIET, Meter, TerminalMeter, terminal_meter
from loader.multiboot import Payload, extract_entry, pack_payloads, read_head, verify_image, write_image
from loader.netboot import copy
from loader.sbom import describe_materials
from loader.sign import generate_key
from tests.support import make_stub, write_recipe


class Recorder(Meter):
    """Adds up what it is told."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int]] = []
        self.done: list[int] = []

    def phase(self, name: str, total: int) -> None:
        self.phases.append((name, total))
        self.done.append(0)

    def advance(self, count: int) -> None:
        self.done[-1] += count


@pytest.fixture
def payloads(tmp_path: Path) -> list[Payload]:
    kind = abi.EntryType
    for name in ("kernel", "ramdisk"):
        (tmp_path / name).write_bytes(bytes(3 << 20))
    return [
        Payload(kind.HYPERVISOR, "hypervisor", bytes(5000)),
        Payload(kind.KERNEL, "a/kernel", tmp_path / "kernel"),
        Payload(kind.RAMDISK, "a/ramdisk", tmp_path / "ramdisk", compression=abi.Compression.ZSTD),
        Payload(kind.KERNEL, "b/kernel", tmp_path / "kernel", compression=abi.Compression.LZ4),
        Payload(kind.BOOT_OVERLAY, "boot-overlay", b"x"),
    ]


def test_every_phase_arrives_at_its_end(payloads: list[Payload], tmp_path: Path) -> None:
    recorder, image = Recorder(), tmp_path / "test.img"
    packed = pack_payloads(payloads, tmp_path, recorder)
    head = write_image(image, make_stub(), packed, meter=recorder)
    verify_image(image, recorder)
    stored = sum(entry.size for entry in head.entries)
    assert recorder.phases == [
        ("compressing", 6 << 20),
        ("packing", 2 * stored),
        ("hashing", stored),
    ]
    assert recorder.done == [total for _, total in recorder.phases]


def test_extracting_arrives_at_its_end(payloads: list[Payload], tmp_path: Path) -> None:
    image = tmp_path / "test.img"
    head = write_image(image, make_stub(), pack_payloads(payloads, tmp_path))
    for stored in (False, True):
        recorder = Recorder()
        for entry in head.entries:
            extract_entry(image, entry.name, tmp_path / "out", stored=stored, meter=recorder)
        written = [entry.size if stored else entry.memory_size for entry in head.entries]
        assert recorder.done == [total for _, total in recorder.phases]
        assert recorder.done == [entry.size + size for entry, size in zip(head.entries, written, strict=True)]


def test_other_long_work_arrives_at_its_end(tmp_path: Path) -> None:
    """A bill of materials expands what is compressed; a tree that cannot be linked to is copied."""
    recipe, image = write_recipe(tmp_path), tmp_path / "test.img"
    assert main(["build", str(recipe), "-o", str(image), "--set", "image.compression=zstd"]) == 0
    recorder = Recorder()
    describe_materials(image, {}, recorder)
    copy(image, tmp_path / "copy", recorder)
    packed = sum(entry.memory_size for entry in read_head(image).entries if entry.compression != abi.Compression.NONE)
    assert recorder.phases == [("expanding", packed), ("copying test.img", image.stat().st_size)]
    assert recorder.done == [total for _, total in recorder.phases]


class Terminal(io.StringIO):
    """Claims to be one."""

    def isatty(self) -> bool:
        return True


def test_a_bar_for_long_work_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    bar = TerminalMeter(terminal, long_work=1000)
    bar.phase("short", 999)
    bar.advance(999)
    bar.close()
    assert terminal.getvalue() == ""
    bar.phase("long", 1000)
    bar.advance(500)
    bar.phase("other", 1000)
    bar.advance(1000)
    bar.close()
    text = terminal.getvalue()
    assert "long" in text
    assert "other" in text
    assert "\x1b[?25h" in text.rpartition("other")[2], "the cursor comes back"


def test_nothing_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with terminal_meter() as found:
        assert found is QUIET
    monkeypatch.setattr(sys, "stderr", Terminal())
    with terminal_meter() as found:
        assert isinstance(found, TerminalMeter)


def test_the_bar_goes_when_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def work() -> None:
        with terminal_meter() as bar:
            bar.phase("long", meter.LONG_WORK)
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        work()
    assert terminal.getvalue().count("\x1b[?25h") == 1


PHASES = {
    "build": "packing",
    "verify": "hashing",
    "replace": "packing",
    "extract": "extracting dom0/kernel",
    "sign": "writing",
}


def read_terminal(master: int) -> bytes:
    """Everything that was written to the other end, which is closed; it comes in pieces, then EIO."""
    shown = b""
    with contextlib.suppress(OSError):
        while piece := os.read(master, 1 << 16):
            shown += piece
    os.close(master)
    return shown


@pytest.mark.parametrize("command", PHASES)
def test_commands_on_a_terminal(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, image = write_recipe(tmp_path), tmp_path / "test.img"
    assert main(["build", str(recipe), "-o", str(image)]) == 0
    generate_key(tmp_path / "key")
    capsys.readouterr()
    arguments = {
        "build": ["build", str(recipe), "-o", str(image)],
        "verify": ["verify", str(image)],
        "replace": ["replace", str(image), "dom0/ramdisk", str(tmp_path / "kernel.elf"), "-o", str(image)],
        "extract": ["extract", str(image), "-d", str(tmp_path / "out")],
        "sign": ["sign", str(image), "--key", str(tmp_path / "key")],
    }[command]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(TerminalMeter.__init__, "__defaults__", (1,))
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert main(arguments) == 0
        monkeypatch.undo()
    shown = read_terminal(ours)
    phase = PHASES[command]
    assert phase.encode() in shown
    assert phase not in capsys.readouterr().out
