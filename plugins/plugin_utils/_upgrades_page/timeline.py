# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time line of the waves, in SVG. Pure.

Places are shares of the width, sizes are pixels: so it fits into every window and its text keeps its size. Colours are those of the page.
"""

from __future__ import annotations

import datetime
import math
import typing as t

from .html import Markup, element, joined, of, told
from .model import KINDS, Wave

_DAY = datetime.timedelta(days=1)
# Days before and after today that are drawn. The service forgets after six months.
_REACH = 200
# Days of a bar whose end the service does not tell.
_WEEK = 7
_HEIGHT = 36
_THICK, _THIN = 24, 7
_MOST_TICKS = 6
_STEPS = (1, 2, 7, 14)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Line:
    """A time line over the waves that have a start date near today."""

    def __init__(self, waves: t.Sequence[Wave], today: datetime.date, most: int) -> None:
        self._today = today
        near = [wave for wave in waves if wave.start and abs((wave.start - today).days) <= _REACH]
        # What is yet to end first, then the latest.
        chosen = sorted(near, key=lambda wave: (wave.is_live, wave.start, wave.number))[-most:]
        self.waves = sorted(chosen, key=lambda wave: wave.number)
        self.left_out = len(waves) - len(self.waves)
        spans = [self._span(wave) for wave in self.waves] or [(today, today)]
        first = min([today, *(start for start, end in spans)])
        last = max([today, *(end for start, end in spans)])
        margin = max(1, (last - first).days // 30) * _DAY
        self._first, self._last = first - margin, last + margin
        self._largest = max((wave.listed for wave in self.waves), default=0)

    def axis(self) -> Markup:
        """The days along the top, and where today is."""
        ticks = [(self._x(day), _label(day)) for day in self._ticks()]
        now = self._x(self._today)
        texts = [element("text", label, x=f"{x:.2f}%", y=26, dx=3) for x, label in ticks if x < 93]
        anchor = "end" if now > 90 else "start"
        texts.append(element("text", "today", x=f"{now:.2f}%", y=11, dx=-3 if now > 90 else 3, class_="now", text_anchor=anchor))
        return element("svg", joined(self._grid()), joined(texts), width="100%", height=32, aria_hidden="true")

    def drawn(self, wave: Wave) -> Markup:
        """One wave: as long as it takes, as thick as it is large, in the colours of its devices."""
        start, end = self._span(wave)
        x = self._x(start)
        width = max(self._x(end) - x, 0.8)
        thick = _THIN + (_THICK - _THIN) * math.sqrt(wave.listed / self._largest) if self._largest else _THIN
        parts = [element("rect", x=f"{x:.2f}%", width=f"{width:.2f}%", height=f"{thick:.1f}", class_="bed"), *segments(wave.counts, x, width, thick)]
        # The row is as high as its text: the bar stays in its middle, and the lines of the days go through.
        middle = element("svg", element("g", *parts, transform=f"translate(0 {-thick / 2:.1f})"), y="50%", width="100%")
        words = f"{wave.start_text[:10]} to {wave.end_text[:10] or 'an unknown end'}, {of(wave.listed, 'device')}: {told(wave.counts)}"
        return element("svg", joined(self._grid()), middle, class_="lane", width="100%", height=_HEIGHT, role="img", aria_label=words)

    def _span(self, wave: Wave) -> tuple[datetime.date, datetime.date]:
        """First day, and the day after the last."""
        start = wave.start or self._today
        end = wave.end or (self._today if wave.phase == "running" else start + (_WEEK - 1) * _DAY)
        return start, min(max(start, end), self._today + _REACH * _DAY) + _DAY

    def _x(self, day: datetime.date) -> float:
        return 100 * (day - self._first).days / (self._last - self._first).days

    def _grid(self) -> list[Markup]:
        days = [(self._x(day), "tick") for day in self._ticks()] + [(self._x(self._today), "now")]
        return [element("line", x1=f"{x:.2f}%", x2=f"{x:.2f}%", y2="100%", class_=name) for x, name in days]

    def _ticks(self) -> list[datetime.date]:
        """Days, Mondays or first days of months: a few, whatever the span."""
        days = [self._first + number * _DAY for number in range((self._last - self._first).days + 1)]
        for step in _STEPS:
            found = [day for day in days if (day.weekday() == 0 and day.isocalendar()[1] % (step // 7) == 0 if step >= 7 else day.toordinal() % step == 0)]
            if len(found) <= _MOST_TICKS:
                return found
        months = [day for day in days if day.day == 1]
        return months[:: math.ceil(len(months) / _MOST_TICKS) or 1]


def segments(counts: t.Mapping[str, int], x: float, width: float, height: float) -> list[Markup]:
    """Parts of a bar, one for each kind of device. Few devices are drawn too."""
    total = sum(counts.values())
    found, least = [], min(max(0.4, 0.015 * width), width / len(KINDS))
    shares = {kind: max(least, width * counts[kind] / total) for kind in KINDS if counts[kind]} if total else {}
    shrink = width / sum(shares.values()) if shares else 1
    for kind, share in shares.items():
        found.append(element("rect", x=f"{x:.2f}%", width=f"{share * shrink:.2f}%", height=f"{height:.1f}", class_=f"fill {kind}"))
        x += share * shrink
    return found


def _label(day: datetime.date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
