# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook that somebody ends: Ctrl-C, a canceled job, a task whose time is over, a process that is killed.

Signals are sent when the simulator has received what it holds, and what it holds goes on when the module must have noticed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import typing as t
from pathlib import Path

import pytest
from support.run_playbook import Running, is_alive, until

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
ONE = "localhost ansible_connection=local\n"
TWO = "[fleet]\nhost1 ansible_connection=local\nhost2 ansible_connection=local\n"


def imeis(first: int, count: int) -> list[str]:
    return [str(990000000000000 + number) for number in range(first, first + count)]


def credentials(sim: Simulator) -> dict[str, str]:
    who = sim.credentials
    given = {"api_url": sim.api_url, "app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {f"THINGSPACE_{option.upper()}": value for option, value in given.items()}


def secrets_below(folder: Path, sim: Simulator) -> list[str]:
    """Files that hold a token or a password."""
    who = sim.credentials
    secrets = [secret.encode() for secret in (*sim.service.auth.secrets(), who.app_secret, who.password)]
    return [str(path) for path in folder.rglob("*") if path.is_file() and any(secret in path.read_bytes() for secret in secrets)]


def rollout(sim: Simulator, strategy: str = "linear") -> str:
    """Ten PUTs for each of two upgrades, after a login."""
    entries = [
        {
            "upgrade_id": sim.add_upgrade(account=ACCOUNT, start_date="+7").id,
            "devices": imeis(first, 10),
            "batch_size": 1,
            "state": "present",
            "imei_check": "none",
        }
        for first in (0, 100)
    ]
    return f"""
- hosts: localhost
  gather_facts: false
  strategy: {strategy}
  tasks:
    - thingspace.fota.session:
      register: login
    - thingspace.fota.rollout:
        account: "{ACCOUNT}"
        upgrades: {json.dumps(entries)}
        concurrency: 2
        access_token: "{{{{ login.access_token }}}}"
        session_token: "{{{{ login.session_token }}}}"
      timeout: 600
      register: done
      ignore_errors: true
    - ansible.builtin.copy:
        content: "{{{{ done | to_nice_json }}}}"
        dest: "{{{{ playbook_dir }}}}/result.json"
"""


# Not the module itself: what is killed sends nothing more.
ENDS = [(whom, number) for whom in ("ansible-playbook", "worker", "all") for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)]
ENDS.remove(("all", signal.SIGKILL))


@pytest.mark.parametrize(("whom", "number"), ENDS, ids=str)
def test_what_is_ended_sends_no_more(sim: Simulator, tmp_path: Path, whom: str, number: signal.Signals) -> None:
    """As a terminal (all), a CI or kill would do it. Seen before: the prompt is back, and the module sends all the rest."""
    held = sim.fault("PUT /upgrades", "hold", times=None)
    # The memory of logins is made when a strategy loads the action plugin. All but linear wait for ever for a worker that was killed.
    strategy = "linear" if whom == "worker" else {signal.SIGINT: "linear", signal.SIGTERM: "free", signal.SIGKILL: "host_pinned"}[number]
    with Running(tmp_path, rollout(sim, strategy), inventory=ONE, **credentials(sim)) as run:
        held.reached(2)
        (worker,) = run.workers()
        module = run.module(worker)
        if whom == "all":
            # 2.19 and newer take their workers out of the group, and send them the signal themselves.
            os.killpg(run.process.pid, number)
        else:
            os.kill(run.process.pid if whom == "ansible-playbook" else worker, number)
        until(lambda: not is_alive(worker) or not run.leases())
        held.release()
        until(lambda: not is_alive(module))
        assert len(sim.writes) == 2
        run.wait()
    assert secrets_below(tmp_path, sim) == []


def test_when_its_time_is_over_a_module_tells_what_it_has_done(sim: Simulator, tmp_path: Path) -> None:
    held = sim.fault("PUT /upgrades", "hold", nth=3, times=None)
    with Running(tmp_path, rollout(sim), inventory=ONE, **credentials(sim)) as run:
        held.reached(2)
        # What ansible-core does with `timeout` and ANSIBLE_TASK_TIMEOUT, at a moment that the test knows.
        os.kill(run.workers()[0], signal.SIGALRM)
        until(lambda: not run.leases())
        held.release()
        done = run.wait()
    assert done.code == 0, done.text
    assert len(sim.writes) == 4
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["failed"], result["changed"], result["added_count"], result["error"]["kind"]) == (True, True, 4, "interrupted")
    assert result["msg"].startswith("The task's timeout (600 s) was over. ")


# As a client and a server do it: what runs there is no child of ours, and notices our end by its closed pipes alone.
SSH = f"""#!{sys.executable}
import subprocess, sys
there = subprocess.Popen(["/bin/sh", "-c", sys.argv[-1]], stdout=subprocess.PIPE, start_new_session=True)
while some := there.stdout.read1(65536):
    sys.stdout.buffer.write(some)
    sys.stdout.buffer.flush()
sys.exit(there.wait())
"""


# The last is what the timeout of a task does.
OVER_A_CONNECTION = [end for end in ENDS if end != ("worker", signal.SIGKILL)] + [("all", signal.SIGHUP), ("worker", signal.SIGALRM)]


@pytest.mark.parametrize(("whom", "number"), OVER_A_CONNECTION, ids=str)
def test_what_is_ended_sends_no_more_over_a_connection(sim: Simulator, tmp_path: Path, whom: str, number: signal.Signals) -> None:
    """Tried with a real sshd too, with and without ControlPersist. A worker that is killed leaves ssh behind, and that the module."""
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH, encoding="utf-8")
    ssh.chmod(0o755)
    far = f"far ansible_connection=ssh ansible_ssh_executable={ssh}\n"
    playbook = rollout(sim).replace("      timeout: 600\n", "      timeout: 600\n      delegate_to: far\n")
    playbook = playbook.replace("        concurrency: 2\n", f"        concurrency: 2\n        api_url: {sim.api_url}\n")
    held = sim.fault("PUT /upgrades", "hold", times=None)
    with Running(tmp_path, playbook, inventory=ONE + far, **credentials(sim)) as run:
        held.reached(2)
        (worker,) = run.workers()
        module = run.module(worker)
        client = run.child(worker)
        if whom == "all":
            os.killpg(run.process.pid, number)
        else:
            os.kill(run.process.pid if whom == "ansible-playbook" else worker, number)
        until(lambda: not is_alive(client))
        held.release()
        until(lambda: not is_alive(module))
        assert len(sim.writes) == 2
        run.wait()


SCHEDULE = """
- hosts: fleet
  gather_facts: false
  tasks:
    - thingspace.fota.upgrade:
        account: "0402196254-00001"
        firmware_name: F
        firmware_to: "2.1"
        start_date: "2031-01-07"
        devices: ["990000000000001"]
        imei_check: none
        {options}
      timeout: 600
      register: done
      ignore_errors: true
    - ansible.builtin.copy:
        content: "{{{{ done | to_nice_json }}}}"
        dest: "{{{{ playbook_dir }}}}/{{{{ inventory_hostname }}}}.json"
"""


def schedule(sim: Simulator, options: str = "", play: str = "") -> tuple[str, dict[str, str]]:
    access, session = sim.tokens()
    playbook = SCHEDULE.format(options=options).replace("  tasks:", f"{play}  tasks:")
    return playbook, {"THINGSPACE_API_URL": sim.api_url, "THINGSPACE_ACCESS_TOKEN": access, "THINGSPACE_SESSION_TOKEN": session}


def test_no_other_host_schedules_while_a_module_that_was_cut_off_may_still_do_so(sim: Simulator, tmp_path: Path) -> None:
    """Cut off for good: the request takes longer than the module is waited for."""
    held = sim.fault("POST /upgrades", "hold")
    playbook, environment = schedule(sim)
    with Running(tmp_path, playbook, "--forks", "1", inventory=TWO, **environment) as run:
        held.reached()
        first = run.workers()[0]
        os.kill(first, signal.SIGALRM)
        until(lambda: not run.leases())
        os.kill(first, signal.SIGALRM)
        until(lambda: [worker for worker in run.workers() if worker != first])
        asked = len(sim.requests)
        held.release()
        done = run.wait()
    assert done.code == 0, done.text
    assert len(sim.writes) == 1
    # The second host had not asked before the first one's module was done.
    assert sim.requests[asked - 1].method == "POST"
    one, two = (json.loads((tmp_path / f"{host}.json").read_text()) for host in ("host1", "host2"))
    assert one["failed"]
    assert "error" not in one
    assert (two["failed"], two["changed"], two["upgrade"]["device_count"]) == (False, False, 1)


def test_a_killed_task_keeps_others_waiting_for_its_module(sim: Simulator, tmp_path: Path) -> None:
    """Its worker is waiting for the lock when its time is over: that is known to have sent nothing."""
    held = sim.fault("POST /upgrades", "hold")
    playbook, environment = schedule(sim, play="  strategy: free\n")
    with Running(tmp_path, playbook, inventory=TWO, **environment) as run:
        held.reached()
        until(lambda: len(run.workers()) == 2)
        busy = next(worker for worker in run.workers() if is_busy(run, worker))
        waiting = next(worker for worker in run.workers() if worker != busy)
        until(lambda: blocked(waiting))
        os.kill(waiting, signal.SIGALRM)
        until(lambda: not is_alive(waiting))
        held.release()
        done = run.wait()
    assert done.code == 0, done.text
    assert len(sim.writes) == 1
    results = [json.loads((tmp_path / f"{host}.json").read_text()) for host in ("host1", "host2")]
    late = next(result for result in results if result["failed"])
    assert (late["changed"], late["requests"], late["error"]["kind"]) == (False, 0, "interrupted")
    assert "Nothing was sent" in late["msg"]


def is_busy(run: Running, worker: int) -> bool:
    try:
        run.module(worker)
    except AssertionError:
        return False
    return True


def blocked(pid: int) -> bool:
    """Whether a process waits for a lock: by the system call that it is in, 73 (flock) on x86-64 and 32 on arm64."""
    return Path(f"/proc/{pid}/wchan").read_text().startswith("locks") or Path(f"/proc/{pid}/syscall").read_text().split()[0] in ("73", "32")


def test_where_nobody_can_know_whether_the_module_goes_on_nothing_is_scheduled(sim: Simulator, tmp_path: Path) -> None:
    """Under another user, as on another machine: the lock stays held in that run."""
    held = sim.fault("POST /upgrades", "hold")
    playbook, environment = schedule(sim, play="  become: true\n  become_method: ansible.builtin.su\n")
    with Running(tmp_path, playbook, "--forks", "1", inventory=TWO, **environment) as run:
        held.reached()
        first = run.workers()[0]
        module = run.module(first)
        os.kill(first, signal.SIGALRM)
        until(lambda: not is_alive(first))
        held.release()
        done = run.wait()
        until(lambda: not is_alive(module))
    assert done.code == 0, done.text
    assert len(sim.writes) == 1
    two = json.loads((tmp_path / "host2.json").read_text())
    assert (two["failed"], two["changed"], two["error"]["kind"], two["requests"]) == (True, False, "state", 0)
    assert "An earlier task of this run was cut off" in two["msg"]
