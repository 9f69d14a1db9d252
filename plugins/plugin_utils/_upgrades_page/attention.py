# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs attention, the worst first. Pure."""

from __future__ import annotations

import datetime
import typing as t

from .html import of, percent
from .model import Account, Wave

Level = t.Literal["bad", "warn", "note"]
LEVELS: tuple[Level, ...] = ("bad", "warn", "note")
# Days for which an upgrade may run if the service tells no end, and in which one that will start is worth a line.
_LONG = 14
_SOON = 3


class Item(t.NamedTuple):
    """A line about a wave: what is wrong, and what it means. ``weight`` orders lines of one level."""

    level: Level
    wave: Wave
    what: str
    means: str
    weight: int


def items(account: Account, today: datetime.date) -> list[Item]:
    """All lines, the worst first."""
    found = [item for wave in account.waves for rule in _RULES for item in rule(wave, today)]
    return sorted(found, key=lambda item: (LEVELS.index(item.level), -item.weight, -item.wave.number))


def _whole(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """An upgrade that failed as a whole, as long as no later one has its devices."""
    left = wave.current["failed"] + wave.current["refused"]
    if wave.phase == "failed" and (left or (not wave.listed and wave.start and (today - wave.start).days <= _LONG)):
        yield Item("bad", wave, f"failed as a whole ({wave.status})", f"{of(left, 'device')} of it {_are(left)} in no later upgrade.", left)


def _failed(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """Devices that failed."""
    left = wave.current["failed"]
    if wave.phase != "failed" and left:
        means = f"{percent(left, wave.members)} of its {of(wave.members, 'device')}, and in no later upgrade."
        yield Item("bad", wave, f"{of(left, 'device')} failed", means, left)


def _late(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """An upgrade that should be further."""
    members = of(wave.members, "device")
    if wave.start and wave.phase in ("checking", "queued") and wave.start < today:
        late = of((today - wave.start).days, "day")
        yield Item("bad", wave, f"has not started, {late} after its start date", f"{members} wait. The service still says {wave.status}.", wave.members)
    elif wave.start and wave.phase == "checking" and wave.start == today:
        yield Item("warn", wave, "starts today, and is still being checked", f"{members} wait.", wave.members)
    elif wave.phase == "running" and wave.end and wave.end < today:
        left = wave.counts["running"]
        yield Item("warn", wave, f"still runs, {of((today - wave.end).days, 'day')} after its end date", f"{of(left, 'device')} without an outcome.", left)
    elif wave.phase == "running" and not wave.end and wave.start and (today - wave.start).days > _LONG:
        left = wave.counts["running"]
        yield Item("warn", wave, f"has been running for {of((today - wave.start).days, 'day')}", f"{of(left, 'device')} without an outcome.", left)


def _refused(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """Devices that will not be upgraded though somebody wanted it."""
    left = wave.current["refused"]
    if left and wave.phase != "failed":
        means = f"{'They are' if left > 1 else 'It is'} listed, not upgraded, and in no later upgrade."
        yield Item("warn", wave, f"{of(left, 'device')} refused", means, left)


def _silent(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """Devices whose outcome nobody told."""
    left = wave.current["silent"]
    if left:
        yield Item("warn", wave, f"ended, and {of(left, 'device')} tell{'s' if left == 1 else ''} no outcome", "Compare their firmware to know.", left)


def _unknown(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """Words that this page does not know."""
    if wave.phase == "other":
        yield Item("warn", wave, f"has the status {wave.status or '(none)'}", "This page does not know what that means.", wave.listed)
    elif wave.current["other"]:
        left = wave.current["other"]
        yield Item("warn", wave, f"{of(left, 'device')} with another status", "This page does not know what it means.", left)


def _empty(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """An upgrade that will flash nothing."""
    if wave.is_live and not wave.members:
        yield Item("warn", wave, "holds no device", "Nothing will be upgraded by it.", 0)


def _soon(wave: Wave, today: datetime.date) -> t.Iterator[Item]:
    """An upgrade that will start: the last days to change it."""
    days = (wave.start - today).days if wave.start else -1
    if wave.phase in ("checking", "queued") and 0 <= days <= _SOON and wave.members:
        when = ("starts today", "starts tomorrow")[days] if days < 2 else f"starts in {days} days"
        yield Item("note", wave, f"{when} with {of(wave.members, 'device')}", "Its devices can be changed until then.", -days)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


_RULES: tuple[t.Callable[[Wave, datetime.date], t.Iterator[Item]], ...] = (_whole, _failed, _late, _refused, _silent, _unknown, _empty, _soon)
