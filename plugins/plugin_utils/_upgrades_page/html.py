# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML out of elements. Whatever is no element is text, and has no power. Pure."""

from __future__ import annotations

import html
import typing as t

from .._plan_report.escape import Clipper

# Elements without an end, of HTML and of SVG, where the slash counts.
_VOID = {"meta": ">", "rect": "/>", "line": "/>"}
_LONGEST = 1_000_000
_WORDS = {"done": "done", "running": "running", "waiting": "waiting", "failed": "failed", "refused": "refused", "silent": "no outcome told"}


class Markup(str):
    """HTML. Any other string is escaped where it enters an element, so that forgetting it is impossible."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | int | bool | None) -> Markup:
    """An element. Attributes: ``class_`` is class, ``aria_label`` is aria-label, None and False are left out."""
    given = "".join(f" {key.rstrip('_').replace('_', '-')}{_value(value)}" for key, value in attributes.items() if value is not None and value is not False)
    return Markup(f"<{name}{given}{_VOID[name]}" if name in _VOID else f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: t.Iterable[str | None]) -> Markup:
    """Elements and texts, one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child) for child in children if child))


def shown(text: str, most: int = 160) -> str:
    """One line of visible characters. A longer one says how much of it is missing."""
    line = Clipper().clip(text, _LONGEST)
    return line if len(line) <= most else f"{line[:most]}… and {len(line) - most:,} more characters"


def of(count: int, word: str) -> str:
    """``1 device``, ``2,000 devices``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def percent(part: int, whole: int) -> str:
    """A share that says 0 % and 100 % only where it is."""
    if not whole or not part:
        return "0 %"
    share = 100 * part / whole
    if part == whole:
        return "100 %"
    return "under 1 %" if share < 1 else "over 99 %" if share > 99 else f"{share:.0f} %"


def word_of(kind: str) -> str:
    """The word for a kind of device, beside its colour."""
    return _WORDS.get(kind, "another status")


def told(counts: t.Mapping[str, int]) -> str:
    """``3 done, 1 failed``."""
    return ", ".join(f"{count:,} {word_of(kind)}" for kind, count in counts.items() if count) or "no devices"


def pill(kind: str, text: str) -> Markup:
    """A word with the colour of its kind."""
    return element("span", text, class_=f"pill {kind}{' long' if len(text) > 20 else ''}")


def _value(value: str | int | bool) -> str:
    return "" if value is True else f'="{html.escape(str(value))}"'
