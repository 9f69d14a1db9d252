# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device files on their way from the controller to the module, in real runs of ansible-playbook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from support.run_playbook import run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

A, B = "004401234567012", "990000473475989"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - thingspace.fota.upgrade_devices:
        account: "%(account)s"
        upgrade_id: %(upgrade_id)s
        devices_file: %(file)s
        imei_check: none
      register: result
    - ansible.builtin.debug: {var: result}
"""


def run(sim: Simulator, folder: Path, file: str, *arguments: str, **environment: str) -> tuple[set[str], str]:
    """Run the task for one file; the members afterwards, and everything that was printed."""
    upgrade = sim.add_upgrade()
    access, session = sim.tokens()
    tokens = {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}
    playbook = PLAYBOOK % {"account": upgrade.account, "upgrade_id": upgrade.id, "file": file}
    done = run_playbook(folder, playbook, "-vvvv", *arguments, inventory="localhost ansible_connection=local\n", **tokens, **environment)
    for secret in (access, session):
        assert secret not in done.text
    return sim.members(upgrade.id), done.text


def test_an_encrypted_file_is_decrypted_and_cleaned_away(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not-a-secret\n")
    (tmp_path / "files").mkdir()
    vaulted = tmp_path / "files" / "wave.csv"
    vaulted.write_text(f"imei\n{A}\n{B}\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(tmp_path / "key"), str(vaulted)]
    subprocess.run(command, check=True, capture_output=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert A not in vaulted.read_text()
    members, text = run(sim, tmp_path, "wave.csv", "--vault-password-file", "key")
    assert members == {A, B}, text
    left = [path for path in (tmp_path / "ansible").rglob("*") if path.is_file() and A.encode() in path.read_bytes()]
    assert left == []
    members, text = run(sim, tmp_path, "wave.csv")
    assert members == set()
    assert "vault" in text.lower()


def test_a_list_never_travels_as_a_list(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "wave.yml").write_text(f"- '{A}'\n- '{B}'\n- '{A}'\n")
    members, text = run(sim, tmp_path, "wave.yml")
    assert members == {A, B}, text
    result = json.loads(text[text.index('"result": {') + len('"result": ') : text.index("\n}\n", text.index('"result": {'))].rsplit("}", 1)[0] + "}")
    assert result["duplicates"] == [A]
    assert "devices-0.txt" in text
    assert result["requests"] == 3


def test_a_file_that_several_upgrades_name_is_sent_once(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "wave.yml").write_text(f"- '{A}'\n- '{B}'\n")
    (tmp_path / "link.yml").symlink_to("wave.yml")
    upgrades = [{"upgrade_id": sim.add_upgrade(devices=[A]).id, "devices_file": file, "state": "absent"} for file in ("wave.yml", "./wave.yml", "link.yml")]
    access, session = sim.tokens()
    tokens = {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}
    options = {"account": "0402196254-00001", "upgrades": upgrades, "max_removal_percent": 100}
    tasks = [{"thingspace.fota.rollout": options, "check_mode": True, "register": "result"}, {"ansible.builtin.debug": {"var": "result.removed_count"}}]
    playbook = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    done = run_playbook(tmp_path, playbook, "-vvvv", inventory="localhost ansible_connection=local\n", **tokens)
    assert done.code == 0, done.text
    assert '"result.removed_count": "3"' in done.text.replace(": 3", ': "3"')
    assert set(re.findall(r"devices-\d+\.txt", done.text)) == {"devices-0.txt"}


@pytest.mark.parametrize(
    ("name", "content", "line"), [("wave.yml", f"- '{A}'\n- {A}\n", 2), ("wave.csv", f"imei\n{A}\n9.9E+14\n", 3), ("wave.json", "[\n\n1]", 3)]
)
def test_the_users_file_is_named_whatever_reads_it(sim: Simulator, tmp_path: Path, name: str, content: str, line: int) -> None:
    (tmp_path / name).write_text(content)
    members, text = run(sim, tmp_path, name)
    assert members == set()
    assert f"{tmp_path / name} line {line}" in text
    assert '"kind": "input"' in text
    assert "unchanged_count" in text
    assert "Traceback" not in text


def test_async_and_an_upgrade_that_is_yet_to_be_scheduled(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "wave.yml").write_text(f"- '{A}'\n")
    upgrade = sim.add_upgrade()
    access, session = sim.tokens()
    tokens = {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}
    tasks = PLAYBOOK % {"account": upgrade.account, "upgrade_id": upgrade.id, "file": "wave.yml"}
    tasks = tasks.replace("      register", "      async: 60\n      poll: 1\n      register").replace("- ansible.builtin.debug: {var: result}", "")
    planned = (PLAYBOOK % {"account": upgrade.account, "upgrade_id": "null", "file": "wave.yml"}).partition("  tasks:\n")[2]
    planned = planned.replace("      register", "      check_mode: true\n      register")
    done = run_playbook(tmp_path, tasks + planned, inventory="localhost ansible_connection=local\n", ANSIBLE_ASYNC_DIR=str(tmp_path / "async"), **tokens)
    assert done.code == 0, done.text
    assert sim.members(upgrade.id) == {A}
    assert "1 added, 0 removed" in done.text


NOTHING_SENT = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/thingspace.fota.api: {account: "%(account)s"}
  tasks:
    - thingspace.fota.upgrade_devices:
        upgrade_id: %(upgrade_id)s
        devices_file: wave.csv
        imei_check: none
    - thingspace.fota.upgrade_info:
    - thingspace.fota.firmware_info:
    - thingspace.fota.session:
"""


def test_where_no_file_is_sent_the_host_gets_none(sim: Simulator, tmp_path: Path) -> None:
    """Neither a temporary folder, nor in it a module with its tokens."""
    (tmp_path / "wave.csv").write_text(f"imei\n{A}\n")
    upgrade, (access, session), who = sim.add_upgrade(), sim.tokens(), sim.credentials
    tokens = {"THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session, "THINGSPACE_API_URL": sim.api_url}
    login = {f"THINGSPACE_{name.upper()}": getattr(who, name) for name in ("app_key", "app_secret", "username", "password")}
    playbook = NOTHING_SENT % {"account": upgrade.account, "upgrade_id": upgrade.id}
    done = run_playbook(tmp_path, playbook, inventory="localhost ansible_connection=local\n", **tokens, **login)
    assert done.code == 0, done.text
    assert sim.members(upgrade.id) == {A}
    assert not (tmp_path / "ansible" / "remote").exists()
