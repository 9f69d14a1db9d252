# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample rulebook under the real ansible-rulebook, where this machine has a Python and a Java for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import cores
import environment
import trees
import venvs
from cores import Pair
from interpreters import Python
from log import Failed, Log
from places import REQUIREMENTS, ROOT, VENVS

# Its metadata names 3.9 to 3.12, and there are wheels of what binds it to Java up to 3.13.
FIRST, LAST = (3, 11), (3, 13)
JAVA = 17
VENV = "eda"


def pair(found: list[Python]) -> Pair | None:
    """The newest Python that it runs on, with the newest ansible-core for that."""
    fit = [python for python in found if FIRST <= python.minor <= LAST]
    return cores.newest(fit) if fit else None


def java() -> int:
    """The major version of the Java that ansible-rulebook would find, 0 if there is none."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not program:
        return 0
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)', said)
    return int(match[1]) if match else 0


def lacking(found: list[Python]) -> str:
    """Why it cannot run here, empty if it can."""
    words = [] if pair(found) else ["Python {}.{} to {}.{}".format(*FIRST, *LAST)]
    words += [] if java() >= JAVA else [f"Java {JAVA} or newer"]
    return f"not run: there is no {' and no '.join(words)} on this machine" if words else ""


def make(log: Log, found: list[Python]) -> str:
    chosen = pair(found)
    if lacking(found) or not chosen:
        return lacking(found)
    return venvs.make(log, VENVS / VENV, chosen.python, [chosen.core.pins, REQUIREMENTS / "eda.txt"])


def run(log: Log, found: list[Python]) -> str:
    """Run the story, whose last line says what came of it."""
    if lacking(found):
        return lacking(found)
    env = {**environment.clean([VENVS / VENV / "bin"]), "ANSIBLE_COLLECTIONS_PATH": str(trees.link())}
    home = os.environ.get("JAVA_HOME")
    env |= {"JAVA_HOME": home} if home else {}
    output = log.run([VENVS / VENV / "bin" / "python", ROOT / "tests" / "tools" / "rulebook_story.py"], ROOT, env)
    said = output.strip().splitlines()[-1]
    if not said.startswith("ansible-rulebook "):
        raise Failed("the story came to no end")
    return said
