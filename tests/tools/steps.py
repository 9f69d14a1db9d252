# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a suite: run two at a time, each as soon as what it needs is done, all of them whatever fails."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from log import Failed, Log

LINES = 150


@dataclass(frozen=True)
class Step:
    name: str
    work: Callable[[Log], str]
    needs: tuple[str, ...] = ()
    # Steps with the same word never run at the same time.
    alone: str = ""

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Outcome:
    step: Step
    passed: bool
    said: str
    seconds: float
    log: Path
    show: list[str]


def perform(step: Step, logs: Path, live: bool) -> Outcome:
    """Run one step; whatever it raises is its failure, not the suite's."""
    start = time.monotonic()
    log = Log(logs / f"{step.slug}.log", live)
    show: list[str] = []
    try:
        said, passed = step.work(log), True
    except Failed as error:
        said, passed, show = str(error), False, error.show
    except Exception as error:  # a fault of the tools themselves
        said, passed = f"{type(error).__name__}: {error}", False
        log.write(traceback.format_exc())
    return Outcome(step, passed, said, time.monotonic() - start, log.path, show)


def report(outcome: Outcome, live: bool) -> None:
    mark = "ok  " if outcome.passed else "FAIL"
    print(f"  {mark}  {outcome.step.name:<42} {outcome.seconds:7.1f} s   {outcome.said}", flush=True)
    if outcome.passed:
        return
    if not live:
        lines = outcome.show or outcome.log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines[-LINES:]:
            print(f"        | {line}")
    print(f"        log: {outcome.log}", flush=True)


def chosen(steps: list[Step], only: list[str]) -> list[Step]:
    """The steps whose name holds one of the words, with all that they need."""
    names = {step.name for step in steps if any(word in step.name for word in only)} if only else {step.name for step in steps}
    if not names:
        raise SystemExit("No step of that name. There are: " + ", ".join(step.name for step in steps))
    for step in reversed(steps):
        if step.name in names:
            names.update(step.needs)
    return [step for step in steps if step.name in names]


def ready(step: Step, done: dict[str, Outcome], busy: list[Step]) -> bool:
    return all(name in done for name in step.needs) and not any(step.alone and step.alone == other.alone for other in busy)


def run(steps: list[Step], logs: Path, live: bool = False) -> list[Outcome]:
    """Run the steps, earlier ones first; a step whose needs failed fails with them."""
    waiting, done = list(steps), dict[str, Outcome]()
    running: dict[Future[Outcome], Step] = {}
    with ThreadPoolExecutor(2) as pool:
        try:
            while waiting or running:
                for step in list(waiting):
                    broken = [name for name in step.needs if name in done and not done[name].passed]
                    if broken:
                        waiting.remove(step)
                        done[step.name] = Outcome(step, False, f"not run: '{broken[0]}' failed", 0.0, done[broken[0]].log, ["see the log of that step"])
                        report(done[step.name], live)
                    elif len(running) < 2 and ready(step, done, list(running.values())):
                        waiting.remove(step)
                        running[pool.submit(perform, step, logs, live)] = step
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    done[running.pop(future).name] = future.result()
                    report(future.result(), live)
        except BaseException:
            waiting.clear()
            Log.stop_all()
            raise
    return list(done.values())
