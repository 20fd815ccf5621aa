# SPDX-License-Identifier: BSD-2-Clause
"""A bounded run of every target of the fuzzer (tests/fuzz), and that it can tell good from bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from loader.errors import ImageError, LoaderError
from tests.fuzz import runner, targets
from tests.fuzz.corpus import Corpus, make_corpus
from tests.fuzz.runner import fuzz, make_input
from tests.fuzz.targets import TARGETS
from tests.mutations import attempt

SEED = 20060917
RUNS = {"image": 60, "size": 4000}
USUAL_RUNS = 600


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("name", TARGETS)
def test_only_our_refusals_come_out(name: str, corpus: Corpus, tmp_path: Path) -> None:
    failures = list(fuzz(TARGETS[name], corpus, tmp_path, SEED, range(RUNS.get(name, USUAL_RUNS))))
    assert not failures, "\n".join(f"run {failure.run}: {failure.trace}" for failure in failures)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_accepted(name: str, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise everything would be refused for one and the same reason."""
    answers: list[object] = []

    def keep(call: Callable[[], object]) -> object:
        answers.append(attempt(call))
        return answers[-1]

    monkeypatch.setattr(targets, "attempt", keep)
    for seed in TARGETS[name].seeds(corpus):
        answers.clear()
        TARGETS[name].read(seed, corpus, tmp_path)
        assert any(not isinstance(answer, LoaderError) for answer in answers), answers


def test_inputs_differ(corpus: Corpus) -> None:
    for target in TARGETS.values():
        assert len({make_input(target, corpus, SEED, run) for run in range(50)}) > 30


def test_a_run_can_be_done_again(corpus: Corpus) -> None:
    for target in TARGETS.values():
        assert make_input(target, corpus, 1, 2) == make_input(target, corpus, 1, 2)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(ImageError("no"), ""), (ImageError("two\nlines", "a"), ""), (ValueError("other"), "ValueError: other")],
)
def test_other_errors_are_failures(error: Exception, expected: str, corpus: Corpus, tmp_path: Path) -> None:
    def read(*_: object) -> None:
        def fail() -> None:
            raise error

        attempt(fail)

    failures = list(fuzz(replace(TARGETS["stub"], read=read), corpus, tmp_path, SEED, range(1)))
    assert bool(failures) == bool(expected)
    assert all(expected in failure.trace for failure in failures)


def test_endless_readers_are_failures(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 0.05)

    def read(*_: object) -> None:
        while True:
            pass

    (failure,) = fuzz(replace(TARGETS["stub"], read=read), corpus, tmp_path, SEED, range(1))
    assert "TooSlow" in failure.trace


def test_greedy_readers_are_failures(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MEMORY", -1)
    (failure,) = fuzz(TARGETS["stub"], corpus, tmp_path, SEED, range(1))
    assert "TooLarge" in failure.trace
