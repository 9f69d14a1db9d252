# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No try starts later than the time allows, and pauses are those that were asked for."""

from __future__ import annotations

from ansible_collections.thingspace.fota.plugins.module_utils._clock import LONGEST_PAUSE, Backoff
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(0, 300), st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 100))), st.floats(0, 0.999))
def test_no_try_starts_too_late_nor_earlier_than_asked(timeout: float, failures: list[tuple[float, float | None]], luck: float) -> None:
    now = 1000.0
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        pauses.append(seconds)
        now += seconds

    backoff = Backoff(timeout, clock=lambda: now, sleep=sleep, jitter=lambda: luck)
    first: float | None = None
    for took, asked in failures:
        now += took
        first = now if first is None else first
        if not backoff.wait(asked):
            break
        assert now <= first + timeout + 1e-6
        assert asked is None or pauses[-1] >= asked
        assert pauses[-1] <= max(asked or 0.0, LONGEST_PAUSE)


def test_pauses_grow() -> None:
    pauses: list[float] = []
    backoff = Backoff(1000, clock=lambda: 0.0, sleep=pauses.append, jitter=lambda: 1.0)
    while len(pauses) < 8:
        assert backoff.wait()
    assert pauses == [0.5, 1, 2, 4, 8, 15, 15, 15]
    assert not Backoff(0).wait()
