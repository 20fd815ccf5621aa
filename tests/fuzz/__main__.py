# SPDX-License-Identifier: BSD-2-Clause
"""python -m tests.fuzz --target image --seed 1 --runs 10000: damages inputs until a reader says something else than a
refusal of ours.  Status 0 when none did, 1 with the number of each run and where it went wrong."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.corpus import make_corpus
from tests.fuzz.runner import fuzz
from tests.fuzz.targets import TARGETS

SHOWN_FAILURES = 10


def main() -> int:
    """Fuzz what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", choices=TARGETS, help="repeatable; default: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first run")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the inputs of failures there")
    options = parser.parse_args()
    failures = 0
    with TemporaryDirectory() as corpus_folder, TemporaryDirectory() as scratch:
        with redirect_stdout(sys.stderr):
            corpus = make_corpus(Path(corpus_folder))
        for name in options.target or TARGETS:
            started, seen = time.monotonic(), 0
            runs = range(options.first, options.first + options.runs)
            for failure in fuzz(TARGETS[name], corpus, Path(scratch), options.seed, runs):
                seen += 1
                print(f"{name}: seed {failure.seed}, run {failure.run}: {failure.trace}", flush=True)
                if options.keep:
                    (options.keep / f"{name}-{failure.seed}-{failure.run}").write_bytes(failure.data)
                if seen == SHOWN_FAILURES:
                    print(f"{name}: stopped after {seen} failures")
                    break
            print(f"{name}: {seen} failures, {time.monotonic() - started:.1f} s", flush=True)
            failures += seen
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
