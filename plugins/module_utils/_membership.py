# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of one membership task: declaration, plan, rails, writes, result."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils import _device_file
from ansible_collections.thingspace.fota.plugins.module_utils._devices import Declaration, declare, doubt
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._module import Connector, Result
from ansible_collections.thingspace.fota.plugins.module_utils._options import account_of, check_range
from ansible_collections.thingspace.fota.plugins.module_utils._outcome import Budget, Outcome, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Plan, plan_digest
from ansible_collections.thingspace.fota.plugins.module_utils._rails import Rails, check_declaration
from ansible_collections.thingspace.fota.plugins.module_utils._upgrades import Standing, Upgrade, Upgrades, upgrade_id_of
from ansible_collections.thingspace.fota.plugins.module_utils._writer import OPERATIONS, Progress, Target, converge, guard

Params = t.Mapping[str, t.Any]
_SHOWN = 3
_PREDICTED = Standing("Device Accepted", "")


def declaration_of(params: Params) -> Declaration:
    """The declared devices of ``devices`` or ``devices_file``. Raises InputError."""
    devices, path = params["devices"], params["devices_file"]
    if (devices is None) == (path is None):
        raise InputError("Give the devices with exactly one of devices and devices_file.")
    check_luhn = params["imei_check"] != "none"
    if path is not None:
        declaration = _device_file.load(path, column=params["devices_column"], check_luhn=check_luhn)
    elif params["devices_column"] is not None:
        raise InputError("devices_column names a column of a CSV file: it goes with devices_file.")
    else:
        declaration = declare(devices, lambda index: f"devices[{index}]", check_luhn=check_luhn)
    sentence = doubt(declaration)
    if sentence and params["imei_check"] == "strict":
        raise InputError(f"{sentence}. (imei_check is strict.)")
    return declaration


def target_of(params: Params, upgrade_id: str, declaration: Declaration) -> Target:
    """What the options make of an upgrade. Raises InputError, and RailError for an empty declaration."""
    check_range(params, "max_removal_percent", 0, 100)
    check_range(params, "max_removals", 0)
    check_range(params, "batch_size", 1)
    rails = Rails(params["allow_empty"], params["max_removal_percent"], params["max_removals"])
    check_declaration(rails, params["state"], len(declaration.devices))
    return Target(upgrade_id, params["state"], declaration.devices, rails, params["batch_size"])


def run(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of ``upgrade_devices``. Failures come back in the result, with what was done before them."""
    task = _Task(params, connector, check_mode)
    failure: ThingSpaceError | None = None
    try:
        task.run()
    except ThingSpaceError as error:
        failure = error
    outcome = task.outcome
    if failure is not None and outcome.before_count is not None:
        failure.done = outcome.summary
    return Result(
        values=outcome.values(Budget(max(0, params["result_limit"]))),
        changed=task.changed,
        diff=outcome.diff(max(0, params["diff_limit"])) if outcome.before_count is not None else None,
        warnings=task.warnings,
        failure=failure,
    )


class _Task:
    """One run, with what it knows so far: a failure at any point leaves an outcome that tells the truth."""

    def __init__(self, params: Params, connector: Connector, check_mode: bool) -> None:
        self._params = params
        self._connector = connector
        self._check_mode = check_mode
        self.outcome = Outcome(upgrade_id=params["upgrade_id"] or None)
        self.changed = False
        self.warnings: list[str] = []

    def run(self) -> None:
        params = self._params
        account = account_of(params["account"])
        upgrade_id = upgrade_id_of(params["upgrade_id"] or "") if params["upgrade_id"] or not self._check_mode else ""
        check_range(params, "diff_limit", 0)
        check_range(params, "result_limit", 0)
        declaration = declaration_of(params)
        sentence = doubt(declaration)
        if sentence:
            self.warnings.append(sentence + ".")
        self.outcome = Outcome(upgrade_id=upgrade_id or None, duplicates=declaration.duplicates)
        target = target_of(params, upgrade_id, declaration)
        client = self._connector.authorized()
        upgrades = Upgrades(Account(client, account))
        first = upgrades.get(upgrade_id) if upgrade_id else self._predicted(account)
        progress = Progress(first)
        plan = target.plan(first)
        digest = plan_digest({(account, upgrade_id.lower()): plan})
        self._tell(target, progress, digest, declaration)
        self._compare(digest, plan)
        if plan:
            guard(target, progress, plan)
            if self._check_mode:
                self._predict(target, progress, plan, digest, declaration)
            else:
                progress = converge(upgrades, target, first, client.backoff)
                self._tell(target, progress, digest, declaration)
        if progress.failure is not None:
            raise progress.failure
        self._judge()

    def _predicted(self, account: str) -> Upgrade:
        self.warnings.append("upgrade_id is empty: planned against an upgrade without devices, as check mode predicts one that is yet to be scheduled.")
        return Upgrade("", account, None, None, None, None, "RequestPending", {})

    def _compare(self, digest: str, plan: Plan) -> None:
        expected = (self._params["expect_plan_digest"] or "").strip().lower()
        if expected and expected != digest:
            raise StateError(
                f"The plan is not the one that was approved: expect_plan_digest is {expected[:64]}, and this plan ({len(plan.append)} to append, "
                f"{len(plan.remove)} to remove) has {digest}. Nothing was written; have the new plan reviewed."
            )

    def _tell(self, target: Target, progress: Progress, digest: str, declaration: Declaration) -> None:
        last = progress.last
        added, removed = progress.landed("append"), progress.landed("remove")
        before = len(progress.first.members)
        plan = target.plan(last)
        self.changed = bool(added or removed or progress.unseen(plan))
        self.outcome = Outcome(
            upgrade_id=last.upgrade_id or None,
            upgrade_status=last.status if last.upgrade_id else None,
            firmware_name=last.firmware_name,
            firmware_to=last.firmware_to,
            start_date=last.start_date,
            added=added,
            removed=removed,
            rejected=_rejections(progress, plan),
            duplicates=declaration.duplicates,
            before_count=before,
            after_count=before + len(added) - len(removed) if progress.unread else len(last.members),
            plan_digest=digest,
        )

    def _predict(self, target: Target, progress: Progress, plan: Plan, digest: str, declaration: Declaration) -> None:
        """In check mode the plan is what would land."""
        progress.sent = {"append": set(plan.append), "remove": set(plan.remove)}
        kept = {device: standing for device, standing in progress.first.devices.items() if device not in plan.remove}
        progress.last = dataclasses.replace(progress.first, devices={**kept, **dict.fromkeys(plan.append, _PREDICTED)})
        self._tell(target, progress, digest, declaration)

    def _judge(self) -> None:
        """Let ``on_rejected`` decide about devices that the service refuses."""
        rejected = self.outcome.rejected
        if not rejected or self._params["on_rejected"] == "ignore":
            return
        first = "; ".join(f"{item.device_id} ({item.operation}: {(item.reason or item.status or 'no reason given').rstrip('.')})" for item in rejected[:_SHOWN])
        more = f"; and {len(rejected) - _SHOWN} more" if len(rejected) > _SHOWN else ""
        sentence = f"The service refuses {len(rejected)} of the devices: {first}{more}"
        if self._params["on_rejected"] == "fail":
            raise ThingSpaceError(sentence + ".", "rejected")
        self.warnings.append(sentence + ".")


def _rejections(progress: Progress, plan: Plan) -> tuple[Rejection, ...]:
    """Declared devices that are refused, by what the last read still misses: a refusal whose goal is reached is none."""
    rejections: list[Rejection] = []
    for operation in OPERATIONS:
        refused = progress.answers[operation].keys() - progress.acknowledged(operation)
        missing = plan.append | plan.refused if operation == "append" else plan.remove
        rejections += [Rejection(device, operation, *progress.answers[operation][device]) for device in refused & missing]
    told = {rejection.device_id for rejection in rejections}
    for device in plan.refused - told:
        operation_or_listed: t.Literal["append", "listed"] = "append" if device in progress.sent["append"] else "listed"
        rejections.append(Rejection(device, operation_or_listed, *progress.last.devices[device]))
    return tuple(sorted(rejections))
