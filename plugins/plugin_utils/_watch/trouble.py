# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When rules hear of something that fails look after look. Pure."""

from __future__ import annotations

# It is told after this many failures in a row, or if it has lasted or will last for so many seconds.
TELL_AFTER = 3
TELL_WITHIN = 900
# And again as long as it lasts: whoever was told may have been away.
TELL_AGAIN = 3600


class Trouble:
    """A series of failures.

    Args:
        now: when it began, in seconds.
    """

    def __init__(self, now: float) -> None:
        self.failures = 0
        # When the next try makes sense.
        self.next = now
        self._since = now
        self._told: float | None = None

    @property
    def was_told(self) -> bool:
        """Whether rules have heard of it."""
        return self._told is not None

    def failed(self, now: float, pause: float) -> bool:
        """Count one more failure. Whether rules are to hear of it now.

        Args:
            pause: seconds until the next try.
        """
        self.failures += 1
        self.next = now + pause
        if self._told is not None:
            due = now - self._told >= TELL_AGAIN
        else:
            due = self.failures >= TELL_AFTER or now - self._since >= TELL_WITHIN or pause > TELL_WITHIN
        self._told = now if due else self._told
        return due
