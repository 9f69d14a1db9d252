# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``license`` has of its own: upgrades that a removal cancels, and the devices that lose their license first."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from .._ansible.connection import Connector
from .._api.account import Account
from .._api.status import OPEN
from .._api.v1.licenses import Licenses
from .._api.version import upgrades_of
from .._apply.candidates import CandidateList
from .._apply.license_membership import Holders, LicensedDevices
from .._desired.checks import Params
from .._desired.imei import DesiredDevices, declare
from .._errors import RailError, StateError, ThingSpaceError
from .._plan.plan import Plan
from .._results.license import Cancelled, LicenseOutcome
from .._results.membership import Changes
from .._results.result import Result
from .membership import Task, run

_NAME = "licenses"
_CANDIDATES = "licenses/cancel"
_SHOWN = 3


def job(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of the module."""
    return run(_LicenseTask(params, connector, check_mode))


class _LicenseTask(Task[Holders]):
    _account: Account | None = None
    _declared_candidates: frozenset[str] | None = None
    _candidates: CandidateList | None = None
    # Removals whose upgrades were looked up, which upgrades these are, and which ones the plan was approved with.
    _looked_at: frozenset[str] = frozenset()
    _losing: tuple[Cancelled, ...] = ()
    _planned: t.Mapping[str, frozenset[str]] = types.MappingProxyType({})
    _fresh = False
    _refused = False
    _wanted: frozenset[str] = frozenset()

    def check(self) -> None:
        given = self.params["cancellation_candidates"]
        if given is None:
            return
        check_luhn = self.params["imei_check"] != "none"
        declaration = declare(given, lambda index: f"cancellation_candidates[{index}]", check_luhn=check_luhn)
        self.heed(declaration)
        self._declared_candidates = declaration.devices

    def declared(self) -> DesiredDevices:
        params = self.params
        if params["devices"] is None and params["devices_file"] is None and self._declared_candidates is not None and params["state"] != "exact":
            # The task is about the candidates alone.
            return DesiredDevices(frozenset())
        declaration = super().declared()
        self._wanted = declaration.devices
        return declaration

    def open(self, account: Account) -> tuple[str, LicensedDevices, Holders]:
        self._account = account
        licenses = Licenses(account)
        membership = LicensedDevices(licenses, account.name)
        first, backoff = membership.read(), account.backoff()
        while (sentence := first.doubt) and self._must_know_all(first):
            if not backoff.wait():
                raise ThingSpaceError(sentence, "service")
            first = membership.read()
        if self._declared_candidates is not None:
            self._candidates = CandidateList(licenses, self._declared_candidates)
        return _NAME, membership, first

    def _must_know_all(self, first: Holders) -> bool:
        """Whether a device that is not listed, and may have a license all the same, would make a difference."""
        state = self.params["state"]
        return state == "exact" or state == "absent" and not self._wanted <= first.members

    def doubt(self, last: Holders) -> str | None:
        return last.doubt

    def veto(self, removals: frozenset[str]) -> None:
        """Refuse what takes devices out of scheduled upgrades, unless it is allowed, and was approved where a plan was."""
        # Looked up anew in every round but the first: upgrades may have been scheduled while the service was busy.
        now = self._look(removals) if not self._fresh else self._planned
        self._fresh = False
        if self.approved and any(not devices <= self._planned.get(upgrade_id, frozenset()) for upgrade_id, devices in now.items()):
            raise StateError(
                "Since the plan was approved, devices that are to lose their license were put into scheduled upgrades, which they would lose too. "
                "Have the new plan reviewed."
            )
        if not self._losing or self.params["allow_cancelling_upgrades"]:
            return
        self._refused = True
        told = [f"{item.upgrade_id} ({item.firmware_name}, {item.start_date}) {len(item.devices)} of {item.members}" for item in self._losing]
        first = "; ".join(told[:_SHOWN])
        more = f"; and {len(self._losing) - _SHOWN} more" if len(self._losing) > _SHOWN else ""
        raise RailError(
            f"Devices that lose their license lose their scheduled upgrades too: {first}{more}. "
            "If that is meant, set allow_cancelling_upgrades to true. Else keep these licenses until the upgrades have run."
        )

    def _look(self, removals: frozenset[str]) -> dict[str, frozenset[str]]:
        """Which scheduled upgrades lose which devices, those of earlier removals of this run included."""
        if self._account is None or not removals:
            return {}
        self._looked_at |= removals
        losing = {item.upgrade_id: item for item in self._losing}
        upgrades = upgrades_of(self._account)
        for upgrade in upgrades.with_devices(upgrades.in_phases(*OPEN)):
            devices = upgrade.members & self._looked_at
            known = losing.get(upgrade.upgrade_id)
            if known:
                losing[upgrade.upgrade_id] = dataclasses.replace(known, devices=known.devices | devices)
            elif devices:
                losing[upgrade.upgrade_id] = Cancelled(upgrade.upgrade_id, upgrade.firmware_name, upgrade.start_date, len(upgrade.members), devices)
        # Those that start first stand first.
        self._losing = tuple(sorted(losing.values(), key=lambda item: (item.start_date or "", item.upgrade_id)))
        return {item.upgrade_id: item.devices for item in self._losing}

    def outcome_of(self, last: Holders | None, changes: Changes) -> LicenseOutcome:
        # Not asdict, which copies every rejection.
        known: dict[str, t.Any] = {field.name: getattr(changes, field.name) for field in dataclasses.fields(Changes)}
        lost = [item if self._refused else dataclasses.replace(item, devices=item.devices & changes.removed) for item in self._losing]
        given = self.params["account"]
        return LicenseOutcome(
            **known,
            account=given.strip() if isinstance(given, str) else None,
            total=last.total if last else None,
            assigned=last.assigned if last else None,
            cancelled=tuple(item for item in lost if item.devices),
            candidates_before=self._candidates.before if self._candidates else None,
            candidates_after=self._candidates.last if self._candidates else None,
        )

    def further_plans(self, plan: Plan) -> dict[str, Plan]:
        self._planned, self._fresh = self._look(plan.remove), True
        losing = {f"{_NAME}/upgrades/{upgrade_id.lower()}": Plan(remove=devices) for upgrade_id, devices in self._planned.items()}
        return losing | ({_CANDIDATES: self._candidates.plan} if self._candidates else {})

    def write_further(self) -> None:
        last = self.last
        if self.check_mode and last and last.total is not None and last.assigned is not None and last.assigned > last.total:
            short = last.assigned - last.total
            self.warnings.append(f"{short} licenses are missing: the account has {last.total}. The service will refuse as many of the devices.")
        if self._candidates is None:
            return
        if self.check_mode:
            self._candidates.predict()
        elif self._account:
            self._candidates.write(self.params["batch_size"], self._account.backoff, approved=self.approved)

    @property
    def changed_further(self) -> bool:
        return self._candidates is not None and (self._candidates.before != self._candidates.last or self._candidates.unread)

    @property
    def unknown_further(self) -> bool:
        return self._candidates is not None and self._candidates.unread
