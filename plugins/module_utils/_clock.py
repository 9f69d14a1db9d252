# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clock and backoff: how long to wait before the next try, and when to stop trying."""

from __future__ import annotations

import datetime
import random
import time
import typing as t

from . import _stop

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0


def today() -> datetime.date:
    """The day at the service, which knows no other time zone."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def growing(tries: int, first: float, longest: float, chance: float) -> float:
    """The pause after so many tries: twice as long after each, and no longer than the longest.

    Half of it is fixed, half random: many jobs that failed together must not come back together.

    Args:
        chance: from 0 to 1.
    """
    return min(longest, first * 2.0 ** min(tries, 60)) / 2 * (1 + chance)


class Backoff:
    """One bounded series of tries: exponential pauses with jitter, or the pause that the service asked for.

    The time starts with the first call of :meth:`wait`, that is with the first failure.
    """

    def __init__(
        self,
        timeout: float,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = _stop.pause,
        jitter: t.Callable[[], float] = random.random,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._deadline: float | None = None
        self._tries = 0

    @property
    def over(self) -> bool:
        """Whether a try that started now would start too late."""
        return self._deadline is not None and self._clock() > self._deadline

    def wait(self, retry_after: float | None = None) -> bool:
        """Pause before the next try, which ends the pause early if the task is to stop. False, without a pause, if that try would start too late.

        Args:
            retry_after: seconds that the service asked for (header ``Retry-After``); a floor for the pause.
        """
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + self._timeout
        pause = max(retry_after or 0.0, growing(self._tries, FIRST_PAUSE, LONGEST_PAUSE, self._jitter()))
        if now + pause > self._deadline:
            return False
        self._tries += 1
        self._sleep(pause)
        return True
