# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script as a user of the collection would: an environment with ansible-core and requests, the collection in its layout.

The script gets `ANSIBLE_COLLECTIONS_PATH`, PATH and the homes below `.build`, and nothing of the user's own settings.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import cores
import environment
import interpreters
import trees
import venvs
from log import Failed, Log
from places import BUILD, DEMO_VENV, LOGS, REQUIREMENTS, ROOT


def main(script: str, arguments: list[str]) -> int:
    pair = cores.newest(*interpreters.find())
    environment.prepare(pair.python)
    log = Log(LOGS / "demo" / "environment.log")
    if not (DEMO_VENV / venvs.MARK).is_file():
        print(f"Making an environment with ansible-core {pair.core.version} and requests in .build (once, about 15 s) ...", flush=True)
    try:
        venvs.make(log, DEMO_VENV, pair.python, [pair.core.pins, REQUIREMENTS / "demo.txt"])
    except Failed as error:
        print(log.path.read_text(encoding="utf-8"), f"{error}. The log above is {log.path}", sep="\n", file=sys.stderr)
        return 1
    env = {**environment.clean([DEMO_VENV / "bin"]), "ANSIBLE_COLLECTIONS_PATH": str(trees.link())}
    env.pop("NO_COLOR")
    with (BUILD / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run([DEMO_VENV / "bin" / "python", ROOT / script, *arguments], cwd=ROOT, env=env, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).as_posix(), sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
