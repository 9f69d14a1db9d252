# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook behind the sample rulebook: which upgrades it cancels, and which it leaves alone."""

from __future__ import annotations

import typing as t

import pytest
from checkout import ROOT
from run_playbook import run_playbook

if t.TYPE_CHECKING:
    from pathlib import Path

    from thingspace_simulator import Simulator

PLAYBOOK = ROOT / "playbooks" / "stop_next_wave.yml"
OURS = {"firmware_name": "F", "firmware_to": "2"}
WAVES: dict[str, dict[str, t.Any]] = {
    "failing": {"start_date": "2999-01-08", "status": "InProgress", **OURS},
    "next": {"start_date": "2999-01-15", **OURS},
    "next, second part": {"start_date": "2999-01-15", **OURS},
    "after that": {"start_date": "2999-01-22", **OURS},
    "same day": {"start_date": "2999-01-08", **OURS},
    "before": {"start_date": "2999-01-01", **OURS},
    "other version": {"start_date": "2999-01-10", "firmware_name": "F", "firmware_to": "3"},
    "other firmware": {"start_date": "2999-01-10", "firmware_name": "G", "firmware_to": "2"},
    "running": {"start_date": "2999-01-15", "status": "InProgress", **OURS},
}


def stop(sim: Simulator, folder: Path, upgrade_id: str) -> tuple[int, str]:
    who = sim.credentials
    secrets = {"APP_KEY": who.app_key, "APP_SECRET": who.app_secret, "USERNAME": who.username, "PASSWORD": who.password}
    environment = {f"THINGSPACE_{name}": value for name, value in {**secrets, "API_URL": sim.api_url, "ACCOUNT": "0402196254-00001"}.items()}
    playbook = PLAYBOOK.read_text(encoding="utf-8")
    run = run_playbook(folder, playbook, "-e", f"thingspace_failing_upgrade_id={upgrade_id}", **environment)
    assert not sim.service.auth.sessions
    return run.code, run.text


@pytest.mark.parametrize("date_format", ["date", "datetime"])
def test_the_next_wave_and_no_other(sim: Simulator, tmp_path: Path, date_format: str) -> None:
    sim.misbehave(date_format=date_format, auto_start=False)
    ids = {name: sim.add_upgrade(devices=[f"{990003425730000 + number}"], **wave).id for number, (name, wave) in enumerate(WAVES.items())}
    code, text = stop(sim, tmp_path, ids["failing"])
    assert code == 0, text
    assert {name for name, upgrade_id in ids.items() if upgrade_id not in sim.service.upgrades} == {"next", "next, second part"}
    assert len(sim.writes) == 2


def test_nothing_to_stop_and_nothing_known(sim: Simulator, tmp_path: Path) -> None:
    failing = sim.add_upgrade(devices=["990003425730535"], status="InProgress")
    code, text = stop(sim, tmp_path, failing.id)
    assert code == 0, text
    code, text = stop(sim, tmp_path, "60b5d639-ccdc-4db8-8824-069bd94c95bf")
    assert code == 2
    assert "The account has no upgrade 60b5d639-ccdc-4db8-8824-069bd94c95bf." in text
    assert not sim.writes
