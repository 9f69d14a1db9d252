# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the processor time of a module's run goes, once it is imported: a look at the stack every millisecond."""

from __future__ import annotations

import collections
import importlib
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path

from stage import ROOT

# Of a stack the innermost function that is named here says what the time was spent for: file, function, place.
PLACES = {
    ("transport.py", "once"): "HTTP (requests, urllib3, http.client)",
    ("decoder.py", "decode"): "JSON of answers",
    ("json_value.py", "_nested_at"): "whether an answer is nested too deep",
    ("upgrades.py", "upgrade_of"): "devices and their status in answers",
    ("device_list.py", "standings"): "devices and their status in answers",
    ("rollout.py", "declared_upgrades"): "reading and checking the declared devices",
    ("task.py", "outcome"): "result",
    ("task.py", "_judge"): "result",
    ("basic.py", "exit_json"): "result",
    ("task.py", "run"): "plan, rails, comparison of what is with what should be",
}


def by_place(module: str, seed: Callable[[], Mapping[str, object]], rounds: int) -> list[tuple[str, float]]:
    """Seconds of processor time of one run, place by place. Threads are not seen: let the options say ``concurrency: 1``.

    Args:
        seed: makes the world before each run, and the options for it.
    """
    sys.path[:0] = [str(ROOT / "tests" / "unit"), os.environ["ANSIBLE_COLLECTIONS_PATH"]]
    run_module = importlib.import_module("support.run_module").run_module
    run_module(module, seed())
    found: collections.Counter[str] = collections.Counter()

    def look(dummy: int, frame: types.FrameType | None) -> None:
        while frame is not None:
            place = PLACES.get((Path(frame.f_code.co_filename).name, frame.f_code.co_name))
            if place:
                found[place] += 1
                return
            frame = frame.f_back
        found["start and end of the module"] += 1

    signal.signal(signal.SIGPROF, look)
    taken = 0.0
    for dummy in range(rounds):
        options = seed()
        before = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        run_module(module, options)
        signal.setitimer(signal.ITIMER_PROF, 0)
        taken += time.process_time() - before
    return [(place, taken / rounds * looks / found.total()) for place, looks in found.most_common()]
