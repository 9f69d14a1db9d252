# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback plugin in real runs of ansible-playbook against the simulator."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import pytest
from support.run_playbook import Run, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
CANARY, WAVE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
A, B, C, D = "004401237001017", "004401237001082", "004401237001157", "004401237001231"
TWO = "[fleet]\nhost[1:2] ansible_connection=local\n"
SOON = f"{datetime.datetime.now(datetime.timezone.utc).year + 1}-12-01"
PASSWORD = "pass-of-the-listener"
OLD = "of an earlier run"


class Stage:
    """A simulator with two upgrades, a folder, and runs whose reports are read."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.markdown, self.json = folder / "plan.md", folder / "plan.json"
        sim.add_upgrade(upgrade_id=CANARY, devices=[A, B])
        sim.add_upgrade(upgrade_id=WAVE, devices=[C])
        access, session = sim.tokens()
        self.secrets = [access, session, PASSWORD]
        self.environment = {
            "ANSIBLE_CALLBACKS_ENABLED": "thingspace.fota.plan",
            "THINGSPACE_PLAN_MARKDOWN": str(self.markdown),
            "THINGSPACE_PLAN_JSON": str(self.json),
            "THINGSPACE_API_URL": sim.api_url,
            "THINGSPACE_ACCOUNT": ACCOUNT,
            "THINGSPACE_ACCESS_TOKEN": access,
            "THINGSPACE_SESSION_TOKEN": session,
        }

    def run(self, tasks: str, *arguments: str, play: str = "", old: str = OLD, **environment: str) -> Run:
        """Run tasks on two hosts, where ``old`` reports lie about."""
        for path in (self.markdown, self.json):
            path.write_text(old, encoding="utf-8")
        playbook = f"- hosts: fleet\n  gather_facts: false\n{play}  tasks:\n{tasks}"
        run = run_playbook(self.folder, playbook, *arguments, inventory=TWO, **{**self.environment, **environment})
        reports = [path.read_text(encoding="utf-8") for path in (self.markdown, self.json) if path.is_file()]
        assert not [secret for secret in self.secrets for report in reports if secret in report]
        assert "complete. " not in run.text, run.text
        return run

    @property
    def report(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self.json.read_text(encoding="utf-8")))

    @property
    def comment(self) -> str:
        return self.markdown.read_text(encoding="utf-8")


@pytest.fixture
def stage(sim: Simulator, tmp_path: Path) -> Stage:
    return Stage(sim, tmp_path)


EVERYWHERE = f"""
    - upgrade_devices:
        upgrade_id: "{{{{ item.id }}}}"
        devices: "{{{{ item.devices }}}}"
        state: exact
        max_removal_percent: 100
      loop:
        - {{id: {CANARY}, devices: ["{A}", "{D}"]}}
        - {{id: {WAVE}, devices: ["{C}"]}}
      no_log: "{{{{ hide | default(false) }}}}"
    - thingspace.fota.upgrade_info:
"""


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_the_same_plan_of_many_hosts_is_told_once(stage: Stage, strategy: str) -> None:
    play = f"  strategy: {strategy}\n  collections: [thingspace.fota]\n"
    run = stage.run(EVERYWHERE, "--check", "--diff", "-vvvv", play=play, ANSIBLE_STDOUT_CALLBACK="minimal" if strategy == "free" else "default")
    assert run.code == 0, run.text
    report = stage.report
    expected = {"upgrades": 2, "changed": 1, "added": 1, "removed": 1, "before": 3, "after": 3, "rejected": 0}
    assert report["counts"] | expected == report["counts"]
    assert (report["check_mode"], report["drift"], report["failed"], report["errors"]) == (True, True, False, [])
    assert [(row["upgrade_id"], row["hosts"]) for row in report["upgrades"]] == [(CANARY, ["host1", "host2"]), (WAVE, ["host1", "host2"])]
    assert (report["upgrades"][0]["added"], report["upgrades"][0]["removed"]) == ([D], [B])
    assert stage.comment.startswith("## Firmware rollout plan: 1 added, 1 removed, 0 moved in 1 of 2 upgrades\n")
    assert stage.sim.writes == []


def test_what_was_applied_is_told_once(stage: Stage) -> None:
    play = "  collections: [thingspace.fota]\n"
    run = stage.run(EVERYWHERE, play=play)
    assert run.code == 0, run.text
    report = stage.report
    assert (report["check_mode"], report["drift"]) == (False, True)
    assert report["counts"] | {"upgrades": 2, "changed": 1, "added": 1, "removed": 1, "after": 3} == report["counts"]
    assert stage.comment.startswith("## Firmware rollout applied: 1 added, 1 removed")
    stage.run(EVERYWHERE, play=play)
    assert (stage.report["drift"], stage.report["counts"]["changed"]) == (False, 0)
    assert stage.comment == "## Firmware rollout: no changes, 2 upgrades with 3 devices as declared\n"


def test_hidden_results_are_told_as_hidden(stage: Stage) -> None:
    run = stage.run(EVERYWHERE, "--check", "-e", "hide=true", play="  collections: [thingspace.fota]\n")
    assert run.code == 0, run.text
    assert (stage.report["drift"], stage.report["upgrades"]) == (True, [])
    assert "A task on host1 is hidden by no_log" in stage.comment
    assert "no changes" not in stage.comment


ALL_MODULES = f"""
    - thingspace.fota.upgrade: &wave
        firmware_name: F
        firmware_to: "2"
        start_date: "{SOON}"
        devices: ["{D}"]
      register: wave
    - thingspace.fota.upgrade_devices:
        upgrade_id: "{{{{ wave.upgrade_id or '' }}}}"
        devices: ["{D}"]
      register: devices
    - thingspace.fota.license:
        devices: ["{D}"]
      register: licenses
    - thingspace.fota.callback:
        url: https://fota.example.com/x
        username: user-of-the-listener
        password: {PASSWORD}
      register: listener
    - ansible.builtin.copy:
        dest: "{{{{ item.path }}}}"
        content: "{{{{ item.content }}}}"
      loop:
        - path: "{{{{ playbook_dir }}}}/filter.json"
          content: "{{{{ report | to_nice_json }}}}"
        - path: "{{{{ playbook_dir }}}}/filter.md"
          content: "{{{{ report | thingspace.fota.plan_markdown }}}}"
      vars:
        report: "{{{{ [wave, devices, licenses, listener] | thingspace.fota.plan_report(check_mode=ansible_check_mode, host=inventory_hostname) }}}}"
      check_mode: false
      when: inventory_hostname == 'host1'
"""


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "apply"])
def test_the_filters_write_the_same(stage: Stage, arguments: list[str]) -> None:
    run = stage.run(ALL_MODULES, "--limit", "host1", *arguments)
    assert run.code == 0, run.text
    assert (stage.folder / "filter.json").read_text(encoding="utf-8") == stage.json.read_text(encoding="utf-8")
    assert (stage.folder / "filter.md").read_text(encoding="utf-8") == stage.comment
    report = stage.report
    assert report["counts"] | {"upgrades": 1, "scheduled": 1, "added": 1, "before": 0, "after": 1} == report["counts"]
    assert (report["licenses"][0]["added"], report["callbacks"][0]["url"]) == ([D], "https://fota.example.com/x")


REFUSED = f"""
    - thingspace.fota.upgrade_devices: &wave
        upgrade_id: {CANARY}
        devices: ["{A}"]
        state: exact
        max_removals: 0
      register: first
      ignore_errors: "{{{{ how == 'ignored' }}}}"
      failed_when: first is failed and how != 'not failed'
    - block:
        - thingspace.fota.upgrade_devices: *wave
        - ansible.builtin.fail: {{msg: secret-of-another-task}}
      rescue:
        - ansible.builtin.debug: {{msg: rescued}}
      when: how == 'rescued'
"""


@pytest.mark.parametrize(("how", "code"), [("failed", 2), ("ignored", 0), ("not failed", 0), ("rescued", 2)])
def test_a_refused_plan_is_told_whatever_the_playbook_makes_of_it(stage: Stage, how: str, code: int) -> None:
    run = stage.run(REFUSED, "--check", "--limit", "host1", "-e", json.dumps({"how": how}))
    assert run.code == code, run.text
    report = stage.report
    assert (report["drift"], report["failed"], report["counts"]["changed"]) == (True, True, 0)
    assert {(error["kind"], error["host"], error["upgrade_id"]) for error in report["errors"]} == {("rail", "host1", CANARY)}
    assert stage.comment.startswith("## Firmware rollout plan REFUSED: nothing would be changed\n\n**Refused: a guardrail forbids it.")
    assert stage.sim.writes == []


RESCUED = f"""
    - block:
        - ansible.builtin.fail: {{msg: secret-of-another-task}}
      rescue:
        - ansible.builtin.debug: {{msg: rescued}}
    - ansible.builtin.fail: {{msg: secret-of-another-task}}
      when: inventory_hostname == broken
    - thingspace.fota.upgrade_devices: {{upgrade_id: {CANARY}, devices: ["{A}"]}}
"""


def test_other_failures_make_the_report_incomplete_unless_they_are_rescued(stage: Stage) -> None:
    assert stage.run(RESCUED, "--check", "-e", "broken=none").code == 0
    assert (stage.report["failed"], stage.report["drift"]) == (False, False)
    assert stage.run(RESCUED, "--check", "-e", "broken=host2").code == 2
    assert (stage.report["failed"], stage.report["drift"]) == (True, None)
    assert {(error["kind"], error["host"]) for error in stage.report["errors"]} == {(None, "host2")}
    assert "secret-of-another-task" not in stage.comment + stage.json.read_text(encoding="utf-8")
    assert stage.comment.startswith("## Firmware rollout plan FAILED")


BACKGROUND = f"""
    - thingspace.fota.upgrade_devices: {{upgrade_id: {CANARY}, devices: ["{D}"]}}
      async: 60
      poll: "{{{{ poll }}}}"
      register: job
    - ansible.builtin.async_status: {{jid: "{{{{ job.ansible_job_id }}}}"}}
      register: status
      until: status.finished
      retries: 60
      delay: 0.5
      when: poll | int == 0 and wait
"""


@pytest.mark.parametrize(("poll", "wait"), [(1, False), (0, True), (0, False)])
def test_tasks_in_the_background(stage: Stage, poll: int, wait: bool) -> None:
    options = json.dumps({"poll": poll, "wait": wait})
    run = stage.run(BACKGROUND, "--limit", "host1", "-e", options, ANSIBLE_ASYNC_DIR=str(stage.folder / "async"))
    assert run.code == 0, run.text
    if poll or wait:
        assert (stage.report["drift"], stage.report["counts"]["added"], stage.report["upgrades"][0]["added"]) == (True, 1, [D])
    else:
        assert (stage.report["drift"], stage.report["upgrades"]) == (None, [])
        assert "runs on in the background" in stage.comment


def test_a_run_that_breaks_off_leaves_a_report_that_says_so(stage: Stage) -> None:
    broken = f"""
    - thingspace.fota.upgrade_devices: {{upgrade_id: {CANARY}, devices: ["{D}"]}}
- hosts: "{{{{ no_such_variable }}}}"
  tasks: []
"""
    run = stage.run(broken, "--check")
    assert run.code not in (0, 2), run.text
    assert (stage.report["failed"], stage.report["drift"], stage.report["counts"]["added"]) == (True, True, 1)
    assert "The run broke off" in stage.comment


def test_a_templated_action_and_a_handler(stage: Stage) -> None:
    tasks = f"""
    - action: "{{{{ 'thingspace.fota.upgrade_devices' }}}}"
      args: {{upgrade_id: {CANARY}, devices: ["{D}"]}}
      notify: later
  handlers:
    - name: later
      thingspace.fota.upgrade_devices: {{upgrade_id: {WAVE}, devices: ["{B}"]}}
"""
    run = stage.run(tasks, "--check")
    assert run.code == 0, run.text
    assert "WARNING" not in run.text
    assert [row["upgrade_id"] for row in stage.report["upgrades"]] == [CANARY, WAVE]


def test_where_the_files_are_is_configured(stage: Stage) -> None:
    unset = {"THINGSPACE_PLAN_MARKDOWN": "", "THINGSPACE_PLAN_JSON": ""}
    assert stage.run(RESCUED, "--check", "-e", "broken=none", **unset).code == 0
    assert stage.comment == OLD
    section = f"[callback_thingspace_fota_plan]\nmarkdown = {stage.folder}/reports/from-ini.md\n"
    (stage.folder / "ansible.cfg").write_text(section, encoding="utf-8")
    del stage.environment["THINGSPACE_PLAN_MARKDOWN"]
    run = stage.run(RESCUED, "--check", "-e", "broken=none", THINGSPACE_PLAN_JSON="/dev/null/plan.json")
    assert run.code == 0, run.text
    assert (stage.folder / "reports" / "from-ini.md").read_text(encoding="utf-8").startswith("## Firmware rollout plan: no changes")
    assert "[WARNING]: The report for reviewers (thingspace.fota.plan) cannot be written to /dev/null/plan.json" in " ".join(run.text.split())


ROLLOUT = f"""
account: "{ACCOUNT}"
defaults: {{state: exact, max_removal_percent: 100}}
upgrades:
  - {{name: canary, upgrade_id: {CANARY}, devices: ["{A}", "{C}"], max_removals: 1}}
  - {{name: wave 1, upgrade_id: {WAVE}, devices: ["{B}"]}}
  - {{name: wave 2, firmware_name: F, firmware_to: "2", start_date: "{SOON}", devices: ["{D}"]}}
"""
FAULTS = ROLLOUT.replace("exact", "exactly").replace("max_removals: 1", "max_removals: -1")
ROLE = """
    - ansible.builtin.include_role: {name: thingspace.fota.rollout}
      when: inventory_hostname == 'host1'
"""


@pytest.mark.parametrize(
    ("arguments", "files", "more", "kinds"),
    [
        ([], ROLLOUT, {}, []),
        ([], FAULTS, {}, ["input", "input"]),
        (["--check"], ROLLOUT, {"thingspace_rollout_fail_on_drift": True}, []),
        ([], ROLLOUT, {"thingspace_access_token": "", "thingspace_session_token": "x"}, ["session_token"]),
        (["--check"], ROLLOUT, {"thingspace_rollout_expect_plan_digest": {ACCOUNT: "0" * 64}}, ["state"]),
    ],
)
def test_the_role_writes_the_same(stage: Stage, arguments: list[str], files: str, more: dict[str, t.Any], kinds: list[str | None]) -> None:
    (stage.folder / "rollouts").mkdir()
    (stage.folder / "rollouts" / "one.yml").write_text(files, encoding="utf-8")
    own = {"thingspace_rollout_markdown": str(stage.folder / "role.md"), "thingspace_rollout_json": str(stage.folder / "role.json")}
    if "thingspace_access_token" in more:
        del stage.environment["THINGSPACE_ACCESS_TOKEN"]
    run = stage.run(ROLE, "-e", json.dumps({"thingspace_rollout_files": "rollouts", **own, **more}), *arguments)
    assert run.code == (2 if more or kinds else 0), run.text
    assert [error["kind"] for error in stage.report["errors"]] == kinds, run.text
    assert stage.report == json.loads((stage.folder / "role.json").read_text(encoding="utf-8"))
    assert stage.comment == (stage.folder / "role.md").read_text(encoding="utf-8")
    if not kinds:
        assert stage.report["counts"] | {"moved": 2, "scheduled": 1, "upgrades": 3} == stage.report["counts"]
        assert "`wave 1` -> `canary` (1)" in stage.comment


def test_the_approved_plan_can_be_read_before_it_is_replaced(stage: Stage) -> None:
    (stage.folder / "one.yml").write_text(ROLLOUT, encoding="utf-8")
    approved = json.dumps({"format_version": 1, "check_mode": True, "failed": False, "plan_digests": {ACCOUNT: "0" * 64}})
    options = ["-e", "thingspace_rollout_files=one.yml", "-e", f"thingspace_rollout_approved_plan={stage.json}"]
    run = stage.run(ROLE, *options, old=approved)
    assert run.code == 2, run.text
    assert f"expect_plan_digest is {'0' * 64}" in stage.report["errors"][0]["message"]
    assert stage.report["check_mode"] is False
    # Without the variable it is gone at once.
    run = stage.run(f"    - ansible.builtin.command: test -e {stage.json}\n")
    assert run.code == 2, run.text


def test_it_does_nothing_unless_it_is_enabled(stage: Stage) -> None:
    del stage.environment["ANSIBLE_CALLBACKS_ENABLED"]
    assert stage.run(RESCUED, "--check", "-e", "broken=none").code == 0
    assert stage.comment == OLD
