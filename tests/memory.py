# SPDX-License-Identifier: BSD-2-Clause
"""How much memory a call takes, the same number every time."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable


def bytes_taken(call: Callable[[], object]) -> int:
    """The most bytes of Python objects that exist at one time because of a call.

    The collector rests meanwhile: when it runs depends on whatever ran before, and rings of objects would
    count or not by chance. A ring that is garbage counts to the end, so the number is an upper bound.
    """
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        if was_enabled:
            gc.enable()
