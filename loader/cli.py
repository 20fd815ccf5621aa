# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage`: builds, looks into, checks and boots images.

Exit status: 0 done, 1 bad input, 2 wrong usage, 3 the machine lacks something, 128 and its number when a signal ended
it.  What a user can get wrong is one line on the error output; a traceback means a bug in this package.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final, NamedTuple

from loader.errors import EnvironmentProblem, LoaderError
from loader.output import prepare_output, remark


class Command(NamedTuple):
    """One command: `module` has its add_NAME_arguments(parser) and run_NAME(options).

    Not a dataclass: their module is a tenth of the time that `mkimage --help` takes.
    """

    name: str
    help: str
    module: str

    def describe(self, parser: argparse.ArgumentParser) -> None:
        """Adds the command's grammar to its parser."""
        self._function("add_{}_arguments")(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Runs the command and returns its exit status."""
        return int(self._function("run_{}")(options))

    def _function(self, pattern: str) -> Any:
        return getattr(import_module(f"loader.{self.module}"), pattern.format(self.name))


COMMANDS: Final = (
    Command("build", "pack what a recipe names into one image", "buildcommand"),
    Command("inspect", "show what an image holds", "imagecommands"),
    Command("lint", "say which firmwares will take an image, and why not the others", "lintcommand"),
    Command("verify", "recompute every digest of an image and check signatures", "signcommands"),
    Command("keygen", "make an Ed25519 key pair to sign images with", "signcommands"),
    Command("sign", "sign an image, or remove a signature", "signcommands"),
    Command("extract", "write payloads of an image to files", "imagecommands"),
    Command("replace", "put another file in the place of a payload and plan the image again", "imagecommands"),
    Command("diff", "show what differs between two images", "imagecommands"),
    Command("devtree", "show the device tree a domain will get", "buildcommand"),
    Command("boot", "boot an image in the emulator", "bootcommand"),
    Command("netboot", "write a TFTP tree and a boot server's configuration for blades", "netboot"),
    Command("completion", "print what bash or zsh needs to complete this command line", "completion"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    prepare_output()
    try:
        with _ended_by_signals():
            options = make_parser([command for command in COMMANDS if command.name in given[:1]]).parse_args(given)
            return _run(options)
    except KeyboardInterrupt:
        remark("interrupted")
        return 128 + signal.SIGINT


def _run(options: argparse.Namespace) -> int:
    command: Command = options.command
    try:
        return command.run(options)
    except LoaderError as error:
        _complain(error, options)
        return error.exit_status
    except OSError as error:
        problem = EnvironmentProblem(error.strerror or str(error), str(error.filename or ""))
        _complain(problem, options)
        return problem.exit_status


class _CommandParser(argparse.ArgumentParser):
    """Takes operands on both sides of options, also where there may be any number of them."""

    _mixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, and as its own `intermixed` variant does on top of this."""
        if self._mixed or not any(action.nargs in ("*", "+", "?") for action in self._get_positional_actions()):
            return super().parse_known_args(args, namespace)
        self._mixed = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixed = False


def make_parser(described: Sequence[Command] = COMMANDS) -> argparse.ArgumentParser:
    """The grammar, with the arguments of these commands only: each description costs imports."""
    parser = argparse.ArgumentParser(prog="mkimage", description="Bootable images for PowerPC hypervisors.")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_CommandParser)
    for command in COMMANDS:
        text = f"{command.help[0].upper()}{command.help[1:]}."
        subparser = parsers.add_parser(command.name, help=command.help, description=text)
        subparser.set_defaults(command=command, parser=subparser)
        if command in described:
            command.describe(subparser)
    return parser


def _complain(error: LoaderError, options: argparse.Namespace) -> None:
    """One line for each error on the error output, or one of JSON for whoever asked for that (docs/json.md)."""
    if not getattr(options, "json", False):
        for one in (error, *error.others):
            remark(str(one))
        return
    import json

    facts = [{"what": one.what, "where": one.where, "hint": one.hint} for one in (error, *error.others)]
    report = {"status": error.exit_status, "errors": facts, "notes": list(getattr(error, "__notes__", ()))}
    with suppress(OSError):
        print(json.dumps(report), file=sys.stderr)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Signals that ask us to end do so by an exception, so that no half of a file and no raw terminal is left."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    asking: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():  # no other may say what a signal does
        asking = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in asking:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in asking:
            signal.signal(number, signal.SIG_DFL)
