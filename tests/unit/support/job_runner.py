# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the sample's workflows and pipelines as they stand: conditions, expressions, secrets by environment, artifacts, and every command.

The repository is a real one, with branches of others. Stand-ins are the forge's API (forge_api), pip and ansible-galaxy.
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
import yaml

from support.checkout import ROOT
from support.forge_api import PROJECT, TOKEN, Change, Forge

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

SAMPLE = ROOT / "docs" / "sample"
SECRETS = ("THINGSPACE_APP_KEY", "THINGSPACE_APP_SECRET", "THINGSPACE_USERNAME", "THINGSPACE_PASSWORD")
# Environments with the four secrets. Any other has none, as if nobody had made it.
WITH_SECRETS = ("thingspace",)
PYTHON = """#!/bin/sh
[ "$1 $2" != "-m pip" ] || exit ${PIP_ENDS_WITH:-0}
exec "$REAL_PYTHON" "$@"
"""
# Notes how it was started, and runs. For a test that needs no service it leaves the report of a plan and ends with a code.
PLAYBOOK = """#!/bin/sh
echo "ansible-playbook $* CONFIG=$ANSIBLE_CONFIG PASSWORD=${THINGSPACE_PASSWORD:+given}" >> "$KEPT/calls"
[ -n "$PLAYBOOK_ENDS_WITH" ] || exec "$REAL_PLAYBOOK" "$@"
echo "a report that ends with $PLAYBOOK_ENDS_WITH" > "$THINGSPACE_PLAN_MARKDOWN"
echo '{"format_version": 1, "check_mode": true, "failed": false, "plan_digests": {"a": "b"}}' > "${THINGSPACE_PLAN_JSON:-/dev/null}"
exit "$PLAYBOOK_ENDS_WITH"
"""
TOKENS = re.compile(r"'[^']*'|[a-z]+\(\)|[A-Za-z_][\w-]*(?:\.[\w-]+)*|&&|\|\||!=|==|!|[()]")
WORDS = {"&&": " and ", "||": " or ", "!": " not ", "always()": "True", "cancelled()": "False", "!=": "!=", "==": "==", "(": "(", ")": ")"}
Files = t.Mapping[str, "str | Path | None"]


@dataclasses.dataclass
class Done:
    """What became of a job: its steps with exit code and output."""

    result: str
    steps: list[tuple[str, int, str]] = dataclasses.field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(step[2] for step in self.steps)

    def ran(self, name: str) -> bool:
        return any(step[0] == name for step in self.steps)


def evaluated(expression: str, names: dict[str, t.Any]) -> t.Any:
    """An expression of GitHub. A name that is not known is a KeyError."""
    assert not TOKENS.sub("", expression).strip(), expression
    parts = [WORDS.get(token) or (token if token.startswith("'") else repr(names[token])) for token in TOKENS.findall(expression)]
    return eval("".join(parts))


def filled(value: t.Any, names: dict[str, t.Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(evaluated(match[1], names)), str(value))


class Runner:
    """A repository on a forge, whose jobs run here."""

    def __init__(self, sim: Simulator, forge: Forge, folder: Path, temp: Path) -> None:
        self.sim, self.forge, self.folder, self.temp = sim, forge, folder, temp
        self.origin, self.kept = folder / "origin", folder / "kept"
        (self.kept / "bin").mkdir(parents=True)
        for name, text in {"python": PYTHON, "ansible-playbook": PLAYBOOK, "ansible-galaxy": "#!/bin/sh\n"}.items():
            (self.kept / "bin" / name).write_text(text, encoding="utf-8")
            (self.kept / "bin" / name).chmod(0o755)
        shutil.copytree(SAMPLE, self.origin)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", "The sample")
        self._jobs = 0
        forge.in_main = lambda sha: sha in self.git("rev-list", "main").split()

    # The repository

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.origin, env=self._env(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(self, branch: str, files: Files, start: str = "main") -> str:
        """Commit files to a branch: texts, links (a Path), or None for one that goes."""
        known = self.git("branch", "--list", branch)
        self.git("checkout", "--quiet", *([branch] if known else ["-b", branch, start]))
        for name, content in files.items():
            path = self.origin / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path.exists():
                path.unlink()
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                path.symlink_to(content)
            elif content is not None:
                path.write_text(content, encoding="utf-8")
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A change")
        head = self.git("rev-parse", "HEAD")
        self.git("checkout", "--quiet", "main")
        return head

    def change(self, number: int, files: Files, **options: t.Any) -> Change:
        """Open a pull request, or push to the one that is open."""
        head = self.push(f"change-{number}", files)
        self.git("update-ref", f"refs/merge-requests/{number}/head", head)
        one = self.forge.changes.setdefault(number, Change(number, head, list(files), **options))
        one.head, one.touched = head, list(files)
        return one

    def merge(self, change: Change) -> str:
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {change.number}", f"change-{change.number}")
        change.merged = self.git("rev-parse", "HEAD")
        return change.merged

    # Jobs

    def _env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "THINGSPACE_", "GIT", "CI_"))}
        return {
            **inherited,
            "PATH": os.pathsep.join([str(self.kept / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.kept),
            "GIT_CONFIG_NOSYSTEM": "1",
            "KEPT": str(self.kept),
            "REAL_PYTHON": sys.executable,
            "REAL_PLAYBOOK": str(Path(sys.executable).parent / "ansible-playbook"),
            "ANSIBLE_HOME": str(self.kept / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(t.cast("t.Iterable[str]", ansible_collections.__path__)))).parent),
            "THINGSPACE_API_URL": self.sim.api_url,
        }

    def _secrets(self, environment: str) -> dict[str, str]:
        known = self.sim.credentials
        values = (known.app_key, known.app_secret, known.username, known.password)
        return dict(zip(SECRETS, values, strict=True)) if environment in WITH_SECRETS else dict.fromkeys(SECRETS, "")

    def _fresh(self) -> Path:
        self._jobs += 1
        place = self.folder / f"job{self._jobs}"
        (place / "temp").mkdir(parents=True)
        return place

    def _clone(self, place: Path, deep: bool) -> None:
        """What main is now. The clone cannot fetch any more: the token is gone."""
        clone = ["clone", "--quiet", *([] if deep else ["--depth", "1"]), "--branch", "main", f"file://{self.origin}", str(place / "checkout")]
        subprocess.run(["git", *clone], env=self._env(), check=True, capture_output=True)

    def _shell(self, script: str, place: Path, env: dict[str, str], folder: Path) -> tuple[int, str]:
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def _check_session(self) -> None:
        assert not self.sim.service.auth.sessions, "a session was left open"

    def github(self, workflow: str, names: dict[str, t.Any], run: int | None = None, **variables: str) -> dict[str, Done]:
        """Run a workflow. ``run`` is a number that there was already, for another attempt."""
        content = yaml.safe_load((self.origin / ".github" / "workflows" / f"{workflow}.yml").read_text(encoding="utf-8"))
        number = run or 100 + len(self.forge.runs)
        known = {
            "github.repository": "o/r",
            "github.server_url": "https://github.example",
            "github.ref": "refs/heads/main",
            "github.token": TOKEN,
            "github.run_id": number,
            "inputs.digest": "",
            **names,
        }
        self.forge.runs[number] = {
            "event": known["github.event_name"],
            "path": f".github/workflows/{workflow}.yml",
            "conclusion": None,
            "head_sha": self.git("rev-parse", "main"),
            "head_branch": "main",
            "repository": {"full_name": "o/r"},
            "head_repository": {"full_name": "o/r"},
            "pull_requests": [],
        }
        done: dict[str, Done] = {}
        for job, spec in content["jobs"].items():
            for needed in [spec["needs"]] if "needs" in spec else []:
                known[f"needs.{needed}.result"] = done[needed].result
            done[job] = self._github_job(spec, known, number, variables)
            for output, value in spec.get("outputs", {}).items():
                known[f"needs.{job}.outputs.{output}"] = filled(value, known) if done[job].result != "skipped" else ""
        self.forge.runs[number]["conclusion"] = "failure" if any(one.result == "failure" for one in done.values()) else "success"
        self._check_session()
        return done

    def _github_job(self, spec: dict[str, t.Any], known: dict[str, t.Any], number: int, variables: dict[str, str]) -> Done:
        def asked(condition: str, failed: bool) -> bool:
            text = str(condition).removeprefix("${{").removesuffix("}}")
            return bool(evaluated(text, known)) and (not failed or "cancelled()" in text or "always()" in text)

        needed = [known[name] for name in known if name.startswith("needs.") and name.endswith(".result")] if "needs" in spec else []
        if not asked(spec.get("if", "'yes'"), failed=any(result != "success" for result in needed)):
            return Done("skipped")
        place = self._fresh()
        known |= {"runner.temp": str(place / "temp"), "github.workspace": str(place / "checkout")}
        known |= {f"secrets.{name}": value for name, value in self._secrets(filled(spec.get("environment", ""), known)).items()}
        known |= {f"steps.{step['id']}.outcome": "skipped" for step in spec["steps"] if "id" in step}
        base = {
            **self._env(),
            "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_STEP_SUMMARY": str(self.kept / "summary.md"),
            "GITHUB_API_URL": self.forge.url,
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_ID": str(number),
            **variables,
        }
        done = Done("success")
        for step in spec["steps"]:
            if not asked(step.get("if", "'yes'"), failed=done.result != "success"):
                continue
            given = {name: filled(value, known) for name, value in step.get("env", {}).items()}
            options = {name: filled(value, known) for name, value in step.get("with", {}).items()}
            code, text = 0, ""
            if "run" in step:
                code, text = self._shell(step["run"], place, {**base, **given}, place / "checkout")
            elif step["uses"].startswith("actions/checkout@"):
                assert options["ref"] == "main", "a job checks out main and nothing else"
                self._clone(place, deep=options.get("fetch-depth") == "0")
                subprocess.run(["git", "remote", "set-url", "origin", "/nowhere"], cwd=place / "checkout", check=True)
            elif step["uses"].startswith("actions/upload-artifact@"):
                self.forge.keep(options["name"], number, {path.name: path.read_bytes() for path in Path(options["path"]).iterdir()})
            else:
                assert step["uses"].startswith("actions/setup-python@"), step
            if "id" in step:
                known[f"steps.{step['id']}.outcome"] = "failure" if code else "success"
            done.steps.append((step.get("name", step.get("uses", "")), code, text))
            done.result = "failure" if code else done.result
        return done

    def gitlab(self, *jobs: str, commit: str | None = None, **variables: str) -> dict[str, Done]:
        """Run jobs of a pipeline of main, one after the other, each with what the jobs before it kept."""
        content = yaml.safe_load((self.origin / ".gitlab-ci.yml").read_text(encoding="utf-8"))
        number = 100 + len(self.forge.runs)
        self.forge.runs[number] = {"ref": "main", "source": "push" if commit else "schedule", "tag": False}
        kept: dict[Path, bytes] = {}
        done: dict[str, Done] = {}
        for name in jobs:
            spec = {**content[content[name]["extends"]], **content[name]}
            always = any(rule.get("when") == "always" for rule in spec["rules"])
            if any(one.result == "failure" for one in done.values()) and not always:
                done[name] = Done("skipped")
                continue
            place = self._fresh()
            self._clone(place, deep=spec.get("variables", {}).get("GIT_DEPTH") == "0")
            work = place / "checkout"
            if commit:
                subprocess.run(["git", "fetch", "--quiet", "--depth", "1", "origin", commit], cwd=work, check=True, capture_output=True)
                subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=work, check=True, capture_output=True)
            for path, data in kept.items():
                (work / path).parent.mkdir(parents=True, exist_ok=True)
                (work / path).write_bytes(data)
            environment = spec["environment"]["name"]
            secrets = self._secrets(environment) if environment in WITH_SECRETS else {}
            env = {
                **self._env(),
                "CI_API_V4_URL": self.forge.url,
                "CI_PROJECT_ID": PROJECT,
                "CI_PROJECT_DIR": str(work),
                "CI_DEFAULT_BRANCH": "main",
                "CI_COMMIT_SHA": commit or self.git("rev-parse", "main"),
                "CI_PIPELINE_ID": str(number),
                "CI_PIPELINE_URL": "https://gitlab.example/pipelines/1",
                # Short, for ansible-core puts sockets there.
                "TMPDIR": str(self.temp),
                **{key: str(value).replace("$CI_PROJECT_DIR", str(work)) for key, value in spec.get("variables", {}).items()},
                **secrets,
                **({"GITLAB_TOKEN": TOKEN} if environment == "gitlab" else {}),
                **variables,
            }
            script = "\n".join([*spec.get("before_script", []), *spec["script"]])
            code, text = self._shell(script, place, env, work)
            done[name] = Done("failure" if code else "success", [("script", code, text)])
            artifacts = spec.get("artifacts", {})
            if not code or artifacts.get("when") == "always":
                for part in artifacts.get("paths", []):
                    kept |= {path.relative_to(work): path.read_bytes() for path in (work / part).rglob("*") if path.is_file()}
        self._check_session()
        return done
