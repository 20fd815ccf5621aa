# SPDX-License-Identifier: BSD-2-Clause
"""Every command speaks JSON in the shape that docs/json.md shows, and its writers can be asked to write nothing."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loader.cli import COMMANDS, make_parser
from tests.support import RECIPE, write_recipe
from tests.unit.conftest import Run
from tests.unit.test_measure import firmware_file

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "json.md"
SECTION = re.compile(r"^## (.+?)\n.*?^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)

BLADES = """\
[server]
address = "192.0.2.1/24"

[blade.one]
mac = "00:14:5e:00:00:01"
address = "192.0.2.11"
arguments = "quiet"
"""

WITHOUT_JSON = {"completion": "prints a program"}
WITHOUT_DRY_RUN = {
    "devtree": "its dry run is to leave out -o",
    "inspect": "its picture shows nothing that it does not print",
    "keygen": "there is nothing to plan in a key",
    "boot": "its log is a copy of what the console shows",
}


@pytest.fixture
def image(tmp_path: Path, run: Run) -> Path:
    path = tmp_path / "test.img"
    assert run("build", write_recipe(tmp_path), "-o", path)[0] == 0
    return path


def shape(value: Any) -> Any:
    """What stays the same from one report to the next: keys, and kinds of values; all elements of a list together."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        shapes: list[Any] = []
        for part in value:
            if (found := shape(part)) not in shapes:
                shapes.append(found)
        return sorted(shapes, key=str)
    return type(value).__name__


def documented(section: str) -> Any:
    """The example in that section of docs/json.md, as a shape."""
    examples = dict(SECTION.findall(DOCUMENT.read_text()))
    assert section in examples, f"docs/json.md has no section {section!r}: {list(examples)}"
    return shape(json.loads(examples[section]))


def test_every_command_that_prints_has_json() -> None:
    parsers = command_parsers()
    without = {name for name, parser in parsers.items() if "--json" not in parser._option_string_actions}
    assert without == WITHOUT_JSON.keys()


def test_every_command_that_writes_has_a_dry_run() -> None:
    writers = {
        name: "--dry-run" in parser._option_string_actions
        for name, parser in command_parsers().items()
        if {"--output", "--directory", "--detached", "--svg", "--log"} & parser._option_string_actions.keys()
    }
    assert {name for name, dry in writers.items() if not dry} == WITHOUT_DRY_RUN.keys()


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Each command's parser."""
    (action,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert list(action.choices) == [command.name for command in COMMANDS]
    return dict(action.choices)


def test_build(tmp_path: Path, run: Run) -> None:
    recipe, output = write_recipe(tmp_path), tmp_path / "out.img"
    status, plan, _ = run("build", recipe, "-o", output, "--dry-run", "--json")
    assert (status, output.exists()) == (0, False)
    assert shape(json.loads(plan)) == documented("build --dry-run")
    status, out, err = run("build", recipe, "-o", output, "--json")
    assert (status, err) == (0, "")
    assert shape(json.loads(out)) == documented("build")


def test_build_refused_by_a_firmware(tmp_path: Path, run: Run) -> None:
    output = tmp_path / "out.img"
    recipe = write_recipe(tmp_path, RECIPE.replace("[hypervisor]", 'targets = ["powernv8", "js20"]\n[hypervisor]'))
    (tmp_path / "initrd.gz").write_bytes(b"\x33" * (130 << 20))
    status, out, err = run("build", recipe, "-o", output, "--json", "--set", "domain.dom0.memory=512M")
    assert (status, err, output.exists()) == (1, "", False)
    assert shape(json.loads(out)) == documented("build, refused")
    assert json.loads(out)["findings"][0]["severity"] == "error"


def test_inspect(image: Path, run: Run) -> None:
    status, out, _ = run("inspect", image, "--json")
    assert status == 0
    assert shape(json.loads(out)) == documented("inspect")
    status, out, _ = run("inspect", image, "--map", "--json", "--profile", "powernv8")
    assert status == 0
    assert shape(json.loads(out)) == documented("inspect --map")
    firmware = firmware_file(image.parent)
    status, out, _ = run("inspect", image, "--measure", "--firmware", firmware, "--json")
    assert status == 0
    assert shape(json.loads(out)) == documented("inspect --measure")


def test_lint(image: Path, run: Run) -> None:
    assert run("build", image.with_name("recipe.toml"), "-o", image, "--container", "elf64")[0] == 0
    status, out, _ = run("lint", image, "--profile", "mac99", "--json")
    assert status == 1
    assert shape(json.loads(out)) == documented("lint")
    _, out, _ = run("lint", "--list", "--json")
    assert shape(json.loads(out)) == documented("lint --list")


def test_verify_keygen_and_sign(image: Path, tmp_path: Path, run: Run) -> None:
    key = tmp_path / "key"
    status, out, _ = run("keygen", "-o", key, "--json")
    made = json.loads(out)
    assert status == 0
    assert shape(made) == documented("keygen")
    assert Path(made["private"]).is_file()
    assert Path(made["public"]).is_file()

    before = image.read_bytes()
    status, out, _ = run("sign", image, "--key", key, "--dry-run", "--json")
    assert (status, json.loads(out)["written"], image.read_bytes()) == (0, False, before)
    status, out, _ = run("sign", image, "--key", key, "--json")
    assert shape(json.loads(out)) == documented("sign")
    assert json.loads(out) == {
        "image": str(image),
        "written": True,
        "file": str(image),
        "action": "sign",
        "keys": [made["key"]],
    }
    status, out, _ = run("verify", image, "--key", made["public"], "--json")
    assert status == 0
    assert shape(json.loads(out)) == documented("verify")

    signed = image.read_bytes()
    status, out, _ = run("sign", image, "--remove", made["key"][:8], "--dry-run", "--json")
    assert (status, json.loads(out)["action"], image.read_bytes()) == (0, "remove", signed)
    assert run("sign", image, "--remove", made["key"][:8], "--dry-run")[1].endswith(" would be removed\n")
    detached = tmp_path / "signature"
    assert run("sign", image, "--key", key, "--detached", detached, "--dry-run")[0] == 0
    assert not detached.exists()
    image.write_bytes(signed[:-1] + b"\1")
    assert run("sign", image, "--key", key, "--dry-run")[0] == 1


def test_extract(image: Path, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "out"
    for words, written in ((["--dry-run"], False), ([], True)):
        status, out, err = run("extract", image, "dom0/*", "-d", folder, "--json", *words)
        report = json.loads(out)
        assert (status, err, report["written"], folder.exists()) == (0, "", written, written)
        assert shape(report) == documented("extract")


def test_replace(image: Path, tmp_path: Path, run: Run) -> None:
    output, ramdisk = tmp_path / "out.img", tmp_path / "initrd.gz"
    arguments = ["replace", image, "dom0/ramdisk", ramdisk, "-o", output, "--json"]
    before = sorted(tmp_path.iterdir())
    status, out, _ = run(*arguments, "--dry-run")
    assert (status, sorted(tmp_path.iterdir())) == (0, before)
    assert shape(json.loads(out)) == documented("build --dry-run")
    assert json.loads(out)["size"] == image.stat().st_size
    status, out, err = run(*arguments)
    assert (status, err, output.read_bytes()) == (0, "", image.read_bytes())
    assert shape(json.loads(out)) == documented("replace")


def test_replace_counts_signatures(image: Path, tmp_path: Path, run: Run) -> None:
    assert run("keygen", "-o", tmp_path / "key")[0] == 0
    assert run("sign", image, "--key", tmp_path / "key")[0] == 0
    _, out, err = run("replace", image, "dom0/ramdisk", tmp_path / "initrd.gz", "-o", image, "--json")
    assert (json.loads(out)["signatures-dropped"], err) == (1, "")


def test_diff(image: Path, tmp_path: Path, run: Run) -> None:
    other = tmp_path / "other.img"
    assert run("build", tmp_path / "recipe.toml", "-o", other, "--set", "hypervisor.command-line=quiet")[0] == 0
    status, out, _ = run("diff", image, other, "--json")
    assert status == 1
    found = [change for change in json.loads(out)["changes"] if change["where"] == "hypervisor command-line"]
    assert shape({**json.loads(out), "changes": found}) == documented("diff")


def test_devtree(tmp_path: Path, run: Run) -> None:
    status, out, _ = run("devtree", write_recipe(tmp_path), "--domain", "dom0", "--json")
    assert status == 0
    tree = json.loads(out)
    chosen = next(node for node in tree["root"]["children"] if node["name"] == "chosen")
    assert chosen["properties"]["bootargs"]["strings"] == ["console=hvc0"]
    assert bytes.fromhex(chosen["properties"]["bootargs"]["bytes"]) == b"console=hvc0\0"
    assert chosen["properties"]["linux,initrd-start"]["strings"] is None
    example = documented("devtree")
    assert tree.keys() == example.keys()
    assert shape(chosen).keys() == example["root"].keys()
    kinds = {str(shape(value)) for value in chosen["properties"].values()}
    assert kinds == {str(value) for value in example["root"]["properties"].values()}


def test_boot(fake_qemu: Callable[[str], Path], run: Run) -> None:
    image = fake_qemu(r'say("login: "); say("hello " + hear())')
    status, out, err = run("boot", image, "--json", "--expect", "l.gin", "--send", r"x\n", "--expect-exit", "0")
    assert (status, err) == (0, "")
    assert shape(json.loads(out)) == documented("boot")
    assert [step["match"] for step in json.loads(out)["steps"]] == ["login", None, None]


def test_boot_reports_on_steps_only(fake_qemu: Callable[[str], Path], run: Run) -> None:
    with pytest.raises(SystemExit) as caught:
        run("boot", fake_qemu(""), "--json")
    assert caught.value.code == 2


def test_netboot(image: Path, tmp_path: Path, run: Run) -> None:
    blades, folder = tmp_path / "blades.toml", tmp_path / "netboot"
    blades.write_text(BLADES)
    arguments = ["netboot", image, "-o", folder, "--blades", blades]
    status, out, _ = run(*arguments, "--dry-run", "--json")
    planned = json.loads(out)
    assert (status, planned["written"], folder.exists()) == (0, False, False)
    assert shape(planned) == documented("netboot")
    assert f"    {folder}/dnsmasq.conf\n" in run(*arguments, "--dry-run")[1].partition("Not written:")[2]
    status, out, _ = run(*arguments, "--json")
    assert json.loads(out) == {**planned, "written": True}
    assert {str(path) for path in folder.rglob("*") if path.is_file()} == set(planned["files"])


def test_an_error_is_one_line_of_json(tmp_path: Path, run: Run) -> None:
    recipe = write_recipe(tmp_path)
    for name in ("kernel.elf", "initrd.gz"):
        (tmp_path / name).unlink()
    status, out, err = run("build", recipe, "--dry-run", "--json")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert shape(json.loads(err)) == documented("Errors")
    assert [error["where"] for error in json.loads(err)["errors"]] == [
        f"{recipe}: domain.dom0.kernel",
        f"{recipe}: domain.dom0.initrd",
    ]


def test_a_failing_console_is_part_of_the_error(fake_qemu: Callable[[str], Path], run: Run) -> None:
    image = fake_qemu(r'say("going\n")')
    status, out, err = run("boot", image, "--json", "--expect", "never")
    report = json.loads(err)
    assert (status, out) == (1, "")
    assert any("going" in note for note in report["notes"])
