# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role report and its playbook in real runs of ansible-playbook, as talkative as can be and searched for secrets and devices."""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.page_reader import Page
from support.page_samples import EVIL
from support.run_playbook import HOSTS, Run, run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT, VERSION = "0402196254-00001", "2.0"
A, B, C, D = "990003425730535", "990000473475989", "990013907835573", "004401234567012"
BOOK = "- import_playbook: thingspace.fota.report\n"
ROLE = ROOT / "roles" / "report"
PAGES = [ROOT / "docs" / "report.md", ROLE / "README.md"]
# What the environment of CI may say, so that nothing of the machine's own does.
NOWHERE = {"GITHUB_RUN_ID": "", "GITHUB_SHA": "", "CI_JOB_ID": "", "CI_COMMIT_SHA": ""}


class Stage:
    """A simulator with an account that has attacks for names, and runs that are searched."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        sim.add_upgrade(devices=[A], rejected={B: EVIL[0]}, firmware_name=EVIL[5], firmware_to=VERSION, start_date="+7")
        sim.add_upgrade(devices=[C, D], firmware_to=VERSION, start_date="-20", end_date="-10", status="Finished")

    def run(self, *arguments: str, book: str = BOOK, password: str | None = None, inventory: str = "", account: str = ACCOUNT, **more: str) -> Run:
        who = self.sim.credentials
        secrets = {"APP_KEY": who.app_key, "APP_SECRET": who.app_secret, "USERNAME": who.username, "PASSWORD": password or who.password}
        environment = {f"THINGSPACE_{name}": value for name, value in {"API_URL": self.sim.api_url, "ACCOUNT": account, **secrets}.items()}
        run = run_playbook(self.folder, book, "-vvvv", "--diff", *arguments, inventory=inventory, **{**NOWHERE, **environment, **more})
        printed = run.text + (self.path.read_text(encoding="utf-8") if self.path.exists() else "")
        assert not [secret for secret in ("not-the-password", *self.sim.service.auth.secrets()) if secret in printed], run.text
        # Neither a log nor an event of AWX shall hold 100,000 devices.
        assert not [device for device in (A, B, C, D) if device in run.text], run.text
        assert not list(self.folder.rglob("evil"))
        assert not self.sim.writes
        assert "DEPRECATION" not in run.text
        return run

    @property
    def path(self) -> Path:
        return self.folder / "report.html"

    @property
    def page(self) -> str:
        read = Page(self.path.read_text(encoding="utf-8"))
        assert read.faults == []
        return read.text

    def asked(self, operation: str) -> int:
        return [record.operation for record in self.sim.requests].count(operation)


@pytest.fixture
def stage(sim: Simulator, tmp_path: Path) -> Stage:
    return Stage(sim, tmp_path)


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["run", "check"])
def test_the_page_is_written_in_check_mode_too(stage: Stage, arguments: list[str]) -> None:
    run = stage.run(*arguments)
    assert run.code == 0, run.text
    assert "changed=0 " in run.text
    assert (stage.asked("login"), stage.asked("logout"), stage.asked("by_status")) == (1, 1, 6)
    assert not stage.sim.service.auth.sessions
    assert stage.path.stat().st_mode & 0o777 == 0o600
    for words in (ACCOUNT, "2 things need attention", EVIL[0], EVIL[5], f"{B}", "ended, and 2 devices tell no outcome"):
        assert words in stage.page
    assert "job" not in stage.page.split("Generated")[1].split("thingspace.fota")[0]


@pytest.mark.parametrize("target", ["keys", "folder"])
def test_the_page_replaces_a_link_and_never_writes_through_it(stage: Stage, target: str) -> None:
    (stage.folder / "keys").write_text("keys", encoding="utf-8")
    (stage.folder / "folder").mkdir()
    link = stage.folder / "link.html"
    link.symlink_to(target)
    run = stage.run("-e", "thingspace_report_file=link.html")
    assert run.code == 0, run.text
    assert (link.is_symlink(), link.stat().st_mode & 0o777) == (False, 0o600)
    assert "things need attention" in Page(link.read_text(encoding="utf-8")).text
    assert (stage.folder / "keys").read_text(encoding="utf-8") == "keys"
    assert list((stage.folder / "folder").iterdir()) == []


@pytest.mark.parametrize("password", [None, "not-the-password"])
def test_a_page_that_cannot_be_written_is_told_beside_what_else_failed(stage: Stage, password: str | None) -> None:
    os.mkfifo(stage.folder / "pipe")
    run = stage.run("-e", "thingspace_report_file=pipe", password=password)
    assert run.code == 2
    said = run.text.split("Fail if the page could not be written")[1]
    assert "pipe cannot be written: it is neither a file nor a place for a new one." in said
    assert ("refuse" in said) is bool(password), said
    assert (stage.folder / "pipe").is_fifo()
    assert not stage.sim.service.auth.sessions


def test_options_say_where_what_and_how(stage: Stage) -> None:
    options: dict[str, t.Any] = {"file": "a folder/of mine/page.html", "mode": "0640", "title": "Gateways", "job": "cron", "commit": "mine"}
    options |= {"statuses": ["Finished"], "compare_firmware": True, "limit": 1, "account": ACCOUNT}
    stage.sim.load({"accounts": {ACCOUNT: {"devices": [{"imei": C, "firmware": VERSION}, {"imei": D, "firmware": "1.0"}]}}})
    stage.sim.add_upgrade(devices=[C, D], firmware_to=VERSION, start_date="-20", status="Finished")
    variables = {f"thingspace_report_{name}": value for name, value in options.items()}
    run = stage.run("-e", json.dumps(variables), account="", CI_JOB_ID="8", CI_COMMIT_SHA="4f2a9c4")
    assert run.code == 0, run.text
    path = stage.folder / "a folder" / "of mine" / "page.html"
    assert path.stat().st_mode & 0o777 == 0o640
    text = Page(path.read_text(encoding="utf-8")).text
    for words in ("Gateways", "UTC cron commit mine", "done 1 50 %", "no outcome told 1 50 %", "Only upgrades with the status Finished were read."):
        assert words in text
    assert (stage.asked("by_status"), stage.asked("devices")) == (1, 1)


JOBS: dict[str, tuple[dict[str, str], dict[str, t.Any], str]] = {
    "AWX": ({"CI_JOB_ID": "8"}, {"awx_job_id": 42, "tower_job_id": 43, "tower_project_revision": "4f2a9c1"}, "AWX job 42 commit 4f2a9c1"),
    "GitHub": ({"GITHUB_RUN_ID": "7", "GITHUB_SHA": "4f2a9c3"}, {}, "GitHub run 7 commit 4f2a9c3"),
    "GitLab": ({"CI_JOB_ID": "8", "CI_COMMIT_SHA": "4f2a9c4"}, {}, "GitLab job 8 commit 4f2a9c4"),
}


@pytest.mark.parametrize(("environment", "variables", "told"), JOBS.values(), ids=JOBS)
def test_the_page_knows_its_job(stage: Stage, environment: dict[str, str], variables: dict[str, t.Any], told: str) -> None:
    stage.run("-e", json.dumps(variables), **environment)
    assert f"UTC {told} thingspace.fota" in stage.page


def test_a_refused_login_is_told_in_place_of_the_page_of_yesterday(stage: Stage) -> None:
    stage.path.write_text("<p>all is well</p>", encoding="utf-8")
    run = stage.run(password="not-the-password")
    assert run.code == 2
    assert stage.asked("login") == 1
    assert "This report could not be made" in stage.page
    assert re.search(r"login|credential|password", stage.page, re.IGNORECASE)
    assert "all is well" not in stage.page


def test_an_account_that_yaml_made_a_number_of_is_refused_on_the_page_too(stage: Stage) -> None:
    assert stage.run("-e", '{"thingspace_report_account": 402196254}').code == 2
    assert "Account 402196254 " in stage.page
    assert "quotes" in stage.page


@pytest.mark.parametrize("what", ["reports", "devices"])
def test_a_read_that_fails_is_told_and_the_session_is_ended(stage: Stage, what: str) -> None:
    stage.sim.fault(f"GET /{what}", "status", times=None, status=400, body={"errorCode": "INVALID_PARAMETER", "errorMessage": "Inactive account"})
    run = stage.run("-e", "thingspace_report_compare_firmware=true")
    assert run.code == 2
    assert "Inactive account" in stage.page
    assert "Inactive account" in run.text
    assert not stage.sim.service.auth.sessions


def test_tokens_of_the_caller_are_used_and_stay_open(stage: Stage) -> None:
    access, session = stage.sim.tokens()
    run = stage.run(THINGSPACE_ACCESS_TOKEN=access, THINGSPACE_SESSION_TOKEN=session)
    assert run.code == 0, run.text
    assert (stage.asked("login"), stage.asked("logout"), len(stage.sim.service.auth.sessions)) == (0, 0, 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_playbooks_that_are_shown_run(stage: Stage, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    # What the role does, it does once for many hosts.
    book = block.replace("hosts: localhost", "hosts: fleet") if "thingspace.fota.report" in block else block
    run = stage.run(book=book, inventory=f"{HOSTS}\n[ungrouped]\nlocalhost ansible_connection=local\n")
    assert run.code == 0, run.text
    assert stage.asked("login") == 1
    assert not stage.sim.service.auth.sessions
    for link in re.findall(r"\]\(([^)#\s]+)\)", text):
        assert (page.parent / link).exists(), link


def test_every_option_is_told_with_its_default() -> None:
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    rows = dict(re.findall(r"^\| `(thingspace_\w+)` \| (.*?) ?\|", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE))
    assert rows.keys() == options.keys() >= defaults.keys()
    for name, default in defaults.items():
        assert options[name].get("default", default) == default
        if not isinstance(default, (list, bool)) and "{{" not in str(default):
            assert rows[name] == f"`{default}`"
