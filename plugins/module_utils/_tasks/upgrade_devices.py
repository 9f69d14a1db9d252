# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``upgrade_devices`` has of its own: which upgrade it is, and what it tells about it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._ansible.connection import Connector
from .._api.account import Account
from .._api.model import Upgrade
from .._api.status import NEW
from .._api.version import upgrades_of
from .._apply.upgrade_membership import UpgradeDevices
from .._desired.checks import Params
from .._desired.upgrade import upgrade_id_of
from .._results.described import described
from .._results.membership import Changes, Outcome
from .._results.result import Result
from .membership import Task, run


def job(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of the module."""
    return run(_UpgradeTask(params, connector, check_mode))


class _UpgradeTask(Task[Upgrade]):
    _upgrade_id = ""

    def check(self) -> None:
        given = self.params["upgrade_id"] or ""
        self._upgrade_id = upgrade_id_of(given) if given or not self.check_mode else ""

    def open(self, account: Account) -> tuple[str, UpgradeDevices, Upgrade]:
        membership = UpgradeDevices(upgrades_of(account), self._upgrade_id)
        return self._upgrade_id.lower(), membership, membership.read() if self._upgrade_id else self._yet_to_be_scheduled(account.name)

    def outcome_of(self, last: Upgrade | None, changes: Changes) -> Outcome:
        # Not asdict, which copies every rejection.
        known: dict[str, t.Any] = {field.name: getattr(changes, field.name) for field in dataclasses.fields(changes)}
        if last is None:
            return Outcome(**known, upgrade_id=self._upgrade_id or self.params["upgrade_id"] or None)
        return Outcome(
            **known,
            upgrade_id=last.upgrade_id or None,
            upgrade_status=last.status if last.upgrade_id else None,
            firmware_name=last.firmware_name,
            firmware_to=last.firmware_to,
            start_date=last.start_date,
            upgrade={**described(last, include_devices=False), "upgrade_id": last.upgrade_id or None},
        )

    def doubt(self, last: Upgrade) -> str | None:
        return last.doubt

    def _yet_to_be_scheduled(self, account: str) -> Upgrade:
        self.warnings.append("upgrade_id is empty: planned against an upgrade without devices, as check mode predicts one that is yet to be scheduled.")
        return Upgrade("", account, None, None, None, None, NEW, {})
