# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folded lists of a report: which devices are added, removed, moved and rejected. Pure."""

from __future__ import annotations

import re
import typing as t

from ..document import Document
from ..escape import Clipper
from ..rows import Row
from .title import of, own_changes

_PLAIN = re.compile(r"[0-9A-Za-z]+")
_WHEN = {"append": "when it was to come in", "remove": "when it was to leave", "listed": "in an earlier run"}


class Lists:
    """Lists of devices, each cut to ``most`` entries, and how many devices they leave out.

    ``left_out`` counts devices that the document holds, ``untold`` those that no list of it holds.
    """

    def __init__(self, clipper: Clipper, most: int) -> None:
        self._clipper = clipper
        self._most = most
        self.left_out = 0
        self.untold = 0

    def devices(self, head: str, devices: t.Sequence[str], count: int) -> str:
        """A line with the first devices, and how many there are more."""
        shown = devices[: self._most]
        self.left_out += len(devices) - len(shown)
        self.untold += max(0, count - len(devices))
        if all(map(_PLAIN.fullmatch, shown)):
            listed = f"`{', '.join(shown)}`" if shown else ""
        else:
            listed = ", ".join(self._clipper.code(device, 40) for device in shown)
        rest = max(count, len(devices)) - len(shown)
        more = f"{' and ' if shown else ''}{rest:,} {'more ' if shown else ''}not listed here" if rest else ""
        return f"- {head} ({max(count, len(devices)):,}): {listed}{more}"


def moved(document: Document, lists: Lists, clipper: Clipper, most: int) -> list[str]:
    """Moves, as moves: a device leaves one declared upgrade for another."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for item in document["moved"]:
        pairs.setdefault((item["from_name"], item["to_name"]), []).append(item["device_id"])
    count = document["counts"]["moved"]
    lines = [lists.devices(f"{clipper.code(a)} -> {clipper.code(b)}", devices, len(devices)) for (a, b), devices in list(pairs.items())[:most]]
    lists.left_out += sum(len(devices) for devices in list(pairs.values())[most:])
    lists.untold += max(0, count - len(document["moved"]))
    told = max(0, count - len(document["moved"]))
    lines += [f"- {told:,} more are in no list, since `result_limit` cut them"] if told else []
    return folded(f"{of(count, 'device')} moved from one upgrade to another", lines) if count else []


def added(document: Document, rows: list[tuple[int, Row]], lists: Lists, clipper: Clipper) -> list[str]:
    """Devices that no other declared upgrade gives."""
    return _one_way(document, rows, lists, clipper, ("added", "to", 0, "added: they come into an upgrade"))


def removed(document: Document, rows: list[tuple[int, Row]], lists: Lists, clipper: Clipper) -> list[str]:
    """Devices that no other declared upgrade gets."""
    return _one_way(document, rows, lists, clipper, ("removed", "from", 1, "removed: they leave their upgrade, and are not upgraded with it"))


def _one_way(document: Document, rows: list[tuple[int, Row]], lists: Lists, clipper: Clipper, way: tuple[str, str, int, str]) -> list[str]:
    name, end, side, words = way
    moves: dict[str, set[str]] = {}
    for item in document["moved"]:
        moves.setdefault(item[end], set()).add(item["device_id"])
    total = sum(own_changes(row)[side] for row in document["upgrades"])
    lines = []
    for number, row in rows:
        count = own_changes(row)[side]
        own = moves.get(row["upgrade_id"] or "", set()) | moves.get(_planned(row), set())
        devices = [device for device in row[name] if device not in own]
        if count:
            # Where the list of moves was cut, nobody can tell moved devices from the others.
            doubt = " (moved ones are among them)" if len(devices) > count else ""
            lines.append(lists.devices(f"{number} {clipper.code(row['name'])}{doubt}", devices, max(count, len(devices))))
    shown = {number for number, _row in rows}
    lists.left_out += sum(own_changes(row)[side] for number, row in enumerate(document["upgrades"], 1) if number not in shown)
    return folded(f"{of(total, 'device')} {words}", lines) if total else []


def _planned(row: Row) -> str:
    return f"{row['firmware_name']} to {row['firmware_to']} on {str(row['start_date'])[:10]}"


def rejected(document: Document, rows: list[tuple[int, Row]], lists: Lists, clipper: Clipper) -> list[str]:
    """Devices that the service refuses, by its reasons."""
    total = document["counts"]["rejected"]
    lines = []
    for number, row in rows:
        reasons: dict[tuple[str | None, str, str], list[str]] = {}
        for item in row["rejected"]:
            key = (item["reason"] or item["status"] or "no reason given", item["status"] or "", _WHEN.get(item["operation"] or "", ""))
            reasons.setdefault(key, []).append(item["device_id"] or "")
        for (reason, _status, when), devices in reasons.items():
            lines.append(lists.devices(f"{number} {clipper.code(row['name'])}, {when}: {clipper.code(reason, 200)}", devices, len(devices)))
        untold = row["rejected_count"] - len(row["rejected"])
        lines += [lists.devices(f"{number} {clipper.code(row['name'])}", [], untold)] if untold > 0 else []
    shown = {number for number, _row in rows}
    lists.left_out += sum(row["rejected_count"] for number, row in enumerate(document["upgrades"], 1) if number not in shown)
    return folded(f"{of(total, 'device')} rejected: declared here, and refused by the service", lines) if total else []


def folded(summary: str, lines: t.Sequence[str]) -> list[str]:
    """A list that opens with a click. Nothing foreign stands in ``summary``."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]
