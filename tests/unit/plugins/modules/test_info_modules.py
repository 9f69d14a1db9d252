# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that read, against the simulator over real sockets: every page, one shape, and nothing that is half read."""

from __future__ import annotations

import json
import typing as t

import pytest
from support.run_module import run_module

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
UNKNOWN = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
MODULES = {
    "upgrade_info": "GET /reports",
    "firmware_info": "GET /firmware",
    "device_info": "GET /devices",
    "license_info": "GET /licenses",
    "subscription_info": "GET /subscriptions",
    "callback_info": "GET /callbacks",
}
PAGED = [module for module in MODULES if module in ("upgrade_info", "device_info", "license_info")]
FIRST = "001000000000000"


def numbered(count: int, first: str = FIRST) -> list[str]:
    return [f"{int(first) + number:015d}" for number in range(count)]


def ask(sim: Simulator, module: str, *, check: bool = False, **options: t.Any) -> Result:
    access, session = sim.tokens()
    told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url, "retry_timeout": 1}
    return run_module(module, {**told, **options}, check=check)


def asked(sim: Simulator) -> list[str]:
    """What was asked of the service, from behind the account on."""
    return [record.path.partition(ACCOUNT)[2] for record in sim.requests]


def seed(sim: Simulator, switches: dict[str, t.Any] | None = None, **account: t.Any) -> None:
    sim.load({"accounts": {ACCOUNT: account}, "switches": switches or {}})


# -- all of them


@pytest.mark.parametrize("module", MODULES)
def test_an_empty_account_in_check_mode_too(sim: Simulator, module: str) -> None:
    told = ask(sim, module)
    assert (told["failed"], told["changed"]) == (False, False)
    assert told == ask(sim, module, check=True)
    assert {record.method for record in sim.requests} == {"GET"}


@pytest.mark.parametrize("fault", [{"do": "drop_before"}, {"do": "truncated"}, {"do": "status", "status": 429}, {"do": "html", "status": 502}])
@pytest.mark.parametrize("module", MODULES)
def test_reads_are_tried_again(sim: Simulator, module: str, fault: dict[str, t.Any]) -> None:
    calm = ask(sim, module)
    sim.fault(MODULES[module], times=2, **fault)
    told = ask(sim, module)
    assert told.pop("requests") == calm.pop("requests") + 2
    assert told == calm


@pytest.mark.parametrize("body", ['"text"', "1", "[1]", '[{"a": 1}, null]', "<html></html>", "[" * 50])
@pytest.mark.parametrize("module", MODULES)
def test_an_answer_that_means_nothing(sim: Simulator, module: str, body: str) -> None:
    sim.fault(MODULES[module], do="status", status=200, body=body, times=None)
    told = ask(sim, module, retry_timeout=0)
    assert told["error"]["kind"] == "service"
    assert not {"upgrades", "firmware", "devices", "subscription", "callbacks"} & told.keys()


@pytest.mark.parametrize("module", PAGED)
def test_a_page_without_a_list_is_an_error(sim: Simulator, module: str) -> None:
    sim.fault(MODULES[module], do="status", status=200, body={"reportList": 1, "deviceList": 1})
    assert ask(sim, module)["error"]["kind"] == "service"


@pytest.mark.parametrize("kind", ["session_token", "access_token"])
@pytest.mark.parametrize("module", MODULES)
def test_tokens_that_have_ended(sim: Simulator, module: str, kind: str) -> None:
    sim.fault(MODULES[module], do="expired_session" if kind == "session_token" else "expired_bearer")
    assert ask(sim, module)["error"]["kind"] == kind


@pytest.mark.parametrize("module", MODULES)
def test_an_account_of_somebody_else(sim: Simulator, module: str) -> None:
    assert ask(sim, module, account="0000000000-00009")["error"]["kind"] == "forbidden"
    assert ask(sim, module, account=402196254)["error"]["kind"] == "input"


@pytest.mark.parametrize("module", PAGED)
def test_a_cursor_that_stands_still_is_an_error(sim: Simulator, module: str) -> None:
    page = {"hasMoreFlag": True, "hasMoreData": True, "lastSeenUpgradeId": 7, "lastSeenDeviceId": 7, "reportList": [], "deviceList": []}
    sim.fault(MODULES[module], do="status", status=200, body=page, times=None)
    told = ask(sim, module)
    assert told["error"]["kind"] == "service"
    assert "does not end" in told["msg"]
    assert told["requests"] == 2


@pytest.mark.parametrize("module", PAGED)
def test_more_without_a_cursor_is_an_error(sim: Simulator, module: str) -> None:
    sim.fault(MODULES[module], do="status", status=200, body={"hasMoreFlag": True, "hasMoreData": True}, times=None)
    told = ask(sim, module)
    assert (told["error"]["kind"], told["requests"]) == ("service", 1)


@pytest.mark.parametrize("module", PAGED)
def test_a_page_that_cannot_be_read_fails_the_whole(sim: Simulator, module: str) -> None:
    devices = numbered(5)
    seed(sim, {"device_page_size": 2, "report_page_size": 2}, devices=devices, licenses=devices)
    for dummy in range(5):
        sim.add_upgrade()
    sim.fault(MODULES[module], do="truncated", nth=3, times=None)
    told = ask(sim, module)
    assert told["error"]["kind"] in ("service", "unreachable")
    assert not {"upgrades", "devices"} & told.keys()


@pytest.mark.parametrize("module", PAGED)
def test_a_cursor_that_moves_on_and_brings_the_same_again_is_an_error(sim: Simulator, module: str) -> None:
    rows = [{"id": UNKNOWN, "status": "Queued", "deviceId": FIRST}]
    for number in range(1, 9):
        page = {"hasMoreFlag": True, "hasMoreData": True, "lastSeenUpgradeId": number, "lastSeenDeviceId": number, "reportList": rows, "deviceList": rows}
        sim.fault(MODULES[module], do="status", status=200, body=page, nth=number)
    told = ask(sim, module)
    assert (told["error"]["kind"], told["requests"]) == ("service", 2)
    assert "only what was given before" in told["msg"]


# -- upgrade_info


def test_what_the_service_tells_under_a_name_of_ours_is_kept_beside_it(sim: Simulator) -> None:
    device = {"deviceId": FIRST, "device_id": "x", "status": "Device Rejected", "Reason": "No.", "resultReason": "Not known."}
    row = {"id": UNKNOWN, "status": "Queued", "deviceCount": 7, "account": "another", "accountName": ACCOUNT, "upgradeId": "y", "deviceList": [device]}
    sim.fault("GET /upgrades", do="status", status=200, body=row)
    [upgrade] = ask(sim, "upgrade_info", upgrade_id=UNKNOWN, include_devices=True)["upgrades"]
    assert {name: upgrade[name] for name in ("device_count", "service_device_count", "account", "service_account", "upgrade_id", "service_upgrade_id")} == {
        "device_count": 1,
        "service_device_count": 7,
        "account": ACCOUNT,
        "service_account": "another",
        "upgrade_id": UNKNOWN,
        "service_upgrade_id": "y",
    }
    assert upgrade["devices"] == [{"device_id": FIRST, "service_device_id": "x", "status": "Device Rejected", "reason": "No.", "result_reason": "Not known."}]
    sim.fault("GET /devices", do="status", status=200, body={"deviceList": [{"device_id": "x", "deviceId": FIRST, "account": "y", "accountName": ACCOUNT}]})
    [told] = ask(sim, "device_info")["devices"]
    assert told == {"device_id": FIRST, "service_device_id": "x", "account": ACCOUNT, "service_account": "y"}


def test_upgrades_by_status_have_one_shape(sim: Simulator) -> None:
    made = sim.add_upgrade(devices=numbered(3), rejected={"990013907835573": "Device not found."}, start_date="2030-04-01", end_date="2030-04-08")
    sim.add_upgrade(status="Finished")
    [upgrade] = ask(sim, "upgrade_info")["upgrades"]
    assert upgrade == {
        "upgrade_id": made.id,
        "account": ACCOUNT,
        "firmware_name": "Firmware",
        "firmware_to": "2.0",
        "start_date": "2030-04-01",
        "end_date": "2030-04-08",
        "status": "Queued",
        "device_count": 4,
        "devices_by_status": {"Device Accepted": 3, "Device Rejected": 1},
    }
    [whole] = ask(sim, "upgrade_info", upgrade_id=made.id.upper(), include_devices=True)["upgrades"]
    devices = whole.pop("devices")
    assert whole == upgrade
    assert [device["device_id"] for device in devices] == [*numbered(3), "990013907835573"]
    assert devices[0] == {"device_id": FIRST, "status": "Device Accepted", "reason": "success"}
    assert devices[-1]["reason"] == "Device not found."


@pytest.mark.parametrize(("size", "pages"), [(1, 5), (2, 3), (4, 2), (5, 1), (100, 1)])
def test_every_page_of_the_report_is_read(sim: Simulator, size: int, pages: int) -> None:
    sim.misbehave(report_page_size=size)
    made = [sim.add_upgrade(status="Finished", start_date="-9", end_date="-1").id for dummy in range(5)]
    told = ask(sim, "upgrade_info", status=["Finished"])
    assert [upgrade["upgrade_id"] for upgrade in told["upgrades"]] == made
    # More than one page: until two passes agree, since rows may move between two reads.
    assert told["requests"] == (pages if pages == 1 else 2 * pages)
    assert len({record.connection for record in sim.requests}) == 1


def test_a_report_whose_flag_has_the_other_name_is_read_to_its_end(sim: Simulator) -> None:
    row = {"id": UNKNOWN, "status": "Queued", "deviceList": None}
    sim.fault("GET /reports", do="status", status=200, body={"hasMoreData": True, "lastSeenUpgradeId": 1, "reportList": [row]})
    sim.add_upgrade(upgrade_id=UNKNOWN)
    later = sim.add_upgrade()
    told = ask(sim, "upgrade_info", status=["Queued"])
    assert [upgrade["upgrade_id"] for upgrade in told["upgrades"]] == [UNKNOWN, later.id]


def test_an_upgrade_that_moves_between_two_reads_is_listed_once(sim: Simulator) -> None:
    sim.misbehave(pending_reads=1)
    moving, other = sim.add_upgrade(status="Queued"), sim.add_upgrade(status="Queued")
    sim.fault("GET /reports", do="start_upgrade", nth=3, upgrade_id=moving.id)
    told = ask(sim, "upgrade_info", status=["InProgress", "Queued", "RequestPending"])
    # Whatever the order in which they are asked for, statuses are read in the order of an upgrade's life.
    assert [path.split("/")[2] for path in asked(sim)] == ["RequestPending", "Queued", "InProgress"]
    assert [(upgrade["upgrade_id"], upgrade["status"]) for upgrade in told["upgrades"]] == [(other.id, "Queued"), (moving.id, "InProgress")]


@pytest.mark.parametrize("status", ["400", "404"])
def test_an_unknown_upgrade_is_an_empty_list(sim: Simulator, status: str) -> None:
    sim.misbehave(unknown_upgrade=status)
    told = ask(sim, "upgrade_info", upgrade_id=UNKNOWN)
    assert (told["failed"], told["upgrades"]) == (False, [])


def test_an_address_without_the_service_is_no_empty_list(sim: Simulator) -> None:
    told = ask(sim, "upgrade_info", upgrade_id=UNKNOWN, api_url=f"{sim.api_url}/elsewhere")
    assert told["error"]["kind"] == "service"


@pytest.mark.parametrize(
    "options",
    [{"upgrade_id": "x/../y"}, {"upgrade_id": ""}, {"upgrade_id": UNKNOWN, "status": ["Queued"]}, {"status": ["Cancelled"]}],
    ids=str,
)
def test_what_cannot_be_meant_of_upgrades(sim: Simulator, options: dict[str, t.Any]) -> None:
    assert ask(sim, "upgrade_info", **options)["error"]["kind"] == "input"
    assert sim.requests == []


@pytest.mark.parametrize(("form", "told"), [("date", "2030-04-01"), ("datetime", "2030-04-01T00:00:00Z")])
def test_dates_whatever_their_form(sim: Simulator, form: str, told: str) -> None:
    sim.misbehave(date_format=form, end_date_shown=False)
    sim.add_upgrade(start_date="2030-04-01")
    [upgrade] = ask(sim, "upgrade_info")["upgrades"]
    assert (upgrade["start_date"], upgrade["end_date"]) == (told, None)


def test_what_nobody_knows_is_kept(sim: Simulator) -> None:
    row = {
        "id": UNKNOWN,
        "status": "On Hold",
        "holdReason": {"createTime": "2021-06-03 00:03:56.079 +0000 UTC"},
        "deviceList": [{"deviceId": FIRST, "status": "Device Asleep", "resultReason": "night", "lastSeenTime": "2030-01-01T00:00:00.000Z"}, {"deviceId": "2"}],
    }
    sim.fault("GET /upgrades", do="status", status=200, body=row)
    [upgrade] = ask(sim, "upgrade_info", upgrade_id=UNKNOWN, include_devices=True)["upgrades"]
    assert (upgrade["status"], upgrade["account"]) == ("On Hold", ACCOUNT)
    assert upgrade["hold_reason"] == {"create_time": "2021-06-03T00:03:56.079Z"}
    assert upgrade["devices_by_status"] == {"": 1, "Device Asleep": 1}
    assert upgrade["devices"] == [
        {"device_id": FIRST, "status": "Device Asleep", "reason": "night", "last_seen_time": "2030-01-01T00:00:00Z"},
        {"device_id": "2", "status": "", "reason": ""},
    ]


def test_an_upgrade_of_three_thousand_devices(sim: Simulator) -> None:
    made = sim.add_upgrade(devices=[{"first": FIRST, "count": 3000}])
    [upgrade] = ask(sim, "upgrade_info", include_devices=True)["upgrades"]
    assert upgrade["upgrade_id"] == made.id
    assert upgrade["device_count"] == 3000
    assert [device["device_id"] for device in upgrade["devices"]] == numbered(3000)


# -- firmware_info


def test_firmware(sim: Simulator) -> None:
    seed(sim, firmware=[{"firmware_name": "F2", "from_version": "1", "to_version": "2"}, {"firmware_name": "F1", "to_version": "1"}])
    told = ask(sim, "firmware_info")["firmware"]
    assert [item["firmware_name"] for item in told] == ["F2", "F1"]
    assert told[0] == {
        "firmware_name": "F2",
        "participant_name": "Participant",
        "launch_date": "2018-04-01T16:03:00Z",
        "release_note": "",
        "model": "Model",
        "make": "Make",
        "from_version": "1",
        "to_version": "2",
    }


# -- device_info


@pytest.mark.parametrize("size", [1, 3, 7, 999, 1000])
def test_every_page_of_devices_is_read_with_their_leading_zeros(sim: Simulator, size: int) -> None:
    count = 3 * size if size < 10 else 3000
    seed(sim, {"device_page_size": size}, devices=[{"first": FIRST, "count": count}])
    told = ask(sim, "device_info")
    assert [device["device_id"] for device in told["devices"]] == numbered(count)
    assert told["missing"] == []
    # The cursor came as a number of 13 digits.
    assert asked(sim)[:2] == ["/index/0", f"/index/{int(FIRST) + size - 1:015d}"]
    assert told["requests"] == -(-count // size)
    assert len({record.connection for record in sim.requests}) == 1


def test_a_device_has_plain_names_and_dates(sim: Simulator) -> None:
    seed(
        sim,
        devices=[
            {"imei": FIRST, "mdn": "5102250123", "firmware": "1.0", "upgrade_time": "2021-06-03 00:03:56.079 +0000 UTC"},
            {"imei": "990003425730535", "client_type": "LWM2M"},
        ],
        licenses=[FIRST],
    )
    first, second = ask(sim, "device_info")["devices"]
    assert first == {
        "device_id": FIRST,
        "mdn": "5102250123",
        "model": "Model",
        "make": "Make",
        "firmware": "1.0",
        "fota_eligible": True,
        "license_assigned": True,
        "upgrade_time": "2021-06-03T00:03:56.079Z",
    }
    assert second["upgrade_time"] == "1900-01-01T00:00:00Z"
    assert ask(sim, "device_info", client_type="LWM2M")["devices"] == [second]
    assert ask(sim, "device_info", client_type="OMADM")["devices"] == [first]


def test_the_kind_of_client_is_asked_on_every_page(sim: Simulator) -> None:
    seed(sim, {"device_page_size": 1}, devices=[{"imei": device, "client_type": "LWM2M"} for device in numbered(3)])
    assert len(ask(sim, "device_info", client_type="LWM2M")["devices"]) == 3
    assert [record.query for record in sim.requests] == ["clientType=LWM2M"] * 3


def test_a_few_devices(sim: Simulator) -> None:
    seed(sim, {"device_page_size": 10}, devices=[{"first": FIRST, "count": 100}])
    wanted = [numbered(100)[14], numbered(100)[3]]
    told = ask(sim, "device_info", devices=[*wanted, f" {wanted[0]} "])
    assert [device["device_id"] for device in told["devices"]] == sorted(wanted)
    assert (told["missing"], told["requests"]) == ([], 2)
    told = ask(sim, "device_info", devices=[wanted[0], "990013907835573"], include_history=True)
    assert [device["device_id"] for device in told["devices"]] == [wanted[0]]
    assert (told["missing"], told["requests"]) == (["990013907835573"], 11)
    assert ask(sim, "device_info", devices=[])["devices"] == []


def test_history(sim: Simulator) -> None:
    row = {
        "upgrade_id": UNKNOWN,
        "firmware_from": "1",
        "firmware_to": "2",
        "start_date": str(sim.clock.today()),
        "upgrade_start_time": "2018-03-05T19:07:21.500Z",
    }
    seed(sim, devices=numbered(2), history={FIRST: [row]})
    told = ask(sim, "device_info", devices=numbered(2), include_history=True)
    assert told["devices"][0]["history"] == [
        {
            "device_id": FIRST,
            "upgrade_id": UNKNOWN,
            "account": ACCOUNT,
            "firmware_from": "1",
            "firmware_to": "2",
            "start_date": str(sim.clock.today()),
            "upgrade_start_time": "2018-03-05T19:07:21.5Z",
            "status": "UpgradeSuccess",
            "reason": "success",
        }
    ]
    assert told["devices"][1]["history"] == []
    assert len({record.connection for record in sim.requests}) == 1


@pytest.mark.parametrize("options", [{"include_history": True}, {"devices": ["1234"]}, {"devices": ["9.9E+14"]}, {"client_type": "omadm"}], ids=str)
def test_what_cannot_be_meant_of_devices(sim: Simulator, options: dict[str, t.Any]) -> None:
    assert ask(sim, "device_info", **options)["error"]["kind"] == "input"
    assert sim.requests == []


# -- license_info and subscription_info


@pytest.mark.parametrize("paging", ["offset", "imei"])
@pytest.mark.parametrize("size", [1, 2, 7, 999, 1000])
def test_every_page_of_licenses_is_read(sim: Simulator, size: int, paging: str) -> None:
    count = 2 * size + 1 if size < 10 else 3000
    seed(sim, {"device_page_size": size, "license_paging": paging}, licenses=[{"first": FIRST, "count": count}])
    sim.service.account(ACCOUNT).candidates = list(reversed(numbered(count)))
    told = ask(sim, "license_info", include_candidates=True)
    assert (told["total_licenses"], told["assigned_licenses"]) == (9000, count)
    assert [device["device_id"] for device in told["devices"]] == numbered(count)
    assert told["devices"][0]["assignment_time"] == "2018-03-02T16:03:06Z"
    assert told["cancellation_candidates"] == list(reversed(numbered(count)))
    assert told["requests"] == 2 * -(-count // size)


def test_candidates_are_told_when_asked_for(sim: Simulator) -> None:
    told = ask(sim, "license_info")
    assert not {"cancellation_candidates", "cancellation_candidates_update_time"} & told.keys()
    told = ask(sim, "license_info", include_candidates=True)
    assert (told["cancellation_candidates"], told["cancellation_candidates_update_time"]) == ([], None)
    sim.service.account(ACCOUNT).candidates_time = "2021-06-03 00:03:56.079 +0000 UTC"
    assert ask(sim, "license_info", include_candidates=True)["cancellation_candidates_update_time"] == "2021-06-03T00:03:56.079Z"


@pytest.mark.parametrize("answer", ["repeated", "alternating", "empty"])
@pytest.mark.parametrize("module", [*PAGED, "candidates"])
def test_a_list_that_never_ends_is_an_error(sim: Simulator, module: str, answer: str) -> None:
    devices = numbered(5)
    seed(sim, {"device_page_size": 2, "report_page_size": 2, "pages": answer}, devices=devices, licenses=devices)
    sim.service.account(ACCOUNT).candidates = devices
    for dummy in range(5):
        sim.add_upgrade(status="Queued")
    if module == "candidates":
        # The licenses before them do end.
        page = {"hasMoreData": False, "deviceList": [], "assignedLicenses": 0, "totalLicenses": 9}
        sim.fault(f"GET /licenses/{ACCOUNT}/index", do="status", status=200, body=page, times=None)
        told = ask(sim, "license_info", include_candidates=True)
    else:
        told = ask(sim, module)
    assert (told["error"]["kind"], told["changed"]) == ("service", False)
    assert "does not end" in told["msg"]
    assert told["requests"] < 10
    assert "devices" not in told


@pytest.mark.parametrize("flag", ["number", "letter"])
@pytest.mark.parametrize("module", [*PAGED, "candidates"])
def test_a_flag_that_is_neither_true_nor_false_cuts_no_list(sim: Simulator, module: str, flag: str) -> None:
    devices = numbered(5)
    seed(sim, {"device_page_size": 2, "report_page_size": 2, "more_flag": flag}, devices=devices, licenses=devices)
    sim.service.account(ACCOUNT).candidates = devices
    for dummy in range(5):
        sim.add_upgrade(status="RequestPending")
    told = ask(sim, "license_info", include_candidates=True) if module == "candidates" else ask(sim, module)
    assert told["error"]["kind"] == "service"
    assert "not true or false" in told["msg"]


def test_candidates_that_the_service_counts_and_does_not_list_are_an_error(sim: Simulator) -> None:
    body = {"count": 3, "hasMoreData": False, "deviceList": numbered(2)}
    sim.fault(f"GET /licenses/{ACCOUNT}/cancel", do="status", status=200, body=body, times=None)
    told = ask(sim, "license_info", include_candidates=True)
    assert told["error"]["kind"] == "service"
    assert "3 cancellation candidates and lists 2" in told["msg"]


@pytest.mark.parametrize("assigned", [5, "5"])
def test_licenses_that_the_service_counts_and_does_not_list_are_told(sim: Simulator, assigned: t.Any) -> None:
    page = {"assignedLicenses": assigned, "totalLicenses": 9, "hasMoreData": False, "deviceList": [{"deviceId": device} for device in numbered(3)]}
    sim.fault("GET /licenses", do="status", status=200, body=page, times=None)
    told = ask(sim, "license_info")
    assert (told["failed"], len(told["devices"])) == (False, 3)
    assert any("5 licenses are assigned and lists 3" in warning for warning in told["warnings"])


def test_candidates_without_an_end_are_an_error(sim: Simulator) -> None:
    path = f"GET /licenses/{ACCOUNT}/cancel"
    sim.fault(path, do="status", status=200, body={"hasMoreData": True, "deviceList": None}, times=None)
    told = ask(sim, "license_info", include_candidates=True)
    assert told["error"]["kind"] == "service"
    assert "does not end" in told["msg"]
    assert "devices" not in told


@pytest.mark.parametrize("item", [1, {"assignmentTime": "x"}, {"deviceId": 990003425730535}], ids=str)
def test_a_license_without_a_device_is_an_error(sim: Simulator, item: object) -> None:
    sim.fault("GET /licenses", do="status", status=200, body={"deviceList": [item]})
    assert ask(sim, "license_info")["error"]["kind"] == "service"


def test_the_subscription(sim: Simulator) -> None:
    seed(sim, licenses=numbered(2), subscription={"purchase_type": "TS-HFOTA-MRC", "license_count": 10})
    assert ask(sim, "subscription_info")["subscription"] == {
        "account": ACCOUNT,
        "purchase_type": "TS-HFOTA-MRC",
        "license_count": 10,
        "license_used_count": 2,
        "update_time": "2018-03-02T16:03:06Z",
    }


# -- callback_info


def test_credentials_of_a_listener_stay_where_they_are(sim: Simulator) -> None:
    url = "https://inside-user:inside-word@listener.example.com/fota?site=7&apikey=inside-key"
    seed(sim, callbacks={"Fota": {"url": url, "username": "hook-user", "password": "hook-word"}, "Bare": {"url": "https://listener.example.com/"}})
    told = ask(sim, "callback_info")
    assert told["callbacks"] == [
        {
            "account": ACCOUNT,
            "name": "Fota",
            "url": "https://********@listener.example.com/fota?site=********&apikey=********",
            "username_set": True,
            "password_set": True,
        },
        {"account": ACCOUNT, "name": "Bare", "url": "https://listener.example.com/", "username_set": False, "password_set": False},
    ]
    assert "hook-" not in json.dumps(told)
    assert "inside-" not in json.dumps(told)
    sim.misbehave(callback_credentials="hidden")
    assert ask(sim, "callback_info")["callbacks"][0]["password_set"] is False


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("//inside:word@listener.example.com/", "//********@listener.example.com/"),
        ("https://inside@listener.example.com:8443", "https://********@listener.example.com:8443"),
        ("https://listener.example.com/a/b", "https://listener.example.com/a/b"),
        ("https://listener.example.com/a@b", "https://********@b"),
        ("https://inside:in/side@h.example.com/x", "https://********@h.example.com/x"),
        ("inside:inside@h.example.com/cb", "********@h.example.com/cb"),
        ("https:inside:inside@h.example.com/cb", "********@h.example.com/cb"),
        ("https://inside:in?side@h.example.com/cb", "https://********"),
        ("https://h/cb?x=https://u:inside@inside", "https://********"),
        ("https://h/cb;token=a@inside", "https://********"),
        ("https://listener.example.com/?TOKEN=inside&site=7#here", "https://listener.example.com/?TOKEN=********&site=********#********"),
        ("https://h/invoke?api-version=1&sp=%2F&sig=inside", "https://h/invoke?api-version=********&sp=********&sig=********"),
        ("https://h/cb?a=1;hmac=inside", "https://h/cb?a=********;hmac=********"),
        ("https://h/cb;token=in/side;inside", "https://h/cb;token=********;********"),
        ("https://h/cb#access_token=inside", "https://h/cb#********"),
        ("https://h/cb?inside", "https://h/cb?********"),
        ("https://h/cb?inside==", "https://h/cb?********"),
        ("https://h/cb?#", "https://h/cb?"),
    ],
)
def test_the_address_of_a_listener(sim: Simulator, url: str, told: str) -> None:
    sim.fault("GET /callbacks", do="status", status=200, body=[{"name": "Fota", "url": url}])
    assert ask(sim, "callback_info")["callbacks"][0]["url"] == told


def test_fields_that_may_hold_credentials_are_kept_back(sim: Simulator) -> None:
    listener = {
        "name": "Fota",
        "userName": "",
        "authHeader": "hook-1",
        "more": [{"clientSecret": "hook-2", "retryCount": 3}],
        "createTime": "01/01/1900 0:0:0",
    }
    sim.fault("GET /callbacks", do="status", status=200, body=[listener])
    told = ask(sim, "callback_info")
    assert told["callbacks"] == [
        {
            "name": "Fota",
            "user_name_set": False,
            "auth_header_set": True,
            "more": [{"client_secret_set": True, "retry_count": 3}],
            "create_time": "1900-01-01T00:00:00Z",
            "username_set": False,
            "password_set": False,
        }
    ]
    assert "hook-" not in json.dumps(told)


@pytest.mark.parametrize(
    "body", ['[{"name":"Fota","username":"hook-user","password":"hook-word"', 'name: Fota\npassword: "hook-word"', '["hook-word"]', "hook-word (GET x)"]
)
def test_an_answer_that_cannot_be_read_shows_no_credentials(sim: Simulator, body: str) -> None:
    sim.fault("GET /callbacks", do="status", status=200, body=body, times=None)
    told = ask(sim, "callback_info", retry_timeout=0)
    assert (told["error"]["kind"], told["error"]["status"]) in (("service", 200), ("service", None))
    assert "hook-" not in json.dumps(told)


def test_rows_that_move_up_while_pages_are_read_hide_no_upgrade(sim: Simulator) -> None:
    ids = [f"60b5d639-ccdc-4db8-8824-0000000000{number:02}" for number in range(4)]

    def page(*numbers: int, more: bool) -> dict[str, t.Any]:
        rows = [{"id": ids[number], "status": "Queued", "deviceList": []} for number in numbers]
        return {"hasMoreFlag": more, "lastSeenUpgradeId": 2, "reportList": rows}

    # Upgrade 0 starts after the first page: upgrade 2 moves up to where nobody looks any more.
    passes = [page(0, 1, more=True), page(3, more=False), page(1, 2, more=True), page(3, more=False), page(1, 2, more=True), page(3, more=False)]
    for number, body in enumerate(passes):
        sim.fault("GET /reports", nth=number + 1, do="status", status=200, body=body)
    told = ask(sim, "upgrade_info", status=["Queued"])
    assert [upgrade["upgrade_id"] for upgrade in told["upgrades"]] == ids[1:]


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_upgrade_that_check_mode_has_predicted_is_nothing_to_show(sim: Simulator, nothing: str) -> None:
    sim.add_upgrade()
    access, session = sim.tokens()
    options = {"account": "0402196254-00001", "access_token": access, "session_token": session, "api_url": sim.api_url, "upgrade_id": nothing}
    shown = run_module("upgrade_info", options, check=True)
    assert (shown["upgrades"], len(shown["warnings"])) == ([], 1)
    assert run_module("upgrade_info", options)["error"]["kind"] == "input"


@pytest.mark.parametrize("module", ["license_info", "device_info", "subscription_info"])
@pytest.mark.parametrize("body", [{}, {"errorCode": "X", "errorMessage": "no"}])
def test_what_is_no_answer_is_no_empty_list(sim: Simulator, module: str, body: object) -> None:
    sim.fault("GET /", do="status", status=200, body=body, times=None)
    access, session = sim.tokens()
    options = {"account": "0402196254-00001", "access_token": access, "session_token": session, "api_url": sim.api_url}
    assert run_module(module, options)["error"]["kind"] == "service"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (500, {"errorCode": "X.Y", "errorMessage": "cannot marshal {Fota hook-user hook-word} (GET x)"}, "service", "X.Y"),
        (400, {"errorCode": "X.Y", "errorMessage": "hook-word (GET x)"}, "service", "X.Y"),
        (400, {"errorCode": "A.SessionToken.Expired", "errorMessage": "The session has expired: hook-word"}, "session_token", "A.SessionToken.Expired"),
        (401, {"fault": {"code": 900901, "message": "hook-word"}}, "access_token", "900901"),
        (400, {"error": "cannot use hook-word", "error_description": "hook-user"}, "service", None),
        (502, "<html><title>hook-word</title></html>", "service", None),
        (302, "hook-word", "service", None),
    ],
)
def test_a_failed_question_for_listeners_keeps_its_kind_and_no_text(sim: Simulator, status: int, body: t.Any, kind: str, code: str | None) -> None:
    sim.fault("GET /callbacks", do="status", status=status, body=body, times=None)
    told = ask(sim, "callback_info", retry_timeout=0)
    assert (told["error"]["kind"], told["error"]["status"], told["error"]["code"]) == (kind, status, code)
    assert "hook-" not in json.dumps(told)
    assert f"HTTP {status}" in told["msg"]
    assert ("log in again" in told["msg"]) is (kind == "session_token")


def test_licenses_of_several_pages_that_are_fewer_than_counted_are_read_again(sim: Simulator) -> None:
    devices = numbered(5)
    seed(sim, {"device_page_size": 2}, devices=devices, licenses=devices)
    page = {"assignedLicenses": 5, "totalLicenses": 9, "hasMoreData": False, "deviceList": [{"deviceId": devices[4]}]}
    # A license taken away between two reads moves the rows up: the device at the border was in no page.
    sim.fault("GET /licenses", do="status", status=200, body=page, nth=2)
    told = ask(sim, "license_info")
    assert [device["device_id"] for device in told["devices"]] == devices
    assert told["requests"] == 2 + 3
    assert told["more"] == {"account": ACCOUNT}
