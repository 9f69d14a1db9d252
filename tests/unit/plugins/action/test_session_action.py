# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller half in real runs: one login for all processes of a run, and nothing of it left behind or printed."""

from __future__ import annotations

import base64
import os
import signal
import typing as t
from pathlib import Path

import pytest
from support.run_playbook import HOSTS, Run, Running, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator


def run(sim: Simulator, folder: Path, playbook: str, *arguments: str, inventory: str = HOSTS, **environment: str) -> Run:
    """Run a playbook with -vvvv and see that no secret was printed and nothing was left."""
    done = run_playbook(folder, playbook, "-vvvv", *arguments, inventory=inventory, **{**credentials(sim), **environment})
    basic = base64.b64encode(f"{sim.credentials.app_key}:{sim.credentials.app_secret}".encode()).decode()
    assert not [secret for secret in [basic, "wrong-one", *sim.service.auth.secrets()] if secret in done.text], done.text
    assert list((folder / "ansible" / "tmp").iterdir()) == []
    return done


def credentials(sim: Simulator) -> dict[str, str]:
    who = sim.credentials
    given = {"api_url": sim.api_url, "app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {f"THINGSPACE_{option.upper()}": value for option, value in given.items()}


EIGHT_WRONG = """
- hosts: fleet
  gather_facts: false
  strategy: free
  tasks:
    - thingspace.fota.session:
        # Eight hosts, eight passwords: the service counts refusals for the user.
        password: "wrong-one-{{ inventory_hostname }}"
      register: login
      ignore_errors: true
    - ansible.builtin.assert:
        that:
          - login is failed
          - login.error.kind == "login"
          - login.error.code == "UnifiedWebService.REQUEST_FAILED.Login.Invalid"
          - "'The user name or password is not correct' in login.msg"
          - login.requests in [0, 2]
          - (login.requests == 0) == ('no request was made' in login.msg)
"""


def test_eight_hosts_with_a_wrong_password_make_one_login(sim: Simulator, tmp_path: Path) -> None:
    done = run(sim, tmp_path, EIGHT_WRONG, "--forks", "8")
    assert done.code == 0, done.text
    assert len(sim.logins) == 1
    assert len(sim.requests) == 2


EIGHT_RIGHT = """
- hosts: fleet
  gather_facts: false
  strategy: free
  tasks:
    - thingspace.fota.session:
      register: login
    - ansible.builtin.assert:
        that:
          - login is not changed
          - login.requests in [0, 2]
          - login.expires_in > 3000
          - login.session_token | length == 36
- hosts: localhost
  gather_facts: false
  tasks:
    # The same user under another name of the same service is the same login.
    - thingspace.fota.session:
        api_url: "{{ lookup('ansible.builtin.env', 'THINGSPACE_API_URL') }}/"
      register: login
    - ansible.builtin.assert:
        that:
          - login.requests == 0
          - login.session_token == hostvars.host1.login.session_token
    - thingspace.fota.session:
        state: absent
        access_token: "{{ login.access_token }}"
        session_token: "{{ login.session_token }}"
      register: logout
      loop: [1, 2]
    - ansible.builtin.assert:
        that: (logout.results | map(attribute='requests') | list) == [1, 0]
    - thingspace.fota.session:
      register: again
    - ansible.builtin.assert:
        that:
          - again.requests == 2
          - again.session_token != login.session_token
"""


def test_eight_hosts_share_one_session_until_it_is_ended(sim: Simulator, tmp_path: Path) -> None:
    done = run(sim, tmp_path, EIGHT_RIGHT, "--forks", "8", "--check")
    assert done.code == 0, done.text
    assert len(sim.logins) == 2
    assert len(sim.requests) == 5


KILLED = """
- hosts: fleet
  gather_facts: false
  tasks:
    - thingspace.fota.session:
      timeout: 600
      ignore_errors: true
    - thingspace.fota.session:
      register: login
      ignore_errors: true
    - ansible.builtin.assert:
        that:
          - login is failed
          - login.requests == 0
          - "'ended without an outcome' in login.msg"
          - login.error.kind == 'unreachable'
"""


def test_a_killed_login_is_not_sent_again(sim: Simulator, tmp_path: Path) -> None:
    held = sim.fault("POST /session/login", "hold", applied=True)
    with Running(tmp_path, KILLED, inventory="[fleet]\nhost1 ansible_connection=local\n", **credentials(sim)) as running:
        held.reached()
        # As its timeout would do it, but not before the login is on its way.
        os.kill(running.workers()[0], signal.SIGALRM)
        done = running.wait()
    assert done.code == 0, done.text
    assert len(sim.logins) == 1


BARE = """
- hosts: away, bare
  gather_facts: false
  tasks:
    - thingspace.fota.session:
      ignore_errors: true
      ignore_unreachable: true
- hosts: host1
  gather_facts: false
  tasks:
    - thingspace.fota.session:
        username: "{{ item }}"
      loop: ["{{ lookup('ansible.builtin.env', 'THINGSPACE_USERNAME') }}"]
      register: login
    - ansible.builtin.assert:
        that:
          - login.results[0].requests == 2
          - login.results[0].session_token | length == 36
"""


def test_a_host_that_cannot_run_the_module_does_not_use_up_the_login(sim: Simulator, tmp_path: Path) -> None:
    """Nor does the result of a loop show tokens, which this callback prints as a whole."""
    inventory = (
        "host1 ansible_connection=local\nbare ansible_connection=local ansible_python_interpreter=/nowhere/python\naway ansible_host=127.0.0.1 ansible_port=1\n"
    )
    done = run(sim, tmp_path, BARE, "--forks", "1", inventory=inventory, ANSIBLE_STDOUT_CALLBACK="minimal")
    assert done.code == 0, done.text
    assert len(sim.logins) == 1


ODD = """
- hosts: localhost
  gather_facts: false
  environment:
    THINGSPACE_PASSWORD: "{{ lookup('ansible.builtin.file', 'password') }}"
    THINGSPACE_API_URL: "{{ api_url }}"
    OTHER: kept
  tasks:
    - thingspace.fota.session:
      async: 10
      poll: 1
      register: asynchronous
      ignore_errors: true
    - thingspace.fota.session:
        password: 12345678
      register: number
      ignore_errors: true
    - thingspace.fota.session:
        access_token: "{{ 'wrong-one' }}"
      register: token
      ignore_errors: true
    - thingspace.fota.session:
        state: absent
      register: absent
      ignore_errors: true
    - ansible.builtin.assert:
        that:
          - asynchronous.error.kind == 'input'
          - "'async' in asynchronous.msg"
          - number.error.kind == 'input'
          - "'a number' in number.msg"
          - token.error.kind == 'input'
          - absent.error.kind == 'access_token'
    - thingspace.fota.session:
      register: login
    - thingspace.fota.session:
        state: absent
        access_token: "{{ login.access_token }}"
        session_token: "{{ login.session_token }}"
      register: logout
    - ansible.builtin.assert:
        that:
          - login.requests == 2
          - login.api_url == api_url
          - logout.msg == "The session is ended."
"""


def test_what_sends_nothing_is_forgotten_and_what_the_playbook_sets_counts(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(sim.credentials.password)
    done = run(sim, tmp_path, ODD, "-e", f"api_url={sim.api_url}", THINGSPACE_PASSWORD="wrong-one", THINGSPACE_API_URL="http://127.0.0.1:9")
    assert done.code == 0, done.text
    assert len(sim.requests) == 3
    assert "OTHER=kept" in done.text
    assert "password is a number and not a string" in done.text


@pytest.mark.parametrize("value", ["vaulted", "12345678"])
def test_a_password_in_a_variable(sim: Simulator, tmp_path: Path, value: str) -> None:
    """Through the role, whose options are checked by ansible-core first: vaulted text works, and a number is refused without being shown."""
    if value == "vaulted":
        from ansible.constants import DEFAULT_VAULT_IDENTITY
        from ansible.parsing.vault import VaultLib, VaultSecret

        secret = VaultSecret(b"vault-password")
        cipher = VaultLib([(DEFAULT_VAULT_IDENTITY, secret)]).encrypt(sim.credentials.password.encode(), secret).decode()
        value = "!vault |\n" + "".join(f"      {line}\n" for line in cipher.splitlines())
    (tmp_path / "vault").write_text("vault-password")
    playbook = f"""
- hosts: localhost
  gather_facts: false
  vars:
    thingspace_session_password: {value}
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
    - thingspace.fota.session:
        password: {value.replace("      ", "          ")}
"""
    done = run(sim, tmp_path, playbook, "--vault-password-file", "vault", THINGSPACE_PASSWORD="")
    if value == "12345678":
        assert done.code == 2
        assert "not a string but a number or a boolean: thingspace_session_password" in done.text.lower()
        assert "12345678" not in done.text
        assert sim.requests == []
    else:
        assert done.code == 0, done.text
        assert len(sim.logins) == 1
