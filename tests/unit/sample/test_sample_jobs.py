# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of the sample repository, as they stand, for authors of pull requests who mean well and for those who do not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from support.forge_api import BOT, TOKEN, Change, Forge, Serving
from support.job_runner import SAMPLE, Done, Files, Runner

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

GITHUB_MARK = "<!-- thingspace.fota plan -->"
CANARY = "rollouts/waves/canary.csv"
FORGES = ["github", "gitlab"]


@pytest.fixture
def forge() -> t.Iterator[Forge]:
    with Serving() as forge:
        yield forge
    assert not forge.leaks, "a token was sent to where it does not belong"


@pytest.fixture
def runner(sim: Simulator, forge: Forge, tmp_path: Path) -> t.Iterator[Runner]:
    with tempfile.TemporaryDirectory() as temp:
        yield Runner(sim, forge, tmp_path, Path(temp))


def more(runner: Runner, device: str = "990003425730535") -> str:
    """The canary, with one more device."""
    return (runner.origin / CANARY).read_text(encoding="utf-8") + f'"{device}",Albany\n'


def planned(runner: Runner, forge: str, change: Change, run: int | None = None, **variables: str) -> dict[str, Done]:
    """The jobs that show a plan of a pull request."""
    if forge == "gitlab":
        return runner.gitlab("next", "plan", "comment", **variables)
    names = {
        "github.event_name": "pull_request_target",
        "github.event.pull_request.head.sha": change.head,
        "github.event.pull_request.number": change.number,
        "github.event.pull_request.head.repo.full_name": "stranger/r" if change.fork else "o/r",
    }
    return runner.github("plan", names, run, **variables)


def applied(runner: Runner, forge: str, commit: str, **variables: str) -> Done:
    """The jobs after a merge; the last one that did something."""
    if forge == "gitlab":
        done = runner.gitlab("approved", "apply", commit=commit, **variables)
        return done["approved"] if done["apply"].result == "skipped" else done["apply"]
    return runner.github("apply", {"github.event_name": "push", "github.sha": commit}, None, **variables)["apply"]


def drifted(runner: Runner, forge: str, **variables: str) -> Done:
    if forge == "gitlab":
        return runner.gitlab("drift", **variables)["drift"]
    return runner.github("drift", {"github.event_name": "schedule"}, None, **variables)["drift"]


def members(runner: Runner) -> list[int]:
    return sorted(len(runner.sim.members(upgrade)) for upgrade in runner.sim.service.upgrades)


def results(done: dict[str, Done]) -> list[str]:
    return [one.result for one in done.values()]


@pytest.mark.playbook
@pytest.mark.parametrize("forge_name", FORGES)
def test_from_the_pull_request_to_the_night_after(runner: Runner, forge: Forge, forge_name: str) -> None:
    # The pull request: a comment that names its commit, and nothing written.
    change = runner.change(7, {CANARY: more(runner)})
    done = planned(runner, forge_name, change)
    assert set(results(done)) == {"success"}, done
    [comment] = forge.comments
    assert comment.body.startswith(("<!-- thingspace.fota plan", GITHUB_MARK))
    assert f"Plan of {change.head} ([log](https://" in comment.body
    assert "wave 2" in comment.body
    assert not runner.sim.writes

    # The merge: what was approved, and no more.
    commit = runner.merge(change)
    done_apply = applied(runner, forge_name, commit)
    assert done_apply.result == "success", done_apply
    assert members(runner) == [13, 40, 150]
    if forge_name == "gitlab":
        # Its jobs start ansible-playbook in just the same way; another test holds that.
        return
    assert "canary" in (runner.kept / "summary.md").read_text(encoding="utf-8")

    # The night: no drift. Then somebody takes a device out of the canary.
    assert drifted(runner, forge_name).result == "success"
    upgrade = min(runner.sim.service.upgrades.values(), key=lambda upgrade: len(upgrade.devices))
    del upgrade.devices[next(iter(upgrade.devices))]
    night = drifted(runner, forge_name)
    assert night.result == "failure"
    assert "Drift" in night.text

    # The approved plan is another one by now.
    written = len(runner.sim.writes)
    late = applied(runner, forge_name, commit)
    assert late.result == "failure"
    assert "The plan is not the one that was approved" in late.text

    # A refused plan is told too, in the place of the older comment, and approves nothing.
    wave = "rollouts/waves/wave-1.csv"
    change = runner.change(8, {wave: "".join((runner.origin / wave).read_text(encoding="utf-8").splitlines(keepends=True)[:80])})
    done = planned(runner, forge_name, change)
    assert done["plan"].result == "failure"
    assert done["comment"].result == "success"
    assert "of 150 devices would be removed" in forge.comments[-1].body
    refused = applied(runner, forge_name, runner.merge(change))
    assert refused.result == "failure"
    assert "approved" in refused.text
    assert len(runner.sim.writes) == written


# What a pull request could bring along. Code of it that ran would leave a file `ran`.
EVIL_PYTHON = "import os, pathlib\npathlib.Path(os.environ['KEPT'], 'ran').write_text(repr(dict(os.environ)))\n"
EVIL_SHELL = '#!/bin/sh\nenv > "$KEPT/ran"\necho "[all]"\n'
EVIL: dict[str, str | Path | None] = {
    "ansible.cfg": "[defaults]\ncallback_plugins = ./evil\nfilter_plugins = ./evil\ninventory = ./inventory.sh\nvault_password_file = ./inventory.sh\n",
    "rollouts/ansible.cfg": "[defaults]\ncallback_plugins = ./evil\ninventory = ./inventory.sh\n",
    "evil/evil.py": EVIL_PYTHON,
    "rollouts/evil/evil.py": EVIL_PYTHON,
    "rollouts/json.py": EVIL_PYTHON,
    "json.py": EVIL_PYTHON,
    "sitecustomize.py": EVIL_PYTHON,
    "rollouts/sitecustomize.py": EVIL_PYTHON,
    "ci/rollouts.py": EVIL_PYTHON,
    "ci/github.py": EVIL_PYTHON,
    "ci/gitlab.py": EVIL_PYTHON,
    "ci/forge.py": EVIL_PYTHON,
    "ci/argparse.py": EVIL_PYTHON,
    "inventory.sh": EVIL_SHELL,
    "rollouts/inventory.sh": EVIL_SHELL,
    "requirements.txt": "./evil\n",
    "requirements.yml": "collections: [{name: ./evil, type: dir}]\n",
    "collections/ansible_collections/thingspace/fota/playbooks/plan.yml": "- hosts: localhost\n  tasks: [{shell: env > $KEPT/ran}]\n",
    "rollouts/collections/ansible_collections/thingspace/fota/playbooks/plan.yml": "- hosts: localhost\n  tasks: [{shell: env > $KEPT/ran}]\n",
    "rollouts/thingspace.fota.plan": "- hosts: localhost\n  tasks: [{shell: env > $KEPT/ran}]\n",
    "group_vars/all.yml": "x: \"{{ lookup('pipe', 'env > $KEPT/ran') }}\"\n",
    "rollouts/group_vars/all.yml": "x: \"{{ lookup('pipe', 'env > $KEPT/ran') }}\"\n",
    ".github/workflows/plan.yml": 'jobs: {evil: {steps: [{run: env > "$KEPT/ran"}]}}\n',
    ".gitlab-ci.yml": 'plan: {script: [env > "$KEPT/ran"]}\n',
    ".gitattributes": "* filter=evil merge=evil diff=evil export-ignore\n",
    "rollouts/.gitattributes": "*.csv export-ignore ident eol=crlf\n",
    ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "env >$KEPT/ran"\n',
    "plan.json": '{"format_version": 1, "check_mode": true, "failed": false, "plan_digests": {}}',
}


@pytest.mark.playbook
@pytest.mark.parametrize("forge_name", FORGES)
def test_a_pull_request_is_data(runner: Runner, forge: Forge, forge_name: str, tmp_path: Path) -> None:
    """Code and configuration of the pull request count for nothing; links in the place of reports are not read and not written through."""
    secret = tmp_path / "id_rsa"
    secret.write_text("a private key", encoding="utf-8")
    links: dict[str, str | Path | None] = dict.fromkeys(("plan.md", "report/plan.md", "found/change", "drift.md", "applied.md"), secret)
    change = runner.change(7, {**EVIL, **links, "temp/report": Path("/proc/self"), CANARY: more(runner)})
    done = planned(runner, forge_name, change)
    assert set(results(done)) == {"success"}, done
    assert not (runner.kept / "ran").exists(), (runner.kept / "ran").read_text(encoding="utf-8")
    assert secret.read_text(encoding="utf-8") == "a private key"
    [comment] = forge.comments
    assert f"Plan of {change.head}" in comment.body
    assert "wave 2" in comment.body
    known = runner.sim.credentials
    for text in (comment.body, *(one.text for one in done.values()), *(str(one.files) for one in forge.artifacts)):
        assert not [value for value in ("a private key", known.password, known.app_secret, TOKEN) if value in text]


def hostile(outside: Path) -> dict[str, Files]:
    """Rollouts that lead out, or whose names are commands."""
    loose = 'account: "0402196254-00001"\nupgrades: [{name: x, firmware_name: F, firmware_to: "2", start_date: "2030-01-14", devices_file: %s}]\n'
    return {
        "rollouts is a link": {"rollouts": outside},
        "a rollout file is a link": {"rollouts/z.yml": outside / "secret.yml"},
        "a device file is a link": {CANARY: outside / "secret.csv"},
        "a folder is a link": {"rollouts/waves": outside},
        "a path out": {"rollouts/gateways.yml": loose % str(outside / "secret.csv")},
        "a path up": {"rollouts/gateways.yml": loose % os.path.relpath(outside / "secret.csv", "/a/b")},
        "the environment": {"rollouts/gateways.yml": loose % "/proc/self/environ"},
        "a command as a name": {"rollouts/::error::title=x.yml": "::add-mask::x\n::error::y\n"},
        "a line break in a name": {"rollouts/x\n::error::y.yml": "a: b\n"},
    }


@pytest.mark.playbook
@pytest.mark.parametrize(("forge_name", "name"), [(FORGES[index % 2], name) for index, name in enumerate(hostile(Path()))])
def test_rollouts_that_lead_out_are_refused(runner: Runner, forge: Forge, forge_name: str, name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yml").write_text("account: a private key\n", encoding="utf-8")
    (outside / "secret.csv").write_text("a private key\n", encoding="utf-8")
    change = runner.change(7, hostile(outside)[name])
    done = planned(runner, forge_name, change)
    assert done["plan"].result == "failure", done
    assert done["comment"].result == "success", done
    [comment] = forge.comments
    assert change.head in comment.body
    assert not runner.sim.requests
    for text in (comment.body, *(one.text for one in done.values())):
        assert "a private key" not in text
        assert runner.sim.credentials.password not in text
        assert not re.search(r"^\s*(::|##\[|##vso\[)", text, re.MULTILINE), "a line that a runner obeys"


@pytest.mark.parametrize("forge_name", FORGES)
def test_a_comment_is_about_the_newest_commit(runner: Runner, forge: Forge, forge_name: str) -> None:
    forge.say(7, BOT, "Coverage is 80 %.")
    forge.say(7, "mallory", f"{GITHUB_MARK}\nPlan of everything: nothing changes.")
    first = runner.change(7, {CANARY: more(runner)})
    old = first.head
    planned(runner, forge_name, first, PLAYBOOK_ENDS_WITH="0")
    assert [one.author for one in forge.comments] == [BOT, "mallory", BOT]
    assert f"Plan of {old} (" in forge.comments[2].body
    assert "a report that ends with 0" in forge.comments[2].body

    # A push whose job ends before there is a plan, though the pull request brings one along. Nothing is left of the older comment.
    second = runner.change(7, {CANARY: more(runner, "990000473475989"), "plan.md": "nothing changes", "report/plan.md": "nothing changes"})
    done = planned(runner, forge_name, second, PIP_ENDS_WITH="1")
    assert (done["plan"].result, done["comment"].result) == ("failure", "success"), done
    assert f"**No plan of {second.head}**" in forge.comments[2].body
    assert old not in forge.comments[2].body
    assert "changes" not in forge.comments[2].body
    # Nobody else's comment was touched.
    assert [one.body.splitlines()[-1] for one in forge.comments[:2]] == ["Coverage is 80 %.", "Plan of everything: nothing changes."]
    assert len(forge.comments) == 3


def test_github_an_old_run_and_an_old_attempt_say_nothing(runner: Runner, forge: Forge) -> None:
    change = runner.change(7, {CANARY: more(runner)})
    old = Change(7, change.head, [])
    planned(runner, "github", old, run=100, PLAYBOOK_ENDS_WITH="0")
    # Another attempt of that run, which ends before its plan: the plan of the first is still kept under the run.
    planned(runner, "github", old, run=100, PIP_ENDS_WITH="1")
    assert "**No plan of" in forge.comments[0].body
    assert forge.artifacts
    change = runner.change(7, {CANARY: more(runner, "990000473475989")})
    planned(runner, "github", change, PLAYBOOK_ENDS_WITH="0")
    done = planned(runner, "github", old, run=100, PLAYBOOK_ENDS_WITH="0")
    assert "moved on" in done["comment"].text
    assert f"Plan of {change.head}" in forge.comments[0].body


def test_gitlab_plans_each_commit_once(runner: Runner, forge: Forge) -> None:
    forge.changes[3] = Change(3, "0" * 40, [CANARY], fork=True)
    forge.changes[4] = Change(4, "0" * 40, ["README.md"])
    forge.changes[5] = Change(5, "0" * 40, [CANARY], base="elsewhere")
    change = runner.change(7, {CANARY: more(runner)})
    other = runner.change(8, {"rollouts/waves/wave-2.csv": more(runner)})
    for expected in (change, other):
        done = runner.gitlab("next", "plan", "comment", PLAYBOOK_ENDS_WITH="2")
        assert f"Merge request {expected.number} at {expected.head}" in done["next"].text
    # A refused plan is not made again every few minutes: it may have been the login that was refused.
    done = runner.gitlab("next", "plan", "comment", PLAYBOOK_ENDS_WITH="0", PIP_ENDS_WITH="1")
    assert set(results(done)) == {"success"}, done
    assert "No merge request waits" in done["plan"].text
    assert [one.number for one in forge.comments] == [7, 8]
    # Another main makes other plans.
    runner.push("main", {CANARY: more(runner, "990000473475989")})
    assert "Merge request 7" in runner.gitlab("next")["next"].text


@pytest.mark.parametrize("forge_name", FORGES)
def test_an_old_commit_undoes_nothing(runner: Runner, forge: Forge, forge_name: str) -> None:
    first = runner.change(1, {CANARY: more(runner)})
    planned(runner, forge_name, first, PLAYBOOK_ENDS_WITH="0")
    old = runner.merge(first)
    assert applied(runner, forge_name, old, PLAYBOOK_ENDS_WITH="0").result == "success"
    # Started again while main says the same.
    assert applied(runner, forge_name, old, PLAYBOOK_ENDS_WITH="0").result == "success"
    runner.push("main", {"README.md": "Something else."})
    assert applied(runner, forge_name, old, PLAYBOOK_ENDS_WITH="0").result == "success"

    second = runner.change(2, {CANARY: more(runner, "990000473475989")})
    planned(runner, forge_name, second, PLAYBOOK_ENDS_WITH="0")
    runner.merge(second)
    calls = (runner.kept / "calls").read_text(encoding="utf-8")
    again = applied(runner, forge_name, old, PLAYBOOK_ENDS_WITH="0")
    assert again.result == "failure"
    assert "has moved on" in again.text
    assert (runner.kept / "calls").read_text(encoding="utf-8") == calls, "ansible-playbook was started"


def test_github_by_hand(runner: Runner) -> None:
    """An environment of its own, whose reviewers agree. Here nobody has made it, so it has no secrets."""
    names = {"github.event_name": "workflow_dispatch", "github.sha": runner.git("rev-parse", "main")}
    for digest in ("", "0" * 64 + " thingspace_rollout_files=elsewhere", "{{ lookup('pipe', 'id') }}"):
        job = runner.github("apply", {**names, "inputs.digest": digest}, PLAYBOOK_ENDS_WITH="0")["apply"]
        assert "That is no digest" in job.text
    for branch in ("refs/heads/change-7", "refs/tags/main"):
        assert runner.github("apply", {**names, "github.ref": branch, "inputs.digest": "0" * 64})["apply"].result == "skipped"
    assert not (runner.kept / "calls").exists()
    runner.github("apply", {**names, "inputs.digest": "0" * 64}, PLAYBOOK_ENDS_WITH="0")
    [call] = (runner.kept / "calls").read_text(encoding="utf-8").splitlines()
    assert f"thingspace_rollout_expect_plan_digest={'0' * 64} " in call
    assert call.endswith("PASSWORD=")


def test_github_forks_get_no_job(runner: Runner, forge: Forge) -> None:
    done = planned(runner, "github", runner.change(7, {CANARY: more(runner)}, fork=True))
    assert results(done) == ["skipped", "skipped"]
    assert not forge.comments


# What a run says that was started by this pull request's workflow, but not by that of main. The last is a server that takes it from the base.
STRANGE_RUNS: dict[str, dict[str, t.Any]] = {
    "another workflow": {"path": ".github/workflows/evil.yml"},
    "by path": {"path": ".github/workflows/plan.yml.yml"},
    "workflow of another branch": {"path": ".github/workflows/plan.yml@refs/heads/evil"},
    "another event": {"event": "push"},
    "failed": {"conclusion": "failure"},
    "a fork": {"head_repository": {"full_name": "mallory/r"}},
    "a fork that is gone": {"head_repository": None},
    "another repository": {"repository": {"full_name": "mallory/r"}},
    "a copy of the workflow in the base": {"head_sha": "2" * 40},
    "a base by name": {"head_branch": "evil"},
}
NOT_APPROVED = ("another base", "another merge", "open", "expired", "another head", "another default", "onto another base too", *STRANGE_RUNS)


@pytest.mark.parametrize("name", ["", "told by the head", *NOT_APPROVED])
def test_github_what_counts_as_approved(runner: Runner, forge: Forge, name: str) -> None:
    """An artifact has the right name whoever keeps it: every workflow of every branch may."""
    change = runner.change(7, {CANARY: more(runner)})
    planned(runner, "github", change, run=100, PLAYBOOK_ENDS_WITH="0")
    commit = runner.merge(change)
    run = forge.runs[100]
    run.update(STRANGE_RUNS.get(name, {}))
    good = name in ("", "told by the head")
    if name == "told by the head":
        of_this = {"head": {"sha": change.head}, "base": {"ref": "main"}}
        of_another = {"head": {"sha": "3" * 40}, "base": {"ref": "elsewhere"}}
        run.update(head_sha=change.head, head_branch="change-7", path=".github/workflows/plan.yml@main", pull_requests=[of_this, of_another])
    elif name == "onto another base too":
        run["pull_requests"] = [{"head": {"sha": change.head}, "base": {"ref": "elsewhere"}}]
    elif name == "another default":
        forge.default_branch = "develop"
    elif name == "another base":
        change.base = "elsewhere"
    elif name == "another merge":
        change.merged = "0" * 40
    elif name == "open":
        change.merged = None
    elif name == "expired":
        forge.artifacts[0].expired = True
    elif name == "another head":
        change.head = "1" * 40
    # Made later, by whoever may push.
    forge.runs[200] = {**run, "event": "push", "path": ".github/workflows/plan.yml", "conclusion": "success"}
    forge.keep(f"plan-7-{change.head}", 200, {"plan.json": b'{"forged": true}'})
    job = applied(runner, "github", commit, PLAYBOOK_ENDS_WITH="0")
    assert job.result == ("success" if good else "failure"), job
    if not good:
        assert "approved" in job.text
    assert job.ran("Apply") == good


PIPELINES: dict[str, dict[str, t.Any]] = {
    "pipeline of another branch": {"ref": "evil"},
    "pipeline of a tag": {"tag": True},
    "pipeline of the merge request": {"source": "merge_request_event", "ref": "refs/merge-requests/7/head"},
    "another start": {"source": "api"},
}


@pytest.mark.parametrize("name", ["", "another branch", "another merge", "open", "another head", "somebody else", "no plan", *PIPELINES])
def test_gitlab_what_counts_as_approved(runner: Runner, forge: Forge, name: str) -> None:
    change = runner.change(7, {CANARY: more(runner)})
    runner.gitlab("next", "plan", "comment", PLAYBOOK_ENDS_WITH="0", PIP_ENDS_WITH="1" if name == "no plan" else "0")
    commit = runner.merge(change)
    forge.runs[100].update(PIPELINES.get(name, {}))
    if name == "another branch":
        change.base = "elsewhere"
    elif name == "another merge":
        change.merged = "0" * 40
    elif name == "open":
        change.merged = None
    elif name == "another head":
        change.head = "1" * 40
    elif name == "somebody else":
        forge.comments[0].author = "mallory"
    done = runner.gitlab("approved", "apply", commit=commit, PLAYBOOK_ENDS_WITH="0")
    assert results(done) == (["failure", "skipped"] if name else ["success", "success"]), done
    if name:
        assert "approved" in done["approved"].text


@pytest.mark.parametrize("forge_name", FORGES)
def test_a_token_does_not_follow_where_it_is_led(runner: Runner, forge: Forge, forge_name: str) -> None:
    forge.detour = f"{forge.url}/store/1"
    change = runner.change(7, {CANARY: more(runner)})
    done = planned(runner, forge_name, change, PLAYBOOK_ENDS_WITH="0")
    assert "leads elsewhere" in "".join(one.text for one in done.values())
    # The fixture looks for tokens that went there.


ODD_ANSWERS = {
    "no answer": (b"", "took more than 0.5 seconds"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", "took more than 0.5 seconds"),
    "half an answer": (b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a', "took more than 0.5 seconds"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "failed: SSH-2.0"),
    "a page": (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "was not answered with JSON"),
    "deep": (b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000, "was not answered with JSON"),
    "another form": (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n[1, 2]", "another form than was expected"),
    "a command": (b"HTTP/1.1 302 Found\r\nLocation: a\r\n ::error::x\r\nContent-Length: 0\r\n\r\n", "leads elsewhere"),
    "a file": (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "leads elsewhere"),
}


@pytest.mark.parametrize(("instead", "says"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_every_answer_of_a_forge_ends_with_a_sentence(forge: Forge, instead: bytes, says: str) -> None:
    forge.instead = instead
    script = "import forge, sys; forge.MOST_SECONDS = 0.5; import github; forge.run(lambda: github.main(['comment']))"
    env = {
        **os.environ,
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": TOKEN,
        "PULL_REQUEST": "7",
        "COMMIT": "0",
        "PYTHONPATH": str(SAMPLE / "ci"),
    }
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert (done.stderr.count("\n"), done.stdout) == (1, "")
    assert TOKEN not in done.stderr


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
def test_an_artifact_that_is_none(forge: Forge, runner: Runner, content: bytes) -> None:
    change = runner.change(7, {CANARY: more(runner)})
    planned(runner, "github", change, run=100, PLAYBOOK_ENDS_WITH="0")
    forge.archive = content
    job = applied(runner, "github", runner.merge(change), PLAYBOOK_ENDS_WITH="0")
    assert (job.result, job.ran("Apply")) == ("failure", False)
    assert "another form than was expected" in job.text
    assert "Traceback" not in job.text


def test_gitlab_folders_of_the_jobs_are_not_committed(runner: Runner) -> None:
    runner.push("main", {"report/plan.md": "nothing changes"})
    assert "Remove 'report/plan.md'" in runner.gitlab("next")["next"].text


def test_both_forges_start_the_same(runner: Runner, forge: Forge) -> None:
    started = {}
    for number, forge_name in enumerate(FORGES, 1):
        change = runner.change(number, {f"rollouts/waves/{forge_name}.csv": more(runner)})
        planned(runner, forge_name, change, PLAYBOOK_ENDS_WITH="0")
        applied(runner, forge_name, runner.merge(change), PLAYBOOK_ENDS_WITH="0")
        drifted(runner, forge_name, PLAYBOOK_ENDS_WITH="0")
        calls = runner.kept / "calls"
        text = re.sub(r"CONFIG=\S*/checkout/ansible.cfg", "CONFIG=of main", calls.read_text(encoding="utf-8"))
        started[forge_name] = text.replace("../approved.json", "../change.json").splitlines()
        calls.unlink()
    assert started["github"] == started["gitlab"]
    assert len(started["github"]) == 3
    assert all(line.endswith("CONFIG=of main PASSWORD=given") for line in started["github"])
