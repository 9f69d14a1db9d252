# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between what was told last and what a look finds, as events. Pure."""

from __future__ import annotations

import collections
import copy
import dataclasses
import functools
import hashlib
import json
import typing as t

from ...module_utils._api.status import DeviceStatus, Phase, failed, is_pending, is_rejected, normalized, phase_of

# Of what the service says without measure an event tells this much: every device of an upgrade may have an event with all of it.
MOST_STATUSES = 50
OTHER = "other"
_LONGEST = 1000
# What every upgrade has (`_results/described`). What the service tells beyond it is in events of the upgrade alone.
_ALWAYS = ("upgrade_id", "account", "firmware_name", "firmware_to", "start_date", "end_date", "status", "device_count", "devices_by_status")


@dataclasses.dataclass(frozen=True)
class Seen:
    """One upgrade as a look found it, in the shape of ``upgrade_info``: without its devices, their standings, and a list of them on demand."""

    facts: dict[str, t.Any]
    devices: t.Mapping[str, DeviceStatus] = dataclasses.field(repr=False)
    listed: t.Callable[[], list[dict[str, t.Any]]] = dataclasses.field(repr=False)
    # Whether it is in the list of a watched status. Then it is watched, whatever it calls its status there.
    is_listed: bool = False


# What a look found: upgrades by their id in lower case. None is one that the service does not know any more.
Look = t.Mapping[str, "Seen | None"]


@dataclasses.dataclass
class Record:
    """One upgrade as it was told last."""

    facts: dict[str, t.Any]
    devices: dict[str, DeviceStatus]


@dataclasses.dataclass(frozen=True)
class Event:
    """One event, and what is known to be told once it is taken. Without anything to tell, it is known at once."""

    told: dict[str, t.Any] | None
    key: str
    device: str | None = None
    standing: DeviceStatus | None = None
    seen: Seen | None = None


class Memory:
    """What was told so far. It moves on event by event, so that an end in between neither repeats nor loses one.

    Args:
        birth: what makes the ids of this memory's events different from those of every other one.
        turn: number of times that it was kept. Ids hold it, so that the same change in another week has another id,
            and the same change after a crash, when nothing was kept in between, has the same.
    """

    def __init__(self, birth: str, turn: int = 0, records: t.Mapping[str, Record] | None = None) -> None:
        self.birth = birth
        self.turn = turn
        self.records: dict[str, Record] = dict(records or {})

    def remember(self, look: Look) -> None:
        """Take a look for told."""
        for key, seen in look.items():
            self._settle(key, seen)

    def events(self, look: Look, statuses: t.Collection[str], *, devices: bool, now: str) -> t.Iterator[Event]:
        """The events of a look, upgrade by upgrade, those of its devices first. Each is noted with :meth:`note` once it is taken, in order.

        How far they are made ahead of that makes no difference.

        Args:
            look: every upgrade that is watched, and every one that was told before.
            statuses: those that are watched. An upgrade with another one, which no list of them holds, is told for the last time, and forgotten.
            devices: whether devices have events of their own.
            now: when the look was, as ISO 8601.
        """
        watched = {normalized(status) for status in statuses}
        for key, seen in look.items():
            record = self.records.get(key)
            kept = seen if seen and (seen.is_listed or normalized(seen.facts["status"]) in watched) else None
            if record and seen and devices:
                yield from self._of_devices(key, record, seen, now)
            if record or seen:
                yield from self._of_upgrade(key, record, seen, kept, now)

    def note(self, event: Event) -> None:
        """The event was taken: it is not told again."""
        record = self.records.get(event.key)
        if event.device is None:
            self._settle(event.key, event.seen)
        elif record and event.standing is None:
            record.devices.pop(event.device, None)
        elif record and event.standing:
            record.devices[event.device] = event.standing

    def _settle(self, key: str, seen: Seen | None) -> None:
        if seen is None:
            self.records.pop(key, None)
        else:
            self.records[key] = Record(seen.facts, dict(seen.devices))

    def _of_devices(self, key: str, record: Record, seen: Seen, now: str) -> t.Iterator[Event]:
        before, after = dict(record.devices), seen.devices
        meant = functools.cache(_meant_by)
        differing = (device for device in sorted(before.keys() | after.keys()) if before.get(device) != after.get(device))
        changed = [device for device in differing if meant(before.get(device)) != meant(after.get(device))]
        if not changed:
            return
        entries = {entry["device_id"]: entry for entry in seen.listed()}
        same = _numbers(seen.facts)
        upgrade = {name: item for name, item in _told_as(seen.facts).items() if name in _ALWAYS}
        for device in changed:
            old, new = before.get(device), after.get(device)
            kind = "device_new" if old is None else "device_gone" if new is None else "device_changed"
            previous = old._asdict() if old else None
            told_device = entries.get(device, {"device_id": device, **(previous or {})})
            # A copy for each, since the filters of a rulebook may change an event in place.
            content = {**same, "upgrade": {**upgrade, "devices_by_status": dict(upgrade["devices_by_status"])}, "device": told_device, "previous": previous}
            yield Event(self._told(kind, content, [key, device, old, new], now), key, device, new)

    def _of_upgrade(self, key: str, record: Record | None, seen: Seen | None, kept: Seen | None, now: str) -> t.Iterator[Event]:
        old, new = _short(record.facts if record else None), _short(seen.facts if seen else None)
        is_last = record is not None and kept is None
        if not is_last and (old == new or _meant(old) == _meant(new)):
            # What has no event may have changed all the same, such as a reason where devices have none, or how a status is spelled.
            yield Event(None, key, seen=kept)
            return
        kind = "upgrade_new" if old is None else "upgrade_gone" if new is None else "upgrade_changed"
        facts = seen.facts if seen else record.facts if record else {}
        content = {
            **_numbers(facts),
            "upgrade": copy.deepcopy(_told_as(facts)),
            "previous": _told_as(old) if old else None,
            "previous_failed_percent": _numbers(record.facts)["failed_percent"] if record else 0.0,
            "status_changed": _meant(old)[:1] != _meant(new)[:1],
            "last": kept is None,
        }
        yield Event(self._told(kind, content, [key, old, new], now), key, seen=kept)

    def _told(self, kind: str, content: dict[str, t.Any], what: list[t.Any], now: str) -> dict[str, t.Any]:
        return {"type": kind, "event_id": event_id(self.birth, self.turn, [kind, *what]), "time": now, **content}


def event_id(birth: str, turn: int, what: t.Any) -> str:
    """The same for the same change of the same memory, in the form of a UUID."""
    digest = hashlib.sha256(json.dumps([birth, turn, what]).encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _numbers(facts: dict[str, t.Any]) -> dict[str, t.Any]:
    """What conditions ask about an upgrade. The share is one of the devices that the service has not refused beforehand."""
    counted: dict[str, int] = facts["devices_by_status"]
    # The devices of an upgrade that failed as a whole may be listed as accepted for ever: no document says what becomes of them.
    whole = phase_of(facts["status"]) == Phase.FAILED
    failures = sum(number for status, number in counted.items() if failed(status) or (whole and is_pending(status)))
    refused = sum(number for status, number in counted.items() if is_rejected(status))
    members = facts["device_count"] - refused
    return {
        "upgrade_id": facts["upgrade_id"],
        "status": _cut(facts["status"]),
        "device_count": facts["device_count"],
        "rejected_count": refused,
        "failed_count": failures,
        "failed_percent": round(100 * failures / members, 2) if members else 0.0,
    }


def _told_as(facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """An upgrade, or what was known of it, as events tell it: with the most frequent statuses, and the rest of its devices together."""
    counted: dict[str, int] = facts["devices_by_status"]
    often = set(counted if len(counted) <= MOST_STATUSES else sorted(counted, key=lambda status: (-counted[status], status))[:MOST_STATUSES])
    told: dict[str, int] = {}
    for status, number in counted.items():
        name = _cut(status) if status in often else OTHER
        told[name] = told.get(name, 0) + number
    return {**{name: _cut(item) for name, item in facts.items()}, "devices_by_status": told}


def _cut(value: t.Any) -> t.Any:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _meant(short: t.Mapping[str, t.Any] | None) -> tuple[t.Any, ...]:
    """What a short form says, however statuses are spelled: reports and single upgrades may do it each in their way."""
    if short is None:
        return ()
    counted: collections.Counter[str] = collections.Counter()
    for status, number in short["devices_by_status"].items():
        counted[normalized(status)] += number
    return normalized(short["status"]), short["device_count"], counted


def _meant_by(standing: DeviceStatus | None) -> DeviceStatus | None:
    return standing and standing._replace(status=normalized(standing.status))


def _short(facts: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    """What makes an event of an upgrade when it changes."""
    return {name: facts[name] for name in ("status", "device_count", "devices_by_status")} if facts else None
