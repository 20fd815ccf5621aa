# SPDX-License-Identifier: BSD-2-Clause
"""The command line as data: completions and the man page are written from it, so they cannot say anything else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loader.cli import COMMANDS, make_parser


@dataclass(frozen=True, slots=True)
class Argument:
    """One option or operand.

    names     the option's spellings, none for an operand
    value     what to call its value, empty for a switch
    choices   the values it may have, none when they are not known
    help      what it does, may be empty
    optional  whether it may be left out
    repeated  whether it may come several times
    is_file   whether its value is a path
    """

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    help: str
    optional: bool
    repeated: bool
    is_file: bool


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Options of which one can be given, and must be unless `optional`."""

    arguments: tuple[Argument, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class CommandGrammar:
    """One command with its arguments in the order in which help shows them; `notes` are about groups of them."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    alternatives: tuple[Alternatives, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def options(self) -> list[Argument]:
        """What begins with a dash."""
        return [argument for argument in self.arguments if argument.names]

    @property
    def operands(self) -> list[Argument]:
        """What does not."""
        return [argument for argument in self.arguments if not argument.names]


def read_grammar() -> list[CommandGrammar]:
    """Every command of mkimage."""
    parser = make_parser()
    (subparsers,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    texts = {command.name: command.help for command in COMMANDS}
    return [
        CommandGrammar(
            name,
            texts[name],
            tuple(_argument(action) for action in found._actions),
            tuple(
                Alternatives(tuple(_argument(action) for action in group._group_actions), not group.required)
                for group in found._mutually_exclusive_groups
            ),
            tuple(group.description for group in found._action_groups if group.description),
        )
        for name, found in subparsers.choices.items()
    ]


def _argument(action: argparse.Action) -> Argument:
    takes_value = action.nargs != 0
    choices = [str(choice) for choice in action.choices or ()]
    value = ""
    if takes_value:
        name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        value = "|".join(choices) if choices and not action.metavar else name
    return Argument(
        names=tuple(action.option_strings),
        value=value,
        choices=tuple(choices),
        help=_help(action),
        optional=not action.required or action.nargs in ("*", "?"),  # which argparse calls required
        repeated=isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+"),
        is_file=action.type is Path or action.metavar == "FILE",  # which may be a name as well
    )


def _help(action: argparse.Action) -> str:
    if not action.help:
        return ""
    return action.help % {"default": action.default, "prog": "mkimage"}


def option_words(arguments: Sequence[Argument]) -> list[str]:
    """Every spelling of every option."""
    return [name for argument in arguments for name in argument.names]
