# SPDX-License-Identifier: BSD-2-Clause
"""A recipe as an image keeps it, so that `mkimage replace` can plan the image again.

It is a recipe in JSON, complete and in one spelling, whose paths are the names of the image's entries: nothing of the
machine it was built on.  Read again it becomes the same recipe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from loader import abi
from loader.errors import ImageError, ManifestError
from loader.imagehead import DOMAIN_ENTRY_NAMES, ENTRY_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from loader.manifest import Domain, Recipe

STUB_NAME: Final = "stub"
"""What the stub is called beside the entries."""


def recipe_text(recipe: Recipe) -> str:
    """The recipe as JSON, printable ASCII."""
    document = {
        "image": {"stub": STUB_NAME, "targets": list(recipe.targets)},
        "hypervisor": {
            "path": ENTRY_NAMES[abi.EntryType.HYPERVISOR],
            "command-line": recipe.hypervisor.command_line,
        },
        "domain": {domain.name: _domain(domain) for domain in recipe.domains},
    }
    return json.dumps(document, separators=(",", ":"))


def _domain(domain: Domain) -> dict[str, Any]:
    table: dict[str, Any] = {
        "id": domain.id,
        "memory": domain.memory,
        "vcpus": domain.vcpus,
        "command-line": domain.command_line,
        "roles": [role.name.lower() for role in domain.roles if role.name],
        "rma": {"mode": domain.rma.mode, "size": domain.rma.size},
        "kernel": {
            "path": f"{domain.name}/{DOMAIN_ENTRY_NAMES[abi.EntryType.KERNEL]}",
            "format": domain.kernel.format,
            "load": domain.kernel.load,
            "entry": domain.kernel.entry,
            "compression": domain.kernel.compression.name.lower(),
        },
        "devtree": {
            node.path: not node.remove and {name: _property(value) for name, value in node.properties}
            for node in domain.devtree
        },
    }
    if domain.initrd:
        name = f"{domain.name}/{DOMAIN_ENTRY_NAMES[abi.EntryType.RAMDISK]}"
        table["initrd"] = {
            "path": name if domain.initrd.path else None,
            "load": domain.initrd.load,
            "compression": domain.initrd.compression.name.lower() if domain.initrd.path else None,
            "from-firmware": domain.initrd.firmware_room or None,
        }
    return table


def _property(value: bytes | None) -> dict[str, str] | bool:
    return False if value is None else {"bytes": value.hex()}


def read_recipe(text: str, files: Mapping[str, Path], image: Path, anchor: Path) -> Recipe:
    """The recipe of an image whose entries, and the stub, were written to `files`; `anchor` is any path beside them.

    Raises ImageError when the text is none of ours, ManifestError when it no longer makes sense.
    """
    from loader.manifest import parse_recipe

    try:
        document = json.loads(text)
        document["image"]["stub"] = str(files[document["image"]["stub"]])
        places = [document["hypervisor"]]
        for domain in document["domain"].values():
            places += [domain["kernel"], *([domain["initrd"]] if "initrd" in domain else [])]
        for place in places:
            if place["path"] is not None:
                place["path"] = str(files[place["path"]])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImageError(f"its recipe cannot be read ({type(error).__name__}: {error})", str(image)) from None
    try:
        return parse_recipe(document, anchor)
    except ManifestError as error:
        raise ManifestError(error.what, error.where.replace(str(anchor), str(image)), error.hint) from None
