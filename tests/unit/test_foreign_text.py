# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that the service or a file says costs a result or commands a terminal, through a real controller.

The integration target ``foreign_text`` is the same on the oldest ansible-core.
"""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.run_playbook import environment_in
from test_modules import MODULES, UPGRADE, secrets_of

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

FILES = ROOT / "tests" / "integration" / "targets" / "foreign_text" / "files"
A, B = "990003425730535", "990000473475989"


def test_every_module_is_attacked() -> None:
    play = yaml.safe_load((FILES / "hostile.yml").read_text(encoding="utf-8"))[1]
    used = {name for task in play["tasks"][0]["block"] for name in task}
    assert {f"thingspace.fota.{module}" for module in MODULES} <= used


@pytest.mark.playbook
def test_the_worst_is_told_and_commands_nothing(sim: Simulator, tmp_path: Path) -> None:
    account = {"devices": [A, B], "licenses": [A], "callbacks": {"Fota": {"url": "https://old.example/x", "username": "u", "password": "p"}}}
    sim.load(
        {
            "accounts": {"0402196254-00001": account},
            "switches": {"known_devices_only": True},
            "upgrades": [{"account": "0402196254-00001", "upgrade_id": UPGRADE, "devices": [A]}],
        }
    )
    command: list[str | Path] = [sys.executable, FILES / "attack.py", tmp_path, sim.api_url.removesuffix("/api"), "yaml"]
    done = subprocess.run(command, env={**environment_in(tmp_path), **secrets_of(sim)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
