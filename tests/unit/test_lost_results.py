# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that writes, and whose result never arrives: nobody may say that nothing was changed."""

from __future__ import annotations

import json
import os
import signal
import sys
import typing as t
from pathlib import Path

import ansible.release
import pytest
from ansible_collections.thingspace.fota.plugins.filter.plan_report import plan_report
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.collector import Collector, Event
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.document import document
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.markdown import markdown
from support.plan_samples import a_plan, scheduling, upgrade_devices
from support.run_playbook import Running, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
WAVE = "20b5d639-ccdc-4db8-8824-069bd94c95bf"
NOT_KNOWN = "what was changed is not known"
FAILURE: Result = {"failed": True, "changed": False}
# What ansible-core makes of it, on 2.16 and on 2.21.
LOST: dict[str, Result] = {
    "timeout on 2.16": {"failed": True, "msg": "The rollout action failed to execute in the expected time frame (4) and was terminated"},
    "timeout": {**FAILURE, "msg": "Task failed: Timed out after 4 second(s).", "timedout": {"period": 4}, "exception": "Traceback"},
    "killed": {**FAILURE, "msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "rc": -9, "module_stdout": "", "module_stderr": ""},
    "refused": {**FAILURE, "msg": "Module result deserialization failed.", "exception": "Traceback"},
    "out of reach": {"unreachable": True, "changed": False, "msg": "Connection reset"},
    "hidden": {**FAILURE, "censored": "the output has been hidden due to the fact that 'no_log: true' was specified for this result"},
    "an error that says nothing": {**FAILURE, "msg": "?", "error": {}},
}
KNOWN: dict[str, Result] = {
    "input": {**FAILURE, "msg": "account is missing.", "error": {"kind": "input", "message": "account is missing."}},
    "rail": upgrade_devices(10, failed=True, error={"kind": "rail", "message": "too many"}, msg="too many"),
    "a condition of the playbook": upgrade_devices(10, failed=True, failed_when_result=True),
}


def told(result: Result, action: str = "rollout", check_mode: bool = False) -> tuple[Result, str]:
    """The report of a run with one task, as the callback plugin makes it."""
    collector = Collector()
    event = Event(
        host="localhost",
        task_id="t",
        task="Task",
        action=f"thingspace.fota.{action}",
        result=result,
        check_mode=check_mode,
        failed=bool(result.get("failed")),
        unreachable=bool(result.get("unreachable")),
    )
    collector.begin(event)
    collector.take(event)
    report = document(*collector.records(failed_hosts={"localhost"}, check_mode=check_mode))
    return report, markdown(report)


@pytest.mark.parametrize("action", ["rollout", "upgrade", "upgrade_devices", "license", "callback"])
@pytest.mark.parametrize("why", LOST)
def test_a_lost_result_is_told_as_lost(why: str, action: str) -> None:
    report, comment = told(LOST[why], action)
    assert (report["changes_known"], report["drift"], report["failed"]) == (False, None, True)
    assert comment.startswith(f"## Firmware rollout FAILED: {NOT_KNOWN}\n")
    assert "nothing was changed" not in comment
    assert "Look at the upgrades" in comment


@pytest.mark.parametrize("why", LOST)
def test_the_filter_tells_it_too(why: str) -> None:
    report = plan_report([a_plan(), LOST[why]])
    assert (report["changes_known"], report["failed"]) == (False, True)
    assert "; what else was changed is not known" in markdown(report).splitlines()[0]


@pytest.mark.parametrize("why", LOST)
def test_in_check_mode_nothing_was_changed_and_what_would_be_is_not_known(why: str) -> None:
    report, comment = told(LOST[why], check_mode=True)
    assert (report["changes_known"], report["drift"]) == (False, None)
    assert comment.startswith("## Firmware rollout plan FAILED: what would be changed is not known\n")


@pytest.mark.parametrize("why", KNOWN)
def test_what_a_module_says_itself_is_known(why: str) -> None:
    report, comment = told(KNOWN[why], "upgrade_devices")
    assert report["changes_known"] is True
    assert "nothing was changed" in comment.splitlines()[0]


def test_a_plan_that_was_never_made_says_nothing_about_an_apply() -> None:
    report, comment = told(KNOWN["input"], check_mode=True)
    assert (report["changes_known"], report["drift"]) == (True, None)
    assert comment.startswith("## Firmware rollout plan FAILED: what would be changed is not known\n")


def test_tasks_that_write_nothing_lose_nothing() -> None:
    for action in ("session", "upgrade_info"):
        report, comment = told(LOST["killed"], action)
        assert report["changes_known"] is True
        assert NOT_KNOWN not in comment


def test_a_result_that_is_none_of_its_module_is_lost() -> None:
    """As when something on the way has replaced what the module printed."""
    report, comment = told({"changed": False, "ping": "pong"})
    assert (report["changes_known"], report["drift"]) == (False, None)
    assert comment.startswith(f"## Firmware rollout: {NOT_KNOWN}\n")


def test_what_runs_on_in_the_background_is_not_known() -> None:
    report, comment = told({"ansible_job_id": "j1", "started": 1, "finished": 0})
    assert report["changes_known"] is False
    assert NOT_KNOWN in comment.splitlines()[0]


@pytest.mark.parametrize("failed_hosts", [None, frozenset()])
def test_a_task_that_had_begun_when_the_run_ended_is_lost(failed_hosts: frozenset[str] | None) -> None:
    collector = Collector()
    ours = Event(host="localhost", task_id="t", task="Apply", action="thingspace.fota.rollout", result={})
    collector.begin(ours)
    collector.begin(Event(host="localhost", task_id="u", task="Other", action="ansible.builtin.command", result={}))
    report = document(*collector.records(failed_hosts, check_mode=False))
    assert report["changes_known"] is False
    assert [error["message"] for error in report["errors"]][0] == 'The task "Apply" had begun, and the run ended without its result.'
    assert NOT_KNOWN in markdown(report).splitlines()[0]


def test_a_skipped_task_is_not_lost() -> None:
    collector = Collector()
    collector.begin(Event(host="localhost", task_id="t", task="Apply", action="thingspace.fota.rollout", result={}))
    collector.skip("localhost", "t")
    report = document(*collector.records(failed_hosts=(), check_mode=False))
    assert report["changes_known"] is True
    assert not report["failed"]


def test_a_request_whose_fate_is_unknown_is_not_nothing() -> None:
    """The module says it itself: changed, and no device is known to have come."""
    unsettled = scheduling("schedule", count=0, failed=True, error={"kind": "unreachable", "message": "lost"}, msg="lost")
    _report, comment = told(unsettled, "upgrade")
    assert "nothing was changed" not in comment.splitlines()[0]
    unsettled = upgrade_devices(10, changed=True, failed=True, error={"kind": "unreachable", "message": "lost"}, msg="lost")
    _report, comment = told(unsettled, "upgrade_devices")
    assert comment.splitlines()[0] == f"## Firmware rollout FAILED: {NOT_KNOWN}"


def credentials(sim: Simulator) -> dict[str, str]:
    who = sim.credentials
    given = {"api_url": sim.api_url, "app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {f"THINGSPACE_{option.upper()}": value for option, value in given.items()}


APPLY = "- import_playbook: thingspace.fota.apply\n"


def arguments(sim: Simulator, folder: Path, **variables: str) -> tuple[list[str], dict[str, str]]:
    """An apply that writes two reports: that of the role, and that of the callback plugin."""
    sim.add_upgrade(upgrade_id=WAVE, account=ACCOUNT, devices=[])
    rollout = {"account": ACCOUNT, "upgrades": [{"name": "wave", "upgrade_id": WAVE, "devices": ["990000473475989"]}]}
    (folder / "rollout.yml").write_text(json.dumps(rollout))
    given = {"thingspace_rollout_files": "rollout.yml", "thingspace_rollout_markdown": "role.md", "thingspace_rollout_json": "role.json", **variables}
    paths = {"THINGSPACE_PLAN_MARKDOWN": str(folder / "callback.md"), "THINGSPACE_PLAN_JSON": str(folder / "callback.json")}
    return ["-e", json.dumps(given)], {"ANSIBLE_CALLBACKS_ENABLED": "thingspace.fota.plan", **paths, **credentials(sim)}


def see_that_nobody_knows(folder: Path, text: str) -> None:
    for name in ("role", "callback"):
        report = json.loads((folder / f"{name}.json").read_text())
        assert (report["changes_known"], report["drift"], report["failed"]) == (False, None, True), name
        assert (folder / f"{name}.md").read_text().startswith(f"## Firmware rollout FAILED: {NOT_KNOWN}\n"), name
    assert f"{ACCOUNT}: FAILED, and {NOT_KNOWN}. " in text
    assert "nothing was changed" not in text


def test_a_module_that_is_killed(sim: Simulator, tmp_path: Path) -> None:
    held = sim.fault("PUT /upgrades", "hold", applied=True)
    given, environment = arguments(sim, tmp_path)
    with Running(tmp_path, APPLY, *given, inventory="", **environment) as run:
        held.reached()
        os.kill(run.module(run.workers()[0]), signal.SIGKILL)
        done = run.wait()
    assert done.code == 2, done.text
    assert sim.members(WAVE)
    see_that_nobody_knows(tmp_path, done.text)


def test_a_result_that_ansible_core_refuses(sim: Simulator, tmp_path: Path) -> None:
    """Whatever makes it so: here an interpreter that spoils what the module prints."""
    wrapper = tmp_path / "python"
    refused = tuple(map(int, ansible.release.__version__.split(".")[:2])) >= (2, 19)
    spoil = """out.replace(b'"msg": "', b'"msg": "\\\\ud800')""" if refused else "out[: len(out) // 2]"
    wrapper.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\n"
        f"done = subprocess.run([{sys.executable!r}, *sys.argv[1:]], stdout=subprocess.PIPE)\nout = done.stdout\n"
        f"sys.stdout.buffer.write({spoil} if b'plan_digest' in out else out)\nsys.exit(done.returncode)\n"
    )
    wrapper.chmod(0o755)
    given, environment = arguments(sim, tmp_path, ansible_python_interpreter=str(wrapper))
    done = run_playbook(tmp_path, APPLY, *given, inventory="", **environment)
    assert done.code == 2, done.text
    assert sim.members(WAVE)
    see_that_nobody_knows(tmp_path, done.text)
