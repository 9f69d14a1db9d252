# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As chaos_play, with a real ansible-playbook between the schedule and the module, which somebody may end in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import typing as t
from pathlib import Path

from support.run_playbook import Running, is_alive, until
from thingspace_simulator import Simulator

from chaos.ends import check_end
from chaos.schedules import Json
from chaos.truth import check_requests, check_sent
from chaos.wishes import options_of, wishes_of
from chaos.world import Play

INVENTORY = "localhost ansible_connection=local\n"
LOST: Json = {"failed": True, "lost": True}


class Controlled(Play):
    """A schedule whose module is run by ansible-playbook. A result that nobody could be told is ``LOST``."""

    def __init__(self, sim: Simulator, schedule: Json, folder: Path) -> None:
        super().__init__(sim, schedule)
        self._folder = folder
        self._end: Json = schedule["steps"][0].get("end", {})

    def execute(self, module: str, options: Json, *, check: bool) -> Json:
        """Run the module as the only task of a playbook, and read what was registered."""
        told = {"content": "{{ done | to_json }}", "dest": str(self._folder / "result.json"), "mode": "0600"}
        task = {f"thingspace.fota.{module}": options, "timeout": 600, "register": "done", "ignore_errors": True}
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task, {"ansible.builtin.copy": told}]}]
        held = self._sim.fault("* /", "hold", nth=self._end["nth"], times=None) if self._end else None
        with Running(self._folder, json.dumps(play), inventory=INVENTORY) as run:
            if held:
                until(lambda: held.fired or not is_alive(run.process.pid))
                if held.fired:
                    self._end_it(run, getattr(signal, self._end["how"]))
                held.release()
            run.wait()
        result = self._folder / "result.json"
        return {"failed": False, **json.loads(result.read_text(encoding="utf-8"))} if result.exists() else LOST

    def _end_it(self, run: Running, number: signal.Signals) -> None:
        """End the task, or the whole run, and come back when its module must know."""
        (worker,) = run.workers()
        module = run.module(worker)
        # A task's timeout is an alarm of the worker's.
        os.kill(worker if number == signal.SIGALRM else run.process.pid, number)
        until(lambda: not is_alive(worker) or not run.leases())
        with self._sim.service.lock:
            self._stopper.told = self._sim.service.log.records[-1].number
        self._sim.service.faults[0].release()
        until(lambda: not is_alive(module))


def play_controlled(sim: Simulator, schedule: Json, folder: Path) -> t.Literal["told", "lost"]:
    """Play the only step of a schedule. Raises AssertionError where something does not hold."""
    scene = Controlled(sim, schedule, folder)
    step = schedule["steps"][0]
    with scene.watched():
        wishes = wishes_of(scene, step)
        run = scene.run(step["run"], options_of(scene, step, wishes), step, check=False, faults=())
    if run.result is LOST:
        assert run.stopped, "a result was lost, and nobody had ended the run"
        check_sent(run)
        return "lost"
    check_requests(run, wishes)
    check_end(run, wishes)
    return "told"
