# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of a report: what a module told about one upgrade, one set of licenses, one listener. Pure.

Nothing but the keys named here is taken from a result: ``invocation`` and the like never reach a report.
"""

from __future__ import annotations

import math
import re
import typing as t

from ...module_utils._api.status import is_rejected

Value = t.Any
Result = t.Mapping[str, Value]
Row = dict[str, Value]
_CREDENTIALS = re.compile(r"://[^\s\"'<>]*@")


def text(value: Value) -> str | None:
    """A value as a string without the credentials of a URL in it; None stays None."""
    return None if value is None else _CREDENTIALS.sub("://***@", str(value))


def sequence(value: Value) -> list[Value]:
    """A list as it is, anything else as an empty one."""
    return list(value) if isinstance(value, (list, tuple)) else []


def mapping(value: Value) -> Result:
    """A dictionary as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def natural_key(row: Result) -> str | None:
    """What people call an upgrade that has no id yet."""
    if row.get("firmware_name") is None:
        return None
    return f"{row['firmware_name']} to {row.get('firmware_to')} on {str(row.get('start_date'))[:10]}"


def error_of(result: Result) -> Row | None:
    """The ``error`` of a result or of an upgrade in it."""
    error = result.get("error")
    if not isinstance(error, dict) or not error:
        return None
    return {"kind": text(error.get("kind")), "status": number(error.get("status")), "code": text(error.get("code")), "message": text(error.get("message"))}


def number(value: Value) -> int | None:
    """A count, None where there is none."""
    return int(value) if isinstance(value, int) or isinstance(value, float) and math.isfinite(value) else None


def _numbers(result: Result) -> Row:
    """Counts and lists, which have the same names in all rows."""
    row: Row = {"before": number(result.get("before_count")), "after": number(result.get("after_count"))}
    row |= {name: number(result.get(name)) or 0 for name in ("added_count", "removed_count", "moved_in_count", "moved_out_count")}
    row |= {"unchanged_count": number(result.get("unchanged_count")), "rejected_count": number(result.get("rejected_count")) or 0}
    row |= {name: [str(device) for device in sequence(result.get(name))] for name in ("added", "removed")}
    rejected = [item for item in sequence(result.get("rejected")) if isinstance(item, dict)]
    row["rejected"] = [{key: text(item.get(key)) for key in ("device_id", "operation", "status", "reason")} for item in rejected]
    return row | {"truncated": bool(result.get("truncated")), "error": error_of(result)}


def _row(module: str, result: Result, account: str | None, upgrade_id: str | None, action: str, told: Result) -> Row:
    """A row of an upgrade; ``told`` holds what is known about the upgrade itself."""
    row: Row = {"account": account, "hosts": [], "module": module, "name": None, "action": action, "upgrade_id": upgrade_id}
    row |= {"status": text(told.get("status")), "changed": bool(result.get("changed"))}
    row |= {name: text(told.get(name)) for name in ("firmware_name", "firmware_to", "start_date")}
    row |= {**_numbers(result), "empty_meanwhile": bool(result.get("empty_meanwhile"))}
    row["name"] = text(result.get("name")) or upgrade_id or natural_key(row) or "upgrade that is yet to be scheduled"
    return row


def devices_row(result: Result) -> Row:
    """The row of ``upgrade_devices``."""
    told = {**result, "status": result.get("upgrade_status")}
    account = text(mapping(result.get("upgrade")).get("account"))
    return _row("upgrade_devices", result, account, text(result.get("upgrade_id")) or None, "change" if result.get("changed") else "none", told)


def upgrade_rows(result: Result) -> list[Row]:
    """The row of ``upgrade``, if there is an upgrade."""
    upgrade = result.get("upgrade")
    if not isinstance(upgrade, dict):
        # There is none: nothing to cancel, or a failure, which is told as such.
        return []
    action = text(result.get("action")) or "none"
    row = _row("upgrade", result, text(upgrade.get("account")), text(upgrade.get("upgrade_id")), action, upgrade)
    listed = mapping(upgrade.get("devices_by_status"))
    refused = sum(number(count) or 0 for status, count in listed.items() if is_rejected(str(status)))
    members = max(0, (number(upgrade.get("device_count")) or 0) - refused)
    row |= {"before": 0 if action == "schedule" else members, "after": 0 if action == "cancel" else members}
    row |= {"added_count": members if action == "schedule" else 0, "removed_count": members if action == "cancel" else 0}
    return [{**row, "unchanged_count": members if action == "none" else 0}]


def rollout_rows(result: Result) -> list[Row]:
    """A row for each declared upgrade."""
    account = text(result.get("account"))
    entries = [entry for entry in sequence(result["upgrades"]) if isinstance(entry, dict)]
    told = [(entry, {**entry, "status": entry.get("upgrade_status")}) for entry in entries]
    return [_row("rollout", entry, account, text(entry.get("upgrade_id")), text(entry.get("action")) or "none", known) for entry, known in told]


def moves(result: Result, rows: list[Row]) -> list[Row]:
    """Devices that go from one declared upgrade to another. ``rows`` know what people call these."""
    names = {key: row["name"] for row in rows for key in (natural_key(row), row["upgrade_id"]) if key}
    moved = []
    for item in sequence(result["moved"]):
        if isinstance(item, dict):
            source, target = text(item.get("from")), text(item.get("to"))
            ends = {"from": source, "to": target, "from_name": names.get(source or "", source), "to_name": names.get(target or "", target)}
            moved.append({"device_id": str(item.get("device_id")), **ends})
    return moved


def license_row(result: Result) -> Row:
    """The row of ``license``."""
    row: Row = {"account": text(result.get("account")), "hosts": [], "module": "license", "name": None, "changed": bool(result.get("changed"))}
    row |= _numbers(result)
    row |= {name: number(result.get(name)) for name in ("total_licenses", "assigned_licenses", "candidates_count")}
    row |= {name: number(result.get(name)) or 0 for name in ("candidates_added_count", "candidates_removed_count")}
    row |= {name: [str(device) for device in sequence(result.get(name))] for name in ("candidates_added", "candidates_removed")}
    names = ("upgrade_id", "firmware_name", "start_date")
    losing = [item for item in sequence(result.get("cancelled_upgrades")) if isinstance(item, dict)]
    told = [{**{name: text(item.get(name)) for name in names}, "device_count": number(item.get("device_count")) or 0} for item in losing]
    return row | {"cancelled_upgrades": told}


def callback_row(result: Result) -> Row:
    """The row of ``callback``."""
    row: Row = {"account": text(result.get("account")), "hosts": [], "module": "callback", "name": text(result.get("name"))}
    row |= {"changed": bool(result.get("changed")), "url": text(result.get("url")), "previous_url": text(result.get("previous_url"))}
    return row | {"changed_fields": [str(field) for field in sequence(result.get("changed_fields"))], "error": error_of(result)}
