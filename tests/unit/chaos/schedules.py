# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a schedule of the chaos test is, and how one is drawn.

A schedule is plain JSON, so that it can be printed, kept, shrunk and played again. All may be left out but ``run`` of a step and ``on`` and ``do`` of a
fault. Upgrades are letters: ``a``, ``b`` and ``c`` may be there at the start, ``n`` is not, the day of ``p`` lies in the past. Devices are small numbers;
a string gives each device its upgrade in its place, ``.`` none.

Schedules are drawn evenly, by a number of their own: the search of hypothesis repeats itself, and takes ten times as many for the same mistakes.
"""

from __future__ import annotations

import random
import typing as t

from chaos import hostile as chaos_hostile

DEVICES = 12
THERE = "abc"
NEW = "n"
PAST = "p"

Json = dict[str, t.Any]

# What the service may be like where the documents leave it open.
_SWITCHES: list[tuple[str, object]] = [
    *(("visible_after_reads", reads) for reads in (1, 2, 3)),
    *(("visible_after_seconds", seconds) for seconds in (5.0, 100.0)),
    *(("reported_after_seconds", seconds) for seconds in (5.0, 5.0, 5.0, 100.0)),
    *(("pending_reads", reads) for reads in (0, 2, 4)),
    *(("put_answer", shape) for shape in ("reason", "resultReason", "upgrade")),
    *(("report_page_size", rows) for rows in (1, 2)),
    *(("expired_session", shape) for shape in ("uws_401", "location", "cloud_connector")),
    ("append_validation", "later"),
    ("rejected_devices", "vanish"),
    ("rejected_devices", "vanish"),
    ("re_append", "success"),
    ("remove_absent", "success"),
    ("append_success_status", "Done"),
    ("remove_success_status", "Done"),
    ("device_statuses", "joined"),
    ("date_format", "datetime"),
    ("cancelled_upgrades", "listed"),
    ("empty_upgrades", "vanish"),
    ("unknown_upgrade", "404"),
    ("keep_alive", False),
]
# Nobody knows what became of the request.
_LOST: list[Json] = [
    {"do": "drop_before"},
    {"do": "drop_before", "reset": True},
    {"do": "drop_after"},
    {"do": "drop_after", "reset": True},
    {"do": "status", "status": 500},
    {"do": "status", "status": 503, "applied": True},
    {"do": "status", "status": 503, "applied": True, "retry_after": 20},
    {"do": "html", "status": 502},
    {"do": "html", "status": 200, "applied": True},
    {"do": "truncated"},
]
_REFUSED: list[Json] = [
    {"do": "status", "status": 429},
    {"do": "status", "status": 429, "retry_after": 5},
    {"do": "status", "status": 429, "retry_after": 500},
    {"do": "status", "status": 400},
    {"do": "xml_403"},
    {"do": "close_quietly"},
    {"do": "expired_bearer"},
    {"do": "expired_session"},
    {"do": "expired_session", "shape": "cloud_connector"},
]
# Rare: each of them costs real time.
_SLOW: list[Json] = [{"do": "slow"}, {"do": "slow", "applied": True}]


def schedule(seed: str, number: int) -> Json:
    """The schedule with this number."""
    return _Dice(random.Random(f"{seed}:{number}")).schedule()


def controlled(seed: str, number: int) -> Json:
    """The schedule with this number of those that a real controller plays."""
    return _Dice(random.Random(f"{seed}:controlled:{number}")).controlled()


class _Dice:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def _maybe(self, chance: float, **values: t.Any) -> Json:
        """These values or none of them."""
        return values if self._dice.random() < chance else {}

    def _some(self, most: int = DEVICES, least: int = 0) -> list[int]:
        return sorted(self._dice.sample(range(DEVICES), self._dice.randint(least, most)))

    def _letters(self, letters: str) -> str:
        return "".join(self._dice.choice(letters) for _device in range(DEVICES))

    def schedule(self) -> Json:
        pick = self._dice.choice
        switches = dict(self._dice.sample(_SWITCHES, self._dice.randint(1, 3)))
        if {"Done", "upgrade"} & set(switches.values()) and "visible_after_seconds" in switches:
            # No word that is known, and nothing to be seen: then a refusal and a success look the same for good.
            switches["visible_after_seconds"] = 5.0
        rare = ["RequestPending", "RequestPending", "InProgress", "RequestFailed", "UpgradeFailed", "Finished", "missing"]
        return {
            # Now and then one that holds nearly all, which the rails guard.
            "home": self._letters(pick(["abc.", "abc.", "abc.", "ab.", "aaaab"])),
            **self._maybe(0.4, status={slot: pick(rare) for slot in self._dice.sample(THERE, 1)}),
            **self._maybe(0.2, listed={pick(THERE): self._some(2)}),
            **self._maybe(0.3, unknown=self._some(pick([1, 2, 8]))),
            **self._habits(switches),
            "steps": [self._step() for _step in range(self._dice.randint(1, 4))],
        }

    def controlled(self) -> Json:
        """What is played by a real ansible-playbook, where each second is a real one: nothing that has anybody wait, but texts and the end of the run."""
        step = self._dice.choice([self._devices, self._rollout])()
        step = {name: value for name, value in step.items() if name not in ("faults", "tired", "plan", "check")}
        ends = {"nth": self._dice.randint(2, 12), "how": self._dice.choice(["SIGINT", "SIGTERM", "SIGKILL", "SIGALRM"])}
        return {
            "home": self._letters("abc."),
            **self._maybe(0.5, unknown=self._some(8, 2)),
            "switches": {"texts": self._dice.choice(chaos_hostile.TEXTS)},
            "steps": [{**step, "batch": 1, **self._maybe(0.5, end=ends)}],
        }

    def _habits(self, switches: Json) -> Json:
        """What the service is like: as documented or nearly, or hostile."""
        habits = {**(switches if self._dice.random() < 0.6 else {}), **(chaos_hostile.switches(self._dice) if self._dice.random() < 0.25 else {})}
        return {"switches": habits} if habits else {}

    def _step(self) -> Json:
        kinds = [self._devices, self._rollout, self._schedule, self._cancel, self._login, self._world]
        return self._dice.choices(kinds, [5, 5, 3, 2, 1, 1])[0]()

    def _task(self) -> Json:
        return {**self._maybe(0.15, check=True), **self._maybe(0.1, tired=True)}

    def _of_members(self) -> Json:
        rails = {**self._maybe(0.5, max_removals=self._dice.randint(0, 3)), **self._maybe(0.5, max_removal_percent=30.0), **self._maybe(0.3, allow_empty=False)}
        return {
            **self._task(),
            **self._maybe(0.5, batch=self._dice.choice([1, 3])),
            **self._maybe(0.2, rails=rails),
            **self._maybe(0.3, on_rejected=self._dice.choice(["warn", "ignore"])),
            # Another run in check mode before this one, whose digest may be the approved one.
            **self._maybe(0.3, plan=self._dice.choice(["first", "approved"])),
        }

    def _devices(self) -> Json:
        slot, state = self._dice.choice(THERE), self._dice.choice(["present", "absent", "exact", "exact"])
        faults = self._faults("any", "any", "GET", "PUT", "PUT", "PUT", "PUT")
        return {"run": "upgrade_devices", "slot": slot, "state": state, "devices": self._some(), **self._of_members(), "faults": faults}

    def _rollout(self) -> Json:
        pick = self._dice.choice
        slots = self._dice.sample([*THERE, NEW], 2)
        return {
            "run": "rollout",
            "wanted": self._letters(pick(["abc.", "abcn.", "ab.", "aabn"])),
            "states": {slot: pick(["exact", "exact", "absent"]) for slot in slots},
            **self._maybe(0.3, by_key=[pick(THERE)]),
            **self._maybe(0.1, past=self._some(2, 1)),
            **self._maybe(0.1, left_out=[pick(THERE)]),
            **self._maybe(0.1, unlisted="fail"),
            **self._maybe(0.5, concurrency=3),
            **self._of_members(),
            "faults": self._faults("any", "any", "reports", "GET", "PUT", "PUT", "PUT", "PUT a", "PUT b", "PUT c", "POST"),
        }

    def _schedule(self) -> Json:
        slot, wait = self._dice.choice([NEW, NEW, NEW, NEW, "a", PAST]), self._maybe(0.5, wait=True)
        faults = self._faults("any", "reports", "reports", "GET", "POST", "POST", "POST")
        return {"run": "upgrade", "slot": slot, "devices": self._some(), **wait, **self._task(), "faults": faults}

    def _cancel(self) -> Json:
        slot, by = self._dice.choice([*THERE, NEW]), self._maybe(0.6, by="id")
        return {"run": "upgrade", "slot": slot, "state": "absent", **by, **self._task(), "faults": self._faults("any", "GET", "DELETE", "DELETE", "DELETE")}

    def _login(self) -> Json:
        if self._dice.random() < 0.3:
            return {"run": "logout"}
        faults = self._faults("login", "login", "token", "any")
        return {"run": "login", **self._maybe(0.3, wrong=True), **self._maybe(0.3, new_play=True), **self._maybe(0.2, check=True), "faults": faults}

    def _world(self) -> Json:
        if self._dice.random() < 0.4:
            return {"run": "time", "seconds": self._dice.choice([60, 1300, 3700])}
        return {"run": "other", **self._neighbour()}

    def _neighbour(self) -> Json:
        """What others do."""
        do, slot = self._dice.choice(["start", "cancel", "write", "write", "schedule"]), self._dice.choice([*THERE, NEW])
        more = {"write": {"add": self._some(2), "remove": self._some(3)}, "schedule": {"add": self._some(4, 1)}}
        return {"do": do, "slot": NEW if do == "schedule" else slot, **more.get(do, {})}

    def _faults(self, *places: str) -> list[Json]:
        dice = self._dice
        return [self._fault(places) for _fault in range(dice.choices([0, 1, 2, 3], [25, 35, 25, 15])[0])]

    def _fault(self, places: t.Sequence[str]) -> Json:
        place, nth, trouble = self._dice.choice(places), self._maybe(0.5, nth=self._dice.randint(2, 4)), self._trouble()
        # A list that leaves devices out is a lie that nobody can see through. The answer to a change is looked at again.
        return {"on": "PUT" if trouble["do"] == "leave_out" and not place.startswith(("PUT", "POST")) else place, **nth, **trouble}

    def _trouble(self) -> Json:
        dice = self._dice
        kind = dice.choices(["lost", "refused", "slow", "neighbour", "refuse", "hostile", "stop"], [40, 15, 3, 25, 7, 30, 6])[0]
        if kind == "neighbour":
            return self._neighbour()
        if kind == "refuse":
            return {"do": "refuse", "devices": self._some(4, 1)}
        if kind == "stop":
            return chaos_hostile.stop(dice)
        if kind == "slow":
            return dict(dice.choice(_SLOW))
        # A storm has an end, or none.
        trouble = chaos_hostile.fault(dice) if kind == "hostile" else dice.choice(_LOST if kind == "lost" else _REFUSED)
        return {**trouble, **self._maybe(0.3, times=dice.choice([2, 3, 1000]))}
