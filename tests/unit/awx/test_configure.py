# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that configures an AWX: every option, type and choice as `awx.awx` has them, and nothing named that was not made before."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from support import fake_awx
from support.checkout import ROOT
from support.run_playbook import environment_in

SAMPLE = ROOT / "docs" / "sample"
SECRETS = {
    "THINGSPACE_APP_KEY": "0123-key",
    "THINGSPACE_APP_SECRET": "its secret",
    "THINGSPACE_USERNAME": "fleet",
    "THINGSPACE_PASSWORD": "0123",
    "THINGSPACE_ACCOUNT": "0402196254-00001",
}
Made = list[tuple[str, dict[str, t.Any]]]


def configure(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, Made]:
    env = environment_in(folder)
    fake_awx.install(folder / "collections")
    paths = os.pathsep.join([env["ANSIBLE_COLLECTIONS_PATH"], str(folder / "collections")])
    log = folder / "awx.log"
    log.touch()
    command = [sys.executable, "-m", "ansible", "playbook", "awx/configure.yml", *arguments]
    done = subprocess.run(
        command, cwd=SAMPLE, env={**env, "ANSIBLE_COLLECTIONS_PATH": paths, "AWX_LOG": str(log), **variables}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr, fake_awx.noted(log)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Made]:
    given = ["-e", "thingspace_awx_project_url=https://git.example.com/fleet.git", "-e", "thingspace_awx_image=registry.example.com/thingspace:1", "-vvv"]
    return configure(tmp_path_factory.mktemp("awx"), *given, **SECRETS)


@pytest.fixture(scope="module")
def made(run: tuple[int, str, Made]) -> Made:
    code, text, made = run
    assert code == 0, text
    return made


def of(made: Made, module: str) -> list[dict[str, t.Any]]:
    return [options for name, options in made if name == module]


def test_all_of_it_is_made(made: Made) -> None:
    assert {name: len(of(made, name)) for name, dummy in made} == {
        "credential_type": 1,
        "credential": 1,
        "execution_environment": 1,
        "project": 1,
        "inventory": 1,
        "job_template": 5,
        "schedule": 1,
        "workflow_job_template": 2,
        "workflow_job_template_node": 6,
    }


def test_no_secret_is_printed(run: tuple[int, str, Made]) -> None:
    assert "credential" in run[1]
    for name in ("THINGSPACE_APP_KEY", "THINGSPACE_APP_SECRET"):
        assert SECRETS[name] not in run[1]
    assert "'password': '0123'" not in run[1]
    assert '"password": "0123"' not in run[1]


def test_what_is_named_was_made_before(made: Made) -> None:
    """As an AWX looks them up: by name, at once."""
    there: set[tuple[str, str]] = set()
    kinds = {"project": "project", "inventory": "inventory", "execution_environment": "execution_environment", "default_environment": "execution_environment"}
    for module, options in made:
        wanted = [(kind, options[option]) for option, kind in kinds.items() if option in options]
        wanted += [("credential", name) for name in options.get("credentials", [])]
        wanted += [("credential_type", options["credential_type"])] if "credential_type" in options else []
        wanted += [("job_template", options["unified_job_template"])] if "unified_job_template" in options else []
        if module == "workflow_job_template_node":
            workflow = options["workflow_job_template"]
            wanted += [("workflow_job_template", workflow), *(("node", f"{workflow}/{name}") for name in options.get("success_nodes", []))]
            there.add(("node", f"{workflow}/{options['identifier']}"))
        else:
            there.add((module, options["name"]))
        assert set(wanted) <= there, f"{module} {options.get('name')} names what is not there"


def test_an_apply_waits_for_somebody_and_nothing_else_leads_to_it(made: Made) -> None:
    for workflow in of(made, "workflow_job_template"):
        nodes = {node["identifier"]: node for node in of(made, "workflow_job_template_node") if node["workflow_job_template"] == workflow["name"]}
        assert nodes["plan"]["success_nodes"] == ["approval"]
        assert nodes["approval"]["success_nodes"] == ["apply"]
        assert "approval_node" in nodes["approval"]
        assert not any(node.get("failure_nodes") or node.get("always_nodes") for node in nodes.values())
        templates = {template["name"]: template for template in of(made, "job_template")}
        assert templates[nodes["plan"]["unified_job_template"]]["job_type"] == "check"
        assert templates[nodes["apply"]["unified_job_template"]]["job_type"] == "run"


def test_job_templates_run_playbooks_that_are_there_one_at_a_time(made: Made) -> None:
    for template in of(made, "job_template"):
        assert (SAMPLE / template["playbook"]).is_file()
        assert template["allow_simultaneous"] is False
    [schedule] = of(made, "schedule")
    # AWX wants one rule with a start and an interval.
    assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=DAILY;INTERVAL=1", schedule["rrule"])


def test_surveys_ask_what_awx_can_ask_for_what_the_playbooks_use(made: Made) -> None:
    surveys = [(options["survey_spec"], options["playbook"]) for options in of(made, "job_template") if "survey_spec" in options]
    assert len(surveys) == 4
    for survey, playbook in surveys:
        assert survey.keys() == {"name", "description", "spec"}
        text = (SAMPLE / playbook).read_text(encoding="utf-8") + (ROOT / "roles" / "rollout" / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        for question in survey["spec"]:
            assert question.keys() >= {"question_name", "question_description", "variable", "type", "required", "default", "min", "max"}
            assert question["type"] in ("text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect")
            assert question["variable"] in text
            if question["type"] == "multiplechoice":
                assert question["default"] in question["choices"]
    for workflow in of(made, "workflow_job_template"):
        plan = next(options for options in of(made, "job_template") if options["name"] == workflow["name"].replace("ThingSpace ", "ThingSpace plan "))
        assert workflow["survey_spec"] == plan["survey_spec"], "the workflow asks what its plan needs"


def test_what_is_missing_is_told_before_anything_is_made(tmp_path: Path) -> None:
    code, text, made = configure(tmp_path)
    assert code != 0
    assert "thingspace_awx_project_url" in text
    assert made == []


def test_the_stand_in_refuses_what_awx_does_not_take(tmp_path: Path) -> None:
    """Or the tests above would pass with any option."""
    given = ["-e", "thingspace_awx_project_url=https://git.example.com/fleet.git", "-e", "thingspace_awx_image=i"]
    wrong = '{"thingspace_awx_templates": [{"name": "n", "playbook": "p", "job_type": "scan", "survey": "plan_rollout"}]}'
    code, text, dummy = configure(tmp_path, *given, "-e", wrong, **SECRETS)
    assert code != 0
    assert "value of job_type must be one of" in text


def test_the_page_names_what_is_there(made: Made) -> None:
    page = (ROOT / "docs" / "awx.md").read_text(encoding="utf-8")
    playbook = (SAMPLE / "awx" / "configure.yml").read_text(encoding="utf-8")
    for path in re.findall(r"awx/[\w-]+\.yml", page):
        assert (SAMPLE / path).is_file()
    for variable in re.findall(r"thingspace_awx_\w+", page):
        assert variable in playbook
    names = {options.get("name") for dummy, options in made}
    for name in re.findall(r"\*(ThingSpace [^*]+)\*", page):
        assert name in names
