# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades as `upgrade_info` returns them become numbers for the page: of each wave, and of the devices, each counted once. Pure."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
import typing as t

from ...module_utils._api import status as words
from ...module_utils._api.status import DeviceState, is_pending

# What is known of a device in an upgrade, in the order in which it is told everywhere.
KINDS = ("done", "running", "waiting", "failed", "refused", "silent", "other")
TROUBLES = ("failed", "refused", "silent", "other")
# Upgrades that the page lists, the latest. Others are counted, and nothing links to them.
LISTED = 300
Phase = t.Literal["checking", "queued", "running", "ended", "failed", "other"]
# What the page calls the phases of an upgrade; whatever v1 has no word for is other.
_PHASES: dict[words.Phase, Phase] = {words.Phase.CHECKING: "checking", words.Phase.QUEUED: "queued", words.Phase.RUNNING: "running", words.Phase.ENDED: "ended"}
_PHASES |= {words.Phase.REFUSED: "failed", words.Phase.FAILED: "failed"}
# What a device without an outcome does, depends on its upgrade.
_BEFORE_IN: dict[Phase, str] = {"checking": "waiting", "queued": "waiting", "running": "running", "ended": "silent", "failed": "failed", "other": "other"}
_KIND_OF = {DeviceState.REJECTED: "refused", DeviceState.DONE: "done", DeviceState.FAILED: "failed", DeviceState.OTHER: "other"}


@dataclasses.dataclass(frozen=True, eq=False)
class Wave:
    """One upgrade. ``number`` is its place by start date, from 1."""

    number: int
    upgrade_id: str
    firmware_name: str
    firmware_to: str
    start_text: str
    end_text: str
    status: str
    phase: Phase
    counts: t.Mapping[str, int]
    # Those of its devices whose latest upgrade this one is.
    current: t.Mapping[str, int]
    is_listed: bool

    @functools.cached_property
    def start(self) -> datetime.date | None:
        return day_of(self.start_text)

    @functools.cached_property
    def end(self) -> datetime.date | None:
        return day_of(self.end_text)

    @property
    def listed(self) -> int:
        return sum(self.counts.values())

    @property
    def members(self) -> int:
        """The devices that it will flash or has flashed: all listed ones but the refused."""
        return self.listed - self.counts["refused"]

    @property
    def is_live(self) -> bool:
        return self.phase in ("checking", "queued", "running")


@dataclasses.dataclass(frozen=True)
class Group:
    """Devices with one status and reason, by their upgrades."""

    kind: str
    status: str
    reason: str
    # The status of the upgrade, where that is what makes it a failure.
    whole: str
    devices: t.Mapping[Wave, t.Sequence[str]]

    @functools.cached_property
    def count(self) -> int:
        return sum(map(len, self.devices.values()))


@dataclasses.dataclass(frozen=True)
class Account:
    """The upgrades of an account, oldest first.

    ``fleet`` counts every device once: in its latest upgrade, or in the open one that it is a member of. ``groups`` are these devices by
    status and reason. ``followed`` counts the failures that a later upgrade has followed.
    """

    waves: t.Sequence[Wave]
    fleet: t.Mapping[str, int]
    groups: t.Sequence[Group]
    followed: int


class _Listing(t.NamedTuple):
    """What one upgrade tells about one device."""

    place: int
    kind: str
    status: str
    reason: str


def account_of(upgrades: t.Iterable[t.Mapping[str, t.Any]], firmware: t.Mapping[str, str] | None = None) -> Account:
    """Everything that the page counts.

    Args:
        upgrades: as ``upgrade_info`` with ``include_devices`` returns them.
        firmware: the versions that devices have now, where they were read: they tell who is done where the upgrade does not.
    """
    ordered = sorted(upgrades, key=lambda upgrade: (_text(upgrade["start_date"])[:10], _text(upgrade["upgrade_id"])))
    now: dict[str, _Listing] = {}
    members: dict[str, _Listing] = {}
    counts: list[collections.Counter[str]] = []
    for place, upgrade in enumerate(ordered):
        phase = phase_of(_text(upgrade["status"]))
        target, count = _text(upgrade["firmware_to"]), collections.Counter(dict.fromkeys(KINDS, 0))
        known: dict[tuple[str, str, bool], _Listing] = {}
        for device in upgrade["devices"]:
            name, status, reason = _text(device["device_id"]), _text(device["status"]), _text(device["reason"])
            has_it = bool(firmware and target and firmware.get(name) == target)
            # One object for each different standing: 100,000 devices have a handful.
            listing = known.get((status, reason, has_it))
            if listing is None:
                listing = known[status, reason, has_it] = _Listing(place, kind_of(phase, status, has_it), status, reason)
            count[listing.kind] += 1
            now[name] = listing
            if phase in ("checking", "queued", "running") and listing.kind != "refused":
                members[name] = listing
        counts.append(count)
    now |= members
    current = [collections.Counter(dict.fromkeys(KINDS, 0)) for dummy in ordered]
    for listing in now.values():
        current[listing.place][listing.kind] += 1
    first = len(ordered) - LISTED
    waves = [_wave(place + 1, upgrade, counts[place], current[place], place >= first) for place, upgrade in enumerate(ordered)]
    fleet = sum(current, collections.Counter(dict.fromkeys(KINDS, 0)))
    followed = sum(wave.counts[kind] - wave.current[kind] for wave in waves for kind in ("failed", "refused", "silent"))
    return Account(waves, {kind: fleet[kind] for kind in KINDS}, _groups(now, waves), followed)


def kind_of(phase: Phase, status: str, has_target: bool = False) -> str:
    """What the status of a device means in an upgrade that is so far."""
    state = words.state_of(status)
    kind = _BEFORE_IN[phase] if state is DeviceState.PENDING else _KIND_OF[state]
    # The version alone is no proof before the start: the device may have had it all along.
    proven = has_target and phase in ("running", "ended") and state in (DeviceState.PENDING, DeviceState.OTHER)
    return "done" if proven else kind


def phase_of(status: str) -> Phase:
    """How far an upgrade is. Words that nobody has documented are `other`."""
    return _PHASES.get(words.phase_of(status), "other")


def day_of(text: str) -> datetime.date | None:
    """The day of a date or a moment, if it is one."""
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _wave(number: int, upgrade: t.Mapping[str, t.Any], counts: t.Mapping[str, int], current: t.Mapping[str, int], is_listed: bool) -> Wave:
    return Wave(
        number=number,
        upgrade_id=_text(upgrade["upgrade_id"]),
        firmware_name=_text(upgrade.get("firmware_name")),
        firmware_to=_text(upgrade["firmware_to"]),
        start_text=_text(upgrade["start_date"]),
        end_text=_text(upgrade.get("end_date")),
        status=_text(upgrade["status"]),
        phase=phase_of(_text(upgrade["status"])),
        counts=counts,
        current=current,
        is_listed=is_listed,
    )


def _groups(now: t.Mapping[str, _Listing], waves: t.Sequence[Wave]) -> list[Group]:
    """By kind, and the largest first."""
    found: dict[tuple[str, str, str, str], dict[int, list[str]]] = {}
    for name, listing in now.items():
        wave = waves[listing.place]
        whole = wave.status if wave.phase == "failed" and is_pending(listing.status) else ""
        found.setdefault((listing.kind, listing.status, listing.reason, whole), {}).setdefault(listing.place, []).append(name)
    groups = [Group(*key, {waves[place]: sorted(names) for place, names in sorted(by.items(), reverse=True)}) for key, by in found.items()]
    return sorted(groups, key=lambda group: (KINDS.index(group.kind), -group.count, group.status, group.reason, group.whole))


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)
