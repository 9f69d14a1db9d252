# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts that declare the same upgrade at the same moment."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from support.run_playbook import run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - thingspace.fota.upgrade:
        account: "0402196254-00001"
        firmware_name: F
        firmware_to: "2.0"
        start_date: "2999-12-01"
        devices: ["900000000000001"]
"""


def tokens(sim: Simulator) -> dict[str, str]:
    access, session = sim.tokens()
    return {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}


def test_eight_hosts_schedule_one_upgrade(sim: Simulator, tmp_path: Path) -> None:
    free = PLAYBOOK.replace("gather_facts", "strategy: free\n  gather_facts")
    done = run_playbook(tmp_path, free, "--forks", "8", **tokens(sim))
    assert done.code == 0, done.text
    assert [record.operation for record in sim.writes] == ["schedule"]
    assert done.text.count("changed=1") == 1


NOTHING: dict[str, t.Any] = {"do": "status", "status": 200, "body": {"hasMoreFlag": False, "reportList": []}}
IMPATIENT = PLAYBOOK + "        retry_timeout: 1\n"
RETRIED = (
    IMPATIENT
    + """
      register: done
      until: done is succeeded
      retries: 2
      delay: 0
"""
)
LOSSES: list[dict[str, t.Any]] = [{"do": "drop_after"}, {"do": "status", "status": 429, "applied": True}, {"do": "html", "status": 403, "applied": True}]
NOT_AGAIN = "It is not sent again in this run"


@pytest.mark.parametrize("loss", [*LOSSES, None], ids=str)
def test_what_one_host_does_not_know_the_next_one_does_not_send_again(sim: Simulator, tmp_path: Path, loss: dict[str, t.Any] | None) -> None:
    sim.misbehave(reported_after_seconds=3600.0)
    if loss:
        sim.fault("POST /upgrades", **loss)
    done = run_playbook(tmp_path, IMPATIENT, "--forks", "1", "--limit", "host1,host2,host3", **tokens(sim))
    assert [record.operation for record in sim.writes] == ["schedule"]
    assert (done.text.count("failed=1"), done.text.count("changed=1")) == (3, 0)
    assert NOT_AGAIN in done.text


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_retry_does_not_send_it_again_either(sim: Simulator, tmp_path: Path, loss: dict[str, t.Any]) -> None:
    sim.misbehave(reported_after_seconds=3600.0)
    sim.fault("POST /upgrades", **loss)
    done = run_playbook(tmp_path, RETRIED, "--limit", "host1", **tokens(sim))
    assert done.code == 2, done.text
    assert [record.operation for record in sim.writes] == ["schedule"]
    assert NOT_AGAIN in done.text


def test_a_retry_finds_what_is_listed_by_then(sim: Simulator, tmp_path: Path) -> None:
    sim.fault("POST /upgrades", do="drop_after")
    # Before the request and until the first try gives up.
    sim.fault("GET /reports", times=15, **NOTHING)
    done = run_playbook(tmp_path, RETRIED, "--limit", "host1", **tokens(sim))
    assert done.code == 0, done.text
    assert [record.operation for record in sim.writes] == ["schedule"]


def test_what_was_refused_may_be_sent_by_the_next_host(sim: Simulator, tmp_path: Path) -> None:
    sim.fault("POST /upgrades", do="status", status=400)
    done = run_playbook(tmp_path, PLAYBOOK, "--forks", "1", "--limit", "host1,host2", **tokens(sim))
    assert [record.operation for record in sim.writes] == ["schedule", "schedule"]
    assert (done.text.count("failed=1"), done.text.count("changed=1")) == (1, 1)


def test_the_next_run_may_send_it_again(sim: Simulator, tmp_path: Path) -> None:
    sim.fault("POST /upgrades", do="status", status=429)
    for folder, code in (("first", 2), ("second", 0)):
        (tmp_path / folder).mkdir()
        done = run_playbook(tmp_path / folder, IMPATIENT, "--limit", "host1", **tokens(sim))
        assert done.code == code, done.text
    assert len(sim.service.upgrades) == 1
