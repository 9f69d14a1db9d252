# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether work is to stop. Asked before each request and in each pause, so that at most the requests under way end."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError

# How long a pause goes on at most after the work was told to stop.
_SLICE = 0.25
_thread = threading.local()


@contextlib.contextmanager
def heeding(reason: t.Callable[[], str | None]) -> t.Iterator[None]:
    """In this thread, heed this and nothing else: an event source lives beside others in one process, and ends without them.

    Args:
        reason: why the work of the thread is to stop, None if it is not.
    """
    _thread.reason = reason
    try:
        yield
    finally:
        del _thread.reason


def _reason() -> str | None:
    own: t.Callable[[], str | None] | None = getattr(_thread, "reason", None)
    return own() if own else None


def check(request: str) -> None:
    """Raise ThingSpaceError ``interrupted`` if this request must not be sent any more."""
    reason = _reason()
    if reason is not None:
        raise ThingSpaceError(f"The task was stopped ({reason}), so {request} was not sent.", "interrupted")


def pause(seconds: float) -> None:
    """Sleep, but no longer than it takes to notice that the work is to stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and _reason() is None:
        time.sleep(min(left, _SLICE))
