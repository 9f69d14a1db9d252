# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in real runs of ansible-playbook: who logs in and out how often, in every outcome. Everything is printed (-vvvv) and searched."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from pathlib import Path

import pytest
from support.run_playbook import Run, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

WRONG = "not-the-password"
TWO = "[fleet]\nhost[1:2] ansible_connection=local\n"
PLAY = """
- hosts: fleet
  gather_facts: false
  serial: "{{ batch | default(0) }}"
  order: "{{ batch_order | default('inventory') }}"
  tasks:
    - block:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
          when: inventory_hostname not in (idle | default([]))
        - ansible.builtin.assert:
            that:
              - thingspace_access_token | length > 0
              - thingspace_session_token == hostvars.localhost.thingspace_session_token
          when: inventory_hostname not in (idle | default([]))
        - ansible.builtin.fail:
            msg: the reason that must not be hidden
          when: inventory_hostname in (broken | default([]))
        - ansible.builtin.ping:
          when: ping | default(false)
      always:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
            tasks_from: logout
        - ansible.builtin.debug:
            msg: "left: {{ thingspace_session_token | default('') | length }}"
"""
LOGOUT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
        tasks_from: logout
"""


class Stage:
    """A simulator, a folder, and runs that are searched for secrets."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.api_url = sim.api_url
        who = sim.credentials
        self.environment = {
            "THINGSPACE_API_URL": sim.api_url,
            "THINGSPACE_APP_KEY": who.app_key,
            "THINGSPACE_APP_SECRET": who.app_secret,
            "THINGSPACE_USERNAME": who.username,
            "THINGSPACE_PASSWORD": who.password,
        }

    def run(self, playbook: str = PLAY, *arguments: str, inventory: str = TWO, **environment: str) -> Run:
        run = run_playbook(self.folder, playbook, "-vvvv", "--diff", *arguments, inventory=inventory, **{**self.environment, **environment})
        who = self.sim.credentials
        basic = base64.b64encode(f"{who.app_key}:{who.app_secret}".encode()).decode()
        secrets = [WRONG, basic, *self.sim.service.auth.secrets()]
        assert not [secret for secret in secrets if secret in run.text], run.text
        return run

    def count(self, operation: str) -> int:
        return sum(record.operation == operation for record in self.sim.requests)

    @property
    def sessions(self) -> tuple[int, int, int]:
        """Logins sent, logouts sent, sessions left open."""
        return self.count("login"), self.count("logout"), len(self.sim.service.auth.sessions)


@pytest.fixture
def stage(sim: Simulator, tmp_path: Path) -> Stage:
    return Stage(sim, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--check"], 0),
        (["-e", '{"broken": ["host2"]}'], 2),
        (["-e", '{"broken": ["host1", "host2"]}'], 2),
        # The only host of the last batch fails; then that of the first batch, after which no other comes.
        (["-e", '{"batch": 1, "broken": ["host2"]}'], 2),
        (["-e", '{"batch": 1, "broken": ["host1"]}'], 2),
        # Whatever the order of the batches, and though the last of them needs no session.
        (["-e", '{"batch": 1, "batch_order": "reverse_inventory"}'], 0),
        (["-e", '{"batch": 1, "idle": ["host2"]}'], 0),
    ],
)
def test_one_session_is_opened_and_ended(stage: Stage, arguments: list[str], code: int) -> None:
    run = stage.run(PLAY, *arguments)
    assert run.code == code, run.text
    assert stage.sessions == (1, 1, 0)
    assert "left: 0" in run.text
    assert ("the reason that must not be hidden" in run.text) is (code == 2)


def test_a_refused_login_is_one_login_and_shows_why(stage: Stage) -> None:
    run = stage.run(THINGSPACE_PASSWORD=WRONG)
    assert run.code == 2
    assert stage.sessions == (1, 0, 0)
    assert "UnifiedWebService.REQUEST_FAILED.Login.Invalid: The user name or password is not correct" in run.text
    assert run.text.count("five refusals in a row lock the user for good") >= 2


def test_a_login_whose_answer_was_lost_is_not_sent_again(stage: Stage) -> None:
    stage.sim.fault("POST /session/login", "drop_after")
    run = stage.run()
    assert run.code == 2
    assert stage.sessions == (1, 0, 1)  # a session that nobody knows
    assert "Whether the service carried it out is unknown" in run.text


def test_a_service_out_of_reach_is_told(stage: Stage) -> None:
    stage.sim.stop()
    run = stage.run(PLAY, "-e", "thingspace_session_retry_timeout=0")
    assert run.code == 2
    assert "Cannot reach http://127.0.0.1" in run.text


@pytest.mark.parametrize("broken", [[], ["host2"]])
def test_a_logout_that_fails_is_a_warning(stage: Stage, broken: list[str]) -> None:
    stage.sim.fault("POST /session/logout", "status", times=None, status=503)
    run = stage.run(PLAY, "-e", f'{{"broken": {broken}}}'.replace("'", '"'))
    assert run.code == (2 if broken else 0), run.text
    assert "[WARNING] The session could not be ended" in run.text
    assert "left: 0" in run.text
    assert ("the reason that must not be hidden" in run.text) is bool(broken)


def test_a_host_out_of_reach_does_not_keep_the_session_open(stage: Stage) -> None:
    inventory = "[fleet]\nhost1 ansible_connection=local\nhost2 ansible_host=127.0.0.1 ansible_port=1 ansible_connection=ssh\n"
    run = stage.run(PLAY, "-e", '{"ping": true}', inventory=inventory)
    assert run.code == 4, run.text
    assert stage.sessions == (1, 1, 0)


def test_later_plays_use_the_session_until_it_is_ended(stage: Stage) -> None:
    play = """
- hosts: {hosts}
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
    - ansible.builtin.uri:
        url: "{{{{ lookup('ansible.builtin.env', 'THINGSPACE_API_URL') }}}}/fota/v1/firmware/0402196254-00001"
        headers:
          Authorization: "Bearer {{{{ thingspace_access_token }}}}"
          VZ-M2M-Token: "{{{{ thingspace_session_token }}}}"
      no_log: true
"""
    # The second logout finds nothing, the third play finds the facts of a session that is over, and all that is left is ended.
    plays = [play.format(hosts="host1"), play.format(hosts="fleet"), LOGOUT, LOGOUT, play.format(hosts="fleet"), play.format(hosts="localhost"), LOGOUT]
    run = stage.run("".join(plays))
    assert run.code == 0, run.text
    assert stage.sessions == (2, 2, 0)
    assert {record.status for record in stage.sim.requests} == {200}


TWO_USERS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
      vars:
        thingspace_session_api_url: "{{ lookup('ansible.builtin.env', 'THINGSPACE_API_URL') | replace('127.0.0.1', item) }}"
      loop: [127.0.0.1, localhost]
    - &logout
      ansible.builtin.include_role:
        name: thingspace.fota.session
        tasks_from: logout
        apply: {timeout: 3}
    - ansible.builtin.include_role:
        name: thingspace.fota.session
    - ansible.builtin.uri:
        url: "{{ lookup('ansible.builtin.env', 'THINGSPACE_API_URL') | replace('/api', '/_simulator/clock') }}"
        method: POST
        body_format: json
        body: {advance: 3700}
      check_mode: false
    - *logout
"""


def test_one_logout_ends_every_session_and_tells_of_one_that_it_cannot_end(stage: Stage) -> None:
    """And the time that a task may take does not cut it off."""
    stage.sim.fault("POST /session/logout", "slow", seconds=4.0)
    run = stage.run(TWO_USERS)
    assert run.code == 0, run.text
    assert [record.status for record in stage.sim.requests if record.operation == "logout"] == [200, 200, 401]
    assert run.text.count("[WARNING] The session could not be ended: The access token has expired") == 1


def test_the_logout_alone_does_nothing(stage: Stage) -> None:
    assert stage.run(LOGOUT).code == 0
    assert stage.sim.requests == []


GIVEN = """
- hosts: host1
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
        - ansible.builtin.assert:
            that: (thingspace_access_token ~ ' ' ~ thingspace_session_token) | hash('sha256') == expected
          no_log: true
      always:
        - ansible.builtin.include_role:
            name: thingspace.fota.session
            tasks_from: logout
"""


@pytest.mark.parametrize("way", ["variables", "environment", "both"])
def test_the_tokens_of_the_caller_are_used_and_left_alone(stage: Stage, way: str) -> None:
    access_token, session_token = stage.sim.tokens()
    expected = hashlib.sha256(f"{access_token} {session_token}".encode()).hexdigest()
    variables = stage.folder / "variables.yml"
    given = f"expected: {expected}\n"
    if way != "environment":
        given += f"thingspace_access_token: {access_token}\n"
    if way == "variables":
        given += f"thingspace_session_token: {session_token}\n"
    variables.write_text(given)
    of_access = {"THINGSPACE_ACCESS_TOKEN": access_token} if way == "environment" else {}
    of_session = {"THINGSPACE_SESSION_TOKEN": session_token} if way != "variables" else {}
    run = stage.run(GIVEN, "-e", "@variables.yml", **of_access, **of_session)
    assert run.code == 0, run.text
    assert stage.sim.requests == []
    assert session_token in stage.sim.service.auth.sessions


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["-e", "thingspace_session_token=one-of-two"], {}, "The session token is given and the access token is not"),
        ([], {"THINGSPACE_ACCESS_TOKEN": "one-of-two"}, "The access token is given and the session token is not"),
        (["-e", "thingspace_access_token="], {}, "is an empty extra variable"),
        (["-e", '{"thingspace_access_token": null}'], {}, "is an empty extra variable"),
        (["-e", "thingspace_session_token=''"], {"THINGSPACE_ACCESS_TOKEN": "two", "THINGSPACE_SESSION_TOKEN": "two"}, "is an empty extra variable"),
    ],
)
def test_half_a_pair_and_empty_extra_variables_are_errors(stage: Stage, arguments: list[str], environment: dict[str, str], says: str) -> None:
    run = stage.run(PLAY, *arguments, **environment)
    assert run.code == 2
    assert says in run.text
    assert run.text.count("one-of-two") <= 1  # the command line, which ansible-core prints
    assert stage.sim.requests == []


EMPTY = """
- hosts: host1
  gather_facts: false
  vars:
    thingspace_access_token: ""
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
      vars:
        thingspace_access_token: ""
        thingspace_session_token: "  "
    - ansible.builtin.assert:
        that: thingspace_access_token | length > 0
"""


def test_other_empty_variables_count_as_not_given(stage: Stage) -> None:
    run = stage.run(EMPTY, inventory="host1 ansible_connection=local thingspace_access_token='' thingspace_session_token=''", THINGSPACE_ACCESS_TOKEN="")
    assert run.code == 0, run.text
    assert stage.sessions == (1, 0, 1)
