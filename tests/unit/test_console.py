# SPDX-License-Identifier: BSD-2-Clause
"""The expect engine, fed through sockets that keep the chunks apart."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader import console
from loader.console import TAIL_LINES, Console, ConsoleEnd, ConsoleError, ConsoleTimeout, FatalOutput
from loader.consolelog import ConsoleLog, open_log

FATAL = {"panic": "Kernel panic", "oops": "Oops: "}


class Guest:
    """The other end of a console."""

    def __init__(self, fatal: Mapping[str, str] = FATAL) -> None:
        near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = BytesIO()
        self.console = Console(near, fatal, ConsoleLog(self.log, clock=lambda: 7))

    def says(self, *chunks: bytes, last: bool = False) -> None:
        """Print chunks, each of which arrives alone; `last` ends the console."""
        for chunk in chunks:
            self.far.send(chunk)
        if last:
            self.far.close()

    def close(self) -> None:
        """Close both ends."""
        self.far.close()
        self.console.channel.close()


@pytest.fixture
def guest() -> Iterator[Guest]:
    """A guest that has said nothing yet."""
    made = Guest()
    yield made
    made.close()


def expect_failure(guest: Guest, pattern: str, kind: type[ConsoleError]) -> ConsoleError:
    with pytest.raises(kind) as failure:
        guest.console.expect(pattern, 0.05 if kind is ConsoleTimeout else 30)
    return failure.value


def test_matches_across_chunks_and_drops_carriage_returns(guest: Guest) -> None:
    guest.says(b"log", b"in: \r", b"\nnext\r\n")
    assert guest.console.expect(r"login: \nnext", 5)[0] == "login: \nnext"


def test_matches_an_unfinished_line(guest: Guest) -> None:
    guest.says(b"~ # ")
    guest.console.expect(r"^~ # $", 5)


def test_a_match_consumes_what_it_matched(guest: Guest) -> None:
    guest.says(b"one two one\n")
    guest.console.expect("one", 5)
    guest.console.expect("one", 5)
    expect_failure(guest, "one", ConsoleTimeout)


def test_output_that_never_stops_does_not_stop_the_clock(guest: Guest) -> None:
    guest.says(*[b"noise\n"] * 50, b"signal\n")
    with pytest.raises(ConsoleTimeout):
        guest.console.expect("signal", 0)


def test_characters_split_between_chunks_and_broken_ones(guest: Guest) -> None:
    guest.says(b"gr\xc3", b"\xbcn \xff\n")
    guest.console.expect("grün \ufffd", 5)


def test_escape_sequences_stay(guest: Guest) -> None:
    guest.says(b"\x1b[1mbold\x1b[0m\n")
    guest.console.expect(r"\x1b\[1mbold", 5)


def test_log_has_the_bytes_as_they_came_behind_the_time(guest: Guest) -> None:
    guest.says(b"a\r\n\nb", b"c\rd\n\xff", last=True)
    guest.console.expect_end(5)
    stamp = b"[    0.000] "
    assert guest.log.getvalue() == stamp + b"a\r\n" + stamp + b"\n" + stamp + b"bc\rd\n" + stamp + b"\xff"


def test_log_line_has_the_time_of_its_first_byte() -> None:
    now = iter([100.0, 101.0, 102.5, 1234.0])
    file = BytesIO()
    log = ConsoleLog(file, lambda: next(now))
    log.write(b"one")
    log.write(b" line\ntwo")
    log.write(b"\nthree")
    assert file.getvalue() == b"[    1.000] one line\n[    2.500] two\n[ 1134.000] three"


def test_two_runs_with_one_log_name_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "new" / "console.log"
    with open_log(path) as first, open_log(path) as second:
        second.write(b"second\n")
        first.write(b"first\n")
    assert b"second" in path.read_bytes()
    assert b"first" not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_fatal_line_before_the_match(guest: Guest) -> None:
    guest.says(b"Oops: sig 11\n", b"prompt", last=True)
    assert "(oops): Oops: sig 11" in str(expect_failure(guest, "prompt", FatalOutput))


def test_fatal_line_is_judged_when_complete(guest: Guest) -> None:
    guest.says(b"Kernel panic", b" - not syncing: VFS")
    expect_failure(guest, "never", ConsoleTimeout)
    guest.says(b"\n", last=True)
    assert "not syncing: VFS" in str(expect_failure(guest, "never", FatalOutput))


def test_fatal_line_without_an_end_is_judged_at_the_end(guest: Guest) -> None:
    guest.says(b"Kernel panic", last=True)
    expect_failure(guest, "never", FatalOutput)


def test_whoever_expects_a_failure_gets_it(guest: Guest) -> None:
    guest.says(b"Kernel panic", b" - not syncing: VFS\n", b"bye\n")
    guest.console.expect("Kernel panic - not syncing: V", 5)
    guest.console.expect("bye", 5)


def test_the_same_failure_twice_must_be_expected_twice(guest: Guest) -> None:
    guest.says(b"Oops: 1\n", b"Oops: 2\n", b"bye\n", last=True)
    guest.console.expect("Oops: 1", 5)
    assert "Oops: 2" in str(expect_failure(guest, "bye", FatalOutput))


def test_expecting_another_part_of_the_line_does_not_excuse_the_rest(guest: Guest) -> None:
    guest.says(b"[ 1.0] Kernel panic\n", b"bye\n", last=True)
    guest.console.expect(r"\[ 1.0\]", 5)
    expect_failure(guest, "bye", FatalOutput)


def test_failure_shows_what_followed_it_but_not_everything(guest: Guest) -> None:
    guest.says(b"first\n", *[b"noise\n"] * TAIL_LINES, b"Oops: 11\n", b"NIP: c000\n", last=True)
    notes = expect_failure(guest, "prompt", FatalOutput).__notes__
    assert notes[0].endswith("Oops: 11\nNIP: c000")
    assert len(notes[0].splitlines()) == TAIL_LINES


def test_end_before_the_match(guest: Guest) -> None:
    guest.says(b"bye\n", last=True)
    assert "ended before /prompt/" in str(expect_failure(guest, "prompt", ConsoleEnd))


def test_match_at_the_very_end(guest: Guest) -> None:
    guest.says(b"bye", last=True)
    guest.console.expect("bye", 5)


def test_waiting_for_the_end_judges_too(guest: Guest) -> None:
    guest.says(b"Oops: 11\n", last=True)
    with pytest.raises(FatalOutput):
        guest.console.expect_end(5)


def test_waiting_for_the_end_runs_out_of_time(guest: Guest) -> None:
    with pytest.raises(ConsoleTimeout):
        guest.console.expect_end(0.05)


def test_typed_text_arrives_whole_and_in_order(guest: Guest) -> None:
    text = "echo " + "0123456789abcdef" * 3 + "\x01\n"
    guest.console.send(text)
    received = b""
    while not received.endswith(b"\n"):
        chunk = guest.far.recv(4096)
        assert len(chunk) <= 16
        received += chunk
    assert received == text.encode()


def test_typing_collects_output_meanwhile(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "SEND_PAUSE", 30)
    guest.says(b"echo\n")
    guest.far.shutdown(socket.SHUT_WR)  # ends the pause
    guest.console.send("x")
    assert guest.console.text == "echo\n"


def test_typing_after_the_end(guest: Guest) -> None:
    guest.far.close()
    with pytest.raises(ConsoleEnd):
        guest.console.send("x")


@st.composite
def chunked_output(draw: st.DrawFn) -> Sequence[bytes]:
    """Lines of a boot, some of them fatal, cut anywhere."""
    lines = st.lists(
        st.sampled_from(["Booting\r\n", "Oops: x\r\n", "ready\r\n", "Kernel panic\r\n", "grün\n"]), max_size=6
    )
    data = "".join(draw(lines)).encode()
    cuts = sorted(draw(st.sets(st.integers(1, max(len(data) - 1, 1)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if data[a:b]]


@given(chunked_output())
def test_the_verdict_does_not_depend_on_the_chunks(chunks: Sequence[bytes]) -> None:
    def verdict(parts: Sequence[bytes]) -> str:
        guest = Guest()
        guest.says(*parts, last=True)
        try:
            return f"matched, consumed {guest.console.expect('ready', 5).end()}"
        except ConsoleError as error:
            return str(error)
        finally:
            guest.close()

    assert verdict(chunks) == verdict([data] if (data := b"".join(chunks)) else [])
