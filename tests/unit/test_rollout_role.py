# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rollout and its playbooks in real runs of ansible-playbook, as talkative as can be and searched for secrets."""

from __future__ import annotations

import base64
import json
import os
import re
import typing as t
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.run_playbook import HOSTS, Run, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ONE, TWO = "0402196254-00001", "0402196254-00002"
CANARY, WAVE, OTHER = (f"{digit}0b5d639-ccdc-4db8-8824-069bd94c95bf" for digit in "123")
A, B, C, D, E = "990003425730535", "990000473475989", "990013907835573", "004401234567012", "004401237001017"
WRONG = "not-the-password"
# Whoever can change a rollout file must not be able to run anything.
EVIL = "{{ lookup('ansible.builtin.pipe', 'touch evil') }}"
ROLLOUT = f"""
account: "{ONE}"
defaults: {{state: exact, max_removal_percent: 100}}
upgrades:
  - {{name: "canary {EVIL}", upgrade_id: {CANARY}, devices_file: waves/canary.csv}}
  - {{name: wave 1, upgrade_id: {WAVE}, devices: ["{C}"]}}
"""
PLAY = """
- hosts: fleet
  gather_facts: false
  strategy: "{{ strategy | default('linear') }}"
  serial: "{{ batch | default(0) }}"
  tasks:
    - block:
        - ansible.builtin.fail:
            msg: broken before
          when: inventory_hostname in (broken | default([]))
        - ansible.builtin.include_role:
            name: thingspace.fota.rollout
      always:
        - ansible.builtin.debug:
            msg: "drift: {{ hostvars.localhost.thingspace_rollout_drift | default('unknown') }}"
"""
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
# An inventory that would send the work elsewhere.
ELSEWHERE = "localhost ansible_connection=ssh ansible_host=192.0.2.1 ansible_python_interpreter=/nowhere\n[all:vars]\nansible_check_mode=false\n"


class Stage:
    """A simulator with two accounts, a repository of rollout files, and runs that are searched for secrets."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.seen = 0
        sim.load({"accounts": [ONE, TWO]})
        sim.add_upgrade(upgrade_id=CANARY, account=ONE, devices=[A, C])
        sim.add_upgrade(upgrade_id=WAVE, account=ONE, devices=[B])
        sim.add_upgrade(upgrade_id=OTHER, account=TWO, devices=[D])
        self.write("rollouts/one.yml", ROLLOUT)
        self.write("rollouts/waves/canary.csv", f"imei\n{A}\n{B}\n")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def second_account(self, devices: str) -> None:
        self.write("rollouts/two.json", json.dumps({"account": TWO, "upgrades": [{"upgrade_id": OTHER, "state": "exact", "devices": json.loads(devices)}]}))

    def run(self, playbook: str, *arguments: str, inventory: str = ELSEWHERE, password: str | None = None, **variables: t.Any) -> Run:
        who = self.sim.credentials
        given = {"thingspace_rollout_files": "rollouts", **variables}
        environment = {
            "THINGSPACE_API_URL": self.sim.api_url,
            "THINGSPACE_APP_KEY": who.app_key,
            "THINGSPACE_APP_SECRET": who.app_secret,
            "THINGSPACE_USERNAME": who.username,
            "THINGSPACE_PASSWORD": password or who.password,
            "THINGSPACE_PLAN_MARKDOWN": "out/plan.md",
            "THINGSPACE_PLAN_JSON": "out/deeper/plan.json",
        }
        self.seen = len(self.sim.requests)
        text = playbook if "hosts:" in playbook else f"- import_playbook: thingspace.fota.{playbook}\n"
        run = run_playbook(self.folder, text, "-vvvv", "--diff", "-e", json.dumps(given), *arguments, inventory=inventory, **environment)
        basic = base64.b64encode(f"{who.app_key}:{who.app_secret}".encode()).decode()
        printed = run.text + "".join(path.read_text(encoding="utf-8") for path in (self.folder / "out").rglob("plan.*"))
        assert not [secret for secret in (WRONG, basic, *self.sim.service.auth.secrets()) if secret in printed], run.text
        assert not self.sim.service.auth.sessions, "a session was left open"
        assert not list(self.folder.rglob("evil")) + list((ROOT / "playbooks").glob("evil"))
        assert "DEPRECATION" not in run.text
        assert {path.stat().st_mode & 0o777 for path in (self.folder / "out").rglob("plan.*")} <= {0o600}
        return run

    @property
    def asked(self) -> list[str]:
        """Operations of the last run."""
        return [record.operation for record in self.sim.requests[self.seen :]]

    @property
    def wrote(self) -> bool:
        """Whether the last run sent anything that could change an upgrade."""
        return bool({"schedule", "modify", "cancel"} & set(self.asked))

    def count(self, operation: str) -> int:
        return self.asked.count(operation)

    @property
    def report(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "out" / "deeper" / "plan.json").read_text(encoding="utf-8")))

    @property
    def comment(self) -> str:
        return (self.folder / "out" / "plan.md").read_text(encoding="utf-8")

    @property
    def members(self) -> list[set[str]]:
        return [set(self.sim.members(upgrade)) for upgrade in (CANARY, WAVE, OTHER)]


@pytest.fixture
def stage(sim: Simulator, tmp_path: Path) -> Stage:
    return Stage(sim, tmp_path)


BEFORE: list[set[str]] = [{A, C}, {B}, {D}]


def test_a_plan_never_writes_an_apply_does_what_it_said_and_a_second_one_finds_nothing(stage: Stage) -> None:
    run = stage.run("plan", "-e", '{"ansible_check_mode": false, "check_mode": false}')
    assert run.code == 0, run.text
    assert (stage.count("login"), stage.count("logout"), stage.wrote) == (1, 1, False)
    assert stage.members == BEFORE
    planned = stage.report
    assert (planned["check_mode"], planned["drift"], planned["counts"]["moved"]) == (True, True, 2)
    assert "2 moved" in stage.comment
    assert "changed=1 " in run.text

    run = stage.run("apply", thingspace_rollout_approved_plan="out/deeper/plan.json")
    assert run.code == 0, run.text
    assert stage.members == [{A, B}, {C}, {D}]
    assert (stage.report["check_mode"], stage.report["drift"], stage.report["plan_digest"]) == (False, True, planned["plan_digest"])
    assert "changed=1 " in run.text

    again = stage.run("apply", thingspace_rollout_fail_on_drift=True)
    assert again.code == 0, again.text
    assert (stage.report["drift"], stage.wrote) == (False, False)
    assert "changed=0 " in again.text


def test_drift_fails_after_the_report_if_asked_and_an_apply_in_check_mode_is_a_plan(stage: Stage) -> None:
    run = stage.run("apply", "--check", thingspace_rollout_fail_on_drift=True)
    assert run.code == 2
    assert "Drift: 2 of 2 upgrades would change." in run.text
    assert (stage.report["drift"], stage.report["failed"], stage.count("logout"), stage.wrote) == (True, False, 1, False)


def test_an_account_that_fails_stops_the_play_but_no_other_account(stage: Stage) -> None:
    # A limit that the first account breaks.
    stage.write("rollouts/one.yml", ROLLOUT.replace("max_removal_percent: 100", "max_removals: 0"))
    stage.second_account(f'["{D}", "{E}"]')
    run = stage.run("apply")
    assert run.code == 2
    assert stage.members == [{A, C}, {B}, {D, E}]
    assert (stage.report["failed"], stage.report["drift"], stage.count("logout")) == (True, True, 1)
    assert [error["kind"] for error in stage.report["errors"]] == ["rail"]
    assert f"{ONE}: FAILED. " in run.text
    assert f"{TWO} {OTHER}: 1 added" in run.text
    assert "(item=0402196254-00001) =>" in run.text


FAULTY = f'account: "{ONE}"\nupgrades:\n- {{name: "{EVIL}", upgrade_id: x, devices: [12], state: "{EVIL}"}}\n'


def test_files_with_faults_are_told_before_any_login(stage: Stage) -> None:
    stage.write("rollouts/bad.yml", FAULTY)
    run = stage.run("plan")
    assert run.code == 2
    assert stage.asked == []
    assert (stage.report["failed"], stage.report["drift"], stage.report["check_mode"]) == (True, None, True)
    assert [error["message"].split(": ")[0] for error in stage.report["errors"]] == [
        "rollouts/bad.yml line 3, upgrades[0].upgrade_id",
        "rollouts/bad.yml line 3, upgrades[0].devices[0]",
        "rollouts/bad.yml line 3, upgrades[0].state",
    ]
    assert {error["kind"] for error in stage.report["errors"]} == {"input"}
    assert "rollouts/bad.yml line 3" in stage.comment


def test_a_refused_login_is_reported(stage: Stage) -> None:
    run = stage.run("plan", password=WRONG)
    assert run.code == 2
    assert (stage.count("login"), stage.count("logout")) == (1, 0)
    assert [error["kind"] for error in stage.report["errors"]] == ["login"]
    assert stage.report["drift"] is None


# The others are in test_rollout_approval.py.
EMPTY: list[t.Any] = [None, {}]
NAMES = ["thingspace_rollout_expect_plan_digest", "thingspace_rollout_approved_plan"]
APPROVALS: list[tuple[dict[str, t.Any], str]] = [
    *(({name: value}, f"{name} is given and empty") for name in NAMES for value in EMPTY),
    ({"thingspace_rollout_expect_plan_digest": "0" * 64}, "One digest is approved, and the rollout files declare 2 accounts"),
    ({"thingspace_rollout_expect_plan_digest": {ONE: "0" * 64, TWO: None}}, f"No plan was approved for {TWO}, which the rollout files declare"),
    (
        {"thingspace_rollout_expect_plan_digest": {ONE: "0" * 64, TWO: "0" * 64, "x": "0" * 64}},
        "A plan was approved for x, which no rollout file declares any more",
    ),
    ({"thingspace_rollout_approved_plan": "gone.json"}, "gone.json is not there or is no report of a plan"),
    ({"thingspace_rollout_approved_plan": "half.json"}, "half.json is not there or is no report of a plan"),
    ({"thingspace_rollout_approved_plan": "list.json"}, "list.json is not there or is no report of a plan"),
    ({"thingspace_rollout_approved_plan": "failed.json"}, "failed.json is the report of a plan that failed"),
]


def test_an_approval_of_something_else_is_refused_before_the_login(stage: Stage) -> None:
    stage.second_account("[]")
    good = {"format_version": 1, "check_mode": True, "failed": True, "plan_digests": {}}
    for name, text in {"half": '{"format_version": 1, "ch', "list": "[1]", "failed": json.dumps(good)}.items():
        stage.write(f"{name}.json", text)
    refused: list[dict[str, t.Any]] = [
        {
            "block": [{"ansible.builtin.include_role": {"name": "thingspace.fota.rollout"}}],
            "rescue": [{"ansible.builtin.debug": {"msg": f"refused {number}"}}],
            "vars": {**variables, "thingspace_rollout_json": f"out/plan.{number}.json"},
        }
        for number, (variables, dummy) in enumerate(APPROVALS)
    ]
    run = stage.run(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": LOCAL, "tasks": refused}]).replace('"hosts":', "hosts:"))
    assert run.code == 0, run.text
    assert stage.asked == []
    for number, (dummy, says) in enumerate(APPROVALS):
        assert f"refused {number}" in run.text
        (error,) = json.loads((stage.folder / "out" / f"plan.{number}.json").read_text(encoding="utf-8"))["errors"]
        assert says in error["message"], error
        assert error["kind"] == "input"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_of_a_shell_applies_nothing(stage: Stage, name: str) -> None:
    run = stage.run("apply", "-e", f"{name}=")
    assert run.code == 2
    assert (stage.asked, stage.members) == ([], BEFORE)
    assert [error["message"].split(":")[0] for error in stage.report["errors"]] == [f"{name} is given and empty"]


def test_another_plan_than_the_approved_one_is_not_applied(stage: Stage) -> None:
    run = stage.run("apply", thingspace_rollout_expect_plan_digest="0" * 64)
    assert run.code == 2
    assert "The plan is not the one that was approved" in run.text
    assert (stage.wrote, stage.members, stage.count("logout")) == (False, BEFORE, 1)
    assert [error["kind"] for error in stage.report["errors"]] == ["state"]


@pytest.mark.parametrize("target", ["keys", "folder"])
def test_a_report_replaces_a_link_and_never_writes_through_it(stage: Stage, target: str) -> None:
    stage.write("keys", "keys")
    stage.write("folder/kept", "kept")
    links = [stage.folder / "out" / "plan.md", stage.folder / "out" / "deeper" / "plan.json"]
    for link in links:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(stage.folder / target)
    # A folder may be a link: whoever runs it has named it.
    (stage.folder / "way").symlink_to("out")
    run = stage.run("plan", thingspace_rollout_markdown="way/plan.md")
    assert run.code == 0, run.text
    assert not [link for link in links if link.is_symlink()]
    assert (stage.report["drift"], "2 moved" in stage.comment) == (True, True)
    assert (stage.folder / "keys").read_text(encoding="utf-8") == "keys"
    assert [path.name for path in (stage.folder / "folder").iterdir()] == ["kept"]
    assert not (stage.folder / "gone").exists()


PLACES = {
    "a pipe": ("pipe", "it is neither a file nor a place for a new one"),
    "a folder": ("out", "Is a directory"),
    "below a file": ("rollouts/waves/canary.csv/plan.md", "Not a directory"),
    "of the system": ("/dev/stdout", "it is neither a file nor a place for a new one"),
}


@pytest.mark.parametrize(("path", "why"), PLACES.values(), ids=PLACES)
def test_a_report_that_cannot_be_written_is_shown_and_fails_the_run(stage: Stage, path: str, why: str) -> None:
    os.mkfifo(stage.folder / "pipe")
    (stage.folder / "out").mkdir()
    run = stage.run("apply", thingspace_rollout_markdown=path)
    assert run.code == 2
    assert f"{path} cannot be written: {why}." in run.text
    # The other one is written, what was done is told, and the first one is shown.
    assert stage.report["drift"] is True
    assert "2 moved" in run.text.split("Show the report that could not be written")[1]
    assert (stage.folder / "pipe").is_fifo()
    assert Path("/dev/stdout").is_symlink()
    assert (stage.wrote, stage.count("logout")) == (True, 1)


def test_the_root_is_the_bound_of_the_role_and_an_empty_one_is_refused(stage: Stage) -> None:
    stage.write("rollouts/waves/canary.csv", "")
    (stage.folder / "rollouts/waves/canary.csv").unlink()
    stage.write("elsewhere/canary.csv", f"imei\n{A}\n{B}\n")
    (stage.folder / "rollouts/waves/canary.csv").symlink_to("../../elsewhere/canary.csv")
    assert stage.run("plan", thingspace_rollout_root=".").code == 0
    for root, says in (("rollouts", "leads out of the folder "), ("", "The root '' is no folder")):
        run = stage.run("plan", thingspace_rollout_root=root)
        assert (run.code, stage.asked) == (2, [])
        assert says in stage.report["errors"][0]["message"]


@pytest.mark.parametrize("way", ["d/$WHERE/fleet.txt", "d/${WHERE}/fleet.txt", f"{'.${EMPTY}./' * 2}outside/fleet.txt", "d/$SECRET"])
@pytest.mark.parametrize("root", [None, "rollouts"])
def test_no_variable_of_the_environment_leads_out_of_the_bounds(stage: Stage, monkeypatch: pytest.MonkeyPatch, way: str, root: str | None) -> None:
    for name, value in {"WHERE": "/link", "EMPTY": "", "SECRET": "hunter2"}.items():
        monkeypatch.setenv(name, value)
    stage.write("rollouts/.git/HEAD", "")
    stage.write("outside/fleet.txt", E)
    # What the guard sees, and what the name would be with the variable in it.
    stage.write(f"rollouts/{way}", A)
    stage.write("rollouts/d/hunter2", A)
    (stage.folder / "rollouts/d/link").symlink_to("../../outside")
    stage.write("rollouts/one.yml", f'account: "{ONE}"\nupgrades:\n  - {{upgrade_id: {CANARY}, devices_file: "{way}", state: present}}\n')
    run = stage.run("plan", **({"thingspace_rollout_root": root} if root else {}))
    assert (run.code, stage.asked, E in run.text) == (2, [], False), run.text
    assert [(error["kind"], "has a $ in its path" in error["message"]) for error in stage.report["errors"]] == [("input", True)]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"strategy": "free"}, 0),
        ({"batch": 3}, 0),
        ({"broken": ["host1"]}, 2),
    ],
    ids=["free", "batches", "the first host is broken"],
)
def test_many_hosts_run_it_once(stage: Stage, variables: dict[str, t.Any], code: int) -> None:
    run = stage.run(PLAY, inventory=HOSTS, **variables)
    assert run.code == code, run.text
    assert (stage.count("login"), stage.count("logout")) == (1, 1)
    assert len(re.findall(r"^TASK \[thingspace\.fota\.rollout : Say what came of it\]", run.text, re.MULTILINE)) == 1
    assert stage.members == [{A, B}, {C}, {D}]
    assert run.text.count('"msg": "drift: True"') >= 1
    assert stage.report["upgrades"][0]["hosts"] == ["host2" if code else "host1"]


EXAMPLES = [ROOT / "docs" / "rollouts.md", ROOT / "roles" / "rollout" / "README.md"]


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.parent.name)
def test_the_playbooks_that_are_shown_run(stage: Stage, page: Path) -> None:
    (text,) = (block for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL) if "hosts:" in block)
    if "approved_plan" in text:
        stage.run("plan")
        stage.write("plan.json", json.dumps(stage.report))
    run = stage.run(text, inventory="localhost ansible_connection=local\n")
    assert run.code == 0, run.text
    assert stage.wrote is ("approved_plan" in text)
    assert stage.report["check_mode"] is not stage.wrote


def test_a_session_of_the_play_is_used_and_left_to_it(stage: Stage) -> None:
    book = """
- hosts: localhost
  gather_facts: false
  vars: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - ansible.builtin.include_role: {name: thingspace.fota.session}
    - ansible.builtin.include_role: {name: thingspace.fota.rollout}
    - ansible.builtin.debug:
        msg: "still open: {{ thingspace_session_token | length > 0 }}"
    - ansible.builtin.include_role: {name: thingspace.fota.rollout}
    - ansible.builtin.include_role: {name: thingspace.fota.session, tasks_from: logout}
"""
    run = stage.run(book)
    assert run.code == 0, run.text
    assert "still open: True" in run.text
    assert (stage.count("login"), stage.count("logout"), stage.report["drift"]) == (1, 1, False)


def test_tokens_of_the_caller_are_used_and_stay_open(stage: Stage) -> None:
    access, session = stage.sim.tokens()
    stage.write("tokens.json", json.dumps({"thingspace_access_token": access, "thingspace_session_token": session}))
    with pytest.raises(AssertionError, match="left open"):
        stage.run("apply", "-e", "@tokens.json")
    assert (stage.count("login"), stage.count("logout"), stage.members) == (0, 0, [{A, B}, {C}, {D}])
    assert stage.sim.service.auth.sessions


WITHIN = """
- hosts: fleet
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
        - ansible.builtin.set_fact:
            own: "{{ thingspace_session_token | hash('sha256') }}"
        - ansible.builtin.include_role:
            name: "thingspace.fota.{{ item }}"
          vars:
            # Another service, for which a session of its own is opened.
            thingspace_session_api_url: "{{ lookup('ansible.builtin.env', 'THINGSPACE_API_URL') | replace('127.0.0.1', 'localhost') }}"
            thingspace_report_account: "{{ account }}"
            thingspace_report_path: out/page.html
          loop: [rollout, report]
        - ansible.builtin.assert:
            that:
              - thingspace_session_token | hash('sha256') == own
              - hostvars.localhost.thingspace_session_token | hash('sha256') == own
        - thingspace.fota.upgrade_info:
            account: "{{ account }}"
            access_token: "{{ thingspace_access_token }}"
            session_token: "{{ thingspace_session_token }}"
      always:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
            tasks_from: logout
"""


def test_a_session_of_its_own_is_not_left_to_the_play(stage: Stage) -> None:
    """Else the next task sends the tokens of one user to the service of the other."""
    run = stage.run(WITHIN, "-e", json.dumps({"account": ONE}), inventory=HOSTS)
    assert run.code == 0, run.text
    assert (stage.count("login"), stage.count("logout")) == (2, 2)
