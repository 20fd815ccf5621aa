# SPDX-License-Identifier: BSD-2-Clause
"""The bill of materials names every part with the digest of what was packed, and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from loader.cli import main
from loader.errors import EnvironmentProblem
from loader.multiboot import read_head
from loader.sbom import describe_materials
from loader.sign import generate_key, sign_image
from tests.support import make_stub, write_recipe

SETTINGS = ["--set", "image.compression=zstd", "--set", "domain.dom0.kernel={path='kernel.elf', compression='lz4'}"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "test.img"
    assert main(["build", str(write_recipe(tmp_path)), "-o", str(path), *SETTINGS]) == 0
    return path


def materials(image: Path, **environment: str) -> dict[str, Any]:
    document = json.loads(describe_materials(image, environment))
    assert isinstance(document, dict)
    return document


def test_every_part_with_the_digest_of_what_was_packed(image: Path, tmp_path: Path) -> None:
    head = read_head(image)
    assert {entry.compression.name for entry in head.entries} == {"NONE", "LZ4", "ZSTD"}
    digests = {part["name"]: part["hashes"] for part in materials(image)["components"]}
    assert list(digests) == ["stub", *(entry.name for entry in head.entries)]
    contents = {
        "stub": make_stub(),
        "hypervisor": (tmp_path / "hypervisor.elf").read_bytes(),
        "dom0/kernel": (tmp_path / "kernel.elf").read_bytes(),
        "dom0/ramdisk": (tmp_path / "initrd.gz").read_bytes(),
    }
    for name, content in contents.items():
        assert digests[name] == [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]
    assert digests["boot-overlay"] == [{"alg": "SHA-256", "content": head.entry("boot-overlay").digest.hex()}]


def test_what_cyclonedx_asks_for(image: Path) -> None:
    document = materials(image)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert document["serialNumber"].startswith("urn:uuid:")
    refs = [part["bom-ref"] for part in document["components"]]
    assert document["dependencies"] == [{"ref": "image", "dependsOn": refs}]
    assert len(set(refs)) == len(refs)
    kinds = {part["name"]: part["type"] for part in document["components"]}
    assert kinds["stub"] == "firmware"
    assert kinds["dom0/kernel"] == kinds["hypervisor"] == "operating-system"
    assert kinds["dom0/ramdisk"] == "file"
    assert kinds["dom0/device-tree"] == kinds["boot-overlay"] == "data"
    stored = {prop["name"]: prop["value"] for prop in document["components"][3]["properties"]}
    entry = read_head(image).entry("dom0/ramdisk")
    assert stored == {
        "roundpeg:size": str(0x4321),
        "roundpeg:compression": "zstd",
        "roundpeg:stored-size": str(entry.size),
        "roundpeg:stored-sha256": entry.digest.hex(),
    }


def test_the_same_image_gives_the_same_text(image: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "renamed.img"
    other.write_bytes(image.read_bytes())
    generate_key(tmp_path / "key")
    sign_image(other, tmp_path / "key")
    text = describe_materials(image, {})
    assert describe_materials(other, {}) == text
    assert str(tmp_path) not in text
    assert "test.img" not in text


def test_the_only_date_is_the_one_that_was_given(image: Path) -> None:
    assert "timestamp" not in materials(image)["metadata"]
    assert materials(image, SOURCE_DATE_EPOCH="0")["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"
    assert materials(image, SOURCE_DATE_EPOCH="1158451200")["metadata"]["timestamp"] == "2006-09-17T00:00:00Z"
    for text in ("", "now", "1e9", "9" * 30, "1_000", " 5", "\u0663", "5\n"):
        with pytest.raises(EnvironmentProblem, match=r"SOURCE_DATE_EPOCH: .* is not seconds since 1970"):
            materials(image, SOURCE_DATE_EPOCH=text)


def test_command_line(image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    capsys.readouterr()
    assert main(["inspect", str(image), "--sbom"]) == 0
    assert json.loads(capsys.readouterr().out) == materials(image, SOURCE_DATE_EPOCH="1")
    assert main(["inspect", str(image), "--sbom", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == materials(image, SOURCE_DATE_EPOCH="1")
    with pytest.raises(SystemExit) as caught:
        main(["inspect", str(image), "--sbom", "--map"])
    assert caught.value.code == 2
