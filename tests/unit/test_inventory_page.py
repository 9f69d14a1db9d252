# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/inventory.md: its files are read, its playbook is run, its graph is what comes out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.run_playbook import environment_in, run_playbook
from test_readme import CANARY, SAMPLE, WAVE, secrets

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

FILE = ROOT / "docs" / "inventory.md"
PAGE = FILE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
INVENTORIES = [block for block in BLOCKS if block.startswith("plugin:")]
(PLAYBOOK,) = [block for block in BLOCKS if block.startswith("- name:")]
COMMANDS = [line.split() for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def seeded(sim: Simulator, tmp_path: Path) -> Simulator:
    """The upgrades of the page, and the files of the sample repository."""
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    firmware = {"account": "0402196254-00001", "firmware_name": "GM01Q_SR1.2.0.0-10657"}
    sim.add_upgrade(**firmware, upgrade_id=CANARY, start_date="2099-12-01", devices=["004401237001017", "004401237001082"])
    sim.add_upgrade(**firmware, upgrade_id=WAVE, start_date="2099-12-08", devices=["990003425730535"])
    return sim


def test_every_block_is_known() -> None:
    assert len(BLOCKS) == len(INVENTORIES) + 1 == 4
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("number", range(len(INVENTORIES)))
def test_the_files_are_read(seeded: Simulator, tmp_path: Path, number: int) -> None:
    (tmp_path / "fleet.thingspace.yml").write_text(INVENTORIES[number], encoding="utf-8")
    known = {**environment_in(tmp_path), **secrets(seeded), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    command = [sys.executable, "-m", "ansible", COMMANDS[0][0].removeprefix("ansible-"), *COMMANDS[0][1:]]
    for _again in range(2):
        done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
    if number == 0:
        (graph,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        assert done.stdout == graph
    assert len(seeded.logins) == (1 if "cache: true" in INVENTORIES[number] else 2)


@pytest.mark.parametrize("command", COMMANDS[1:], ids=" ".join)
def test_the_playbook_works_on_the_hosts(seeded: Simulator, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "fleet.thingspace.yml").write_text(INVENTORIES[1], encoding="utf-8")
    assert command[0] == "ansible-playbook"
    done = run_playbook(tmp_path, PLAYBOOK, *command[1:-1], inventory="localhost ansible_connection=local\n", **secrets(seeded))
    assert done.code == 0, done.text
    limited = "--limit" in command
    assert {record.path.rsplit("/", 1)[1] for record in seeded.writes} == ({CANARY} if limited else {CANARY, WAVE})
    assert not seeded.service.auth.sessions


def test_links_lead_somewhere_and_lead_here() -> None:
    titles = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)]
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGE):
        path, _mark, anchor = link.partition("#")
        assert (FILE.parent / path).exists() if path else anchor in titles, link
    for page in ("README.md", "docs/README.md"):
        assert "inventory.md)" in (ROOT / page).read_text(encoding="utf-8"), page
