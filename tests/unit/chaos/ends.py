# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run of each module may end, held against what the witness saw."""

from __future__ import annotations

import collections
import typing as t

from thingspace_simulator.world.model import NOT_STARTED, OPEN

from chaos.members import Seen, check_claims, check_never_empty
from chaos.wishes import Wish
from chaos.world import STANDING, Run, members

FAILED = ("RequestFailed", "UpgradeFailed", "Cancelled")


def check_end(run: Run, wishes: t.Sequence[Wish]) -> None:
    """The end of a run of ``upgrade_devices``, ``upgrade`` or ``rollout``."""
    {"upgrade_devices": _devices, "upgrade": _upgrade, "rollout": _rollout}[run.step["run"]](run, wishes)
    excuses = excuses_of(run, wishes)
    if run.quiet and run.result["failed"]:
        kind = run.result["error"]["kind"]
        assert kind in excuses, f"nothing stood in its way, and it failed with {kind}: {run.result['msg']}"
        assert kind not in ("input", "rail") or not run.writes, f"it failed with {kind} after it had written"


def _devices(run: Run, wishes: t.Sequence[Wish]) -> None:
    failed = run.result["failed"]
    check_claims(run, wishes[0], run.result, failed=failed)
    check_never_empty(run, run.result, failed=failed)


# upgrade


def _upgrade(run: Run, wishes: t.Sequence[Wish]) -> None:
    wish, result = wishes[0], run.result
    mine = [m for m in run.moments if m.cause == "ours" and _statuses(m.before) != _statuses(m.after)]
    foreign = any(m.cause == "others" and _statuses(m.before) != _statuses(m.after) for m in run.moments)
    late = any("slow" in record.faults for record in run.writes)
    if not run.check:
        assert result["changed"] or not mine or late, "something was made or cancelled, and changed is false"
        # One that was sent into a closed connection is no write, and nobody knows.
        closed = result["requests"] > len(run.records)
        assert not result["changed"] or run.writes or closed, "changed, and nothing was written"
        assert not result["changed"] or result["failed"] or mine or foreign, "changed, and all is as it was"
    if result["failed"] or run.check:
        return
    standing = [upgrade_id for upgrade_id, snap in run.after.items() if snap.slot == wish.slot and snap.status in STANDING]
    if wish.state == "absent":
        gone = wish.upgrade_id not in run.after or run.after[wish.upgrade_id].status in FAILED
        assert gone if wish.upgrade_id else not standing or foreign, "a success, and it is still there"
    else:
        # A slow read counts for the simulator when the run has ended: what was told as pending is checked, and perhaps refused, after it.
        pending = result["upgrade"]["status"] == "RequestPending" and result["upgrade_id"] in run.after
        refused_later = pending and not standing and any("slow" in record.faults for record in run.records)
        assert standing == [result["upgrade_id"]] or foreign or refused_later, f"a success, and there are {standing}"
        if result["action"] == "schedule" and not pending and not foreign:
            snap = run.after[result["upgrade_id"]]
            refused = {item["device_id"] for item in result["rejected"]}
            assert wish.declared <= snap.members | snap.rejected | refused, "told as scheduled, and it does not hold what was declared"


def _statuses(world: t.Mapping[str, t.Any]) -> dict[str, bool]:
    return {upgrade_id: snap.status in FAILED for upgrade_id, snap in world.items()}


# rollout


def _rollout(run: Run, wishes: t.Sequence[Wish]) -> None:
    result = run.result
    waves = result["upgrades"]
    assert result["changed"] == any(wave["changed"] for wave in waves), "changed of the whole and of its parts disagree"
    if waves:
        assert len(waves) == len(wishes)
        for wish, wave in zip(wishes, waves, strict=True):
            if wave["before_count"] is None:
                assert result["failed"], "a success that read nothing"
                continue
            failed = bool(wave["error"])
            assert result["failed"] or not failed, "a part failed and the whole did not"
            check_claims(run, wish, wave, failed=failed or result["failed"])
            check_never_empty(run, wave, failed=failed)
            _check_made(run, wish, wave, failed)
    _check_one_home(run)
    if not run.check:
        _check_moved(run, wishes)


def _check_made(run: Run, wish: Wish, wave: dict[str, t.Any], failed: bool) -> None:
    made = [m.after.keys() - m.before.keys() for m in run.moments if m.cause == "ours"]
    mine = {upgrade_id for ids in made for upgrade_id in ids if upgrade_id in run.after and run.after[upgrade_id].slot == wish.slot}
    if mine and not wave["upgrade_id"]:
        assert failed, "an upgrade was scheduled, and a success does not name it"
        assert wave["changed"], "an upgrade was scheduled, and changed is false"
    if wave["action"] == "schedule" and not run.check:
        assert [record for record in run.records if record.operation == "schedule"], "told as scheduled, and was not"
    if wave["action"] == "past":
        assert not mine, "an upgrade was scheduled in the past"


def _check_one_home(run: Run) -> None:
    def homes(world: dict[str, t.Any]) -> collections.Counter[str]:
        return collections.Counter(device for snap in world.values() if snap.status in OPEN for device in snap.members - snap.unchecked)

    twice = {device for device, count in homes(run.after).items() if count > 1} - {device for device, count in homes(run.before).items() if count > 1}
    assert not twice, f"{sorted(twice)} are in two upgrades"


def _check_moved(run: Run, wishes: t.Sequence[Wish]) -> None:
    """``moved`` is what left one declared upgrade and came to another; a device that left and did not arrive is told."""
    result = run.result
    waves = [(wish, wave, Seen(run, (wave["upgrade_id"] or "").lower())) for wish, wave in zip(wishes, result["upgrades"], strict=bool(result["upgrades"]))]
    told = {(move["device_id"], move["from"], move["to"]) for move in result["moved"]}
    for target, wave, there in waves:
        for other, source, here in waves:
            # What is declared for a day that is over is wanted by nobody.
            if source is wave or wave["action"] == "past" or here.stale or there.stale or not here.id:
                continue
            touched = here.touched | there.touched
            for device in (here.before & target.wanted) - here.after - touched:
                way = (device, here.id, there.id)
                if device in there.after - there.before and here.settled and there.settled:
                    assert way in told, f"{device} moved from {other.slot} to {target.slot}, and that is not told"
                lost = not any(device in snap.members for snap in run.after.values())
                if lost and not there.lagging and here.settled and device in source["removed"]:
                    assert result["failed"] or wave["rejected"], f"{device} is in no upgrade any more, and that is no failure"
                    assert wave["error"] or wave["rejected"], f"{device} is in no upgrade any more, and its own does not tell"
    ids = {seen.id: seen for dummy, dummy_wave, seen in waves if seen.id}
    for device, start, end in told:
        assert end in ids, f"{device} is told as moved to {end}"
        assert start in ids, f"{device} is told as moved from {start}"
        if not ids[start].stale and not ids[end].stale:
            assert device in ids[start].by("ours")[1] | ids[start].touched, f"{device} is told as moved from where it was not"
            assert device in ids[end].by("ours")[0] | ids[end].touched, f"{device} is told as moved to where it is not"


# what may go wrong though nothing stands in the way


def excuses_of(run: Run, wishes: t.Sequence[Wish]) -> set[str]:
    """Kinds of failure that the declaration itself, the upgrades as they are, or the service's habits account for."""
    excuses: set[str] = set()
    switches = run.switches
    for wish in wishes:
        there = [snap for snap in run.before.values() if snap.slot == wish.slot and snap.status in STANDING]
        now = run.before.get(wish.upgrade_id) if wish.upgrade_id else there[0] if there else None
        inside = now.members if now else frozenset()
        if wish.upgrade_id and now is None:
            excuses |= {"not_found"}
        if len(there) > 1:
            excuses |= {"state"}
        if not wish.declared:
            excuses |= {"input", "rail"}
        if run.step["run"] == "upgrade":
            excuses |= _of_upgrade(run, wish, now.status if now else "")
            continue
        out = inside - wish.declared if wish.state == "exact" else inside & wish.declared if wish.state == "absent" else frozenset()
        incoming = wish.wanted - inside
        held = {device for snap in run.before.values() if snap.status in OPEN and snap is not now for device in snap.members}
        if now and now.status not in NOT_STARTED and (out or incoming - now.rejected or run.step["run"] == "rollout"):
            excuses |= {"state"}
        if run.step.get("rails") and (out or run.step["run"] == "rollout"):
            excuses |= {"rail"}
        if run.step["run"] == "rollout":
            own = {w.upgrade_id for w in wishes} | {i for i, s in run.before.items() if any(w.slot == s.slot and not w.upgrade_id for w in wishes)}
            free = {device for i, snap in run.before.items() if snap.status in NOT_STARTED and i in own for device in snap.members}
            held -= free
            excuses |= {"state"} if held & incoming or run.step.get("unlisted") == "fail" else set()
        elif held & incoming:
            # Refused ones that vanish may be in no answer either.
            excuses |= {"rejected"} | ({"not_visible"} if _odd(run) else set())
        if incoming & (run.refusals | (now.rejected if now else frozenset())) or run.doomed:
            excuses |= {"rejected"} | ({"not_visible", "state"} if _odd(run) else set())
        if now is None and incoming and incoming <= run.refusals:
            excuses |= {"state"}
    if max(switches["visible_after_seconds"], switches["reported_after_seconds"]) > 60 or any(snap.hidden for snap in run.before.values()):
        excuses |= {"not_visible", "state", "rejected"}
    if _lists_are_hostile(run):
        excuses |= {"service", "rejected", "not_visible"} if run.blind else {"service"}
        excuses |= {"state"} if switches["report_rows"] != "whole" else set()
    if run.odd_words and any(snap.rejected for snap in (*run.before.values(), *run.after.values())):
        # They count as members, so that others cannot have them, and taking them out is a removal.
        excuses |= {"state", "rejected", "rail", "not_visible"}
    if switches.get("empty_upgrades") == "vanish":
        excuses |= {"not_found", "state"}
    return excuses


def _lists_are_hostile(run: Run) -> bool:
    """Whether a list that was read does not end, or does not say what it should."""
    switches = run.switches
    usual = {"pages": "end", "more_flag": "boolean", "device_lists": "shown", "report_lists": "shown", "report_rows": "whole"}
    lists = any(switches[name] != value for name, value in usual.items())
    return switches["device_lists"] == "missing" or lists and any(record.operation == "by_status" for record in run.records)


def _odd(run: Run) -> bool:
    """Whether the service takes devices first and refuses them later, or lets refused ones vanish."""
    pending = any(snap.status == "RequestPending" for snap in (*run.before.values(), *run.after.values()))
    return pending or run.switches.get("rejected_devices") == "vanish" or run.switches.get("append_validation") == "later"


def _of_upgrade(run: Run, wish: Wish, status: str) -> set[str]:
    if wish.state == "absent":
        ran = any(snap.slot == wish.slot and snap.status == "UpgradeFailed" for snap in run.before.values())
        return {"state"} if ran or status and status not in NOT_STARTED else set()
    excuses = {"state"} if wish.slot == "p" else set()
    held = {device for snap in run.before.values() if snap.status in OPEN for device in snap.members}
    refused = wish.declared & (run.refusals | held)
    # Refused ones that vanish cannot be told from those that never came.
    excuses |= {"not_visible"} if (refused or run.doomed) and _odd(run) else set()
    # What is left in RequestPending longer than reads are made has no end, and what is refused as a whole is no success.
    return excuses | ({"state"} if refused == wish.declared or run.doomed else set())


def again_is_idle(run: Run, wishes: t.Sequence[Wish]) -> bool:
    """Whether the same run at once must find nothing to do."""
    # One that was made is known by its id in that run alone.
    vague = run.switches["report_rows"] != "whole"
    if vague or run.blind or run.result["failed"] or run.check or run.result["rejected_count"] or run.result.get("past_count"):
        return False
    for wish in wishes:
        for upgrade_id, snap in run.after.items():
            if snap.slot == wish.slot and (snap.hidden or Seen(run, upgrade_id).late):
                return False
            # Checks that find no device refuse it as a whole, and then there is nothing to schedule it with.
            if snap.slot == wish.slot and snap.status in ("RequestPending", "RequestFailed") and not snap.members and not wish.declared:
                return False
    return not any(m.cause == "others" and members_differ(m.before, m.after) for m in run.moments)


def members_differ(before: dict[str, t.Any], after: dict[str, t.Any]) -> bool:
    """Whether upgrades, their state or their devices are not the same."""

    def told(world: dict[str, t.Any]) -> dict[str, tuple[str, frozenset[str]]]:
        return {upgrade_id: (snap.status, members(world, upgrade_id)) for upgrade_id, snap in world.items()}

    return told(before) != told(after)
