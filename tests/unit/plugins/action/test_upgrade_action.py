# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts that declare the same upgrade at the same moment."""

from __future__ import annotations

import typing as t
from pathlib import Path

from run_playbook import run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

PLAYBOOK = """
- hosts: all
  strategy: free
  gather_facts: false
  tasks:
    - thingspace.fota.upgrade:
        account: "0402196254-00001"
        firmware_name: F
        firmware_to: "2.0"
        start_date: "2999-12-01"
        devices: ["900000000000001"]
"""


def test_eight_hosts_schedule_one_upgrade(sim: Simulator, tmp_path: Path) -> None:
    access, session = sim.tokens()
    tokens = {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}
    done = run_playbook(tmp_path, PLAYBOOK, "--forks", "8", **tokens)
    assert done.code == 0, done.text
    assert [record.operation for record in sim.writes] == ["schedule"]
    assert done.text.count("changed=1") == 1
