# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When rules hear of trouble, by the moments of its failures and the pauses behind them."""

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.trouble import Trouble

# Failures as (minute, minutes until the next try), and the minutes in which it is told.
SERIES: dict[str, tuple[list[tuple[float, float]], list[float]]] = {
    "twice is no news": ([(1, 1), (2, 1)], []),
    "the third failure, and no further one": ([(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], [3]),
    "what takes a quarter of an hour to fail": ([(15, 1)], [15]),
    "what takes a little less": ([(14, 1)], []),
    "what has lasted so long at the second failure": ([(5, 5), (16, 1)], [16]),
    "before a long pause": ([(1, 16), (17, 1)], [1]),
    "before no shorter one": ([(1, 15)], []),
    "again after an hour, and each hour": ([(minute, 10) for minute in range(10, 200, 10)], [20, 80, 140]),
    "where tries are rare, with each": ([(1, 120), (121, 120), (241, 120)], [1, 121, 241]),
}


@pytest.mark.parametrize(("failures", "told"), SERIES.values(), ids=SERIES)
def test_when_it_is_told(failures: list[tuple[float, float]], told: list[float]) -> None:
    trouble = Trouble(0)
    assert [minute for minute, pause in failures if trouble.failed(60 * minute, 60 * pause)] == told
    assert trouble.was_told == bool(told)
    assert trouble.failures == len(failures)
    minute, pause = failures[-1]
    assert trouble.next == 60 * (minute + pause)
