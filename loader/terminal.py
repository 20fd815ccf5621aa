# SPDX-License-Identifier: BSD-2-Clause
"""The user's terminal as a guest's console."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Final

from loader.console import Console

CTRL_A: Final = 0x01
QUIT: Final = ord("x")


class Outcome(Enum):
    """Why the terminal was given back."""

    END = "the console ended"
    QUIT = "the user typed Ctrl-A x"
    TIMEOUT = "the time ran out"


class QuitKey:
    """Finds Ctrl-A x in what is typed.

    Everything else passes at once and unchanged, Ctrl-A too: the hypervisor's own prompt opens at the third in a row,
    and an x right after that one belongs to the prompt.
    """

    def __init__(self) -> None:
        self._run = 0

    def seen(self, data: bytes) -> bool:
        """Whether the keys typed so far end in, or contain, the request to quit."""
        for key in data:
            if key == QUIT and self._run == 1:
                return True
            self._run = self._run + 1 if key == CTRL_A else 0
        return False


def attach(console: Console, keyboard: int, screen: int, timeout: float | None = None) -> Outcome:
    """Relay between two file descriptors and `console` until one of the outcomes; a tty is raw meanwhile."""
    deadline = None if timeout is None else time.monotonic() + timeout
    channel = console.channel.fileno()
    quit_key = QuitKey()
    typed = b""
    listening = True
    with raw_terminal(keyboard):
        # What came while QEMU's monitor was awaited: a guest does not wait for us.
        write_all(screen, console.take().replace("\n", "\r\n").encode())
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            sources = [channel, keyboard] if listening and not typed else [channel]
            readable, writable, _ = select.select(sources, [channel] if typed else [], [], left)
            if channel in readable:
                write_all(screen, console.receive(0) or b"")
            if console.ended:
                return Outcome.END
            if keyboard in readable:
                typed = os.read(keyboard, 256)
                listening = bool(typed)
                if quit_key.seen(typed):
                    return Outcome.QUIT
            if writable:
                typed = typed[send_some(console, typed) :]
            if left == 0:
                return Outcome.TIMEOUT


def send_some(console: Console, data: bytes) -> int:
    """Type what `console` takes of `data` at once and return how much that was; all, into the void, when it ended."""
    try:
        return console.channel.send(data)
    except ConnectionError:
        return len(data)


@contextmanager
def raw_terminal(descriptor: int) -> Iterator[None]:
    """Pass every key on while the context lasts, when `descriptor` is a terminal."""
    if not os.isatty(descriptor):
        yield
        return
    saved = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        with suppress(termios.error):  # it hung up
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, saved)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`."""
    while data:
        data = data[os.write(descriptor, data) :]
