# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for QEMU: serves the monitor's handshake, then runs the "image" as Python with a console.

The image may use `say(text)`, `hear()` (one typed line), `complain(text)` (QEMU's own messages), `sys` and `time`.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from pathlib import Path


def inherited(name: str) -> socket.socket:
    """Return the socket of the character device `name` on our command line."""
    match = re.search(rf"socket,id={name},fd=(\d+)", " ".join(sys.argv))
    if match is None:
        sys.exit(f"fake_qemu: no {name}")
    return socket.socket(fileno=int(match[1]))


def main() -> None:
    """Serve the handshake and run the image."""
    console = inherited("console")
    monitor = inherited("monitor").makefile("rw")
    image = Path(sys.argv[sys.argv.index("-kernel") + 1]).read_text()
    if image.startswith("# refuse"):
        sys.exit("fake_qemu: no such machine")

    def answer(message: object) -> None:
        monitor.write(json.dumps(message) + "\n")
        monitor.flush()

    if image.startswith("# flood"):
        console.sendall(b"early\n" * 1_000_000)
    answer({"QMP": {"version": {}, "capabilities": []}})
    monitor.readline()
    answer({"event": "RESUME"})
    answer({"return": {}})

    def say(text: str) -> None:
        console.sendall(text.encode())

    def hear() -> str:
        heard = b""
        while not heard.endswith(b"\n"):
            heard += console.recv(1)
        return heard.decode()

    def complain(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def ask() -> None:
        """Answer one more command of the monitor with an event and an error."""
        monitor.readline()
        answer({"event": "STOP"})
        answer({"error": {"class": "GenericError", "desc": "not now"}})

    exec(image, {"say": say, "hear": hear, "complain": complain, "ask": ask, "sys": sys, "time": time})  # noqa: S102


main()
