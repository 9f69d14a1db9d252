# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook with the ansible-playbook of this environment, away from the user's home, configuration and variables."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_collections

HOSTS = "[fleet]\nhost[1:8] ansible_connection=local\n"


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of it. ``text`` is everything that was printed."""

    code: int
    text: str


def environment_in(folder: Path) -> dict[str, str]:
    """The variables that ansible needs to run away from the user's home, configuration and variables, with this folder as home."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "THINGSPACE_"))}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(t.cast("t.Iterable[str]", ansible_collections.__path__)))).parent),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }


def run_playbook(folder: Path, playbook: str, *arguments: str, inventory: str = HOSTS, **environment: str) -> Run:
    """Run a playbook and wait for its end.

    Args:
        folder: an empty folder, which becomes home and working directory.
        playbook: its YAML.
        arguments: of the command line.
        inventory: eight hosts that are all this machine, unless told otherwise.
        environment: variables beside the necessary ones.
    """
    (folder / "playbook.yml").write_text(playbook, encoding="utf-8")
    (folder / "inventory.ini").write_text(inventory, encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.ini", "playbook.yml", *arguments]
    env = {**environment_in(folder), **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return Run(done.returncode, f"{done.stdout}\n{done.stderr}")
