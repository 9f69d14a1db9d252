# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The four operations on upgrades, over sockets."""

from __future__ import annotations

import json

import pytest
from support.simulator_client import ACCOUNT, UPGRADE, A, B, C, Client, D
from thingspace_simulator import Simulator

PATH = f"/upgrades/{ACCOUNT}/upgrade/{UPGRADE}"
ORDER = {
    "accountName": ACCOUNT,
    "firmwareName": "F",
    "firmwareTo": "2.0",
    "startDate": "2999-01-02",
    "endDate": "2999-01-03",
    "deviceList": [A, B],
}


def test_append_and_remove_answer_for_each_device_of_the_request(sim: Simulator, client: Client) -> None:
    sim.refuse({C: "Device not eligible for service."})
    assert client.outcome("append", B, C) == [
        (B, "AddDeviceSucceed", "Device added Successfully"),
        (C, "AddDeviceFailed", "Device not eligible for service."),
    ]
    assert client.listed() == {A: "Device Accepted", B: "Device Accepted", C: "Device Rejected"}
    assert sim.members(UPGRADE) == {A, B}
    assert client.outcome("remove", A, D) == [
        (A, "RemoveDeviceSucceed", "Device removed Successfully"),
        (D, "RemoveDeviceFailed", "Device not found in the upgrade."),
    ]
    assert sim.members(UPGRADE) == {B}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Input binding error"),
        ({"type": "append", "deviceList": []}, "Device list is empty"),
        ({"type": "append"}, "Device list is empty"),
        ({"type": "append", "deviceList": [990003425730535]}, "Input binding error"),
        ({"type": "append", "deviceList": ["4401234567012"]}, "Invalid device id format"),
        ({"type": "replace", "deviceList": [A]}, "Invalid type: must be append or remove"),
    ],
)
def test_bad_bodies_change_nothing(sim: Simulator, client: Client, body: object, message: str) -> None:
    answer = client.call("PUT", PATH, body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"errorCode": "INVALID_PARAMETER", "errorMessage": message},
    )
    assert sim.members(UPGRADE) == {A}


def test_an_upgrade_lives_from_request_to_history(sim: Simulator, client: Client) -> None:
    sim.refuse([B])
    made = client.call("POST", "/upgrades", ORDER).json()
    assert made["status"] == "RequestPending"
    assert made["deviceList"] == [{"deviceId": imei, "status": "RequestPending"} for imei in (A, B)]
    client.put("remove", A)  # it is still a member of the other upgrade
    assert client.upgrade(made["id"])["status"] == "RequestPending"
    queued = client.upgrade(made["id"])
    assert (queued["status"], queued["endDate"]) == ("Queued", "2999-01-03")
    assert queued["deviceList"] == [
        {"deviceId": A, "status": "Device Accepted", "resultReason": "success"},
        {"deviceId": B, "status": "Device Rejected", "resultReason": "Device not found."},
    ]
    sim.clock.set("2999-01-02T00:00:01Z")
    again = Client(sim)
    assert again.upgrade(made["id"])["status"] == "InProgress"
    assert again.put("append", C, upgrade_id=made["id"]).status_code == 400
    assert again.call("DELETE", f"/upgrades/{ACCOUNT}/upgrade/{made['id']}").status_code == 400
    sim.clock.set("2999-01-04")
    again = Client(sim)
    assert again.upgrade(made["id"])["status"] == "Finished"
    history = again.get(f"/reports/{ACCOUNT}/devices/{A}")
    assert [(row["id"], row["status"], row["firmwareTo"]) for row in history] == [(made["id"], "UpgradeSuccess", "2.0")]


def test_a_device_is_in_one_open_upgrade_only(client: Client) -> None:
    made = client.call("POST", "/upgrades", {**ORDER, "deviceList": [A]}).json()
    client.upgrade(made["id"])
    refused = client.upgrade(made["id"])
    assert refused["status"] == "RequestFailed"
    assert refused["deviceList"][0]["resultReason"].startswith("Device scheduled for firmware-upgrade previously, ")


def test_cancelled_and_unknown_upgrades(sim: Simulator, client: Client) -> None:
    assert client.call("DELETE", PATH).json() == {"success": True}
    assert client.call("GET", PATH).json()["errorMessage"] == "Invalid upgradeId"
    assert client.call("GET", PATH + "x").json()["errorMessage"] == "Invalid uuid"
    sim.misbehave(unknown_upgrade="404")
    assert client.call("GET", PATH).status_code == 404


def test_what_documents_disagree_on_is_accepted_and_noted(sim: Simulator, client: Client) -> None:
    headers = {"Content-Type": "*/*"}
    body = json.dumps({"type": "append", "devicelist": [B]})
    assert client.call("PUT", PATH, data=body, headers=headers).status_code == 200
    assert client.call("POST", "/upgrades", {**ORDER, "endDate": None}).status_code == 200
    del ORDER["endDate"]
    assert client.call("POST", "/upgrades", ORDER).status_code == 200
    notes = [record.notes for record in sim.writes]
    assert notes == [["content-type:*/*", "key:devicelist"], [], ["endDate:missing"]]


def test_status_report_pages_oldest_first(sim: Simulator, client: Client) -> None:
    ids = [UPGRADE] + [sim.add_upgrade().id for dummy in range(4)]
    sim.misbehave(report_page_size=2)
    seen, index, more = [], 0, True
    while more:
        page = client.get(f"/reports/{ACCOUNT}/status/Queued/index/{index}")
        seen += [item["id"] for item in page["reportList"]]
        index, more = page["lastSeenUpgradeId"], page["hasMoreFlag"]
    assert seen == ids
    assert client.get(f"/reports/{ACCOUNT}/status/Finished/index/0")["reportList"] == []
