# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results as the modules return them, for the tests of reports."""

from __future__ import annotations

import typing as t

Result = dict[str, t.Any]

ACCOUNT = "0402196254-00001"
CANARY, WAVE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
FIRMWARE, VERSION = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657", "SR1.2.0.0-10657"
PLANNED = f"{FIRMWARE} to {VERSION} on 2026-12-15"
DIGEST = "9f2c1d3b7a6e5f408192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"
# All that a report must never show stands in the options of the tasks.
INVOCATION = {"module_args": {"access_token": "token-in-the-options", "devices": ["990000000000000"]}}


def devices(first: int, count: int) -> list[str]:
    """Devices with numbers in a row."""
    return [f"{99000000000000 + number:015d}" for number in range(first, first + count)]


def part(before: int | None, added: t.Sequence[str] = (), removed: t.Sequence[str] = (), **more: t.Any) -> Result:
    """What every module that plans devices returns."""
    after = None if before is None else before + len(added) - len(removed)
    result: Result = {"added": list(added), "removed": list(removed), "rejected": [], "duplicates": [], "changed": bool(added or removed)}
    result |= {"added_count": len(added), "removed_count": len(removed), "rejected_count": 0, "before_count": before, "after_count": after}
    result |= {"unchanged_count": None if before is None else before - len(removed), "requests": 1, "plan_digest": DIGEST, "truncated": False}
    return {**result, "msg": f"{len(added)} added, {len(removed)} removed", **more}


def upgrade(upgrade_id: str | None = CANARY, status: str = "Queued", count: int = 0, start_date: str = "2026-12-01") -> Result:
    """An upgrade as ``upgrade_info`` returns it."""
    names = {"firmware_name": FIRMWARE, "firmware_to": VERSION, "start_date": start_date, "end_date": None}
    return {"upgrade_id": upgrade_id, "account": ACCOUNT, **names, "status": status, "device_count": count, "devices_by_status": {status: count}}


def upgrade_devices(before: int | None = 10, added: t.Sequence[str] = (), removed: t.Sequence[str] = (), **more: t.Any) -> Result:
    """A result of ``upgrade_devices``."""
    known = upgrade(count=before or 0)
    told = {name: known[name] for name in ("upgrade_id", "firmware_name", "firmware_to", "start_date")}
    result = {**part(before, added, removed), **told, "upgrade_status": "Queued", "upgrade": known, "invocation": INVOCATION}
    if before is None:
        result |= {"firmware_name": None, "firmware_to": None, "start_date": None, "upgrade_status": None, "upgrade": None, "plan_digest": None}
    return {**result, **more}


def scheduling(action: str = "schedule", count: int = 3, upgrade_id: str | None = None, **more: t.Any) -> Result:
    """A result of ``upgrade``."""
    result: Result = {"action": action, "upgrade": upgrade(upgrade_id, count=count), "upgrade_id": upgrade_id, "changed": action != "none", "requests": 1}
    result |= {"msg": f"{action}: it"}
    result |= {"devices_missing_count": None, "devices_extra_count": None, "rejected": [], "rejected_count": 0, "duplicates": [], "truncated": False}
    return {**result, **more}


def entry(name: str, action: str, before: int | None, added: t.Sequence[str] = (), removed: t.Sequence[str] = (), **more: t.Any) -> Result:
    """An upgrade in a result of ``rollout``."""
    told = {"name": name, "action": action, "upgrade_status": "Queued", "firmware_name": FIRMWARE, "firmware_to": VERSION, "start_date": "2026-12-01"}
    result = {**part(before, added, removed), **told, "upgrade": None, "empty_meanwhile": False, "error": None, "moved_in_count": 0, "moved_out_count": 0}
    return {**result, **more}


def rollout(*upgrades: Result, **more: t.Any) -> Result:
    """A result of ``rollout``."""
    counts = {name: sum(item[name] or 0 for item in upgrades) for name in ("added_count", "removed_count", "unchanged_count", "before_count", "after_count")}
    result: Result = {"account": ACCOUNT, "upgrades": list(upgrades), "moved": [], "moved_count": 0, "unlisted": [], **counts, "plan_digest": DIGEST}
    result |= {"changed": any(item["changed"] for item in upgrades), "truncated": False, "requests": 9, "msg": "2 upgrades", "invocation": INVOCATION}
    return {**result, **more}


def failure(kind: str, message: str) -> Result:
    """What makes a result one of a failed task."""
    return {"failed": True, "changed": False, "msg": message, "error": {"kind": kind, "status": None, "code": None, "message": message}}


def a_plan() -> Result:
    """The plan of ``docs/reports.md``: a device moves, another is new, two leave, one is refused, a wave is new, and one is long over."""
    moving, new, gone = "990000000000020", "990013907835573", devices(1, 2)
    refused = {"device_id": "990000473475989", "operation": "listed", "status": "Device Rejected", "reason": "Device not found."}
    return rollout(
        entry("canary", "change", 10, [new, moving], upgrade_id=CANARY, moved_in_count=1, rejected=[refused], rejected_count=1),
        entry("wave 1", "change", 40, [], [*gone, moving], upgrade_id=WAVE, moved_out_count=1, start_date="2026-12-08"),
        entry("wave 2", "schedule", 0, devices(100, 25), upgrade_id=None, upgrade_status=None, start_date="2026-12-15"),
        entry("last year", "past", 0, upgrade_id=None, upgrade_status=None, start_date="2025-12-01"),
        moved=[{"device_id": moving, "from": WAVE, "to": CANARY}],
        moved_count=1,
        rejected_count=1,
        warnings=["last year is not there, and its day lies in the past: it is left alone."],
    )


def a_refused_plan() -> Result:
    """The refused plan of ``docs/reports.md``."""
    message = (
        f"Nothing was written. wave 1 ({WAVE}): 25 of 40 devices (62.5 %) would be removed, and max_removal_percent allows 30 %. "
        "If that is meant, raise the limit for this run."
    )
    empty = {"action": "none", "changed": False, "upgrade_status": "Queued"}
    waves = [entry("canary", "none", 10, upgrade_id=CANARY), {**entry("wave 1", "none", 40, upgrade_id=WAVE, start_date="2026-12-08"), **empty}]
    return rollout(*waves, **failure("rail", message))
