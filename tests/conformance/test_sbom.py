# SPDX-License-Identifier: BSD-2-Clause
"""CycloneDX's own schema has nothing against our bills of materials."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from loader.cli import main
from tests.support import RECIPE, write_recipe

SECOND = '\n[domain.second]\nkernel = "kernel.elf"\nmemory = "32M"\n'


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize("epoch", [None, "1158451200"])
def test_schema(
    compression: str,
    epoch: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    recipe, image = write_recipe(tmp_path, RECIPE + SECOND), tmp_path / "test.img"
    assert main(["build", str(recipe), "-o", str(image), "--set", f"image.compression={compression}"]) == 0
    capsys.readouterr()
    assert main(["inspect", str(image), "--sbom"]) == 0
    text = capsys.readouterr().out
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"SHA-256"', '"SHA-255"')) is not None
