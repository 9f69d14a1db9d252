# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``rollout`` against the simulator over real sockets: end state, requests made, and what is told."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from ansible_collections.thingspace.fota.plugins.module_utils._api.v1.upgrades import Upgrades
from ansible_collections.thingspace.fota.plugins.module_utils._tasks.rollout import task as rollout
from support.run_module import run_module, tracebacks

if t.TYPE_CHECKING:
    from pathlib import Path

    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
Declared = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
KEY = {"firmware_name": "F", "firmware_to": "2.1"}
KEY_OF_OTHERS = {"firmwareName": "Other", "firmwareTo": "1", "startDate": "2030-01-01"}


def imeis(*numbers: int) -> list[str]:
    return [str(990000000000000 + number) for number in numbers]


class Fleet:
    """Upgrades on the simulator by a short name, and the task that works on them."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.ids: dict[str, str] = {}

    def has(self, name: str, *devices: int, **values: t.Any) -> str:
        self.ids[name] = self.sim.add_upgrade(account=ACCOUNT, devices=imeis(*devices), **{"start_date": "+7", **values}).id
        return self.ids[name]

    def wave(self, name: str, *devices: int, **options: t.Any) -> Declared:
        known = {"upgrade_id": self.ids[name]} if name in self.ids else {}
        return {"name": name, "state": "exact", "devices": imeis(*devices), "max_removal_percent": 100, **known, **options}

    def new(self, name: str, *devices: int, days: int = 30, **options: t.Any) -> Declared:
        start = self.sim.clock.today() + datetime.timedelta(days=days)
        return {"name": name, "state": "exact", "devices": imeis(*devices), **KEY, "start_date": start.isoformat(), **options}

    def run(self, *upgrades: Declared, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        access, session = self.sim.tokens()
        told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": self.sim.api_url}
        defaults = {"upgrades": list(upgrades), "imei_check": "none", "retry_timeout": 2}
        return run_module("rollout", {**told, **defaults, **options}, check=check, diff=diff)

    def members(self, name: str) -> set[int]:
        return {int(device) - 990000000000000 for device in self.sim.members(self.ids[name])}

    @property
    def sent(self) -> list[tuple[str, str, list[int]]]:
        """The writes: upgrade, operation, devices."""
        names = {upgrade: name for name, upgrade in self.ids.items()}
        return [
            (
                names.get(record.path.rpartition("/")[2], record.method),
                record.json.get("type", "schedule"),
                [int(device) - 990000000000000 for device in record.json["deviceList"]],
            )
            for record in self.sim.writes
        ]


@pytest.fixture
def fleet(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.02)
    return Fleet(sim)


def test_check_change_again(fleet: Fleet) -> None:
    fleet.has("canary", 1, 2, 3)
    fleet.has("wave 1", 4, 5, 6)
    waves = (fleet.wave("canary", 1, 2, 4), fleet.wave("wave 1", 5, 6, 7), fleet.new("wave 2", 3, 8))
    predicted = fleet.run(*waves, check=True, diff=True)
    assert not predicted["failed"], predicted["msg"]
    assert fleet.sim.writes == []
    done = fleet.run(*waves, diff=True)
    assert not done["failed"], done["msg"]
    fleet.ids["wave 2"] = done["upgrades"][2]["upgrade_id"]
    assert [fleet.members(name) for name in ("canary", "wave 1", "wave 2")] == [{1, 2, 4}, {5, 6, 7}, {3, 8}]
    same = ("changed", "added_count", "removed_count", "moved_count", "unchanged_count", "before_count", "after_count", "scheduled_count", "plan_digest", "msg")
    assert {name: done[name] for name in same} == {name: predicted[name] for name in same}
    assert predicted.keys() == done.keys()
    assert [wave["added"] for wave in predicted["upgrades"]] == [wave["added"] for wave in done["upgrades"]]
    assert (done["added_count"], done["removed_count"], done["moved_count"], done["scheduled_count"]) == (4, 2, 2, 1)
    natural = f"F to 2.1 on {waves[2]['start_date']}"
    assert predicted["moved"] == [
        {"device_id": imeis(3)[0], "from": fleet.ids["canary"], "to": natural},
        {"device_id": imeis(4)[0], "from": fleet.ids["wave 1"], "to": fleet.ids["canary"]},
    ]
    assert done["moved"][0]["to"] == fleet.ids["wave 2"]
    assert [wave["action"] for wave in done["upgrades"]] == ["change", "change", "schedule"]
    assert len(done["diff"]) == len(predicted["diff"]) == 3
    written = len(fleet.sim.writes)
    again = fleet.run(*waves)
    assert (again["failed"], again["changed"], len(fleet.sim.writes)) == (False, False, written)
    assert [wave["action"] for wave in again["upgrades"]] == ["none", "none", "none"]


def test_a_device_leaves_before_it_arrives(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3, 4)
    done = fleet.run(fleet.wave("a", 2, 3), fleet.wave("b", 4, 1))
    assert not done["failed"], done["msg"]
    assert sorted(fleet.sent[:2]) == [("a", "remove", [1]), ("b", "remove", [3])]
    assert sorted(fleet.sent[2:]) == [("a", "append", [3]), ("b", "append", [1])]


def test_a_device_that_is_refused_after_it_was_taken_is_told(fleet: Fleet) -> None:
    fleet.has("a", 4)
    fleet.has("b", 5, 6)
    # Requested together with a device of another upgrade, which the checks refuse while this run goes on.
    fleet.has("c", 1, 5, status="RequestPending")
    done = fleet.run(fleet.wave("a", 1, 4), fleet.wave("b", 6), fleet.wave("c", 5))
    assert [fleet.members(name) for name in "abc"] == [{1, 4}, {6}, set()]
    assert (done["failed"], done["error"]["kind"]) == (True, "rejected")
    assert [(item["device_id"], item["operation"]) for item in done["upgrades"][2]["rejected"]] == [(imeis(5)[0], "listed")]


def test_without_a_move_an_upgrade_is_worked_on_as_by_upgrade_devices(fleet: Fleet) -> None:
    upgrade = fleet.has("a", *range(12))
    done = fleet.run(fleet.wave("a", *range(1, 13)))
    assert [record.method for record in fleet.sim.requests if f"upgrade/{upgrade}" in record.path] == ["GET", "PUT", "PUT", "GET"]
    # The reports are read for devices that somebody else's upgrade may hold.
    assert done["requests"] == 4 + 3
    access, session = fleet.sim.tokens()
    alone = run_module(
        "upgrade_devices",
        {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": fleet.sim.api_url, "upgrade_id": upgrade, "devices": imeis(5)},
        check=True,
    )
    assert done["upgrades"][0].keys() >= alone.keys() - {"failed", "invocation", "warnings", "ansible_facts"}


def test_nothing_to_do_is_one_get_for_each_upgrade(fleet: Fleet) -> None:
    fleet.has("a", 1)
    fleet.has("b", 2, status="InProgress")
    done = fleet.run(fleet.wave("a", 1), fleet.wave("b", 2))
    assert (done["failed"], done["changed"], done["requests"]) == (False, False, 2)


def test_a_swap_says_that_an_upgrade_is_empty_for_a_moment(fleet: Fleet) -> None:
    fleet.has("a", 1)
    fleet.has("b", 2)
    waves = (fleet.wave("a", 2), fleet.wave("b", 1))
    for check in (True, False):
        told = fleet.run(*waves, check=check)
        assert not told["failed"], told["msg"]
        assert [wave["empty_meanwhile"] for wave in told["upgrades"]] == [True, False]
        assert any("without devices for a moment" in warning for warning in told["warnings"])
    assert [fleet.members("a"), fleet.members("b")] == [{2}, {1}]


# -- what forbids a rollout, before the first write


def refused(fleet: Fleet, kind: str, *words: str, **run: t.Any) -> Result:
    told = fleet.run(*run.pop("waves"), **run)
    assert told["failed"]
    assert told["error"]["kind"] == kind, told["msg"]
    assert not [word for word in words if word not in told["msg"]], told["msg"]
    assert fleet.sim.writes == []
    assert told["changed"] is False
    assert {"upgrades", "moved", "plan_digest", "truncated", "added_count", "requests"} <= told.keys()
    return told


def test_a_device_in_two_waves(fleet: Fleet) -> None:
    fleet.has("a", 1)
    told = refused(fleet, "input", imeis(7)[0], "canary", "wave 1", waves=[fleet.new("canary", 7, 8), fleet.new("wave 1", 7, days=31)])
    assert told["requests"] == 0
    refused(fleet, "input", imeis(1)[0], "declared twice", waves=[fleet.wave("a", 1), fleet.new("b", 1)])


def test_an_upgrade_declared_twice(fleet: Fleet) -> None:
    by_key = fleet.new("b", 2)
    upgrade = fleet.has("a", 1, start_date=by_key["start_date"], **KEY)
    refused(fleet, "input", "the same upgrade", waves=[fleet.wave("a", 1), {**fleet.wave("a", 2), "upgrade_id": upgrade.upper()}])
    refused(fleet, "input", "the same upgrade", upgrade, waves=[fleet.wave("a", 1), by_key])
    refused(fleet, "input", "the same upgrade", waves=[fleet.new("b", 2), fleet.new("c", 3)])


def test_a_device_in_an_upgrade_that_is_not_declared(fleet: Fleet) -> None:
    other = fleet.has("other", 5)
    fleet.has("a", 1)
    refused(fleet, "state", imeis(5)[0], other, "not declared", waves=[fleet.wave("a", 1, 5)])
    told = refused(fleet, "state", other, "unlisted is fail", waves=[fleet.wave("a", 1)], unlisted="fail")
    assert [upgrade["upgrade_id"] for upgrade in told["unlisted"]] == [other]
    assert not fleet.run(fleet.wave("a", 1))["failed"]


def test_an_upgrade_that_has_started(fleet: Fleet) -> None:
    fleet.has("a", 1, 2, status="InProgress")
    fleet.has("b", 3)
    refused(fleet, "state", "InProgress", waves=[fleet.wave("b", 3, 4), fleet.wave("a", 1)])
    refused(fleet, "state", "InProgress", imeis(1)[0], waves=[fleet.wave("b", 3, 1), fleet.wave("a", 2, state="present")])


def test_the_rails_of_each_upgrade_and_of_what_moves_out(fleet: Fleet) -> None:
    fleet.has("a", *range(10))
    fleet.has("b", 20)
    told = refused(
        fleet, "rail", "4 of 10", "a (", waves=[fleet.wave("a", *range(6), max_removal_percent=None), fleet.wave("b", 20, 21)], max_removal_percent=30
    )
    assert told["plan_digest"]
    refused(fleet, "rail", "4 of 10", waves=[fleet.wave("a", state="present", max_removal_percent=30), fleet.wave("b", 20, 6, 7, 8, 9)])
    refused(fleet, "rail", "max_removals allows 3", waves=[fleet.wave("a", state="present", max_removals=3), fleet.wave("b", 20, 6, 7, 8, 9)])
    refused(fleet, "rail", "The declaration is empty", "upgrades[1] (b)", waves=[fleet.wave("a", *range(10)), fleet.wave("b")])


def test_everything_that_forbids_it_is_told_at_once(fleet: Fleet) -> None:
    fleet.has("a", *range(10))
    fleet.has("b", 20, status="InProgress")
    refused(fleet, "state", "4 of 10", "InProgress", waves=[fleet.wave("a", *range(6), max_removal_percent=30), fleet.wave("b", 20, 21)])


def test_a_natural_key_of_two_upgrades(fleet: Fleet) -> None:
    start = fleet.new("x", 1)["start_date"]
    ids = [fleet.has(name, number, start_date=start, **KEY) for number, name in enumerate("ab")]
    refused(fleet, "state", *ids, waves=[fleet.new("x", 1)])


def test_an_upgrade_id_that_is_not_there(fleet: Fleet) -> None:
    fleet.has("a", 1)
    refused(fleet, "not_found", waves=[fleet.wave("a", 1, 2), {**fleet.wave("b", 3), "upgrade_id": "60b5d639-ccdc-4db8-8824-069bd94c95bf"}])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"upgrade_id": "nonsense"}, "is not a UUID"),
        ({"upgrade_id": "60b5d639-ccdc-4db8-8824-069bd94c95bf", "firmware_to": "2"}, "upgrade_id and firmware_to are given"),
        ({}, "missing"),
        ({**KEY, "firmware_to": 2.1, "start_date": "2030-01-01"}, "is 2.1 and not a string"),
        ({**KEY, "start_date": "2030-01-01", "devices_file": "x.csv"}, "exactly one of"),
        ({**KEY, "start_date": "2030-01-01", "devices": ["12"]}, "devices[0]"),
        ({**KEY, "start_date": "2030-01-01", "batch_size": 0}, "batch_size"),
    ],
)
def test_input_names_the_entry(fleet: Fleet, entry: Declared, words: str) -> None:
    told = refused(fleet, "input", "upgrades[1] (b)", words, waves=[fleet.new("a", 1), {"name": "b", "devices": imeis(2), **entry}])
    assert told["requests"] == 0


def test_a_wave_of_last_year_is_never_scheduled(fleet: Fleet) -> None:
    fleet.has("a", 1)
    old = {**fleet.new("last year", 1, 2), "start_date": "2020-01-01"}
    for check in (True, False):
        told = fleet.run(fleet.wave("a", 1, 2), old, check=check)
        assert not told["failed"], told["msg"]
        assert (told["upgrades"][1]["action"], told["past_count"], told["scheduled_count"]) == ("past", 1, 0)
        assert any("last year" in warning and "past" in warning for warning in told["warnings"])
    assert [operation for _name, operation, _devices in fleet.sent] == ["append"]


def test_what_is_applied_is_what_was_approved(fleet: Fleet) -> None:
    fleet.has("a", 1)
    waves = (fleet.wave("a", 1, 2), fleet.new("n", 3))
    digest = fleet.run(*waves, check=True)["plan_digest"]
    refused(fleet, "state", "approved", waves=[fleet.wave("a", 1, 4), waves[1]], expect_plan_digest=digest)
    assert not fleet.run(*waves, expect_plan_digest=digest.upper())["failed"]
    assert not fleet.run(*waves)["changed"]


# -- what goes wrong while it writes


def test_a_removal_that_fails_holds_back_what_waits_for_it(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3)
    fleet.has("c", 4)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{fleet.ids['a']}", do="status", status=400, times=None)
    told = fleet.run(fleet.wave("a", 2), fleet.wave("b", 3, 1), fleet.wave("c", 4, 5), fleet.new("n", 6))
    assert (told["failed"], told["changed"]) == (True, True)
    assert [wave["error"] is None for wave in told["upgrades"]] == [False, False, True, True]
    assert "still in a" in told["msg"]
    assert imeis(1)[0] in told["upgrades"][1]["error"]["message"]
    assert (fleet.members("a"), fleet.members("b"), fleet.members("c")) == ({1, 2}, {3}, {4, 5})
    assert told["moved"] == []


def test_a_removal_that_is_refused_holds_back_what_waits_for_it(fleet: Fleet) -> None:
    fleet.has("a", 1, 2, 7)
    fleet.has("b", 3)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{fleet.ids['a']}", do="refuse", devices={imeis(1)[0]: "No."})
    told = fleet.run(fleet.wave("a", 7), fleet.wave("b", 3, 1, 2))
    assert told["failed"]
    assert (fleet.members("a"), fleet.members("b")) == ({1, 7}, {2, 3})
    assert [move["device_id"] for move in told["moved"]] == imeis(2)


def test_an_upgrade_that_starts_between_plan_and_write(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{fleet.ids['a']}", do="start_upgrade", upgrade_id=fleet.ids["a"])
    told = fleet.run(fleet.wave("a", 2), fleet.wave("b", 3, 1))
    assert told["failed"]
    assert told["upgrades"][0]["error"]["kind"] == "state"
    assert "InProgress" in told["msg"]
    assert fleet.members("b") == {3}


@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "interim"}, {"do": "status", "status": 429, "applied": True}, {"do": "status", "status": 303, "applied": True}]
    + [{"do": "garbled", "shape": shape, "text": "Tunnel connection failed: 502", "applied": True} for shape in ("no_http", "chunk_size")]
    + [{"do": "html", "status": 403, "applied": True}, {"do": "status", "status": 409, "body": {}, "applied": True}],
)
def test_a_lost_answer_to_a_schedule_is_settled_by_reading(fleet: Fleet, fault: dict[str, t.Any]) -> None:
    fleet.has("a", 1)
    fleet.sim.fault("POST /upgrades", times=None, **fault)
    told = fleet.run(fleet.wave("a", 1, 2), fleet.new("n", 3, 4))
    assert not told["failed"], told["msg"]
    assert [operation for _name, operation, _devices in fleet.sent].count("schedule") == 1
    assert told["upgrades"][1]["added"] == imeis(3, 4)


def test_a_device_that_left_and_did_not_arrive_is_told(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{fleet.ids['b']}", do="status", status=400, times=None)
    told = fleet.run(fleet.wave("a", 2), fleet.wave("b", 3, 1))
    assert told["failed"]
    assert f"{imeis(1)[0]} left a (" in told["msg"]
    assert (told["upgrades"][0]["removed"], told["moved"]) == (imeis(1), [])
    fleet.sim.service.faults.clear()
    again = fleet.run(fleet.wave("a", 2), fleet.wave("b", 3, 1))
    assert (again["failed"], fleet.members("b")) == (False, {1, 3})


def test_nothing_leaves_for_an_upgrade_that_has_failed(fleet: Fleet) -> None:
    fleet.has("a", 1)
    fleet.has("b", 2)
    fleet.has("c", 3, 4)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{fleet.ids['b']}", do="start_upgrade", upgrade_id=fleet.ids["b"])
    told = fleet.run(fleet.wave("a", 3), fleet.wave("b", 2, 7, 1), fleet.wave("c", 4))
    assert told["failed"]
    assert fleet.members("a") == {1, 3}
    assert f"Not removed, since the upgrade that they were to move to has failed: {imeis(1)[0]} for b" in told["msg"]


def test_somebody_else_who_writes_between_is_found_out(fleet: Fleet) -> None:
    fleet.has("a", 1, 2, 3)
    upgrade = fleet.has("b", 4, 5, 6)
    fleet.sim.fault(f"PUT /upgrades/{ACCOUNT}/upgrade/{upgrade}", do="another_writer", add=imeis(50), remove=imeis(4), upgrade_id=upgrade)
    told = fleet.run(fleet.wave("a", 1, 2), fleet.wave("b", 3, 4, 5, 6))
    assert told["error"]["kind"] == "state"
    assert f"1 declared devices are missing ({imeis(4)[0]}), 1 others are in it ({imeis(50)[0]})" in told["msg"]


def test_an_upgrade_that_is_refused_as_a_whole_fails_with_the_reasons(fleet: Fleet) -> None:
    fleet.sim.refuse(imeis(1, 2), "Device not eligible for service.")
    for vanish in ("listed", "vanish"):
        fleet.sim.misbehave(rejected_devices=vanish)
        told = fleet.run(fleet.new("n", 1, 2), on_rejected="ignore", retry_timeout=1)
        assert (told["failed"], told["error"]["kind"]) == (True, "state")
        assert "RequestFailed" in told["msg"]


def test_what_was_not_scheduled_is_not_told_as_scheduled(fleet: Fleet) -> None:
    fleet.sim.fault("POST /upgrades", do="status", status=400)
    told = fleet.run(fleet.new("n", 9), {**fleet.new("o", 8, days=40), "state": "absent"})
    assert (told["failed"], told["changed"], told["scheduled_count"]) == (True, False, 0)
    assert [(wave["action"], wave["upgrade"]) for wave in told["upgrades"]] == [("none", None)] * 2


def test_counts_are_null_before_the_first_read(fleet: Fleet) -> None:
    fleet.sim.fault("GET /reports", do="status", status=400, times=None)
    told = fleet.run(fleet.new("n", 9))
    assert (told["before_count"], told["after_count"], told["unchanged_count"], told["added_count"]) == (None, None, None, 0)


def test_a_hundred_upgrades_that_overlap_make_a_short_message(fleet: Fleet) -> None:
    told = fleet.run(*(fleet.new(str(number), *range(60), days=30 + number) for number in range(60)))
    assert told["error"]["kind"] == "input"
    assert len(told["msg"]) < 5000
    assert "more pairs of upgrades" in told["msg"]


def test_a_device_that_would_be_in_no_upgrade_is_warned_about(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3, rejected={imeis(1)[0]: "In another upgrade."})
    told = fleet.run(fleet.wave("a", 2), fleet.wave("b", 3, 1, on_rejected="ignore"), check=True)
    assert any("they are in no upgrade then" in warning for warning in told["warnings"])


def test_a_session_that_ends_meanwhile_is_told_once(fleet: Fleet) -> None:
    waves = []
    for number in range(9):
        fleet.has(str(number), 10 * number)
        waves.append(fleet.wave(str(number), 10 * number, 10 * number + 1))
    fleet.sim.fault("PUT /upgrades", do="expired_session", times=None)
    told = fleet.run(*waves)
    assert told["error"]["kind"] == "session_token"
    assert "9 of 9 upgrades failed" in told["msg"]
    assert "And 4 more" in told["msg"]
    assert told["changed"] is False


def test_devices_refused_one_by_one(fleet: Fleet) -> None:
    fleet.has("a", 1)
    fleet.sim.refuse(imeis(2))
    told = fleet.run(fleet.wave("a", 1, 2, 3), fleet.new("n", 4))
    assert (told["failed"], told["changed"], told["error"]["kind"]) == (True, True, "rejected")
    assert told["rejected_count"] == 1
    assert fleet.members("a") == {1, 3}
    warned = fleet.run(fleet.wave("a", 1, 2, 3, on_rejected="warn"), fleet.new("n", 4))
    assert not warned["failed"]
    assert any("a (" in warning and imeis(2)[0] in warning for warning in warned["warnings"])


@pytest.mark.parametrize("concurrency", [1, 8])
def test_many_upgrades_at_once(fleet: Fleet, concurrency: int) -> None:
    waves = []
    for number in range(12):
        fleet.has(str(number), *range(10 * number, 10 * number + 5))
        waves.append(fleet.wave(str(number), *range(10 * number + 1, 10 * number + 6)))
    told = fleet.run(*waves, concurrency=concurrency)
    assert not told["failed"], told["msg"]
    assert told["requests"] == len(fleet.sim.requests) == 12 * 4 + 3
    assert sum(wave["requests"] for wave in told["upgrades"]) == 12 * 4
    connections = {record.connection for record in fleet.sim.requests}
    assert len(connections) <= max(2, concurrency)
    assert (len(connections) > 2) == (concurrency > 1)


def test_result_limit_is_one_budget(fleet: Fleet) -> None:
    fleet.has("a", 1)
    fleet.has("b", 100)
    told = fleet.run(fleet.wave("a", *range(1, 50)), fleet.wave("b", *range(100, 150)), result_limit=60)
    assert told["truncated"]
    assert sum(len(wave["added"]) for wave in told["upgrades"]) == 60
    assert told["added_count"] == 48 + 49


def test_the_diff_of_many_upgrades_shares_its_lines(fleet: Fleet) -> None:
    waves = []
    for number in range(25):
        fleet.has(str(number), 1000 + number)
        waves.append(fleet.wave(str(number), *range(100 * number, 100 * number + 10)))
    few, many = fleet.run(*waves[:20], check=True, diff=True, diff_limit=5), fleet.run(*waves, check=True, diff=True, diff_limit=5)
    assert [len(side["after"].splitlines()) for side in few["diff"]] == [1 + 5 + 1] * 20
    assert [len(side["after"].splitlines()) for side in many["diff"]] == [1 + 4 + 1] * 25
    assert "... and 6 more" in many["diff"][0]["after"]


def test_devices_files(fleet: Fleet, tmp_path: Path) -> None:
    fleet.has("a", 1)
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["imei", *imeis(1, 2, 3)]) + "\n", encoding="utf-8")
    entry = {**fleet.wave("a"), "devices_file": str(path)}
    del entry["devices"]
    assert fleet.run(entry)["upgrades"][0]["added"] == imeis(2, 3)
    path.write_text("imei\n12\n", encoding="utf-8")
    refused_now = fleet.run(entry)
    assert refused_now["error"]["kind"] == "input"
    assert "a.csv" in refused_now["msg"]


# -- what the service does not say


@pytest.mark.parametrize("lists", ["missing_in_reports", "null_in_reports"])
@pytest.mark.parametrize("status", ["RequestPending", "Queued", "InProgress"])
def test_a_report_without_devices_hides_no_device_that_is_taken(fleet: Fleet, lists: str, status: str) -> None:
    fleet.has("a", 1, 2)
    other = fleet.has("b", 3, 4, status=status)
    fleet.sim.misbehave(device_lists=lists, pending_reads=1000)
    for wave in (fleet.wave("a", 1, 2, 3), fleet.new("new", 3)):
        result = fleet.run(wave)
        assert (result["failed"], result["changed"], fleet.sent) == (True, False, [])
        assert other in result["msg"]
        assert imeis(3)[0] in result["msg"]


@pytest.mark.parametrize("word", ["Scheduled", "Paused", "Running", "QUEUED ", "In Progress", "", "CancelPending"])
@pytest.mark.parametrize("listed", ["RequestPending", "Queued", "InProgress"])
def test_what_is_listed_as_waiting_or_running_holds_its_devices_whatever_it_says_of_itself(fleet: Fleet, word: str, listed: str) -> None:
    other = fleet.has("b", 3, 4, status=listed)
    fleet.sim.misbehave(pending_reads=1000)
    rows = [{**KEY_OF_OTHERS, "id": other, "status": word, "deviceList": [{"deviceId": device, "status": "Device Accepted"} for device in imeis(3, 4)]}]
    nth = ("RequestPending", "Queued", "InProgress").index(listed) + 1
    for check in (True, False):
        fleet.sim.fault("GET /reports", nth=nth, do="status", status=200, body={"hasMoreFlag": False, "reportList": rows})
        result = fleet.run(fleet.new("new", 3), check=check)
        assert (result["failed"], result["error"]["kind"], result["changed"], fleet.sent) == (True, "state", False, [])
        assert other in result["msg"]


@pytest.mark.parametrize("word", ["Finished", "UpgradeFailed", "Request Failed", "Cancelled", "CampaignAborted"])
def test_what_has_ended_holds_none(fleet: Fleet, word: str) -> None:
    other = fleet.has("b", 3, 4, status="Finished")
    rows = [{**KEY_OF_OTHERS, "id": other, "status": word, "deviceList": [{"deviceId": device, "status": "Device Accepted"} for device in imeis(3, 4)]}]
    fleet.sim.fault("GET /reports", nth=2, do="status", status=200, body={"hasMoreFlag": False, "reportList": rows})
    assert fleet.run(fleet.new("new", 3))["failed"] is False


@pytest.mark.parametrize("word", ["Scheduled", "Paused", ""])
def test_what_is_not_declared_and_waits_in_other_words_is_seen(fleet: Fleet, word: str) -> None:
    fleet.has("a", 1)
    other = fleet.has("b", 3)
    rows = [{**KEY_OF_OTHERS, "id": other, "status": word, "deviceList": []}]
    fleet.sim.fault("GET /reports", nth=2, do="status", status=200, body={"hasMoreFlag": False, "reportList": rows})
    result = fleet.run(fleet.wave("a", 1, 2), unlisted="fail")
    assert (result["failed"], result["error"]["kind"], fleet.sent) == (True, "state", [])
    assert other in result["msg"]


@pytest.mark.parametrize("odd", [{"startDate": None}, {"startDate": "01/02/2030"}, {"firmwareName": "f"}, {"firmwareTo": 2.1}], ids=str)
@pytest.mark.parametrize("state", ["exact", "present", "absent"])
def test_an_upgrade_that_may_be_the_declared_one_is_a_doubt(fleet: Fleet, odd: dict[str, t.Any], state: str) -> None:
    other = fleet.has("b", 3)
    wave = fleet.new("new", 5, state=state)
    row = {"id": other, "status": "Queued", "firmwareName": "F", "firmwareTo": "2.1", "startDate": wave["start_date"], "deviceList": [], **odd}
    for check in (True, False):
        fleet.sim.fault("GET /reports", nth=2, do="status", status=200, body={"hasMoreFlag": False, "reportList": [row]})
        result = fleet.run(wave, check=check)
        assert (result["failed"], result["error"]["kind"], result["changed"], fleet.sent) == (True, "state", False, [])
        assert other in result["msg"]


@pytest.mark.parametrize("body", [{"hasMoreFlag": False, "message": "The report is being generated."}, {"hasMoreFlag": False, "reportlist": []}], ids=str)
def test_reports_without_their_list_free_no_device(fleet: Fleet, body: dict[str, t.Any]) -> None:
    fleet.has("a", 1)
    fleet.has("b", 3)
    fleet.sim.fault("GET /reports", do="status", status=200, body=body, times=None)
    for wave in (fleet.new("new", 3), fleet.wave("a", 1, 3)):
        result = fleet.run(wave)
        assert (result["failed"], result["error"]["kind"], fleet.sent) == (True, "service", [])


def test_an_upgrade_that_does_not_tell_its_devices_stops_everything(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.sim.misbehave(device_lists="missing")
    for wave in (fleet.wave("a", 1, state="absent"), fleet.wave("a", 1, 2), fleet.wave("a", 3, state="present"), fleet.new("new", 3)):
        for check in (True, False):
            result = fleet.run(wave, check=check, retry_timeout=0)
            assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "service", False)
            assert fleet.ids["a"] in result["msg"]
    assert fleet.sent == []


def test_a_device_that_is_listed_in_unknown_words_is_told(fleet: Fleet) -> None:
    fleet.has("a", 1, rejected={imeis(2)[0]: "no"})
    fleet.sim.misbehave(rejected_status="AddDeviceFailed")
    result = fleet.run(fleet.wave("a", 1, 2))
    assert (result["failed"], result["changed"]) == (False, False)
    assert any("devices 1 as 'AddDeviceFailed'" in warning for warning in result["warnings"])


@pytest.mark.parametrize("on_rejected", ["fail", "ignore"])
def test_a_device_that_no_answer_mentions_is_not_known(fleet: Fleet, on_rejected: str) -> None:
    fleet.has("a", 1)
    fleet.has("b", 3)
    fleet.sim.misbehave(rejected_devices="vanish")
    fleet.sim.fault("PUT /upgrades", do="refuse", devices={imeis(2)[0]: "no"})
    fleet.sim.fault("PUT /upgrades", do="leave_out", devices=imeis(2))
    result = fleet.run(fleet.wave("a", 1, 2, on_rejected=on_rejected), retry_timeout=1)
    assert (result["error"]["kind"], result["changed"]) == ("not_visible", True)
    assert result["upgrades"][0]["rejected"] == []


def test_a_device_that_others_have_brought_where_it_belongs_is_not_stranded(fleet: Fleet) -> None:
    fleet.has("a", 1, 2)
    fleet.has("b", 3)
    # The first PUT takes it out of a; before the second, somebody else puts it into b.
    fleet.sim.fault("PUT /upgrades", do="another_writer", nth=2, add=imeis(2))
    result = fleet.run(fleet.wave("a", 1), fleet.wave("b", 2, 3))
    assert (result["failed"], fleet.members("b")) == (False, {2, 3})
    a, b = result["upgrades"]
    assert (a["removed"], b["added"], result["moved"]) == (imeis(2), [], [])


# -- mistakes of ours


def test_a_mistake_of_ours_in_one_upgrade_is_told_as_such(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.has("a", 1)
    fleet.has("b", 3)
    change = Upgrades.change

    def mistaken(upgrades: Upgrades, upgrade_id: str, operation: t.Any, devices: list[str]) -> t.Any:
        return change(upgrades, upgrade_id, operation, devices) if upgrade_id == fleet.ids["a"] else 1 / 0

    monkeypatch.setattr(Upgrades, "change", mistaken)
    tracebacks(monkeypatch)
    result = fleet.run(fleet.wave("a", 1, 2), fleet.wave("b", 3, 4))
    assert (result["failed"], result["error"]["kind"], result["changed"], result["added_count"]) == (True, "internal", True, 1)
    assert [wave["error"] and wave["error"]["kind"] for wave in result["upgrades"]] == [None, "internal"]
    assert "ZeroDivisionError" in result["exception"]


def test_a_mistake_of_ours_while_planning_writes_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.has("a", 1)
    monkeypatch.setattr(rollout, "join", lambda entries: 1 / 0)
    result = fleet.run(fleet.wave("a", 1, 2))
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "internal", False)
    assert (fleet.sent, len(result["upgrades"])) == ([], 1)
