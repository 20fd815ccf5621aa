# SPDX-License-Identifier: BSD-2-Clause
"""Whether firmwares will take an image: runs the rules and reports what breaks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from loader.errors import one_line
from loader.lintlimits import LIMIT_RULES
from loader.lintmodel import Case, Rule, Severity
from loader.lintrules import UNIVERSAL_RULES
from loader.profiles import Profile, find_profile
from loader.subject import Subject
from loader.units import format_size

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.id: rule for rule in (*UNIVERSAL_RULES, *LIMIT_RULES)})
"""By id, in the order in which they are checked and shown."""

DEFAULT_PROFILES: Final = {
    32: ("powernv8", "powernv9", "powernv10", "slof", "mac99"),
    64: ("powernv8", "powernv9", "powernv10", "kexec"),
}
"""What a file is held against when neither it nor the user says: by its ELF class."""

MAX_BREACHES: Final = 16
"""Of one rule that are looked for on one way into one firmware: whoever mends these finds the others."""

_ORDER: Final = list(Severity)


class Verdict(Enum):
    """How the rules judge one way into one firmware."""

    PASSES = "passes"
    WARNED = "passes with warnings"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one rule on one way into one firmware."""

    rule: Rule
    severity: Severity
    profile: str
    route: str
    message: str

    @property
    def place(self) -> str:
        """Firmware and way into it."""
        return f"{self.profile} by {self.route}"


@dataclass(frozen=True, slots=True)
class Report:
    """What `lint` found out about one file."""

    subject: Subject
    profiles: tuple[str, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Findings of that severity, the same breach under several firmwares counted once."""
        return len({(found.rule.id, found.message) for found in self.findings if found.severity is severity})

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing stands against booting; with `strict` warnings do."""
        return self.count(Severity.ERROR) == 0 and not (strict and self.count(Severity.WARNING))


def lint(subject: Subject, profiles: Sequence[str] = (), memory: int | None = None) -> Report:
    """Holds a file against firmwares: the given, else those it was built for, else the usual ones.

    `memory` (bytes) replaces what the profiles assume.  Raises LoaderError for an unknown profile.
    """
    declared = () if subject.contents is None else subject.contents.targets
    names = tuple(dict.fromkeys(profiles or declared or DEFAULT_PROFILES[subject.elf.bits]))
    findings = []
    for name in names:
        profile = find_profile(name)
        findings += _lint_profile(subject, profile, profile.memory_of(memory))
    return Report(subject, names, tuple(sorted(findings, key=lambda found: _ORDER.index(found.severity))))


def _lint_profile(subject: Subject, profile: Profile, memory: int) -> list[Finding]:
    findings = []
    for route in profile.routes:
        case = Case(subject, profile, route, memory)
        for rule in RULES.values():
            if rule.applies(profile, route):
                findings += [
                    Finding(rule, breach.severity or rule.severity, profile.name, route.name, breach.message)
                    for breach in islice(rule.check(case), MAX_BREACHES)
                ]
    return findings


def finding_lines(findings: Iterable[Finding], *, explained: bool = True) -> list[str]:
    """Findings as text, the same breach under several firmwares once; `explained` adds reason and source."""
    places: dict[tuple[Severity, str, str], list[str]] = {}
    for found in findings:
        places.setdefault((found.severity, found.rule.id, found.message), []).append(found.place)
    lines = []
    for (severity, name, message), where in places.items():
        lines.append(f"{severity.value}: {name}: {message} [{', '.join(where)}]")
        if explained:
            rule = RULES[name]
            lines.append(f"    {rule.reason}")
            lines.append(f"    source: {rule.source}")
    return lines


def place_verdicts(report: Report) -> dict[str, Verdict]:
    """How each way into each firmware ends, in the order of the profiles."""
    worst = {(name, route.name): Verdict.PASSES for name in report.profiles for route in find_profile(name).routes}
    for found in report.findings:
        if found.severity is Severity.ERROR:
            worst[found.profile, found.route] = Verdict.FAILS
        elif found.severity is Severity.WARNING and worst[found.profile, found.route] is Verdict.PASSES:
            worst[found.profile, found.route] = Verdict.WARNED
    return {f"{profile} by {route}": verdict for (profile, route), verdict in worst.items()}


def render_report(report: Report, *, as_json: bool) -> str:
    """The report as text or JSON."""
    if as_json:
        return json.dumps(_report_json(report), indent=2)
    subject = report.subject
    lines = [
        f"{one_line(subject.where)}: {subject.elf.kind}, {format_size(subject.size)}",
        *finding_lines(report.findings),
    ]
    verdicts = place_verdicts(report)
    for verdict in Verdict:
        places = [place for place, found in verdicts.items() if found is verdict]
        if places:
            lines.append(f"{verdict.value}: {', '.join(places)}")
    return "\n".join(lines)


def render_rules(*, as_json: bool) -> str:
    """Every rule as text or JSON."""
    if as_json:
        return json.dumps([_rule_json(rule) for rule in RULES.values()], indent=2)
    lines = []
    for rule in RULES.values():
        lines.append(f"{rule.id} ({rule.severity.value}; {', '.join(_concerned(rule))})")
        lines += [f"    {rule.reason}", f"    source: {rule.source}"]
    return "\n".join(lines)


def _concerned(rule: Rule) -> list[str]:
    """The profiles with a route the rule is about."""
    profiles = [find_profile(name) for name in rule.profiles]
    return [profile.name for profile in profiles if any(rule.applies(profile, route) for route in profile.routes)]


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        "profiles": _concerned(rule),
        "reason": rule.reason,
        "source": rule.source,
    }


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "image": report.subject.where,
        "format": report.subject.elf.kind,
        "size": report.subject.size,
        "profiles": list(report.profiles),
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "verdicts": {place: verdict.value for place, verdict in place_verdicts(report).items()},
        "findings": [
            {**finding_json(found), "reason": found.rule.reason, "source": found.rule.source}
            for found in report.findings
        ],
    }


def finding_json(found: Finding) -> dict[str, str]:
    """A finding without its explanation, JSON-ready."""
    return {
        "rule": found.rule.id,
        "severity": found.severity.value,
        "profile": found.profile,
        "route": found.route,
        "message": found.message,
    }
