# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we write is for its owner alone: reports list devices, the login book holds tokens. By enumeration of what writes files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import lease as lease_of_a_module
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report import report_file as plan_files
from ansible_collections.thingspace.fota.plugins.plugin_utils._session import login_book
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import state as watch_state
from support.checkout import ROOT

SIMULATOR = ROOT / "roles" / "simulator" / "files"
# A test below, or elsewhere, is for each of these. What it writes: locks, leases, reports, the state of the event source, notes of the simulator.
WRITERS = {
    "plugins/module_utils/_stop.py",  # opens a lease to lock it: over NFS that takes leave to write
    *(f"plugins/plugin_utils/{name}.py" for name in ("_files", "_action/lease", "_lock", "_plan_report/report_file")),
    *(f"roles/simulator/files/thingspace_simulator/{name}.py" for name in ("__main__", "background")),
}
WRITING = re.compile(
    r"\.write_(text|bytes)\(|\bopen\([^)]*[\"']([wax]b?\+?|rb?\+)[\"']|os\.open\([^)]*O_(CREAT|WRONLY|RDWR)|mkstemp|NamedTemporaryFile|copyfile|shutil\."
)


@pytest.fixture
def lenient() -> t.Iterator[None]:
    """A umask that takes nothing away, so that a mode is what was asked for."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}


def test_no_other_code_writes_files() -> None:
    places = [path for folder in ("plugins", "extensions", "roles") for path in (ROOT / folder).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in places if WRITING.search(path.read_text(encoding="utf-8"))} == WRITERS


def test_no_task_of_a_role_or_playbook_writes_for_others() -> None:
    found: list[tuple[str, object]] = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            for name, options in value.items():
                if name in ("ansible.builtin.copy", "ansible.builtin.template", "ansible.builtin.file", "ansible.builtin.lineinfile"):
                    # Folders may be looked into; what lies in them is for its owner.
                    folder = options.get("state") == "directory"
                    absent = options.get("state") == "absent"
                    assert absent or folder or str(options.get("mode")) in ("0600", "preserve", "{{ thingspace_report_mode }}"), options
                    found.append((name, options))
                look(options)
        elif isinstance(value, list):
            for item in value:
                look(item)

    for folder in ("roles", "playbooks"):
        for path in (ROOT / folder).rglob("*.yml"):
            look(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert len(found) >= 5
    assert yaml.safe_load((ROOT / "roles/report/defaults/main.yml").read_text(encoding="utf-8"))["thingspace_report_mode"] == "0600"


def test_a_report_of_the_callback_plugin(tmp_path: Path, lenient: None) -> None:
    for path in (tmp_path / "new.md", tmp_path / "deeper" / "plan.json", tmp_path / "old.md"):
        if path.name == "old.md":
            path.write_text("old", encoding="utf-8")
            path.chmod(0o644)
        plan_files.write(path, "990003425730535")
        assert path.read_text(encoding="utf-8") == "990003425730535"
    assert modes(tmp_path) == {"new.md": 0o600, "plan.json": 0o600, "old.md": 0o600}


def test_the_login_book_where_it_is_a_file(tmp_path: Path, lenient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_book, "_MEMORY", None)
    with login_book.hold(tmp_path) as held:
        held.write(held.read())
    assert modes(tmp_path) == {"thingspace_fota_logins.json": 0o600, "thingspace_fota_logins.lock": 0o600}


def test_a_lease(tmp_path: Path, lenient: None) -> None:
    lease = lease_of_a_module.Lease(tmp_path, "schedule")
    assert modes(tmp_path) == {lease.path.name: 0o600}


def test_the_state_of_the_event_source(tmp_path: Path, lenient: None) -> None:
    state = watch_state.StateFile(str(tmp_path / "state.json"), "0402196254-00001")
    assert state.load() is None
    state.keep(watch_state.fresh())
    state.close()
    assert modes(tmp_path) == {"state.json": 0o600, ".state.json.lock": 0o600}


def test_what_the_simulator_notes(tmp_path: Path, lenient: None) -> None:
    folder = tmp_path / "simulator"
    folder.mkdir(0o755)
    command = [sys.executable, "-B", "-m", "thingspace_simulator.background"]
    environment = {**os.environ, "PYTHONPATH": str(SIMULATOR)}
    try:
        subprocess.run([*command, "start", str(folder)], env=environment, check=True, capture_output=True)
        found = modes(folder)
    finally:
        subprocess.run([*command, "stop", str(folder)], env=environment, check=True, capture_output=True)
    assert {"simulator.json", "simulator.log", "lock", "port"} <= found.keys()
    assert set(found.values()) == {0o600}
