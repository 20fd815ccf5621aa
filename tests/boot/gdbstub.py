# SPDX-License-Identifier: BSD-2-Clause
"""A client for QEMU's debugger port: memory, registers, breakpoints (GDB manual, appendix E, remote protocol)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, Self

PIECE: Final = 1024
"""Bytes of memory in one packet: QEMU takes 4096 characters."""
PC: Final = 64
"""Number of the program counter among the registers of a 64-bit PowerPC."""
PATIENCE: Final = 120.0


class GdbStub:
    """A connection to a machine that was started with -gdb; the machine stands still until `run`."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._socket.settimeout(PATIENCE)
        self._received = b""
        # An old client gets the floating-point registers as well, and QEMU 7.2 aborts over the size of one of them.
        self._ask("qXfer:features:read:target.xml:0,fff")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self, address: int, size: int) -> bytes:
        """Memory."""
        pieces = []
        for start in range(address, address + size, PIECE):
            pieces.append(bytes.fromhex(self._ask(f"m{start:x},{min(PIECE, address + size - start):x}")))
        return b"".join(pieces)

    def write(self, address: int, data: bytes) -> None:
        """Change memory."""
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            self._expect_ok(f"M{address + start:x},{len(piece):x}:{piece.hex()}")

    def registers(self) -> str:
        """All of them, for `set_registers`."""
        return self._ask("g")

    def set_registers(self, registers: str) -> None:
        """As `registers` returned them."""
        self._expect_ok(f"G{registers}")

    def register(self, number: int) -> int:
        """One of them, by GDB's number: 0 to 31 are the general ones."""
        return int(self._ask(f"p{number:x}"), 16)

    def pc(self) -> int:
        """Where it stands."""
        return self.register(PC)

    def set_breakpoint(self, address: int) -> None:
        """Stop there."""
        self._expect_ok(f"Z0,{address:x},4")

    def clear_breakpoint(self, address: int) -> None:
        """No longer stop there."""
        self._expect_ok(f"z0,{address:x},4")

    def step(self) -> None:
        """One instruction."""
        self._ask("s")

    def run(self, patience: float = PATIENCE) -> bool:
        """Go on until a breakpoint; False when none came within that many seconds, after which it stands as well."""
        self._send("c")
        self._socket.settimeout(patience)
        try:
            self._receive()
        except TimeoutError:
            self._socket.settimeout(PATIENCE)
            self._socket.sendall(b"\x03")
            self._receive()
            return False
        finally:
            self._socket.settimeout(PATIENCE)
        return True

    def _expect_ok(self, command: str) -> None:
        reply = self._ask(command)
        if reply != "OK":
            raise RuntimeError(f"the debugger port answered {reply!r} to {command[:40]!r}")

    def _ask(self, command: str) -> str:
        self._send(command)
        return self._receive()

    def _send(self, command: str) -> None:
        self._socket.sendall(f"${command}#{sum(command.encode()) % 256:02x}".encode())

    def _receive(self) -> str:
        """The next packet, acknowledged."""
        while (end := self._received.find(b"#")) < 0 or len(self._received) < end + 3:
            data = self._socket.recv(1 << 16)
            if not data:
                raise EOFError("QEMU closed its debugger port")
            self._received += data
        packet, self._received = self._received[:end], self._received[end + 3 :]
        self._socket.sendall(b"+")
        return packet[packet.index(b"$") + 1 :].decode()
