# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` shows: the sample repository planned, applied, changed and stopped by a guardrail, against the simulator.

It looks for itself whether what is told came true: in the reports, and in what the simulator was asked.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from demo_stage import Stage, Wrong, devices, heading, say
from places import BUILD, ROOT
from thingspace_simulator import Simulator

SAMPLE = ROOT / "docs" / "sample"
SCRATCH = BUILD / "demo"
LEFT = 89  # devices that the broken export leaves of wave 1


class Demo(Stage):
    def plan(self) -> None:
        heading("1. Plan: what would change?")
        say("""Two of the three upgrades are scheduled, with devices that are not quite those of the files. The playbook
            thingspace.fota.plan compares, and writes a report for people (plan.md) and one for machines (plan.json). A
            pull-request job runs this line and posts plan.md as a comment. Nothing is written to the service.""")
        before = self.members()
        code, asked = self.play("plan")
        document = self.show()
        counts = document["counts"]
        self.expect(code == 0 and document["drift"] is True, "the plan does not show the difference")
        self.expect((counts["scheduled"], counts["added"], counts["removed"]) == (1, 47, 2), f"the plan counts {counts}")
        self.expect(not self.simulator.writes and self.members() == before, "the plan wrote something")
        say(f"Seen by the service: {asked['GET']} reads of upgrades, no write.")

    def apply(self) -> None:
        heading("2. Apply: exactly what was approved")
        say("""thingspace_rollout_approved_plan holds the apply to the plan that was reviewed: were it another one by now, nothing
            would be written. Only what differs is sent: the third upgrade is scheduled with its 40 devices, and the 9 devices that differ in
            the others are appended or removed. Each upgrade is read again. What is reported is what is really there.""")
        code, asked = self.play("apply", "thingspace_rollout_approved_plan=plan.json")
        self.expect(code == 0, "apply did not succeed")
        self.expect(self.members() == self.declared, "the upgrades do not hold what is declared")
        sent = sum(len(request.json["deviceList"]) for request in self.simulator.writes)
        self.expect(sent == 49 and asked["POST"] == 1, f"{sent} devices were sent instead of 49")
        say(f"Seen by the service: {asked['POST']} upgrade scheduled, {asked['PUT']} changes. All three upgrades hold exactly what the files say.")

    def move(self) -> None:
        heading("3. A device moves from wave 1 to the canaries")
        say("""A device can be in one upgrade only, so it must leave wave 1 before it joins the canaries. In Git that is a line that
            moves from one file to another. The plan shows it as a move.""")
        waves = self.folder / "rollouts/waves"
        lines = (waves / "wave-1.csv").read_bytes().splitlines(keepends=True)
        device = devices(waves / "wave-1.csv")[0]
        (waves / "wave-1.csv").write_bytes(b"".join([lines[0], *lines[2:]]))
        with (waves / "canary.csv").open("a", encoding="utf-8") as stream:
            stream.write(f'"{device}",Albany\n')
        code, dummy = self.play("plan")
        document = self.show()
        self.expect(code == 0 and [move["device_id"] for move in document["moved"]] == [device], "the plan does not show the move")
        written = len(self.simulator.writes)
        code, asked = self.play("apply", "thingspace_rollout_approved_plan=plan.json")
        kinds = [request.json["type"] for request in self.simulator.writes[written:]]
        self.expect(code == 0 and self.members() == self.declared, "the upgrades do not hold what is declared")
        self.expect(kinds == ["remove", "append"], f"the device moved by {kinds}")
        say(f"Seen by the service: {asked['PUT']} changes, the removal first.")

    def no_drift(self) -> None:
        heading("4. Every night: is it still as declared?")
        say("""The same plan with thingspace_rollout_fail_on_drift: it fails as soon as the service has something else than the files.
            Now it has not.""")
        written = len(self.simulator.writes)
        code, asked = self.play("plan", "thingspace_rollout_fail_on_drift=true")
        document = self.show()
        self.expect(code == 0 and document["drift"] is False, "there is drift")
        self.expect(len(self.simulator.writes) == written, "the look for drift wrote something")
        say(f"Seen by the service: {asked['GET']} reads of upgrades, no write.")

    def break_a_file(self) -> None:
        heading("5. A mistake: half of a file is missing")
        path = self.folder / "rollouts/waves/wave-1.csv"
        total = len(devices(path))
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[: LEFT + 1]))
        say(f"""An export broke, and rollouts/waves/wave-1.csv has {LEFT} devices left instead of {total}. Taken at its word it
            would throw {total - LEFT} devices out of the upgrade. The rollout file allows 10 removals (max_removals), so the plan is
            refused, and the report says why. This one is meant to fail.""")
        written = len(self.simulator.writes)
        code, dummy = self.play("plan")
        document = self.show()
        stopped = code == 2 and document["failed"] and "of 149 devices would be removed" in self.report("plan.md")
        self.expect(stopped, "the broken file was not stopped by the guardrail")
        self.expect(len(self.simulator.writes) == written, "the broken file was written")
        say(f"No write. All {total} devices are still in the upgrade.")


def show_files(folder: Path) -> None:
    heading("The sample repository")
    say("""A copy of docs/sample: what a team would keep in Git. The rollout file names the upgrades and the files with their
        devices. wave-1.csv is as a spreadsheet writes it (byte order mark, semicolons, CRLF).""")
    for path, length in (("rollouts/gateways.yml", 25), ("rollouts/waves/canary.csv", 5)):
        lines = (folder / path).read_text(encoding="utf-8").splitlines()
        print(f"{path}:", *(f"  {line}" for line in lines[:length]), *(["  ..."] if len(lines) > length else []), "", sep="\n", flush=True)


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
        demo.move()
        demo.no_drift()
        demo.break_a_file()
    heading("All of it came true: the demo has checked it in the log of the simulator")
    say("""The simulator is stopped and the copy is gone; run make demo again at any time.

        Next: copy docs/sample as your own repository (it has the jobs for GitHub and GitLab too), and read docs/rollouts.md.
        README.md lists what the collection holds. make test runs its tests.""")
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
