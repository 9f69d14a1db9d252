# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suites behind `make test-quick`, `make test` and `make test-all`: `suite.py NAME [words of steps to run]`."""

from __future__ import annotations

import fcntl
import os
import sys
import time

import cores
import environment
import interpreters
import static
import steps
import venvs
from log import Log
from places import BUILD, LOGS, REQUIREMENTS
from steps import Step


def environment_step(name: str, pair: cores.Pair, *lists: str) -> Step:
    pins = [pair.core.pins, *(REQUIREMENTS / f"{word}.txt" for word in lists)]
    return Step(f"environment {name}", lambda log: venvs.make(log, name, pair.python, pins))


def quick(pair: cores.Pair) -> list[Step]:
    need = ("environment quick",)
    return [
        environment_step("quick", pair, "quick"),
        Step("unit tests", lambda log: static.unit(log, "quick"), need),
        Step("mypy", lambda log: static.mypy(log, "quick"), need),
        Step("ruff", lambda log: static.ruff(log, "quick"), need),
        Step("yamllint", lambda log: static.yamllint(log, "quick"), need),
    ]


def main(suite: str, only: list[str]) -> int:
    found, lacking = interpreters.find()
    pair = cores.newest(found)
    environment.prepare(pair.python)
    with (BUILD / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start = time.monotonic()
        outcomes = steps.run(steps.chosen(quick(pair), only), LOGS / suite, live=bool(only))
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"{time.monotonic() - start:.0f} s. {pair}")
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return int(passed < len(outcomes))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        Log.stop_all()
        os._exit(130)
