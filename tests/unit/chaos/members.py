# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells about the devices of one upgrade, held against what the witness saw.

A device that others, or the service's own checks, have touched meanwhile is left out where nobody can tell whose doing it was.
"""

from __future__ import annotations

import functools
import typing as t

from chaos.schedules import Json
from chaos.wishes import Wish
from chaos.world import POOL, Cause, Moment, Run, members

Devices = frozenset[str]


class Seen:
    """One upgrade in one run, as the witness saw it. An upgrade that is not there has the id "" and no devices."""

    def __init__(self, run: Run, upgrade_id: str) -> None:
        self.run = run
        self.id = upgrade_id
        self.before = members(run.before, upgrade_id)
        self.after = members(run.after, upgrade_id)

    def by(self, cause: Cause, moments: t.Iterable[Moment] | None = None) -> tuple[Devices, Devices]:
        """Devices that somebody brought in and took out at any time."""
        changes = [moment.changed(self.id) for moment in (self.run.moments if moments is None else moments) if moment.cause == cause]
        return Devices().union(*(came for came, dummy in changes)), Devices().union(*(went for dummy, went in changes))

    @functools.cached_property
    def touched(self) -> Devices:
        """Devices that not only we have moved."""
        return Devices().union(*self.by("others"), *self.by("service"))

    @functools.cached_property
    def stale(self) -> bool:
        """Whether the first reads could not show what was there."""
        return self.old or self.run.blind or bool(self._listed_oddly)

    @functools.cached_property
    def old(self) -> bool:
        """Whether the first reads showed a list that was older than what was there."""
        return self.id in self.run.before and self.run.before[self.id].hidden

    @property
    def odd(self) -> Devices:
        """Devices that are listed in words that no document has, and so count as members. That is told in a warning."""
        told = any("count as its members" in warning for warning in self.run.result.get("warnings", ()))
        return self._listed_oddly if told else Devices()

    @property
    def _listed_oddly(self) -> Devices:
        worlds = (self.run.before, self.run.after) if self.run.odd_words else ()
        return Devices().union(*(world[self.id].rejected for world in worlds if self.id in world))

    @functools.cached_property
    def last_read(self) -> int:
        """Where among the moments the module read it for the last time; -1 for never."""
        reads = [n for n, m in enumerate(self.run.moments) if m.operation == "read" and m.clean and not m.refused and m.upgrade_id == self.id]
        return reads[-1] if reads else -1

    @functools.cached_property
    def since(self) -> list[Moment]:
        """What happened after that."""
        return self.run.moments[self.last_read + 1 :]

    @functools.cached_property
    def late(self) -> Devices:
        """Devices that others touched after the last look at them."""
        return Devices().union(*self.by("others", self.since), *self.by("service", self.since))

    @functools.cached_property
    def settled(self) -> bool:
        """Whether the module could know how it ended: it read after its last write, and was shown the truth."""
        if self.last_read < 0:
            return False
        moment = self.run.moments[self.last_read]
        number = moment.record.number if moment.record else 0
        written = any(self.id in record.path and record.number > number for record in self.run.writes)
        landed = any(moment.cause == "ours" and moment.changed(self.id) != (Devices(), Devices()) for moment in self.since)
        return not written and not landed and not moment.before[self.id].hidden

    @property
    def lagging(self) -> bool:
        """Whether a write landed after its client had given up."""
        return any("slow" in record.faults for record in self.run.writes)


def check_claims(run: Run, wish: Wish, claims: Json, *, failed: bool) -> None:
    """Added, removed, rejected, counts and ``changed`` of one upgrade. ``claims``: its part of the result."""
    seen = Seen(run, (claims["upgrade_id"] or "").lower())
    added, removed = Devices(claims["added"]), Devices(claims["removed"])
    lists = {name: len(claims[name]) for name in ("added", "removed", "rejected")}
    assert lists == {name: claims[f"{name}_count"] for name in lists}, "counts and lists disagree"
    if run.check:
        _check_predicted(wish, claims, seen, failed)
        return
    _check_whose(seen, added, removed)
    _check_told(seen, claims, added, removed, failed)
    _check_rejected(wish, claims, seen)
    _check_rails(run, seen)
    if not failed:
        _check_goal(wish, claims, seen)
        _check_counts(claims, seen)


def _check_predicted(wish: Wish, claims: Json, seen: Seen, failed: bool) -> None:
    if not failed and not seen.stale and not seen.touched and seen.id:
        added, removed = Devices(claims["added"]), Devices(claims["removed"])
        assert added <= wish.wanted - seen.before, "check mode adds what is in or not declared"
        assert removed <= seen.before, "check mode removes what is not in"
        assert wish.state != "present" or seen.before | added >= wish.declared - Devices(item["device_id"] for item in claims["rejected"])


def _check_whose(seen: Seen, added: Devices, removed: Devices) -> None:
    """What is claimed was done, by this run as far as anybody can tell."""
    came, went = seen.by("ours")
    if seen.stale:
        return
    foreign_in, foreign_out = seen.by("others")
    assert added <= came | foreign_in, f"told as added, and was not: {sorted(added - came - foreign_in)}"
    assert removed <= went | foreign_out | seen.by("service")[1], f"told as removed, and was not: {sorted(removed - went - foreign_out)}"
    if not seen.lagging:
        assert added - seen.touched <= seen.after, f"told as added and is not in: {sorted(added - seen.touched - seen.after)}"
        assert not (removed - seen.touched) & seen.after, f"told as removed and is in: {sorted((removed - seen.touched) & seen.after)}"


def _check_told(seen: Seen, claims: Json, added: Devices, removed: Devices, failed: bool) -> None:
    """What was done is told."""
    came, went = seen.after - seen.before - seen.touched, seen.before - seen.after - seen.touched
    changed = claims["changed"]
    if seen.settled and not seen.stale:
        assert came <= added, f"was added and is not told: {sorted(came - added)}"
        assert went <= removed, f"was removed and is not told: {sorted(went - removed)}"
    if came or went:
        assert changed, "something landed, and changed is false"
    if seen.run.stopped:
        _check_answered(seen, added, removed)
    if changed:
        sent = any(seen.id in record.path or record.operation == "schedule" for record in seen.run.writes)
        # One that was sent into a closed connection is no write, and nobody knows.
        assert sent or seen.run.result["requests"] > len(seen.run.records), "changed, and nothing was written"
        quiet = seen.settled and not seen.stale and not seen.touched and not seen.lagging
        made = seen.id not in seen.run.before
        # Lost, and refused when it was sent again: that it was not carried out at first is not known.
        doubt = claims["rejected"] and any(record.faults for record in seen.run.writes)
        assert failed or not quiet or made or doubt or seen.before != seen.after, "changed, and all is as it was"


def _check_answered(seen: Seen, added: Devices, removed: Devices) -> None:
    """What was answered before somebody stopped the task is told, though nobody could look at it again."""
    switches = seen.run.switches
    if seen.stale or {switches["append_success_status"], switches["remove_success_status"]} & {"Done"} or switches["put_answer"] == "upgrade":
        return
    answered = [moment for moment in seen.run.moments if moment.operation == "modify" and moment.clean and not moment.refused]
    came, went = seen.by("ours", answered)
    assert came & seen.after - seen.touched - seen.before <= added, "was answered as added before the end, and is not told"
    assert (went & seen.before) - seen.after - seen.touched <= removed, "was answered as removed before the end, and is not told"


def _check_rejected(wish: Wish, claims: Json, seen: Seen) -> None:
    if seen.run.blind:
        return
    for item in claims["rejected"]:
        device = item["device_id"]
        if item["operation"] != "remove":
            assert device in wish.declared, f"{device} is told as rejected and is not declared"
            assert device not in seen.after or device in seen.touched or not seen.settled, f"{device} is told as rejected and is in"
            assert device not in _unmentioned(seen), f"{device} is told as rejected, and no answer says so"
        elif seen.settled:
            assert device in seen.after or device in seen.touched, f"{device} is told as not removed and is gone"


def _unmentioned(seen: Seen) -> Devices:
    """Devices that were sent and left out of the answer, and are listed as refused nowhere."""
    run = seen.run
    faults = [fault for fault in run.step.get("faults", ()) if fault["do"] == "leave_out"]
    # The log says that an answer left devices out, and not which fault did it.
    left_out = {POOL[number] for fault in faults for number in fault["devices"]} if len(faults) == 1 else set()
    sent = [record for record in run.records if record.operation == "modify" and record.json["type"] == "append" and seen.id in record.path]
    mentioned = {device for record in sent if "leave_out" not in record.faults or record.status != 200 for device in record.json["deviceList"]}
    listed = {device for world in (run.before, run.after) if seen.id in world for device in world[seen.id].rejected}
    return Devices(left_out & {device for record in sent for device in record.json["deviceList"]}) - mentioned - listed


def _check_rails(run: Run, seen: Seen) -> None:
    limit = run.options.get("max_removals")
    if limit is not None and (run.step.get("state") != "present" or run.step["run"] == "rollout"):
        moves = run.step["run"] == "rollout"
        went = seen.by("ours")[1]
        assert len(went) <= limit or not moves and run.step.get("state", "present") == "present", f"{len(went)} removed, and {limit} are allowed"


def _check_goal(wish: Wish, claims: Json, seen: Seen) -> None:
    """Success means that it is as declared."""
    refused = Devices(item["device_id"] for item in claims["rejected"])
    exempt = refused | seen.late | seen.odd
    # A list that is older than what an earlier run has done looks as if there were nothing to do.
    if claims.get("action") == "past" or seen.old:
        return
    missing = wish.wanted - seen.after - exempt
    assert not missing, f"a success, and {sorted(missing)} are missing"
    extra = seen.after - wish.declared if wish.state == "exact" else seen.after & wish.declared if wish.state == "absent" else Devices()
    assert not extra - exempt, f"a success, and {sorted(extra - exempt)} are in"


def _check_counts(claims: Json, seen: Seen) -> None:
    if not seen.stale and not seen.touched and seen.settled:
        assert claims["before_count"] == len(seen.before), f"before_count is {claims['before_count']}, and there were {len(seen.before)}"
        assert claims["after_count"] == len(seen.after), f"after_count is {claims['after_count']}, and there are {len(seen.after)}"


def check_never_empty(run: Run, claims: Json, *, failed: bool) -> None:
    """An upgrade that is to keep devices is not without any on the way: nobody knows what an empty one does."""
    seen = Seen(run, (claims["upgrade_id"] or "").lower())
    if failed or claims["rejected"] or claims.get("empty_meanwhile") or seen.touched or seen.stale or not seen.before or not seen.after:
        return
    for moment in run.moments:
        assert members(moment.after, seen.id), "it was without devices for a moment"
