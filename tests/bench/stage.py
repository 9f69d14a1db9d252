# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every measurement stands on: the simulator as a process, programs and playbooks with their time and memory."""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ACCOUNT = "0402196254-00001"
WHO = {"app_key": "key", "app_secret": "secret", "username": "fleet", "password": "word"}


def imeis(first: int, count: int) -> list[str]:
    """Fifteen digits each, which is all that a service and a declaration look at when no check digit is asked for."""
    return [f"99{number:013d}" for number in range(first, first + count)]


@dataclasses.dataclass(frozen=True)
class Took:
    """Seconds on the wall and of processors; megabytes of the largest process among it and all that it waited for."""

    seconds: float
    cpu: float
    megabytes: float


class Stage:
    """A folder, a simulator, and the environment in which ansible-playbook finds the collection and nothing of the user's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port_file = folder / "port"
        code = ROOT / "roles" / "simulator" / "files"
        command = [sys.executable, "-m", "thingspace_simulator", "--port-file", str(self._port_file)]
        self._process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(code)}, stdout=subprocess.DEVNULL)
        while not self._port_file.exists():
            time.sleep(0.05)
        self.root = f"http://127.0.0.1:{self._port_file.read_text(encoding='ascii').strip()}"
        collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "THINGSPACE_", "PYTHON"))}
        self.env = {
            **inherited,
            "HOME": str(folder),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": collections,
            "ANSIBLE_LIBRARY": str(HERE / "library"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
        }

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def control(self, call: str, content: object = None) -> Any:
        """A call of the simulator beside the simulated world."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.root}/_simulator/{call}", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def seed(self, upgrades: list[dict[str, object]]) -> None:
        """A world with these upgrades, and tokens for it."""
        content = {"credentials": WHO, "upgrades": [{"account": ACCOUNT, "start_date": "+30", **upgrade} for upgrade in upgrades]}
        self.control("seed", content)
        access_token, session_token = tokens(f"{self.root}/api")
        self.env |= {
            "THINGSPACE_API_URL": f"{self.root}/api",
            "THINGSPACE_ACCESS_TOKEN": access_token,
            "THINGSPACE_SESSION_TOKEN": session_token,
            "THINGSPACE_ACCOUNT": ACCOUNT,
        }

    def requests(self) -> int:
        """How many requests reached FOTA since the last seed."""
        return sum(1 for record in self.control("requests")["requests"] if not record["path"].startswith(("/ts/", "/m2m/")))

    def members(self) -> dict[str, int]:
        """How many devices each upgrade has."""
        return {upgrade["id"]: len(upgrade["members"]) for upgrade in self.control("state")["upgrades"]}

    def run(self, command: list[str]) -> Took:
        """Run a program to its end. Raises RuntimeError with what it printed if it fails."""
        with (self.folder / "output").open("w+", encoding="utf-8") as output:
            start = time.perf_counter()
            process = subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            dummy, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{text[-3000:]}")
        return Took(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

    def playbook(self, tasks: list[dict[str, object]]) -> Took:
        """Run a play with these tasks on this machine."""
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (self.folder / "play.yml").write_text(json.dumps(play), encoding="utf-8")
        return self.run([sys.executable, "-m", "ansible", "playbook", "play.yml"])

    def script(self, name: str, *arguments: str) -> Took:
        """Run a program of this folder."""
        return self.run([sys.executable, str(HERE / name), *arguments])


def tokens(api: str) -> tuple[str, str]:
    """A bearer and a session."""
    basic = (WHO["app_key"], WHO["app_secret"])
    bearer = requests.post(f"{api}/ts/v1/oauth2/token", auth=basic, data={"grant_type": "client_credentials"}, timeout=60).json()["access_token"]
    who = {name: WHO[name] for name in ("username", "password")}
    login = requests.post(f"{api}/m2m/v1/session/login", headers={"Authorization": f"Bearer {bearer}"}, json=who, timeout=60)
    return bearer, login.json()["sessionToken"]


def paired(rounds: int, *jobs: Callable[[], Took]) -> list[list[Took]]:
    """Run the jobs in turn, round after round, so that what else the machine does weighs on all of them alike. A round before warms up."""
    for job in jobs:
        job()
    return [[job() for job in jobs] for dummy in range(rounds)]


def median(values: list[float]) -> float:
    return statistics.median(values)
