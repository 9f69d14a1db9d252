# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands at the top of the page: what needs attention, totals, and how far the devices are. Pure."""

from __future__ import annotations

import collections
import datetime
import typing as t

from ansible_collections.thingspace.fota.plugins.plugin_utils._page_attention import Item, items
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_html import Markup, element, joined, of, percent, pill, shown, told, word_of
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_model import KINDS, Account, Group, Phase, Wave
from ansible_collections.thingspace.fota.plugins.plugin_utils._page_timeline import segments

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
