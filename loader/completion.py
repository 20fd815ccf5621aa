# SPDX-License-Identifier: BSD-2-Clause
"""`mkimage completion`: what a shell needs to complete our command line, written from the grammar itself."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable
from typing import Final

from loader.grammar import Argument, CommandGrammar, option_words, read_grammar
from loader.output import say


def add_completion_arguments(parser: argparse.ArgumentParser) -> None:
    """The grammar of `mkimage completion`."""
    parser.add_argument("shell", choices=sorted(_SCRIPTS), help="eval the output, or save it where the shell looks")


def run_completion(options: argparse.Namespace) -> int:
    """Prints the script for one shell."""
    say(_SCRIPTS[options.shell](read_grammar()), end="")
    return 0


def bash_script(commands: list[CommandGrammar]) -> str:
    """For bash: options by name, values where they are known, files elsewhere."""
    lines = [
        "# mkimage completion bash",
        "_mkimage() {",
        '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=""',
        "    COMPREPLY=()",
        "    if ((COMP_CWORD == 1)); then",
        f'        mapfile -t COMPREPLY < <(compgen -W {_words(c.name for c in commands)} -- "$word")',
        "        return",
        "    fi",
        '    case "${COMP_WORDS[1]} $before" in',
    ]
    for command in commands:
        lines += [_bash_value(command, argument) for argument in command.options if argument.value]
    lines += ["    esac", '    case "${COMP_WORDS[1]}" in']
    for command in commands:
        operands = [choice for argument in command.operands for choice in argument.choices]
        lines.append(f"    {command.name}) words={_words([*option_words(command.options), *operands])} ;;")
    lines += [
        "    esac",
        '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")',
        "    if [[ $word != -* ]]; then",
        '        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")',
        "    fi",
        "}",
        "complete -o filenames -F _mkimage mkimage",
    ]
    return "\n".join(lines) + "\n"


def _bash_value(command: CommandGrammar, argument: Argument) -> str:
    """The case of a word behind an option that takes a value."""
    reply = ""
    if argument.choices:
        reply = f'mapfile -t COMPREPLY < <(compgen -W {_words(argument.choices)} -- "$word"); '
    elif argument.is_file:
        reply = 'mapfile -t COMPREPLY < <(compgen -f -- "$word"); '
    pattern = " | ".join(f'"{command.name} {name}"' for name in argument.names)
    return f"    {pattern}) {reply}return ;;"


def zsh_script(commands: list[CommandGrammar]) -> str:
    """For zsh: the same with descriptions."""
    lines = ["#compdef mkimage", "_mkimage() {", "    local -a commands=("]
    lines += [f"        {shlex.quote(f'{c.name}:{c.help}')}" for c in commands]
    lines += [
        "    )",
        "    if ((CURRENT == 2)); then",
        "        _describe command commands",
        "        return",
        "    fi",
        "    shift words",
        "    ((CURRENT--))",
        "    case ${words[1]} in",
    ]
    for command in commands:
        specs = [_zsh_option(argument) for argument in command.options]
        specs += [_zsh_operand(argument) for argument in command.operands]
        lines += [f"    {command.name})", "        _arguments \\"]
        lines += [f"            {spec} \\" for spec in specs[:-1]] + [f"            {specs[-1]}"]
        lines.append("        ;;")
    lines += ["    esac", "}", "compdef _mkimage mkimage"]
    return "\n".join(lines) + "\n"


def _zsh_option(argument: Argument) -> str:
    names = " ".join(argument.names)
    guard = "*" if argument.repeated else f"({names})"
    text = f"[{_zsh_text(argument.help)}]{_zsh_value(argument)}"
    if len(argument.names) == 1:
        return shlex.quote(f"{guard}{names}{text}" if argument.repeated else f"{names}{text}")
    return f"{shlex.quote(guard)}{{{','.join(argument.names)}}}{shlex.quote(text)}"


def _zsh_operand(argument: Argument) -> str:
    return shlex.quote(f"{'*' if argument.repeated else ''}{_zsh_value(argument)}")


def _zsh_value(argument: Argument) -> str:
    if not argument.value:
        return ""
    action = "_files" if argument.is_file else f"({' '.join(argument.choices)})" if argument.choices else " "
    return f":{_zsh_text(argument.value)}:{action}"


def _zsh_text(text: str) -> str:
    """`text` with what _arguments takes for its own escaped."""
    return "".join(f"\\{character}" if character in "\\[]:" else character for character in text)


def _words(words: Iterable[str]) -> str:
    return shlex.quote(" ".join(words))


_SCRIPTS: Final[dict[str, Callable[[list[CommandGrammar]], str]]] = {"bash": bash_script, "zsh": zsh_script}
