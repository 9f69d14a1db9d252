# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection where Ansible looks for it: a link to the checkout, and copies for the tools that write into the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import environment
from log import Failed, Log
from places import BUILD, COLLECTION, HOME, LAYOUT, ROOT

GET_PIP = '''"""Stands where ansible-test keeps the get-pip script that it downloads: installs from the package index instead."""

import os
import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word.startswith("pip==")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
if wanted:
    env = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + wanted, env=env)
'''


def link() -> Path:
    """The folder that holds `ansible_collections`, with a link to the checkout."""
    path = LAYOUT / COLLECTION
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink() or path.resolve() != ROOT:
        path.unlink(missing_ok=True)
        path.symlink_to(ROOT, target_is_directory=True)
    return LAYOUT


def tracked() -> list[Path]:
    """Files of the checkout that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, env=environment.user(), capture_output=True, check=True).stdout.decode()
    return [Path(name) for name in sorted(set(listing.split("\0"))) if name and (ROOT / name).exists()]


def copy(log: Log, name: str) -> Path:
    """A fresh copy as `.build/trees/NAME/ansible_collections/thingspace/fota`.

    It is a git repository of its own: inside a folder that git ignores ansible-test would find no file, and pass.
    """
    top = BUILD / "trees" / name
    shutil.rmtree(top, ignore_errors=True)
    tree = top / COLLECTION
    tree.mkdir(parents=True)
    for path in tracked():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target, follow_symlinks=False)
    log.run(["git", "init", "--quiet"], tree, environment.clean([]))
    return tree


def put_get_pip(venv: Path) -> None:
    """Give ansible-test the bootstrap script that it would download from a server of its own."""
    sources = list(venv.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"))
    versions = {match for path in sources for match in re.findall(r"pip='([\d.]+)'", path.read_text(encoding="utf-8"))}
    if not versions:
        raise Failed("no version of pip found in ansible-test: has its bootstrap changed?")
    folder = HOME / ".ansible" / "test" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        (folder / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
