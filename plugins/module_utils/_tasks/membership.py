# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of one membership task: declaration, plan, guardrails, writes, result. What differs from module to module is a small :class:`Task`."""

from __future__ import annotations

import abc
import dataclasses
import typing as t

from .._ansible.connection import Connector
from .._api.account import Account
from .._apply.progress import Progress, Read, changes_of, judge, landed, unknown
from .._apply.reconcile import Membership, read_listed, reconcile, write_of
from .._desired.checks import account_of, check_range
from .._desired.imei import DesiredDevices
from .._desired.membership import checked_doubt, desired_devices, target_of
from .._errors import failure_of
from .._plan.guardrails import check_write
from .._plan.plan import Plan, check_given, check_plan, plan_digest
from .._plan.target import Target
from .._results.budget import Budget
from .._results.membership import Changes
from .._results.result import Result

if t.TYPE_CHECKING:
    from .._desired.checks import Params


class Task(abc.ABC, t.Generic[Read]):
    """One run, with what it knows so far: a failure at any point leaves an outcome that tells the truth."""

    def __init__(self, params: Params, connector: Connector, check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.warnings: list[str] = []
        self.changed = self.unknown = False
        # As it was read last.
        self.last: Read | None = None
        self._connector = connector
        self._changes = Changes()

    # What differs from module to module.

    @abc.abstractmethod
    def outcome_of(self, last: Read | None, changes: Changes) -> Changes:
        """The changes together with what the module tells about what was changed. ``last`` is None before the first read."""

    @abc.abstractmethod
    def open(self, account: Account) -> tuple[str, Membership[Read], Read]:
        """The name in the plan digest, the membership, and its first read."""

    @abc.abstractmethod
    def doubt(self, last: Read) -> str | None:
        """A sentence about what the service tells of its devices and cannot be taken at its word."""

    def check(self) -> None:
        """Raise InputError for options of the module's own."""

    def declared(self) -> DesiredDevices:
        """The declared devices. Raises InputError."""
        return desired_devices(self.params)

    def veto(self, removals: frozenset[str]) -> None:
        """Raise RailError where these removals do more harm than the limits of every module know of."""

    def heed(self, declaration: DesiredDevices) -> None:
        """Warn about devices that fail their check digit. Raises InputError where ``imei_check`` is strict."""
        if sentence := checked_doubt(self.params, declaration):
            self.warnings.append(sentence + ".")

    def further_plans(self, plan: Plan) -> dict[str, Plan]:
        """What else the module plans to write, and what else the plan costs, by its name in the plan digest. After :meth:`open`."""
        return {}

    def write_further(self) -> None:
        """Write it, or in check mode predict it. Raises ThingSpaceError."""

    @property
    def changed_further(self) -> bool:
        """Whether that has changed something."""
        return False

    @property
    def unknown_further(self) -> bool:
        """Whether nobody knows what it has changed."""
        return False

    # What every module shares.

    @property
    def outcome(self) -> Changes:
        """What is known now."""
        return self.outcome_of(self.last, self._changes)

    @property
    def approved(self) -> bool:
        """Whether nothing but an approved plan may be written."""
        return self.params["expect_plan_digest"] is not None

    def run(self) -> None:
        """Do it. Raises ThingSpaceError."""
        params = self.params
        account = account_of(params["account"])
        self.check()
        check_given(params["expect_plan_digest"])
        check_range(params, "diff_limit", 0)
        check_range(params, "result_limit", 0)
        declaration = self.declared()
        self.heed(declaration)
        known = self._changes = Changes(duplicates=declaration.duplicates)
        target = target_of(params, declaration, self.veto)
        client = self._connector.authorized()
        name, membership, first = self.open(Account(client, account))
        if not first.told and params["state"] != "present":
            # Whoever appends sees in the end what is in.
            first = read_listed(membership.read, membership.name, client.backoff())
        progress, plan = Progress(first), target.plan(first)
        self._tell(target, progress, known)
        plans = {name: plan, **self.further_plans(plan)}
        known = dataclasses.replace(known, plan_digest=plan_digest({(account, name): plan for name, plan in plans.items()}))
        self._tell(target, progress, known)
        check_plan(params["expect_plan_digest"], known.plan_digest, plans.values())
        if self.approved:
            target = dataclasses.replace(target, approved=plan)
        if plan:
            if self.check_mode:
                check_write(write_of(membership.name, target, progress, plan))
                # The plan is what would land.
                progress.sent = {"append": set(plan.append), "remove": set(plan.remove)}
                progress.last = first.predicted(plan.append, plan.remove)
            else:
                reconcile(membership, target, progress, client.backoff)
            self._tell(target, progress, known)
        if progress.failure is not None:
            raise progress.failure
        try:
            self.write_further()
        finally:
            self._tell(target, progress, known)
        self._judge()

    def _tell(self, target: Target, progress: Progress[Read], known: Changes) -> None:
        plan = target.plan(progress.last)
        self.changed = landed(progress, plan) or self.changed_further
        self.unknown = unknown(progress, plan) or self.unknown_further
        self.last, self._changes = progress.last, changes_of(progress, plan, known)

    def _judge(self) -> None:
        """Let ``on_rejected`` decide about devices that the service refuses."""
        sentence = judge(self._changes.rejected, self.params["on_rejected"])
        if sentence:
            self.warnings.append(sentence)


def run(task: Task[Read]) -> Result:
    """The job of a module. Failures come back in the result, with what was done before them."""
    failure = failure_of(task.run)
    outcome = task.outcome
    if failure is not None and outcome.before_count is not None:
        failure = failure.after(outcome.summary)
    sentence = task.doubt(task.last) if task.last is not None else None
    return Result(
        values=outcome.values(Budget(max(0, task.params["result_limit"]))),
        changed=task.changed,
        diff=outcome.diff(max(0, task.params["diff_limit"])) if outcome.before_count is not None else None,
        warnings=[*task.warnings, *([sentence] if sentence else [])],
        failure=failure,
        unknown=task.unknown,
    )
