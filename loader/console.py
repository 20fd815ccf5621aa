# SPDX-License-Identifier: BSD-2-Clause
"""A guest's console: wait for what it should print, notice what it should not, and type.

Carriage returns are dropped, escape sequences are kept, bytes that are not UTF-8 become U+FFFD.  Patterns are regular
expressions, searched with MULTILINE in everything received and not yet consumed; a match consumes the text up to its
end.  The last line may still be growing, so close a pattern: `\\d+` alone could match half a number.

A line is held against the fatal patterns once it is complete, and only its part that no `expect` has consumed: whoever
expects a failure gets it.
"""

from __future__ import annotations

import codecs
import re
import select
import socket
import time
from collections.abc import Mapping
from typing import Final

from loader.consolelog import ConsoleLog
from loader.errors import LoaderError

TAIL_LINES: Final = 40
SEND_CHUNK: Final = 16
"""Bytes typed at once: the depth of a 16550's FIFO and of a hypervisor terminal's packet."""
SEND_PAUSE: Final = 0.01
"""Seconds between chunks; whoever reads the terminal gets to run."""
SEND_PATIENCE: Final = 10.0
FAILURE_SILENCE: Final = 0.5
"""A failure is followed by registers and traces: collect until the console was silent this many seconds."""
FAILURE_PATIENCE: Final = 5.0


class ConsoleError(LoaderError):
    """The console did not show what it should; a note carries its last lines."""


class FatalOutput(ConsoleError):
    """A line matched a fatal pattern."""


class ConsoleTimeout(ConsoleError):
    """The time ran out first."""


class ConsoleEnd(ConsoleError):
    """The other side closed the console first."""


class Console:
    """Our end of a console.

    channel   a connected stream socket; the console owns it from now on
    fatal     patterns that mean failure, by name
    log       gets everything as it comes
    """

    def __init__(
        self, channel: socket.socket, fatal: Mapping[str, str] | None = None, log: ConsoleLog | None = None
    ) -> None:
        self.channel = channel
        self.text = ""
        self.ended = False
        self._fatal = {name: re.compile(pattern) for name, pattern in (fatal or {}).items()}
        self._log = log
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._consumed = 0
        self._judged = 0
        channel.setblocking(False)

    def expect(self, pattern: str, timeout: float) -> re.Match[str]:
        """Wait at most `timeout` seconds for `pattern` and consume up to its end; raises ConsoleError."""
        regex = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        while True:
            match = regex.search(self.text, self._consumed)
            self._judge(match.start() if match else len(self.text))
            if match:
                self._consumed = self._judged = match.end()
                return match
            if self.ended:
                raise self._error(ConsoleEnd(f"the console ended before /{pattern}/"))
            if not self._receive_until(deadline):
                raise self._error(ConsoleTimeout(f"no /{pattern}/ within {timeout:.3g} s"))

    def expect_end(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for the other side to close the console; raises ConsoleError."""
        deadline = time.monotonic() + timeout
        while not self.ended:
            self._judge(len(self.text))
            if not self._receive_until(deadline):
                raise self._error(ConsoleTimeout(f"the console did not end within {timeout:.3g} s"))
        self._judge(len(self.text))

    def send(self, text: str) -> None:
        """Type `text` as UTF-8, no faster than a terminal takes it; raises ConsoleError."""
        data = text.encode()
        while data:
            if not select.select([], [self.channel], [], SEND_PATIENCE)[1]:
                raise self._error(ConsoleTimeout(f"nobody read what was typed for {SEND_PATIENCE:.3g} s"))
            try:
                data = data[self.channel.send(data[:SEND_CHUNK]) :]
            except OSError:
                raise self._error(ConsoleEnd("the console ended while typing")) from None
            self.drain(SEND_PAUSE)

    def drain(self, seconds: float) -> None:
        """Receive for `seconds`, or until the console ends."""
        deadline = time.monotonic() + seconds
        while not self.ended and self._receive_until(deadline):
            pass

    def receive(self, timeout: float) -> bytes | None:
        """Wait at most `timeout` seconds for output and return it: b"" at the end, None when time ran out."""
        if not select.select([self.channel], [], [], timeout)[0]:
            return None
        try:
            data = self.channel.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if self._log is not None:
            self._log.write(data)
        self.text += self._decoder.decode(data, final=not data).replace("\r", "")
        if not data:
            self.ended = True
            self.text += "" if self.text.endswith("\n") else "\n"
        return data

    def take(self) -> str:
        """Everything received and not yet consumed, which this consumes; no failure is looked for in it."""
        taken = self.text[self._consumed :]
        self._consumed = self._judged = len(self.text)
        return taken

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last `lines` lines."""
        return "\n".join(self.text.splitlines()[-lines:])

    def _receive_until(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        return left > 0 and self.receive(left) is not None

    def _judge(self, limit: int) -> None:
        """Raise FatalOutput for an unconsumed line that was complete before offset `limit`."""
        while self._judged <= (end := self.text.find("\n", self._judged)) < limit:
            line = self.text[self._judged : end]
            self._judged = end + 1
            for name, regex in self._fatal.items():
                if regex.search(line):
                    self._collect_failure()
                    raise self._error(FatalOutput(f"fatal console line ({name}): {line.strip()}"))

    def _collect_failure(self) -> None:
        deadline = time.monotonic() + FAILURE_PATIENCE
        while not self.ended and time.monotonic() < deadline and self.receive(FAILURE_SILENCE) is not None:
            pass

    def _error(self, error: ConsoleError) -> ConsoleError:
        error.add_note(self.tail())
        return error
