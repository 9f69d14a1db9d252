# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook with the ansible-playbook of this environment, away from the user's home, configuration and variables."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import ansible_collections

HOSTS = "[fleet]\nhost[1:8] ansible_connection=local\n"


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of it. ``text`` is everything that was printed."""

    code: int
    text: str


def environment_in(folder: Path) -> dict[str, str]:
    """The variables that ansible needs to run away from the user's home, configuration and variables, with this folder as home."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "THINGSPACE_"))}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(t.cast("t.Iterable[str]", ansible_collections.__path__)))).parent),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }


def run_playbook(folder: Path, playbook: str, *arguments: str, inventory: str = HOSTS, **environment: str) -> Run:
    """Run a playbook and wait for its end.

    Args:
        folder: an empty folder, which becomes home and working directory.
        playbook: its YAML.
        arguments: of the command line.
        inventory: eight hosts that are all this machine, unless told otherwise.
        environment: variables beside the necessary ones.
    """
    command = _command(folder, playbook, inventory, arguments)
    env = {**environment_in(folder), **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return Run(done.returncode, f"{done.stdout}\n{done.stderr}")


def _command(folder: Path, playbook: str, inventory: str, arguments: t.Sequence[str]) -> list[str]:
    (folder / "playbook.yml").write_text(playbook, encoding="utf-8")
    (folder / "inventory.ini").write_text(inventory, encoding="utf-8")
    return [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.ini", "playbook.yml", *arguments]


class Running:
    """A playbook that runs, for a test that sends signals to its processes. What it prints goes to a file."""

    def __init__(self, folder: Path, playbook: str, *arguments: str, inventory: str = HOSTS, **environment: str) -> None:
        self.folder = folder
        self._printed = folder / "printed"
        env = {**environment_in(folder), **environment}
        with self._printed.open("wb") as file:
            command = _command(folder, playbook, inventory, arguments)
            streams: dict[str, t.Any] = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": subprocess.STDOUT}
            # A session of its own, as a terminal would give it one.
            self.process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **streams)
        self._seen: set[int] = {self.process.pid}

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exception: object) -> None:
        self.workers()
        for pid in self._seen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    @property
    def text(self) -> str:
        """Everything that was printed."""
        return self._printed.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> Run:
        """Wait for its end."""
        return Run(self.process.wait(300), self.text)

    def workers(self) -> list[int]:
        """The processes of ansible-core that run tasks."""
        children = _children(self.process.pid)
        self._seen.update(children)
        return [pid for pid in children if _command_line(pid) == _command_line(self.process.pid)]

    def module(self, worker: int) -> int:
        """The process of the module that this worker runs."""
        pid = worker
        while children := _children(pid):
            pid = max(children)
        assert pid != worker, self.text
        self._seen.add(pid)
        return pid

    def child(self, worker: int) -> int:
        """The process that this worker has started, such as ssh."""
        return max(_children(worker))

    def leases(self) -> list[Path]:
        """What modules hold as long as they may make requests."""
        return list((self.folder / "ansible" / "tmp").glob("ansible-local-*/thingspace_fota_*.lease"))


def until(done: t.Callable[[], object]) -> None:
    """Wait for something that announces itself to nobody, such as the end of a process that is not ours."""
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs, and is not only waited for. One with threads keeps its files open until the last of them has ended."""
    threads = Path(f"/proc/{pid}/task")
    try:
        numbers = [int(path.name) for path in threads.iterdir()]
    except OSError:
        return False
    return any((found := _stat(pid, number)) is not None and found[0] not in "ZX" for number in numbers)


def _children(pid: int) -> list[int]:
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [number for number in numbers if (found := _stat(number)) is not None and found[1] == pid and found[0] != "Z"]


def _stat(pid: int, thread: int | None = None) -> tuple[str, int] | None:
    """State and parent. The name of the command stands before them in brackets, and may hold some."""
    try:
        state, parent = Path(f"/proc/{pid}/task/{thread or pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return state, int(parent)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
