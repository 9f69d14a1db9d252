# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declared upgrades on a service in memory, as the files that write a rollout get them."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._api.model import UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._desired.imei import DesiredDevices
from ansible_collections.thingspace.fota.plugins.module_utils._desired.rollout import DesiredUpgrade
from ansible_collections.thingspace.fota.plugins.module_utils._errors import UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan, State
from ansible_collections.thingspace.fota.plugins.module_utils._plan.target import Limits, Target
from ansible_collections.thingspace.fota.plugins.module_utils._tasks.rollout.wave import Wave

from support.fake_service import ACCOUNT, KEY, FakeService

FREE = Limits(allow_empty=True, max_removal_percent=100, max_removals=None)


def target(devices: str, state: State = "exact", limits: Limits = FREE) -> Target:
    return Target(state, frozenset(devices), limits, 10)


def declared(devices: str, upgrade_id: str | None = None, key: UpgradeKey | None = KEY, **more: t.Any) -> DesiredUpgrade:
    return DesiredUpgrade("wave", upgrade_id, None if upgrade_id else key, "2999-03-01", DesiredDevices(frozenset(devices)), target(devices, **more), "fail")


def new(service: FakeService, devices: str, key: UpgradeKey = KEY, **more: t.Any) -> Wave:
    """A wave that is yet to be scheduled, with its plan."""
    wave = Wave(declared(devices, key=key, **more), service.client, ACCOUNT)
    wave.commit(Plan(append=frozenset(devices)), moves=False)
    return wave


def there(service: FakeService, devices: str, plan: Plan | None = None, *, moves: bool = False, upgrade_id: str = "U", **more: t.Any) -> Wave:
    """A wave whose upgrade is there and was read."""
    wave = Wave(declared(devices, upgrade_id, **more), service.client, ACCOUNT)
    wave.read(upgrade_id)
    service.calls.clear()
    wave.commit(plan or wave.declared.target.plan(wave.progress.first), moves=moves)
    return wave


def plan(append: str = "", remove: str = "", refused: str = "") -> Plan:
    return Plan(frozenset(append), frozenset(remove), frozenset(refused))


def lost(carried_out: bool | None = None) -> UnsettledError:
    return UnsettledError("The answer was lost.", "unreachable", carried_out=carried_out)
