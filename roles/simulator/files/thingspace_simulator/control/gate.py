# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where requests are held, so that a test can do something while they are under way."""

from __future__ import annotations

import threading


class Gate:
    """Where requests wait that are held, until it is opened once and for all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._came = 0
        self._open = False

    def wait(self) -> None:
        """For a request: wait until the gate is open."""
        with self._changed:
            self._came += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open)

    def reached(self, count: int, timeout: float) -> None:
        """For a test: wait until so many requests have come here. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._came >= count, timeout):
                raise TimeoutError(f"{self._came} of {count} requests came within {timeout:g} s")

    def open(self) -> None:
        """Let all pass, those that come later too."""
        with self._changed:
            self._open = True
            self._changed.notify_all()
