# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task on a version of the API that is unlike v1: it has pages of members, other words, and answers that name no device."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import Capabilities, ChangeAnswer, Upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus, Operation, Phase
from ansible_collections.thingspace.fota.plugins.module_utils._api.version import Upgrades
from ansible_collections.thingspace.fota.plugins.module_utils._tasks import upgrade_devices
from support.run_module import run_module

CAMPAIGN = "20b5d639-ccdc-4db8-8824-069bd94c95bf"
A, B, C = "990000473475989", "990003425730535", "990003425730543"
PAGE = 2


class Campaigns:
    """One campaign, which does what it has accepted some reads later, or never."""

    can = Capabilities(dates_can_change=True, has_windows=True, can_abort=True)

    def __init__(self, devices: list[str], reads: float, words: str = "CampaignRequestQueued") -> None:
        self.upgrade = Upgrade(CAMPAIGN, "A", "F", "2", "2999-01-01", "2999-01-09", words, dict.fromkeys(devices, DeviceStatus("Accepted", "")))
        self.accepted: list[tuple[Operation, list[str]]] = []
        self._left: float = reads
        self._reads = reads

    def get(self, upgrade_id: str) -> Upgrade:
        if self.accepted:
            self._left -= 1
            if self._left <= 0:
                for operation, devices in self.accepted[-2:]:
                    change = (frozenset(devices), frozenset[str]()) if operation == "append" else (frozenset[str](), frozenset(devices))
                    self.upgrade = self.upgrade.predicted(*change)
        members = iter(sorted(self.upgrade.devices.items()))
        pages = iter(lambda: list(itertools.islice(members, PAGE)), [])
        return dataclasses.replace(self.upgrade, devices={device: status for page in pages for device, status in page})

    def change(self, upgrade_id: str, operation: Operation, devices: list[str]) -> ChangeAnswer:
        self.accepted.append((operation, devices))
        return ChangeAnswer({}, pending=True)

    def in_phases(self, *phases: Phase, without: t.Collection[str] = ()) -> list[Upgrade]:
        return [self.upgrade] if self.upgrade.phase in phases else []

    def with_devices(self, upgrades: t.Iterable[Upgrade], *, needed: bool = True) -> list[Upgrade]:
        return list(upgrades)

    def schedule(self, firmware_name: str, firmware_to: str, start_date: str, end_date: str | None, devices: t.Iterable[str]) -> Upgrade:
        raise AssertionError("nothing is scheduled here")

    def cancel(self, upgrade_id: str) -> None:
        raise AssertionError("nothing is cancelled here")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[Campaigns], dict[str, t.Any]]:
    """The module, on this version."""

    def on(campaigns: Campaigns) -> dict[str, t.Any]:
        served: Upgrades = campaigns
        monkeypatch.setattr(upgrade_devices, "upgrades_of", lambda account: served)
        tokens = {"account": "A", "access_token": "geheim-1", "session_token": "geheim-2", "api_url": "http://127.0.0.1:1", "retry_timeout": 1}
        return run_module("upgrade_devices", {**tokens, "upgrade_id": CAMPAIGN, "devices": [A, B], "state": "exact", "max_removal_percent": 100})

    return on


def test_what_is_accepted_is_waited_for_and_done(run: t.Callable[[Campaigns], dict[str, t.Any]]) -> None:
    campaigns = Campaigns([B, C], reads=2)
    told = run(campaigns)
    assert (told["failed"], told["changed"], told["added"], told["removed"], told["rejected"]) == (False, True, [A], [C], [])
    assert campaigns.accepted == [("append", [A]), ("remove", [C])]
    assert told["upgrade_status"] == "CampaignRequestQueued"


def test_what_stays_pending_is_not_rejected_and_not_sent_again(run: t.Callable[[Campaigns], dict[str, t.Any]]) -> None:
    campaigns = Campaigns([B, C], reads=float("inf"))
    told = run(campaigns)
    assert (told["error"]["kind"], told["changed"], told["changes_known"], told["rejected"]) == ("not_visible", True, False, [])
    assert "they are pending" in told["msg"]
    assert campaigns.accepted == [("append", [A]), ("remove", [C])]


def test_a_phase_that_is_closed_to_changes_stops_the_write(run: t.Callable[[Campaigns], dict[str, t.Any]]) -> None:
    campaigns = Campaigns([B, C], reads=1, words="CampaignScheduled")
    told = run(campaigns)
    assert (told["error"]["kind"], told["changed"], campaigns.accepted) == ("state", False, [])
    assert "is CampaignScheduled: devices can be appended and removed only before it starts" in told["msg"]
