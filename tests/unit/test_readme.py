# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README, guide and the other pages show, run and looked up.

Every fenced YAML block is run against the simulator: a playbook as it is, tasks in a play that has tokens. The line above a
block may say otherwise, for readers too: `<!-- not run: REASON -->`, `<!-- fails: KIND -->`, `<!-- run: OPTIONS -->`.
"""

from __future__ import annotations

import re
import shutil
import typing as t
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.run_playbook import run_playbook
from thingspace_simulator import Simulator

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/README.md", "docs/guide.md", "docs/sample/README.md")]
TUTORIAL = ROOT / "docs" / "tutorial.md"  # test_tutorial.py runs it, as one story
SAMPLE = ROOT / "docs" / "sample"
BLOCK = re.compile(r"(?:^<!-- (?P<mark>not run|fails|run): (?P<word>[^\n]+) -->\n)?^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CANARY, WAVE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
INVENTORY = f"""[all:vars]
ansible_connection=local
ansible_python_interpreter="{{{{ ansible_playbook_python }}}}"
[upgrades]
canary upgrade_id={CANARY} devices_file=rollouts/waves/canary.csv
wave-1 upgrade_id={WAVE} devices_file=rollouts/waves/wave-1.csv
[control]
localhost
"""
# Where tasks stand alone, the text around them speaks of the play that they are in.
PLAY = """
- name: Example
  hosts: localhost
  gather_facts: false
  tasks:
"""


class Example(t.NamedTuple):
    place: str
    text: str
    mark: str
    word: str


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        for block in BLOCK.finditer(text):
            if block["kind"] == "yaml":
                line = text.count("\n", 0, block.start("text"))
                found.append(Example(f"{page.relative_to(ROOT)}:{line}", block["text"], block["mark"] or "", block["word"] or ""))
    return found


def as_playbook(text: str) -> str:
    first = yaml.safe_load(text)[0]
    return text if "hosts" in first else PLAY + "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


@pytest.fixture
def seeded(sim: Simulator) -> Simulator:
    """The upgrades of the sample, partly with other devices; one device that is always refused."""
    sim.add_upgrade(upgrade_id=CANARY, devices=["004401237001017", "004401237001082", "004401237001157", "990000473475989"])
    sim.add_upgrade(upgrade_id=WAVE, devices=["990003425730535"])
    sim.refuse(["990013907835573"])
    return sim


def secrets(sim: Simulator) -> dict[str, str]:
    who = sim.credentials
    return {
        "THINGSPACE_API_URL": sim.api_url,
        "THINGSPACE_APP_KEY": who.app_key,
        "THINGSPACE_APP_SECRET": who.app_secret,
        "THINGSPACE_USERNAME": who.username,
        "THINGSPACE_PASSWORD": who.password,
    }


def tokens(sim: Simulator) -> dict[str, str]:
    access, session = sim.tokens()
    return {
        "THINGSPACE_API_URL": sim.api_url,
        "THINGSPACE_ACCOUNT": "0402196254-00001",
        "THINGSPACE_ACCESS_TOKEN": access,
        "THINGSPACE_SESSION_TOKEN": session,
    }


@pytest.mark.parametrize("example", [example for example in examples() if example.mark != "not run"], ids=lambda example: example.place)
def test_examples_run(seeded: Simulator, tmp_path: Path, example: Example) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    playbook = as_playbook(example.text)
    alone = playbook != example.text
    options = example.word.split() if example.mark == "run" else []
    run = run_playbook(tmp_path, playbook, *options, inventory=INVENTORY, **(tokens if alone else secrets)(seeded))
    if example.mark == "fails":
        assert run.code == 2, run.text
        assert f"kind: {example.word}" in run.text
        assert not seeded.writes
        return
    assert run.code == 0, run.text
    assert "DEPRECATION" not in run.text
    if "--check" in options:
        assert not seeded.writes
    if not alone:
        assert not seeded.service.auth.sessions, "a session was left open"


@pytest.mark.parametrize("page", [*PAGES, TUTORIAL], ids=lambda page: page.name)
def test_links_and_targets_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, dummy, anchor = link.partition("#")
        assert "://" in link or (page.parent / path).exists(), f"{page.name} links to {link}"
        if anchor and not path:
            titles = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
            assert anchor in titles
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)


def test_what_is_not_run_says_why_and_is_rare() -> None:
    assert len([example for example in examples() if example.mark == "not run"]) <= 2


def test_the_readme_lists_what_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__"}
    roles = {path.parent.parent.name for path in (ROOT / "roles").glob("*/tasks/main.yml")}
    told = set(re.findall(r"^\| `([a-z_]+)` \| (module|role)", text, re.MULTILINE))
    assert told == {(name, "module") for name in modules} | {(name, "role") for name in roles}


def test_the_guide_lists_all_kinds_of_errors() -> None:
    from ansible_collections.thingspace.fota.plugins.module_utils._errors import Kind

    section = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8").split("\n## All kinds of errors\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == list(t.get_args(Kind))


def test_the_last_play_logs_out_even_if_all_upgrades_fail(sim: Simulator, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    (example,) = (example for example in examples() if "strategy: free" in example.text)
    run = run_playbook(tmp_path, example.text, inventory=INVENTORY, **secrets(sim))
    assert run.code == 2, run.text
    assert run.text.count("kind") >= 2, run.text
    assert len(sim.logins) == 1
    assert not sim.service.auth.sessions
