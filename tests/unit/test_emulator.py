# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage boot` and the life of the emulator's process, against a stand-in for QEMU that runs small scripts."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loader import cli, machines
from loader.bootcommand import Expect, ExpectExit, Send, add_boot_arguments
from loader.console import FatalOutput
from loader.emulator import boot as library_boot
from loader.errors import EnvironmentProblem
from loader.machines import FATAL_NAMES, MACHINES, QEMU, Machine, Network
from loader.qemu import Emulator, EmulatorError
from tests.processes import ends_soon, is_running

MakeImage = Callable[[str], Path]


def boot(image: Path, *arguments: str) -> int:
    return cli.main(["boot", str(image), "--timeout", "30", *arguments])


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_boot_arguments(parser)
    return parser.parse_args(["image", *arguments])


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
    with pytest.raises(SystemExit) as failure:
        boot(Path("image"), "--send", "poweroff")
    assert failure.value.code == 2
    assert "last step" in capsys.readouterr().err


def test_missing_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(tmp_path / "none.img", "--expect", "x") == 1
    assert "none.img: no such file" in capsys.readouterr().err
    assert boot(tmp_path, "--expect", "x") == 1
    assert capsys.readouterr().err == f"mkimage: {tmp_path}: not a regular file\n"


@pytest.mark.parametrize("way", ["image", "firmware", "link"])
def test_a_log_over_an_input(way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log is made before QEMU reads anything: the image was lost."""
    image, firmware, link = tmp_path / "image", tmp_path / "firmware", tmp_path / "link"
    image.write_bytes(b"image")
    firmware.write_bytes(b"firmware")
    link.symlink_to(image)
    log = tmp_path / way
    assert boot(image, "--firmware", str(firmware), "--log", str(log), "--expect", "x") == 1
    assert capsys.readouterr().err == f"mkimage: {log}: the output would replace one of the inputs\n"
    assert (image.read_bytes(), firmware.read_bytes()) == (b"image", b"firmware")


def test_a_log_that_cannot_be_written(fake_qemu: MakeImage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands there stays, a device like /dev/null as well: it once became a file, for everybody."""
    image, folder = fake_qemu('say("x")'), tmp_path / "folder"
    (folder / "log").mkdir(parents=True)
    os.mkfifo(folder / "device")
    for log, reason in (
        (folder / "log", "not a regular file"),
        (folder / "device", "not a regular file"),
        (image / "log", "File exists"),
    ):
        assert boot(image, "--log", str(log), "--expect", "x") == 3
        assert capsys.readouterr().err == f"mkimage: {log}: cannot write the log: {reason}\n"
    assert sorted(path.name for path in folder.iterdir()) == ["device", "log"]
    assert (folder / "device").is_fifo()


def test_a_log_behind_a_link(fake_qemu: MakeImage, tmp_path: Path) -> None:
    link, log = tmp_path / "link", tmp_path / "logs" / "log"
    link.symlink_to(log)
    assert boot(fake_qemu('say("hello")'), "--log", str(link), "--expect", "hello") == 0
    assert link.is_symlink()
    assert log.read_text().endswith("hello")


def test_what_qemu_refuses_is_said_and_not_its_advice(fake_qemu: MakeImage, capsys: pytest.CaptureFixture[str]) -> None:
    image = fake_qemu(f'print("{QEMU}: -m 9: too much\\nYou may use less", file=sys.stderr); os._exit(1)')
    assert boot(image, "--expect", "x") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"QEMU ended with status 1: {QEMU}: -m 9: too much")


def test_missing_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert boot(Path(__file__), "--expect", "x") == 3
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
    image = fake_qemu(r'say("ready\n"); hear(); time.sleep(0.5); say("late\n"); time.sleep(600)')
    steps = ["--expect", "ready", "--send", r"go\n", "--expect", "late", "--expect", "never"]
    for seconds in (1, 10, 100):  # a slow host needs more to come to the last step
        assert boot(image, "--timeout", str(seconds), *steps) == 1
        timeout = re.search(r"late\nmkimage: no /never/ within (\S+) s", capsys.readouterr().err)
        if timeout is not None:
            break
    assert timeout is not None
    assert float(timeout[1]) <= seconds - 0.5


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


@pytest.mark.parametrize("script", ["# flood\nask()", 'say("early\\n" * 1_000_000); ask(); say("late\\n")'])
def test_a_guest_that_prints_much_does_not_stop_the_monitor(script: str, fake_qemu: MakeImage) -> None:
    """QEMU writes a console that nobody reads until it gets rid of it, and does nothing else meanwhile."""
    with library_boot(fake_qemu(script)) as emulator:
        with pytest.raises(EmulatorError, match="not now"):
            emulator.qmp("query-status")
        emulator.wait()
        assert emulator.console.text.count("early\n") == 1_000_000


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
    assert ends_soon(int(result.stdout))


# --- the library -----------------------------------------------------------------------------------------------------


def test_unknown_machine() -> None:
    with pytest.raises(EmulatorError, match="no machine is called 'pdp11'; machines are powernv8, "):
        Emulator(None, machine="pdp11")


def test_unknown_option() -> None:
    with pytest.raises(TypeError, match="machne"):
        library_boot("image", machne="pseries")  # type: ignore[call-arg]


def test_missing_prefix_program() -> None:
    with (
        pytest.raises(EnvironmentProblem, match="no-such-wrapper is not installed"),
        library_boot(None, prefix=["no-such-wrapper"]),
    ):
        pass


def test_options_become_arguments(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'say(" ".join(sys.argv) + "\n"); time.sleep(600)')
    networks = [Network("user,restrict=on"), Network("tap,ifname=t", "spapr-vlan", "52:54:00:00:00:01")]
    with library_boot(
        image, machine="pseries-vof", firmware="vof.bin", memory="1G", cpus=2, network=networks, extra=["-S"]
    ) as emulator:
        line = emulator.expect(".*\n")[0]
    assert " -M pseries,x-vof=on -cpu power8 " in line
    assert " -m 1G -smp 2 " in line
    assert " -bios vof.bin " in line
    assert " -netdev user,restrict=on,id=net0 -device virtio-net-pci,netdev=net0,romfile= " in line
    assert " -netdev tap,ifname=t,id=net1 -device spapr-vlan,netdev=net1,mac=52:54:00:00:00:01 " in line
    assert line.endswith(" -S\n")


def test_firmware_by_name(fake_qemu: MakeImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = fake_qemu(r'say(" ".join(sys.argv) + "\n"); time.sleep(600)')
    ours = tmp_path / "opal.bin"
    monkeypatch.setattr(machines, "FIRMWARES", {"opal": ours, "skiboot": None})
    with pytest.raises(EnvironmentProblem, match=r"opal\.bin: our own firmware is not built; run `make firmware`"):
        library_boot(image, firmware="opal")
    ours.touch()
    with library_boot(image, firmware="opal") as emulator:
        assert f" -bios {ours} " in emulator.expect(".*\n")[0]
    with library_boot(image, firmware="skiboot") as emulator:
        assert " -bios " not in emulator.expect(".*\n")[0]


def test_own_machine_and_patterns(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'say("DEAD\n"); time.sleep(600)')
    machine = Machine("lab", "powernv8", fatal={"dead": "^DEAD"})
    with library_boot(image, machine=machine) as emulator, pytest.raises(FatalOutput, match=r"\(dead\)"):
        emulator.expect("never")
    with library_boot(image, machine=machine, tolerate=["dead"]) as emulator:
        emulator.expect("DEAD")
    with library_boot(image, fatal={"lost": "DEA"}) as emulator, pytest.raises(FatalOutput, match=r"\(lost\)"):
        emulator.expect("never")


def test_prefix_runs_the_emulator(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'import os; say(os.environ["FLAVOUR"] + "\n"); time.sleep(600)')
    with library_boot(image, prefix=["env", "FLAVOUR=mint"]) as emulator:
        emulator.expect("^mint\n")


def test_command_line_reaches_the_emulator(fake_qemu: MakeImage) -> None:
    image = fake_qemu(r'say(" ".join(sys.argv) + "\n")')
    pattern = r"-bios fw\.bin -kernel \S+ -no-reboot -device e1000\n"
    assert (
        boot(image, "--firmware", "fw.bin", "--no-reboot", "--qemu=-device", "--qemu=e1000", "--expect", pattern) == 0
    )


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
