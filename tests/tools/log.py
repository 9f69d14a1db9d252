# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a command with its output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LIMIT = 1800  # seconds after which a command is taken for hung


class Failed(Exception):
    """A check failed. The log says why; lines given here are shown instead of its end."""

    def __init__(self, message: str, show: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.show = list(show)


class Log:
    """The log of one step."""

    running: set[subprocess.Popen[bytes]] = set()
    lock = threading.Lock()

    def __init__(self, path: Path, live: bool = False) -> None:
        self.path = path
        self.live = live
        self.last_code = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")

    def write(self, text: str) -> None:
        if self.live:
            print(text, flush=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")

    def run(self, command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], check: bool = True) -> str:
        """Run a command to its end and give back what it printed. An exit code other than 0 is a failure."""
        words = [str(word) for word in command]
        self.write("$ " + " ".join(words))
        start = self.path.stat().st_size
        begin = time.monotonic()
        self.last_code = code = self.wait(words, cwd, env)
        with self.path.open("rb") as stream:
            stream.seek(start)
            output = stream.read().decode("utf-8", "replace")
        if self.live:
            print(output, end="", flush=True)
        self.write(f"(exit code {code} after {time.monotonic() - begin:.1f} s)")
        if check and code:
            raise Failed(f"{Path(words[0]).name} ended with exit code {code}")
        return output

    def wait(self, words: list[str], cwd: Path, env: Mapping[str, str]) -> int:
        with self.path.open("ab") as stream:
            process = subprocess.Popen(words, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
        with self.lock:
            self.running.add(process)
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"{words[0]} did not end within {LIMIT} s") from None
        finally:
            stop(process)
            with self.lock:
                self.running.discard(process)

    @classmethod
    def stop_all(cls) -> None:
        """End what still runs, as after an interrupt."""
        with cls.lock:
            for process in cls.running:
                stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it left behind in its session."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
        pass
