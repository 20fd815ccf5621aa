# SPDX-License-Identifier: BSD-2-Clause
"""What guests of tests/guests print: taken apart by domain and judged.

The domain that has the console writes to it as it likes; every other domain's lines, and the hypervisor's, come whole
and marked with a name in parentheses, and may fall into the middle of a line of the first.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

BANNER = "(hv) Roundpeg hypervisor"
_MARKED = re.compile(r"^\(([\w.+-]+)\) (.*)\n?", re.MULTILINE)
_DONE = re.compile(r"DONE (\w+) pass=(\d+) fail=(\d+)")


@dataclass(frozen=True, slots=True)
class GuestOutput:
    """One domain's lines: those of the domain with the console may be broken in two."""

    domain: str
    lines: tuple[str, ...]
    has_console: bool

    def named(self, verdict: str) -> list[str]:
        """The names of checks with this verdict, PASS or FAIL."""
        return [line.removeprefix(verdict + " ") for line in self.lines if line.startswith(verdict + " ")]

    def complaints(self, guest: str) -> list[str]:
        """Everything that is wrong with the run of `guest` in this domain."""
        passed, failed = self.named("PASS"), self.named("FAIL")
        # A broken line is joined by leaving out line ends altogether.
        done = _DONE.findall("".join(self.lines) if self.has_console else "\n".join(self.lines))
        complaints = [f"FAIL {name}" for name in failed]
        if len(done) != 1:
            return [*complaints, f"{len(done)} DONE lines instead of one; the last line is {self.lines[-1:]}"]
        name, pass_count, fail_count = done[0][0], int(done[0][1]), int(done[0][2])
        if name != guest:
            complaints.append(f"DONE is of {name}")
        if fail_count != len(failed) or pass_count != len(passed):
            complaints.append(
                f"DONE counts {pass_count} passed and {fail_count} failed, printed are {len(passed)} and {len(failed)}"
            )
        if not pass_count:
            complaints.append("nothing was checked")
        if not self.has_console:
            complaints += [f"twice: {name}" for name, count in Counter(passed).items() if count > 1]
        return complaints


def split_output(text: str, console_domain: str) -> dict[str, GuestOutput]:
    """Each domain's output, and the hypervisor's as "hv"; `text` is the whole console without carriage returns."""
    text = text.partition(BANNER)[2].partition("\n")[2]
    marked: dict[str, list[str]] = {}
    for match in _MARKED.finditer(text):
        marked.setdefault(match[1], []).append(match[2])
    rest = [line for line in _MARKED.sub("", text).split("\n") if line]
    outputs = {name: GuestOutput(name, tuple(lines), has_console=False) for name, lines in marked.items()}
    outputs[console_domain] = GuestOutput(console_domain, tuple(rest), has_console=True)
    return outputs
