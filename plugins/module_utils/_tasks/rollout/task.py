# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of the module ``rollout``: what is declared, what is there, one plan over all, the writes, and what is told."""

from __future__ import annotations

import typing as t

from ..._ansible.connection import Connector
from ..._api.account import Account
from ..._api.model import Upgrade
from ..._api.status import Phase
from ..._apply.progress import judge
from ..._clock import today
from ..._desired.checks import account_of, check_range
from ..._desired.rollout import desired_upgrades, doubts
from ..._errors import InputError, Kind, RailError, ThingSpaceError, failure_of
from ..._plan.moves import Joint, Move, Problem, join, taken
from ..._plan.plan import Target, check_given, check_plan, plan_digest
from ..._plan.stages import Start, stages
from ..._results.budget import Budget
from ..._results.described import described
from ..._results.result import Result
from ..._results.rollout import Moved, RolloutOutcome
from ..._text import first_few
from .read import Reader
from .wave import Wave, outcome_of, rejected_of
from .write import write

if t.TYPE_CHECKING:
    from ..._desired.checks import Params

_GRAVITY: tuple[Kind, ...] = ("input", "state", "rail")
# In every other status that holds devices it is yet to start, in words that no document has too.
_SHOWN = 5
_MOST = 20


def job(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of the module. Failures come back in the result, with what was done before them."""
    task = _Task(params, connector, check_mode)
    failure = failure_of(task.run)
    outcome = task.outcome()
    changed = any(wave.changed for wave in outcome.waves)
    if failure is not None and changed:
        failure = failure.after(outcome.summary)
    return Result(
        values=outcome.values(Budget(max(0, params["result_limit"]))),
        changed=changed,
        diff=outcome.diff(max(0, params["diff_limit"])),
        warnings=[*task.warnings, *task.doubts()],
        failure=failure,
        unknown=task.unknown,
    )


class _Task:
    """One run, with what it knows so far: a failure at any point leaves an outcome that tells the truth."""

    def __init__(self, params: Params, connector: Connector, check_mode: bool) -> None:
        self._params = params
        self._connector = connector
        self._check_mode = check_mode
        self._account: str | None = None
        self._waves: dict[str, Wave] = {}
        self._moves: tuple[Move, ...] = ()
        self._unlisted: tuple[Upgrade, ...] = ()
        self._digests: dict[str, str] = {}
        self._digest: str | None = None
        self.warnings: list[str] = []

    def run(self) -> None:
        """Do it. Raises ThingSpaceError."""
        params, account = self._params, account_of(self._params["account"])
        self._account = account
        check_given(params["expect_plan_digest"])
        check_range(params, "concurrency", 1, 64)
        check_range(params, "diff_limit", 0)
        check_range(params, "result_limit", 0)
        declared = desired_upgrades(params, today())
        if sentence := doubts(params, declared):
            self.warnings.append(sentence + ".")
        waves = [Wave(upgrade, self._connector.authorized(branch=True), account) for upgrade in declared]
        reader = Reader(Account(self._connector.authorized(), account), waves, params["concurrency"])
        try:
            self._waves = {wave.declared.ref: wave for wave in waves}
            reader.find()
            starts = self._plan(reader)
        finally:
            self.warnings += reader.warnings
        if any(start.plan for start in starts.values()):
            self._carry_out(starts)
        self._judge()

    # the plan

    def _plan(self, reader: Reader) -> dict[str, Start]:
        """One plan over all. Raises what forbids it, before any write."""
        waves = self._waves
        entries = [wave.entry() for wave in waves.values()]
        joint = join(entries)
        problems = joint.problems
        others: list[Upgrade] = []
        # Whoever only removes can do so without a look at what others hold.
        if reader.has_listed or self._params["unlisted"] == "fail" or any(plan.append for plan in joint.plans.values()):
            others = reader.others()
            problems += taken(entries, [(f"the upgrade {other.upgrade_id} ({other.status})", other.members) for other in others])
        self._unlisted = tuple(other for other in others if other.phase != Phase.RUNNING)
        self._moves = joint.moves
        moving = {ref for move in joint.moves for ref in (move.source, move.target)} | joint.giving
        for ref, wave in waves.items():
            wave.commit(joint.plans[ref], moves=ref in moving)
        targets = {ref: _target_of(wave) for ref, wave in waves.items()}
        account = self._account or ""
        self._digests = {ref: plan_digest({(account, target): joint.plans[ref]}) for ref, target in targets.items()}
        self._digest = plan_digest({(account, target): joint.plans[ref] for ref, target in targets.items()})
        self._forbid([*problems, *self._own_problems()])
        check_plan(self._params["expect_plan_digest"], self._digest, joint.plans.values())
        self._warn_of_refused(joint)
        reader.heed_refused([wave for wave in waves.values() if wave.new and wave.plan.append])
        return {entry.ref: Start(entry.members, joint.plans[entry.ref], new=waves[entry.ref].new) for entry in entries}

    def _own_problems(self) -> t.Iterator[Problem]:
        for wave in self._waves.values():
            try:
                wave.check()
            except (InputError, RailError) as error:
                yield Problem(error.kind, f"{wave.declared}: {error.message}")
        if self._params["unlisted"] == "fail" and self._unlisted:
            first = ", ".join(f"{upgrade.upgrade_id} ({upgrade.status})" for upgrade in self._unlisted[:_SHOWN])
            more = f" and {len(self._unlisted) - _SHOWN} more" if len(self._unlisted) > _SHOWN else ""
            yield Problem("state", f"The account has open upgrades that are not declared, and unlisted is fail: {first}{more}.")

    def _forbid(self, problems: t.Sequence[Problem]) -> None:
        if not problems:
            return
        kind = min((problem.kind for problem in problems), key=_GRAVITY.index)
        told = " ".join(problem.text for problem in problems[:_MOST])
        told += f" And {len(problems) - _MOST} more." if len(problems) > _MOST else ""
        raise ThingSpaceError(f"Nothing was written. {told}", kind)

    def _warn_of_refused(self, joint: Joint) -> None:
        leaving = {device: wave for ref, wave in self._waves.items() for device in joint.plans[ref].remove}
        for ref, wave in self._waves.items():
            if lost := leaving.keys() & joint.plans[ref].refused:
                self.warnings.append(f"{first_few(lost)} would leave where they are, and {wave.declared} lists them as rejected: they are in no upgrade then.")

    # what is done

    def _carry_out(self, starts: t.Mapping[str, Start]) -> None:
        order = stages(starts, self._moves)
        for step in (step for steps in order for step in steps if step.empties):
            wave = self._waves[step.ref]
            wave.empty_meanwhile = True
            self.warnings.append(
                f"{wave.declared} is without devices for a moment: the moves form a circle, and one upgrade has to be empty before the others can go on."
            )
        if self._check_mode:
            for wave in self._waves.values():
                wave.predict()
        else:
            write(self._waves, order, self._moves, self._params["concurrency"], approved=self._params["expect_plan_digest"] is not None)

    def _judge(self) -> None:
        """Fail if an upgrade failed, or as ``on_rejected`` says of each."""
        for wave in self._waves.values():
            try:
                sentence = judge(rejected_of(wave), wave.declared.on_rejected)
            except ThingSpaceError as error:
                wave.failure = wave.failure or error
            else:
                self.warnings += [f"{wave.declared}: {sentence}"] if sentence else []
        failed = [(wave, wave.failure) for wave in self._waves.values() if wave.failure]
        if failed:
            # That the task was stopped explains the others, and not the other way round.
            first = next((error for _wave, error in failed if error.kind == "interrupted"), failed[0][1])
            told = " ".join(f"{wave.declared}: {error.message}" for wave, error in failed[:_SHOWN])
            told += f" And {len(failed) - _SHOWN} more, see the error of each in upgrades." if len(failed) > _SHOWN else ""
            sentence = told if len(self._waves) == 1 else f"{len(failed)} of {len(self._waves)} upgrades failed. {told}"
            failure = first.reworded(sentence)
            failure.exception = next((error.exception for dummy, error in failed if error.exception), None)
            raise failure

    @property
    def unknown(self) -> bool:
        """Whether nobody knows what became of something that was sent."""
        return any(wave.unknown for wave in self._waves.values())

    # what is told

    def doubts(self) -> list[str]:
        """Sentences about what the service tells of devices and cannot be taken at its word."""
        return [sentence for wave in self._waves.values() if (sentence := wave.progress.last.doubt)]

    def outcome(self) -> RolloutOutcome:
        """What is known now."""
        waves = self._waves
        ways = [(device, waves[source], waves[target]) for device, source, target in self._moves]
        moved = [Moved(device, source.ref, target.ref) for device, source, target in ways if source.lost(device) and target.got(device)]
        arrived = {(move.device_id, move.target) for move in moved} | {(move.device_id, move.source) for move in moved}
        return RolloutOutcome(
            account=self._account,
            waves=tuple(outcome_of(wave, self._digests.get(ref), arrived) for ref, wave in waves.items()),
            moved=tuple(moved),
            unlisted=tuple(described(upgrade, include_devices=False) for upgrade in self._unlisted),
            plan_digest=self._digest,
        )


def _target_of(wave: Wave) -> Target:
    """What the plan digest calls it: as ``upgrade_devices`` does, or by all that it would be scheduled with."""
    declared, upgrade_id = wave.declared, wave.progress.first.upgrade_id.lower()
    if upgrade_id or declared.key is None:
        return upgrade_id
    return (declared.key.firmware_name, declared.key.firmware_to, declared.key.start_date, declared.end_date)
