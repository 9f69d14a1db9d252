# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any runs one after the other, under any faults: each ends as declared or says that it did not, and what it tells is true.

Here are few schedules, the same ones each time. ``make chaos`` plays many others, or one that is in a file; see docs/testing.md.
"""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path

import pytest
from thingspace_simulator import Simulator

from chaos.play import Figures, play
from chaos.schedules import DEVICES, Json, schedule
from chaos.shrink import shrink

SHARDS = 2
SEED = os.environ.get("CHAOS_SEED") or "1"
COUNT = int(os.environ.get("CHAOS") or 50)
SCHEDULE = os.environ.get("CHAOS_SCHEDULE")
FOLDER = Path(__file__).resolve().parents[3] / ".build" / "chaos"


def keep(name: str, value: object) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / name
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    return path


def failure_of(sim: Simulator, one: Json, figures: Figures) -> tuple[str, BaseException] | None:
    """Where and how a schedule fails, None if it does not."""
    try:
        play(sim, one, figures)
    except Exception as failure:
        last = traceback.extract_tb(failure.__traceback__)[-1]
        return f"{last.filename}:{last.lineno}", failure
    return None


def tell(sim: Simulator, number: int, place: str) -> str:
    """The smallest schedule that fails like this one, and how to play it again."""
    small = shrink(schedule(SEED, number), lambda one: (failure_of(sim, one, Figures()) or ("",))[0] == place)
    path = keep(f"failed-{number}.json", small)
    failed = failure_of(sim, small, Figures())
    told = "".join(traceback.format_exception(failed[1])) if failed else "It does not fail every time.\n"
    return f"{told}\n{json.dumps(small)}\n\nThis one again: make chaos SCHEDULE={path}\nAll of them: make chaos SEED={SEED} CHAOS={COUNT}"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_any_schedule(shard: int) -> None:
    figures = Figures()
    with Simulator() as sim:
        for number in range(shard, COUNT, SHARDS):
            failed = failure_of(sim, schedule(SEED, number), figures)
            if failed:
                pytest.fail(f"Schedule {number} of SEED={SEED}: {failed[1]}\n{tell(sim, number, failed[0])}", pytrace=False)
    # A few schedules may well have none.
    assert figures.faults or COUNT < 50, "no fault happened in any schedule"
    keep(f"figures-{shard}.json", figures.as_dict())


def test_shrinking_leaves_what_fails() -> None:
    fault = {"on": "PUT", "do": "drop_after", "times": 3}
    whole = {
        "home": "ab.",
        "unknown": [1, 2],
        "steps": [{"run": "logout"}, {"run": "upgrade_devices", "slot": "a", "check": True, "faults": [fault, {**fault}]}],
    }

    def fails(one: Json) -> bool:
        return "b" in one.get("home", "") and any(step.get("faults") for step in one.get("steps", ()))

    assert shrink(whole, fails) == {"home": ".b.", "steps": [{"run": "upgrade_devices", "slot": "a", "faults": [{"on": "PUT", "do": "drop_after"}]}]}


def test_schedules_are_told_by_their_number() -> None:
    first = schedule("7", 3)
    assert first == schedule("7", 3) == json.loads(json.dumps(first))
    assert first != schedule("7", 4)
    assert first != schedule("8", 3)
    assert len(first["home"]) == DEVICES


if SCHEDULE:
    del test_any_schedule

    def test_one_schedule() -> None:
        with Simulator() as sim:
            play(sim, json.loads(Path(SCHEDULE or "").read_text(encoding="utf-8")), Figures())
