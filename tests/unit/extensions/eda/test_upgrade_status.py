# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as plain asyncio, against the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api import account as fota
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import options as watch_options
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import source as watch_source
from support.run_module import run_module
from support.run_source import ACCOUNT, BEARER, LOGIN, LOGOUT, Source, Told, failure, options, path_of_source, paths, running
from thingspace_simulator.server.application import Application
from thingspace_simulator.world.model import Entry

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator
    from thingspace_simulator.server.messages import Request, Response
    from thingspace_simulator.world.model import Upgrade

pytestmark = pytest.mark.slow
A, B, C = "990003425730535", "990000473475989", "990013907835573"
FAILED = Entry("UpgradeFailed", "no answer")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_options, "LEAST_INTERVAL", 0)


def become(sim: Simulator, upgrade: Upgrade, status: str, **devices: Entry | None) -> None:
    """Change an upgrade as the service would, all at once. Devices are named ``d990...``; None takes one out."""
    with sim.service.lock:
        upgrade.status, upgrade.starts_at, upgrade.ends_at = status, None, None
        for name, entry in devices.items():
            upgrade.devices.pop(name[1:], None)
            if entry:
                upgrade.devices[name[1:]] = entry


def kinds(events: list[dict[str, t.Any]]) -> list[str]:
    return [event["type"] for event in events]


def test_an_upgrade_from_its_schedule_to_its_end(sim: Simulator) -> None:
    access, session = sim.tokens()

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            upgrade = sim.add_upgrade(devices=[A, B])
            (new,) = await source.take()
            assert (new["type"], new["previous"], new["last"], new["account"]) == ("upgrade_new", None, False, ACCOUNT)
            become(sim, upgrade, "InProgress", **{f"d{A}": FAILED})
            device, changed = await source.take(2)
            assert (device["type"], device["device"]) == ("device_changed", {"device_id": A, "status": "UpgradeFailed", "reason": "no answer"})
            assert device["previous"] == {"status": "Device Accepted", "reason": "success"}
            assert (changed["type"], changed["status_changed"], changed["status"], changed["previous"]["status"]) == (
                "upgrade_changed",
                True,
                "InProgress",
                "Queued",
            )
            assert (changed["failed_count"], changed["failed_percent"], changed["previous_failed_percent"]) == (1, 50.0, 0.0)
            shown = run_module("upgrade_info", {"account": ACCOUNT, "api_url": sim.api_url, "access_token": access, "session_token": session})
            assert changed["upgrade"] == device["upgrade"] == shown["upgrades"][0]
            become(sim, upgrade, "Finished", **{f"d{B}": Entry("UpgradeSuccess", "success")})
            device, last = await source.take(2)
            assert (device["device"]["status"], last["status"], last["last"]) == ("UpgradeSuccess", "Finished", True)
            asked = len([record for record in sim.requests if record.operation == "read"])
            await source.looks(3)
            assert len([record for record in sim.requests if record.operation == "read"]) == asked == 1
            assert all(event["meta"] == {"uuid": event["thingspace"]["event_id"]} for event in source.events)

    asyncio.run(story())
    assert paths(sim, BEARER, LOGIN, LOGOUT) == [BEARER, LOGIN, LOGOUT]
    assert list(sim.service.auth.sessions) == [session]


def test_devices_that_come_and_go_and_an_upgrade_that_is_cancelled(sim: Simulator) -> None:
    upgrade = sim.add_upgrade(devices=[A, B])

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            become(sim, upgrade, "Queued", **{f"d{A}": None, f"d{C}": Entry("Device Rejected", "Device not found.")})
            events = await source.take(3)
            assert kinds(events) == ["device_gone", "device_new", "upgrade_changed"]
            assert (events[0]["device"], events[1]["previous"]) == ({"device_id": A, "status": "Device Accepted", "reason": "success"}, None)
            assert (events[2]["status_changed"], events[2]["rejected_count"], events[2]["device_count"]) == (False, 1, 2)
            with sim.service.lock:
                del sim.service.upgrades[upgrade.id]
            (gone,) = await source.take()
            assert (gone["type"], gone["last"], gone["upgrade"]["device_count"]) == ("upgrade_gone", True, 2)
            await source.looks()

    asyncio.run(story())


def test_only_what_is_asked_for(sim: Simulator) -> None:
    wanted, other = sim.add_upgrade(devices=[A]), sim.add_upgrade(devices=[B])
    finished = sim.add_upgrade(devices=[C], status="Finished")
    narrow = {"upgrade_ids": [wanted.id.upper(), finished.id], "status": ["Queued", "Finished"], "devices": False}

    async def story() -> None:
        async with running(sim, first_look="report", **narrow) as source:
            events = await source.take(2)
            assert {event["upgrade_id"] for event in events} == {wanted.id, finished.id}
            become(sim, other, "InProgress", **{f"d{B}": FAILED})
            become(sim, wanted, "InProgress", **{f"d{A}": FAILED})
            (event,) = await source.take()
            assert (event["type"], event["failed_count"], event["last"]) == ("upgrade_changed", 1, True)

    asyncio.run(story())


@pytest.mark.parametrize("first_look", ["remember", "report"])
def test_a_restart_neither_repeats_nor_loses(sim: Simulator, tmp_path: Path, first_look: str) -> None:
    first, second = sim.add_upgrade(devices=[A, B]), sim.add_upgrade(devices=[C])
    more = {"state_file": str(tmp_path / "state.json"), "first_look": first_look}

    async def story() -> None:
        async with running(sim, **more) as source:
            assert kinds(await source.take(2 if first_look == "report" else 0)) == ["upgrade_new"] * 2 * (first_look == "report")
            await source.looks()
        assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
        become(sim, first, "Finished", **{f"d{A}": FAILED})
        third = sim.add_upgrade(devices=[])
        async with running(sim, **more) as source:
            events = await source.take(3)
            assert {(event["type"], event["upgrade_id"]) for event in events} == {
                ("device_changed", first.id),
                ("upgrade_changed", first.id),
                ("upgrade_new", third.id),
            }
            await source.looks()
        become(sim, second, "InProgress")
        async with running(sim, **more) as source:
            assert kinds(await source.take()) == ["upgrade_changed"]
            await source.looks()

    asyncio.run(story())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".state.json.lock", "state.json"]


@pytest.mark.parametrize("taken", range(6))
def test_stopped_in_the_middle_of_a_look_it_goes_on_there(sim: Simulator, tmp_path: Path, taken: int) -> None:
    upgrades = [sim.add_upgrade(devices=[device]) for device in (A, B, C)]
    more = {"state_file": str(tmp_path / "state.json")}

    async def story() -> None:
        events = []
        async with running(sim, **more) as source:
            await source.looks()
            for upgrade, device in zip(upgrades, (A, B, C), strict=True):
                become(sim, upgrade, "InProgress", **{f"d{device}": FAILED})
            events += await source.take(taken)
            # The next one lies in the queue, and counts as taken: ansible-rulebook works off what lies there.
            while taken < 6 and source._queue.empty():
                await asyncio.sleep(0.005)
            await source.stop()
            events += await source.take(1 if taken < 6 else 0)
        async with running(sim, **more) as source:
            events += await source.take(6 - len(events))
            await source.looks()
        assert len({event["event_id"] for event in events}) == 6
        assert kinds(events).count("device_changed") == kinds(events).count("upgrade_changed") == 3

    asyncio.run(story())
    assert not sim.service.auth.sessions


def test_after_a_crash_what_is_repeated_can_be_known(sim: Simulator, tmp_path: Path) -> None:
    state, saved = tmp_path / "state.json", tmp_path / "saved.json"
    upgrade = sim.add_upgrade(devices=[A, B])
    more = {"state_file": str(state), "first_look": "report"}

    async def story() -> None:
        async with running(sim, **more) as source:
            while not state.exists():
                await asyncio.sleep(0.005)
            shutil.copy(state, saved)
            (new,) = await source.take()
            await source.looks()
        # The crash: what was written since is lost.
        shutil.copy(saved, state)
        async with running(sim, **more) as source:
            (again,) = await source.take()
            assert again["event_id"] == new["event_id"]
            await source.looks()
            shutil.copy(state, saved)
            become(sim, upgrade, "InProgress", **{f"d{A}": FAILED, f"d{B}": FAILED})
            before = await source.take(3)
            await source.looks()
        shutil.copy(saved, state)
        async with running(sim, **more) as source:
            assert [event["event_id"] for event in await source.take(3)] == [event["event_id"] for event in before]
            await source.looks()

    asyncio.run(story())


@pytest.mark.parametrize(("deaths", "logins"), [(["expired_session"], 2), (["expired_bearer"], 1), (["expired_bearer", "expired_session"], 2)], ids=str)
def test_a_session_that_dies_is_renewed_and_nothing_is_missed(sim: Simulator, deaths: list[str], logins: int) -> None:
    upgrade = sim.add_upgrade(devices=[A])

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            become(sim, upgrade, "InProgress")
            for death in deaths:
                sim.fault("GET /reports", death)
            assert kinds(await source.take()) == ["upgrade_changed"]
            await source.looks()

    asyncio.run(story())
    assert len(sim.logins) == logins
    assert not sim.service.auth.sessions


def test_a_refused_login_ends_it_after_one_login(sim: Simulator) -> None:
    error = asyncio.run(failure(sim, password="wrong-pass-word"))
    assert isinstance(error, ThingSpaceError)
    assert error.kind == "login"
    assert "five refusals" in str(error)
    assert "wrong-pass-word" not in str(error)
    assert paths(sim, BEARER, LOGIN, LOGOUT) == [BEARER, LOGIN]


def test_a_login_that_is_refused_later_ends_it_too(sim: Simulator) -> None:
    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            sim.credentials.password = "changed"
            sim.fault("GET /reports", "expired_session")
            with pytest.raises(ThingSpaceError, match="refused the login"):
                await asyncio.wait_for(source.task, 10)

    asyncio.run(story())
    assert len(sim.logins) == 2


def test_tokens_that_are_given_are_used_and_their_end_is_the_end(sim: Simulator) -> None:
    access, session = sim.tokens()

    async def story() -> None:
        async with running(sim, access_token=access, session_token=session, password="") as source:
            await source.looks()
            assert not source.task.done()
            sim.fault("GET /reports", "expired_session")
            with pytest.raises(ThingSpaceError) as caught:
                await asyncio.wait_for(source.task, 10)
            assert caught.value.kind == "session_token"

    asyncio.run(story())
    assert paths(sim, BEARER, LOGIN, LOGOUT) == []


TROUBLES: list[dict[str, t.Any]] = [
    {"do": "drop_before"},
    {"do": "drop_after", "reset": True},
    {"do": "status", "status": 429},
    {"do": "status", "status": 503},
    {"do": "status", "status": 403},
    {"do": "html", "status": 502},
    {"do": "html", "status": 200},
    {"do": "truncated"},
    {"do": "status", "status": 200, "body": "[]"},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_it_lives_through_trouble_and_says_so(sim: Simulator, trouble: dict[str, t.Any]) -> None:
    upgrade = sim.add_upgrade(devices=[A])

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            sim.fault("GET /reports", **trouble, times=2)
            await source.looks(3)
            sim.fault("GET /reports", **trouble, times=4)
            (error,) = await source.take()
            become(sim, upgrade, "InProgress")
            changed, recovered = await source.take(2)
            assert kinds([error, changed, recovered]) == ["source_error", "upgrade_changed", "source_recovered"]
            assert (error["failures"], recovered["failures"]) == (3, 4)
            assert error["error"]["kind"] in ("service", "unreachable", "forbidden")
            assert error["msg"]
            await source.looks()

    asyncio.run(story())
    assert len(sim.logins) == 1


def test_pauses_grow_and_are_never_shorter_than_the_service_asks_for(sim: Simulator) -> None:
    watcher = watch_source.Watcher(asyncio.Queue(), watch_options.options_of(options(sim, interval=60)))
    error = ThingSpaceError("no", "service")
    ranges = []
    for failures in range(1, 9):
        pauses = [watcher._pause(error, failures) for dummy in range(200)]
        ranges.append((min(pauses), max(pauses)))
    assert all(60 <= least < most <= 900 for least, most in ranges)
    assert [most > 1.5 * before for (dummy, before), (dummy, most) in zip(ranges, ranges[1:4], strict=False)] == [True] * 3
    for asked, pause in ((4000, 4000), (10**12, 86_400)):
        assert watcher._pause(UnsettledError("later", "service", carried_out=False, retry_after=asked), 1) == pause


class Time:
    """A clock that goes on where the source waits, and nowhere else."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class ToldAt(list[tuple[float, Told]]):
    """Takes events, and after how many minutes of a clock they came."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time, self._began = time, time.now

    async def put(self, data: dict[str, t.Any], /) -> None:
        self.append(((self._time.now - self._began) / 60, data["thingspace"]))


async def told_in(time: Time, sim: Simulator, hours: float, **more: t.Any) -> list[tuple[float, Told]]:
    """What is told within so many hours of that clock, and after how many minutes."""
    queue, end = ToldAt(time), time.now + 3600 * hours
    task = asyncio.create_task(watch_source.Watcher(queue, watch_options.options_of(options(sim, **more)), clock=time.clock, sleep=time.sleep).run())
    while time.now < end:
        assert not task.done()
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return list(queue)


@pytest.mark.parametrize("asked", ["86400", "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_long_pause_is_told_before_it_begins(sim: Simulator, asked: str) -> None:
    fault = sim.fault("GET /reports", "status", status=429, retry_after=asked, times=1)
    time = Time()
    ((first, error), (second, recovered)) = asyncio.run(told_in(time, sim, 24.5, interval=60))
    assert fault.fired == 1
    assert (error["type"], error["failures"], recovered["type"]) == ("source_error", 1, "source_recovered")
    assert (time.pauses[0], round(second - first)) == (86_400, 24 * 60)


def test_what_lasts_is_told_and_told_again(sim: Simulator) -> None:
    sim.fault("GET /reports", "status", status=503, times=None)
    time = Time()
    events = asyncio.run(told_in(time, sim, 10, interval=600))
    assert kinds([event for dummy, event in events]) == ["source_error"] * len(events)
    moments = [moment for moment, dummy in events]
    assert moments[0] <= 20 + 30
    assert all(60 <= later - before <= 60 + 30 for before, later in itertools.pairwise(moments))
    assert len(events) >= 6
    failures = [event["failures"] for dummy, event in events]
    assert failures == sorted(set(failures))


def test_sessions_that_die_at_once_are_told(sim: Simulator) -> None:
    sim.fault("GET /reports", "expired_session", times=None)
    events = asyncio.run(told_in(Time(), sim, 10, interval=60))
    assert {event["type"] for dummy, event in events} == {"source_error"}
    assert any("logins within an hour" in event["msg"] for dummy, event in events)
    # The clock of the session is the real one.
    assert len(sim.logins) == 6


GONE = json.dumps({"fault": {"code": 900404, "message": "no such resource", "description": "gateway"}})
UNREADABLE: list[dict[str, t.Any]] = [
    {"do": "status", "status": 404, "body": GONE},
    {"do": "status", "status": 403},
    {"do": "status", "status": 401},
    {"do": "status", "status": 410},
    {"do": "status", "status": 400, "body": "{}"},
    {"do": "status", "status": 429, "retry_after": "86400"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 200, "body": "{}"},
    {"do": "status", "status": 200, "body": "[]"},
    {"do": "html", "status": 200},
    {"do": "xml_403"},
    {"do": "redirect", "location": "http://elsewhere.invalid/"},
    {"do": "truncated"},
    {"do": "drop_after"},
]


@pytest.mark.parametrize("tokens", [False, True], ids=["login", "tokens"])
@pytest.mark.parametrize("trouble", UNREADABLE, ids=str)
def test_an_upgrade_that_cannot_be_read_stops_no_other(sim: Simulator, tmp_path: Path, trouble: dict[str, t.Any], tokens: bool) -> None:
    broken, other, gone = sim.add_upgrade(devices=[A]), sim.add_upgrade(devices=[B]), sim.add_upgrade(devices=[C])
    more: dict[str, t.Any] = {"state_file": str(tmp_path / "state.json"), "devices": False}
    if tokens:
        more["access_token"], more["session_token"] = sim.tokens()
    before = len(sim.logins)

    async def story() -> None:
        async with running(sim, **more) as source:
            await source.looks()
            fault = sim.fault(f"GET /upgrades/{ACCOUNT}/upgrade/{broken.id}", **trouble, times=None)
            become(sim, broken, "Finished")
            become(sim, other, "InProgress")
            become(sim, gone, "Finished")
            events = await source.take(2)
            assert {(event["type"], event["upgrade_id"]) for event in events} == {("upgrade_changed", other.id), ("upgrade_changed", gone.id)}
            (unreadable,) = await source.take()
            assert (unreadable["type"], unreadable["upgrade_id"]) == ("upgrade_unreadable", broken.id)
            assert unreadable["failures"] == (1 if "retry_after" in trouble else 3)
            assert unreadable["error"]["kind"]
            assert unreadable["msg"]
            become(sim, other, "Finished")
            (event,) = await source.take()
            assert (event["upgrade_id"], event["last"]) == (other.id, True)
            await source.looks()
            # It is asked for with each look, unless the service wants to be left alone.
            assert (fault.fired == 1) == ("retry_after" in trouble)
            fault.times = 0
        # What was not told is told when it can be, after a restart too.
        async with running(sim, **more) as source:
            (event,) = await source.take()
            assert (event["type"], event["upgrade_id"], event["last"]) == ("upgrade_changed", broken.id, True)
            await source.looks()

    asyncio.run(story())
    assert len(sim.logins) - before == (0 if tokens else 2)


@pytest.mark.parametrize("death", ["expired_session", "expired_bearer"])
def test_a_session_that_dies_while_single_upgrades_are_read_is_renewed(sim: Simulator, death: str) -> None:
    upgrades = [sim.add_upgrade(devices=[A]), sim.add_upgrade(devices=[B])]

    async def story() -> None:
        async with running(sim, devices=False) as source:
            await source.looks()
            sim.fault("GET /upgrades", death)
            for upgrade in upgrades:
                become(sim, upgrade, "Finished")
            events = await source.take(2)
            assert {event["upgrade_id"] for event in events} == {upgrade.id for upgrade in upgrades}
            await source.looks()

    asyncio.run(story())
    assert len(sim.logins) == (2 if death == "expired_session" else 1)


@pytest.mark.parametrize("value", ["[" * 60 + "]" * 60, "[" * 400 + "]" * 400, "1" * 10_000, "1e99999"])
def test_one_value_costs_no_look(sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    odd, other = sim.add_upgrade(devices=[A], firmware_name="ODD"), sim.add_upgrade(devices=[B])
    more = {"first_look": "report", "state_file": str(tmp_path / "state.json")}
    handle = Application.handle

    def spoiled(self: Application, request: Request) -> Response:
        response = handle(self, request)
        response.body = response.body.replace(b'"ODD"', b'"ODD", "more": ' + value.encode())
        return response

    monkeypatch.setattr(Application, "handle", spoiled)

    async def story() -> None:
        async with running(sim, **more) as source:
            events = await source.take(2)
            assert {event["upgrade_id"] for event in events} == {odd.id, other.id}
            assert [event["upgrade"].get("more", value) for event in events] != [value, value]
            await source.looks()
        async with running(sim, **more) as source:
            await source.looks()

    asyncio.run(story())


@pytest.mark.parametrize("lists", ["missing_in_reports", "null_in_reports"])
def test_devices_that_no_report_lists_are_asked_for(sim: Simulator, lists: str) -> None:
    upgrade = sim.add_upgrade(devices=[A, B])

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            sim.service.switches.device_lists = lists
            become(sim, upgrade, "InProgress", **{f"d{A}": Entry("UpgradeSuccess", "")})
            events = await source.take(2)
            assert {event["type"] for event in events} == {"upgrade_changed", "device_changed"}
            # Nobody says which devices are in it: none of them has left.
            sim.service.switches.device_lists = "missing"
            (event,) = await source.take()
            assert (event["type"], event["upgrade_id"]) == ("upgrade_unreadable", upgrade.id)

    asyncio.run(story())


def test_new_upgrades_that_no_report_lists_the_devices_of_take_turns_too(sim: Simulator) -> None:
    upgrades = [sim.add_upgrade(devices=[f"{990003425730000 + number}"]) for number in range(10)]
    sim.service.switches.device_lists = "missing_in_reports"
    for broken in upgrades[:4]:
        sim.fault(f"GET /upgrades/{ACCOUNT}/upgrade/{broken.id}", "drop_after", times=None)
    later = sim.fault(f"GET /upgrades/{ACCOUNT}/upgrade/{upgrades[4].id}", "status", status=429, retry_after="86400", times=None)

    async def story() -> None:
        async with running(sim, first_look="report") as source:
            told = await source.take(10)
            assert {event["upgrade_id"] for event in told if event["type"] == "upgrade_new"} == {upgrade.id for upgrade in upgrades[5:]}
            assert {event["upgrade_id"] for event in told if event["type"] == "upgrade_unreadable"} == {upgrade.id for upgrade in upgrades[:5]}
            await source.looks()
            assert later.fired == 1

    asyncio.run(story())


def test_upgrades_that_take_long_to_fail_take_turns(sim: Simulator) -> None:
    """Each may take minutes: of many, a look tries a few, and those that failed last come last."""
    upgrades = [sim.add_upgrade(devices=[f"{990003425730000 + number}"]) for number in range(10)]

    async def story() -> None:
        async with running(sim, devices=False) as source:
            await source.looks()
            sim.fault("GET /upgrades", "drop_after", times=None)
            for upgrade in upgrades:
                become(sim, upgrade, "Finished")
            told = await source.take(10)
            assert {event["upgrade_id"] for event in told} == {upgrade.id for upgrade in upgrades}
            assert {event["type"] for event in told} == {"upgrade_unreadable"}
            sim.service.faults.clear()
            told = await source.take(10)
            assert {event["type"] for event in told} == {"upgrade_changed"}

    asyncio.run(story())
    runs = [len(list(group)) for is_list, group in itertools.groupby(reads(sim), lambda path: "/reports/" in path) if not is_list]
    assert max(runs[:-1]) <= 3


ROWS: dict[str, t.Callable[[dict[str, t.Any]], object]] = {
    "no id": lambda row: {name: value for name, value in row.items() if name != "id"},
    "a template": lambda row: {**row, "id": EVIL},
    "a template, and no devices": lambda row: {name: value for name, value in {**row, "id": EVIL}.items() if name != "deviceList"},
    "a number": lambda row: {**row, "id": 7},
    "no status": lambda row: {name: value for name, value in row.items() if name != "status"},
    "no list of devices": lambda row: {**row, "deviceList": "none"},
    "a device without an id": lambda row: {**row, "deviceList": [{"status": "Device Accepted"}]},
    "no object": lambda row: None,
}


@pytest.mark.parametrize("spoil", ROWS.values(), ids=ROWS)
def test_a_listed_upgrade_that_is_none_stops_no_other(sim: Simulator, monkeypatch: pytest.MonkeyPatch, spoil: t.Callable[[dict[str, t.Any]], object]) -> None:
    broken, other = sim.add_upgrade(devices=[A]), sim.add_upgrade(devices=[B])
    handle = Application.handle

    def spoiled(self: Application, request: Request) -> Response:
        response = handle(self, request)
        if "/reports/" in request.path and broken.id.encode() in response.body:
            page = json.loads(response.body)
            page["reportList"] = [spoil(row) if row["id"] == broken.id else row for row in page["reportList"]]
            response.body = json.dumps(page).encode()
        return response

    monkeypatch.setattr(Application, "handle", spoiled)

    async def story() -> None:
        async with running(sim, first_look="report") as source:
            (new,) = await source.take()
            assert (new["type"], new["upgrade_id"]) == ("upgrade_new", other.id)
            (unreadable,) = await source.take()
            has_id = broken.id.encode() in json.dumps(spoil({"id": broken.id, "status": "", "deviceList": []})).encode()
            assert (unreadable["type"], unreadable["upgrade_id"]) == ("upgrade_unreadable", broken.id if has_id else None)
            become(sim, other, "InProgress")
            (changed,) = await source.take()
            assert changed["upgrade_id"] == other.id
            monkeypatch.setattr(Application, "handle", handle)
            (new,) = await source.take()
            assert (new["type"], new["upgrade_id"]) == ("upgrade_new", broken.id)
            assert "lookup" not in json.dumps(source.events)

    asyncio.run(story())


def reads(sim: Simulator) -> list[str]:
    """What was asked about upgrades, in order."""
    return [record.path for record in sim.requests if record.operation in ("by_status", "read")]


async def abandoned() -> None:
    """Wait until no thread of a source works any more."""
    for thread in threading.enumerate():
        if thread.name == watch_source.THREAD:
            await asyncio.to_thread(thread.join, 60)
            assert not thread.is_alive()


# For all that a test waits for, this is for ever.
EVER = {"timeout": 86_400, "retry_timeout": 86_400}


def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page of a list brings another upgrade, and says that there is more."""
    handle = Application.handle

    def endlessly(self: Application, request: Request) -> Response:
        response = handle(self, request)
        if "/reports/" in request.path and response.status == 200:
            number = int(request.path.rpartition("/")[2])
            row = {"id": f"{number:08d}-ccdc-4db8-8824-069bd94c95bf", "status": "Queued", "deviceList": []}
            response.body = json.dumps({"hasMoreData": True, "lastSeenUpgradeId": number + 1, "reportList": [row]}).encode()
        return response

    monkeypatch.setattr(Application, "handle", endlessly)


READS: dict[str, tuple[str, int]] = {
    "the bearer": ("POST /ts/v1/oauth2/token", 1),
    "the first list": ("GET /reports", 1),
    "another list": ("GET /reports", 2),
    "a page": ("GET /reports", 30),
    "a single upgrade": ("GET /upgrades", 1),
}


@pytest.mark.parametrize(("on", "nth"), READS.values(), ids=READS)
def test_stopped_while_it_reads_it_waits_for_no_answer(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on: str, nth: int) -> None:
    if nth == 30:
        endless(monkeypatch)
    upgrades = [sim.add_upgrade(devices=[f"{990003425730000 + number}"]) for number in range(40)]
    fault = sim.fault(on, "hold", nth=nth)

    async def story() -> None:
        async with running(sim, **EVER, state_file=str(tmp_path / "state.json")) as source:
            if on == "GET /upgrades":
                await source.looks()
                for upgrade in upgrades:
                    become(sim, upgrade, "Finished")
            await asyncio.to_thread(fault.reached)
            before = reads(sim)
            await asyncio.wait_for(source.stop(), 60)
            # The answer has not come yet, and the session is ended.
            assert not sim.service.auth.sessions
            fault.release()
            await abandoned()
            assert reads(sim) == before
        # Nothing is held any more, neither the lock nor what was told.
        sim.service.faults.clear()
        if nth != 30:
            async with running(sim, state_file=str(tmp_path / "state.json")) as source:
                await source.take(40 if on == "GET /upgrades" else 0)
                await source.looks()

    asyncio.run(story())


def test_stopped_in_a_pause_it_does_not_wait_for_its_end(sim: Simulator) -> None:
    fault = sim.fault("GET /reports", "status", status=503, retry_after="3600", times=None)

    async def story() -> None:
        async with running(sim, **EVER) as source:
            while not fault.fired:
                await asyncio.sleep(0.005)
            await asyncio.wait_for(source.stop(), 60)
            await abandoned()

    asyncio.run(story())
    assert (len(reads(sim)), len(sim.logins)) == (1, 1)
    assert not sim.service.auth.sessions


def test_lists_that_go_on_for_ever_are_told(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    endless(monkeypatch)
    monkeypatch.setattr(fota, "_MOST_PAGES", 30)

    async def story() -> None:
        async with running(sim) as source:
            (error,) = await source.take()
            assert error["type"] == "source_error"
            assert "does not end" in error["msg"]

    asyncio.run(story())


def test_a_login_that_is_under_way_is_waited_for_and_ended(sim: Simulator) -> None:
    fault = sim.fault("POST /m2m/v1/session/login", "hold", applied=True)

    async def story() -> None:
        async with running(sim, **EVER) as source:
            await asyncio.to_thread(fault.reached)
            # The loop is free while the thread waits.
            stopping = asyncio.create_task(source.stop())
            done, dummy = await asyncio.wait([stopping], timeout=0.1)
            assert not done
            fault.release()
            await asyncio.wait_for(stopping, 60)

    asyncio.run(story())
    assert paths(sim, BEARER, LOGIN, LOGOUT) == [BEARER, LOGIN, LOGOUT]
    assert not sim.service.auth.sessions


def test_a_logout_without_an_answer_is_not_waited_for(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch_source, "LOGOUT_WITHIN", 0.05)
    fault = sim.fault("POST /m2m/v1/session/logout", "hold")
    upgrade = sim.add_upgrade(devices=[A])
    state = {"state_file": str(tmp_path / "state.json")}

    async def story() -> None:
        async with running(sim, **EVER, **state) as source:
            await source.looks()
            become(sim, upgrade, "InProgress")
            await source.take()
            await asyncio.wait_for(source.stop(), 60)
        assert "does not answer the logout" in caplog.text
        async with running(sim, **state) as source:
            await source.looks()
        fault.release()
        await abandoned()

    asyncio.run(story())


def test_a_process_ends_at_sigterm_though_an_answer_is_missing(sim: Simulator) -> None:
    fault = sim.fault("GET /reports", "hold", nth=3)
    code = """
import asyncio, json, runpy, signal, sys

async def run():
    source = asyncio.create_task(runpy.run_path(sys.argv[1])["main"](asyncio.Queue(), json.loads(sys.argv[2])))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, source.cancel)
    try:
        await source
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(run())
"""
    given = options(sim, **EVER, interval=10)
    with subprocess.Popen([sys.executable, "-c", code, str(path_of_source()), json.dumps(given)], stdout=subprocess.PIPE, text=True) as process:
        fault.reached()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "cancelled\n"
    assert not sim.service.auth.sessions
    fault.release()


def test_no_secret_comes_out(sim: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    sim.add_upgrade(devices=[A])
    tokens: set[str] = set()
    events: list[dict[str, t.Any]] = []

    async def story() -> None:
        async with running(sim, first_look="report", state_file=str(tmp_path / "state.json")) as source:
            await source.take()
            await source.looks()
            tokens.update(sim.service.auth.sessions, [sim.service.auth.current_bearer().token])
            echo = " ".join(tokens)
            sim.fault("GET /reports", "status", times=4, status=500, body=json.dumps({"errorCode": echo, "errorMessage": echo}))
            await source.take(2)
            events.extend(source.events)

    asyncio.run(story())
    printed = capfd.readouterr()
    text = json.dumps(events) + caplog.text + printed.out + printed.err + (tmp_path / "state.json").read_text(encoding="utf-8")
    assert "in a row failed" in caplog.text
    assert len(tokens) >= 2
    known = [sim.credentials.password, sim.credentials.app_secret, *tokens]
    assert [secret for secret in known if secret in text] == []


WRONG: list[tuple[dict[str, t.Any], str]] = [
    ({"account": 402196254}, "account is 402196254, a number"),
    ({"account": None}, "account is missing"),
    ({"acount": "x"}, "There is no option acount. The options are account, "),
    ({"feedback": True}, "There is no option feedback"),
    ({"password": 1234}, "password is a number"),
    ({"username": "", "password": ""}, "username, password are missing for the login"),
    ({"access_token": "abc"}, "session_token is missing"),
    ({"interval": 9}, "interval is 9 and must be from 10 to 86400."),
    ({"interval": "soon"}, "interval"),
    ({"status": ["Running"]}, "value of status must be one or more of: RequestPending"),
    ({"status": []}, "status is empty"),
    ({"upgrade_ids": ["1"]}, "is not a UUID"),
    ({"upgrade_ids": []}, "upgrade_ids is empty"),
    ({"devices": "perhaps"}, "devices"),
    ({"first_look": "skip"}, "first_look"),
    ({"api_url": "ftp://x"}, "api_url must look like"),
    ({"timeout": 0}, "timeout is 0 and must be"),
]


@pytest.mark.parametrize(("more", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_options_that_cannot_be_meant(sim: Simulator, monkeypatch: pytest.MonkeyPatch, more: dict[str, t.Any], says: str) -> None:
    monkeypatch.setattr(watch_options, "LEAST_INTERVAL", 10)
    error = asyncio.run(failure(sim, **{"interval": 60, **more}))
    assert isinstance(error, ThingSpaceError)
    assert says in str(error)
    assert "\n" not in str(error)
    assert "Traceback" not in str(error)
    assert "simulator-secret" not in str(error)
    assert sim.requests == []


def test_options_come_from_the_environment(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    given = options(sim)
    for name in ("account", "api_url", "app_key", "app_secret", "username", "password"):
        monkeypatch.setenv(f"THINGSPACE_{name.upper()}", given.pop(name))
    params = watch_options.options_of(given)
    assert (params["account"], params["password"], params["status"]) == (ACCOUNT, "simulator-password", ["RequestPending", "Queued", "InProgress"])
    alias = watch_options.options_of({**given, "account_name": "TestAccount-1", "m2m_token": "x", "access_token": "y"})
    assert (alias["account"], alias["session_token"]) == ("TestAccount-1", "x")


ID = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01"
EVIL = "{{ lookup('ansible.builtin.pipe', 'id') }}"


def a_state(*, key: str = ID, devices: object = (), **changed: object) -> str:
    """A state as the source writes it, but for what is given: a value of an upgrade, or one of the file."""
    facts = {"upgrade_id": key, "status": "Queued", "device_count": 0, "devices_by_status": {}, "firmware_name": None}
    facts |= {name: changed.pop(name) for name in list(changed) if name not in ("format", "account", "birth", "turn", "upgrades")}
    upgrades = {key: {"devices": devices, "facts": facts}}
    return json.dumps({"format": 1, "account": ACCOUNT, "birth": "", "turn": 0, "upgrades": upgrades, **changed})


STATES = {
    "of another account": a_state(account="1"),
    "of an account that commands terminals": a_state(account="\x1b[2J\r\n::error::\u202e\ud800"),
    "of an account that is none": a_state(account=[ACCOUNT]),
    "cut": '{"format": 1, "acc',
    "other": "[]",
    "new": '{"format": 2}',
    "deep": "[" * 100_000,
    "no text": "\udcff",
    "without facts": '{"format": 1, "account": "0402196254-00001", "birth": "", "turn": 0, "upgrades": {"key": {"devices": [], "facts": {}}}}',
    "of another upgrade": a_state(upgrade_id="7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"),
    "an id that is a template": a_state(key=EVIL),
    "an id that is an upgrade beside blanks": a_state(key=f" {ID}"),
    "an id with capitals": a_state(key=ID.upper()),
    "an id that is a number": a_state(upgrade_id=1),
    "a turn without end": a_state().replace('"turn": 0', '"turn": 1e400'),
    "a turn that is none": a_state().replace('"turn": 0', '"turn": NaN'),
    "a turn below zero": a_state(turn=-1),
    "a turn that is a text": a_state(turn="1"),
    "a birth that is none": a_state(birth={}),
    "more devices than can be counted": a_state(device_count=10**400),
    "half a device": a_state(device_count=0.5),
    "a status that is none": a_state(status=["Queued"]),
    "a count that is none": a_state(devices_by_status={"Device Accepted": "1"}),
    "counts that are none": a_state(devices_by_status=["Device Accepted"]),
    "a name that is none": a_state(firmware_name={}),
    "deep facts": a_state(more=json.loads("[" * 300 + "]" * 300)),
    "a device that is none": a_state(devices=[["Device Accepted", "success", [1]]]),
    "a standing that is none": a_state(devices=[[None, "success", ["1"]]]),
}


@pytest.mark.parametrize("text", STATES.values(), ids=STATES)
def test_a_state_that_cannot_be_used_is_told_and_kept(sim: Simulator, tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    error = asyncio.run(failure(sim, state_file=str(path)))
    assert isinstance(error, ThingSpaceError)
    assert error.kind == "input"
    assert "state_file" in str(error)
    assert str(error).isprintable()
    assert "lookup" not in str(error)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert sim.requests == []


def test_the_state_of_those_tests_can_be_used_otherwise(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(a_state(devices=[["Device Accepted", "success", ["1"]]], more=[[[]]]), encoding="utf-8")

    async def story() -> None:
        async with running(sim, state_file=str(path)) as source:
            (gone,) = await source.take()
            assert (gone["type"], gone["upgrade_id"]) == ("upgrade_gone", ID)

    asyncio.run(story())


def _foreign(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(a_state(), encoding="utf-8")
    if os.geteuid():
        uid = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    else:
        os.chown(path, 1, 1)


def _writable(path: Path, mode: int) -> None:
    path.write_text(a_state(), encoding="utf-8")
    path.chmod(mode)


def _huge(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.touch()
    os.truncate(path, 10**12)


ODD: dict[str, tuple[t.Callable[[Path, pytest.MonkeyPatch], object], str]] = {
    "a pipe": (lambda path, dummy: os.mkfifo(path), "no file but"),
    "a folder": (lambda path, dummy: path.mkdir(), "no file but"),
    "a link to an endless file": (lambda path, dummy: path.symlink_to("/dev/zero"), "it is a link"),
    "a link to a file": (lambda path, dummy: path.symlink_to(path.with_name("other")), "it is a link"),
    "a link to nowhere": (lambda path, dummy: path.symlink_to("nowhere"), "it is a link"),
    "a link to itself": (lambda path, dummy: path.symlink_to(path), "it is a link"),
    "a socket": (lambda path, dummy: socket.socket(socket.AF_UNIX).bind(str(path)), "no file but"),
    "huge": (_huge, "larger than 100 MB"),
    "of another user": (_foreign, "belongs to another user"),
    "of a group": (lambda path, dummy: _writable(path, 0o620), "chmod 600"),
    "of everybody": (lambda path, dummy: _writable(path, 0o602), "chmod 600"),
}


# Of a lock nothing is read, and nothing is written to it: whatever file it is will do.
PLACES = [("state.json", odd) for odd in ODD] + [(".state.json.lock", odd) for odd in ODD if ODD[odd][1] in ("no file but", "it is a link")]


@pytest.mark.parametrize(("what", "odd"), PLACES)
def test_an_odd_state_file_is_told_before_any_request(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, odd: str) -> None:
    make, says = ODD[odd]
    (tmp_path / "other").write_text(a_state(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    make(Path(what), monkeypatch)
    before = {path.name: path.lstat() for path in tmp_path.iterdir()}
    error = asyncio.run(failure(sim, state_file="state.json"))
    assert isinstance(error, ThingSpaceError)
    assert error.kind == "input"
    assert "state_file" in str(error)
    assert says in str(error)
    assert sim.requests == []
    assert all((tmp_path / name).lstat() == found for name, found in before.items())


@pytest.mark.parametrize("name", ["no/folder.json", "a" * 300])
@pytest.mark.parametrize("first_look", ["remember", "report"])
def test_a_state_that_has_no_place_ends_it_before_any_request(sim: Simulator, tmp_path: Path, name: str, first_look: str) -> None:
    error = asyncio.run(failure(sim, state_file=str(tmp_path / name), first_look=first_look))
    assert isinstance(error, ThingSpaceError)
    assert error.kind == "input"
    assert "state_file" in str(error)
    assert sim.requests == []


def test_half_characters_and_commands_are_told_and_remembered(sim: Simulator, tmp_path: Path) -> None:
    odd = "no \ud83d \x1b[2J\u202e \r\n::error::answer"
    upgrade = sim.add_upgrade(devices=[A], firmware_name=odd)

    async def story() -> None:
        async with running(sim, first_look="report", state_file=str(tmp_path / "state.json")) as source:
            await source.take()
            become(sim, upgrade, "InProgress", **{f"d{A}": Entry(odd, odd)})
            await source.take(2)
            # As what takes events writes them.
            text = json.dumps(source.events, ensure_ascii=False)
            assert text.encode().decode().isprintable()
            told = source.events[1]["thingspace"]
            assert "\n: :error::answer" in told["device"]["reason"]
            assert all(name.isprintable() for name in told["upgrade"]["devices_by_status"])
            await source.looks()
        async with running(sim, state_file=str(tmp_path / "state.json")) as source:
            await source.looks()

    asyncio.run(story())


def test_the_devices_of_an_upgrade_that_failed_as_a_whole_have_failed(sim: Simulator) -> None:
    upgrade = sim.add_upgrade(devices=[A, B, C], rejected={C: "Device not found."})

    async def story() -> None:
        async with running(sim) as source:
            await source.looks()
            become(sim, upgrade, "UpgradeFailed", **{f"d{A}": Entry("UpgradeSuccess", "success")})
            dummy, told = await source.take(2)
            assert (told["failed_count"], told["failed_percent"], told["previous_failed_percent"]) == (1, 50.0, 0.0)

    asyncio.run(story())


def test_a_state_that_cannot_be_written_is_no_reason_to_tell_twice(sim: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    upgrade = sim.add_upgrade(devices=[A])

    async def story() -> None:
        async with running(sim, state_file=str(folder / "state.json")) as source:
            await source.looks()
            folder.rename(tmp_path / "elsewhere")
            become(sim, upgrade, "InProgress")
            assert kinds(await source.take(2)) == ["upgrade_changed", "source_error"]
            (tmp_path / "elsewhere").rename(folder)
            assert kinds(await source.take()) == ["source_recovered"]
            await source.looks()
        async with running(sim, state_file=str(folder / "state.json")) as source:
            await source.looks()

    asyncio.run(story())


@pytest.mark.parametrize("first_look", ["remember", "report"])
@pytest.mark.parametrize("other", ["state.json", "way/state.json", "folder/../state.json"])
def test_the_second_source_with_a_state_file_ends(sim: Simulator, tmp_path: Path, first_look: str, other: str) -> None:
    (tmp_path / "way").symlink_to(".")
    (tmp_path / "folder").mkdir()
    upgrade = sim.add_upgrade(devices=[A])
    state, alias = str(tmp_path / "state.json"), str(tmp_path / other)

    async def story() -> None:
        async with running(sim, state_file=state, first_look=first_look) as source:
            await source.take(1 if first_look == "report" else 0)
            await source.looks()
            logins = len(sim.logins)
            error = await failure(sim, state_file=alias, first_look=first_look)
            assert isinstance(error, ThingSpaceError)
            assert (error.kind, len(sim.logins)) == ("input", logins)
            assert "in use by another event source" in str(error)
            become(sim, upgrade, "InProgress")
            await source.take()
            await source.looks()
        async with running(sim, state_file=alias) as source:
            await source.looks()

    asyncio.run(story())


def test_of_sources_that_start_together_one_lives(sim: Simulator, tmp_path: Path) -> None:
    async def story() -> None:
        sources = [Source(sim, options(sim, state_file=str(tmp_path / "state.json"), first_look="report")) for dummy in range(8)]
        done, left = {source.task for source in sources}, {source.task for source in sources}
        while len(left) > 1:
            done, left = await asyncio.wait(left, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            assert done
            assert all("in use by another event source" in str(task.exception()) for task in done)
        (alive,) = [source for source in sources if source.task in left]
        await alive.looks()
        await alive.stop()

    asyncio.run(story())
    assert len(sim.logins) == 1


def test_two_sources_with_one_state_are_found_out(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    upgrade = sim.add_upgrade(devices=[A])

    async def story() -> None:
        async with running(sim, state_file=str(path)) as source:
            await source.looks()
            text = path.read_text(encoding="utf-8")
            path.unlink()
            path.write_text(text + " ", encoding="utf-8")
            become(sim, upgrade, "InProgress")
            await source.take()
            with pytest.raises(ThingSpaceError, match="written by another one"):
                await asyncio.wait_for(source.task, 10)

    asyncio.run(story())


def test_the_file_finds_its_collection_by_itself() -> None:
    """ansible-rulebook runs it by path, in a process that knows no collections."""
    code = f"import runpy; print(runpy.run_path({str(path_of_source())!r})['main'].__name__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.strip() == "main", done.stderr


def test_a_hundred_upgrades_take_three_requests(sim: Simulator) -> None:
    for number in range(100):
        sim.add_upgrade(devices=[{"first": f"{100000000000000 + 1000 * number}", "count": 3}])

    async def story() -> None:
        async with running(sim) as source:
            await source.looks(1)

    asyncio.run(story())
    reads = [record.path for record in sim.requests if "/fota/" in record.path]
    assert len(set(reads)) == 3
    assert {record.operation for record in sim.requests} == {"token", "login", "by_status", "logout"}
