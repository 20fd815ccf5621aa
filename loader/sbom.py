# SPDX-License-Identifier: BSD-2-Clause
"""An image's bill of materials in CycloneDX 1.6 JSON (ECMA-424): every part with the SHA-256 of what was packed.

The same image gives the same text: the only date is SOURCE_DATE_EPOCH's, when that is set, and the serial number is
made from the head digest.  What a part itself consists of (a distribution's kernel, say) is not known here and not
claimed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from loader import abi
from loader.compress import expanded_pieces
from loader.errors import EnvironmentProblem, ImageError
from loader.imagehead import Entry, Head
from loader.io import open_source, sha256_range, unchanged
from loader.meter import QUIET, Meter
from loader.multiboot import read_head

EPOCH_VARIABLE: Final = "SOURCE_DATE_EPOCH"

_SECONDS: Final = re.compile(r"-?[0-9]+")
"""An integer in ASCII, as that variable's specification says; int() takes more."""
_IMAGE_REF: Final = "image"
_COMPONENT_TYPES: Final = {
    abi.EntryType.HYPERVISOR: "operating-system",
    abi.EntryType.KERNEL: "operating-system",
    abi.EntryType.RAMDISK: "file",
    abi.EntryType.DEVICE_TREE: "data",
    abi.EntryType.BOOT_OVERLAY: "data",
}


def describe_materials(image: Path, environment: Mapping[str, str] = os.environ, meter: Meter = QUIET) -> str:
    """The bill of materials of an image; raises LoaderError."""
    timestamp = _timestamp(environment)
    with unchanged(image):
        head = read_head(image)
        packed = [entry for entry in head.entries if entry.compression != abi.Compression.NONE]
        meter.phase("expanding", sum(entry.memory_size for entry in packed))
        components = [_stub(image, head), *(_component(image, entry, meter) for entry in head.entries)]
    metadata: dict[str, Any] = {
        "tools": {"components": [{"type": "application", "name": "mkimage", "version": version("roundpeg")}]},
        "component": {
            "type": "firmware",
            "bom-ref": _IMAGE_REF,
            "name": _IMAGE_REF,
            "properties": _properties({"head-sha256": head.head_digest.hex(), "size": head.total_size}),
        },
    }
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=head.head_digest[:16], version=5)}",
        "version": 1,
        "metadata": metadata if timestamp is None else {"timestamp": timestamp, **metadata},
        "components": components,
        "dependencies": [
            {"ref": _IMAGE_REF, "dependsOn": [component["bom-ref"] for component in components]},
        ],
    }
    return json.dumps(document, indent=2)


def _stub(image: Path, head: Head) -> dict[str, Any]:
    digest = sha256_range(image, abi.IMAGE_FILE_OFFSET, head.stub_size)
    return _described("firmware", "stub", digest, {"size": head.stub_size})


def _component(image: Path, entry: Entry, meter: Meter) -> dict[str, Any]:
    facts: dict[str, Any] = {"size": entry.memory_size}
    digest = entry.digest
    if entry.compression != abi.Compression.NONE:
        facts |= {"compression": entry.compression.name.lower(), "stored-size": entry.size}
        facts["stored-sha256"] = entry.digest.hex()
        digest = _content_digest(image, entry, meter)
    return _described(_COMPONENT_TYPES[entry.type], entry.name, digest, facts)


def _described(kind: str, name: str, digest: bytes, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": kind,
        "bom-ref": name,
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest.hex()}],
        "properties": _properties(facts),
    }


def _properties(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"name": f"roundpeg:{name}", "value": str(value)} for name, value in facts.items()]


def _content_digest(image: Path, entry: Entry, meter: Meter) -> bytes:
    """SHA-256 of what was packed, before it was compressed."""
    digest = hashlib.sha256()
    with open_source(image) as file:
        try:
            for piece in _pieces(file.fileno(), entry):
                digest.update(piece)
                meter.advance(len(piece))
        except ImageError as error:
            raise ImageError(f"{entry.name}: {error.what}", str(image)) from None
    return digest.digest()


def _pieces(source: int, entry: Entry) -> Iterable[bytes]:
    start = abi.IMAGE_FILE_OFFSET + entry.offset
    return expanded_pieces(source, start, entry.size, entry.compression, entry.memory_size)


def _timestamp(environment: Mapping[str, str]) -> str | None:
    text = environment.get(EPOCH_VARIABLE)
    if text is None:
        return None
    moment = None
    if _SECONDS.fullmatch(text):
        with suppress(ValueError, OverflowError, OSError):
            moment = datetime.fromtimestamp(int(text), UTC)
    if moment is None:
        hint = "set it to what `date +%s` prints, or unset it"
        raise EnvironmentProblem(f"{text!r} is not seconds since 1970", EPOCH_VARIABLE, hint)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
