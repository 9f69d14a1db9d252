# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` shows: the sample repository planned, applied, applied again and stopped by a rail, against the simulator.

It looks for itself whether what is told came true: in what ansible-playbook printed, and in what the simulator was asked.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

from places import BUILD, ROOT

sys.path.insert(0, str(ROOT / "roles" / "simulator" / "files"))

from thingspace_simulator import Simulator

SAMPLE = ROOT / "docs" / "sample"
SCRATCH = BUILD / "demo"
CANARY, WAVE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
# Devices of the upgrades that the repository does not declare.
STRANGERS = ("990003425730535", "990000473475989")
LEFT = 89  # devices that the broken export leaves of wave 1


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


class Demo:
    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.declared = {CANARY: devices(folder / "rollouts/waves/canary.csv"), WAVE: devices(folder / "rollouts/waves/wave-1.csv")}
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
        }

    def schedule(self) -> None:
        """What somebody else scheduled: upgrades whose devices are partly others than the declared ones."""
        canary, wave = self.declared[CANARY], self.declared[WAVE]
        firmware = {"firmware_name": "GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657", "firmware_to": "SR1.2.0.0-10657"}
        self.simulator.add_upgrade(upgrade_id=CANARY, devices=[*canary[:-2], *STRANGERS[:1]], start_date="+7", **firmware)
        self.simulator.add_upgrade(upgrade_id=WAVE, devices=[*wave[5:], *STRANGERS[1:]], start_date="+14", **firmware)

    def play(self, *options: str) -> tuple[int, str, Counter[str]]:
        """Run the playbook as a user would, and show it: exit code, text, and the requests about upgrades by method."""
        words = ["ansible-playbook", "site.yml", *options]
        print(f"$ {' '.join(words)}", flush=True)
        before = len(self.simulator.requests)
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
        text = "".join(lines)
        asked = Counter(request.method for request in self.simulator.requests[before:] if "/upgrades/" in request.path)
        bearer = self.simulator.tokens()[0]
        self.expect(not any(secret in text for secret in [*self.secrets, bearer]), "a secret was on the screen")
        return code, text, asked

    def expect(self, truth: bool, otherwise: str) -> None:
        if not truth:
            raise Wrong(otherwise)

    def members(self) -> dict[str, set[str]]:
        return {upgrade: self.simulator.members(upgrade) for upgrade in self.declared}

    def plan(self) -> None:
        heading("1. Plan: what would change?")
        say("""Two upgrades are scheduled. Their devices are not quite those that the repository declares. --check --diff shows the
            difference for each upgrade: devices with + would be appended, devices with - removed. Nothing is written.""")
        before = self.members()
        code, text, asked = self.play("--check", "--diff")
        self.expect(code == 0 and "changed=1" in text and self.declared[CANARY][-1] in text, "the plan does not show the difference")
        self.expect(not self.simulator.writes and self.members() == before, "the plan wrote something")
        say(f"Seen by the service: {asked['GET']} reads, no write.")

    def apply(self) -> None:
        heading("2. Apply: send the difference")
        say("""The same command without --check. Only the 9 devices that differ are sent, not all 162: missing ones are appended
            first, then strangers are removed, then each upgrade is read again. What is reported is what is really there.""")
        code, text, asked = self.play()
        self.expect(code == 0 and "changed=1" in text, "apply did not succeed")
        self.expect(self.members() == {upgrade: set(known) for upgrade, known in self.declared.items()}, "the upgrades do not hold what is declared")
        sent = sum(len(request.json["deviceList"]) for request in self.simulator.writes)
        self.expect(sent == 9, f"{sent} devices were sent instead of 9")
        say(f"Seen by the service: {asked['GET']} reads, {asked['PUT']} writes with {sent} devices together. Both upgrades hold exactly what the files say.")

    def apply_again(self) -> None:
        heading("3. Apply again: nothing to do")
        say("""A second run finds no difference, so it reads each upgrade once and writes nothing. Run it every night to see drift.""")
        written = len(self.simulator.writes)
        code, text, asked = self.play()
        self.expect(code == 0 and "changed=0" in text, "the second apply reports a change")
        self.expect(len(self.simulator.writes) == written, "the second apply wrote something")
        say(f"Seen by the service: {asked['GET']} reads, no write.")

    def break_a_file(self) -> None:
        heading("4. A mistake: half of a file is missing")
        total = len(self.declared[WAVE])
        path = self.folder / "rollouts/waves/wave-1.csv"
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[: LEFT + 1]))
        say(f"""An export broke, and rollouts/waves/wave-1.csv has {LEFT} devices left instead of {total}. Taken at its word it
            would throw {total - LEFT} devices out of the upgrade. The rollout file allows 10 removals (max_removals), so the run stops
            before it writes, and says why. This one is meant to fail.""")
        written = len(self.simulator.writes)
        code, text, asked = self.play()
        self.expect(code == 2 and "max_removals allows 10" in text, "the broken file was not stopped by the rail")
        self.expect(len(self.simulator.writes) == written, "the broken file was written")
        say(f"Seen by the service: {asked['GET']} reads, no write. All {total} devices are still in the upgrade.")


def show_files(folder: Path) -> None:
    heading("The sample repository")
    say("""A copy of docs/sample: what a team would keep in Git. The rollout file names the upgrades and the files with their
        devices. wave-1.csv is as a spreadsheet writes it (byte order mark, semicolons, CRLF).""")
    for path in ("rollouts/gateways.yml", "rollouts/waves/canary.csv"):
        lines = (folder / path).read_text(encoding="utf-8").splitlines()
        print(f"{path}:", *(f"  {line}" for line in lines[:16]), *(["  ..."] if len(lines) > 16 else []), "", sep="\n", flush=True)


def main() -> int:
    shutil.rmtree(SCRATCH, ignore_errors=True)
    folder = SCRATCH / "gitops"
    shutil.copytree(SAMPLE, folder)
    wave = folder / "rollouts/waves/wave-1.csv"
    wave.write_bytes(b"\xef\xbb\xbf" + wave.read_bytes().replace(b"\n", b"\r\n"))
    with Simulator() as simulator:
        demo = Demo(simulator, folder)
        demo.schedule()
        show_files(folder)
        say("""A simulator of ThingSpace runs on this machine now. THINGSPACE_API_URL points to it, and the other THINGSPACE_*
            variables hold its example credentials. No account is needed, and nothing leaves the machine.""")
        demo.plan()
        demo.apply()
        demo.apply_again()
        demo.break_a_file()
    heading("All of it came true: the demo has checked it in the log of the simulator")
    say("""The simulator is stopped and the copy is gone; run make demo again at any time.

        Next: copy docs/sample as your own repository, and read docs/guide.md, which begins with the first plan on a real
        account. README.md lists what the collection holds. make test runs its tests.""")
    return 0


def stop(*_: object) -> None:
    sys.exit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        sys.exit(main())
    except Wrong as error:
        sys.exit(f"The demo failed: {error}.")
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
