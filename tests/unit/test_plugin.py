# SPDX-License-Identifier: BSD-2-Clause
"""The pytest plugin as another project sees it: a pytest inside this one, the stand-in for QEMU as its machine."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from loader.pytest_plugin import MAX_LOG_NAME, log_name
from tests.processes import ends_soon

pytest_plugins = ["pytester"]

MakeImage = Callable[[str], Path]


@pytest.fixture
def project(pytester: pytest.Pytester, fake_qemu: MakeImage) -> pytest.Pytester:
    """Another project with an image that greets and then waits."""
    fake_qemu(r'say("ready\n"); time.sleep(600)').rename(pytester.path / "image")
    return pytester


def run(project: pytest.Pytester, test: str) -> pytest.RunResult:
    """Run `test` there."""
    project.makepyfile(test_other=test)
    return project.runpytest_inprocess("-rP", "--basetemp", str(project.path / "base"))


def test_is_installed_as_a_plugin() -> None:
    (found,) = entry_points(group="pytest11", name="roundpeg")
    assert found.value == "loader.pytest_plugin"


@pytest.mark.parametrize("ending", ["", "assert False", "raise SystemExit"])
def test_the_machine_is_off_after_the_test_however_it_ends(project: pytest.Pytester, ending: str) -> None:
    run(
        project,
        f"""
        from pathlib import Path

        def test_boot(boot):
            machine = boot("image")
            machine.expect("ready")
            Path("pid").write_text(str(machine.process.pid))
            {ending}
        """,
    )
    assert ends_soon(int((project.path / "pid").read_text()))


def test_failed_test_shows_its_consoles(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_boot(boot):
            boot("image").expect("ready")
            boot("image", log=None).expect("ready")
            assert False
        """,
    )
    result.assert_outcomes(failed=1)
    log = project.path / "base" / "boot_logs" / "test_other.py-test_boot.log"
    result.stdout.fnmatch_lines([f"*- console of machine 1, {log} -*", "ready", "*- console of machine 2 -*", "ready"])


def test_successful_test_does_not(project: pytest.Pytester) -> None:
    result = run(project, "def test_boot(boot):\n    boot('image').expect('ready')\n")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*console of machine*")


def test_machine_that_does_not_start_is_the_only_error(project: pytest.Pytester) -> None:
    (project.path / "image").write_text("# refuse")
    result = run(project, "def test_boot(boot):\n    boot('image')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * status 1: fake_qemu: no such machine*"])


def test_logs_go_where_the_configuration_says(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nboot_logs = build/logs\n")
    result = run(
        project,
        """
        import pytest

        @pytest.mark.parametrize("size", ["2 G", "4 G"])
        def test_boot(boot, size, tmp_path):
            boot("image").expect("ready")
            boot("image").expect("ready")
            boot("image", log=tmp_path / "own.log").expect("ready")
        """,
    )
    result.assert_outcomes(passed=2)
    assert sorted(log.name for log in (project.path / "build" / "logs").iterdir()) == [
        f"test_other.py-test_boot-{size}{number}.log" for size in ("2-G", "4-G") for number in ("-2", "")
    ]


def test_two_sessions_at_once_do_not_touch_each_other(project: pytest.Pytester) -> None:
    """The inner session runs another one of the same test while its own machine is on."""
    project.makeini("[pytest]\nboot_logs = logs\n")
    result = run(
        project,
        """
        import os, subprocess, sys

        def test_boot(boot):
            machine = boot("image")
            if "INNER" not in os.environ:
                command = [sys.executable, "-m", "pytest", "--basetemp", "inner", __file__]
                subprocess.run(command, check=True, env={**os.environ, "INNER": "1"})
            machine.expect("ready")
        """,
    )
    result.assert_outcomes(passed=1)


def test_log_names() -> None:
    assert log_name("boot/test_one.py::test_two[2 GiB]") == "boot-test_one.py-test_two-2-GiB"
    assert log_name("test_ü") == "test_"
    long = {log_name("x" * 500 + end) for end in "ab"}
    assert {len(name) for name in long} == {MAX_LOG_NAME}
    assert len(long) == 2
