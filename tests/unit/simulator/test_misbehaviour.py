# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulator can be told to do wrong."""

from __future__ import annotations

import time

import pytest
import requests
from support.simulator_client import ACCOUNT, UPGRADE, A, B, C, Client
from thingspace_simulator import Simulator

PATH = f"/upgrades/{ACCOUNT}/upgrade/{UPGRADE}"


@pytest.mark.parametrize("reset", [False, True])
def test_a_lost_answer_was_applied_and_a_lost_request_was_not(sim: Simulator, client: Client, reset: bool) -> None:
    sim.fault(on="PUT /upgrades", do="drop_before", reset=reset)
    sim.fault(on="PUT /upgrades", nth=2, do="drop_after", reset=reset)
    with pytest.raises(requests.ConnectionError):
        client.put("append", B)
    assert sim.members(UPGRADE) == {A}
    with pytest.raises(requests.ConnectionError):
        client.put("append", C)
    assert sim.members(UPGRADE) == {A, C}
    assert client.outcome("append", B)[0][1] == "AddDeviceSucceed"
    assert [(record.status, record.faults) for record in sim.writes] == [
        (None, ["drop_before"]),
        (None, ["drop_after"]),
        (200, []),
    ]


def test_errors_before_and_after_the_change(sim: Simulator, client: Client) -> None:
    sim.fault(on="PUT /upgrades", do="status", status=429, retry_after=7)
    sim.fault(on="PUT /upgrades", nth=2, do="status", status=500, applied=True, body="oops")
    sim.fault(on="PUT /upgrades", nth=3, do="html", status=200, applied=True)
    sim.fault(on="PUT /upgrades", nth=4, do="xml_403")
    throttled, failed, page, xml = (client.put("append", imei) for imei in (B, B, C, A))
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    assert (failed.status_code, failed.text) == (500, "oops")
    assert page.headers["Content-Type"] == "text/html"
    assert (xml.status_code, xml.text[:9]) == (403, "<am:fault")
    assert sim.members(UPGRADE) == {A, B, C}


def test_a_truncated_answer(sim: Simulator, client: Client) -> None:
    sim.fault(on="GET /upgrades", do="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.upgrade()
    assert client.upgrade()["status"] == "Queued"


def test_tokens_expire_between_two_requests(sim: Simulator, client: Client) -> None:
    sim.fault(on="PUT /upgrades", do="expired_session", shape="location")
    answer = client.put("append", B)
    assert answer.json()["errorMessage"] == "UWS verification failure (The Session has expired.)"
    client = Client(sim)
    sim.fault(on="PUT /upgrades", do="expired_bearer")
    assert client.put("append", B).json()["fault"]["code"] == "900901"
    assert client.put("append", B).status_code == 401
    assert sim.members(UPGRADE) == {A}


def test_somebody_else_is_faster(sim: Simulator, client: Client) -> None:
    sim.fault(on="PUT /upgrades", do="another_writer", add=[B], remove=[A])
    assert client.outcome("append", C)[0][1] == "AddDeviceSucceed"
    assert sim.members(UPGRADE) == {B, C}
    started = sim.fault(on="PUT /upgrades", do="start_upgrade")
    assert client.put("append", A).json()["errorMessage"] == "Upgrade has already started and cannot be modified"
    assert started.fired == 1
    assert client.upgrade()["status"] == "InProgress"
    sim.fault(on="GET /upgrades", do="cancel_upgrade")
    assert client.call("GET", PATH).json()["errorMessage"] == "Invalid upgradeId"


def test_devices_refused_once(sim: Simulator, client: Client) -> None:
    sim.fault(on="PUT /upgrades", do="refuse", devices={A: "busy", B: "odd"}, times=None)
    assert client.outcome("append", B, C) == [
        (B, "AddDeviceFailed", "odd"),
        (C, "AddDeviceSucceed", "Device added Successfully"),
    ]
    assert client.outcome("remove", A) == [(A, "RemoveDeviceFailed", "busy")]


def test_redirect_and_delay(sim: Simulator, client: Client) -> None:
    sim.fault(on="GET /upgrades", do="redirect", location="http://127.0.0.1:1/x", status=307)
    sim.fault(on="* /upgrades", nth=2, do="slow", seconds=0.2)
    assert client.call("GET", PATH).headers["Location"] == "http://127.0.0.1:1/x"
    begun = time.monotonic()
    client.upgrade()
    assert time.monotonic() - begun >= 0.2


def test_changes_show_late(sim: Simulator, client: Client) -> None:
    sim.misbehave(visible_after_reads=2)
    client.put("append", B)
    assert [set(client.listed()) for dummy in range(3)] == [{A}, {A}, {A, B}]
    sim.misbehave(visible_after_reads=0, visible_after_seconds=30.0)
    client.put("remove", A)
    assert set(client.listed()) == {A, B}
    assert sim.members(UPGRADE) == {B}
    sim.clock.advance(31)
    assert set(client.listed()) == {B}


def test_upgrades_are_reported_late(sim: Simulator, client: Client) -> None:
    sim.misbehave(reported_after_seconds=30.0)
    body = {"accountName": ACCOUNT, "firmwareName": "F", "firmwareTo": "2", "startDate": "2999-01-01", "deviceList": [B]}
    made = client.call("POST", "/upgrades", body).json()["id"]
    path = f"/reports/{ACCOUNT}/status/RequestPending/index/0"
    assert client.get(path)["reportList"] == []
    sim.clock.advance(31)
    assert [upgrade["id"] for upgrade in client.get(path)["reportList"]] == [made]


def test_what_remains_of_devices(sim: Simulator, client: Client) -> None:
    sim.refuse([B])
    sim.misbehave(rejected_devices="vanish", removed_devices="listed", re_append="success", remove_absent="success")
    assert [status for dummy, status, reason in client.outcome("append", A, B)] == ["AddDeviceSucceed", "AddDeviceFailed"]
    assert client.listed() == {A: "Device Accepted"}
    assert client.outcome("remove", A, C)[1][1] == "RemoveDeviceSucceed"
    assert client.listed() == {A: "Device Removed"}
    assert sim.members(UPGRADE) == set()


def test_devices_that_are_checked_later(sim: Simulator, client: Client) -> None:
    sim.refuse([B])
    sim.misbehave(append_validation="later")
    assert client.outcome("append", B, C)[0][1] == "AddDeviceSucceed"
    assert client.listed() == {A: "Device Accepted", B: "RequestPending", C: "RequestPending"}
    assert client.listed() == {A: "Device Accepted", B: "Device Rejected", C: "Device Accepted"}


@pytest.mark.parametrize("answer", ["reason", "resultReason", "upgrade"])
def test_the_shapes_of_a_put_answer(sim: Simulator, client: Client, answer: str) -> None:
    sim.misbehave(put_answer=answer, append_success_status="DeviceQueuedForAddition")
    body = client.put("append", B).json()
    if answer == "upgrade":
        assert body == client.upgrade()
    else:
        told = {"deviceId": B, "status": "DeviceQueuedForAddition", answer: "Device added Successfully"}
        assert body["deviceList"] == [told]


def test_unknown_misbehaviour_is_an_error_and_changes_nothing(sim: Simulator) -> None:
    for wrong in ({"nonsense": 1}, {"pending_reads": "3"}, {"re_append": "maybe"}, {"put_while_pending": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            sim.misbehave(latency=1.0, **wrong)
    assert sim.service.switches.latency == 0.0
    with pytest.raises(ValueError, match="no fault is called"):
        sim.fault(on="PUT /upgrades", do="explode")
    with pytest.raises(ValueError, match="seconds"):
        sim.fault(on="PUT /upgrades", do="slow", minutes=1)
    with pytest.raises(ValueError, match="METHOD /path"):
        sim.fault(on="/upgrades", do="slow")
