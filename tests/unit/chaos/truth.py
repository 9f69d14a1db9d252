# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after every run, whatever happened in it: what was asked of the service, and what is told about it."""

from __future__ import annotations

import collections
import json
import typing as t

from support.result_texts import check_texts

from chaos.schedules import Json
from chaos.wishes import Wish
from chaos.world import STANDING, Run

_KINDS = {"input", "rail", "state", "rejected", "not_visible", "access_token", "session_token", "not_found", "forbidden", "service", "unreachable"}
_KINDS |= {"interrupted"}
KINDS = {"upgrade_devices": _KINDS, "rollout": _KINDS, "upgrade": _KINDS - {"rail", "rejected"} | {"timeout"}, "session": _KINDS | {"login"}}
# Of one run and one declared upgrade, batch size 1 and a storm included.
MOST_REQUESTS = 300


def check_requests(run: Run, wishes: t.Sequence[Wish]) -> None:
    """What was sent: nothing that must not be, nothing twice, no more than is needed."""
    module, result = run.module, run.result
    assert "A mistake in this collection" not in json.dumps(result), "a mistake of ours"
    check_texts(result)
    if result["failed"]:
        assert result["error"]["kind"] in KINDS[module], f"{module} failed with the kind {result['error']['kind']}"
    # One that is sent into a connection that has just been closed is told, and did not arrive.
    closed = sum(bool({"close_quietly", "garbled"} & set(record.faults)) for record in run.records)
    assert 0 <= result["requests"] - len(run.records) <= closed, f"{result['requests']} requests are told and {len(run.records)} were made"
    assert len(run.records) <= MOST_REQUESTS * max(1, len(wishes)), f"{len(run.records)} requests"
    check_sent(run)


def check_sent(run: Run) -> None:
    """What was asked of the service, whatever became of the result."""
    if run.module != "session":
        assert not [record for record in run.records if record.login], "a module logged in"
    if run.check:
        assert not run.writes, "written in check mode"
    _check_stopped(run)
    _check_started(run)
    _check_posts(run)
    _check_answered(run)
    _check_batches(run)


def _check_stopped(run: Run) -> None:
    """No request begins once the module knows that it is to stop. Each other thread may just have begun one."""
    later = [record for record in run.records if run.stopped and record.number > run.stopped]
    assert len(later) < run.options.get("concurrency", 1) or not later, f"{len(later)} requests after it was told to stop"


def _check_started(run: Run) -> None:
    for moment in run.moments:
        if moment.cause == "ours":
            for upgrade_id, snap in moment.before.items():
                # The simulator would not do it; what it models must not be moved.
                assert not snap.started or moment.changed(upgrade_id) == (frozenset(), frozenset()), "an upgrade that has started was changed"
    for upgrade_id in run.after.keys() | run.before.keys():
        shown = [m.record.number for m in run.moments if m.operation == "read" and m.clean and m.upgrade_id == upgrade_id and m.record
                 and not m.refused and m.after[upgrade_id].started]  # fmt: skip
        later = [record for record in run.writes if shown and upgrade_id in record.path and record.number > shown[0]]
        assert not later, f"a {later[0].method} was sent after a read had shown that the upgrade has started"


def _check_posts(run: Run) -> None:
    posts = collections.defaultdict(list)
    for record in run.records:
        if record.operation == "schedule":
            posts[record.json["firmwareName"][-1]].append(record)
    for slot, records in posts.items():
        # Whatever came back, 429 too: one that has arrived may have been carried out.
        assert len(records) == 1, f"{slot} was posted again after a POST that may have been carried out"
        there = [upgrade_id for upgrade_id, snap in run.before.items() if snap.slot == slot and snap.status in STANDING and not snap.hidden]
        left = [upgrade_id for upgrade_id in there if upgrade_id in run.after and run.after[upgrade_id].status in STANDING]
        assert not left, f"{slot} was posted though it is there"
    for moment in run.moments:
        made = moment.after.keys() - moment.before.keys() if moment.operation == "schedule" else ()
        for slot in {moment.after[upgrade_id].slot for upgrade_id in made}:
            standing = [
                upgrade_id
                for upgrade_id, snap in moment.after.items()
                # What an earlier run has made and no report shows yet cannot be known.
                if snap.slot == slot and snap.status in STANDING and not (upgrade_id in run.before and run.before[upgrade_id].hidden)
            ]
            others = any(m.cause == "others" and m.after.keys() - m.before.keys() for m in run.moments)
            assert len(standing) < 2 or others, f"{slot} was scheduled twice"


def _check_answered(run: Run) -> None:
    """What the service has answered, yes or no, is not sent again in the same run; what it has not, only after a read."""
    answered: set[tuple[str, str, str]] = set()
    unread: set[tuple[str, str, str]] = set()
    clean = {moment.record.number for moment in run.moments if moment.record and moment.clean and not moment.refused}
    for record in run.records:
        if record.operation == "read" and record.number in clean:
            unread = {change for change in unread if change[0] != record.path}
        if record.operation == "modify":
            changes = {(record.path, record.json["type"], device) for device in record.json["deviceList"]}
            assert not changes & answered, f"sent again though it had been answered: {sorted(changes & answered)}"
            assert not changes & unread, f"sent again without a look at what had become of it: {sorted(changes & unread)}"
            unread |= changes
            answered |= changes if record.number in clean else set()


def _check_batches(run: Run) -> None:
    for record in run.records:
        if record.operation == "modify":
            devices = record.json["deviceList"]
            assert devices == sorted(set(devices)), "the devices of a PUT are not sorted"
            assert 0 < len(devices) <= run.options["batch_size"], f"{len(devices)} devices in one PUT"


def check_prediction(run: Run) -> None:
    """Check mode tells what a run does: the same plan, and where nothing came between, the same end."""
    then, now = run.predicted, run.result
    unclear = run.blind or run.odd_words or any(snap.hidden for snap in run.before.values())
    if then is None or not then["plan_digest"] or not now["plan_digest"] or unclear:
        return
    if not any(moment.cause != "ours" and moment.before != moment.after for moment in run.moments):
        assert now["plan_digest"] == then["plan_digest"], "check mode had another plan"
        if not now["failed"] and not then["failed"] and not now["rejected_count"]:
            assert _told(now) == _told(then), f"check mode told {_told(then)}, and then it was {_told(now)}"


def _told(result: Json) -> Json:
    counts = ("added_count", "removed_count", "moved_count", "before_count", "after_count", "scheduled_count")
    told = {name: result[name] for name in ("changed", "added", "removed", *counts) if name in result}
    return told | {"upgrades": [_told(wave) for wave in result.get("upgrades", ())]}
