# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that is told to stop, in this process, with real signals: what it still sends, and what it tells."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _stop
from support.run_module import run_module

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
KEY = {"firmware_name": "F", "firmware_to": "2.1", "start_date": "2031-01-07"}


def imeis(first: int, count: int) -> list[str]:
    return [str(990000000000000 + number) for number in range(first, first + count)]


def options(sim: Simulator, **more: t.Any) -> dict[str, t.Any]:
    access, session = sim.tokens()
    return {"account": ACCOUNT, "api_url": sim.api_url, "access_token": access, "session_token": session, "imei_check": "none", "retry_timeout": 0, **more}


def two_upgrades(sim: Simulator, **more: t.Any) -> dict[str, t.Any]:
    """A rollout of ten PUTs for each of two upgrades."""
    entries = [
        {"upgrade_id": sim.add_upgrade(account=ACCOUNT, start_date="+7").id, "devices": imeis(first, 10), "batch_size": 1, "state": "present"}
        for first in (0, 100)
    ]
    given = options(sim, upgrades=entries, concurrency=2, **more)
    given.pop("imei_check")
    return {**given, "upgrades": [{**entry, "imei_check": "none"} for entry in entries]}


@contextlib.contextmanager
def meanwhile(act: t.Callable[[], None]) -> t.Iterator[None]:
    """Do something beside the module, and see that it was done."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not errors, errors


def until(done: t.Callable[[], object]) -> None:
    """Wait for something that no other thread announces."""
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


def is_stopped() -> bool:
    return _stop._current is not None and _stop._current.reason is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_a_signal_the_requests_under_way_end_and_no_other_begins(sim: Simulator, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    held = sim.fault("PUT /upgrades", "hold", nth=3, times=None)
    given = two_upgrades(sim)

    def interrupt() -> None:
        held.reached(2)
        os.kill(os.getpid(), number)
        until(is_stopped)
        held.release()

    with meanwhile(interrupt):
        result = run_module("rollout", given)
    assert len(sim.writes) == 4
    assert sim.requests[-1].method == "PUT"
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "interrupted")
    assert result["added_count"] == 4
    assert number.name in result["msg"]
    assert result["requests"] == len(sim.requests)
    assert signal.getsignal(number) is before


def test_upgrades_that_were_not_begun_are_told_as_such(sim: Simulator) -> None:
    """Scheduling: the POST under way lands and is told with its id, the others are not sent."""
    held = sim.fault("POST /upgrades", "hold", times=None)
    entries = [
        {**KEY, "name": f"wave {number}", "start_date": f"2031-01-{number + 10}", "devices": imeis(number * 10, 2), "imei_check": "none"} for number in range(5)
    ]
    given = {**two_upgrades(sim), "upgrades": entries}
    there = set(sim.service.upgrades)

    def interrupt() -> None:
        held.reached(2)
        os.kill(os.getpid(), signal.SIGTERM)
        until(is_stopped)
        held.release()

    with meanwhile(interrupt):
        result = run_module("rollout", given)
    assert len(sim.writes) == 2
    assert (result["changed"], result["scheduled_count"], result["error"]["kind"]) == (True, 2, "interrupted")
    scheduled = [upgrade["upgrade_id"] for upgrade in result["upgrades"] if upgrade["changed"]]
    assert set(scheduled) == set(sim.service.upgrades) - there
    assert [upgrade["error"]["kind"] for upgrade in result["upgrades"]] == ["interrupted"] * 5


def test_a_lost_answer_and_an_interruption_leave_a_doubt_that_is_told(sim: Simulator) -> None:
    held = sim.fault("POST /upgrades", "hold", applied=True)
    sim.fault("POST /upgrades", "drop_after")

    def interrupt() -> None:
        held.reached()
        os.kill(os.getpid(), signal.SIGTERM)
        until(is_stopped)
        held.release()

    with meanwhile(interrupt):
        result = run_module("upgrade", options(sim, **KEY, devices=imeis(0, 2), retry_timeout=60))
    assert len(sim.writes) == 1
    assert (result["changed"], result["error"]["kind"]) == (True, "interrupted")
    assert "Whether the upgrade was scheduled is not known" in result["msg"]


def test_a_pause_ends_when_the_task_is_stopped(sim: Simulator) -> None:
    """Else whoever ends a job waits for the patience of the service: here for a day."""
    busy = sim.fault("GET /upgrades", "status", times=None, status=503, retry_after=80000)

    def interrupt() -> None:
        until(lambda: busy.fired)
        os.kill(os.getpid(), signal.SIGTERM)

    with meanwhile(interrupt):
        result = run_module("rollout", {**two_upgrades(sim), "retry_timeout": 86400})
    assert (result["changed"], result["error"]["kind"]) == (False, "interrupted")
    assert sim.writes == []


def test_a_login_that_was_not_sent_is_told_as_such(sim: Simulator) -> None:
    held = sim.fault("POST /oauth2/token", "hold")
    who = sim.credentials
    given = {"api_url": sim.api_url, "app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}

    def interrupt() -> None:
        held.reached()
        os.kill(os.getpid(), signal.SIGTERM)
        until(is_stopped)
        held.release()

    with meanwhile(interrupt):
        result = run_module("session", given)
    assert sim.logins == []
    assert (result["error"]["kind"], result["login_sent"], result["requests"]) == ("interrupted", False, 1)


def test_a_lease_that_is_taken_away_ends_the_writes(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = tmp_path / "lease"
    lease.touch()
    monkeypatch.setenv(_stop.LEASE, str(lease))
    held = sim.fault("PUT /upgrades", "hold", nth=3, times=None)
    given = two_upgrades(sim)

    def interrupt() -> None:
        held.reached(2)
        lease.rename(tmp_path / "taken")
        held.release()

    with meanwhile(interrupt):
        result = run_module("rollout", given)
    assert len(sim.writes) == 4
    assert (result["changed"], result["added_count"], result["error"]["kind"]) == (True, 4, "interrupted")


def test_without_its_lease_a_module_asks_nothing(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_stop.LEASE, str(tmp_path / "taken before it began"))
    result = run_module("rollout", two_upgrades(sim))
    assert (result["changed"], result["error"]["kind"], result["requests"]) == (False, "interrupted", 0)
    assert sim.requests == []


def test_what_was_ignored_stays_ignored(sim: Simulator) -> None:
    """As under nohup: the end of the terminal is not the end of the run."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    held = sim.fault("PUT /upgrades", "hold")

    def hang_up() -> None:
        held.reached()
        os.kill(os.getpid(), signal.SIGHUP)
        held.release()

    try:
        with meanwhile(hang_up):
            result = run_module("rollout", two_upgrades(sim))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not result["failed"], result["msg"]
    assert len(sim.writes) == 20


def test_outside_of_a_module_nothing_is_heeded() -> None:
    """The inventory and the event source share the code."""
    _stop.check("GET /x")
    _stop.pause(0.01)
