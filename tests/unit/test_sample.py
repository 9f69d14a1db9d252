# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of the sample repository: their commands as they stand, with stand-ins for `gh`, `curl` and the installers.

Those of GitHub run against the simulator. Those of GitLab start ansible-playbook in just the same way, which is why a stand-in is enough there.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_collections
import pytest
import yaml
from checkout import ROOT

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

SAMPLE = ROOT / "docs" / "sample"
WORKFLOWS = SAMPLE / ".github" / "workflows"
# What the forges' programs would do, as far as the jobs need it: they note what they were told, and hand out the kept plan.
GH = """#!/bin/sh
echo "gh $*" >> "$FORGE/calls"
case "$1 $2" in
  "api repos/"*) echo "${HEAD_OF_MERGED-headsha}" ;;
  "run list") echo "${RUN_OF_HEAD-4711}" ;;
  "run download") mkdir -p approved && cp "$FORGE/plan.json" approved/plan.json ;;
  "pr comment") while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cp "$2" "$FORGE/comment.md"; shift; done ;;
esac
"""
CURL = """#!/bin/sh
echo "curl $*" >> "$FORGE/calls"
for last; do :; done
while [ $# -gt 0 ]; do
  [ "$1" = --output ] && out=$2
  [ "$1" = --data-urlencode ] && cp "${2#body@}" "$FORGE/comment.md"
  shift
done
case "$last" in
  */merge_requests) echo "[{\\"iid\\": 6, \\"state\\": \\"opened\\"}, {\\"iid\\": 7, \\"state\\": \\"${STATE-merged}\\"}]" > "$out" ;;
  */jobs/artifacts/refs%2Fmerge-requests%2F7%2Fhead/raw/plan.json*) cp "$FORGE/plan.json" "$out" ;;
esac
"""
# Notes how it was started, and runs. For a job that shall end as another one did before, it leaves reports and ends with this code.
PLAYBOOK = """#!/bin/sh
echo "ansible-playbook $* MARKDOWN=$THINGSPACE_PLAN_MARKDOWN JSON=$THINGSPACE_PLAN_JSON CONFIG=$ANSIBLE_CONFIG" >> "$FORGE/calls"
[ -n "$ENDS_WITH" ] || exec "$REAL_PLAYBOOK" "$@"
echo "a report that ends with $ENDS_WITH" | tee "$THINGSPACE_PLAN_MARKDOWN" "${THINGSPACE_PLAN_JSON:-/dev/null}"
exit "$ENDS_WITH"
"""


@dataclasses.dataclass
class Step:
    """One command of a job, with the variables that it is given."""

    name: str
    run: str
    env: dict[str, str]
    always: bool = False


@dataclasses.dataclass
class Forge:
    """A checkout in which jobs run, and what the forge keeps of them."""

    sim: Simulator
    place: Path
    kept: Path

    def play(self, steps: list[Step], **variables: str) -> list[tuple[str, int, str]]:
        """Run the steps as a runner does: after a failure only those that run always. Name, exit code and output of each."""
        known = self.sim.credentials
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "THINGSPACE_"))}
        env = {
            **inherited,
            "PATH": os.pathsep.join([str(self.kept / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.kept),
            "FORGE": str(self.kept),
            "REAL_PLAYBOOK": str(Path(sys.executable).parent / "ansible-playbook"),
            "ANSIBLE_HOME": str(self.kept / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(t.cast("t.Iterable[str]", ansible_collections.__path__)))).parent),
            "THINGSPACE_API_URL": self.sim.api_url,
            "GITHUB_STEP_SUMMARY": str(self.kept / "summary.md"),
        }
        secrets = {
            "THINGSPACE_APP_KEY": known.app_key,
            "THINGSPACE_APP_SECRET": known.app_secret,
            "THINGSPACE_USERNAME": known.username,
            "THINGSPACE_PASSWORD": known.password,
        }
        done: list[tuple[str, int, str]] = []
        for step in steps:
            if any(code for dummy, code, dummy in done) and not step.always:
                continue
            given = {name: secrets.get(name, variables.get(name, value)) for name, value in step.env.items()}
            run = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", step.run], cwd=self.place, env={**env, **variables, **given}, capture_output=True, text=True, check=False
            )
            done.append((step.name, run.returncode, run.stdout + run.stderr))
        assert not self.sim.service.auth.sessions, "a session was left open"
        if (self.place / "plan.json").is_file():
            shutil.move(self.place / "plan.json", self.kept / "plan.json")
        return done

    def calls(self) -> str:
        return (self.kept / "calls").read_text(encoding="utf-8")

    def comment(self) -> str:
        """The comment that the last job posted."""
        path = self.kept / "comment.md"
        text = path.read_text(encoding="utf-8")
        path.unlink()
        return text

    def members(self) -> list[set[str]]:
        return [self.sim.members(upgrade) for upgrade in self.sim.service.upgrades]


@pytest.fixture
def forge(sim: Simulator, tmp_path: Path) -> Forge:
    place, kept = tmp_path / "checkout", tmp_path / "kept"
    shutil.copytree(SAMPLE, place)
    (kept / "bin").mkdir(parents=True)
    # The environment of the tests has ansible-core and the collection already.
    for name, text in {"gh": GH, "curl": CURL, "ansible-playbook": PLAYBOOK, "ansible-galaxy": "#!/bin/sh\n", "pip": "#!/bin/sh\n"}.items():
        (kept / "bin" / name).write_text(text, encoding="utf-8")
        (kept / "bin" / name).chmod(0o755)
    return Forge(sim, place, kept)


def github(name: str) -> list[Step]:
    """The commands of a workflow. Conditions that look at a file are left to the commands, which need it."""
    [job] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))["jobs"].values()
    return [
        Step(step["name"], step["run"], {name: str(value) for name, value in step.get("env", {}).items()}, "cancelled()" in str(step.get("if", "")))
        for step in job["steps"]
        if "run" in step and step["name"] != "Install"
    ]


def gitlab(name: str) -> list[Step]:
    """The script of a job, as one shell, and what runs after it, as another."""
    jobs = yaml.safe_load((SAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    job = jobs[name]
    secrets = dict.fromkeys(("THINGSPACE_APP_KEY", "THINGSPACE_APP_SECRET", "THINGSPACE_USERNAME", "THINGSPACE_PASSWORD"), "")
    env = {**jobs[job["extends"]]["variables"], **job["variables"], **secrets}
    steps = [Step("script", "\n".join(job["script"]), env)]
    return [*steps, *([Step("after", "\n".join(job["after_script"]), env, always=True)] if "after_script" in job else [])]


GITHUB = {"GH_TOKEN": "t", "GH_REPO": "o/r", "PULL_REQUEST": "7", "COMMIT": "mergesha", "DIGEST": ""}
GITLAB = {
    "GITLAB_TOKEN": "t",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_COMMIT_SHA": "mergesha",
}


def codes(done: list[tuple[str, int, str]]) -> list[int]:
    return [code for dummy, code, dummy in done]


@pytest.mark.playbook
def test_from_the_pull_request_to_the_night_after(forge: Forge) -> None:
    # The pull request: a comment, and nothing written.
    done = forge.play(github("plan"), **GITHUB)
    assert codes(done) == [0, 0], done
    assert "wave 2" in forge.comment()
    assert not forge.sim.writes

    # The merge: what was approved, and no more.
    done = forge.play(github("apply"), **GITHUB)
    assert codes(done) == [0, 0, 0], done
    assert sorted(len(members) for members in forge.members()) == [12, 40, 150]
    assert "mergesha" in forge.calls()

    # The night: no drift. Then somebody takes a device out.
    done = forge.play(github("drift"), **GITHUB)
    assert codes(done) == [0, 0], done
    # Out of the canary: which upgrade was scheduled first is a matter of threads.
    upgrade = min(forge.sim.service.upgrades.values(), key=lambda upgrade: len(upgrade.devices))
    del upgrade.devices[next(iter(upgrade.devices))]
    done = forge.play(github("drift"), **GITHUB)
    assert codes(done) == [2, 0], done
    assert "Drift" in done[0][2]

    # A merge whose plan is another one by now.
    written = len(forge.sim.writes)
    done = forge.play(github("apply"), **GITHUB)
    assert codes(done) == [0, 2, 0], done
    assert "The plan is not the one that was approved" in done[1][2]
    assert len(forge.sim.writes) == written

    # A refused plan is told in the pull request too.
    wave = forge.place / "rollouts" / "waves" / "wave-1.csv"
    wave.write_text("".join(wave.read_text(encoding="utf-8").splitlines(keepends=True)[:80]), encoding="utf-8")
    done = forge.play(github("plan"), **GITHUB)
    assert codes(done) == [2, 0], done
    assert "of 150 devices would be removed" in forge.comment()


def test_gitlab_does_the_same(forge: Forge) -> None:
    plan, apply, drift = gitlab("plan"), gitlab("apply"), gitlab("drift")
    # As the jobs of GitHub ended above.
    done = forge.play(plan, ENDS_WITH="0", **GITLAB)
    assert (codes(done), forge.comment()) == ([0, 0], "a report that ends with 0\n"), done
    done = forge.play(apply, ENDS_WITH="0", **GITLAB)
    assert codes(done) == [0], done
    # It was given the plan that the merge request kept.
    assert (forge.place / "approved.json").read_text(encoding="utf-8") == "a report that ends with 0\n"
    assert "mergesha" in forge.calls()
    assert [codes(forge.play(job, ENDS_WITH=end, **GITLAB)) for job, end in ((drift, "0"), (drift, "2"), (apply, "2"))] == [[0], [2], [2]]
    done = forge.play(plan, ENDS_WITH="2", **GITLAB)
    assert (codes(done), forge.comment()) == ([2, 0], "a report that ends with 2\n"), done

    ours = started(forge)
    for name in ("plan", "apply", "drift"):
        (forge.kept / "plan.json").write_text("{}", encoding="utf-8")
        forge.play(github(name), ENDS_WITH="0", **GITHUB)
    theirs = {line.replace("CONFIG=", "CONFIG=ansible.cfg").replace("approved/plan.json", "approved.json") for line in started(forge) - ours}
    assert ours == theirs


def started(forge: Forge) -> set[str]:
    """How ansible-playbook was started so far."""
    return {line for line in forge.calls().splitlines() if line.startswith("ansible-playbook ")}


@pytest.mark.parametrize(
    ("jobs", "variables", "says"),
    [
        (github, {**GITHUB, "HEAD_OF_MERGED": ""}, "No pull request brought mergesha"),
        (github, {**GITHUB, "RUN_OF_HEAD": ""}, "no plan of headsha that came through"),
        (gitlab, {**GITLAB, "STATE": "opened"}, "No merge request brought this commit"),
        (github, {**GITHUB, "DIGEST": "0" * 64 + " thingspace_rollout_files=elsewhere"}, "That is no digest"),
        (github, {**GITHUB, "DIGEST": "{{ lookup('pipe', 'id') }}"}, "That is no digest"),
    ],
    ids=["no pull request", "no plan", "no merge request", "a digest and more", "a template"],
)
def test_what_nobody_approved_is_not_applied(forge: Forge, jobs: t.Callable[[str], list[Step]], variables: dict[str, str], says: str) -> None:
    # The newest plan of all, which is of another pull request.
    (forge.kept / "plan.json").write_text("{}", encoding="utf-8")
    done = forge.play(jobs("apply"), **variables)
    assert [step[1] for step in done if says in step[2]] == [1], done
    assert not forge.sim.requests


def test_jobs_are_safe_to_copy() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
        assert content["permissions"]["contents"] == "read", f"{path.name}: a job needs to read the repository and no more"
        # Without a queue the newest that waits cancels the others: a pull request would cancel an apply.
        assert content["concurrency"] == {"group": "thingspace", "cancel-in-progress": False, "queue": "max"}, f"{path.name}: one session at a time"
        used = re.findall(r"uses: (.*)$", text, re.MULTILINE)
        assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used), f"{path.name}: pin actions"
        # What somebody else may write (a title, a branch) must not become part of a command.
        for job in content["jobs"].values():
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")], f"{path.name}: give it to the command as a variable"
    jobs = yaml.safe_load((SAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    assert jobs[".rollout"]["resource_group"] == "thingspace"
    assert {name for name, job in jobs.items() if isinstance(job, dict) and job.get("extends") == ".rollout"} == {"plan", "apply", "drift"}
