# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook behind the sample rulebook: which upgrades it cancels, and which it leaves alone."""

from __future__ import annotations

import typing as t

import pytest
from support.checkout import ROOT
from support.run_playbook import run_playbook

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

TOLD = ("failing", "next", "next, second part", "other firmware")
NEXT = {"firmwareName": "F", "firmwareTo": "2", "startDate": "2999-01-15"}


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


ODD: list[dict[str, t.Any]] = [
    {"startDate": None},
    {"startDate": "01/02/2999"},
    {"startDate": "2999-01-1?"},
    {"firmwareName": None},
    {"firmwareTo": None},
    {"firmwareTo": 2},
    {"startDate": None, "firmwareName": None},
]


def report(*rows: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"do": "status", "status": 200, "body": {"hasMoreFlag": False, "reportList": [{"status": "Queued", "deviceList": [], **row} for row in rows]}}


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_what_may_be_the_next_wave_is_told_after_what_is_known_to_be_it_was_cancelled(sim: Simulator, tmp_path: Path, odd: dict[str, t.Any]) -> None:
    failing, known, doubtful, other = (sim.add_upgrade(devices=[f"{990003425730000 + number}"], **WAVES[name]).id for number, name in enumerate(TOLD))
    rows = [{"id": known, **NEXT}, {"id": doubtful, **NEXT, **odd}, {"id": other, **NEXT, "startDate": None, "firmwareName": "G"}]
    sim.fault("GET /reports", nth=2, **report(*rows))
    code, text = stop(sim, tmp_path, failing)
    assert code == 2, text
    assert doubtful in text
    assert other not in text
    assert known not in sim.service.upgrades
    assert len(sim.writes) == 1


@pytest.mark.parametrize("odd", [{"startDate": None}, {"firmwareName": None}, {"startDate": "01/02/2999"}], ids=str)
def test_without_knowing_what_fails_nothing_is_cancelled(sim: Simulator, tmp_path: Path, odd: dict[str, t.Any]) -> None:
    failing, *_waiting = (sim.add_upgrade(devices=[f"{990003425730000 + number}"], **WAVES[name]).id for number, name in enumerate(TOLD))
    sim.fault("GET /upgrades", do="status", status=200, body={"id": failing, "status": "InProgress", "deviceList": [], **NEXT, **odd})
    code, text = stop(sim, tmp_path, failing)
    assert (code, sim.writes) == (2, [])
    assert "which wave is the next one is not known" in text


def test_a_report_without_its_list_is_no_wave_that_is_stopped(sim: Simulator, tmp_path: Path) -> None:
    failing = sim.add_upgrade(devices=["990003425730535"], status="InProgress")
    sim.fault("GET /reports", do="status", status=200, body={"hasMoreFlag": False, "message": "The report is being generated."}, times=None)
    assert stop(sim, tmp_path, failing.id)[0] == 2


def test_nothing_to_stop_and_nothing_known(sim: Simulator, tmp_path: Path) -> None:
    failing = sim.add_upgrade(devices=["990003425730535"], status="InProgress")
    code, text = stop(sim, tmp_path, failing.id)
    assert code == 0, text
    code, text = stop(sim, tmp_path, "60b5d639-ccdc-4db8-8824-069bd94c95bf")
    assert code == 2
    assert "The account has no upgrade 60b5d639-ccdc-4db8-8824-069bd94c95bf." in text
    assert not sim.writes
