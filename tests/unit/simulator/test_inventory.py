# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices, licenses and callbacks, where the documents say more than the SDK can."""

from __future__ import annotations

import pytest
from support.simulator_client import ACCOUNT, UPGRADE, A, B, C, Client, D
from thingspace_simulator import Simulator


def pages(client: Client, path: str) -> list[str]:
    """Every device of a paged list, with the cursor fed back as it came."""
    found: list[str] = []
    index, more = 0, True
    while more:
        page = client.get(path.format(index))
        found += [item["deviceId"] for item in page["deviceList"]]
        index, more = page["lastSeenDeviceId"], page["hasMoreData"]
    assert index == 0
    return found


def test_device_pages_survive_leading_zeros(sim: Simulator) -> None:
    sim.load({"accounts": {ACCOUNT: {"devices": [D, A, C, {"imei": B, "client_type": "LWM2M"}]}}})
    sim.misbehave(device_page_size=1)
    client = Client(sim)
    assert pages(client, f"/devices/{ACCOUNT}/index/{{}}") == sorted((A, B, C, D))
    assert pages(client, f"/devices/{ACCOUNT}/index/{{}}?clientType=OMADM") == sorted((A, C, D))
    wrong = client.call("GET", f"/devices/{ACCOUNT}/index/990000000000000").json()["errorMessage"]
    assert wrong == "LastSeenDeviceId Not Valid"


@pytest.mark.parametrize("paging", ["offset", "imei"])
def test_license_pages_both_ways(sim: Simulator, paging: str) -> None:
    sim.load({"accounts": {ACCOUNT: {"licenses": [A, B, C, D]}}})
    sim.misbehave(device_page_size=3, license_paging=paging)
    assert pages(Client(sim), f"/licenses/{ACCOUNT}/index/{{}}") == sorted((A, B, C, D))


def test_a_lost_license_takes_the_device_out_of_what_was_scheduled(sim: Simulator) -> None:
    sim.load(
        {
            "accounts": {ACCOUNT: {"licenses": [A], "subscription": {"purchase_type": "TS-HFOTA-MRC", "license_count": 2}}},
            "upgrades": [{"upgrade_id": UPGRADE}],
        }
    )
    client = Client(sim)
    assert [status for dummy, status, reason in client.outcome("append", A, B)] == ["AddDeviceSucceed", "AddDeviceFailed"]
    body = {"deviceList": [B, C]}
    answer = client.call("POST", f"/licenses/{ACCOUNT}/assign", body).json()
    assert [item["Reason"] for item in answer["deviceList"]] == ["Success", "No license available"]
    client.outcome("append", B)
    client.call("POST", f"/licenses/{ACCOUNT}/remove", {"deviceList": [A]})
    assert sim.members(UPGRADE) == {B}


def test_callback_credentials_can_be_hidden(sim: Simulator) -> None:
    sim.misbehave(callback_credentials="hidden")
    client = Client(sim)
    body = {"name": "Fota", "url": "https://example.org", "username": "u", "password": "p"}
    assert client.call("POST", f"/callbacks/{ACCOUNT}", body).json() == {"accountName": ACCOUNT, "serviceName": "Fota"}
    assert client.get(f"/callbacks/{ACCOUNT}") == [{"aname": ACCOUNT, "name": "Fota", "url": "https://example.org"}]
    assert client.call("DELETE", f"/callbacks/{ACCOUNT}/name/Fota").json() == {"success": True}
    assert client.call("DELETE", f"/callbacks/{ACCOUNT}/name/Fota").status_code == 400
