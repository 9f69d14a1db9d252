# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that nobody here wrote: Verizon's official SDK does all 18 operations on the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from support.simulator_client import ACCOUNT, UPGRADE, A, B, C, D
from thingspace_simulator import Simulator
from verizon.configuration import Configuration, Environment, Server
from verizon.exceptions.fota_v1_result_exception import FotaV1ResultException
from verizon.http.auth.thingspace_oauth import ThingspaceOauthCredentials
from verizon.http.auth.vz_m2m_token import VZM2mTokenCredentials
from verizon.models.firmware_upgrade_change_request import FirmwareUpgradeChangeRequest
from verizon.models.firmware_upgrade_request import FirmwareUpgradeRequest
from verizon.models.fota_v1_callback_registration_request import FotaV1CallbackRegistrationRequest
from verizon.models.log_in_request import LogInRequest
from verizon.models.v1_licenses_assigned_removed_request import V1LicensesAssignedRemovedRequest
from verizon.models.v1_list_of_licenses_to_remove_request import V1ListOfLicensesToRemoveRequest
from verizon.verizon_client import VerizonClient

SEED = {
    "credentials": {"app_key": "key", "app_secret": "app secret", "username": "user", "password": "pass word"},
    "accounts": {
        ACCOUNT: {
            "firmware": [{"firmware_name": "F", "from_version": "1.0", "to_version": "2.0"}],
            "devices": [{"imei": imei, "firmware": "1.0", "mdn": "5555550100"} for imei in (A, B, C, D)],
            "history": {
                D: [
                    {
                        "upgrade_id": UPGRADE,
                        "firmware_from": "0.9",
                        "firmware_to": "1.0",
                        "start_date": str(date.today() - timedelta(days=30)),
                        "upgrade_start_time": "2018-03-05T19:07:21Z",
                    }
                ]
            },
            "licenses": [A],
        }
    },
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(SEED) as simulator:
        yield simulator


@pytest.fixture
def sdk(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> VerizonClient:
    """The SDK, logged in through its own OAuth and session calls. Its servers are a table."""
    servers = {
        Server.OAUTH_SERVER: f"{sim.api_url}/ts/v1",
        Server.THINGSPACE: sim.api_url,
        Server.SOFTWARE_MANAGEMENT_V1: f"{sim.api_url}/fota/v1",
    }
    monkeypatch.setitem(Configuration.environments, Environment.PRODUCTION, servers)

    def client(session: str) -> VerizonClient:
        return VerizonClient(
            thingspace_oauth_credentials=ThingspaceOauthCredentials("key", "app secret"),
            vz_m2m_token_credentials=VZM2mTokenCredentials(session),
        )

    login = LogInRequest("user", "pass word")
    answer = client("none yet").session_management.start_connectivity_management_session(login)
    return client(answer.body.session_token)


def listed(upgrade: Any) -> dict[str, str]:
    return {item.device_id: item.status for item in upgrade.device_list}


def test_upgrades(sim: Simulator, sdk: VerizonClient) -> None:
    firmware = sdk.firmware_v1
    assert [item.to_version for item in firmware.list_available_firmware(ACCOUNT).body] == ["2.0"]
    order = FirmwareUpgradeRequest(ACCOUNT, "F", "2.0", date(2999, 1, 2), date(2999, 1, 3), [A, B])
    made = firmware.schedule_firmware_upgrade(order).body
    assert (made.status, made.start_date) == ("RequestPending", "2999-01-02")
    for status in ("RequestPending", "Queued"):
        assert firmware.list_firmware_upgrade_details(ACCOUNT, made.id).body.status == status
    changed = [
        firmware.update_firmware_upgrade_devices(ACCOUNT, made.id, FirmwareUpgradeChangeRequest(kind, devices)).body
        for kind, devices in (("append", [C]), ("remove", [A]))
    ]
    assert [(item.device_id, item.status, item.reason) for change in changed for item in change.device_list] == [
        (C, "AddDeviceSucceed", "Device added Successfully"),
        (A, "RemoveDeviceSucceed", "Device removed Successfully"),
    ]
    report = sdk.software_management_reports_v1.list_upgrades_for_specified_status(ACCOUNT, "Queued", "0").body
    assert [listed(item) for item in report.report_list] == [{B: "Device Accepted", C: "Device Accepted"}]
    assert (report.has_more_flag, report.last_seen_upgrade_id) == (False, 1)
    assert firmware.cancel_scheduled_firmware_upgrade(ACCOUNT, made.id).body.success is True
    with pytest.raises(FotaV1ResultException) as caught:
        firmware.list_firmware_upgrade_details(ACCOUNT, made.id)
    assert (caught.value.error_code, caught.value.error_message) == ("INVALID_PARAMETER", "Invalid upgradeId")
    put = next(record for record in sim.requests if record.operation == "modify")
    assert "content-type:*/*" in put.notes


def test_devices_and_reports(sdk: VerizonClient) -> None:
    reports = sdk.software_management_reports_v1
    page = reports.list_account_devices(ACCOUNT, "0").body
    assert [item.device_id for item in page.device_list] == sorted((A, B, C, D))
    assert {item.device_id for item in page.device_list if getattr(item, "license_assigned", False)} == {A}
    history = reports.get_device_firmware_upgrade_history(ACCOUNT, D).body
    assert [(row.firmware_to, row.status, row.reason) for row in history] == [("1.0", "UpgradeSuccess", "success")]
    subscription = sdk.software_management_subscriptions_v1.get_account_subscription_status(ACCOUNT).body
    assert (subscription.license_count, subscription.license_used_count) == (9000, 1)


def test_licenses(sdk: VerizonClient) -> None:
    licenses = sdk.software_management_licenses_v1
    assigned = licenses.assign_licenses_to_devices(ACCOUNT, V1LicensesAssignedRemovedRequest([A, D])).body
    assert [(item.status, item.reason) for item in assigned.device_list] == [
        ("LicenseAssignSuccess", "Device license preexisting"),
        ("LicenseAssignSuccess", "Success"),
    ]
    removed = licenses.remove_licenses_from_devices(ACCOUNT, V1LicensesAssignedRemovedRequest([A, B, D])).body
    assert [item.status for item in removed.device_list] == [
        "LicenseRemoveSuccess",
        "LicenseRemoveFailed",
        "LicenseRemoveFailed",
    ]
    assert removed.lic_used_count == 1
    status = sdk.software_management_subscriptions_v1.get_account_license_status(ACCOUNT, "0").body
    assert [item.device_id for item in status.device_list] == [D]
    licenses.create_list_of_licenses_to_remove(ACCOUNT, V1ListOfLicensesToRemoveRequest([A]))
    more = licenses.create_list_of_licenses_to_remove(ACCOUNT, V1ListOfLicensesToRemoveRequest([B], "append")).body
    assert (more.count, more.device_list) == (2, [A, B])
    assert licenses.list_licenses_to_remove(ACCOUNT, "0").body.device_list == [A, B]
    assert licenses.delete_list_of_licenses_to_remove(ACCOUNT).body.success is True
    nothing = licenses.list_licenses_to_remove(ACCOUNT, "0").body
    assert not getattr(nothing, "device_list", [])  # the SDK's models lose zeros and empty lists


def test_callbacks(sdk: VerizonClient) -> None:
    callbacks = sdk.software_management_callbacks_v1
    for url in ("https://old.example.org", "https://new.example.org"):
        wanted = FotaV1CallbackRegistrationRequest("Fota", url, "me", "word")
        assert callbacks.register_callback(ACCOUNT, wanted).body.service_name == "Fota"
    known = callbacks.list_registered_callbacks(ACCOUNT).body
    assert [(item.aname, item.url, item.username) for item in known] == [(ACCOUNT, "https://new.example.org", "me")]
    assert callbacks.deregister_callback(ACCOUNT, "Fota").body.success is True
    assert callbacks.list_registered_callbacks(ACCOUNT).body == []


def test_session_ends(sim: Simulator, sdk: VerizonClient) -> None:
    sdk.session_management.end_connectivity_management_session()
    with pytest.raises(FotaV1ResultException) as caught:
        sdk.firmware_v1.list_available_firmware(ACCOUNT)
    assert caught.value.error_code.endswith("SessionToken.Expired")
    assert [(record.operation, record.status) for record in sim.requests][-2:] == [("logout", 200), ("firmware", 400)]
