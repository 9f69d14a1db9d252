# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much work something is, counted: the clock of a busy machine says nothing."""

from __future__ import annotations

import cProfile
import sys
import tracemalloc
import typing as t


class TooMuchWork(Exception):
    """The count has passed the limit: an end in minutes would be no end for a test."""


def calls_of(work: t.Callable[[], object]) -> int:
    """How many functions, those in C too, are called in this thread."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def lines_of(work: t.Callable[[], object], most: float = float("inf")) -> int:
    """How many lines of Python are run in this thread. Raises TooMuchWork."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> t.Any:
        nonlocal count
        count += event == "line"
        if count > most:
            raise TooMuchWork(f"more than {most:,.0f} lines")
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def memory_of(work: t.Callable[[], object]) -> int:
    """The most bytes that it needs at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
