# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``license`` against the simulator over real sockets: who has a license, which upgrades that costs, who loses one first."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._apply import candidates
from ansible_collections.thingspace.fota.plugins.module_utils._clock import Backoff
from support.run_module import run_module, tracebacks

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
FIRST = 1000000000000


def imeis(*numbers: int) -> list[str]:
    """IMEIs with leading zeros."""
    return [f"{FIRST + number:015d}" for number in numbers]


class Pool:
    """The licenses of one account, and the task that works on them."""

    def __init__(self, sim: Simulator, licensed: t.Iterable[int] = (), count: int = 100, **account: t.Any) -> None:
        sim.load({"accounts": {ACCOUNT: {"licenses": imeis(*licensed), "subscription": {"license_count": count}, **account}}})
        self.sim = sim

    def run(self, *devices: int, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        access, session = self.sim.tokens()
        told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": self.sim.api_url}
        result = run_module("license", {**told, "devices": imeis(*devices), "imei_check": "none", "retry_timeout": 2, **options}, check=check, diff=diff)
        assert not [token for token in (access, session) if token in json.dumps(result)]
        return result

    @property
    def _account(self) -> t.Any:
        return self.sim.service.world.accounts[ACCOUNT]

    @property
    def licensed(self) -> set[int]:
        return {int(device) - FIRST for device in self._account.licenses}

    @property
    def candidates(self) -> set[int]:
        return {int(device) - FIRST for device in self._account.candidates}

    @property
    def operations(self) -> str:
        return " ".join(record.operation for record in self.sim.requests)


@pytest.mark.parametrize(
    ("state", "declared", "after", "operations"),
    [
        ("present", (2, 3, 4), {0, 1, 2, 3, 4}, "licenses assign licenses"),
        ("absent", (2, 3), {0, 1}, "licenses by_status by_status remove licenses"),
        ("exact", (1, 2, 3), {1, 2, 3}, "licenses by_status by_status remove assign licenses"),
        ("present", (), {0, 1, 2}, "licenses"),
        ("absent", (3,), {0, 1, 2}, "licenses"),
        ("exact", (0, 1, 2), {0, 1, 2}, "licenses"),
    ],
)
def test_check_change_again_undo_again(sim: Simulator, state: str, declared: tuple[int, ...], after: set[int], operations: str) -> None:
    pool = Pool(sim, (0, 1, 2))
    predicted = pool.run(*declared, state=state, check=True, diff=True)
    assert sim.writes == []
    sim.service.log.records.clear()
    done = pool.run(*declared, state=state, diff=True)
    assert pool.licensed == after
    assert pool.operations == operations
    assert done["requests"] == len(operations.split())
    for result in (predicted, done):
        result.pop("requests")
    assert predicted == done
    assert done["changed"] == (after != {0, 1, 2})
    assert done["added"] == imeis(*sorted(after - {0, 1, 2}))
    assert done["removed"] == imeis(*sorted({0, 1, 2} - after))
    assert (done["total_licenses"], done["assigned_licenses"], done["after_count"]) == (100, len(after), len(after))
    again = pool.run(*declared, state=state)
    assert (again["changed"], again["requests"]) == (False, 1)
    undone = pool.run(0, 1, 2, state="exact", max_removal_percent=100)
    assert pool.licensed == {0, 1, 2}
    assert undone["changed"] == done["changed"]
    assert pool.run(0, 1, 2, state="exact")["changed"] is False


@pytest.mark.parametrize("paging", ["offset", "imei"])
def test_pages_leading_zeros_and_many_devices(sim: Simulator, paging: str) -> None:
    pool = Pool(sim, range(2500), count=5000)
    sim.misbehave(license_paging=paging)
    result = pool.run(*range(500, 3000), state="exact", diff=True)
    assert pool.licensed == set(range(500, 3000))
    assert result["msg"] == "500 added, 500 removed, 2000 unchanged, 0 rejected"
    assert result["diff"]["before_header"] == f"licenses of {ACCOUNT}"
    assert result["diff"]["after"].splitlines()[0] == "2500 devices"
    assert result["added"][0] == "001000000002500"


def test_the_whole_pool_changes_hands(sim: Simulator) -> None:
    pool = Pool(sim, (0, 1, 2), count=3)
    result = pool.run(3, 4, 5, state="exact")
    assert result["failed"] is False
    assert pool.licensed == {3, 4, 5}


# -- rails


@pytest.mark.parametrize(
    ("options", "devices", "text"),
    [
        ({"state": "exact"}, (), "allow_empty"),
        ({"state": "exact"}, range(5), "max_removal_percent"),
        ({"state": "absent", "max_removals": 2}, range(3), "max_removals"),
    ],
)
def test_rails(sim: Simulator, options: dict[str, t.Any], devices: t.Iterable[int], text: str) -> None:
    pool = Pool(sim, range(10))
    for check in (True, False):
        result = pool.run(*devices, check=check, **options)
        assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "rail", False)
        assert text in result["msg"]
    assert sim.writes == []


# -- upgrades that a removal cancels


def with_upgrades(sim: Simulator) -> tuple[Pool, str, str]:
    pool = Pool(sim, range(6))
    sim.misbehave(pending_reads=1000)
    first = sim.add_upgrade(devices=imeis(0, 1, 2), firmware_name="One", start_date="2099-01-01").id
    second = sim.add_upgrade(devices=imeis(2, 3), rejected={imeis(5)[0]: "no"}, firmware_name="Two", start_date="2099-02-01", status="RequestPending").id
    sim.add_upgrade(devices=imeis(0, 1), status="InProgress")
    return pool, first, second


def test_cancelling_upgrades_is_refused_then_allowed(sim: Simulator) -> None:
    pool, first, second = with_upgrades(sim)
    for check in (True, False):
        refused = pool.run(1, 2, 4, state="absent", check=check)
        assert (refused["error"]["kind"], refused["changed"], refused["removed"]) == ("rail", False, [])
        assert first in refused["msg"]
        assert "allow_cancelling_upgrades" in refused["msg"]
        assert [(item["upgrade_id"], item["devices"]) for item in refused["cancelled_upgrades"]] == [(first, imeis(1, 2)), (second, imeis(2))]
    assert sim.writes == []
    assert len(sim.members(first)) == 3
    predicted = pool.run(1, 2, 4, state="absent", allow_cancelling_upgrades=True, check=True, diff=True)
    done = pool.run(1, 2, 4, state="absent", allow_cancelling_upgrades=True, diff=True)
    assert pool.licensed == {0, 3, 5}
    assert sim.members(first) == set(imeis(0))
    assert predicted["cancelled_upgrades"] == done["cancelled_upgrades"]
    assert done["cancelled_upgrades"][0] == {
        "upgrade_id": first,
        "firmware_name": "One",
        "start_date": "2099-01-01",
        "device_count": 2,
        "devices": imeis(1, 2),
    }
    assert done["msg"] == "0 added, 3 removed, 3 unchanged, 0 rejected; scheduled upgrades that lose devices: 2"
    assert f"upgrade {first} (One, 2099-01-01): 1 devices" in done["diff"]["after"]
    again = pool.run(1, 2, 4, state="absent")
    assert (again["failed"], again["changed"], again["cancelled_upgrades"]) == (False, False, [])


def test_devices_without_open_upgrades_are_nobodys_business(sim: Simulator) -> None:
    pool, _first, _second = with_upgrades(sim)
    # 4 is in none, 5 is rejected where it is listed.
    result = pool.run(4, 5, state="absent")
    assert (result["failed"], result["cancelled_upgrades"]) == (False, [])


def test_only_what_was_really_removed_counts_as_cancelled(sim: Simulator) -> None:
    pool, first, _second = with_upgrades(sim)
    sim.fault("POST /licenses", do="refuse", devices={imeis(1)[0]: "Internal error"})
    result = pool.run(0, 1, state="absent", allow_cancelling_upgrades=True)
    assert result["error"]["kind"] == "rejected"
    assert [(item["upgrade_id"], item["devices"]) for item in result["cancelled_upgrades"]] == [(first, imeis(0))]


def test_the_lists_keep_to_the_budget(sim: Simulator) -> None:
    pool, _first, _second = with_upgrades(sim)
    result = pool.run(1, 2, 4, state="absent", allow_cancelling_upgrades=True, result_limit=2)
    assert result["truncated"] is True
    assert [item["device_count"] for item in result["cancelled_upgrades"]] == [2, 1]
    assert result["removed_count"] == 3


def test_reports_that_cannot_be_read_stop_a_removal(sim: Simulator) -> None:
    pool, _first, _second = with_upgrades(sim)
    sim.fault("GET /reports", do="status", status=400, body="{}")
    result = pool.run(4, state="absent")
    assert (result["failed"], result["changed"]) == (True, False)
    assert sim.writes == []


# -- refusals


def test_not_enough_licenses(sim: Simulator) -> None:
    pool = Pool(sim, (0,), count=2)
    predicted = pool.run(1, 2, 3, check=True)
    assert any("2 licenses are missing" in warning for warning in predicted["warnings"])
    result = pool.run(1, 2, 3)
    assert (result["failed"], result["changed"], result["added"]) == (True, True, imeis(1))
    assert result["error"]["kind"] == "rejected"
    assert result["rejected"] == [
        {"device_id": device, "operation": "append", "status": "LicenseAssignFailed", "reason": "No license available"} for device in imeis(2, 3)
    ]
    assert pool.run(1, 2, 3, on_rejected="ignore")["failed"] is False


def test_a_refusal_whose_goal_is_reached_is_none(sim: Simulator) -> None:
    pool = Pool(sim, (0,))
    # Somebody else was faster, and the service says so.
    sim.service.world.accounts[ACCOUNT].licenses.pop(imeis(0)[0])
    sim.fault(
        "POST /licenses",
        do="status",
        status=200,
        applied=True,
        body=json.dumps({"deviceList": [{"deviceId": imeis(0)[0], "status": "LicenseAssignFailed", "Reason": "Device license preexisting"}]}),
    )
    result = pool.run(0)
    assert (result["failed"], result["rejected"]) == (False, [])
    assert pool.licensed == {0}


def test_a_device_that_was_ever_upgraded_keeps_its_license(sim: Simulator) -> None:
    row = {"upgrade_id": "u", "firmware_from": "1", "firmware_to": "2", "start_date": "2026-01-01", "upgrade_start_time": "2026-01-01T00:00:00Z"}
    pool = Pool(sim, (0, 1), history={imeis(0)[0]: [row]})
    result = pool.run(0, 1, state="absent")
    assert result["error"]["kind"] == "rejected"
    assert (result["removed"], pool.licensed) == (imeis(1), {0})
    assert "ever upgraded" in result["rejected"][0]["reason"]


# -- lost answers and a service in trouble


@pytest.mark.parametrize(
    ("fault", "operations"),
    [
        ({"do": "drop_after"}, "licenses assign licenses"),
        ({"do": "drop_before"}, "licenses assign licenses assign licenses"),
        ({"do": "status", "status": 503, "applied": True}, "licenses assign licenses"),
        ({"do": "status", "status": 429}, "licenses assign licenses assign licenses"),
        ({"do": "truncated"}, "licenses assign licenses"),
    ],
)
def test_a_write_without_an_answer_is_settled_by_reading(sim: Simulator, fault: dict[str, t.Any], operations: str) -> None:
    pool = Pool(sim, (0,))
    sim.fault("POST /licenses", **fault)
    result = pool.run(1, 2)
    assert (result["failed"], result["added"], pool.licensed) == (False, imeis(1, 2), {0, 1, 2})
    assert pool.operations == operations


@pytest.mark.parametrize("shape", ["uws", "uws_401", "location", "cloud_connector"])
def test_an_expired_session_in_the_middle_leaves_the_truth(sim: Simulator, shape: str) -> None:
    pool = Pool(sim, (0,))
    sim.fault("POST /licenses", do="expired_session", nth=2, shape=shape)
    result = pool.run(1, 2, batch_size=1)
    assert (result["error"]["kind"], result["changed"], result["added"]) == ("session_token", True, imeis(1))


@pytest.mark.parametrize("body", ["{}x", "[]", '"x"', '{"deviceList": [1]}', '{"deviceList": [{"deviceId": 1}]}'])
def test_what_is_no_page_of_licenses_writes_nothing(sim: Simulator, body: str) -> None:
    pool = Pool(sim, (0,))
    sim.fault("GET /licenses", do="status", status=200, body=body, times=None)
    result = pool.run(1, state="exact", retry_timeout=0)
    assert (result["failed"], result["error"]["kind"]) == (True, "service")
    assert result["unchanged_count"] is None
    assert sim.writes == []


# -- cancellation candidates


def test_candidates_check_change_again_undo_again(sim: Simulator) -> None:
    pool = Pool(sim, (0, 1, 2))
    alone: dict[str, t.Any] = {"devices": None}
    for wanted, operation in (((0, 1), "set_candidates"), ((1, 2), "set_candidates"), ((1, 2, 3), "set_candidates"), ((), "drop_candidates")):
        before = pool.candidates
        sim.service.log.records.clear()
        predicted = pool.run(cancellation_candidates=imeis(*wanted), check=True, diff=True, **alone)
        assert sim.writes == []
        done = pool.run(cancellation_candidates=imeis(*wanted), diff=True, **alone)
        assert pool.candidates == set(wanted)
        assert [record.operation for record in sim.writes] == [operation]
        for result in (predicted, done):
            result.pop("requests")
        assert predicted == done
        assert done["changed"] is True
        assert done["candidates_added"] == imeis(*sorted(set(wanted) - before))
        assert done["candidates_removed"] == imeis(*sorted(before - set(wanted)))
        assert done["candidates_count"] == len(wanted)
        assert f"cancellation candidates: {len(wanted)} devices" in done["diff"]["after"]
        again = pool.run(cancellation_candidates=imeis(*wanted), **alone)
        assert (again["changed"], again["requests"], again["candidates_added"]) == (False, 2, [])
    assert pool.licensed == {0, 1, 2}


def test_candidates_in_batches_and_pages(sim: Simulator) -> None:
    pool = Pool(sim)
    pool.run(cancellation_candidates=imeis(*range(2500)), batch_size=1000)
    assert [record.json.get("type") for record in sim.writes] == [None, "append", "append"]
    pool.run(cancellation_candidates=imeis(*range(2501)))
    assert [record.json.get("type") for record in sim.writes[3:]] == ["append"]
    assert len(sim.writes[3].json["deviceList"]) == 1
    assert pool.candidates == set(range(2501))


@pytest.mark.parametrize(
    "fault", [{"do": "drop_after"}, {"do": "drop_before"}, {"do": "status", "status": 429}, {"do": "html", "status": 502, "applied": True}]
)
def test_candidates_without_an_answer_are_settled_by_reading(sim: Simulator, fault: dict[str, t.Any]) -> None:
    pool = Pool(sim)
    for wanted in ((0, 1), ()):
        sim.fault("POST /licenses" if wanted else "DELETE /licenses", **fault)
        result = pool.run(cancellation_candidates=imeis(*wanted))
        assert (result["failed"], result["changed"], pool.candidates) == (False, True, set(wanted))


def test_candidates_that_fail_half_way_tell_the_truth(sim: Simulator) -> None:
    pool = Pool(sim)
    sim.fault("POST /licenses", do="status", status=400, nth=3, body='{"errorCode": "INVALID_PARAMETER", "errorMessage": "no"}')
    result = pool.run(7, cancellation_candidates=imeis(0, 1), batch_size=1)
    assert (result["failed"], result["error"]["status"], result["changed"]) == (True, 400, True)
    assert (result["added"], result["candidates_added"], pool.candidates) == (imeis(7), imeis(0), {0})


@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "status", "status": 429}, {"do": "status", "status": 429, "applied": True}, {"do": "status", "status": 303, "applied": True}]
    + [{"do": "html", "status": 403, "applied": True}, {"do": "status", "status": 425, "body": "", "applied": True}],
)
def test_candidates_whose_fate_cannot_be_read_count_as_changed(sim: Simulator, fault: dict[str, t.Any]) -> None:
    pool = Pool(sim)
    sim.fault("POST /licenses", **fault)
    sim.fault("GET /licenses", do="expired_session", nth=3)
    result = pool.run(cancellation_candidates=imeis(0))
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "session_token", True)
    assert "Whether the cancellation candidates were changed is not known" in result["msg"]


def test_the_approved_plan_holds_the_candidates_too(sim: Simulator) -> None:
    pool = Pool(sim)
    digest = pool.run(1, cancellation_candidates=imeis(1), check=True)["plan_digest"]
    assert pool.run(1, cancellation_candidates=imeis(2), expect_plan_digest=digest)["error"]["kind"] == "state"
    assert sim.writes == []
    assert pool.run(1, cancellation_candidates=imeis(1), expect_plan_digest=digest)["changed"] is True


# -- input


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"devices": None}, "input", "exactly one of"),
        ({"devices": None, "state": "exact", "cancellation_candidates": []}, "input", "exactly one of"),
        ({"devices": ["4401234567012"]}, "input", "octal"),
        ({"cancellation_candidates": ["1234"]}, "input", "cancellation_candidates[0]"),
        ({"cancellation_candidates": ["001000000000001"], "imei_check": "strict", "devices": []}, "input", "Luhn"),
        ({"account": 402196254}, "input", "quotes"),
        ({"access_token": ""}, "access_token", "access_token"),
    ],
)
def test_input_that_cannot_be_meant_fails_before_any_request(sim: Simulator, options: dict[str, t.Any], kind: str, text: str) -> None:
    result = Pool(sim).run(1, **options)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, kind, False)
    assert text in result["msg"]
    assert result["cancelled_upgrades"] == []
    assert sim.requests == []


def test_a_device_file(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "licensed.txt"
    path.write_text("\n".join(imeis(1, 2, 1)), encoding="utf-8")
    pool = Pool(sim)
    result = pool.run(devices=None, devices_file=str(path))
    assert (pool.licensed, result["duplicates"]) == ({1, 2}, imeis(1))


# -- what the service does not say


@pytest.mark.parametrize("lists", ["missing_in_reports", "null_in_reports"])
@pytest.mark.parametrize("check", [True, False])
def test_a_report_without_devices_hides_no_upgrade_that_loses_some(sim: Simulator, lists: str, check: bool) -> None:
    pool, first, second = with_upgrades(sim)
    sim.misbehave(device_lists=lists)
    refused = pool.run(1, 2, 4, state="absent", check=check)
    assert (refused["error"]["kind"], refused["changed"]) == ("rail", False)
    assert [(item["upgrade_id"], item["devices"]) for item in refused["cancelled_upgrades"]] == [(first, imeis(1, 2)), (second, imeis(2))]
    assert sim.writes == []


FOREIGN: list[dict[str, t.Any]] = [{"do": "html", "status": 403}, {"do": "status", "status": 409, "body": {}}, {"do": "status", "status": 404, "body": ""}]


@pytest.mark.parametrize("fault", FOREIGN, ids=str)
def test_who_is_not_the_service_does_not_know_what_became_of_a_change(sim: Simulator, fault: dict[str, t.Any]) -> None:
    pool = Pool(sim)
    sim.fault("POST /licenses", applied=True, **fault)
    sim.fault("GET /licenses", do="expired_session", nth=2)
    result = pool.run(0, 1)
    assert (result["failed"], result["changed"], pool.licensed) == (True, True, {0, 1})


@pytest.mark.parametrize("fault", FOREIGN, ids=str)
@pytest.mark.parametrize("wanted", [(0, 1, 2), (0,), ()])
def test_what_candidates_show_after_such_an_answer_is_of_this_run(sim: Simulator, fault: dict[str, t.Any], wanted: tuple[int, ...]) -> None:
    pool = Pool(sim)
    assert pool.run(devices=None, cancellation_candidates=imeis(0, 7))["changed"]
    for method in ("POST", "DELETE"):
        sim.fault(f"{method} /licenses", applied=True, **fault)
    result = pool.run(devices=None, cancellation_candidates=imeis(*wanted))
    assert (result["failed"], result["changed"], pool.candidates) == (False, True, {*wanted})
    assert (result["candidates_added"], result["candidates_removed"]) == (imeis(*sorted({*wanted} - {0, 7})), imeis(*sorted({0, 7} - {*wanted})))


LISTLESS: list[dict[str, t.Any]] = [
    {"hasMoreFlag": False, "message": "The report is being generated."},
    {"hasMoreFlag": False, "lastSeenUpgradeId": 0},
    {"hasMoreFlag": False, "lastSeenUpgradeId": 0, "reportlist": []},
]


@pytest.mark.parametrize("body", LISTLESS, ids=str)
@pytest.mark.parametrize("allowed", [False, True])
def test_a_report_without_its_list_keeps_all_licenses(sim: Simulator, body: dict[str, t.Any], allowed: bool) -> None:
    pool, _first, _second = with_upgrades(sim)
    sim.fault("GET /reports", do="status", status=200, body=body, times=None)
    refused = pool.run(1, 2, state="absent", allow_cancelling_upgrades=allowed)
    assert (refused["failed"], refused["error"]["kind"], refused["changed"], sim.writes) == (True, "service", False, [])


def test_an_upgrade_that_is_listed_and_not_there_keeps_all_licenses(sim: Simulator) -> None:
    pool, _first, _second = with_upgrades(sim)
    sim.misbehave(device_lists="missing_in_reports")
    sim.fault("GET /upgrades", do="status", status=404, body={"errorCode": "REQUEST_FAILED", "errorMessage": "no route"}, times=None)
    refused = pool.run(4, state="absent", allow_cancelling_upgrades=True)
    assert (refused["error"]["kind"], refused["changed"], sim.writes) == ("service", False, [])


def test_an_upgrade_that_does_not_tell_its_devices_keeps_all_licenses(sim: Simulator) -> None:
    pool, _first, _second = with_upgrades(sim)
    sim.misbehave(device_lists="missing")
    refused = pool.run(4, state="absent", allow_cancelling_upgrades=True)
    assert (refused["error"]["kind"], refused["changed"]) == ("service", False)
    assert sim.writes == []


def short(count: int, *listed: int) -> dict[str, t.Any]:
    page = {"assignedLicenses": count, "totalLicenses": 90, "hasMoreData": False, "deviceList": [{"deviceId": device} for device in imeis(*listed)]}
    return {"do": "status", "status": 200, "body": page}


@pytest.mark.parametrize(
    ("state", "declared", "fails"),
    [("exact", (0, 1), True), ("absent", (5,), True), ("absent", (0, 5), True), ("absent", (), False), ("present", (0,), False)],
)
@pytest.mark.parametrize("check", [True, False])
def test_licenses_that_are_counted_and_not_listed(sim: Simulator, state: str, declared: tuple[int, ...], fails: bool, check: bool) -> None:
    pool = Pool(sim, range(5))
    sim.fault("GET /licenses", times=None, **short(5, 0, 1))
    result = pool.run(*declared, state=state, check=check, retry_timeout=0)
    assert (result["failed"], result["changed"], sim.writes) == (fails, False, [])
    told = result["msg"] if fails else " ".join(result["warnings"])
    assert "5 licenses are assigned and lists 2" in told
    assert not fails or result["error"]["kind"] == "service"


@pytest.mark.parametrize("count", [True, "1,000", "x", 2.5, -1, [], {}, "", "9999999999999"], ids=str)
def test_a_count_that_is_no_number_is_not_taken_for_untold(sim: Simulator, count: object) -> None:
    pool = Pool(sim, (0, 1))
    body = {"hasMoreData": False, "deviceList": [{"deviceId": device} for device in imeis(0, 1)], "assignedLicenses": count, "totalLicenses": 9}
    sim.fault("GET /licenses", do="status", status=200, body=body, times=None)
    result = pool.run(0, 1, state="exact", retry_timeout=0)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "service", False)
    assert "assignedLicenses" in result["msg"]


@pytest.mark.parametrize("count", [2, "2", " 2 ", 2.0])
def test_a_count_in_other_forms_is_one(sim: Simulator, count: object) -> None:
    pool = Pool(sim, (0, 1))
    body = {"hasMoreData": False, "deviceList": [{"deviceId": device} for device in imeis(0, 1)], "assignedLicenses": count, "totalLicenses": "9 "}
    sim.fault("GET /licenses", do="status", status=200, body=body, times=None)
    assert pool.run(0, 1, state="exact")["changed"] is False


def test_a_count_that_is_late_is_waited_for(sim: Simulator) -> None:
    pool = Pool(sim, (0, 1))
    sim.fault("GET /licenses", **short(3, 0, 1))
    result = pool.run(0, 1, state="exact")
    assert (result["failed"], result["changed"], pool.operations) == (False, False, "licenses licenses")
    assert "warnings" not in result


def test_a_page_with_neither_licenses_nor_their_number_is_no_empty_list(sim: Simulator) -> None:
    pool = Pool(sim, (0, 1))
    sim.fault("GET /licenses", do="status", status=200, body={"accountName": ACCOUNT, "hasMoreData": False}, times=None)
    for state in ("absent", "exact"):
        result = pool.run(0, 1, state=state, retry_timeout=0)
        assert (result["error"]["kind"], result["changed"]) == ("service", False)
    assert sim.writes == []


@pytest.mark.parametrize("body", [{"hasMoreData": False}, {"hasMoreData": False, "deviceList": None}, {"hasMoreData": False, "count": 2, "deviceList": []}])
@pytest.mark.parametrize("wanted", [(), (0,)])
def test_candidates_that_are_not_told_are_not_replaced(sim: Simulator, body: dict[str, t.Any], wanted: tuple[int, ...]) -> None:
    pool = Pool(sim, (0,))
    sim.fault(f"GET /licenses/{ACCOUNT}/cancel", do="status", status=200, body=body, times=None)
    result = pool.run(devices=None, cancellation_candidates=imeis(*wanted))
    assert (result["error"]["kind"], result["changed"], sim.writes) == ("service", False, [])


# -- approval


def test_the_approved_plan_names_the_upgrades_that_lose_devices(sim: Simulator) -> None:
    pool = Pool(sim, range(6))
    options: dict[str, t.Any] = {"state": "absent", "allow_cancelling_upgrades": True}
    digest = pool.run(1, 2, 4, check=True, **options)["plan_digest"]
    upgrade = sim.add_upgrade(devices=imeis(1, 2, 3), start_date="2099-01-01").id
    refused = pool.run(1, 2, 4, expect_plan_digest=digest, **options)
    assert (refused["error"]["kind"], refused["changed"], sim.writes) == ("state", False, [])
    assert sim.members(upgrade) == set(imeis(1, 2, 3))
    anew = pool.run(1, 2, 4, check=True, **options)
    assert anew["plan_digest"] != digest
    # The same upgrade with one device more of those is another plan again.
    sim.service.upgrades[upgrade].devices.update(sim.add_upgrade(devices=imeis(4), status="Finished").devices)
    assert pool.run(1, 2, 4, expect_plan_digest=anew["plan_digest"], **options)["error"]["kind"] == "state"
    digest = pool.run(1, 2, 4, check=True, **options)["plan_digest"]
    done = pool.run(1, 2, 4, expect_plan_digest=digest, **options)
    assert (done["failed"], done["plan_digest"], sim.members(upgrade)) == (False, digest, set(imeis(3)))
    assert done["cancelled_upgrades"][0]["devices"] == imeis(1, 2, 4)


def test_an_upgrade_that_is_scheduled_while_the_service_is_busy_was_not_approved(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(sim, range(6))
    options: dict[str, t.Any] = {"state": "absent", "allow_cancelling_upgrades": True, "batch_size": 1}
    digest = pool.run(1, 2, check=True, **options)["plan_digest"]
    # The second removal is throttled; before it is sent again somebody else has scheduled an upgrade with that device.
    sim.fault("POST /licenses", do="status", status=429, nth=2)
    found: list[str] = []
    wait = Backoff.wait

    def busy(backoff: Backoff, retry_after: float | None = None) -> bool:
        found.append(sim.add_upgrade(devices=imeis(2, 3), start_date="2099-01-01").id)
        return wait(backoff, retry_after)

    monkeypatch.setattr(Backoff, "wait", busy)
    result = pool.run(1, 2, expect_plan_digest=digest, **options)
    assert (result["error"]["kind"], result["changed"], result["removed"]) == ("state", True, imeis(1))
    assert "was approved" in result["msg"]
    assert sim.members(found[0]) == set(imeis(2, 3))
    assert 2 in pool.licensed


def busy_with(pool: Pool, monkeypatch: pytest.MonkeyPatch, *more: int) -> None:
    """The first write to the candidates fails, and somebody else adds some before the next."""
    pool.sim.fault("POST /licenses", do="status", status=429)
    wait = Backoff.wait

    def busy(backoff: Backoff, retry_after: float | None = None) -> bool:
        candidates = pool.sim.service.account(ACCOUNT).candidates
        candidates += [device for device in imeis(*more) if device not in candidates]
        return wait(backoff, retry_after)

    monkeypatch.setattr(Backoff, "wait", busy)


def test_candidates_of_others_are_not_in_the_approved_plan(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(sim)
    pool.run(devices=None, cancellation_candidates=imeis(*range(20)))
    wish: dict[str, t.Any] = {"devices": None, "cancellation_candidates": imeis(0)}
    digest = pool.run(check=True, **wish)["plan_digest"]
    busy_with(pool, monkeypatch, 31, 32, 33)
    result = pool.run(expect_plan_digest=digest, **wish)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "state", False)
    assert "was approved" in result["msg"]
    assert (result["candidates_removed"], pool.candidates) == ([], {*range(20), 31, 32, 33})


def test_an_approved_plan_of_candidates_is_tried_again(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(sim)
    pool.run(devices=None, cancellation_candidates=imeis(*range(3)))
    wish: dict[str, t.Any] = {"devices": None, "cancellation_candidates": imeis(0)}
    digest = pool.run(check=True, **wish)["plan_digest"]
    busy_with(pool, monkeypatch)
    result = pool.run(expect_plan_digest=digest, **wish)
    assert (result["failed"], result["candidates_removed"], pool.candidates) == (False, imeis(1, 2), {0})


def test_every_candidate_that_was_dropped_is_told_those_of_others_too(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(sim)
    pool.run(devices=None, cancellation_candidates=imeis(*range(20)))
    busy_with(pool, monkeypatch, 31)
    result = pool.run(devices=None, cancellation_candidates=imeis(0), diff=True)
    assert (result["failed"], result["changed"], pool.candidates) == (False, True, {0})
    assert (result["candidates_added"], result["candidates_removed"]) == ([], imeis(*range(1, 20), 31))
    assert imeis(31)[0] in result["diff"]["before"]


# -- mistakes of ours


def test_a_mistake_of_ours_is_told_as_such(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(sim, (0,))
    monkeypatch.setattr(candidates, "batches", lambda devices, size: 1 / 0)
    tracebacks(monkeypatch)
    result = pool.run(1, cancellation_candidates=imeis(0))
    assert (result["failed"], result["error"]["kind"], result["changed"], result["added"]) == (True, "internal", True, imeis(1))
    assert "ZeroDivisionError" in result["exception"]
