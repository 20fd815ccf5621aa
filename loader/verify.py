# SPDX-License-Identifier: BSD-2-Clause
"""What `mkimage verify` finds: whether an image is as it was written, and who signed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from loader.errors import ImageError, one_line
from loader.imagehead import Head
from loader.meter import QUIET, Meter
from loader.multiboot import verify_image
from loader.signaturepage import Signature

Place = Literal["inside", "detached"]
State = Literal["signed", "bad-signature", "no-signature"]

_STATE_TEXTS: dict[State, str] = {
    "signed": "has signed this image",
    "bad-signature": "its signature is not of this image",
    "no-signature": "has not signed",
}


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What a given public key says; `place` is where its signature is, None without one."""

    path: Path
    key_id: bytes
    state: State
    place: Place | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    problems    what is wrong with the image itself
    signatures  key id and place of every signature, checked or not
    keys        one verdict per given key
    """

    path: Path
    entries: int
    problems: tuple[str, ...]
    signatures: tuple[tuple[bytes, Place], ...] = ()
    keys: tuple[KeyVerdict, ...] = ()
    keys_given: bool = False

    @property
    def sound(self) -> bool:
        """Whether every byte of the image is as it was written."""
        return not self.problems

    @property
    def trusted(self) -> bool | None:
        """Whether a given key signed the image, None when none was given."""
        if not self.keys_given:
            return None
        return self.sound and any(key.state == "signed" for key in self.keys)

    @property
    def good(self) -> bool:
        """Whether everything that was asked for holds."""
        return self.sound and self.trusted is not False


def verify(path: Path, keys: Sequence[Path] = (), detached: Path | None = None, meter: Meter = QUIET) -> Verdict:
    """Recomputes every digest; structural faults are problems like any other.  Raises LoaderError for unfit keys."""
    if keys:
        from loader.sign import load_public_key, read_detached

        public = [(key, load_public_key(key)) for key in keys]
        apart = () if detached is None else read_detached(detached)
    else:
        public, apart = [], ()
    try:
        head, problems = verify_image(path, meter)
    except ImageError as error:
        return Verdict(path, 0, (error.what,), keys_given=bool(keys))
    signatures: list[tuple[Signature, Place]] = [(signature, "inside") for signature in head.signatures]
    signatures += [(signature, "detached") for signature in apart]
    return Verdict(
        path,
        len(head.entries),
        tuple(problems),
        tuple((signature.key_id, place) for signature, place in signatures),
        tuple(_judge(key_path, key, head, signatures) for key_path, key in public),
        keys_given=bool(keys),
    )


def _judge(path: Path, key: Any, head: Head, signatures: Sequence[tuple[Signature, Place]]) -> KeyVerdict:
    from loader.sign import is_signed_by, key_id

    identity = key_id(key)
    found: Place | None = None
    for signature, place in signatures:
        if signature.key_id == identity:
            if is_signed_by(head.head_digest, signature, key):
                return KeyVerdict(path, identity, "signed", place)
            found = place
    return KeyVerdict(path, identity, "bad-signature" if found else "no-signature", found)


def render_verdict(verdict: Verdict, *, as_json: bool) -> str:
    """The verdict as text or JSON."""
    if as_json:
        return json.dumps(_verdict_json(verdict), indent=2)
    path = one_line(str(verdict.path))
    if not verdict.sound:
        return "\n".join(f"{path}: {problem}" for problem in verdict.problems)
    lines = [f"{path}: sound, {verdict.entries} entries match their digests"]
    known = {key.key_id for key in verdict.keys}
    lines += [
        f"{path}: signature of key {key_id.hex()}, {place}, not checked"
        for key_id, place in verdict.signatures
        if key_id not in known
    ]
    for key in verdict.keys:
        place = f" ({key.place})" if key.place else ""
        lines.append(f"{one_line(str(key.path))}: key {key.key_id.hex()} {_STATE_TEXTS[key.state]}{place}")
    return "\n".join(lines)


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "image": str(verdict.path),
        "sound": verdict.sound,
        "trusted": verdict.trusted,
        "entries": verdict.entries,
        "problems": list(verdict.problems),
        "signatures": [{"key": key_id.hex(), "place": place} for key_id, place in verdict.signatures],
        "keys": [
            {"file": str(key.path), "key": key.key_id.hex(), "state": key.state, "place": key.place}
            for key in verdict.keys
        ],
    }
