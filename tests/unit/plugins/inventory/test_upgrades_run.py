# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory in real runs of ansible-inventory and ansible-playbook: what it has in common with the rest of a run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible import constants
from ansible.parsing.vault import VaultLib, VaultSecret
from support.run_playbook import Run, environment_in, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
FIRST, SECOND = "60b5d639-ccdc-4db8-8824-069bd94c95bf", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
FILE = f'plugin: thingspace.fota.upgrades\naccount: "{ACCOUNT}"\n'
A, B = "990003425730535", "990000473475989"


@pytest.fixture
def seeded(sim: Simulator, tmp_path: Path) -> Simulator:
    """Two upgrades that differ in everything, and the file of an inventory."""
    sim.add_upgrade(account=ACCOUNT, upgrade_id=FIRST, firmware_name="Canary {{ 1 + 1 }}", start_date="2099-12-01", devices=[A])
    sim.add_upgrade(account=ACCOUNT, upgrade_id=SECOND, firmware_name="Fleet", start_date="2099-12-08", status="RequestPending", devices=[B])
    sim.misbehave(pending_reads=1000)
    (tmp_path / "fleet.thingspace.yml").write_text(FILE, encoding="utf-8")
    return sim


def environment(sim: Simulator, **more: str) -> dict[str, str]:
    who = sim.credentials
    known = {"api_url": sim.api_url, "app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {**{f"THINGSPACE_{option.upper()}": value for option, value in known.items()}, **more}


def ansible_inventory(folder: Path, *arguments: str, **variables: str) -> Run:
    command = [sys.executable, "-m", "ansible", "inventory", "-i", "fleet.thingspace.yml", *arguments]
    known = {**environment_in(folder), **variables}
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return Run(done.returncode, f"{done.stdout}\n{done.stderr}")


def leaked(sim: Simulator, text: str) -> list[str]:
    return [secret for secret in ["wrong-one", *sim.service.auth.secrets()] if secret in text]


def test_the_graph(seeded: Simulator, tmp_path: Path) -> None:
    done = ansible_inventory(tmp_path, "--graph", "-vvvv", **environment(seeded))
    assert done.code == 0, done.text
    for group, host in (("status_Queued", FIRST), ("status_RequestPending", SECOND), ("start_2099_12_01", FIRST), ("firmware_Fleet", SECOND)):
        assert f"|--@{group}:\n  |  |--{host}\n" in done.text
    assert leaked(seeded, done.text) == []
    assert len(seeded.logins) == 1
    assert not seeded.service.auth.sessions


def vaulted(value: str) -> str:
    secrets = [(constants.DEFAULT_VAULT_IDENTITY, VaultSecret(b"vault-password"))]
    cipher = VaultLib(secrets).encrypt(value.encode(), secrets[0][1]).decode()
    return "!vault |\n" + "".join(f"  {line}\n" for line in cipher.splitlines())


def test_the_list_is_plain_and_the_file_may_be_vaulted(seeded: Simulator, tmp_path: Path) -> None:
    """AWX reads it: where ansible-core marks a text as untrusted, AWX would see a dictionary."""
    (tmp_path / "vault").write_text("vault-password")
    text = f"{FILE}password: {vaulted(seeded.credentials.password)}"
    (tmp_path / "fleet.thingspace.yml").write_text(text, encoding="utf-8")
    arguments = ("--list", "--export", "--vault-password-file", "vault")
    done = ansible_inventory(tmp_path, *arguments, **environment(seeded, THINGSPACE_PASSWORD="wrong-one"))
    assert done.code == 0, done.text
    variables = json.loads(done.text[done.text.index("{") : done.text.rindex("}") + 1])["_meta"]["hostvars"]
    assert SECOND in variables, done.text
    assert variables[SECOND] == {
        "account": ACCOUNT,
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "device_count": 1,
        "devices_by_status": {"RequestPending": 1},
        "end_date": None,
        "firmware_name": "Fleet",
        "firmware_to": variables[SECOND]["firmware_to"],
        "start_date": "2099-12-08",
        "status": "RequestPending",
        "upgrade_id": SECOND,
    }
    assert variables[FIRST]["firmware_name"] == {"__ansible_unsafe": "Canary {{ 1 + 1 }}"}
    assert len(seeded.logins) == 1


PLAY = """
- hosts: {hosts}
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: thingspace.fota.session
    - thingspace.fota.upgrade_devices:
        account: "{{{{ account }}}}"
        access_token: "{{{{ thingspace_access_token }}}}"
        session_token: "{{{{ thingspace_session_token }}}}"
        upgrade_id: "{{{{ upgrade_id }}}}"
        devices: ["{{{{ '004401234567012' if status == 'Queued' else '004401234567020' }}}}"]
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.meta: refresh_inventory
    - ansible.builtin.assert:
        that: hostvars['{first}'].device_count == {count}
    - ansible.builtin.include_role:
        name: thingspace.fota.session
        tasks_from: logout
"""


@pytest.mark.parametrize(("arguments", "changed"), [((), {FIRST, SECOND}), (("--limit", "status_Queued:localhost"), {FIRST})])
def test_a_playbook_works_on_the_hosts(seeded: Simulator, tmp_path: Path, arguments: tuple[str, ...], changed: set[str]) -> None:
    """The inventory has a login of its own, since no task has one yet; when it is read again it uses the one of the tasks."""
    play = PLAY.format(hosts="thingspace_upgrades", first=FIRST, count=2)
    done = run_playbook(
        tmp_path, play, "-i", "fleet.thingspace.yml", "-vvvv", *arguments, inventory="localhost ansible_connection=local\n", **environment(seeded)
    )
    assert done.code == 0, done.text
    assert {upgrade for upgrade in (FIRST, SECOND) if len(seeded.members(upgrade)) == 2} == changed
    assert leaked(seeded, done.text) == []
    operations = [record.operation for record in seeded.requests]
    assert [name for name in operations if name in ("login", "logout")] == ["login", "logout", "login", "logout"]
    assert operations[-4:-1] == ["by_status"] * 3
    assert not seeded.service.auth.sessions


REFUSED = """
- hosts: localhost
  gather_facts: false
  tasks:
    - thingspace.fota.session:
      register: login
      ignore_errors: true
    - ansible.builtin.meta: refresh_inventory
    - ansible.builtin.assert:
        that:
          - login.error.kind == 'login'
          - login.requests == {requests}
          - groups.all | length == 1
"""


@pytest.mark.parametrize("inventories_first", [True, False])
def test_a_refused_login_is_sent_once_whoever_asks(seeded: Simulator, tmp_path: Path, inventories_first: bool) -> None:
    (tmp_path / "again.thingspace.yml").write_text(FILE, encoding="utf-8")
    sources = ("-i", "fleet.thingspace.yml", "-i", "again.thingspace.yml") if inventories_first else ("-i", "later")
    play = REFUSED.format(requests=0 if inventories_first else 2)
    if not inventories_first:
        (tmp_path / "later").mkdir()
        copy = "    - ansible.builtin.copy: {src: fleet.thingspace.yml, dest: later/fleet.thingspace.yml, mode: '0600'}\n"
        play = play.replace("    - ansible.builtin.meta", f"{copy}    - ansible.builtin.meta")
    done = run_playbook(
        tmp_path, play, *sources, "-vvvv", **environment(seeded, THINGSPACE_PASSWORD="wrong-one"), inventory="localhost ansible_connection=local\n"
    )
    assert done.code == 0, done.text
    assert len(seeded.logins) == 1
    assert leaked(seeded, done.text) == []
    assert re.sub(r"\s+", " ", done.text).count("refused the login of") >= (3 if inventories_first else 2)


def test_what_ansible_shows_of_a_bad_file_holds_no_secret(seeded: Simulator, tmp_path: Path) -> None:
    for line in ("timeout: soon", "status: [Hush]", "stats: [Queued]", "hostname: nothing"):
        (tmp_path / "fleet.thingspace.yml").write_text(f"{FILE}{line}\npassword: wrong-one\n", encoding="utf-8")
        done = ansible_inventory(tmp_path, "--graph", "-vvvv", **environment(seeded))
        assert "Failed to parse" in done.text
        assert leaked(seeded, done.text) == []
        (tmp_path / "fleet.thingspace.yml").write_text(f"{FILE}password: wrong-one\n{line}\n", encoding="utf-8")
        done = ansible_inventory(tmp_path, "--graph", "-vvvv", **environment(seeded))
        assert leaked(seeded, done.text) == []
