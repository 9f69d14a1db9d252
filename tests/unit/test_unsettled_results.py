# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write was sent, and neither its answer nor a read tells what became of it: result and report of every module that writes say so."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.filter.plan_report import plan_report
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.collector import Collector, Event
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.document import document
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.markdown import markdown
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.records import MODULES
from support.plan_samples import upgrade_devices
from support.run_module import run_module
from support.run_playbook import run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
WAVE = "20b5d639-ccdc-4db8-8824-069bd94c95bf"
DEVICE = "990000473475989"
KEY = {"firmware_name": "FOTA_Verizon_Model-A_00To01_HF", "firmware_to": "VerizonFirmwareVersion-01", "start_date": "2999-01-01"}
# Of each module: its options, the request that is lost, and the read that was to tell.
CASES: dict[str, tuple[Result, str, str]] = {
    "upgrade_devices": ({"upgrade_id": WAVE, "devices": [DEVICE]}, "PUT /upgrades", "GET /upgrades"),
    "rollout": ({"upgrades": [{"upgrade_id": WAVE, "devices": [DEVICE]}]}, "PUT /upgrades", "GET /upgrades"),
    "upgrade": ({"upgrade_id": WAVE, "state": "absent"}, "DELETE /upgrades", "GET /upgrades"),
    "license": ({"devices": [DEVICE]}, "POST /licenses", "GET /licenses"),
    "callback": ({"url": "https://listener.example.com/fota"}, "POST /callbacks", "GET /callbacks"),
}


def lose(sim: Simulator, module: str, *, read: bool) -> Result:
    """Run a module whose write is carried out and whose answer is lost; ``read`` says whether a read may tell afterwards."""
    options, write, asked = CASES[module]
    sim.add_upgrade(upgrade_id=WAVE, account=ACCOUNT, devices=["990000473475990"])
    access, session = sim.tokens()
    sim.fault(write, do="drop_after")
    if not read:
        sim.fault(asked, do="expired_session", nth=2, times=None)
    return run_module(
        module, {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url, "retry_timeout": 1, **options}
    )


def test_every_module_that_writes_has_a_case() -> None:
    assert CASES.keys() == set(MODULES)


@pytest.mark.parametrize("module", CASES)
def test_what_no_read_settles_is_not_known(sim: Simulator, module: str) -> None:
    result = lose(sim, module, read=False)
    assert (result["failed"], result["changed"], result.get("changes_known")) == (True, True, False)
    report = plan_report([result])
    assert (report["changes_known"], report["failed"]) == (False, True)
    assert "is not known" in markdown(report).splitlines()[0]


@pytest.mark.parametrize("module", CASES)
def test_what_a_read_settles_is_known(sim: Simulator, module: str) -> None:
    result = lose(sim, module, read=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert "changes_known" not in result
    assert plan_report([result])["changes_known"] is True


@pytest.mark.parametrize("module", CASES)
def test_a_failure_before_the_first_write_leaves_nothing_unknown(sim: Simulator, module: str) -> None:
    options, write, asked = CASES[module]
    sim.fault(asked, do="expired_session", times=None)
    access, session = sim.tokens()
    result = run_module(module, {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url, **options})
    assert (result["failed"], result["changed"]) == (True, False)
    assert "changes_known" not in result


# Attempts of a task with `until`: the last one finds what an earlier one has done, and calls it unchanged.


def attempts(*results: Result) -> Result:
    """The report of a task that tried again after each result but the last."""
    collector = Collector()
    events = [
        Event(host="localhost", task_id="t", task="Apply", action="thingspace.fota.upgrade_devices", result=result, failed=bool(result.get("failed")))
        for result in results
    ]
    collector.begin(events[-1])
    for event in events[:-1]:
        collector.retry(event)
    collector.take(events[-1])
    return document(*collector.records(failed_hosts=(), check_mode=False))


def test_what_an_earlier_attempt_may_have_changed_is_not_known() -> None:
    done = upgrade_devices(10)
    failed: Result = {"failed": True, "msg": "lost", "error": {"kind": "unreachable", "message": "lost"}}
    for earlier in (upgrade_devices(10, **failed, changed=True), upgrade_devices(10, **failed, changes_known=False), {"failed": True, "msg": "MODULE FAILURE"}):
        report = attempts(earlier, done)
        assert (report["changes_known"], report["failed"]) == (False, False)
        assert "was changed is not known" in markdown(report).splitlines()[0]
        assert 'The task "Apply" on localhost tried again' in report["warnings"][0]
    assert attempts(upgrade_devices(10, **failed), done)["changes_known"] is True


def test_an_attempt_through_a_controller(sim: Simulator, tmp_path: Path) -> None:
    sim.add_upgrade(upgrade_id=WAVE, account=ACCOUNT, devices=[])
    access, session = sim.tokens()
    sim.fault("PUT /upgrades", do="drop_after")
    sim.fault("GET /upgrades", do="html", status=403, nth=2)
    play = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - thingspace.fota.upgrade_devices:
        account: "{ACCOUNT}"
        upgrade_id: {WAVE}
        devices: ["{DEVICE}"]
        retry_timeout: 1
      register: done
      until: done is success
      retries: 3
      delay: 0
"""
    given = {"api_url": sim.api_url, "access_token": access, "session_token": session}
    environment = {f"THINGSPACE_{name.upper()}": value for name, value in given.items()}
    paths = {"THINGSPACE_PLAN_MARKDOWN": str(tmp_path / "plan.md"), "THINGSPACE_PLAN_JSON": str(tmp_path / "plan.json")}
    done = run_playbook(tmp_path, play, ANSIBLE_CALLBACKS_ENABLED="thingspace.fota.plan", **environment, **paths)
    assert done.code == 0, done.text
    assert sim.members(WAVE) == {DEVICE}
    report = json.loads((tmp_path / "plan.json").read_text())
    assert (report["changes_known"], report["failed"]) == (False, False)
    assert (tmp_path / "plan.md").read_text().startswith("## Firmware rollout: what was changed is not known")
