# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage lint`, and what `mkimage build` does with its rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loader import cli
from loader.lint import RULES
from loader.manifest import load_recipe
from loader.plan import plan_image
from tests.lintcases import build, changed, entry_inside, judge
from tests.support import Load, make_elf, write_recipe


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A sound image."""
    return build(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Status, output and error output of a command."""
    capsys.readouterr()
    status = cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_command_on_a_sound_image(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "lint", image)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"{image}: ELF32 big-endian ET_EXEC EM_PPC, {image.stat().st_size >> 10} KiB",
        "passes: powernv8 by -kernel, powernv9 by -kernel, powernv10 by -kernel, slof by -kernel, slof by boot net,"
        " mac99 by -kernel",
    ]


def test_command_explains_a_breach(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "lint", changed(image, entry_inside), "--profile", "slof", "--profile", "mac99")
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[1].startswith("error: R2: the entry point is 0x10000800, ")
    assert lines[1].endswith(" [slof by -kernel, mac99 by -kernel]")
    assert lines[2].strip() == RULES["R2"].reason
    assert lines[3].strip() == f"source: {RULES['R2'].source}"
    assert lines[4:] == ["passes: slof by boot net", "fails: slof by -kernel, mac99 by -kernel"]


def test_strict_makes_warnings_fail(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("lint", image, "--profile", "epapr")
    assert run(capsys, *arguments)[0] == 0
    assert run(capsys, *arguments, "--strict")[0] == 1


def test_command_as_json(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "lint", image, "--json", "--profile", "epapr", "--profile", "js20")
    report = json.loads(out)
    assert status == 0
    assert (report["errors"], report["warnings"], report["profiles"]) == (0, 1, ["epapr", "js20"])
    assert report["verdicts"] == {"epapr by client image": "passes with warnings", "js20 by boot net": "passes"}
    (found,) = report["findings"]
    assert (found["rule"], found["severity"], found["profile"]) == ("EPAPR-FIXED", "warning", "epapr")
    assert found["reason"] == RULES["EPAPR-FIXED"].reason


def test_command_lists_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "lint", "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")] == list(RULES)
    assert "R9 (error; powernv8, powernv9, powernv10)" in out
    rules = json.loads(run(capsys, "lint", "--list", "--json")[1])
    assert [(rule["id"], rule["reason"], rule["source"]) for rule in rules] == [
        (rule.id, rule.reason, rule.source) for rule in RULES.values()
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["lint"], "IMAGE is missing"),
        (["lint", "x", "--profile", "amiga"], "invalid choice: 'amiga'"),
        (["lint", "x", "--memory", "much"], "'much' is not a size"),
        (["lint", "x", "--memory", "0"], "a machine has memory"),
        (["lint", "x", "--list"], "--list goes with --json only"),
        (["lint", "--list", "--profile", "slof"], "--list goes with --json only"),
    ],
)
def test_wrong_usage(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "lint", tmp_path / "none")
    assert (status, out, err.count("\n")) == (1, "", 1)


def test_memory_is_the_users(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "lint", image, "--profile", "powernv8")[0] == 0
    status, out, _ = run(capsys, "lint", image, "--profile", "powernv8", "--memory", "512M")
    assert status == 1
    assert "RAM-END" in out


def test_a_js20_has_what_its_firmware_says(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "high.elf").write_bytes(make_elf(Load(0x2800_0000, b"x")))
    build = ["build", image.with_name("recipe.toml"), "-o", image, "--set", "image.targets=['js21']"]
    assert run(capsys, *build, "--set", f"hypervisor.path={tmp_path}/high.elf")[0] == 0
    status, out, _ = run(capsys, "lint", image, "--profile", "js20", "--memory", "4G")
    assert status == 1
    assert "reaches past the 512 MiB of memory" in out
    assert (
        "JS20 blade, SLOF, by boot net, 512 MiB of memory"
        in run(capsys, "inspect", image, "--map", "--profile", "js20", "--memory", "4G")[1]
    )
    assert run(capsys, "lint", image, "--profile", "js21", "--memory", "4G")[0] == 0
    assert run(capsys, "lint", image, "--profile", "js21", "--memory", "512M")[0] == 1


def test_build_stops_for_a_target_that_would_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    before = sorted(tmp_path.iterdir())
    status, out, err = run(
        capsys, "build", recipe, "-o", tmp_path / "x.img", "--set", "image.targets=['js20']", "--set",
        "domain.dom0.memory=512M",
    )  # fmt: skip
    assert (status, out) == (1, "")
    assert err.startswith(f"mkimage: {recipe}: error: JS20-RAM: image, hypervisor and domains take ")
    assert err.endswith("a JS20 has 536870912 [js20 by boot net]\n")
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_build_prints_warnings_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, image = write_recipe(tmp_path), tmp_path / "x.img"
    status, _, err = run(capsys, "build", recipe, "-o", image, "--set", "image.targets=['epapr', 'slof']")
    assert status == 0
    assert err == (
        f"mkimage: {recipe}: warning: EPAPR-FIXED: the file is ET_EXEC: it needs 0x10000000 free"
        " [epapr by client image]\n"
    )
    assert judge(image).profiles == ("epapr", "slof")
    assert json.loads(run(capsys, "inspect", image, "--json")[1])["targets"] == ["epapr", "slof"]


def test_build_without_targets_is_for_powernv8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says nothing of it in the image."""
    recipe = write_recipe(tmp_path)
    (tmp_path / "high.elf").write_bytes(make_elf(Load(0x3000_0000, b"x")))
    status, _, err = run(capsys, "build", recipe, "-o", tmp_path / "x.img", "--set", "hypervisor.path=high.elf")
    assert status == 1
    assert "error: RUN-CLASH: hypervisor segment 0 [0x30000000, 0x30000001) and skiboot [0x30000000, 0x32000000)" in err
    contents = plan_image(load_recipe(recipe)).subject.contents
    assert contents is not None
    assert contents.targets == ()


@pytest.mark.parametrize(
    ("targets", "complaint"),
    [
        ("['amiga']", "image.targets: no firmware profile is called 'amiga'; known are js20, js21, slof, "),
        ("['slof', 'slof']", "image.targets: names a firmware twice"),
        ("slof", "image.targets: expected a list, got text"),
    ],
)
def test_bad_targets(targets: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    status, _, err = run(capsys, "build", recipe, "-o", tmp_path / "x.img", "--set", f"image.targets={targets}")
    assert status == 1
    assert complaint in err
