# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an account's upgrades: one file of HTML that needs nothing else, runs nothing and loads nothing. Pure."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import typing as t

from . import sections
from .html import Markup, element, joined, shown
from .model import Account
from .style import CSS

# The one style sheet, known by its hash, and nothing else: no script, no picture, no font, no request.
_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_HOW = (
    "Every device counts once: in its latest upgrade, or in the one that waits or runs with it. In the table of all upgrades and by their status it counts in "
    "each of its upgrades.",
    "Done, failed and refused are what the service says of a device. Where it says no more than that a device was accepted, the device waits, runs, or has no "
    "outcome, as its upgrade does.",
    "Shares of a wave are of its devices without the refused ones. The service forgets upgrades six months after their end. Days are UTC.",
)


@dataclasses.dataclass(frozen=True)
class About:
    """What the page tells about itself. Empty is not known."""

    account: str
    generated: datetime.datetime
    title: str = ""
    job: str = ""
    commit: str = ""
    version: str = ""
    statuses: t.Sequence[str] = ()
    compared: bool = False


def page(about: About, account: Account, limit: int) -> str:
    """The page of the upgrades.

    Args:
        limit: devices that the lists of failures name together.
    """
    today = about.generated.date()
    if not account.waves:
        which = f" with the status {' or '.join(about.statuses)}" if about.statuses else ""
        return _whole(about, element("section", element("p", f"The account {_name(about)} has no upgrade{which}."), class_="verdict"), Markup(""))
    parts = [
        sections.attention(account, today),
        sections.tiles(account),
        sections.progress(account),
        sections.waves(account, today),
        sections.failures(account, limit),
        sections.upgrades(account),
    ]
    return _whole(about, joined(parts), _footer(about))


def failed(about: About, why: str) -> str:
    """The page of a run that could not read the upgrades: nobody shall take yesterday's page for today's."""
    title = element("h2", "This report could not be made")
    told = element("p", shown(why, 2000) or "The output of the run says why.")
    return _whole(about, element("section", title, told, class_="verdict bad"), Markup(""))


def _name(about: About) -> str:
    return shown(about.account, 60) or "(unknown)"


def _whole(about: About, body: Markup, footer: Markup) -> str:
    title = shown(about.title, 120) or "Firmware upgrades"
    moment = about.generated
    when = element("time", f"{moment:%Y-%m-%d %H:%M} UTC", datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    facts = [element("span", "Generated ", when)]
    facts += [element("span", text) for text in (shown(about.job), f"commit {shown(about.commit, 60)}" if about.commit else "") if text]
    facts += [element("span", "thingspace.fota ", shown(about.version, 40))]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("meta", name_="referrer", content="no-referrer"),
        element("meta", name_="robots", content="noindex"),
        element("title", f"{title}, {_name(about)}"),
        element("style", Markup(CSS)),
    )
    top = element("header", element("p", f"Account {_name(about)}", class_="over"), element("h1", title), element("p", joined(facts), class_="meta"))
    return f"<!doctype html>\n{element('html', head, element('body', top, element('main', body), footer), lang='en')}\n"


def _footer(about: About) -> Markup:
    notes = list(_HOW)
    if about.statuses:
        notes.append(f"Only upgrades with the status {' or '.join(shown(status, 40) for status in about.statuses)} were read.")
    if about.compared:
        notes.append("A device of an upgrade that has started counts as done, too, if the account lists it with the firmware of that upgrade.")
    return element("footer", element("h2", "How to read this"), element("ul", *(element("li", note) for note in notes)))
