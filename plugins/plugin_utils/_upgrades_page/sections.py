# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the page, from the top: attention, totals, progress, waves, failures, all upgrades. Pure."""

from __future__ import annotations

import collections
import datetime
import typing as t

from .attention import Item, items
from .html import Markup, element, joined, of, percent, pill, shown, told, word_of
from .model import KINDS, TROUBLES, Account, Group, Phase, Wave
from .timeline import Line, segments

KIND_OF_PHASE: dict[Phase, str] = {"checking": "waiting", "queued": "waiting", "running": "running", "ended": "done", "failed": "failed", "other": "other"}
# Lines that are shown at once, and with those that are folded.
_FIRST_ITEMS = 10
_MOST_ITEMS = 100
_MOST_ROWS = 20
_BAR = 12


def attention(account: Account, today: datetime.date) -> Markup:
    """What has to be looked at, first of all."""
    found = items(account, today)
    urgent = sum(item.level != "note" for item in found)
    level = found[0].level if found else ""
    title = f"{urgent:,} thing{'s need' if urgent > 1 else ' needs'} attention" if urgent else "Nothing needs attention"
    listed = _items(found[:_FIRST_ITEMS]) if found else element("p", "No upgrade failed, is late, or starts soon.")
    folded, rest = found[_FIRST_ITEMS:_MOST_ITEMS], found[_MOST_ITEMS:]
    more = element("p", f"And {of(len(rest), 'line')} more, not listed here. The table of all upgrades has their numbers.", class_="hint") if rest else None
    details = element("details", element("summary", of(len(folded), "more line")), _items(folded)) if folded else None
    return element("section", element("h2", title), listed, details, more, class_=f"verdict {level}".strip(), id="attention")


def _items(found: t.Iterable[Item]) -> Markup:
    return element("ol", *map(_item, found), class_="items")


def _item(item: Item) -> Markup:
    return element("li", named(item.wave), " ", element("strong", shown(item.what)), element("p", item.means), class_=item.level)


def named(wave: Wave) -> Markup:
    """What an upgrade is called: the service gives it no name."""
    return linked(wave, f"{version_of(wave)} of {shown(wave.start_text[:10]) or 'no date'}")


def linked(wave: Wave, text: str) -> Markup:
    """A link to an upgrade in the table of all upgrades, if it is there."""
    return element("a", text, href=f"#u{wave.number}") if wave.is_listed else element("span", text)


def version_of(wave: Wave) -> str:
    """The version that an upgrade installs."""
    return shown(wave.firmware_to, 60) or "unknown version"


def tiles(account: Account) -> Markup:
    """The totals. Every device counts once."""
    phases = collections.Counter(wave.phase for wave in account.waves)
    waiting = phases["checking"] + phases["queued"]
    parts = [f"{waiting:,} waiting" if waiting else "", f"{phases['running']:,} running" if phases["running"] else ""]
    ended = phases["ended"] + phases["failed"]
    parts += [f"{ended:,} ended" if ended else "", f"{phases['other']:,} other" if phases["other"] else ""]
    total = sum(account.fleet.values())
    cells = [_tile("", "upgrades", len(account.waves), ", ".join(filter(None, parts))), _tile("", "devices", total, "each counted once")]
    for kind in KINDS:
        if account.fleet[kind] or kind in ("done", "running", "waiting", "failed"):
            # A number without a trouble needs no colour.
            cells.append(_tile(kind if account.fleet[kind] else "", word_of(kind), account.fleet[kind], percent(account.fleet[kind], total)))
    return element("dl", *cells, class_="tiles")


def _tile(kind: str, word: str, count: int, more: str) -> Markup:
    return element("div", element("dt", word), element("dd", f"{count:,}", element("small", more)), class_=kind or None)


def progress(account: Account) -> Markup:
    """How far the devices are: all of them, by the status of their upgrades, by their own status and reason."""
    return element(
        "section",
        element("h2", "Progress"),
        shares(account.fleet, 20),
        legend(account.fleet),
        element("h3", "By status of the upgrades"),
        _by_status(account),
        element("h3", "By status and reason of the devices"),
        _by_reason(account),
        id="progress",
    )


def shares(counts: t.Mapping[str, int], height: int = _BAR) -> Markup:
    """Shares as a bar."""
    parts = segments(counts, 0, 100, height)
    bed = element("rect", width="100%", height=height, class_="bed")
    return element("svg", bed, joined(parts), width="100%", height=height, role="img", aria_label=told(counts))


def legend(counts: t.Mapping[str, int]) -> Markup:
    """What the colours mean, with numbers."""
    total = sum(counts.values())
    entries = []
    for kind in KINDS:
        if counts[kind]:
            swatch = element("svg", element("rect", width=11, height=11, class_=f"fill {kind}"), width=11, height=11, aria_hidden="true")
            entries.append(element("li", swatch, f"{word_of(kind)} ", element("strong", f"{counts[kind]:,}"), f" ({percent(counts[kind], total)})"))
    return element("ul", *entries, class_="legend")


def table(head: t.Mapping[str, str], rows: t.Iterable[Markup], name: str) -> Markup:
    """A table that a narrow window can push sideways. ``head`` are titles and their classes: ``n`` a number, ``wide`` left out of narrow windows."""
    cells = [element("th", title, scope="col", class_=word or None) for title, word in head.items()]
    body = element("table", element("thead", element("tr", *cells)), element("tbody", *rows))
    return element("div", body, class_="scroll", role="region", tabindex=0, aria_label=name)


def _by_status(account: Account) -> Markup:
    statuses: dict[str, list[Wave]] = {}
    for wave in account.waves:
        statuses.setdefault(wave.status, []).append(wave)
    rows = []
    ordered = sorted(statuses.items(), key=lambda pair: (list(KIND_OF_PHASE).index(pair[1][0].phase), -len(pair[1])))
    for status, waves in ordered[:_MOST_ROWS]:
        counts = {kind: sum(wave.counts[kind] for wave in waves) for kind in KINDS}
        label = pill(KIND_OF_PHASE[waves[0].phase], shown(status, 60) or "(none)")
        rows.append(element("tr", element("th", label, scope="row"), _number(len(waves)), _number(sum(counts.values())), _bar_cell(counts), _words(counts)))
    left = ordered[_MOST_ROWS:]
    if left:
        rows.append(_rest(f"And more statuses, {len(left):,}, of {of(sum(len(waves) for dummy, waves in left), 'upgrade')}.", 5))
    return table({"status": "", "upgrades": "n", "devices": "n", " ": "wide", "of these": ""}, rows, "Upgrades by status")


def _by_reason(account: Account) -> Markup:
    groups = sorted(account.groups, key=lambda group: -group.count)
    total = sum(account.fleet.values())
    rows = []
    for group in groups[:_MOST_ROWS]:
        label = element("th", reason_of(group), scope="row")
        counts = {**dict.fromkeys(KINDS, 0), group.kind: group.count}
        share = segments(counts, 0, max(0.6, 100 * group.count / total), _BAR)
        drawn = element("svg", element("rect", width="100%", height=_BAR, class_="bed"), joined(share), width="100%", height=_BAR, aria_hidden="true")
        cells = [element("td", pill(group.kind, word_of(group.kind))), _number(group.count), element("td", drawn, class_="bar wide")]
        rows.append(element("tr", label, *cells, element("td", percent(group.count, total), class_="n wide")))
    left = groups[_MOST_ROWS:]
    if left:
        rows.append(_rest(f"And {len(left):,} more kinds of status and reason, with {of(sum(group.count for group in left), 'device')}.", 5))
    return table({"status and reason": "", "means": "", "devices": "n", " ": "wide", "share": "n wide"}, rows, "Devices by status and reason")


def reason_of(group: Group) -> Markup:
    """Status and reason as the service spells them."""
    whole = f"{shown(group.whole, 60)} as a whole, before that: " if group.whole else ""
    return joined([whole, shown(group.status, 60) or "(no status)", element("span", shown(group.reason, 200), class_="why") if group.reason else None])


def _number(count: int) -> Markup:
    return element("td", f"{count:,}", class_="n")


def _bar_cell(counts: t.Mapping[str, int]) -> Markup:
    return element("td", shares(counts), class_="bar wide")


def _words(counts: t.Mapping[str, int]) -> Markup:
    return element("td", told(counts), class_="told")


def _rest(text: str, columns: int) -> Markup:
    return element("tr", element("td", text, colspan=columns))


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
