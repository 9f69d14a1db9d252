# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/events.md tells, done: a wave fails, the sample rulebook cancels the next one and no other, and leaves no session.

Run by the Python of the environment with ansible-rulebook, with the collection on ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from places import ROOT

sys.path.insert(0, str(ROOT / "roles" / "simulator" / "files"))

from thingspace_simulator import Simulator
from thingspace_simulator.world.model import Entry, Upgrade

ACCOUNT = "0402196254-00001"
RULEBOOK = "thingspace.fota.stop_next_wave"
DEVICES = [f"{990003425730000 + number}" for number in range(20)]
PATIENCE = 120


class Wrong(Exception):
    """It did not come true."""


class Story:
    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.state = folder / "thingspace-upgrades.json"
        self.waves = [
            sim.add_upgrade(devices=DEVICES, start_date="+1"),
            sim.add_upgrade(devices=["990013907835573"], start_date="+8"),
            sim.add_upgrade(devices=["990000473475989"], start_date="+15"),
        ]
        (folder / "inventory.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n", encoding="utf-8")
        known = sim.credentials
        self.secrets = [known.app_secret, known.password]
        self.env = {
            **os.environ,
            # Without it Java takes SIGTERM for itself, and nothing is ended in order.
            "JAVA_TOOL_OPTIONS": "-Xrs",
            "THINGSPACE_API_URL": sim.api_url,
            "THINGSPACE_ACCOUNT": ACCOUNT,
            "THINGSPACE_APP_KEY": known.app_key,
            "THINGSPACE_APP_SECRET": known.app_secret,
            "THINGSPACE_USERNAME": known.username,
            "THINGSPACE_PASSWORD": known.password,
        }

    def start(self, rulebook: str, *more: str) -> subprocess.Popen[bytes]:
        """ansible-rulebook as the page says. What it prints is shown, and kept to look for secrets."""
        command = [str(Path(sys.executable).with_name("ansible-rulebook")), "--rulebook", rulebook, "--inventory", "inventory.yml", *more]
        print(f"$ {' '.join(command)}", flush=True)
        with (self.folder / "output.txt").open("wb") as stream:
            return subprocess.Popen(command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)

    def wait(self, process: subprocess.Popen[bytes], what: str, happened: t.Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > end or process.poll() is not None:
                self.end(process)
                raise Wrong(f"{what} did not come (exit code {process.returncode})")
            time.sleep(0.1)

    def end(self, process: subprocess.Popen[bytes], code: int | None = None) -> str:
        """End it as a service manager does, and look at what it leaves behind."""
        if code is None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output = (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        print(output, flush=True)
        kept = self.state.read_text(encoding="utf-8") if self.state.exists() else ""
        self.expect(not any(secret in output + kept for secret in self.secrets), "a secret was printed or kept")
        self.expect(process.returncode == (code or 0), f"it ended with {process.returncode}")
        self.expect(not self.sim.service.auth.sessions, "a session was left open")
        return output

    def expect(self, truth: bool, otherwise: str) -> None:
        if not truth:
            raise Wrong(otherwise)

    def become(self, upgrade: Upgrade, failed: int) -> None:
        with self.sim.service.lock:
            upgrade.status, upgrade.starts_at = "InProgress", None
            upgrade.devices.update({device: Entry("UpgradeFailed", "no answer") for device in DEVICES[:failed]})

    def there(self) -> list[bool]:
        return [wave.id in self.sim.service.upgrades for wave in self.waves]

    def looks(self) -> int:
        return sum(request.path.endswith("/InProgress/index/0") for request in self.sim.requests)


def a_wave_fails(story: Story) -> None:
    """Between two looks: the sample with a shorter interval, since the test has no five minutes."""
    sample = (ROOT / "extensions" / "eda" / "rulebooks" / "stop_next_wave.yml").read_text(encoding="utf-8")
    (story.folder / "quick.yml").write_text(sample.replace("interval: 300", "interval: 10"), encoding="utf-8")
    story.expect("interval: 300" in sample, "the sample has another interval")
    process = story.start("quick.yml")
    story.wait(process, "the first look", lambda: story.looks() >= 1 and story.state.exists() and "Queued" in story.state.read_text(encoding="utf-8"))
    story.become(story.waves[0], 3)
    story.wait(process, "the cancellation", lambda: story.there() == [True, False, True])
    # The playbook logs out after that.
    story.wait(process, "the end of the playbook", lambda: len(story.sim.service.auth.sessions) == 1)
    story.end(process)
    story.expect(len(story.sim.logins) == 2, f"{len(story.sim.logins)} logins instead of one of the source and one of the playbook")


def a_restart_repeats_nothing(story: Story) -> None:
    """The sample as it is, by its name. More devices fail meanwhile, and the share has passed the limit before."""
    story.become(story.waves[0], 5)
    looks, logins = story.looks(), len(story.sim.logins)
    process = story.start(RULEBOOK, "-vv")
    story.wait(process, "the look after the restart", lambda: story.looks() > looks and '"UpgradeFailed": 5' in story.state.read_text(encoding="utf-8"))
    time.sleep(3)
    output = story.end(process)
    story.expect("upgrade_changed" in output, "there was no event")
    story.expect(story.there() == [True, False, True], "another wave was cancelled")
    story.expect(len(story.sim.logins) == logins + 1, "there was not one login")


def a_refused_login_is_final(story: Story) -> None:
    logins = len(story.sim.logins)
    story.env["THINGSPACE_PASSWORD"] = "wrong-pass-word"
    story.secrets.append("wrong-pass-word")
    process = story.start(RULEBOOK, "--shutdown-delay", "1")
    story.wait(process, "the login", lambda: len(story.sim.logins) > logins)
    output = story.end(process, code=1)
    story.expect("The service refused the login of simulator-user" in output, "it does not say why")
    story.expect(len(story.sim.logins) == logins + 1, "the login was sent again")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="rulebook") as folder, Simulator() as sim:
        story = Story(sim, Path(folder))
        for act in (a_wave_fails, a_restart_repeats_nothing, a_refused_login_is_final):
            print(f"{act.__name__.replace('_', ' ')}:", flush=True)
            act(story)
    version = {name: importlib.metadata.version(name) for name in ("ansible-rulebook", "ansible-core")}
    print(f"ansible-rulebook {version['ansible-rulebook']} on ansible-core {version['ansible-core']}: one wave cancelled, no session left open")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as error:
        sys.exit(f"The story went wrong: {error}.")
