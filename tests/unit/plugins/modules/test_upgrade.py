# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``upgrade`` against the simulator over real sockets: end state, requests made, and what is told."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._apply.schedule import Scheduler
from ansible_collections.thingspace.fota.plugins.module_utils._errors import UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._http import transport
from support.run_module import run_module, tracebacks

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
UNKNOWN = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
FIRMWARE = {"firmware_name": "F", "firmware_to": "2.1"}
STANDING = ("RequestPending", "Queued", "InProgress", "Finished")
LOOK = "GET GET GET GET"  # a report for each of STANDING
NO_UPGRADE: list[t.Any] = [{}, [], {"id": 1}, {"id": UNKNOWN, "status": "RequestPending", "deviceList": 1}]
# Answers that hold words, and words that this machine says when nothing was sent.
WORDED = ("no_http", "reason", "chunk_size", "header")
LOCAL_WORDS = ("Tunnel connection failed: 502", "[Errno 111] Connection refused", "Failed to establish a new connection", "certificate verify failed")
UPGRADE: dict[str, t.Any] = {"firmwareName": "F", "firmwareTo": "2.1", "status": "Queued", "deviceList": []}
NO_UPGRADES: dict[str, t.Any] = {"do": "status", "status": 200, "body": {"hasMoreFlag": False, "lastSeenUpgradeId": 0, "reportList": []}}


def day(offset: int) -> str:
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def imeis(*numbers: int) -> list[str]:
    return [str(990000000000000 + number) for number in numbers]


class Desk:
    """The task that schedules or cancels one upgrade on the simulator."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def run(self, *devices: int, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        access, session = self.sim.tokens()
        told: dict[str, t.Any] = {"account": "0402196254-00001", "access_token": access, "session_token": session, "api_url": self.sim.api_url}
        told |= {"imei_check": "none", "retry_timeout": 1}
        if "upgrade_id" not in options:
            told |= {**FIRMWARE, "start_date": day(7)}
        if devices:
            told["devices"] = imeis(*devices)
        return run_module("upgrade", {**told, **options}, check=check, diff=diff)

    def cancel(self, **options: t.Any) -> Result:
        return self.run(state="absent", **options)

    def add(self, *devices: int, **values: t.Any) -> str:
        return self.sim.add_upgrade(**{"devices": imeis(*devices), "start_date": "+7", **FIRMWARE, **values}).id

    @property
    def methods(self) -> str:
        return " ".join(record.method for record in self.sim.requests)

    @property
    def posts(self) -> int:
        return sum(record.method == "POST" for record in self.sim.writes)

    @property
    def upgrades(self) -> list[t.Any]:
        return list(self.sim.service.upgrades.values())


@pytest.fixture
def desk(sim: Simulator) -> Desk:
    return Desk(sim)


def test_check_change_again_undo_again(sim: Simulator, desk: Desk) -> None:
    predicted = desk.run(1, 2, 1, end_date=day(14), check=True, diff=True)
    assert (sim.writes, desk.upgrades) == ([], [])
    assert (predicted["changed"], predicted["upgrade_id"], predicted["upgrade"]["upgrade_id"]) == (True, None, None)
    sim.service.log.records.clear()

    done = desk.run(1, 2, 1, end_date=day(14), diff=True)
    (upgrade,) = desk.upgrades
    assert desk.methods == f"{LOOK} GET POST {LOOK}"
    assert sim.writes[0].json == {
        "accountName": "0402196254-00001",
        "firmwareName": "F",
        "firmwareTo": "2.1",
        "startDate": day(7),
        "endDate": day(14),
        "deviceList": imeis(1, 2),
    }
    assert (predicted["action"], done["action"], done["upgrade_id"]) == ("schedule", "schedule", upgrade.id)
    assert done["upgrade"] == {
        **FIRMWARE,
        "upgrade_id": upgrade.id,
        "account": "0402196254-00001",
        "start_date": day(7),
        "end_date": day(14),
        "status": "RequestPending",
        "device_count": 2,
        "devices_by_status": {"RequestPending": 2},
    }
    assert done["duplicates"] == imeis(1)
    assert (done["devices_missing_count"], done["devices_extra_count"], done["rejected"]) == (0, 0, [])
    assert done["msg"] == f"scheduled: F to 2.1 on {day(7)}, 2 devices, RequestPending" == predicted["msg"]
    assert (done["diff"]["before"], done["diff"]["before_header"]) == ("", "no upgrade")
    assert done["diff"]["after"] == predicted["diff"]["after"] == f"firmware_name: F\nfirmware_to: 2.1\nstart_date: {day(7)}\nend_date: {day(14)}\ndevices: 2\n"
    assert predicted["requests"] == 5
    for result in (predicted, done):
        for known in (result, result["upgrade"]):
            known.pop("upgrade_id")
        for changing in ("requests", "diff"):
            result.pop(changing)
    assert predicted == done

    sim.service.log.records.clear()
    again = desk.run(1, 2, end_date=day(14), diff=True)
    assert (again["changed"], again["upgrade_id"], desk.methods) == (False, upgrade.id, LOOK)
    assert (again["devices_missing_count"], again["devices_extra_count"], "warnings" in again) == (0, 0, False)
    assert again["diff"]["before"] == again["diff"]["after"]

    would = desk.cancel(check=True, diff=True)
    assert (would["changed"], len(desk.upgrades)) == (True, 1)
    undone = desk.cancel(diff=True)
    assert (undone["changed"], desk.upgrades, undone["upgrade_id"]) == (True, [], upgrade.id)
    for result in (would, undone):
        assert result["msg"].startswith("cancelled: F to 2.1")
        assert result["action"] == "cancel"
        assert (result["diff"]["after"], result["diff"]["after_header"]) == ("", "no upgrade")
    again = desk.cancel()
    assert again["action"] == "none"
    assert (again["changed"], again["failed"], again["upgrade"], again["msg"]) == (False, False, None, "nothing to cancel")
    assert undone.keys() - {"diff"} == again.keys()
    assert again.keys() == done.keys() | {"requests", "upgrade_id"}


def test_every_failure_has_the_same_keys(desk: Desk) -> None:
    done = desk.run(1)
    for failed in (desk.run(account=7), desk.run(start_date=day(-1)), desk.cancel(upgrade_id="x"), desk.run(1, api_url="http://127.0.0.1:1", retry_timeout=0)):
        assert failed["failed"] is True
        assert failed.keys() - {"error"} == done.keys()


def test_ten_thousand_devices(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=2)
    done = desk.run(*range(10_000))
    assert done["upgrade"]["device_count"] == 10_000
    assert len(sim.members(done["upgrade_id"])) == 10_000
    sim.refuse(imeis(*range(5_000)))
    waited = desk.run(*range(1, 10_001), wait=True, result_limit=10)
    assert (waited["changed"], waited["devices_missing_count"], waited["devices_extra_count"]) == (False, 1, 1)
    assert (waited["rejected_count"], len(waited["rejected"]), waited["truncated"]) == (4_999, 10, True)
    assert desk.posts == 1


# -- which upgrade is meant


@pytest.mark.parametrize("status", STANDING)
@pytest.mark.parametrize("offset", [-100, 0, 7])
@pytest.mark.parametrize("dates", ["date", "datetime"])
def test_an_upgrade_that_stands_is_never_scheduled_again(sim: Simulator, desk: Desk, status: str, offset: int, dates: str) -> None:
    sim.misbehave(date_format=dates, pending_reads=9)
    there = desk.add(1, 2, 3, status=status, start_date=day(offset))
    for check in (True, False):
        result = desk.run(1, 2, 8, start_date=day(offset), check=check)
        assert (result["failed"], result["changed"], result["upgrade_id"], result["upgrade"]["status"]) == (False, False, there, status)
        assert (result["devices_missing_count"], result["devices_extra_count"]) == (1, 1)
        (warning,) = result["warnings"]
        assert "thingspace.fota.upgrade_devices" in warning
    assert sim.writes == []


@pytest.mark.parametrize("status", ["RequestFailed", "UpgradeFailed"])
def test_an_upgrade_that_failed_is_scheduled_anew(desk: Desk, status: str) -> None:
    old = desk.add(status=status, rejected={imeis(1)[0]: "Device not found."})
    result = desk.run(1)
    assert (result["changed"], result["upgrade_id"] == old, len(desk.upgrades)) == (True, False, 2)
    assert ("Device not found" in str(result.get("warnings"))) == (status == "RequestFailed")


@pytest.mark.parametrize("other", [{"firmware_name": "G"}, {"firmware_to": "2.2"}, {"start_date": "+8"}, {"account": "0000000000-00002"}])
def test_another_upgrade_is_not_the_one(desk: Desk, other: dict[str, str]) -> None:
    desk.add(7, **other)
    assert desk.run(1)["changed"] is True
    assert desk.posts == 1


@pytest.mark.parametrize("status", ["RequestFailed", "UpgradeFailed", None])
def test_a_start_in_the_past_is_never_scheduled(sim: Simulator, desk: Desk, status: str | None) -> None:
    if status:
        desk.add(1, status=status, start_date=day(-1))
    for check in (True, False):
        result = desk.run(1, start_date=day(-1), check=check)
        assert (result["error"]["kind"], result["changed"]) == ("state", False)
        assert "six months" in result["msg"]
    assert sim.writes == []


def test_a_start_today_is_scheduled(desk: Desk) -> None:
    assert desk.run(1, start_date=day(0))["changed"] is True


def test_two_matches_are_an_error_with_both(sim: Simulator, desk: Desk) -> None:
    both = [desk.add(1), desk.add(2, status="Finished")]
    for result in (desk.run(1), desk.run(1, check=True), desk.cancel()):
        assert result["error"]["kind"] == "state"
        assert all(upgrade_id in result["msg"] for upgrade_id in both)
    assert sim.writes == []


def test_a_match_on_a_later_page(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(report_page_size=2)
    for number in range(5):
        desk.add(number, firmware_to=f"1.{number}")
    there = desk.add(9)
    assert desk.run(9)["upgrade_id"] == there
    assert sim.writes == []


def test_a_page_that_cannot_be_read_stops_before_the_post(sim: Simulator, desk: Desk) -> None:
    troubles: list[dict[str, t.Any]] = [{"nth": 4, "do": "html", "status": 200}, {"do": "status", "status": 503, "times": None}]
    for fault in troubles:
        armed = sim.fault("GET /reports", **fault)
        assert desk.run(1)["error"]["kind"] == "service"
        sim.service.faults.remove(armed)
    assert sim.writes == []


def test_another_end_date_is_told(desk: Desk) -> None:
    desk.add(1, end_date=day(9))
    result = desk.run(1, end_date=day(10))
    assert (result["changed"], len(result["warnings"])) == (False, 1)
    assert day(9) in result["warnings"][0]


def test_devices_are_needed_only_to_schedule(sim: Simulator, desk: Desk) -> None:
    for result in (desk.run(), desk.run(devices=[]), desk.run(check=True)):
        assert (result["error"]["kind"], result["changed"]) == ("input", False)
        assert "devices" in result["msg"]
    assert sim.writes == []
    desk.add(1)
    result = desk.run()
    assert (result["failed"], result["devices_missing_count"]) == (False, None)
    assert desk.run(devices=[])["devices_extra_count"] == 1


def test_a_device_that_the_upgrade_lists_as_rejected_is_neither_missing_nor_there(desk: Desk) -> None:
    desk.add(1, rejected={imeis(2)[0]: "Device not found."})
    result = desk.run(1, 2)
    assert (result["devices_missing_count"], result["devices_extra_count"], result["rejected_count"]) == (0, 0, 1)
    assert result["rejected"] == [{"device_id": imeis(2)[0], "operation": "listed", "status": "Device Rejected", "reason": "Device not found."}]
    assert "Device not found" in result["warnings"][0]


def test_devices_that_the_answer_refuses_at_once(sim: Simulator, desk: Desk) -> None:
    listed = [{"deviceId": imeis(1)[0], "status": "RequestPending"}, {"deviceId": imeis(2)[0], "status": "DeviceRejected", "Reason": "Invalid Device IMEI."}]
    body = {"id": UNKNOWN, "accountName": "0402196254-00001", "firmwareName": "F", "firmwareTo": "2.1", "startDate": day(7), "newField": 1}
    made = {**body, "status": "RequestPending", "deviceList": listed}
    sim.fault("POST /upgrades", do="status", status=200, body=made)
    sim.fault("GET /reports", nth=6, do="status", status=200, body={"hasMoreFlag": False, "lastSeenUpgradeId": 1, "reportList": [made]})
    result = desk.run(1, 2)
    assert (result["failed"], result["changed"], result["upgrade_id"], result["upgrade"]["new_field"]) == (False, True, UNKNOWN, 1)
    assert result["rejected"] == [{"device_id": imeis(2)[0], "operation": "append", "status": "DeviceRejected", "reason": "Invalid Device IMEI."}]
    assert "Invalid Device IMEI" in result["warnings"][0]


def test_a_device_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "wave.csv"
    file.write_text("imei\n" + "\n".join(imeis(1, 2)) + "\n", encoding="utf-8")
    assert desk.run(devices_file=str(file))["upgrade"]["device_count"] == 2


# -- input


@pytest.mark.parametrize(
    ("given", "meant"),
    [("%s", True), (" %s ", True), ("%sT00:00:00", True), ("%s 00:00:00", True), ("%sT00:00:00Z", True), ("%sT00:00:00.000+00:00", True)]
    + [("%sT00:00:00+02:00", False), ("%sT16:03:00Z", False), ("%sT", False)],
)
def test_a_moment_is_a_day_only_at_midnight_utc(sim: Simulator, desk: Desk, given: str, meant: bool) -> None:
    result = desk.run(1, start_date=given % day(7))
    assert result["failed"] is not meant
    if meant:
        assert sim.writes[0].json["startDate"] == day(7)
    else:
        assert (result["error"]["kind"], sim.requests) == ("input", [])


@pytest.mark.parametrize(
    "options",
    [
        *({"start_date": value} for value in ("01/12/2030", "2030-1-2", "2030-02-30", "20301201", "2030-W49-2", "tomorrow", "", None)),
        {"firmware_to": 2.1},
        {"firmware_to": ""},
        {"firmware_name": None},
        {"firmware_name": ["F"]},
        {"end_date": day(6)},
        {"end_date": "soon"},
        {"devices": ["1"]},
        {"devices": imeis(1), "devices_file": "x"},
        {"devices": None, "devices_column": "x"},
        {"upgrade_id": UNKNOWN},
        {"upgrade_id": UNKNOWN, "state": "absent", **FIRMWARE},
        {"upgrade_id": "../devices", "state": "absent"},
        {"upgrade_id": "", "state": "absent"},
        {"firmware_to": None, "state": "absent"},
        {"wait_timeout": -1},
        {"result_limit": -1},
        {"account": 402196254},
    ],
)
def test_what_cannot_be_meant_is_told_before_any_request(sim: Simulator, desk: Desk, options: dict[str, t.Any]) -> None:
    result = desk.run(**{"devices": imeis(1), **options})
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "input")
    assert sim.requests == []


# -- a POST in trouble: never sent twice without a word that it was not carried out


@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "drop_after", "reset": True}, {"do": "truncated"}]
    + [{"do": "status", "status": 200, "applied": True, "body": {"id": UNKNOWN, "status": "RequestPending", "deviceList": 1}}]
    + [{"do": "status", "status": status, "applied": True} for status in (302, 303, 408, 500, 503)]
    + [{"do": "status", "status": 500, "applied": True, "body": {"error": "The Session has expired."}}]
    + [{"do": "interim", "status": status} for status in (102, 103)]
    + [{"do": "garbled", "applied": True, "shape": shape, "text": text} for shape in WORDED for text in LOCAL_WORDS]
    + [{"do": "garbled", "applied": True, "shape": shape} for shape in ("chunk_cut", "two_lengths", "gzip")]
    + [{"do": "html", "status": status, "applied": True} for status in (200, 502)]
    + [{"do": "status", "status": 200, "applied": True, "body": body} for body in NO_UPGRADE],
)
@pytest.mark.parametrize("switches", [{}, {"pending_reads": 0}, {"pending_reads": 9, "date_format": "datetime"}])
def test_a_lost_answer_is_settled_by_reading(sim: Simulator, desk: Desk, fault: dict[str, t.Any], switches: dict[str, t.Any]) -> None:
    sim.misbehave(**switches)
    sim.fault("POST /upgrades", **fault)
    result = desk.run(1, 2)
    (upgrade,) = desk.upgrades
    assert (result["failed"], result["changed"], result["upgrade_id"], desk.posts) == (False, True, upgrade.id, 1)
    assert desk.run(1, 2)["changed"] is False


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"do": "drop_before"}, "unreachable"), ({"do": "status", "status": 503}, "service"), ({"do": "html", "status": 502}, "service")]
    + [({"do": "html", "status": 200}, "service"), ({"do": "status", "status": 500, "retry_after": 1}, "service")]
    + [({"do": "redirect", "location": "http://127.0.0.1:1"}, "service"), ({"do": "status", "status": 408}, "service")],
)
def test_what_does_not_appear_is_not_sent_again(desk: Desk, fault: dict[str, t.Any], kind: str) -> None:
    desk.sim.fault("POST /upgrades", **fault)
    result = desk.run(1)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, kind, 1)
    assert "later" in result["msg"]
    assert desk.upgrades == []
    assert desk.run(1)["changed"] is True


@pytest.mark.parametrize("reads", [1, 5, 12])
def test_an_upgrade_that_comes_late_into_the_reports(sim: Simulator, desk: Desk, reads: int) -> None:
    sim.fault("POST /upgrades", do="drop_after")
    sim.fault("GET /reports", nth=6, times=reads, **NO_UPGRADES)
    result = desk.run(1, retry_timeout=5)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (False, True, 1, 1)


def test_an_upgrade_that_comes_too_late(sim: Simulator, desk: Desk) -> None:
    sim.fault("POST /upgrades", do="drop_after")
    late = sim.fault("GET /reports", nth=6, times=None, **NO_UPGRADES)
    assert desk.run(1)["error"]["kind"] == "unreachable"
    sim.service.faults.remove(late)
    result = desk.run(1)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (False, False, 1, 1)


def test_a_lost_answer_and_reports_that_cannot_be_read(sim: Simulator, desk: Desk) -> None:
    sim.fault("POST /upgrades", do="drop_after")
    sim.fault("GET /reports", do="expired_session", nth=6)
    result = desk.run(1)
    # Nobody knows what became of it, so that handlers must run.
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, "unreachable", 1)
    assert (result["upgrade"], result["upgrade_id"]) == (None, None)
    assert "cannot be read" in result["msg"]
    assert "session" in result["msg"]


@pytest.mark.parametrize("vanish", ["listed", "vanish"])
def test_a_lost_answer_to_a_post_that_is_refused_later(sim: Simulator, desk: Desk, vanish: str) -> None:
    old = desk.add(status="RequestFailed", rejected={imeis(1)[0]: "Device not eligible for service."})
    sim.misbehave(pending_reads=0, rejected_devices=vanish)
    sim.refuse(imeis(1))
    sim.fault("POST /upgrades", do="drop_after")
    result = desk.run(1)
    assert (result["failed"], result["changed"], desk.posts) == (True, True, 1)
    # Without its devices nobody can tell whose it is.
    assert (result["error"]["kind"], "Device not found" in result["msg"]) == (("state", True) if vanish == "listed" else ("unreachable", False))
    assert (result["upgrade_id"] is None) == (vanish == "vanish")
    assert result["upgrade_id"] != old


def test_an_upgrade_of_somebody_else_is_not_taken_for_the_lost_one(sim: Simulator, desk: Desk) -> None:
    other = desk.add(7, 8)
    sim.fault("GET /reports", times=5, **NO_UPGRADES)
    sim.fault("POST /upgrades", do="drop_before")
    result = desk.run(1, 2)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, "unreachable", 1)
    assert other in result["msg"]


def test_two_after_a_lost_answer_are_told(sim: Simulator, desk: Desk) -> None:
    other = desk.add(7, 8)
    sim.fault("GET /reports", times=5, **NO_UPGRADES)
    sim.fault("POST /upgrades", do="drop_after")
    result = desk.run(1, 2)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, "state", 1)
    assert other in result["msg"]
    assert result["upgrade_id"] != other


# Who stands in between, and does not know what became of what it has passed on.
FOREIGN: list[dict[str, t.Any]] = [
    {"do": "html", "status": 403},
    {"do": "html", "status": 400},
    *({"do": "status", "status": status, "body": body} for status in (400, 401, 403, 404, 409, 425) for body in ("", {}, {"message": "Forbidden"})),
    {"do": "status", "status": 400, "body": {"fault": {"code": "101503", "message": "Error connecting to the back end"}}},
    {"do": "status", "status": 400, "body": {"errorCode": "", "errorMessage": ""}},
    {"do": "status", "status": 429},
    {"do": "status", "status": 408},
]


@pytest.mark.parametrize("fault", FOREIGN, ids=str)
@pytest.mark.parametrize("late", [0, 6])
def test_who_is_not_the_service_does_not_know_what_became_of_a_post(sim: Simulator, desk: Desk, fault: dict[str, t.Any], late: int) -> None:
    sim.fault("POST /upgrades", applied=True, times=None, **fault)
    sim.fault("GET /reports", nth=6, times=late, **NO_UPGRADES) if late else None
    result = desk.run(1, retry_timeout=5)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (False, True, 1, 1)


@pytest.mark.parametrize("fault", FOREIGN[::4], ids=str)
@pytest.mark.parametrize("applied", [False, True])
def test_where_no_report_shows_it_nobody_knows(sim: Simulator, desk: Desk, fault: dict[str, t.Any], applied: bool) -> None:
    sim.fault("POST /upgrades", applied=applied, times=None, **fault)
    sim.fault("GET /reports", nth=6, times=None, **NO_UPGRADES) if applied else None
    result = desk.run(1)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (True, True, 1, int(applied))
    assert "Whether the upgrade was scheduled is not known" in result["msg"]
    assert "Run the task again later" in result["msg"]


@pytest.mark.parametrize("fault", FOREIGN[::4], ids=str)
def test_who_is_not_the_service_does_not_know_what_became_of_a_cancellation(sim: Simulator, desk: Desk, fault: dict[str, t.Any]) -> None:
    upgrade = desk.add(1)
    sim.fault("DELETE /upgrades", applied=True, **fault)
    sim.fault("GET /upgrades", do="expired_session", nth=2)
    result = desk.cancel(upgrade_id=upgrade)
    assert (result["failed"], result["changed"], desk.upgrades) == (True, True, [])


def test_an_account_that_is_throttled_gets_there_by_another_run(sim: Simulator, desk: Desk) -> None:
    sim.fault("POST /upgrades", do="status", status=429, retry_after=1)
    first = desk.run(1)
    assert (first["failed"], first["error"]["kind"], first["error"]["status"], desk.upgrades) == (True, "service", 429, [])
    second = desk.run(1)
    assert (second["failed"], second["changed"], len(desk.upgrades)) == (False, True, 1)


@pytest.mark.parametrize("asked", [1, 500])
def test_the_service_is_looked_at_no_sooner_than_it_asks_unless_that_is_too_late(sim: Simulator, desk: Desk, asked: int) -> None:
    sim.fault("POST /upgrades", do="status", status=429, retry_after=asked)
    desk.run(1, retry_timeout=2)
    post = next(record for record in sim.requests if record.method == "POST")
    looks = [record for record in sim.requests if record.number > post.number]
    assert len(looks) >= 10
    assert asked > 2 or looks[0].time - post.time >= asked


def test_somebody_else_was_faster(desk: Desk, sim: Simulator) -> None:
    other = desk.add(1, 2)
    sim.fault("GET /reports", times=5, **NO_UPGRADES)
    sim.fault("POST /upgrades", do="status", status=429)
    result = desk.run(1)
    assert (result["failed"], result["changed"], desk.posts) == (True, True, 1)
    assert other in result["msg"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"do": "expired_session"}, "session_token"), ({"do": "expired_bearer"}, "access_token"), ({"do": "xml_403"}, "access_token")]
    + [({"do": "status", "status": 400}, "service")],
)
def test_a_refused_post_is_not_repeated(sim: Simulator, desk: Desk, fault: dict[str, t.Any], kind: str) -> None:
    sim.fault("POST /upgrades", **fault)
    result = desk.run(1)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, False, kind, 1)
    assert desk.upgrades == []


def test_nobody_there(desk: Desk) -> None:
    assert desk.run(1, api_url="http://127.0.0.1:1", retry_timeout=0)["error"]["kind"] == "unreachable"


@pytest.mark.parametrize("text", LOCAL_WORDS)
@pytest.mark.parametrize("late", [0, 6, 11])
def test_words_of_an_answer_do_not_say_that_nothing_was_sent(sim: Simulator, desk: Desk, text: str, late: int) -> None:
    sim.fault("POST /upgrades", do="garbled", shape="no_http", text=text, applied=True, times=None)
    sim.fault("GET /reports", nth=6, times=late, **NO_UPGRADES) if late else None
    result = desk.run(1, retry_timeout=5)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (False, True, 1, 1)


@pytest.mark.parametrize("late", [0, 3, 12, 1000])
def test_what_was_made_although_throttled_is_told_whatever_it_is(sim: Simulator, desk: Desk, late: int) -> None:
    sim.fault("POST /upgrades", do="status", status=429, applied=True, times=None)
    shown = sim.fault("GET /reports", nth=6, times=late, **NO_UPGRADES) if late else None
    result = desk.run(1)
    made = [upgrade.id for upgrade in desk.upgrades]
    if shown and late == 1000:
        # Nothing of it is to be seen for as long as anybody looks.
        assert (result["failed"], result["error"]["status"]) == (True, 429)
    elif len(made) == 1:
        assert (result["failed"], result["changed"], result["upgrade_id"]) == (False, True, made[0])
    else:
        assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "state")
        assert all(upgrade_id in result["msg"] for upgrade_id in made)


# -- what was scheduled is compared with what was asked for


@pytest.mark.parametrize("told", [0, 1, 5])
@pytest.mark.parametrize("listed", [0, 3])
@pytest.mark.parametrize("wait", [False, True])
def test_an_upgrade_that_holds_less_than_was_sent_is_no_success(sim: Simulator, desk: Desk, told: int, listed: int, wait: bool) -> None:
    body = {"id": UNKNOWN, "firmwareName": "F", "firmwareTo": "2.1", "startDate": day(7), "status": "RequestPending"}

    def holding(count: int, status: str) -> dict[str, t.Any]:
        return {**body, "status": status, "deviceList": [{"deviceId": device, "status": status} for device in imeis(*range(count))]}

    page = {"hasMoreFlag": False, "lastSeenUpgradeId": 1, "reportList": [holding(listed, "RequestPending")]}
    sim.fault("POST /upgrades", do="status", status=200, body=holding(told, "RequestPending"))
    sim.fault("GET /reports", nth=6, times=None, do="status", status=200, body=page)
    sim.fault("GET /upgrades", times=None, do="status", status=200, body=holding(listed, "Queued"))
    result = desk.run(*range(5), wait=wait)
    assert (result["failed"], result["changed"], result["error"]["kind"], result["upgrade_id"]) == (True, True, "not_visible", UNKNOWN)
    assert (result["devices_missing_count"], result["devices_extra_count"], result["upgrade"]["device_count"]) == (5 - listed, 0, listed)
    assert imeis(listed)[0] in result["msg"]
    assert desk.posts == 1


def test_devices_that_are_refused_and_gone_are_missing(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=0, rejected_devices="vanish")
    sim.refuse(imeis(1, 2))
    result = desk.run(1, 2, 3, wait=True)
    assert (result["failed"], result["changed"], result["error"]["kind"], result["devices_missing_count"]) == (True, True, "not_visible", 2)
    assert desk.run(1, 2, 3)["devices_missing_count"] == 2


def test_devices_that_come_late_into_the_list_are_waited_for(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(device_lists="missing_in_reports")
    late = sim.fault("GET /upgrades", times=3, do="leave_out", devices=imeis(2))
    result = desk.run(1, 2, retry_timeout=5)
    assert (result["failed"], result["devices_missing_count"], result["upgrade"]["device_count"], late.fired) == (False, 0, 2, 3)


def test_an_upgrade_of_somebody_else_with_fewer_devices_is_not_taken_for_the_lost_one(sim: Simulator, desk: Desk) -> None:
    for devices in ((1,), ()):
        sim.service.upgrades.clear()
        sim.service.faults.clear()
        other = desk.add(*devices)
        sim.fault("GET /reports", times=5, **NO_UPGRADES)
        sim.fault("POST /upgrades", do="drop_before")
        result = desk.run(1, 2, 3, 4, 5)
        assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "unreachable")
        assert other in result["msg"]
        assert "somebody else" in result["msg"]


# -- waiting


def test_wait_until_it_is_queued(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=3)
    sim.refuse(imeis(2))
    result = desk.run(1, 2, wait=True)
    assert (result["failed"], result["changed"], result["upgrade"]["status"]) == (False, True, "Queued")
    assert result["upgrade"]["devices_by_status"] == {"Device Accepted": 1, "Device Rejected": 1}
    assert result["rejected"] == [{"device_id": imeis(2)[0], "operation": "append", "status": "Device Rejected", "reason": "Device not found."}]
    assert "Device not found" in result["warnings"][0]
    assert desk.methods == f"{LOOK} GET POST {LOOK} GET GET GET"


def test_wait_for_one_that_is_there_already(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=3)
    desk.run(1)
    result = desk.run(1, wait=True)
    assert (result["changed"], result["upgrade"]["status"], desk.posts) == (False, "Queued", 1)
    sim.service.log.records.clear()
    assert desk.run(1, wait=True)["changed"] is False
    assert desk.methods == LOOK


def test_check_mode_does_not_wait(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=100)
    assert desk.run(1, wait=True, check=True)["upgrade"]["status"] == "RequestPending"
    desk.run(1)
    assert desk.run(1, wait=True, check=True)["upgrade"]["status"] == "RequestPending"


def test_an_upgrade_that_is_refused_as_a_whole_fails_with_the_reasons(sim: Simulator, desk: Desk) -> None:
    sim.refuse({device: f"Reason {device[-1]}." for device in imeis(1, 2)})
    result = desk.run(1, 2, wait=True)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "state")
    for number in (1, 2):
        assert f"{imeis(number)[0]}: Reason {number}" in result["msg"]
    assert result["upgrade"]["status"] == "RequestFailed"
    assert [item["reason"] for item in result["rejected"]] == ["Reason 1.", "Reason 2."]
    sim.service.world.refusals.clear()
    again = desk.run(1, 2, wait=True)
    assert (again["failed"], again["changed"], again["upgrade"]["status"], desk.posts) == (False, True, "Queued", 2)


@pytest.mark.parametrize("vanish", ["listed", "vanish"])
def test_a_refusal_that_the_reports_show_at_once_is_no_success(sim: Simulator, desk: Desk, vanish: str) -> None:
    sim.misbehave(pending_reads=0, rejected_devices=vanish)
    sim.refuse(imeis(1))
    result = desk.run(1)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, "state", 1)
    assert result["upgrade"]["status"] == "RequestFailed"


def test_wait_timeout_tells_the_upgrade(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=10_000)
    result = desk.run(1, wait=True, wait_timeout=1)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "timeout")
    assert result["upgrade"]["status"] == "RequestPending"
    assert result["upgrade_id"] in result["msg"]
    assert desk.run(1, wait=True, wait_timeout=0)["error"]["kind"] == "timeout"
    assert desk.posts == 1


def test_wait_for_one_that_is_not_shown_at_once(sim: Simulator, desk: Desk) -> None:
    sim.fault("GET /upgrades", do="status", status=404, times=2, body={"errorCode": "INVALID_PARAMETER", "errorMessage": "Invalid upgradeId"})
    assert desk.run(1, wait=True)["upgrade"]["status"] == "Queued"


def test_wait_for_one_that_somebody_cancels(sim: Simulator, desk: Desk) -> None:
    there = desk.add(1, status="RequestPending")
    sim.misbehave(pending_reads=9)
    sim.fault("GET /upgrades", do="cancel_upgrade", upgrade_id=there)
    result = desk.run(1, wait=True)
    # Its checks may be done by the reads of the reports; if not, it is looked for until it is clear that it is gone.
    assert result["changed"] is False
    assert result["failed"] is (result["upgrade"]["status"] == "RequestPending")


def test_a_lost_session_while_waiting_leaves_the_truth(sim: Simulator, desk: Desk) -> None:
    sim.fault("GET /upgrades", do="expired_session")
    result = desk.run(1, wait=True)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "session_token")
    assert result["upgrade_id"] == desk.upgrades[0].id
    assert "scheduled" in result["msg"]


# -- cancelling


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("status", ["RequestPending", "Queued"])
def test_cancel_what_has_not_started(sim: Simulator, desk: Desk, status: str, by_id: bool) -> None:
    sim.misbehave(pending_reads=9)
    there = desk.add(1, status=status)
    options = {"upgrade_id": there.upper()} if by_id else {}
    result = desk.cancel(**options)
    assert (result["failed"], result["changed"], result["upgrade"]["upgrade_id"], desk.upgrades) == (False, True, there, [])
    assert desk.cancel(**options)["changed"] is False
    assert sum(record.method == "DELETE" for record in sim.writes) == 1


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("status", ["InProgress", "Finished", "UpgradeFailed"])
def test_what_has_started_is_not_cancelled(sim: Simulator, desk: Desk, status: str, by_id: bool) -> None:
    there = desk.add(1, status=status)
    for check in (True, False):
        result = desk.cancel(check=check, **({"upgrade_id": there} if by_id else {}))
        assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "state")
        assert status in result["msg"]
        assert result["upgrade"]["status"] == status
    assert sim.writes == []


@pytest.mark.parametrize("by_id", [True, False])
def test_what_was_refused_as_a_whole_is_gone(sim: Simulator, desk: Desk, by_id: bool) -> None:
    there = desk.add(1, status="RequestFailed")
    result = desk.cancel(**({"upgrade_id": there} if by_id else {}))
    assert (result["failed"], result["changed"], result["upgrade"]) == (False, False, None)
    assert sim.writes == []


def test_a_new_one_beside_one_that_failed_is_cancelled(desk: Desk) -> None:
    desk.add(1, status="UpgradeFailed")
    desk.add(1)
    assert desk.cancel()["changed"] is True


@pytest.mark.parametrize("status", ["400", "404"])
def test_an_unknown_id_is_gone(sim: Simulator, desk: Desk, status: str) -> None:
    sim.misbehave(unknown_upgrade=status)
    result = desk.cancel(upgrade_id=UNKNOWN)
    assert (result["failed"], result["changed"], result["upgrade_id"], desk.methods) == (False, False, UNKNOWN, "GET")


def test_a_cancelled_upgrade_that_is_still_shown_is_gone(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(cancelled_upgrades="listed")
    there = desk.add(1)
    assert desk.cancel(upgrade_id=there)["changed"] is True
    again = desk.cancel(upgrade_id=there)
    assert (again["failed"], again["changed"], desk.methods) == (False, False, "GET DELETE GET")


def test_an_upgrade_that_starts_between_read_and_delete(sim: Simulator, desk: Desk) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", do="start_upgrade")
    result = desk.cancel(upgrade_id=there)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "state")
    assert "InProgress" in result["msg"]
    assert result["upgrade"]["status"] == "InProgress"


def test_somebody_else_cancels_between_read_and_delete(sim: Simulator, desk: Desk) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", do="cancel_upgrade")
    result = desk.cancel(upgrade_id=there, diff=True)
    assert (result["failed"], result["changed"], result["upgrade"]) == (False, False, None)
    assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("shown", ["vanish", "listed"])
@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "truncated"}, {"do": "status", "status": 503, "applied": True}, {"do": "html", "status": 200, "applied": True}]
    + [{"do": "status", "status": 200, "applied": True, "body": body} for body in ("", {"success": False})],
)
def test_a_lost_answer_to_delete_is_settled_by_reading(sim: Simulator, desk: Desk, fault: dict[str, t.Any], shown: str) -> None:
    sim.misbehave(cancelled_upgrades=shown)
    there = desk.add(1)
    sim.fault("DELETE /upgrades", **fault)
    result = desk.cancel(upgrade_id=there, diff=True)
    assert (result["failed"], result["changed"], result["upgrade"]["upgrade_id"], desk.methods) == (False, True, there, "GET DELETE GET")
    assert result["diff"]["after"] == ""


@pytest.mark.parametrize("fault", [{"do": "drop_before"}, {"do": "status", "status": 429}, {"do": "status", "status": 500}, {"do": "html", "status": 502}])
def test_a_delete_that_was_not_carried_out_is_sent_again_after_a_look(sim: Simulator, desk: Desk, fault: dict[str, t.Any]) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", **fault)
    result = desk.cancel(upgrade_id=there)
    assert (result["changed"], desk.upgrades, desk.methods) == (True, [], "GET DELETE GET DELETE")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"do": "status", "status": 503}, "service"), ({"do": "status", "status": 400}, "service"), ({"do": "drop_before"}, "unreachable")],
)
def test_a_delete_that_never_passes(sim: Simulator, desk: Desk, fault: dict[str, t.Any], kind: str) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", times=None, **fault)
    result = desk.cancel(upgrade_id=there)
    assert (result["failed"], result["changed"], result["error"]["kind"], len(desk.upgrades)) == (True, False, kind, 1)


def test_a_session_that_ends_before_the_delete(sim: Simulator, desk: Desk) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", do="expired_session")
    result = desk.cancel(upgrade_id=there)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "session_token")


def test_a_lost_answer_to_delete_that_no_read_settles(sim: Simulator, desk: Desk) -> None:
    there = desk.add(1)
    sim.fault("DELETE /upgrades", do="drop_after")
    sim.fault("GET /upgrades", do="expired_session", nth=2)
    result = desk.cancel(upgrade_id=there)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "session_token")
    assert f"Whether the upgrade {there} was cancelled is not known" in result["msg"]


def test_cancelling_what_check_mode_has_predicted(sim: Simulator, desk: Desk) -> None:
    for empty in ("", None):
        result = desk.cancel(upgrade_id=empty, check=True)
        assert (result["failed"], result["changed"], len(result["warnings"])) == (False, False, 1)
    assert sim.requests == []


def test_one_task_with_the_state_as_a_variable(desk: Desk) -> None:
    """Everything that schedules may stand beside ``absent``."""
    options: dict[str, t.Any] = {"devices": imeis(1), "end_date": day(9), "wait": True}
    for state, changed in (("present", True), ("present", False), ("absent", True), ("absent", False)):
        result = desk.run(state=state, **options)
        assert (result["failed"], result["changed"]) == (False, changed), result


def test_no_output_holds_a_secret(sim: Simulator, desk: Desk) -> None:
    access, session = sim.tokens()
    options: dict[str, t.Any] = {"access_token": access, "session_token": session, "retry_timeout": 0}
    for status in (503, 400):
        for on in ("POST /upgrades", "GET /reports", "DELETE /upgrades"):
            armed = sim.fault(on, do="status", times=None, status=status, body=f"{access} {session}")
            for result in (desk.run(1, diff=True, **options), desk.cancel(**options)):
                assert access not in json.dumps(result)
                assert session not in json.dumps(result)
            sim.service.faults.remove(armed)


# -- what a review found


@pytest.mark.parametrize("body", [{}, {"errorCode": "X", "errorMessage": "no"}, {"fault": {"code": 1}}, {"error": "x"}, [], {"reportList": {}}])
def test_a_page_that_is_none_is_no_empty_one(sim: Simulator, desk: Desk, body: object) -> None:
    desk.add(1)
    sim.fault("GET /reports", do="status", status=200, body=body, times=None)
    assert desk.run(1)["error"]["kind"] == "service"
    assert desk.cancel()["error"]["kind"] == "service"
    assert sim.writes == []


LISTLESS: list[dict[str, t.Any]] = [
    {"hasMoreFlag": False},
    {"hasMoreFlag": False, "lastSeenUpgradeId": 0},
    {"hasMoreFlag": False, "message": "The report is being generated."},
    {"hasMoreFlag": False, "lastSeenUpgradeId": 0, "reportlist": []},
    {"hasMoreFlag": False, "lastSeenUpgradeId": 0, "upgradeList": []},
]


@pytest.mark.parametrize("body", LISTLESS, ids=str)
def test_a_report_without_its_list_is_no_empty_one(sim: Simulator, desk: Desk, body: dict[str, t.Any]) -> None:
    desk.add(1)
    sim.fault("GET /reports", do="status", status=200, body=body, times=None)
    for result in (desk.run(1), desk.run(1, check=True), desk.cancel()):
        assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "service", False)
    assert sim.writes == []


ODD: list[dict[str, t.Any]] = [
    *({"startDate": value} for value in (None, "", "soon", "03/04/2027")),
    {"startDate": {}},
    *({"firmwareName": value} for value in (None, "", "f", " F ")),
    *({"firmwareTo": value} for value in (None, "2. 1")),
    {"firmwareTo": 2.1},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("left_out", [False, True])
def test_one_that_may_be_it_is_neither_scheduled_again_nor_taken_for_gone(sim: Simulator, desk: Desk, odd: dict[str, t.Any], left_out: bool) -> None:
    upgrade = desk.add(1)
    row = {**UPGRADE, "id": upgrade, "startDate": day(7), **odd}
    row = {name: value for name, value in row.items() if not left_out or name not in odd}
    for nth in range(2, 18, 4):
        sim.fault("GET /reports", nth=nth, do="status", status=200, body={"hasMoreFlag": False, "reportList": [row]})
    for result in (desk.run(1), desk.run(1, check=True), desk.cancel(), desk.cancel(check=True)):
        assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "state", False)
        assert upgrade in result["msg"]
    assert sim.writes == []


@pytest.mark.parametrize("beside", [{}, {"more": True}])
def test_a_report_that_names_another_page_is_not_the_last(sim: Simulator, desk: Desk, beside: dict[str, t.Any]) -> None:
    sim.add_upgrade(devices=imeis(10), start_date="+7", firmware_name="Other", status="Queued")
    upgrade = desk.add(1)
    other = {**UPGRADE, "id": UNKNOWN, "firmwareName": "Other", "startDate": day(7)}
    sim.fault("GET /reports", nth=2, do="status", status=200, body={"lastSeenUpgradeId": 1, "reportList": [other], **beside})
    result = desk.run(1)
    assert (result["failed"], result["upgrade_id"], desk.posts) == (False, upgrade, 0)


def test_an_upgrade_that_the_reports_do_not_show_yet_is_waited_for(sim: Simulator, desk: Desk) -> None:
    late = sim.fault("GET /reports", nth=6, times=9, **NO_UPGRADES)
    assert desk.run(1, retry_timeout=5)["failed"] is False
    assert late.fired == 9
    assert (desk.run(1)["changed"], len(desk.upgrades)) == (False, 1)


def test_an_upgrade_that_stays_out_of_the_reports_is_told(sim: Simulator, desk: Desk) -> None:
    sim.fault("GET /reports", nth=6, times=None, **NO_UPGRADES)
    result = desk.run(1)
    assert (result["failed"], result["changed"], result["error"]["kind"], desk.posts) == (True, True, "not_visible", 1)
    assert result["upgrade_id"] == desk.upgrades[0].id


def test_what_was_made_although_throttled_is_told(sim: Simulator, desk: Desk) -> None:
    sim.fault("POST /upgrades", do="status", status=429, applied=True)
    assert (desk.run(1)["changed"], desk.posts, len(desk.upgrades)) == (True, 1, 1)


def _not_once(send: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """The first POST surely does not leave this machine."""
    left = [UnsettledError("Cannot reach it.", "unreachable", carried_out=False)]

    def once(transport: transport.Transport, request: t.Any) -> t.Any:
        if request.method == "POST" and left:
            raise left.pop()
        return send(transport, request)

    return once


@pytest.mark.parametrize("habit", [{"device_lists": "missing"}, {"rejected_devices": "vanish", "pending_reads": 0}])
def test_what_may_have_been_made_although_throttled_is_not_known(sim: Simulator, desk: Desk, habit: dict[str, t.Any]) -> None:
    """It shows up with fewer devices than were sent, or without any: taken for somebody else's, it would be a success that changed nothing."""
    sim.misbehave(**habit)
    sim.refuse(imeis(1))
    sim.fault("POST /upgrades", do="status", status=429, applied=True)
    result = desk.run(1, 2)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (True, True, 1, 1)
    assert "Whether the upgrade was scheduled is not known" in result["msg"]
    assert desk.upgrades[0].id in result["msg"]


def test_midnight_in_between(sim: Simulator, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.thingspace.fota.plugins.module_utils._tasks import upgrade as scheduling

    days = iter([0, 0, 1])
    first = datetime.datetime.now(datetime.timezone.utc).date()
    monkeypatch.setattr(scheduling, "today", lambda: first + datetime.timedelta(days=next(days)))
    monkeypatch.setattr(transport.Transport, "once", _not_once(transport.Transport.once))
    result = desk.run(1, start_date=first.isoformat())
    assert (result["error"]["kind"], desk.posts) == ("state", 0)
    assert desk.upgrades == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        {},
        [],
        "Not Found",
        {"message": "Invalid upgradeId"},
        {"errorCode": "", "errorMessage": ""},
        {"status": 404, "error": "Not Found", "path": "/x"},
        "<html><title>Not here</title></html>",
        {"fault": {"code": "404", "message": "No"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("request_", ["GET /upgrades", "DELETE /upgrades", "GET /reports"])
def test_a_wrong_address_is_no_cancelled_upgrade(sim: Simulator, desk: Desk, body: object, request_: str) -> None:
    upgrade = desk.add(1)
    sim.fault(request_, do="status", status=404, body=body, times=None)
    result = desk.cancel() if request_ == "GET /reports" else desk.cancel(upgrade_id=upgrade)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "service", False)
    assert "nothing to cancel" not in result["msg"]
    assert len(desk.upgrades) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": {"errorCode": "REQUEST_FAILED", "errorMessage": "no route"}},
        {"status": 400, "body": {"errorCode": "INVALID_PARAMETER", "errorMessage": "Invalid upgradeId"}},
        {"status": 400, "body": {"errorMessage": "Invalid upgradeId"}},
    ],
    ids=str,
)
def test_one_that_is_still_there_is_not_taken_for_cancelled(sim: Simulator, desk: Desk, answer: dict[str, t.Any]) -> None:
    upgrade = desk.add(1)
    sim.fault("DELETE /upgrades", do="status", times=None, **answer)
    for result in (desk.cancel(upgrade_id=upgrade), desk.cancel()):
        assert (result["failed"], result["changed"], len(desk.upgrades)) == (True, False, 1)
        assert "nothing to cancel" not in result["msg"]


@pytest.mark.parametrize("lists", ["missing_in_reports", "null_in_reports"])
def test_an_upgrade_whose_report_has_no_devices_is_compared_all_the_same(sim: Simulator, desk: Desk, lists: str) -> None:
    upgrade = desk.add(1, 2)
    sim.misbehave(device_lists=lists)
    result = desk.run(2, 3)
    assert (result["changed"], result["upgrade_id"]) == (False, upgrade)
    assert (result["devices_missing_count"], result["devices_extra_count"]) == (1, 1)


@pytest.mark.parametrize("lists", ["missing_in_reports", "null_in_reports"])
def test_a_lost_answer_is_settled_by_reports_without_devices_too(sim: Simulator, desk: Desk, lists: str) -> None:
    sim.misbehave(device_lists=lists)
    sim.fault("POST /upgrades", do="drop_after")
    result = desk.run(1, 2)
    assert (result["failed"], result["changed"], desk.posts, len(desk.upgrades)) == (False, True, 1, 1)


@pytest.mark.parametrize("flag", ["number", "letter"])
def test_a_list_that_may_be_cut_schedules_nothing_a_second_time(sim: Simulator, desk: Desk, flag: str) -> None:
    for number in range(4):
        sim.add_upgrade(devices=imeis(number + 10), start_date="+7", firmware_name="Other", status="Queued")
    desk.add(1)
    sim.misbehave(report_page_size=2, more_flag=flag)
    result = desk.run(1)
    assert (result["failed"], result["error"]["kind"], desk.posts) == (True, "service", 0)


def test_a_mistake_of_ours_is_told_as_such(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scheduler, "wait", lambda scheduler, timeout: 1 / 0)
    tracebacks(monkeypatch)
    result = desk.run(1, wait=True)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "internal", True)
    assert "scheduled: F to 2.1" in result["msg"]
    assert "ZeroDivisionError" in result["exception"]


def test_somebody_cancels_what_is_waited_for(sim: Simulator, desk: Desk) -> None:
    sim.misbehave(pending_reads=100, cancelled_upgrades="listed")
    sim.fault("GET /upgrades", do="status", status=200, body={"id": UNKNOWN, "status": "Upgrade Cancelled", "deviceList": []})
    desk.add(1, upgrade_id=UNKNOWN, status="RequestPending")
    result = desk.run(1, wait=True, wait_timeout=5)
    assert (result["failed"], result["error"]["kind"]) == (True, "state")


def test_every_reason_of_a_refused_request_is_told(sim: Simulator, desk: Desk) -> None:
    listed = [{"deviceId": device, "status": "RequestFailed", "resultReason": "Wrong firmware."} for device in imeis(*range(7))]
    desk.add(*range(7), upgrade_id=UNKNOWN, status="RequestPending")
    sim.fault("GET /upgrades", do="status", status=200, body={"id": UNKNOWN, "status": "RequestFailed", "deviceList": listed})
    result = desk.run(wait=True)
    assert (result["failed"], result["rejected_count"]) == (True, 7)
