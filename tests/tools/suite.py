# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suites behind `make test-quick`, `make test`, `make test-all` and `make chaos`: `suite.py NAME [words of the steps to run]`."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TextIO

import ansible_test
import artefact
import cores
import environment
import interpreters
import licenses
import rulebook
import static
import steps
import venvs
from cores import Pair
from interpreters import Python
from log import Log
from places import BUILD, LOGS, REQUIREMENTS, ROOT, VENVS
from steps import Step


def make_environment(name: str, pair: Pair, *lists: str) -> Step:
    pins = [pair.core.pins, *(REQUIREMENTS / f"{word}.txt" for word in lists)]
    return Step(f"environment {name}", lambda log: venvs.make(log, VENVS / name, pair.python, pins))


def quick(pair: Pair, select: str) -> list[Step]:
    need = ("environment quick",)
    return [
        make_environment("quick", pair, "unit", "awx", "quick"),
        # Those that start no ansible-playbook wait for each other's sockets more than they compute.
        Step("unit tests", lambda log: static.unit(log, "quick", select, workers=4 if select else 2), need),
        Step("mypy", lambda log: static.mypy(log, "quick"), need),
        Step("page in a browser", lambda log: static.page(log, "quick"), need),
        Step("ruff", lambda log: static.ruff(log, "quick"), need),
        Step("yamllint", lambda log: static.yamllint(log, "quick"), need),
    ]


def chaos(pair: Pair) -> list[Step]:
    return [make_environment("quick", pair, "unit", "awx", "quick"), Step("chaos", lambda log: static.chaos(log, "quick"), ("environment quick",))]


def linters(pair: Pair) -> list[Step]:
    need = ("environment lint",)
    return [
        make_environment("lint", pair, "lint"),
        Step("ansible-lint", lambda log: static.ansible_lint(log, "lint"), need),
        Step("antsibull-docs", lambda log: static.docs(log, "lint"), need),
        Step("antsibull-changelog", lambda log: static.changelog(log, "lint"), need),
    ]


def sanity(pair: Pair, found: list[Python]) -> Step:
    return Step(f"sanity {pair.slug}", lambda log: ansible_test.sanity(log, pair, found), (f"environment {pair.slug}",), alone="sanity")


def integration(pair: Pair, found: list[Python]) -> Step:
    return Step(f"integration {pair.slug}", lambda log: ansible_test.integration(log, pair, found), (f"environment {pair.slug}",))


def tarball(pair: Pair, found: list[Python]) -> list[Step]:
    folders = [python.path.parent for python in found]
    return [
        Step("tarball", lambda log: artefact.build(log, pair), (f"environment {pair.slug}",)),
        Step("tarball installed and verified", lambda log: artefact.install(log, pair), ("tarball",)),
        Step("integration of the installed tarball", lambda log: artefact.use(log, pair, folders), ("tarball installed and verified",)),
    ]


def judged() -> Step:
    return Step("galaxy-importer", lambda log: artefact.importer(log, "lint"), ("tarball", "environment lint"))


def rulebooks(found: list[Python]) -> list[Step]:
    """Their environment and the story; both say so where this machine has no Python or no Java for them."""
    return [
        Step("environment eda", lambda log: rulebook.make(log, found)),
        Step("rulebook", lambda log: rulebook.run(log, found), ("environment eda",)),
    ]


def demo(log: Log) -> str:
    """What a newcomer sees; it checks itself what it tells."""
    log.run([sys.executable, ROOT / "tests" / "tools" / "demo_venv.py", "tests/tools/demo.py"], ROOT, environment.user())
    return ""


def full(found: list[Python]) -> list[Step]:
    """Everything on the newest core, the integration targets on the oldest too. Long steps start early.

    On the newest core the targets run once, against the built and installed collection; `make test-all` runs them in the tree as well.
    """
    new, old = cores.newest(found), cores.oldest(found)
    return [
        make_environment(new.slug, new, "integration"),
        make_environment("quick", new, "unit", "awx", "quick"),
        sanity(new, found),
        *quick(new, "")[1:],
        *tarball(new, found),
        make_environment(old.slug, old, "integration"),
        integration(old, found),
        *linters(new),
        judged(),
        Step("licenses", lambda log: licenses.check(log, "quick", "lint", new.slug), ("environment quick", "environment lint", f"environment {new.slug}")),
        *rulebooks(found),
        Step("demo", demo),
    ]


def everything(found: list[Python]) -> list[Step]:
    """What `full` does, and sanity, integration and unit tests on every core that an interpreter allows."""
    done = full(found)
    for pair in cores.all_pairs(found):
        more = [make_environment(pair.slug, pair, "integration"), integration(pair, found)]
        more += [sanity(pair, found)] if pair.supported else []
        more += unit_tests(pair) if pair != cores.newest(found) else []
        done += [step for step in more if step.name not in {other.name for other in done}]
    return done


def unit_tests(pair: Pair) -> list[Step]:
    name = f"unit-{pair.slug}"
    return [
        make_environment(name, pair, "unit"),
        # An AWX has one Python and one ansible-core, those of `quick`.
        Step(f"unit tests {pair.slug}", lambda log: static.unit(log, name, without=("awx",)), (f"environment {name}",)),
    ]


def used(suite: str, found: list[Python], lacking: list[Python]) -> str:
    """One line: which interpreters and cores were used for what, and what is missing."""
    new, old = cores.newest(found), cores.oldest(found)
    words = [f"Used: {new}"]
    if suite != "quick":
        words[0] += f" (sanity of what runs on managed hosts: Python {', '.join(python.short for python in found)})"
        words.append(f"{old} for integration")
    if suite == "all":
        words += [f"{pair} for sanity, unit tests and integration" for pair in cores.all_pairs(found) if pair not in (new, old)]
        left = [core.version for core in cores.every() if core.series not in {pair.core.series for pair in cores.all_pairs(found)}]
        words += [f"no Python for ansible-core {', '.join(left)}"] if left else []
    words += [python.lack for python in lacking]
    words += [f"rulebook {rulebook.lacking(found)}"] if suite != "quick" and rulebook.lacking(found) else []
    known = {python.minor for python in found + lacking}
    absent = ["{}.{}".format(*minor) for minor in interpreters.WANTED if minor not in known]
    words += [f"not on this machine: Python {', '.join(absent)}"] if absent and suite != "quick" else []
    return "; ".join(words) + "."


def take(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another run in this folder to end ...", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def main(suite: str, only: list[str]) -> int:
    start = time.monotonic()
    found, lacking = interpreters.find()
    pair = cores.newest(found, lacking)
    suites: dict[str, Callable[[], list[Step]]] = {
        "quick": lambda: quick(pair, "not playbook and not slow"),
        "test": lambda: full(found),
        "all": lambda: everything(found),
        "chaos": lambda: chaos(pair),
    }
    plan = suites[suite]()
    environment.prepare(pair.python)
    # `test` and `all` share their copies of the tree; `quick` has none and may run beside them.
    with (BUILD / ("quick.lock" if suite == "quick" else "test.lock")).open("w") as lock:
        take(lock)
        outcomes = steps.run(steps.chosen(plan, only), LOGS / suite, live=bool(only))
    failed = [outcome.step.name for outcome in outcomes if not outcome.passed]
    if failed:
        print(f"Failed: {', '.join(failed)}. Logs: {LOGS / suite}")
    print(f"{time.monotonic() - start:.0f} s. {used(suite, found, lacking)}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    # Whoever ends the suite, by key or by signal, ends what it started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        Log.stop_all()
        print("Interrupted.", file=sys.stderr)
        os._exit(130)
