# SPDX-License-Identifier: BSD-2-Clause
"""The relay between a terminal and a console."""

from __future__ import annotations

import os
import pty
import socket
import termios
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread

import pytest

from loader.console import Console
from loader.terminal import Outcome, QuitKey, attach, raw_terminal


@dataclass
class Desk:
    """A console, a keyboard and a screen, and our ends of the three."""

    console: Console
    guest: socket.socket
    keyboard: int
    typing: int
    screen: int
    view: int


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Pipes for keyboard and screen."""
    near, guest = socket.socketpair()
    keyboard, typing = os.pipe()
    view, screen = os.pipe()
    with ExitStack() as stack:
        stack.callback(near.close)
        stack.callback(guest.close)
        for descriptor in (keyboard, typing, screen, view):
            stack.callback(os.close, descriptor)
        yield Desk(Console(near), guest, keyboard, typing, screen, view)


@pytest.mark.parametrize(
    ("typed", "quits"),
    [
        (b"\x01x", True),
        (b"ls\n\x01x", True),
        (b"\x01a\x01x", True),
        (b"x", False),
        (b"\x01 x", False),
        (b"\x01\x01x", False),
        (b"\x01\x01\x01x", False),
        (b"\x01X", False),
    ],
)
def test_quit_key(typed: bytes, quits: bool) -> None:
    assert QuitKey().seen(typed) is quits
    one_by_one = QuitKey()
    assert any(one_by_one.seen(typed[i : i + 1]) for i in range(len(typed))) is quits


def test_quit(desk: Desk) -> None:
    os.write(desk.typing, b"\x01x")
    assert attach(desk.console, desk.keyboard, desk.screen) is Outcome.QUIT


def test_timeout(desk: Desk) -> None:
    assert attach(desk.console, desk.keyboard, desk.screen, 0.05) is Outcome.TIMEOUT


def test_what_came_before(desk: Desk) -> None:
    """The monitor's handshake reads the console too: on a busy host the first lines were never shown."""
    desk.guest.sendall(b"expected\r\nfirst\r\nsec")
    desk.console.expect("expected\n", 10)
    desk.console.drain(0.05)
    desk.guest.sendall(b"ond\r\n")
    desk.guest.close()
    assert attach(desk.console, desk.keyboard, desk.screen) is Outcome.END
    assert os.read(desk.view, 100) == b"first\r\nsecond\r\n"


def test_output_until_the_end(desk: Desk) -> None:
    desk.guest.sendall(b"hello\r\n\xff")
    desk.guest.close()
    assert attach(desk.console, desk.keyboard, desk.screen) is Outcome.END
    assert os.read(desk.view, 100) == b"hello\r\n\xff"


def test_every_other_key_reaches_the_guest(desk: Desk) -> None:
    keys = b"\x01\x01\x01x\x03\x04\x1a" + bytes(range(128, 256)) * 8
    heard = b""

    def guest() -> None:
        nonlocal heard
        while len(heard) < len(keys):
            heard += desk.guest.recv(4096)
        desk.guest.close()

    os.write(desk.typing, keys)
    listener = Thread(target=guest)
    listener.start()
    assert attach(desk.console, desk.keyboard, desk.screen) is Outcome.END
    listener.join()
    assert heard == keys


def test_terminal_is_raw_meanwhile_and_restored() -> None:
    primary, terminal = pty.openpty()
    try:
        before = termios.tcgetattr(terminal)
        with raw_terminal(terminal):
            assert not termios.tcgetattr(terminal)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        assert termios.tcgetattr(terminal) == before
    finally:
        os.close(primary)
        os.close(terminal)
