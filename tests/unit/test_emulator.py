# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage boot` and the life of the emulator's process, against a stand-in for QEMU that runs small scripts."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loader import cli
from loader.bootcommand import Expect, ExpectExit, Send, add_boot_arguments
from loader.machines import FATAL_NAMES, MACHINES, QEMU
from loader.qemu import Emulator, EmulatorError

FAKE = Path(__file__).with_name("fake_qemu.py")

MakeImage = Callable[[str], Path]


@pytest.fixture
def fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeImage:
    """Put the stand-in first on PATH; returns a function that makes an "image" out of Python lines."""
    program = tmp_path / "bin" / QEMU
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def make(script: str) -> Path:
        image = tmp_path / "image.py"
        image.write_text(textwrap.dedent(script))
        return image

    return make


def boot(image: Path, *arguments: str) -> int:
    return cli.main(["boot", str(image), "--timeout", "30", *arguments])


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_boot_arguments(parser)
    return parser.parse_args(["image", *arguments])


def is_running(pid: int) -> bool:
    """Whether the process exists and is not just waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# --- the command line ------------------------------------------------------------------------------------------------


def test_steps_keep_their_order() -> None:
    steps = parse("--expect", "a", "--send", r"b\n", "--expect", "c", "--expect-exit", "0").steps
    assert steps == [Expect("a"), Send("b\n"), Expect("c"), ExpectExit(0)]


def test_escapes() -> None:
    assert parse("--send", r"\x01\x1b\e\r\t\\n").steps == [Send("\x01\x1b\x1b\r\t\\n")]


def test_memory_is_written_the_way_qemu_reads_it() -> None:
    assert parse("--memory", "2GiB").memory == "2048M"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--expect", "("], "not a regular expression"),
        (["--send", r"\q"], "unknown escape"),
        (["--send", r"\xff"], "unknown escape"),
        (["--send", "end\\"], "unknown escape"),
        (["--expect-exit", "zero"], "not an exit status"),
        (["--memory", "lots"], "not a size"),
        (["--memory", "100K"], "not a number of MiB"),
        (["--memory", "0"], "not a number of MiB"),
        (["--cpus", "0"], "not a positive whole number"),
        (["--timeout", "-1"], "not a positive number of seconds"),
        (["--timeout", "inf"], "not a positive number of seconds"),
        (["--timeout", "nan"], "not a positive number of seconds"),
        (["--machine", "pdp11"], "invalid choice"),
        (["--tolerate", "everything"], "invalid choice"),
    ],
)
def test_usage_errors(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as failure:
        parse(*arguments)
    assert failure.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_last_step_that_proves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(Path("image"), "--send", "poweroff") == 2
    assert "last step" in capsys.readouterr().err


def test_missing_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(tmp_path / "none.img", "--expect", "x") == 1
    assert "none.img: no such file" in capsys.readouterr().err


def test_missing_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert boot(FAKE, "--expect", "x") == 3
    assert QEMU in capsys.readouterr().err


# --- steps against a running machine ---------------------------------------------------------------------------------


def test_success(fake_qemu: MakeImage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu(r'say("ready\r\n"); say("heard " + hear()); sys.exit(7)')
    log = tmp_path / "logs" / "console.log"
    steps = ["--expect", "ready", "--send", r"ping\n", "--expect", "heard ping", "--expect-exit", "7"]
    assert boot(image, "--log", str(log), *steps) == 0
    assert re.fullmatch(rb"\[ +\d+\.\d{3}\] ready\r\n\[ +\d+\.\d{3}\] heard ping\n", log.read_bytes())
    assert capsys.readouterr().err == ""


def test_the_machine_is_off_after_the_last_step(fake_qemu: MakeImage) -> None:
    image = fake_qemu('say("ready"); time.sleep(600)')
    with Emulator(image) as emulator:
        emulator.expect("ready")
        pid = emulator.process.pid
        assert is_running(pid)
    assert not is_running(pid)


def test_fatal_line(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu(r'say("first\n" + "noise\n" * 39 + "roundpeg-stub: refused: bad header (reason 5)\n")')
    assert boot(image, "--expect", "never") == 1
    *tail, verdict = capsys.readouterr().err.splitlines()
    assert tail == ["noise"] * 39 + ["roundpeg-stub: refused: bad header (reason 5)"]
    assert "(stub)" in verdict


def test_tolerated_failure(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'say("Oops: 1\n"); say("Kernel panic - not syncing\nready\n")')
    assert boot(image, "--tolerate", "linux-oops", "--tolerate", "linux-panic", "--expect", "ready") == 0
    assert boot(image, "--tolerate", "linux-oops", "--expect", "ready") == 1


def test_timeout_covers_all_steps(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu(r'say("ready\n"); time.sleep(600)')
    assert boot(image, "--timeout", "3", "--expect", "ready", "--expect", "never") == 1
    assert "ready\nmkimage: no /never/ within" in capsys.readouterr().err


def test_early_end_says_what_the_emulator_said(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu(r'say("ready\n"); complain("qemu: fatal: stopped"); sys.exit(4)')
    assert boot(image, "--expect", "never") == 1
    assert "ended before /never/; QEMU ended with status 4: qemu: fatal: stopped" in capsys.readouterr().err


def test_other_exit_status(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu("sys.exit(4)")
    assert boot(image, "--expect-exit", "0") == 1
    assert "status 4, not 0" in capsys.readouterr().err


def test_emulator_that_refuses_to_start(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(fake_qemu("# refuse"), "--expect", "x") == 1
    assert "status 1: fake_qemu: no such machine" in capsys.readouterr().err


def test_monitor_passes_events_and_reports_errors(fake_qemu: MakeImage) -> None:
    with Emulator(fake_qemu("ask(); hear()")) as emulator:
        with pytest.raises(EmulatorError, match="refused 'query-magic': not now"):
            emulator.qmp("query-magic")
        assert [event["event"] for event in emulator.monitor.events] == ["RESUME", "STOP"]


def test_monitor_after_the_end(fake_qemu: MakeImage) -> None:
    with Emulator(fake_qemu("sys.exit(0)")) as emulator:
        assert emulator.wait(30) == 0
        with pytest.raises(EmulatorError, match="QEMU"):
            emulator.qmp("query-status")


def test_the_emulator_dies_with_its_parent(fake_qemu: MakeImage) -> None:
    image = fake_qemu('say("ready"); time.sleep(600)')
    parent = f"""
import os, signal
from pathlib import Path
from loader.qemu import Emulator
with Emulator(Path({str(image)!r})) as emulator:
    emulator.expect("ready")
    print(emulator.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    result = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr
    pid = int(result.stdout)
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)


# --- without steps ---------------------------------------------------------------------------------------------------


def run_attached(image: Path, typed: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "loader", "boot", str(image), *arguments]
    return subprocess.run(command, input=typed, capture_output=True, check=False)


def test_attached_terminal(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'say("Oops: 1\r\n"); say("heard " + hear())')
    result = run_attached(image, b"ping\n")
    assert (result.returncode, result.stdout) == (0, b"Oops: 1\r\nheard ping\n")


def test_attached_terminal_reports_a_failing_emulator(fake_qemu: MakeImage) -> None:
    result = run_attached(fake_qemu('complain("qemu: lost"); sys.exit(4)'), b"")
    assert result.returncode == 1
    assert b"status 4; qemu: lost" in result.stderr


def test_attached_terminal_runs_out_of_time(fake_qemu: MakeImage) -> None:
    result = run_attached(fake_qemu("time.sleep(600)"), b"", "--timeout", "0.5")
    assert result.returncode == 1


# --- machines --------------------------------------------------------------------------------------------------------


def test_every_fatal_pattern_can_be_tolerated_by_name() -> None:
    for machine in MACHINES.values():
        assert set(machine.fatal) <= set(FATAL_NAMES)


@pytest.mark.parametrize("line", ["MCE:  0  Machine check exceptions", "BUG: workqueue lockup - pool", "Oopsla: fine"])
def test_harmless_lines_are_not_fatal(line: str, fake_qemu: MakeImage) -> None:
    assert boot(fake_qemu(f"say({line!r} + chr(10))"), "--expect-exit", "0") == 0
