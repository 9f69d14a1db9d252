# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands below: the waves on a time line, failures to look at, all upgrades. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.thingspace.fota.plugins.plugin_utils._page_html import Markup, element, joined, of, percent, pill, shown, told, word_of
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_model import TROUBLES, Account, Group, Wave
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_timeline import Line
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_top import KIND_OF_PHASE, linked, named, reason_of, shares, table, version_of

# How many there are of each, at most. What is left out is counted.
_WAVES = 30
_GROUPS = 60
_LISTS = 15
# A group that is not longer is open from the start.
_OPEN = 12


def waves(account: Account, today: datetime.date) -> Markup:
    """The waves on a time line."""
    line = Line(account.waves, today, _WAVES)
    rows = [element("li", element("div", class_="who"), element("div", line.axis()), class_="axis")]
    for wave in line.waves:
        state = pill(KIND_OF_PHASE[wave.phase], shown(wave.status, 40) or "(none)")
        facts = f"{of(wave.listed, 'device')}, {percent(wave.counts['done'], wave.members)} done"
        who = element("div", element("strong", wave.start_text[:10]), " ", state, element("p", linked(wave, version_of(wave)), f": {facts}"), class_="who")
        rows.append(element("li", who, element("div", line.drawn(wave))))
    missing = f" {of(line.left_out, 'upgrade')} of the table below {'is' if line.left_out == 1 else 'are'} not drawn." if line.left_out else ""
    hint = "The larger an upgrade, the thicker its bar. Where the service tells no end, a bar is a week long, or reaches today while it runs."
    drawn = element("ol", *rows, class_="waves") if line.waves else None
    return element("section", element("h2", "Waves"), drawn, element("p", hint + missing, class_="hint"), id="waves")


def failures(account: Account, limit: int) -> Markup:
    """Devices that nobody has upgraded, by why. Long lists are folded, and cut with a number."""
    groups = [group for group in account.groups if group.kind in TROUBLES]
    shown_groups, left = groups[:_GROUPS], groups[_GROUPS:]
    most = _fair([len(devices) for group in shown_groups for devices in list(group.devices.values())[:_LISTS]], limit)
    body = [_group(group, most) for group in shown_groups]
    if left:
        count = sum(group.count for group in left)
        body.append(element("p", f"And {of(count, 'device')} with {len(left):,} more kinds of status and reason, not listed here."))
    followed = f"{of(account.followed, 'earlier failure')} {'is' if account.followed == 1 else 'are'} not counted: a later upgrade has the device."
    intro = "" if groups else "No device failed, was refused, or has an unknown outcome. "
    text = element("p", intro, followed if account.followed else None, class_="hint") if intro or account.followed else None
    return element("section", element("h2", "Failures to look at"), text, *body, id="failures")


def _group(group: Group, most: int) -> Markup:
    lists = list(group.devices.items())
    parts = [_devices(wave, devices, most) for wave, devices in lists[:_LISTS]]
    rest = lists[_LISTS:]
    if rest:
        count = sum(len(devices) for dummy, devices in rest)
        parts.append(element("p", f"And {of(count, 'device')} of {of(len(rest), 'earlier upgrade')}, not listed here."))
    summary = element("summary", pill(group.kind, word_of(group.kind)), element("strong", of(group.count, "device")), " ", reason_of(group))
    return element("details", summary, element("div", *parts, class_="inner"), open=group.count <= _OPEN)


def _devices(wave: Wave, devices: t.Sequence[str], most: int) -> Markup:
    listed = " ".join(shown(device, 40) for device in devices[:most])
    rest = len(devices) - most
    more = element("p", f"And {of(rest, 'device')} more, not listed here. upgrade_info lists all of the upgrade {shown(wave.upgrade_id, 60)}.", class_="hint")
    title = element("h3", named(wave), f": {of(len(devices), 'device')}")
    return joined([title, element("p", listed, class_="ids") if listed else None, more if rest > 0 else None])


def _fair(lengths: t.Sequence[int], limit: int) -> int:
    """The most entries of each list with which all of them together stay within a limit."""
    fits, fits_not = 0, max(lengths, default=0) + 1
    while fits_not - fits > 1:
        middle = (fits + fits_not) // 2
        if sum(min(length, middle) for length in lengths) <= limit:
            fits = middle
        else:
            fits_not = middle
    return fits


def upgrades(account: Account) -> Markup:
    """All upgrades, the latest first."""
    rows = [_row(wave) for wave in reversed(account.waves) if wave.is_listed]
    left = [wave for wave in account.waves if not wave.is_listed]
    more = element("p", f"And {of(len(left), 'older upgrade')} with {of(sum(wave.listed for wave in left), 'device')}, not listed here.") if left else None
    head = {"": "n", "starts": "", "ends": "", "status": "", "firmware": "", "devices": "n", " ": "", "of these": ""}
    listed = table(head, rows, "All upgrades")
    return element("section", element("h2", "All upgrades"), listed, more, id="upgrades")


def _row(wave: Wave) -> Markup:
    firmware = [shown(wave.firmware_to, 60), element("p", shown(wave.firmware_name)), element("p", element("code", shown(wave.upgrade_id, 60)))]
    return element(
        "tr",
        element("th", f"{wave.number}", scope="row", class_="n"),
        element("td", shown(wave.start_text[:10], 20), class_="day"),
        element("td", shown(wave.end_text[:10], 20) or "-", class_="day"),
        element("td", pill(KIND_OF_PHASE[wave.phase], shown(wave.status, 40) or "(none)")),
        element("td", *firmware, class_="firmware"),
        element("td", f"{wave.listed:,}", class_="n"),
        element("td", shares(wave.counts), class_="bar"),
        element("td", told(wave.counts), class_="told"),
        id=f"u{wave.number}",
    )
