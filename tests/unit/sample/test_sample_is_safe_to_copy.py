# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be read off the sample's jobs: who gets which secret, from where their code comes, and that all of it is pinned."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from support.job_runner import SAMPLE, SECRETS

WORKFLOWS = sorted((SAMPLE / ".github" / "workflows").glob("*.yml"))
READ = {"contents": "read"}
# What each job may do with its token, and whether it has the four secrets. No job that may write anything has them.
MAY = {
    "plan.plan": (READ, True),
    "plan.comment": ({**READ, "actions": "read", "pull-requests": "write"}, False),
    "apply.apply": ({**READ, "actions": "read", "pull-requests": "read"}, True),
    "drift.drift": (READ, True),
}
INSTALL = [
    "python -m pip install --require-hashes --only-binary :all: --requirement requirements.txt",
    "ansible-galaxy collection install --no-deps --requirements-file requirements.yml",
]
DIGEST = r"[\w.:/-]+@sha256:[0-9a-f]{64}"
Values = dict[str, t.Any]


def jobs() -> dict[str, Values]:
    return {f"{path.stem}.{name}": job for path in WORKFLOWS for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()}


def gitlab() -> dict[str, Values]:
    """Its jobs, each with what it extends."""
    content = yaml.safe_load((SAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    return {name: {**content[job["extends"]], **job} for name, job in content.items() if isinstance(job, dict) and "extends" in job}


def test_github_tokens_have_the_least_scope() -> None:
    assert {name: (job["permissions"], "secrets." in str(job)) for name, job in jobs().items()} == MAY
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}, f"{path.name}: a job that is added has no rights by itself"
    for name, job in jobs().items():
        # Of the environment, not of the repository, and in one step, not in all.
        assert ("environment" in job) == MAY[name][1]
        assert "secrets." not in str({key: value for key, value in job.items() if key != "steps"})
        for step in job["steps"]:
            given = [value for value in step.get("env", {}).values() if "secrets." in str(value)]
            assert not given or "ansible-playbook" in step["run"]
            assert not given or "github.token" not in str(step["env"])
            assert "secrets." not in str({key: value for key, value in step.items() if key != "env"})


def test_github_runs_what_main_holds() -> None:
    for path in WORKFLOWS:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        events = content[True] if True in content else content["on"]
        # pull_request and merge_group run the workflow of whoever pushed, so they must not be here; workflow_run would take artifacts of such a run.
        assert set(events) <= {"pull_request_target", "push", "schedule", "workflow_dispatch"}
        for job in content["jobs"].values():
            if "pull_request_target" in events:
                assert "needs" in job or job["if"] == "github.event.pull_request.head.repo.full_name == github.repository", "forks get no job"
            else:
                assert job["if"] == "github.ref == 'refs/heads/main'"
            used = [step for step in job["steps"] if "uses" in step]
            for step in used:
                if "checkout" in step["uses"]:
                    assert (step["with"]["ref"], step["with"]["persist-credentials"]) == ("main", False)
            # What somebody else may write (a title, a branch) must not become part of a command.
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")], f"{path.name}: give it to the command as a variable"


def test_github_a_linter_for_attacks_agrees() -> None:
    """zizmor knows what workflows were attacked by. It is told of one exception, which it would object to in any case: that there is pull_request_target."""
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--min-severity", "low", *map(str, WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"completed {path}" in done.stderr for path in WORKFLOWS), done.stderr
    assert [path.name for path in WORKFLOWS for line in path.open(encoding="utf-8") if "zizmor: ignore" in line] == ["plan.yml"]


def test_github_one_session_at_a_time() -> None:
    for name, job in jobs().items():
        if MAY[name][1]:
            # Without a queue the newest that waits cancels the others: a pull request would cancel an apply.
            assert job["concurrency"] == {"group": "thingspace", "cancel-in-progress": False, "queue": "max"}


def test_every_job_ends() -> None:
    assert all(job["timeout-minutes"] <= 60 for job in jobs().values())
    for job in gitlab().values():
        assert int(job["timeout"].removesuffix(" minutes")) <= 60
        assert not [line for line in job["script"] if "git fetch" in line and not line.startswith("timeout ")]


def test_gitlab_runs_what_the_protected_branch_holds() -> None:
    content = yaml.safe_load((SAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    [rule] = content["workflow"]["rules"]
    assert rule == {"if": '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_COMMIT_REF_PROTECTED == "true"'}
    assert "variables" not in content, "variables of the whole pipeline reach every job"
    for job in gitlab().values():
        for one in job["rules"]:
            assert one["if"].startswith(('$CI_PIPELINE_SOURCE == "schedule" && $CI_PIPELINE_SCHEDULE_DESCRIPTION == "', '$CI_PIPELINE_SOURCE == "push"'))
        assert "merge_request_event" not in str(job)


def test_gitlab_the_password_and_the_token_are_in_different_jobs() -> None:
    found = gitlab()
    assert {name: job["environment"] for name, job in found.items()} == {
        **dict.fromkeys(("plan", "apply", "drift"), {"name": "thingspace", "action": "access"}),
        **dict.fromkeys(("next", "comment", "approved"), {"name": "gitlab", "action": "access"}),
    }
    for job in found.values():
        script = "\n".join([*job.get("before_script", []), *job["script"]])
        if job["environment"]["name"] == "thingspace":
            assert job["resource_group"] == "thingspace"
            assert "gitlab.py" not in script
            assert "after_script" not in job
        else:
            assert not re.search(r"pip|ansible", script), "packages of others see no token that may write"


def test_everything_that_runs_is_pinned() -> None:
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        used = re.findall(r"uses: (.*)$", text, re.MULTILINE)
        assert used
        assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used), f"{path.name}: pin actions"
        assert "runs-on: ubuntu-latest" not in text
    for name, job in jobs().items():
        if MAY[name][1]:
            assert next(step["run"] for step in job["steps"] if step.get("name") == "Install").splitlines() == INSTALL
    for job in gitlab().values():
        if job["environment"]["name"] == "thingspace":
            assert set(INSTALL) <= set("\n".join(job["before_script"]).splitlines())
    assert re.fullmatch(DIGEST, yaml.safe_load((SAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8"))["default"]["image"])
    image = yaml.safe_load((SAMPLE / "awx" / "execution-environment.yml").read_text(encoding="utf-8"))
    assert re.fullmatch(DIGEST, image["images"]["base_image"]["name"])
    for part in ("ansible_core", "ansible_runner"):
        assert re.fullmatch(r"[\w-]+==[\d.]+", image["dependencies"][part]["package_pip"])


def test_packages_are_pinned_by_hash() -> None:
    text = (SAMPLE / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( +--hash=sha256:[0-9a-f]{64})+", line) for line in lines), (
        "a version and hashes on each line, no option, no address"
    )
    names = {line.split("==")[0] for line in lines}
    wanted = {line for line in (SAMPLE / "requirements.in").read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    assert wanted == {"ansible-core", "requests"}
    assert {*wanted, "jinja2", "pyyaml", "cryptography", "urllib3", "certifi"} <= names
    version = re.search(r"^ansible-core==(.*?) ", text, re.MULTILINE)
    assert version
    assert f"ansible-core=={version[1]}" in (SAMPLE / "awx" / "execution-environment.yml").read_text(encoding="utf-8"), "the image has the same"
    [collection] = yaml.safe_load((SAMPLE / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    # Of this collection the version that is in the making: a copy is taken of the sample that comes with it.
    assert collection == {"name": "thingspace.fota", "version": yaml.safe_load((SAMPLE.parents[1] / "galaxy.yml").read_text(encoding="utf-8"))["version"]}


@pytest.mark.parametrize("name", sorted(path.name for path in (SAMPLE / "ci").glob("*.py")))
def test_scripts_need_nothing_but_python(name: str) -> None:
    ours = {path.stem for path in (SAMPLE / "ci").glob("*.py")}
    for node in ast.walk(ast.parse((SAMPLE / "ci" / name).read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert {(node.module or "") if isinstance(node, ast.ImportFrom) else alias.name for alias in node.names} <= {
                *sys.stdlib_module_names,
                *ours,
                "http.client",
                "urllib.error",
                "urllib.parse",
                "urllib.request",
            }
    assert not [variable for variable in SECRETS if variable in (SAMPLE / "ci" / name).read_text(encoding="utf-8")]
