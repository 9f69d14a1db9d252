# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licenses and listeners of a report. Pure."""

from __future__ import annotations

from ..document import Document
from ..escape import Clipper
from ..rows import Row
from .devices import Lists, folded
from .title import of


def licenses_and_callbacks(document: Document, lists: Lists, clipper: Clipper, most: int) -> tuple[list[str], int]:
    """What else changes in the account, and how many rows of it are left out."""
    licenses, callbacks = ([row for row in document[kind] if row["changed"] or row["error"]] for kind in ("licenses", "callbacks"))
    lines: list[str] = []
    for row in licenses[:most]:
        lines += _license(row, lists, clipper)
    for row in callbacks[:most]:
        before, after = (clipper.code(row[name], 200) if row[name] else "none" for name in ("previous_url", "url"))
        fields = f" ({', '.join(clipper.code(field, 40) for field in row['changed_fields'])})" if row["changed_fields"] else ""
        lines += [f"**Listener** of {clipper.code(row['account'])}, to which the service reports upgrades: {before} -> {after}{fields}", ""]
    return lines, sum(max(0, len(rows) - most) for rows in (licenses, callbacks))


def _license(row: Row, lists: Lists, clipper: Clipper) -> list[str]:
    losing = row["cancelled_upgrades"]
    lines = [
        f"**Licenses** of {clipper.code(row['account'])}, without which a device cannot be upgraded: {row['added_count']:,} given, "
        f"{row['removed_count']:,} taken, {row['rejected_count']:,} rejected",
        "",
    ]
    if losing:
        told = ", ".join(f"{clipper.code(item['upgrade_id'], 40)} ({of(item['device_count'], 'device')})" for item in losing[:20])
        rest = f", and {len(losing) - 20:,} more upgrades that the JSON report names" if len(losing) > 20 else ""
        lines += [f"**Scheduled upgrades that lose devices with the licenses: {told}{rest}**", ""]
    kinds = {"added": "given", "removed": "taken", "candidates_added": "first to lose theirs, new", "candidates_removed": "first to lose theirs, no more"}
    listed = [lists.devices(words, row[name], row[f"{name}_count"]) for name, words in kinds.items() if row[f"{name}_count"]]
    rejected = [item["device_id"] or "" for item in row["rejected"]]
    listed += [lists.devices("rejected", rejected, row["rejected_count"])] if row["rejected_count"] else []
    return lines + (folded("Licenses of devices", listed) if listed else [])
