# SPDX-License-Identifier: BSD-2-Clause
"""What tests ask about processes."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 120.0


def is_running(pid: int) -> bool:
    """Whether the process exists and is not just waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def ends_soon(pid: int) -> bool:
    """Whether the process, which has been killed, is gone before our patience is."""
    deadline = time.monotonic() + PATIENCE
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)
