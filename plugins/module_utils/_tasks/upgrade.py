# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of the module ``upgrade``: what is declared, what is there, what is done about it, and what is told."""

from __future__ import annotations

import dataclasses
import typing as t

from .._ansible.connection import Connector
from .._api.account import Account
from .._api.model import Upgrade, UpgradeKey, is_gone
from .._api.status import NEW, Phase
from .._apply.schedule import Scheduler
from .._clock import today
from .._desired.checks import account_of, check_range
from .._desired.imei import DesiredDevices
from .._desired.membership import checked_doubt, desired_devices
from .._desired.upgrade import check_dates, day_of, key_of, upgrade_id_of
from .._errors import InputError, failure_of
from .._plan.comparison import Comparison, added, compared, differs, not_shown
from .._plan.guardrails import check_cancellable, check_future, check_standing, reasons, why_refused
from .._plan.matching import single
from .._results.budget import Budget
from .._results.described import described
from .._results.membership import Rejection
from .._results.result import Result
from .._results.upgrade import Outcome, summary

if t.TYPE_CHECKING:
    from .._desired.checks import Params


def job(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of the module. Failures come back in the result, with what was done before them."""
    task = _Task(params, connector, check_mode)
    failure = failure_of(task.run)
    task.tell()
    if failure is not None and task.done:
        failure = failure.after(task.outcome.msg)
    return Result(
        values=task.outcome.values(Budget(max(0, params["result_limit"]))),
        changed=task.changed,
        diff=task.outcome.diff(),
        warnings=task.warnings,
        failure=failure,
        unknown=task.unknown,
    )


class _Task:
    """One run, with what it knows so far: a failure at any point leaves an outcome that tells the truth."""

    def __init__(self, params: Params, connector: Connector, check_mode: bool) -> None:
        self._params = params
        self._connector = connector
        self._check_mode = check_mode
        self._declaration: DesiredDevices | None = None
        self._before: Upgrade | None = None
        self._predicted = False
        self._scheduler: Scheduler | None = None
        self.warnings: list[str] = []
        self.outcome = Outcome(upgrade_id=params["upgrade_id"] or None)

    @property
    def changed(self) -> bool:
        """Whether something landed, or in check mode would land. Where nobody knows, handlers must run."""
        return self.done or self.unknown

    @property
    def unknown(self) -> bool:
        """Whether nobody knows what became of something that was sent."""
        return self._scheduler is not None and self._scheduler.unsettled

    @property
    def done(self) -> bool:
        """Whether something surely landed, or in check mode would land."""
        return self._predicted or self._scheduler is not None and self._scheduler.landed

    def run(self) -> None:
        """Do it. Raises ThingSpaceError."""
        account = account_of(self._params["account"])
        check_range(self._params, "wait_timeout", 0)
        check_range(self._params, "result_limit", 0)
        (self._cancel if self._params["state"] == "absent" else self._schedule)(account)

    def _open(self, account: str) -> Scheduler:
        self._scheduler = Scheduler(Account(self._connector.authorized(), account))
        return self._scheduler

    # state: present

    def _schedule(self, account: str) -> None:
        params = self._params
        if params["upgrade_id"]:
            raise InputError("upgrade_id goes with state absent: to be scheduled, an upgrade is known by firmware_name, firmware_to and start_date.")
        key = key_of(params)
        end_date = day_of(params["end_date"], "end_date") if params["end_date"] not in (None, "") else None
        check_dates(key, end_date)
        self._declare()
        scheduler = self._open(account)
        self._before = scheduler.last = single(key, scheduler.find(key))
        if self._before is None:
            self._make(scheduler, account, key, end_date)
        if scheduler.last is not None and not scheduler.landed and not self._predicted:
            self._compare(scheduler.last, end_date)
        if params["wait"] and not self._check_mode:
            scheduler.wait(params["wait_timeout"])
        missing = self._look_back(scheduler)
        last = scheduler.last
        if last is None:
            return
        check_standing(last)
        if missing:
            raise not_shown(last, len(self._declared), missing)
        if refused := last.refused & self._declared:
            self.warnings.append(f"The service refuses {len(refused)} of the devices: {reasons(last, refused)}.")

    @property
    def _declared(self) -> frozenset[str]:
        return self._declaration.devices if self._declaration else frozenset()

    def _declare(self) -> None:
        if any(self._params[option] is not None for option in ("devices", "devices_file", "devices_column")):
            self._declaration = desired_devices(self._params)
            if sentence := checked_doubt(self._params, self._declaration):
                self.warnings.append(sentence + ".")

    def _make(self, scheduler: Scheduler, account: str, key: UpgradeKey, end_date: str | None) -> None:
        check_future(key, today())
        if not self._declared:
            raise InputError(f"There is no upgrade {key} yet, and to schedule it at least one device is needed: give devices or devices_file.")
        if refused := scheduler.refused_before(key):
            self.warnings.append(f"It is scheduled anew. {why_refused(refused[-1])}")
        if self._check_mode:
            scheduler.last = Upgrade("", account, key.firmware_name, key.firmware_to, key.start_date, end_date, NEW, {})
            self._predicted = True
            self._count(Comparison())
        else:
            known = {upgrade.upgrade_id.lower() for upgrade in refused}
            scheduler.schedule(key, end_date, self._declared, known, lambda: check_future(key, today()))

    def _look_back(self, scheduler: Scheduler) -> frozenset[str]:
        """Count what the upgrade that this task has scheduled holds. Devices that it should hold and does not."""
        if scheduler.last is None or not scheduler.landed:
            return frozenset()
        seen = scheduler.look_back(scheduler.last, self._declared)
        comparison = compared(self._declared, seen, scheduler.refused_at_once)
        self._count(comparison)
        if comparison.extra:
            self.warnings.append(added(seen, comparison.extra))
        return comparison.missing

    def _count(self, comparison: Comparison) -> None:
        self.outcome = dataclasses.replace(self.outcome, missing_count=len(comparison.missing), extra_count=len(comparison.extra))

    def _compare(self, upgrade: Upgrade, end_date: str | None) -> None:
        """Tell how an upgrade that is there differs from what is declared."""
        self._before = upgrade
        if end_date is not None and upgrade.end_date is not None and upgrade.end_date[:10] != end_date:
            self.warnings.append(f"The upgrade {upgrade.upgrade_id} ends on {upgrade.end_date[:10]}, not on {end_date}: that cannot be changed any more.")
        if self._declaration is None:
            return
        comparison = compared(self._declared, upgrade)
        self._count(comparison)
        if comparison.missing or comparison.extra:
            self.warnings.append(differs(upgrade, comparison))

    # state: absent

    def _cancel(self, account: str) -> None:
        upgrade_id = self._params["upgrade_id"]
        key_given = any(self._params[option] not in (None, "") for option in ("firmware_name", "firmware_to", "start_date"))
        if upgrade_id and key_given:
            raise InputError("Name the upgrade with either upgrade_id or firmware_name, firmware_to and start_date.")
        if not upgrade_id and not key_given and self._check_mode:
            self.warnings.append("upgrade_id is empty: there is nothing to cancel yet, as check mode predicts an upgrade that is yet to be scheduled.")
            return
        if upgrade_id:
            wanted = upgrade_id_of(upgrade_id)
            scheduler = self._open(account)
            found = scheduler.get(wanted)
        else:
            if not key_given:
                raise InputError("Name the upgrade to cancel with upgrade_id, or with firmware_name, firmware_to and start_date.")
            key = key_of(self._params)
            scheduler = self._open(account)
            found = single(key, scheduler.find(key)) or next(iter(scheduler.find(key, [Phase.FAILED])), None)
        if found is None or is_gone(found):
            return
        self._before = scheduler.last = found
        check_cancellable(found)
        if self._check_mode:
            self._predicted = True
        else:
            scheduler.cancel(found)

    # what is told

    def tell(self) -> None:
        """Bring the outcome up to what is known now."""
        last = self._scheduler.last if self._scheduler else None
        absent = self._params["state"] == "absent"
        gone = absent and last is None
        before = described(self._before, include_devices=False) if self._before and not gone else None
        after = described(last, include_devices=False) if last else None
        if self._predicted and not absent and after and last:
            after |= {"upgrade_id": None, "device_count": len(self._declared), "devices_by_status": {last.status: len(self._declared)}}
        refused = last.refused & self._declared if last else frozenset()
        if last and last.phase == Phase.REFUSED:
            refused |= {device for device, standing in last.devices.items() if standing.reason}
        operation: t.Literal["append", "listed"] = "append" if self.done else "listed"
        self.outcome = dataclasses.replace(
            self.outcome,
            action="none" if not self.changed else "cancel" if absent else "schedule",
            before=before,
            after=None if absent and self.done else after,
            rejected=tuple(Rejection(device, operation, *last.devices[device]) for device in sorted(refused)) if last else (),
            duplicates=self._declaration.duplicates if self._declaration else (),
            msg=summary("cancelled" if absent else "scheduled", after, done=self.done),
        )
