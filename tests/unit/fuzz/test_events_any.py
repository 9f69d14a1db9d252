# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source, where the service answers with other JSON than the documents show: rules and the state file get nothing that breaks them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import options as watch_options
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.source import Watcher
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.anything import ACCOUNT, UPGRADE, A, B, spoiled

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

OTHER = "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ROW: dict[str, t.Any] = {"id": UPGRADE, "accountName": ACCOUNT, "firmwareName": "F", "firmwareTo": "2", "startDate": "2026-12-01", "status": "Queued"}
ROW |= {"deviceList": [{"deviceId": A, "status": "Device Accepted", "resultReason": "success"}]}
PAGE: dict[str, t.Any] = {"accountName": ACCOUNT, "hasMoreFlag": False, "lastSeenUpgradeId": 0, "reportList": [ROW]}
REPORT, ONE = f"GET /reports/{ACCOUNT}/status/Queued", f"GET /upgrades/{ACCOUNT}/upgrade/{UPGRADE}"
# What says nothing about an upgrade, and may come again.
TROUBLE = {"source_error", "source_recovered", "upgrade_unreadable"}


class Enough(Exception):
    """So many looks were made."""


class Told(list[list[dict[str, t.Any]]]):
    """Takes the events of so many looks, a list for each."""

    def __init__(self, looks: int) -> None:
        super().__init__([[]])
        self._looks = looks

    async def put(self, data: dict[str, t.Any], /) -> None:
        self[-1].append(data["thingspace"])

    async def sleep(self, seconds: float) -> None:
        if len(self) == self._looks:
            raise Enough
        self.append([])


def told_in(looks: int, *ends: type[Exception], **options: t.Any) -> Told:
    """What so many looks tell, or fewer if one of those errors ends the source."""
    told = Told(looks)

    async def story() -> None:
        with contextlib.suppress(Enough, *ends):
            await Watcher(told, watch_options.options_of(options), sleep=told.sleep).run()

    asyncio.run(story())
    return told


def row(**changed: t.Any) -> dict[str, t.Any]:
    return {**PAGE, "reportList": [{**ROW, **changed}]}


@pytest.fixture(scope="module")
def service() -> t.Iterator[Simulator]:
    from thingspace_simulator import Simulator

    with Simulator() as simulator:
        yield simulator


@example(report=row(id=f"{UPGRADE}\n"), one=ROW, devices=True)
@example(report=row(status="queued"), one=ROW, devices=True)
@example(report=row(status="Scheduled"), one=ROW, devices=True)
@example(report=row(status="Finished"), one=ROW, devices=False)
@example(report=row(deviceList=None), one={**ROW, "id": f"\u2028{UPGRADE} ", "status": "Finished"}, devices=True)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(report=spoiled(PAGE), one=st.just(ROW) | spoiled(ROW), devices=st.booleans())
def test_whatever_is_answered_is_told_once_with_safe_ids_and_can_be_loaded(
    service: Simulator,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    report: object,
    one: object,
    devices: bool,
) -> None:
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.001)
    service.service.faults.clear()
    world = [{"account": ACCOUNT, "upgrade_id": UPGRADE, "devices": [A]}, {"account": ACCOUNT, "upgrade_id": OTHER, "devices": [B]}]
    service.load({"accounts": [ACCOUNT], "upgrades": world})
    access, session = service.tokens()
    options = {"account": ACCOUNT, "api_url": service.api_url, "access_token": access, "session_token": session, "retry_timeout": 0, "devices": devices}
    options |= {"first_look": "report", "state_file": str(tmp_path_factory.mktemp("state") / "state.json")}

    service.fault(REPORT, "status", times=None, status=200, body=report)
    service.fault(ONE, "status", times=None, status=200, body=one)
    # The answer may say that the tokens, which are given, are dead.
    told = told_in(2, ThingSpaceError, **options)
    # Nothing changed between the two looks.
    assert {event["type"] for event in sum(told[1:], [])} <= TROUBLE

    service.service.faults.clear()
    healed = told_in(2, **options)
    assert {event["type"] for event in healed[1]} <= TROUBLE
    for event in sum(told + healed, []):
        assert event["account"] == ACCOUNT
        assert event["type"] in TROUBLE or UUID.fullmatch(event["upgrade_id"])
        assert event.get("upgrade_id") is None or UUID.fullmatch(event["upgrade_id"])
        assert event.get("upgrade", event).get("upgrade_id") == event.get("upgrade_id")
