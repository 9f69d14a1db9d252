# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module, where one answer of the service is other JSON than the documents show: a result, whatever it is. By enumeration of modules."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from ansible_collections.thingspace.fota.plugins.module_utils._errors import Kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.anything import ACCOUNT, UPGRADE, A, B, share, spoiled
from support.run_module import run_module
from test_modules import MODULES
from test_secrets import OPTIONS

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

KINDS = t.get_args(Kind)
TASKS = {**OPTIONS, "license": [*OPTIONS["license"], *({"devices": [], "cancellation_candidates": listed} for listed in ([A], []))]}
TASKS["license"] += [{"devices": [A], "state": "absent", "allow_cancelling_upgrades": True}]
LISTED = {"deviceId": A, "status": "Device Accepted", "resultReason": "success"}
SCHEDULED: dict[str, t.Any] = {"id": UPGRADE, "accountName": ACCOUNT, "firmwareName": "F", "firmwareTo": "2", "startDate": "2999-01-01"}
SCHEDULED |= {"endDate": "2999-01-08", "status": "Queued", "deviceList": [LISTED]}
CHANGED = [{"deviceId": A, "status": "AddDeviceSucceed", "Reason": "success"}]
DEVICE = {"deviceId": A, "make": "M", "model": "X", "status": "Active", "fotaEligible": True, "licenseAssigned": True, "upgradeTime": "01/01/1900 0:0:0"}
PAGE: dict[str, t.Any] = {"accountName": ACCOUNT, "hasMoreData": False, "lastSeenDeviceId": A}
# The answer to each operation of the simulator, as the documents show it (P1).
ANSWERS: dict[str, t.Any] = {
    "read": SCHEDULED,
    "by_status": {"accountName": ACCOUNT, "hasMoreFlag": False, "lastSeenUpgradeId": 0, "reportList": [SCHEDULED]},
    "schedule": SCHEDULED,
    "modify": CHANGED,
    "cancel": {"success": True},
    "history": [{"deviceId": A, "id": UPGRADE, "accountName": ACCOUNT, "firmwareName": "F", "startDate": "2018-04-01", "status": "Finished", "reason": ""}],
    "firmware": [{"firmwareName": "F", "participantName": "M", "launchDate": "2018-01-01T00:00:00.000Z", "model": "X", "make": "M", "fromVersion": "1"}],
    "devices": {**PAGE, "deviceList": [DEVICE]},
    "subscription": {"accountName": ACCOUNT, "purchaseType": "TS-HFOTA-EVNT", "licenseTotal": 9, "licenseUsed": 1, "updateTime": "2020-09-17T21:11:32.170Z"},
    "licenses": {**PAGE, "totalLicenses": 9, "assignedLicenses": 1, "deviceList": [{"deviceId": A, "assignmentTime": "2021-06-03 00:03:56.079 +0000 UTC"}]},
    "assign": {"deviceList": [{"deviceId": B, "status": "Success", "resultReason": "Success"}]},
    "remove": {"deviceList": [{"deviceId": A, "status": "Success", "resultReason": "Success"}]},
    "candidates": {"accountName": ACCOUNT, "count": 1, "hasMoreData": False, "updateTime": "2020-09-17T21:11:32.170Z", "deviceList": [A]},
    "set_candidates": {"accountName": ACCOUNT, "deviceList": [A]},
    "drop_candidates": {"success": True},
    "callbacks": [{"aname": ACCOUNT, "name": "Fota", "url": "https://old.example/x", "username": "u", "password": "p"}],
    "register": {"aname": ACCOUNT, "name": "Fota", "url": "https://old.example/x"},
    "deregister": {"success": True},
    "token": {"access_token": "t" * 20, "scope": "x", "token_type": "bearer", "expires_in": 3600},
    "login": {"sessionToken": "s" * 20},
    "logout": {"sessionToken": "s" * 20},
}


def options_of(sim: Simulator, module: str) -> list[dict[str, t.Any]]:
    """Tasks of a module, with all that they need."""
    where = {"api_url": sim.api_url, "retry_timeout": 0}
    if module == "session":
        known = sim.credentials
        login = {"app_key": known.app_key, "app_secret": known.app_secret, "username": known.username, "password": known.password}
        access, session = sim.tokens()
        return [{**where, **login}, {**where, "state": "absent", "access_token": access, "session_token": session}]
    access, session = sim.tokens()
    return [{**where, "account": ACCOUNT, "access_token": access, "session_token": session, **options} for options in TASKS[module]]


def stage(sim: Simulator) -> None:
    sim.service.faults.clear()
    account = {"devices": [A, B], "licenses": [A], "callbacks": {"Fota": {"url": "https://old.example/x"}}}
    sim.load({"accounts": {ACCOUNT: account}, "upgrades": [{"account": ACCOUNT, "upgrade_id": UPGRADE, "devices": [A]}]})
    sim.service.world.accounts[ACCOUNT].candidates = [B]


@pytest.fixture(scope="module")
def service() -> t.Iterator[Simulator]:
    from thingspace_simulator import Simulator

    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def asked(service: Simulator) -> dict[str, list[tuple[int, str, str, str]]]:
    """What each module asks for: number of its task, operation, method, path."""
    found: dict[str, list[tuple[int, str, str, str]]] = {}
    for module in MODULES:
        for number in range(len(options_of(service, module))):
            stage(service)
            run_module(module, options_of(service, module)[number])
            found.setdefault(module, []).extend(sorted({(number, record.operation, record.method, record.short_path) for record in service.requests}))
    return found


def test_every_operation_is_tried(asked: dict[str, list[tuple[int, str, str, str]]]) -> None:
    assert {operation for requests in asked.values() for dummy, operation, *rest in requests} == set(ANSWERS)


@pytest.mark.parametrize("module", MODULES)
@settings(max_examples=share(10), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_answer_makes_a_result(
    service: Simulator, asked: dict[str, list[tuple[int, str, str, str]]], monkeypatch: pytest.MonkeyPatch, module: str, data: st.DataObject
) -> None:
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.001)
    number, operation, method, path = data.draw(st.sampled_from(asked[module]))
    answer = data.draw(spoiled(ANSWERS[operation]), label="answer")
    check = data.draw(st.booleans(), label="check mode")
    stage(service)
    # Applied or not: behind an answer that cannot be read a change may have been made.
    service.fault(f"{method} {path}", "status", times=None, status=200, body=answer, applied=data.draw(st.booleans()))
    result = run_module(module, options_of(service, module)[number], check=check, diff=True)
    assert result["failed"] is False or (result["error"]["kind"] in KINDS and result["msg"].isprintable())
    assert "Traceback" not in json.dumps(result)
