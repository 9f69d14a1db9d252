# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of a schedule declare, and the options that say so."""

from __future__ import annotations

import dataclasses
import typing as t

from chaos.schedules import NEW, PAST, THERE, Json
from chaos.world import POOL, Play

_NEVER_THERE = "00000000-0000-4000-8000-000000000000"


@dataclasses.dataclass(frozen=True)
class Wish:
    """One declared upgrade. Without an ``upgrade_id`` it is declared by its natural key."""

    slot: str
    state: str
    declared: frozenset[str]
    upgrade_id: str = ""

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset() if self.state == "absent" else self.declared


def wishes_of(play: Play, step: Json) -> list[Wish]:
    """The upgrades that a step declares."""
    if step["run"] == "rollout":
        return _of_rollout(play, step)
    slot = step["slot"]
    by_id = step["run"] == "upgrade_devices" or step.get("by") == "id" and step.get("state") == "absent"
    upgrade_id = (play.id_of(slot) or _NEVER_THERE) if by_id else ""
    return [Wish(slot, step.get("state", "present"), frozenset(POOL[number] for number in step.get("devices", ())), upgrade_id)]


def _of_rollout(play: Play, step: Json) -> list[Wish]:
    declared = {slot: {POOL[number] for number, letter in enumerate(step.get("wanted", "")) if letter == slot} for slot in (*THERE, NEW)}
    states = step.get("states", {})
    wishes = []
    for slot in (*THERE, NEW):
        known = play.id_of(slot)
        if slot in step.get("left_out", ()) or slot == NEW and not declared[slot] and states.get(slot) != "absent":
            continue
        by_key = slot in step.get("by_key", ()) or not known
        wishes.append(Wish(slot, states.get(slot, "present"), frozenset(declared[slot]), "" if by_key else known))
    if step.get("past"):
        # Those of an upgrade that is over may be declared anew.
        wishes.append(Wish(PAST, "present", frozenset(POOL[number] for number in step["past"])))
    return wishes


def options_of(play: Play, step: Json, wishes: list[Wish]) -> Json:
    """The options of the module that the step runs."""
    given: dict[str, t.Callable[[], Json]] = {
        "upgrade_devices": lambda: {**_membership(step), **_named(play, wishes[0]), **_devices(wishes[0])},
        "upgrade": lambda: {**_named(play, wishes[0]), **_devices(wishes[0]), "wait": bool(step.get("wait")), "wait_timeout": 100},
        "rollout": lambda: {
            **_membership(step),
            "upgrades": [{**_named(play, wish), **_devices(wish)} for wish in wishes],
            "unlisted": step.get("unlisted", "ignore"),
            "concurrency": step.get("concurrency", 1),
        },
    }
    return given[step["run"]]()


def _devices(wish: Wish) -> Json:
    return {"devices": sorted(wish.declared), "state": wish.state}


def _named(play: Play, wish: Wish) -> Json:
    return {"upgrade_id": wish.upgrade_id} if wish.upgrade_id else play.key(wish.slot)


def _membership(step: Json) -> Json:
    rails = {"allow_empty": True, "max_removal_percent": 100.0, **step.get("rails", {})}
    return {**rails, "batch_size": step.get("batch", 1000), "on_rejected": step.get("on_rejected", "fail")}
