# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage boot`: an image in the emulator, at the user's terminal or driven by a list of steps."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loader.console import ConsoleError, ConsoleTimeout
from loader.errors import SourceError
from loader.io import open_source
from loader.machines import DEFAULT_MACHINE, FATAL_NAMES, MACHINES
from loader.output import say
from loader.qemu import Emulator, EmulatorError
from loader.units import MIB, parse_size

DEFAULT_STEPS_TIMEOUT: Final = 300.0

_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(x[0-7][0-9A-Fa-f]|.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expect:
    """Wait for a pattern."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Send:
    """Type a text."""

    text: str


@dataclass(frozen=True, slots=True)
class ExpectExit:
    """Wait for the emulator to end by itself with a status."""

    status: int


Step = Expect | Send | ExpectExit


_STEP_NAMES: Final = {Expect: "expect", Send: "send", ExpectExit: "expect-exit"}


def add_boot_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `mkimage boot`."""
    add = parser.add_argument
    add("image", type=Path, metavar="IMAGE", help="image to boot")
    add(
        "--machine",
        choices=sorted(MACHINES.keys() - {"none"}),
        default=DEFAULT_MACHINE,
        help="emulated machine (default: %(default)s)",
    )
    add("--memory", type=_memory, default="2G", metavar="SIZE", help="its memory (default: %(default)s)")
    add("--cpus", type=_positive_int, default=1, metavar="N", help="its processors (default: %(default)s)")
    add("--timeout", type=_seconds, metavar="S", help="give up after S seconds (default with steps: 300, else never)")
    add(
        "--firmware",
        metavar="FILE",
        help="start FILE instead of the machine's usual firmware; powernv8 also knows opal, which is ours, and skiboot",
    )
    add("--log", type=Path, metavar="FILE", help="write the console to FILE, each line with the seconds since power-on")
    add("--qemu", action="append", metavar="ARG", default=[], help="further argument for QEMU: --qemu=-device; repeat")
    add("--no-reboot", action="store_true", help="end where the machine would reset itself")
    add(
        "--tolerate",
        action="append",
        choices=FATAL_NAMES,
        default=[],
        help="do not stop at this kind of failure on the console; may be repeated",
    )
    add("--json", action="store_true", help="machine-readable report about the steps")
    steps = parser.add_argument_group(
        "steps",
        "Without steps the terminal is the machine's console until Ctrl-A x. With steps they run in the order given: "
        "status 0 when all succeeded, 1 at a failure on the console, a timeout or an early end.",
    )
    step = steps.add_argument
    step(
        "--expect", dest="steps", type=_expect, action="append", metavar="REGEX", help="wait for a match on the console"
    )
    step(
        "--send",
        dest="steps",
        type=_send,
        action="append",
        metavar="TEXT",
        help=r"type TEXT; knows \n \r \t \e \xHH \\",
    )
    step(
        "--expect-exit",
        dest="steps",
        type=_expect_exit,
        action="append",
        metavar="STATUS",
        help="wait for the emulator to end by itself with this status",
    )


def run_boot(args: argparse.Namespace) -> int:
    """Boot as the arguments say and return the exit status; raises LoaderError."""
    if args.steps and isinstance(args.steps[-1], Send):
        args.parser.error("the last step is --send: add the --expect or --expect-exit that shows its effect")
    if args.json and not args.steps:
        args.parser.error("--json reports on steps: add --expect, --send or --expect-exit")
    if not args.image.exists():
        raise SourceError("no such file", str(args.image), "build it with `mkimage build`")
    with open_source(args.image):  # of what it cannot read QEMU says less
        pass
    emulator = Emulator(
        args.image,
        machine=args.machine,
        memory=args.memory,
        cpus=args.cpus,
        log=args.log,
        firmware=args.firmware,
        extra=[*(["-no-reboot"] if args.no_reboot else []), *args.qemu],
        tolerate=args.tolerate if args.steps else FATAL_NAMES,
    )
    with emulator:
        if not args.steps:
            return _attach(emulator, args.timeout)
        try:
            steps = run_steps(emulator, args.steps, args.timeout or DEFAULT_STEPS_TIMEOUT)
        except (ConsoleError, EmulatorError) as error:
            if not args.json:  # there they are part of the error itself
                print(*getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
            raise
    if args.json:
        say(json.dumps({"image": str(args.image), "machine": args.machine, "steps": steps}, indent=2))
    return 0


def run_steps(emulator: Emulator, steps: Sequence[Step], timeout: float) -> list[dict[str, Any]]:
    """Run `steps` in order, all within `timeout` seconds; raises ConsoleError or EmulatorError.

    Returns what each was, JSON-ready: its value, what it matched, and at which second since the first it was done.
    """
    start = time.monotonic()
    done = []
    for step in steps:
        left = max(start + timeout - time.monotonic(), 0)
        matched = None
        match step:
            case Expect(value):
                matched = emulator.expect(value, left)[0]
            case Send(value):
                emulator.send(value)
            case ExpectExit(value):
                status = emulator.wait(left)
                if status != value:
                    raise EmulatorError(f"the emulator ended with status {status}, not {value}")
        seconds = round(time.monotonic() - start, 3)
        done.append({"step": _STEP_NAMES[type(step)], "value": value, "match": matched, "seconds": seconds})
    return done


def _attach(emulator: Emulator, timeout: float | None) -> int:
    from loader.terminal import Outcome, attach

    print("Ctrl-A x ends the emulator", file=sys.stderr, flush=True)
    outcome = attach(emulator.console, sys.stdin.fileno(), sys.stdout.fileno(), timeout)
    print(file=sys.stderr)
    if outcome is Outcome.TIMEOUT:
        raise ConsoleTimeout(f"the emulator ran for {timeout:g} s")
    if outcome is Outcome.END and (status := emulator.wait()) != 0:
        raise EmulatorError(f"the emulator ended with status {status}", hint=emulator.messages().strip())
    return 0


def _expect(text: str) -> Expect:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a regular expression: {error}") from None
    return Expect(text)


def _send(text: str) -> Send:
    def character(escape: re.Match[str]) -> str:
        code = escape[1]
        if len(code) == 3:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise argparse.ArgumentTypeError(
                f"{text!r} has an unknown escape {escape[0]!r}; write \\\\ for a backslash"
            )
        return _ESCAPES[code]

    return Send(_ESCAPE.sub(character, text))


def _expect_exit(text: str) -> ExpectExit:
    try:
        return ExpectExit(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an exit status") from None


def _memory(text: str) -> str:
    try:
        size = parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size == 0 or size % MIB:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of MiB")
    return f"{size // MIB}M"


def _positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds
