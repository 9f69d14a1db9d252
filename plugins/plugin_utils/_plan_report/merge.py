# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many rows about one upgrade become one. Pure.

The same plan comes from every host that runs a task, an upgrade is scheduled by one task and filled by the next: none of that may be
counted twice. A row that says exactly what an earlier one said adds its hosts and nothing else.
"""

from __future__ import annotations

import typing as t

from .rows import Row, natural_key

_RANK = ("none", "past", "change", "schedule", "cancel")


class Sighting(t.NamedTuple):
    """A row, the host that it came from, and its place in the report."""

    row: Row
    host: str | None
    order: tuple[t.Any, ...]


def merged(sightings: t.Iterable[Sighting], check_mode: bool) -> list[Row]:
    """One row for each upgrade, account or listener, in their order."""
    groups: dict[tuple[t.Any, ...], list[Sighting]] = {}
    for sighting in _filled(list(sightings)):
        groups.setdefault(_identity(sighting.row), []).append(sighting)
    ordered = sorted(groups.values(), key=lambda group: min(sighting.order for sighting in group))
    return [_folded(group, check_mode) for group in ordered]


def overlap(one: t.Iterable[t.Hashable], other: t.Iterable[t.Hashable]) -> int:
    """How many entries two lists share."""
    return len(set(one) & set(other))


def _identity(row: Row) -> tuple[t.Any, ...]:
    module = row["module"]
    if module in ("license", "callback"):
        return (module, row["account"], row["name"])
    if row["upgrade_id"]:
        return ("upgrade", row["upgrade_id"].lower())
    # Without an id an account tells apart what is called the same.
    if natural_key(row):
        return ("planned", row["account"], row["firmware_name"], row["firmware_to"], str(row["start_date"])[:10])
    return ("planned", row["account"], row["name"], tuple(row["added"]), row["added_count"])


def _filled(sightings: list[Sighting]) -> list[Sighting]:
    """Check mode predicts an upgrade that has no id, and then plans its devices against nothing: both are about one upgrade.

    They belong together in their order, host by host, which is right for a loop over each module and for a loop over both.
    """
    waiting: dict[tuple[str | None, str | None], list[Row]] = {}
    kept: list[Sighting] = []
    for sighting in sightings:
        row = dict(sighting.row)
        place = (sighting.host, row["account"])
        predicted = waiting.get(place, [])
        if row["module"] == "upgrade_devices" and not row["upgrade_id"] and natural_key(row) is None and predicted:
            _fill(predicted.pop(0), row)
            continue
        if row["module"] == "upgrade" and row["action"] == "schedule" and not row["upgrade_id"]:
            waiting.setdefault(place, []).append(row)
        kept.append(sighting._replace(row=row))
    return kept


def _fill(prediction: Row, devices: Row) -> None:
    count = max(prediction["added_count"], devices["added_count"])
    prediction |= {name: devices[name] for name in ("added", "rejected", "rejected_count", "truncated")}
    prediction |= {"added_count": count, "after": count, "module": "upgrade, upgrade_devices", "error": prediction["error"] or devices["error"]}


def _folded(group: list[Sighting], check_mode: bool) -> Row:
    distinct: list[Row] = []
    for sighting in group:
        if sighting.row not in distinct:
            distinct.append(sighting.row)
    whole = dict(distinct[0])
    for row in distinct[1:]:
        whole = _combined(whole, row, check_mode)
    whole["hosts"] = sorted({sighting.host for sighting in group if sighting.host is not None})
    return whole


def _combined(one: Row, other: Row, check_mode: bool) -> Row:
    """Two rows about the same, one after the other; in check mode both are planned against the same state."""
    both = {name: value if one.get(name) in (None, [], "") else one[name] for name, value in other.items()}
    both |= {"changed": one["changed"] or other["changed"], "error": one["error"] or other["error"]}
    modules = [*one["module"].split(", "), *other["module"].split(", ")]
    both["module"] = ", ".join(dict.fromkeys(modules))
    if one["module"] == "callback":
        return both | ({"url": other["url"], "changed_fields": other["changed_fields"] or one["changed_fields"]} if other["changed"] else {})
    for name in ("added", "removed", "candidates_added", "candidates_removed"):
        if name in one:
            both[name] = sorted({*one[name], *other[name]})
            both[f"{name}_count"] = one[f"{name}_count"] + other[f"{name}_count"] - overlap(one[name], other[name])
    refused = {tuple(item.items()): item for item in (*one["rejected"], *other["rejected"])}
    both["rejected"] = list(refused.values())
    twice = len(one["rejected"]) + len(other["rejected"]) - len(refused)
    both["rejected_count"] = one["rejected_count"] + other["rejected_count"] - twice
    both |= {name: one[name] + other[name] for name in ("moved_in_count", "moved_out_count")}
    both |= {name: one[name] or other[name] for name in ("truncated", "empty_meanwhile") if name in one}
    before = both["before"]
    if check_mode and before is not None:
        both["after"] = max(0, before + both["added_count"] - both["removed_count"])
    elif other["after"] is not None:
        both["after"] = other["after"]
    both["unchanged_count"] = None if before is None else max(0, before - both["removed_count"])
    if "action" in one:
        both["action"] = max(one["action"], other["action"], key=lambda action: _RANK.index(action) if action in _RANK else 0)
        both["status"] = other["status"] or one["status"]
    return both
