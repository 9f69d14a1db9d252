# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the upgrades. Pure."""

from __future__ import annotations

import typing as t

from ..escape import Clipper
from ..rows import Row
from .title import LONGEST_NAME, own_changes

_COLUMNS = ("", "upgrade", "installs", "starts", "what happens", "devices before", "added", "removed", "moved in", "moved out", "devices after", "rejected")
_ACTIONS = {
    "none": "nothing",
    "change": "devices change",
    "schedule": "**is scheduled**",
    "cancel": "**is cancelled**",
    "past": "past: not scheduled, its day is over",
}


def table(rows: list[tuple[int, Row]], clipper: Clipper) -> list[str]:
    """A row for each upgrade, with its number in the report."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'|'.join(['--:', *([':--'] * 4), *(['--:'] * 7)])}|"]
    for number, row in rows:
        named = clipper.code(row["name"], LONGEST_NAME)
        if row["upgrade_id"] and row["upgrade_id"] != row["name"]:
            named += f"<br>{clipper.code(row['upgrade_id'], 40)}"
        installs = clipper.code(row["firmware_to"], 60) if row["firmware_to"] else "-"
        if row["firmware_name"]:
            installs += f"<br>{clipper.code(row['firmware_name'], LONGEST_NAME)}"
        numbers = [row["before"], *own_changes(row), row["moved_in_count"], row["moved_out_count"], row["after"], row["rejected_count"]]
        cells = [str(number), named, installs, clipper.code((row["start_date"] or "")[:10], 10), _action(row, clipper), *map(_cell, numbers)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _action(row: Row, clipper: Clipper) -> str:
    words = [f"**stopped** ({clipper.prose(row['error']['kind'], 20)})"] if row["error"] else []
    if not row["error"] or row["changed"]:
        words.append(_ACTIONS.get(row["action"], "devices change"))
    if row["status"]:
        words.append(f"state: {clipper.code(row['status'], 30)}")
    if row["empty_meanwhile"]:
        words.append("without devices for a moment, since waves swap devices")
    return ", ".join(words)


def changed_first(rows: t.Sequence[Row], most: int) -> list[tuple[int, Row]]:
    """The rows with their numbers; of too many those that stop or change come first, in their order."""
    numbered = list(enumerate(rows, 1))
    if len(numbered) <= most:
        return numbered
    kept = sorted(numbered, key=lambda item: (not item[1]["error"], not item[1]["changed"], item[0]))[:most]
    return sorted(kept, key=lambda item: item[0])
