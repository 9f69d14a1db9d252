# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few schedules through a real ansible-playbook: hostile texts reach the result whole, and whoever ends the run ends the writes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from thingspace_simulator import Simulator

from chaos.controller import play_controlled
from chaos.schedules import controlled

SEED = os.environ.get("CHAOS_SEED") or "1"
# Each of them takes some seconds.
COUNT = max(4, int(os.environ.get("CHAOS") or 50) // 100)

pytestmark = [pytest.mark.playbook, pytest.mark.slow]


@pytest.mark.parametrize("number", range(COUNT))
def test_any_schedule_through_a_controller(tmp_path: Path, number: int) -> None:
    one = controlled(SEED, number)
    with Simulator() as sim:
        try:
            play_controlled(sim, one, tmp_path)
        except AssertionError as failure:
            pytest.fail(f"Schedule {number} of SEED={SEED}: {failure}\n{json.dumps(one)}", pytrace=False)
