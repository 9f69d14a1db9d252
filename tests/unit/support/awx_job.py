# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as an AWX runs them: its own code puts the credential into the environment, its own engine (ansible-runner) runs the playbook."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import build_safe_env, inject_credential

from support.run_playbook import environment_in

Values = dict[str, t.Any]


class _Loader(yaml.SafeLoader):
    """Knows Ansible's tag for text that it must not template."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast("yaml.ScalarNode", node)))


def read(path: Path) -> t.Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def injected(credential_type: Values, inputs: Values, private: Path) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """What a credential of this type becomes: the environment of a job, what AWX keeps of it, and arguments of ansible-playbook."""
    env: Values = {}
    kept: Values = {}
    arguments: list[str] = []
    kind = ManagedCredentialType(namespace="thingspace", name="ThingSpace", kind="cloud", **credential_type)
    inject_credential(kind, Credential(inputs), env, kept, arguments, str(private))
    return env, t.cast("dict[str, str]", build_safe_env(kept)), arguments


@dataclasses.dataclass(frozen=True)
class Job:
    """What came of it: exit code, all events, what it hands to the next job of a workflow, and all that an AWX would show and keep of it."""

    code: int
    events: list[Values]
    artifacts: Values
    text: str

    def results(self, module: str) -> list[Values]:
        """What tasks with this module returned."""
        told = [event["event_data"] for event in self.events if "event_data" in event]
        return [data["res"] for data in told if data.get("task_action") == module and "res" in data]


@dataclasses.dataclass
class Awx:
    """A project, a credential, and jobs one after the other."""

    folder: Path
    project: Path
    env: dict[str, str]

    def launch(self, playbook: str, check: bool = False, verbosity: int = 0, **variables: t.Any) -> Job:
        """Run a job template with answers to its survey, or with what an earlier job handed on."""
        private = self.folder / f"job{len(list(self.folder.glob('job*')))}"
        (private / "env").mkdir(parents=True)
        shutil.copytree(self.project, private / "project", symlinks=True)
        (private / "inventory").mkdir()
        (private / "inventory" / "hosts").write_text("[all]\n", encoding="utf-8")
        # A number of AWX's own is among the variables of every job.
        (private / "env" / "extravars").write_text(json.dumps({"awx_job_id": 7, **variables}), encoding="utf-8")
        words = ["--diff", *(["--check"] if check else []), *([f"-{'v' * verbosity}"] if verbosity else [])]
        (private / "env" / "cmdline").write_text(" ".join(words), encoding="utf-8")
        command = [sys.executable, "-m", "ansible_runner", "run", str(private), "--playbook", playbook, "--ident", "1", "--omit-env-files", "--quiet"]
        done = subprocess.run(
            command, env={**environment_in(self.folder), **self.env}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=300
        )
        kept = private / "artifacts" / "1"
        events = [json.loads(path.read_text(encoding="utf-8")) for path in (kept / "job_events").glob("*.json")]
        events.sort(key=lambda event: event["counter"])
        artifacts: Values = next((event["event_data"].get("artifact_data", {}) for event in events if event["event"] == "playbook_on_stats"), {})
        # Not the file `command`, where ansible-runner itself keeps the environment; AWX keeps a masked one instead.
        shown = [kept / "stdout", *(kept / "job_events").glob("*.json")]
        text = done.stdout + done.stderr + "".join(path.read_text(encoding="utf-8") for path in shown)
        return Job(done.returncode, events, artifacts, text)
