# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``upgrade_devices`` against the simulator over real sockets: end state, requests made, and what is told."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._apply import reconcile as writer
from ansible_collections.thingspace.fota.plugins.module_utils._results import membership as outcome
from support.run_module import run_module, tracebacks

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
UNKNOWN = "60b5d639-ccdc-4db8-8824-069bd94c95bf"


def imei(number: int) -> str:
    return str(990000000000000 + number)


def imeis(*numbers: int) -> list[str]:
    return [imei(number) for number in numbers]


class Fleet:
    """One upgrade on the simulator, and the task that works on it."""

    def __init__(self, sim: Simulator, devices: t.Iterable[int] = (), **values: t.Any) -> None:
        self.sim = sim
        upgrade = sim.add_upgrade(devices=imeis(*devices), **values)
        self.upgrade_id, self.account = upgrade.id, upgrade.account

    def run(self, *devices: int, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        access, session = self.sim.tokens()
        told = {"account": self.account, "access_token": access, "session_token": session, "api_url": self.sim.api_url, "upgrade_id": self.upgrade_id}
        defaults = {"devices": imeis(*devices), "imei_check": "none", "retry_timeout": 2}
        return run_module("upgrade_devices", {**told, **defaults, **options}, check=check, diff=diff)

    @property
    def members(self) -> set[int]:
        return {int(device) - 990000000000000 for device in self.sim.members(self.upgrade_id)}

    @property
    def methods(self) -> str:
        return " ".join(record.method for record in self.sim.requests)


@pytest.mark.parametrize(
    ("state", "declared", "after", "methods"),
    [
        ("present", (2, 3, 4), {0, 1, 2, 3, 4}, "GET PUT GET"),
        ("absent", (2, 3), {0, 1}, "GET PUT GET"),
        ("exact", (1, 2, 3), {1, 2, 3}, "GET PUT PUT GET"),
        ("present", (), {0, 1, 2}, "GET"),
        ("absent", (), {0, 1, 2}, "GET"),
        ("present", (0, 1), {0, 1, 2}, "GET"),
        ("absent", (3,), {0, 1, 2}, "GET"),
        ("exact", (0, 1, 2), {0, 1, 2}, "GET"),
    ],
)
def test_check_change_again(sim: Simulator, state: str, declared: tuple[int, ...], after: set[int], methods: str) -> None:
    fleet = Fleet(sim, (0, 1, 2))
    predicted = fleet.run(*declared, state=state, check=True, diff=True)
    assert sim.writes == []
    assert fleet.members == {0, 1, 2}
    sim.service.log.records.clear()
    done = fleet.run(*declared, state=state, diff=True)
    assert fleet.members == after
    assert fleet.methods == methods
    assert done["requests"] == len(methods.split())
    assert len({record.connection for record in sim.requests}) == 1
    assert done["changed"] == ("PUT" in methods)
    for result in (predicted, done):
        result.pop("requests")
    assert predicted == done
    assert done["added"] == imeis(*sorted(after - {0, 1, 2}))
    assert done["removed"] == imeis(*sorted({0, 1, 2} - after))
    assert done["after_count"] == len(after)
    again = fleet.run(*declared, state=state)
    assert (again["changed"], again["requests"], again["added"], again["removed"]) == (False, 1, [], [])


def test_ten_thousand_devices_with_five_hundred_changes(sim: Simulator) -> None:
    fleet = Fleet(sim, range(10_000))
    result = fleet.run(*range(250, 10_250), state="exact", diff=True)
    assert result["msg"] == "250 added, 250 removed, 9750 unchanged, 0 rejected"
    assert fleet.methods == "GET PUT PUT GET"
    assert [record.json["type"] for record in sim.writes] == ["append", "remove"]
    assert all(record.json["deviceList"] == sorted(record.json["deviceList"]) for record in sim.writes)
    assert result["diff"]["after"].splitlines()[0] == "10000 devices"
    assert result["diff"]["after"].splitlines()[-1] == "... and 150 more"
    assert fleet.members == set(range(250, 10_250))
    assert len(json.dumps(result)) < 700_000


def test_the_upgrade_is_the_dictionary_of_upgrade_info(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,), rejected={imei(9): "Device not found."})
    result = fleet.run(0, 1)
    access, session = sim.tokens()
    told = run_module(
        "upgrade_info",
        {"account": fleet.account, "access_token": access, "session_token": session, "api_url": sim.api_url, "upgrade_id": fleet.upgrade_id},
    )
    assert [result["upgrade"]] == told["upgrades"]


def test_batches(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    fleet.run(1, 2, 3, 4, 5, state="exact", batch_size=2, allow_empty=True)
    assert [(record.json["type"], len(record.json["deviceList"])) for record in sim.writes] == [("append", 2), ("append", 2), ("append", 1), ("remove", 1)]


# -- lost answers and a service in trouble


@pytest.mark.parametrize(
    ("fault", "methods"),
    [
        ({"do": "drop_after"}, "GET PUT GET"),
        ({"do": "drop_before"}, "GET PUT GET PUT GET"),
        ({"do": "status", "status": 503, "applied": True}, "GET PUT GET"),
        ({"do": "status", "status": 500}, "GET PUT GET PUT GET"),
        ({"do": "status", "status": 429}, "GET PUT GET PUT GET"),
        ({"do": "html", "status": 502, "applied": True}, "GET PUT GET"),
        ({"do": "html", "status": 200, "applied": True}, "GET PUT GET"),
        ({"do": "truncated"}, "GET PUT GET"),
        ({"do": "drop_after", "nth": 2}, "GET PUT PUT GET"),
    ],
)
def test_a_write_without_an_answer_is_settled_by_reading(sim: Simulator, fault: dict[str, t.Any], methods: str) -> None:
    fleet = Fleet(sim, (0, 1))
    devices = (1, 2) if fault.get("nth") else (0, 1, 2)
    sim.fault("PUT /upgrades", **fault)
    result = fleet.run(*devices, state="exact")
    assert fleet.members == set(devices)
    assert fleet.methods == methods
    assert result["failed"] is False
    assert result["added"] == imeis(2)
    assert result["changed"] is True


def test_a_write_waits_as_long_as_the_service_asks(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=429, retry_after=1)
    assert fleet.run(1)["changed"] is True
    put, get = sim.requests[1:3]
    assert get.time - put.time >= 1
    assert fleet.members == {1}


def test_a_service_that_stays_away_ends_the_task_with_the_truth(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=503, nth=2, times=None)
    result = fleet.run(1, 2, 3, batch_size=1, retry_timeout=1)
    assert result["failed"] is True
    assert (result["error"]["kind"], result["error"]["status"]) == ("service", 503)
    assert result["changed"] is True
    assert result["added"] == imeis(1)
    assert "1 added, 0 removed" in result["msg"]
    assert fleet.members == {1}


@pytest.mark.parametrize(
    "fault", [{"do": "drop_before"}, {"do": "status", "status": 503}, {"do": "status", "status": 429}, {"do": "truncated"}, {"do": "html", "status": 502}]
)
def test_reads_are_tried_again(sim: Simulator, fault: dict[str, t.Any]) -> None:
    fleet = Fleet(sim)
    sim.fault("GET /upgrades", times=2, **fault)
    result = fleet.run(1)
    assert fleet.members == {1}
    assert fleet.methods == "GET GET GET PUT GET"
    assert result["requests"] == 5


def test_a_page_instead_of_json_writes_nothing(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("GET /upgrades", do="html", status=200)
    result = fleet.run(1)
    assert result["error"]["kind"] == "service"
    assert sim.writes == []
    assert "Traceback" not in json.dumps(result)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '"x"',
        "null",
        '{"id": 1, "status": "Queued"}',
        '{"id": "%s", "status": "Queued", "deviceList": [1]}',
        '{"id": "%s", "status": "Queued", "deviceList": {}}',
    ],
)
def test_json_that_is_no_upgrade_writes_nothing(sim: Simulator, body: str) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("GET /upgrades", do="status", status=200, body=body.replace("%s", fleet.upgrade_id))
    result = fleet.run(1, state="exact")
    assert result["failed"] is True
    assert result["error"]["kind"] == "service"
    assert sim.writes == []


def test_nobody_there(sim: Simulator) -> None:
    fleet = Fleet(sim)
    result = fleet.run(1, api_url="http://127.0.0.1:1", retry_timeout=0)
    assert result["error"]["kind"] == "unreachable"
    assert result["unchanged_count"] is None


# -- tokens


@pytest.mark.parametrize("shape", ["uws", "uws_401", "location", "cloud_connector"])
def test_an_expired_session_is_told_from_an_expired_bearer(sim: Simulator, shape: str) -> None:
    fleet = Fleet(sim)
    sim.fault("GET /upgrades", do="expired_session", shape=shape)
    assert fleet.run(1)["error"]["kind"] == "session_token"
    sim.fault("GET /upgrades", do="expired_bearer")
    assert fleet.run(1)["error"]["kind"] == "access_token"
    assert sim.writes == []


def test_a_session_that_ends_between_two_writes_leaves_the_truth(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("PUT /upgrades", do="expired_session", nth=2)
    result = fleet.run(1, state="exact", max_removal_percent=100)
    assert result["failed"] is True
    assert result["error"]["kind"] == "session_token"
    assert (result["changed"], result["added"], result["removed"]) == (True, imeis(1), [])
    assert result["after_count"] == 2
    assert fleet.members == {0, 1}


@pytest.mark.parametrize(("option", "kind"), [("access_token", "access_token"), ("session_token", "session_token")])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_token(sim: Simulator, monkeypatch: pytest.MonkeyPatch, option: str, kind: str, value: t.Any) -> None:
    monkeypatch.delenv(f"THINGSPACE_{option.upper()}", raising=False)
    result = Fleet(sim).run(1, **{option: value})
    assert result["error"]["kind"] == kind
    assert option in result["msg"]
    assert sim.requests == []


def test_a_token_with_a_line_break_is_refused_unseen(sim: Simulator) -> None:
    result = Fleet(sim).run(1, access_token="sneaky\r\nX-Other: 1")
    assert result["error"]["kind"] == "input"
    assert "sneaky" not in json.dumps(result)
    assert sim.requests == []


@pytest.mark.parametrize("style", ["uws", "location", "diagnostics"])
def test_an_account_of_somebody_else(sim: Simulator, style: str) -> None:
    sim.misbehave(account_error=style)
    assert Fleet(sim).run(1, account="0000000000-00009")["error"]["kind"] == "forbidden"


@pytest.mark.parametrize("status", ["400", "404"])
def test_an_unknown_upgrade(sim: Simulator, status: str) -> None:
    sim.misbehave(unknown_upgrade=status)
    assert Fleet(sim).run(1, upgrade_id=UNKNOWN)["error"]["kind"] == "not_found"


# -- upgrades that start, and other writers


@pytest.mark.parametrize("status", ["InProgress", "Finished", "RequestFailed", "UpgradeFailed"])
def test_a_started_upgrade_is_never_written_to_and_nothing_to_do_succeeds(sim: Simulator, status: str) -> None:
    fleet = Fleet(sim, (0, 1), status=status)
    for check in (True, False):
        result = fleet.run(0, 2, check=check)
        assert result["error"]["kind"] == "state"
        assert status in result["msg"]
        assert result["changed"] is False
        assert result["unchanged_count"] == 2
    assert fleet.run(0, 1, state="exact")["failed"] is False
    assert sim.writes == []


def test_an_upgrade_that_starts_between_read_and_write(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("PUT /upgrades", do="start_upgrade")
    result = fleet.run(0, 1)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "state")
    assert "InProgress" in result["msg"]
    assert fleet.methods == "GET PUT GET"


def test_an_upgrade_that_starts_between_two_writes(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("PUT /upgrades", do="start_upgrade", nth=2)
    result = fleet.run(1, 2, batch_size=1)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "state")
    assert result["added"] == imeis(1)
    assert result["upgrade_status"] == "InProgress"


def test_another_writer_in_between(sim: Simulator) -> None:
    fleet = Fleet(sim, (0, 1))
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(7), remove=imeis(1))
    result = fleet.run(0, 1, 2, state="exact")
    assert fleet.members == {0, 1, 2}
    assert result["failed"] is False


def test_another_writer_who_never_stops(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    for number in range(50):
        sim.fault("PUT /upgrades", do="another_writer", nth=number + 1, add=imeis(100 + number))
    result = fleet.run(0, 1, state="exact", max_removal_percent=100)
    assert result["error"]["kind"] == "state"
    assert "keeps changing" in result["msg"]
    assert len(sim.writes) < 20


def test_repeated_plans_do_not_add_up_past_a_rail(sim: Simulator) -> None:
    fleet = Fleet(sim, range(10))
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(*range(20, 30)), nth=1)
    result = fleet.run(*range(2, 10), state="exact", max_removals=2)
    assert result["error"]["kind"] == "rail"
    assert (result["changed"], result["removed_count"]) == (True, 2)


# -- refusals


def test_devices_refused_one_by_one_do_not_stop_the_rest(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.refuse({imei(1): "Device not eligible for service."})
    result = fleet.run(1, 2, state="exact")
    assert fleet.members == {2}
    assert result["failed"] is True
    assert result["error"]["kind"] == "rejected"
    assert "not eligible" in result["msg"]
    assert (result["changed"], result["added"], result["removed"]) == (True, imeis(2), imeis(0))
    assert [(item["device_id"], item["operation"]) for item in result["rejected"]] == [(imei(1), "append")]
    assert "not eligible" in result["rejected"][0]["reason"]
    again = fleet.run(1, 2, state="exact")
    assert (again["failed"], again["changed"], again["requests"]) == (True, False, 1)
    assert again["rejected"][0]["operation"] == "listed"
    # Not declared any more, it is nobody's business, and it stays where it is.
    assert fleet.run(2, state="exact")["failed"] is False
    assert fleet.run(1, state="absent")["changed"] is False


def test_a_refused_device_that_is_not_listed_is_tried_again_and_predicted(sim: Simulator) -> None:
    sim.misbehave(rejected_devices="vanish")
    fleet = Fleet(sim)
    sim.refuse([imei(1)])
    assert fleet.run(1)["error"]["kind"] == "rejected"
    assert fleet.run(1, check=True)["added"] == imeis(1)
    assert fleet.run(1)["requests"] == 3


def test_on_rejected(sim: Simulator) -> None:
    fleet = Fleet(sim, rejected={imei(1): "Device not found."})
    warned = fleet.run(1, 2, on_rejected="warn")
    assert warned["failed"] is False
    assert any("Device not found" in warning for warning in warned["warnings"])
    ignored = fleet.run(1, 2, on_rejected="ignore")
    assert "warnings" not in ignored
    assert ignored["rejected_count"] == 1
    # Check mode tells the failure that the run will be.
    assert fleet.run(1, 2, check=True)["error"]["kind"] == "rejected"


def test_refused_removals(sim: Simulator) -> None:
    fleet = Fleet(sim, (0, 1))
    sim.fault("PUT /upgrades", do="refuse", devices={imei(0): "Internal error"})
    result = fleet.run(0, 1, state="absent")
    assert fleet.members == {0}
    assert result["rejected"] == [{"device_id": imei(0), "operation": "remove", "status": result["rejected"][0]["status"], "reason": "Internal error"}]
    assert result["removed"] == imeis(1)


@pytest.mark.parametrize("answer", ["Reason", "reason", "resultReason", "upgrade"])
def test_every_shape_of_answer(sim: Simulator, answer: str) -> None:
    sim.misbehave(put_answer=answer)
    fleet = Fleet(sim, (0,))
    sim.refuse({imei(3): "Invalid Device IMEI."})
    result = fleet.run(1, 2, 3, state="exact", on_rejected="ignore")
    assert fleet.members == {1, 2}
    assert (result["added"], result["removed"]) == (imeis(1, 2), imeis(0))
    assert "Invalid Device IMEI." in result["rejected"][0]["reason"]


@pytest.mark.parametrize("status", ["Whatever", "", "Done"])
def test_an_unknown_status_counts_by_what_is_read(sim: Simulator, status: str) -> None:
    sim.misbehave(append_success_status=status, remove_success_status=status)
    fleet = Fleet(sim, (0,))
    result = fleet.run(1, state="exact")
    assert (result["failed"], result["added"], result["removed"], result["requests"]) == (False, imeis(1), imeis(0), 4)
    sim.fault("PUT /upgrades", do="refuse", devices={imei(2): "hm"})
    sim.misbehave(append_failure_status=status, rejected_devices="vanish")
    assert fleet.run(2)["error"]["kind"] == "rejected"


# -- late visibility


def test_late_visibility_is_waited_for_and_nothing_is_sent_twice(sim: Simulator) -> None:
    sim.misbehave(visible_after_reads=3)
    fleet = Fleet(sim, (0,))
    result = fleet.run(1, state="exact", retry_timeout=5)
    assert result["failed"] is False
    assert len(sim.writes) == 2
    assert (result["added"], result["removed"]) == (imeis(1), imeis(0))


def test_what_stays_invisible_fails_as_such(sim: Simulator) -> None:
    sim.misbehave(visible_after_reads=1000)
    fleet = Fleet(sim)
    result = fleet.run(1, retry_timeout=1)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "not_visible", True)
    assert len(sim.writes) == 1


@pytest.mark.parametrize(
    ("switches", "fault"),
    [
        ({"visible_after_reads": 3}, {"do": "drop_after"}),
        ({"visible_after_reads": 2, "append_success_status": "Added", "remove_success_status": "Device Removed"}, None),
    ],
)
def test_what_is_shown_late_is_no_refusal(sim: Simulator, switches: dict[str, t.Any], fault: dict[str, t.Any] | None) -> None:
    sim.misbehave(**switches)
    fleet = Fleet(sim, (0, 1))
    if fault:
        sim.fault("PUT /upgrades", **fault)
    result = fleet.run(1, 2, state="exact", retry_timeout=5)
    assert fleet.members == {1, 2}
    assert (result["failed"], result["rejected"], result["added"], result["removed"]) == (False, [], imeis(2), imeis(0))


def test_a_lost_write_that_cannot_be_read_back_is_told(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="drop_after")
    sim.fault("GET /upgrades", do="expired_session", nth=2)
    result = fleet.run(1)
    assert result["error"]["kind"] == "session_token"
    assert result["changed"] is True
    assert "1 devices was sent before" in result["msg"]


def test_an_answer_in_unknown_words_before_a_failure_is_told(sim: Simulator) -> None:
    sim.misbehave(visible_after_seconds=60.0, append_success_status="Done")
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=429, retry_after=500, nth=2)
    result = fleet.run(1, 2, batch_size=1)
    assert (result["failed"], result["error"]["status"], result["changed"]) == (True, 429, True)
    assert fleet.members == {1}


@pytest.mark.parametrize(
    ("switches", "times", "kind"),
    [
        # Each try hides the list anew, and the last read comes too early.
        ({"visible_after_reads": 1}, None, "unreachable"),
        # The second try is refused, since the first one was carried out, which no read shows.
        ({"visible_after_seconds": 60.0}, 1, "rejected"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_lost_write_that_no_read_shows_is_told(sim: Simulator, state: str, switches: dict[str, t.Any], times: int | None, kind: str) -> None:
    sim.misbehave(**switches)
    fleet = Fleet(sim, (0, 1) if state == "absent" else ())
    sim.fault("PUT /upgrades", do="drop_after", times=times)
    result = fleet.run(1, state=state, retry_timeout=1)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, kind, True)
    assert fleet.members == ({0} if state == "absent" else {1})


def test_a_strange_retry_after_loses_nothing(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=503, nth=2, retry_after="Fri, 01 Jan 2027 00:00:00 +99999999999999999999")
    result = fleet.run(1, 2, batch_size=1)
    assert (result["failed"], result["added"]) == (False, imeis(1, 2))


def test_a_slow_read_does_not_stretch_the_time_for_tries(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=429, times=None)
    sim.fault("GET /upgrades", do="slow", seconds=1.5, nth=2)
    result = fleet.run(1, retry_timeout=1)
    assert result["error"]["status"] == 429
    assert fleet.methods == "GET PUT GET"


def test_a_throttled_write_that_was_made_all_the_same_is_told(sim: Simulator) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", do="status", status=429, applied=True)
    result = fleet.run(1)
    assert (result["changed"], result["added"]) == (True, imeis(1))


FOREIGN: list[dict[str, t.Any]] = [
    {"do": "html", "status": 403},
    {"do": "status", "status": 409, "body": {}},
    {"do": "status", "status": 404, "body": ""},
    {"do": "status", "status": 401, "body": {"message": "Unauthorized"}},
]


@pytest.mark.parametrize("fault", FOREIGN, ids=str)
def test_who_is_not_the_service_does_not_know_what_became_of_a_change(sim: Simulator, fault: dict[str, t.Any]) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", applied=True, **fault)
    result = fleet.run(1)
    assert (result["failed"], result["changed"], result["added"], fleet.methods) == (False, True, imeis(1), "GET PUT GET")


@pytest.mark.parametrize("fault", FOREIGN, ids=str)
@pytest.mark.parametrize("blind", [{"do": "status", "status": 500}, {"do": "expired_bearer"}, {"do": "expired_session"}], ids=str)
def test_where_no_read_shows_it_nobody_knows(sim: Simulator, fault: dict[str, t.Any], blind: dict[str, t.Any]) -> None:
    fleet = Fleet(sim)
    sim.fault("PUT /upgrades", applied=True, **fault)
    sim.fault("GET /upgrades", nth=2, times=None, **blind)
    result = fleet.run(1, retry_timeout=1)
    assert (result["failed"], result["changed"], fleet.members) == (True, True, {1})
    assert "whether it was made is unknown" in result["msg"]


def test_a_failure_of_the_service_that_is_an_expired_session_is_told_as_such(sim: Simulator) -> None:
    fleet = Fleet(sim)
    body = json.dumps({"errorCode": "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "errorMessage": "The Session has expired."})
    sim.fault("GET /upgrades", do="status", status=500, body=body, times=None)
    assert (fleet.run(1)["error"]["kind"], fleet.methods) == ("session_token", "GET")


def test_tokens_that_the_service_echoes_stay_hidden(sim: Simulator) -> None:
    fleet = Fleet(sim)
    access, session = sim.tokens()
    sim.fault("PUT /upgrades", do="refuse", devices={imei(1): f"bad {session} and {access}"})
    result = fleet.run(1, access_token=access, session_token=session, on_rejected="warn")
    assert result["warnings"]
    assert session not in json.dumps(result)
    assert access not in json.dumps(result)


# -- input


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"devices": ["4401234567012"]}, "input", "octal"),
        ({"devices": ["990000000000000.0"]}, "input", "exponent"),
        ({"devices": ["990003425730535 990000473475989"]}, "input", "blanks"),
        ({"devices": None}, "input", "exactly one of"),
        ({"devices_file": "x.csv"}, "input", "exactly one of"),
        ({"devices_column": "imei"}, "input", "devices_file"),
        ({"account": 402196254}, "input", "quotes"),
        ({"account": 1.5}, "input", "quotes"),
        ({"account": "../x"}, "input", "account name"),
        ({"upgrade_id": "../../licenses"}, "input", "UUID"),
        ({"upgrade_id": ""}, "input", "UUID"),
        ({"batch_size": 0}, "input", "batch_size"),
        ({"max_removal_percent": 101}, "input", "max_removal_percent"),
        ({"result_limit": -1}, "input", "result_limit"),
        ({"timeout": 0}, "input", "timeout"),
        ({"timeout": 99999999999}, "input", "timeout"),
        ({"account": ["0402196254-00001"]}, "input", "one string"),
        ({"api_url": "ftp://x"}, "input", "api_url"),
        ({"api_url": "http://me:pw@x/api"}, "input", "user name"),
        ({"devices": [], "state": "exact"}, "rail", "allow_empty"),
        ({"imei_check": "strict"}, "input", "Luhn"),
        ({"state": "sideways"}, "input", "sideways"),
    ],
)
def test_input_that_cannot_be_meant_fails_before_any_request(sim: Simulator, options: dict[str, t.Any], kind: str, text: str) -> None:
    result = Fleet(sim).run(1, **options)
    assert result["failed"] is True
    assert result["error"]["kind"] == kind
    assert text in result["msg"]
    assert "pw@" not in result["msg"]
    assert sim.requests == []


def test_a_device_file(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "wave \u00c5.csv"
    path.write_bytes(f"\ufeffimei\r\n{imei(1)}\r\n{imei(2)}\r\n{imei(1)}\r\n".encode())
    fleet = Fleet(sim)
    result = fleet.run(devices=None, devices_file=str(path), imei_check="warn")
    assert fleet.members == {1, 2}
    assert result["duplicates"] == imeis(1)
    assert len(result["warnings"]) == 1
    path.write_text(f"imei\n{imei(1)}\n12345\n")
    assert "csv line 3" in fleet.run(devices=None, devices_file=str(path))["msg"]


def test_an_approved_plan_is_the_only_one_that_is_applied(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    digest = fleet.run(0, 1, check=True)["plan_digest"]
    other = fleet.run(0, 1, 2, expect_plan_digest=digest)
    assert other["error"]["kind"] == "state"
    assert sim.writes == []
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(7))
    more = fleet.run(0, 1, state="present", expect_plan_digest=digest.upper())
    assert (more["failed"], more["added"]) == (False, imeis(1))
    assert fleet.run(0, 1, expect_plan_digest="")["error"]["kind"] == "input"


def test_a_plan_that_grows_is_not_the_approved_one(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    digest = fleet.run(0, 1, state="exact", check=True)["plan_digest"]
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(7, 8))
    result = fleet.run(0, 1, state="exact", expect_plan_digest=digest, max_removal_percent=100)
    assert (result["error"]["kind"], result["added"], result["removed"]) == ("state", imeis(1), [])


def test_the_share_of_removals_holds_for_what_others_have_added_too(sim: Simulator) -> None:
    fleet = Fleet(sim, (0,))
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(*range(20, 60)))
    result = fleet.run(0, 1, state="exact")
    assert (result["error"]["kind"], result["removed"]) == ("rail", [])


def test_check_mode_plans_for_an_upgrade_that_is_yet_to_be_scheduled(sim: Simulator) -> None:
    # A null comes as an empty string through the action plugin, whose test has one: no module of ansible-core 2.16 would see a null.
    result = Fleet(sim).run(1, 2, upgrade_id="", check=True, diff=True)
    assert (result["changed"], result["requests"], result["upgrade_id"]) == (True, 0, None)
    assert result["added"] == imeis(1, 2)
    assert "upgrade_id is empty" in result["warnings"][0]


def test_http_without_tls_is_warned_about(sim: Simulator) -> None:
    result = Fleet(sim).run(1, api_url="http://thingspace.invalid/api", retry_timeout=0)
    assert result["error"]["kind"] == "unreachable"
    assert any("not https" in warning for warning in result["warnings"])


# -- what the service does not say


@pytest.mark.parametrize("options", [{"state": "absent"}, {"state": "exact"}, {"state": "exact", "allow_empty": True, "max_removal_percent": 100}])
@pytest.mark.parametrize("check", [True, False])
def test_an_upgrade_without_a_list_of_devices_is_no_empty_one(sim: Simulator, options: dict[str, t.Any], check: bool) -> None:
    fleet = Fleet(sim, range(20))
    sim.misbehave(device_lists="missing")
    devices = () if "allow_empty" in options else (0, 1)
    result = fleet.run(*devices, check=check, retry_timeout=0, **options)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "service", False)
    assert "does not say which devices" in result["msg"]
    assert result["unchanged_count"] is None
    assert sim.writes == []


def test_what_is_appended_to_an_upgrade_without_a_list_of_devices_has_to_be_listed(sim: Simulator) -> None:
    fleet = Fleet(sim, (1, 2))
    sim.misbehave(device_lists="missing")
    result = fleet.run(3, retry_timeout=0)
    assert (result["failed"], result["error"]["kind"], result["changed"], result["added"]) == (True, "service", True, imeis(3))
    sim.misbehave(device_lists="shown")
    empty: dict[str, t.Any] = {"do": "status", "status": 200, "body": {"id": fleet.upgrade_id, "accountName": fleet.account, "status": "Queued"}}
    sim.fault("GET /upgrades", **empty)
    result = fleet.run(4)
    assert (result["failed"], result["added"], fleet.members) == (False, imeis(4), {1, 2, 3, 4})


@pytest.mark.parametrize("on_rejected", ["fail", "warn", "ignore"])
@pytest.mark.parametrize("operation", ["append", "remove"])
def test_a_device_that_no_answer_mentions_is_not_known_and_no_rejection(sim: Simulator, on_rejected: str, operation: str) -> None:
    fleet = Fleet(sim, (1, 2))
    sim.misbehave(rejected_devices="vanish")
    device, state = (imei(3), "present") if operation == "append" else (imei(2), "absent")
    sim.fault("PUT /upgrades", do="refuse", devices={device: "no"})
    sim.fault("PUT /upgrades", do="leave_out", devices=[device])
    result = fleet.run(int(device[-1]), state=state, on_rejected=on_rejected, retry_timeout=1)
    assert (result["failed"], result["error"]["kind"], result["rejected"]) == (True, "not_visible", [])
    assert device in result["msg"]
    # Nobody knows, so handlers run.
    assert (result["changed"], result["added"], result["removed"]) == (True, [], [])


def test_a_device_that_no_answer_mentions_and_a_read_shows_is_in(sim: Simulator) -> None:
    fleet = Fleet(sim, (1,))
    sim.misbehave(visible_after_reads=2)
    sim.fault("PUT /upgrades", do="leave_out", devices=imeis(2, 3))
    result = fleet.run(1, 2, 3)
    assert (result["failed"], result["added"], fleet.methods) == (False, imeis(2, 3), "GET PUT GET GET GET")


def test_what_others_have_done_meanwhile_is_not_told_as_ours(sim: Simulator) -> None:
    fleet = Fleet(sim, (1,))
    sim.fault("PUT /upgrades", do="another_writer", add=imeis(2, 3))
    result = fleet.run(1, 2, 3)
    assert (result["failed"], result["changed"], result["added"], result["rejected"]) == (False, False, [], [])
    assert (result["before_count"], result["after_count"], fleet.members) == (1, 3, {1, 2, 3})
    sim.fault("PUT /upgrades", do="another_writer", remove=imeis(2))
    result = fleet.run(2, 3, state="absent")
    assert (result["failed"], result["changed"], result["removed"], fleet.members) == (False, True, imeis(3), {1})


@pytest.mark.parametrize("status", ["Rejected", "AddDeviceFailed", "Device Removed", "Cancelled", "", "Whatever"])
@pytest.mark.parametrize("state", ["present", "absent", "exact"])
def test_a_device_that_is_listed_in_unknown_words_counts_and_is_told(sim: Simulator, status: str, state: str) -> None:
    fleet = Fleet(sim, (1, 2), rejected={imei(3): "no"})
    sim.misbehave(rejected_status=status)
    result = fleet.run(*((4,) if state == "absent" else (1, 2, 3)), state=state)
    assert (result["failed"], result["changed"], result["before_count"]) == (False, False, 3)
    assert any(f"lists devices 1 as {status!r}" in warning for warning in result["warnings"])


@pytest.mark.parametrize(("statuses", "status"), [("spaced", "Queued"), ("joined", "Queued"), ("spaced", "RequestPending"), ("spaced", "InProgress")])
def test_words_that_documents_have_are_not_told(sim: Simulator, statuses: str, status: str) -> None:
    fleet = Fleet(sim, (1, 2), rejected={imei(3): "no"}, status=status)
    sim.misbehave(device_statuses=statuses)
    if status == "InProgress":
        # What became of a device is no question of membership.
        sim.misbehave(rejected_status="Upgrade Failed")
    assert not [warning for warning in fleet.run(1).get("warnings", []) if "lists devices" in warning]


# -- mistakes of ours


def test_a_mistake_of_ours_is_told_as_such_with_all_that_was_done(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(sim, (1,))

    def mistaken(devices: t.Iterable[str], size: int) -> t.Iterator[list[str]]:
        yield sorted(devices)[:size]
        raise KeyError(imei(9))

    monkeypatch.setattr(writer, "batches", mistaken)
    tracebacks(monkeypatch)
    result = fleet.run(1, 2, 3, batch_size=1)
    assert (result["failed"], result["error"]["kind"], result["error"]["status"]) == (True, "internal", None)
    assert (result["changed"], result["added"], result["added_count"]) == (True, imeis(2), 1)
    assert result["exception"].startswith("Traceback")
    assert "KeyError" in result["msg"]


@pytest.mark.parametrize("written", [True, False])
def test_a_mistake_of_ours_in_the_telling_has_all_keys_too(sim: Simulator, monkeypatch: pytest.MonkeyPatch, written: bool) -> None:
    fleet = Fleet(sim, (1,))
    whole = fleet.run(1)
    monkeypatch.setattr(outcome.Outcome, "identity", lambda outcome, budget: 1 / 0 if outcome.upgrade else {})
    tracebacks(monkeypatch)
    result = fleet.run(*((1, 2) if written else (1,)))
    assert (result["failed"], result["error"]["kind"]) == (True, "internal")
    # What was sent may have been carried out.
    assert result["changed"] is written
    assert "ZeroDivisionError" in result["exception"]
    assert whole.keys() - {"upgrade", "upgrade_status", "firmware_name", "firmware_to", "start_date", "upgrade_id"} <= result.keys()
