# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's clock: real time plus what tests added to it."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone


class Clock:
    """Seconds since 1970, as ``time.time()``, but it can be moved forward."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once: tokens expire, upgrades start."""
        self._offset += seconds

    def set(self, moment: str) -> None:
        """Make it ``moment`` (``2026-11-20T08:00:00Z`` or a date) now."""
        self._offset = read_moment(moment) - time.time()

    def today(self) -> date:
        return datetime.fromtimestamp(self.now(), timezone.utc).date()

    def iso(self, moment: float | None = None) -> str:
        """The documents' form of a moment: ``2018-03-03T16:03:33.000Z``."""
        stamp = datetime.fromtimestamp(self.now() if moment is None else moment, timezone.utc)
        return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


def read_moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or moment (UTC); ``ValueError`` otherwise."""
    if not isinstance(text, str):
        raise ValueError("a moment must be a string, such as 2026-11-20T08:00:00Z")
    stamp = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)).timestamp()


def midnight(day: str) -> float:
    """Seconds since 1970 at which ``day`` (YYYY-MM-DD) begins in UTC."""
    return read_moment(f"{day[:10]}T00:00:00Z")


def day_after(start: date, days: int) -> str:
    return (start + timedelta(days=days)).isoformat()
