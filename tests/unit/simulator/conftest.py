# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "roles" / "simulator" / "files")]

from simulator_client import UPGRADE, A, Client  # noqa: E402
from thingspace_simulator import Simulator  # noqa: E402


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Client:
    """A client, and the upgrade of the documents' example with one device in it."""
    sim.add_upgrade(upgrade_id=UPGRADE, devices=[A])
    return Client(sim)
