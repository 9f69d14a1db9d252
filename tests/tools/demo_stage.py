# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of `make demo`: runs playbooks as a user would, shows what they print, and knows what the simulator holds."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import textwrap
import typing as t
from collections import Counter
from pathlib import Path

from places import ROOT

sys.path.insert(0, str(ROOT / "roles" / "simulator" / "files"))

from thingspace_simulator import Simulator

FIRMWARE = {"firmware_name": "GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657", "firmware_to": "SR1.2.0.0-10657"}
DAYS = {"canary": "2030-01-14", "wave-1": "2030-01-21", "wave-2": "2030-01-28"}
# Devices in the upgrades that the repository does not declare.
STRANGERS = ("990003425730535", "990000473475989")
FILES = "thingspace_rollout_files=rollouts"


class Wrong(Exception):
    """What the demo tells did not come true."""


def say(text: str) -> None:
    for paragraph in textwrap.dedent(text).strip().split("\n\n"):
        print(textwrap.fill(" ".join(paragraph.split()), 100, break_on_hyphens=False), end="\n\n", flush=True)


def heading(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"{bold}{text}\n{'=' * len(text)}{plain}", flush=True)


def devices(path: Path) -> list[str]:
    """The declared devices of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        column = re.split("[,;]", head.strip().lower()).index("imei")
        return [row[column] for row in csv.reader(stream, delimiter=";" if ";" in head else ",")]


class Stage:
    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        known = simulator.credentials
        self.secrets = [known.app_secret, known.password]
        color = {"ANSIBLE_FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
        self.env = {
            **os.environ,
            **color,
            "THINGSPACE_API_URL": simulator.api_url,
            "THINGSPACE_APP_KEY": known.app_key,
            "THINGSPACE_APP_SECRET": known.app_secret,
            "THINGSPACE_USERNAME": known.username,
            "THINGSPACE_PASSWORD": known.password,
            "THINGSPACE_PLAN_MARKDOWN": "plan.md",
            "THINGSPACE_PLAN_JSON": "plan.json",
        }

    @property
    def declared(self) -> dict[str, set[str]]:
        """The devices that the files declare now."""
        return {wave: set(devices(self.folder / f"rollouts/waves/{wave}.csv")) for wave in DAYS}

    def schedule(self) -> None:
        """What was scheduled before: two of the three upgrades, whose devices are partly others than the declared ones."""
        canary, wave = (sorted(self.declared[name]) for name in ("canary", "wave-1"))
        self.simulator.add_upgrade(start_date=DAYS["canary"], devices=[*canary[:-2], STRANGERS[0]], **FIRMWARE)
        self.simulator.add_upgrade(start_date=DAYS["wave-1"], devices=[*wave[5:], STRANGERS[1]], **FIRMWARE)

    def play(self, what: str, *options: str) -> tuple[int, Counter[str]]:
        """Run a playbook of the collection as a user would, and show it: exit code, and the requests about upgrades by method."""
        words = ["ansible-playbook", f"thingspace.fota.{what}", "-e", FILES, *(word for option in options for word in ("-e", option))]
        print(f"$ {' '.join(words)}", flush=True)
        before, sessions = len(self.simulator.requests), len(self.simulator.service.auth.sessions)
        program = Path(sys.executable).with_name(words[0])
        process = subprocess.Popen(
            [sys.executable, program, *words[1:]],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                print(line, end="", flush=True)
            code = process.wait()
        finally:
            process.terminate()
        text = "".join(lines) + self.report("plan.md") + self.report("plan.json")
        self.expect(len(self.simulator.service.auth.sessions) == sessions, "a session was left open")
        bearer = self.simulator.tokens()[0]
        self.expect(not any(secret in text for secret in [*self.secrets, bearer]), "a secret was on the screen or in a report")
        return code, Counter(request.method for request in self.simulator.requests[before:] if "/upgrades" in request.path)

    def report(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def show(self) -> dict[str, t.Any]:
        """Print the report for people, and read the one for machines."""
        print("$ cat plan.md", textwrap.indent(self.report("plan.md"), "  | ", lambda line: True), sep="\n", flush=True)
        document: dict[str, t.Any] = json.loads(self.report("plan.json"))
        return document

    def expect(self, truth: bool, otherwise: str) -> None:
        if not truth:
            raise Wrong(otherwise)

    def members(self) -> dict[str, set[str]]:
        """The devices of the upgrades that there are."""
        days = {day: wave for wave, day in DAYS.items()}
        return {days[upgrade.start_date]: self.simulator.members(upgrade.id) for upgrade in self.simulator.service.upgrades.values()}
