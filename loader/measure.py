# SPDX-License-Identifier: BSD-2-Clause
"""What our own firmware will have measured when it starts an image: the events and the value that stands for them.

docs/trust.md says what an event is.  Nothing here runs anything: the firmware's file and the image's head say it all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from construct import ConstructError

from loader import abi
from loader.errors import ImageError
from loader.imagehead import Head
from loader.io import open_source, sha256_range
from loader.multiboot import read_head


@dataclass(frozen=True, slots=True)
class Event:
    """One thing measured: its name and its SHA-256."""

    name: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Measurement:
    """The events in their order; `chain` is None when the firmware is not known, which comes first in it."""

    events: tuple[Event, ...]
    chain: bytes | None


def predict(image: Path, firmware: Path | None) -> Measurement:
    """What the firmware in this file (`make firmware` writes it) will measure with this image; raises LoaderError."""
    events = image_events(read_head(image))
    if firmware is None:
        return Measurement(events, None)
    events = (firmware_event(firmware), *events)
    return Measurement(events, extend(events))


def firmware_event(firmware: Path) -> Event:
    """The event of a firmware file; raises LoaderError unless it is one of ours."""
    with open_source(firmware) as file:
        try:
            stated = abi.FIRMWARE_HEAD.parse(file.read(abi.FIRMWARE_HEAD.sizeof())).size
        except ConstructError:
            raise ImageError("not our firmware", str(firmware), "give what `make firmware` wrote") from None
        size = os.fstat(file.fileno()).st_size
        if stated != size:
            raise ImageError(f"has {size} bytes, its size word says {stated}", str(firmware), "build it again")
        return Event(abi.MEASURE_FIRMWARE, sha256_range(file.fileno(), 0, size))


def image_events(head: Head) -> tuple[Event, ...]:
    """The events of an image with this head."""
    entries = (Event(entry.name, entry.digest) for entry in head.entries)
    return (Event(abi.MEASURE_IMAGE_HEAD, head.head_digest), *entries)


def extend(events: Sequence[Event]) -> bytes:
    """The chain of these events from the start, as a TPM extends a register."""
    chain = bytes(abi.DIGEST_SIZE)
    for event in events:
        chain = hashlib.sha256(chain + event.digest).digest()
    return chain


def render_measurement(measurement: Measurement, *, as_json: bool) -> str:
    """As text, in the words of the hypervisor's prompt, or as JSON."""
    chain = measurement.chain.hex() if measurement.chain is not None else None
    if as_json:
        events = [{"name": event.name, "digest": event.digest.hex()} for event in measurement.events]
        return json.dumps({"events": events, "chain": chain}, indent=2)
    lines = [f"{event.digest.hex()}  {event.name}" for event in measurement.events]
    return "\n".join([*lines, f"{chain}  chain" if chain else "chain: needs --firmware, which is its first event"])
