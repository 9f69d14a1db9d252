# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the simulator share beside the `sim` fixture that all unit tests have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.simulator_client import Client
    from thingspace_simulator import Simulator


@pytest.fixture
def client(sim: Simulator) -> Client:
    """A client, and the upgrade of the documents' example with one device in it."""
    from support.simulator_client import UPGRADE, A, Client

    sim.add_upgrade(upgrade_id=UPGRADE, devices=[A])
    return Client(sim)
