# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between looks, by property: whoever follows the events knows what the service knows, wherever it was interrupted."""

from __future__ import annotations

import collections
import copy
import dataclasses
import itertools
import json
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.changes import MOST_STATUSES, Event, Look, Memory, Seen
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.state import StateFile
from hypothesis import given
from hypothesis import strategies as st
from support.work_done import calls_of

if t.TYPE_CHECKING:
    from pathlib import Path

WATCHED = ("Queued", "InProgress")
STATUSES = (*WATCHED, "Finished")
DEVICE_STATUSES = [
    DeviceStatus("Device Accepted", "success"),
    DeviceStatus("UpgradeFailed", "x"),
    DeviceStatus("UpgradeFailed", "y"),
    DeviceStatus("Device Rejected", "no"),
]
IDS = ["0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"]
DEVICES = "123"
NOW = "2026-11-23T12:00:00Z"

World = dict[str, tuple[str, dict[str, DeviceStatus]]]
an_upgrade = st.tuples(st.sampled_from(STATUSES), st.dictionaries(st.sampled_from(DEVICES), st.sampled_from(DEVICE_STATUSES)))
a_world: st.SearchStrategy[World] = st.dictionaries(st.sampled_from(IDS), an_upgrade)


def seen(key: str, status: str, devices: dict[str, DeviceStatus]) -> Seen:
    counted = dict(sorted(collections.Counter(standing.status for standing in devices.values()).items()))
    facts = {"upgrade_id": key, "status": status, "device_count": len(devices), "devices_by_status": counted}
    return Seen(facts, devices, lambda: [{"device_id": device, **standing._asdict()} for device, standing in devices.items()])


def look_at(world: World, memory: Memory) -> Look:
    """As the service is asked: what has a watched status, and what was told before."""
    found: dict[str, Seen | None] = {key: seen(key, *upgrade) for key, upgrade in world.items() if upgrade[0] in WATCHED or key in memory.records}
    return {**found, **{key: None for key in memory.records if key not in world}}


class Follower:
    """A rule that keeps a picture of the upgrades by their events alone, but for the devices of new ones, which have none."""

    def __init__(self) -> None:
        self.picture: World = {}
        self.ids: set[str] = set()

    def take(self, event: Event, world: World) -> None:
        """Events of a memory that was kept: none twice, and each begins where the last one ended."""
        told = told_by(event)
        assert told["event_id"] not in self.ids
        self.ids.add(told["event_id"])
        key, kind = told["upgrade_id"], told["type"]
        if kind == "upgrade_new":
            assert key not in self.picture
            self.picture[key] = (told["status"], dict(world[key][1]))
        elif kind.startswith("upgrade_"):
            status, devices = self.picture[key]
            assert told["previous"]["status"] == status
            assert told["status_changed"] == (kind == "upgrade_gone" or told["status"] != status)
            self.picture[key] = (told["status"], devices)
            assert kind == "upgrade_gone" or told["upgrade"]["device_count"] == len(devices)
        else:
            devices = self.picture[key][1]
            device, old = told["device"]["device_id"], told["previous"]
            assert old == (devices[device]._asdict() if device in devices else None)
            if kind == "device_gone":
                del devices[device]
            else:
                devices[device] = DeviceStatus(told["device"]["status"], told["device"]["reason"])
        if told.get("last"):
            del self.picture[key]


def events_of(memory: Memory, world: World, *, devices: bool = True, ahead: int = 1) -> t.Iterator[Event]:
    """The events of a look, made so many ahead. Who gets one notes it; what has nothing to tell is noted here."""
    events = memory.events(look_at(world, memory), WATCHED, devices=devices, now=NOW)
    while made := list(itertools.islice(events, ahead)):
        for event in made:
            if event.told is None:
                memory.note(event)
            else:
                yield event


def told_by(event: Event) -> dict[str, t.Any]:
    assert event.told is not None
    return event.told


@given(st.lists(st.tuples(a_world, st.integers(0, 6) | st.none()), max_size=6), a_world, st.integers(1, 9))
def test_looks_compose_however_often_the_source_is_stopped(
    tmp_path_factory: pytest.TempPathFactory, looks: list[tuple[World, int | None]], last: World, ahead: int
) -> None:
    """Nothing is lost and nothing repeated: stopped after any event, it goes on with the next one."""
    path = str(tmp_path_factory.mktemp("state") / "state.json")
    file = StateFile(path, "account")
    memory, follower = Memory("birth"), Follower()
    file.keep(memory)
    for world, stop in [*looks, (last, None)]:
        for number, event in enumerate(events_of(memory, world, ahead=ahead)):
            if number == stop:
                break
            follower.take(event, world)
            memory.note(event)
        file.keep(memory)
        file.close()
        file = StateFile(path, "account")
        memory = t.cast(Memory, file.load())
    file.close()
    assert follower.picture == {key: upgrade for key, upgrade in last.items() if upgrade[0] in WATCHED}
    assert list(events_of(memory, last)) == []


@given(st.lists(a_world, max_size=3), a_world, st.integers(0, 6))
def test_what_a_crash_repeats_has_the_same_id(before: list[World], world: World, crash: int) -> None:
    memory = Memory("birth")
    for earlier in before:
        for event in events_of(memory, earlier):
            memory.note(event)
        memory.turn += 1
    kept = copy.deepcopy(memory)
    taken = []
    for event in events_of(memory, world):
        taken.append(told_by(event))
        memory.note(event)
        if len(taken) > crash:
            break
    repeated = [told_by(event) for event in events_of(kept, world)]
    assert repeated[: len(taken)] == taken


@given(a_world, a_world)
def test_without_events_of_devices_the_counts_are_told(first: World, second: World) -> None:
    memory = Memory("birth")
    memory.remember(look_at(first, memory))
    told = []
    for event in events_of(memory, second, devices=False):
        told.append(told_by(event))
        memory.note(event)
    assert all(event["type"].startswith("upgrade_") for event in told)
    for key in memory.records:
        before, after = first.get(key), second[key]
        changed = before is None or before[0] not in WATCHED or seen(key, *before).facts != seen(key, *after).facts
        assert [event["upgrade_id"] for event in told].count(key) == changed
    assert list(events_of(memory, second, devices=False)) == []


@given(a_world, st.sampled_from([str.upper, str.lower, " ".join, "\t{}\n".format]), st.booleans())
def test_a_status_that_is_spelled_otherwise_has_not_changed(world: World, spell: t.Callable[[str], str], devices: bool) -> None:
    memory = Memory("birth")
    memory.remember(look_at(world, memory))
    told = {key: (status, {device: DeviceStatus(spell(word), reason) for device, (word, reason) in listed.items()}) for key, (status, listed) in world.items()}
    look = {key: dataclasses.replace(seen(key, *told[key]), facts={**seen(key, *told[key]).facts, "status": spell(told[key][0])}) for key in memory.records}
    assert [event.told for event in memory.events(look, WATCHED, devices=devices, now=NOW)] == [None] * len(look)
    assert all(event.seen for event in memory.events(look, WATCHED, devices=devices, now=NOW))


@pytest.mark.parametrize("status", ["Paused", "Finished", "in progress"])
def test_what_the_list_of_a_watched_status_holds_is_watched_and_has_a_last_event(status: str) -> None:
    memory, now = Memory("birth"), seen(IDS[0], status, {"1": DEVICE_STATUSES[0]})
    told = []
    for look in [{IDS[0]: dataclasses.replace(now, is_listed=True)}] * 2 + [{IDS[0]: now if status != "in progress" else None}]:
        for event in memory.events(look, WATCHED, devices=True, now=NOW):
            memory.note(event)
            told += [event.told] if event.told else []
    assert [event["last"] for event in told] == [False, True]
    assert memory.records == {}


@given(a_world)
def test_numbers_for_conditions(world: World) -> None:
    for event in events_of(Memory("birth"), world):
        standings = world[event.key][1].values()
        failures = sum(standing.status == "UpgradeFailed" for standing in standings)
        members = sum(standing.status != "Device Rejected" for standing in standings)
        told = told_by(event)
        assert (told["failed_count"], told["device_count"], told["rejected_count"]) == (failures, len(standings), len(standings) - members)
        assert told["failed_percent"] == (pytest.approx(100 * failures / members, abs=0.01) if members else 0)
        assert told["previous_failed_percent"] == 0
        assert json.loads(json.dumps(told)) == told


def test_a_rule_may_spoil_an_event() -> None:
    memory = Memory("birth")
    world: World = {"a": ("Queued", {"1": DEVICE_STATUSES[0]})}
    for event in events_of(memory, world):
        told_by(event)["upgrade"]["devices_by_status"].clear()
        memory.note(event)
    assert list(events_of(memory, world)) == []


def test_a_rule_may_spoil_the_event_of_a_device() -> None:
    memory = Memory("birth")
    memory.remember(look_at({IDS[0]: ("Queued", {"1": DEVICE_STATUSES[0], "2": DEVICE_STATUSES[0]})}, memory))
    for event in events_of(memory, {IDS[0]: ("Queued", {"1": DEVICE_STATUSES[1], "2": DEVICE_STATUSES[1]})}, ahead=9):
        told = told_by(event)
        assert told["upgrade"].pop("devices_by_status") == {"UpgradeFailed": 2}
        memory.note(event)
    assert memory.records[IDS[0]].facts["devices_by_status"] == {"UpgradeFailed": 2}


def _of_many(size: int, *, statuses: int, extra: int = 0, name: int = 1) -> t.Callable[[], list[Event]]:
    """The events of an upgrade all of whose devices change, with so many statuses; of an unknown field so long, and so long a name."""
    key = IDS[0]
    memory = Memory("birth")
    memory.remember({key: seen(key, "Queued", {f"{device:015d}": DeviceStatus("Device Accepted", "") for device in range(size)})})
    now = seen(key, "InProgress", {f"{device:015d}": DeviceStatus(f"Status {device % statuses:06d}", "") for device in range(size)})
    now.facts.update({"firmware_name": "x" * name, "notes": [{"note": "x"}] * extra})
    return lambda: list(memory.events({key: now}, WATCHED, devices=True, now=NOW))


# What grows with the number of devices.
MANY: dict[str, t.Callable[[int], t.Callable[[], list[Event]]]] = {
    "devices": lambda size: _of_many(size, statuses=3),
    "statuses": lambda size: _of_many(size, statuses=size),
    "what nobody knows": lambda size: _of_many(size, statuses=3, extra=size),
    "a name": lambda size: _of_many(size, statuses=3, name=50 * size),
}


@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
def test_twice_as_much_is_twice_the_work_and_twice_the_events(many: t.Callable[[int], t.Callable[[], list[Event]]]) -> None:
    half, whole = many(1000), many(2000)
    assert len(whole()) == 2001
    assert calls_of(whole) < 2.2 * calls_of(half)
    sizes = [sum(len(json.dumps(event.told)) for event in events()) for events in (half, whole)]
    assert sizes[1] < 2.2 * sizes[0]


def test_of_many_statuses_the_most_frequent_are_told_and_the_others_counted() -> None:
    key = IDS[0]
    devices = {f"{number}": DeviceStatus(f"Status {number % 99:02d}" if number < 150 else "other", "") for number in range(152)}
    devices |= {"failed": DeviceStatus("Failed for a reason of its own", "")}
    memory = Memory("birth")
    (event,) = memory.events({key: seen(key, "Queued", devices)}, WATCHED, devices=True, now=NOW)
    told = told_by(event)
    counted = told["upgrade"]["devices_by_status"]
    assert len(counted) == MOST_STATUSES + 1
    assert sum(counted.values()) == told["device_count"] == 153
    assert counted["Status 00"] == counted["Status 49"] == 2
    assert counted["other"] == 53
    # What conditions ask for is counted over all of them.
    assert told["failed_count"] == 1
    memory.note(event)
    del devices["failed"]
    (event,) = memory.events({key: seen(key, "Queued", devices)}, WATCHED, devices=False, now=NOW)
    assert told_by(event)["previous"]["devices_by_status"] == counted


def test_a_change_that_comes_again_in_another_turn_has_another_id(tmp_path: Path) -> None:
    file, memory = StateFile(None, "account"), Memory("birth")
    ids = []
    for standing in [*DEVICE_STATUSES[:2], *DEVICE_STATUSES[:2], *DEVICE_STATUSES[:2]]:
        for event in events_of(memory, {"a": ("Queued", {"1": standing})}):
            ids.append(told_by(event)["event_id"])
            memory.note(event)
        file.keep(memory)
    assert len(ids) == 1 + 5 * 2
    assert len(set(ids)) == len(ids)
    assert list(tmp_path.iterdir()) == []
