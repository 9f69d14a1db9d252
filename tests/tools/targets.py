# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration targets: which there are, and a run of them without ansible-test."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import environment
from log import Failed, Log
from places import BUILD, TARGETS, VENVS
from steps import LINES

PLAYBOOK = """---
- name: Integration target {name}
  hosts: testhost
  gather_facts: true
  roles:
    - role: {name}
"""
RECAP = re.compile(r"^\S+\s+: ok=(\d+) .*?unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def aliases(target: Path) -> set[str]:
    path = target / "aliases"
    return set(path.read_text(encoding="utf-8").split()) if path.is_file() else set()


def names() -> list[str]:
    """Targets that a run must have run: all but those that only others depend on."""
    folders = sorted(path for path in TARGETS.glob("*") if path.is_dir())
    return [path.name for path in folders if not path.name.startswith(("setup_", "prepare_")) and "hidden" not in aliases(path)]


def wanted() -> list[str]:
    """The targets named in ARGS, else all."""
    known = names()
    chosen = shlex.split(os.environ.get("ARGS", ""))
    unknown = sorted(set(chosen) - set(known))
    if unknown or not known:
        raise Failed(f"no such integration target: {', '.join(unknown)}" if unknown else "there is no integration target")
    return chosen or known


def did_something(output: str, name: str) -> None:
    """Fail unless the plays of a target ran at least one task beside the gathering of facts."""
    recap = RECAP.findall(output)
    if not recap or any(int(ok) < 2 for ok, unreachable, failed in recap):
        raise Failed(f"the target {name} ran no task")


def failure(broken: Mapping[str, str]) -> Failed:
    """A failure that shows the last lines of each broken target, up to the end of its plays."""
    share = max(20, LINES // len(broken))
    show = [line for name, text in broken.items() for line in [f"--- {name}", *text.rpartition("\nPLAY RECAP")[0].splitlines()[-share:]]]
    return Failed(f"these targets failed: {', '.join(broken)}", show)


def play(log: Log, venv: str, collections: Path, pythons: list[Path], run: str) -> str:
    """Run each target with ansible-playbook against the collection that lies in a folder."""
    folder = BUILD / "trees" / run
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(TARGETS, folder / "targets", symlinks=True)
    broken = {}
    # Older cores cannot start an interpreter whose path has a space: give it one without.
    with tempfile.TemporaryDirectory(prefix="thingspace-") as short:
        link = Path(short) / "venv"
        link.symlink_to(VENVS / venv, target_is_directory=True)
        (folder / "inventory").write_text(f"testhost ansible_connection=local ansible_python_interpreter={link / 'bin' / 'python'}\n", encoding="utf-8")
        env = {
            **environment.clean([link / "bin", *pythons]),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_ROLES_PATH": str(folder / "targets"),
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
        }
        for name in wanted():
            output = play_one(log, link, folder, name, env)
            if log.last_code:
                broken[name] = output
            else:
                did_something(output, name)
    if broken:
        raise failure(broken)
    return f"{len(wanted())} targets"


def play_one(log: Log, venv: Path, folder: Path, name: str, env: Mapping[str, str]) -> str:
    book = folder / f"{name}.yml"
    book.write_text(PLAYBOOK.format(name=name), encoding="utf-8")
    output_dir = folder / "output" / name
    output_dir.mkdir(parents=True)
    facts = json.dumps({"output_dir": str(output_dir), "resource_prefix": f"thingspace-test-{name}", "tiny_prefix": "ts"})
    command: list[str | Path] = [venv / "bin" / "python", venv / "bin" / "ansible-playbook", "-i", folder / "inventory", "-e", facts, book]
    return log.run(command, folder, env, check=False)
