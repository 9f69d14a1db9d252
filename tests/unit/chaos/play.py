# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays a schedule step by step, and checks after each run what must hold."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from thingspace_simulator import Simulator

from chaos.ends import again_is_idle, check_end
from chaos.schedules import Json
from chaos.truth import check_prediction, check_requests
from chaos.wishes import Wish, options_of, wishes_of
from chaos.world import Play, Run


@dataclasses.dataclass
class Figures:
    """How much was done."""

    schedules: int = 0
    runs: int = 0
    requests: int = 0
    faults: int = 0
    most_requests: int = 0
    ends: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def as_dict(self) -> Json:
        return {**dataclasses.asdict(self), "ends": dict(sorted(self.ends.items()))}

    def count(self, run: Run) -> None:
        self.runs += 1
        self.requests += len(run.records)
        self.faults += sum(len(record.faults) for record in run.records)
        self.most_requests = max(self.most_requests, len(run.records))
        self.ends[f"{run.module} {run.result['error']['kind'] if run.result['failed'] else 'success'}"] += 1


def play(sim: Simulator, schedule: Json, figures: Figures) -> None:
    """Play one schedule. Raises AssertionError where something does not hold."""
    figures.schedules += 1
    scene = Play(sim, schedule)
    with scene.watched():
        for step in schedule["steps"]:
            _STEPS.get(step["run"], _task)(scene, step, figures)
    for logins in scene.logins:
        assert all(logins[:-1]), "a login was sent after one that was not answered with a session"


def _task(scene: Play, step: Json, figures: Figures) -> None:
    """One task, perhaps with a look ahead, and with the same task again where it must not do anything."""
    if not step.get("tired"):
        scene.renew(figures.count)
    wishes = wishes_of(scene, step)
    options = options_of(scene, step, wishes)
    check = bool(step.get("check"))
    predicted: Json | None = None
    if step.get("plan") and not check:
        first = _one(scene, step, options, wishes, figures, check=True, faults=())
        predicted = first.result
        if step["plan"] == "approved" and predicted["plan_digest"]:
            options = {**options, "expect_plan_digest": predicted["plan_digest"]}
    run = _one(scene, step, options, wishes, figures, check=check, faults=step.get("faults", ()), predicted=predicted)
    if again_is_idle(run, wishes):
        kept = scene.tokens
        scene.fresh_tokens()
        again = scene.run(step["run"], {**options, "expect_plan_digest": None} if "expect_plan_digest" in options else options, step, check=False, faults=())
        figures.count(again)
        scene.tokens = kept
        if not again.doomed:
            result = again.result
            assert not result["failed"], f"the same again failed: {result['msg']}"
            assert not result["changed"], f"the same again changed something: {result['msg']}"
            assert not again.writes, "the same again wrote"


def _one(scene: Play, step: Json, options: Json, wishes: t.Sequence[Wish], figures: Figures, **how: t.Any) -> Run:
    predicted = how.pop("predicted", None)
    run = scene.run(step["run"], options, step, **how)
    run.predicted = predicted
    figures.count(run)
    check_requests(run, wishes)
    check_prediction(run)
    check_end(run, wishes)
    return run


def _login(scene: Play, step: Json, figures: Figures) -> None:
    run = scene.log_in(step)
    if run:
        figures.count(run)
        check_requests(run, ())
        assert not run.result["changed"]
        sent = sum(record.login for record in run.records)
        assert sent <= 1, "a login was sent again"
        assert not sent or run.result.get("login_sent") is not False, "a login is told as not sent, and was"
        assert not run.quiet or run.result["failed"] == bool(step.get("wrong")), run.result.get("msg")


def _logout(scene: Play, step: Json, figures: Figures) -> None:
    run = scene.log_out(step)
    figures.count(run)
    check_requests(run, ())
    assert not run.result["changed"]
    assert not run.quiet or not run.result["failed"], run.result.get("msg")


_STEPS: dict[str, t.Callable[[Play, Json, Figures], None]] = {
    "login": _login,
    "logout": _logout,
    "time": lambda scene, step, figures: scene.pass_time(step["seconds"]),
    "other": lambda scene, step, figures: scene.act(step),
}
