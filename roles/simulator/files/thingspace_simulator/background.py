# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m thingspace_simulator.background start|stop FOLDER``: for the role.

Start returns when the simulator answers, stop when it is gone. Both may be said twice. What they
find out is printed as one JSON object with ``changed``.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_NOTE = "simulator.json"  # what is known of the one that runs: pid, urls, digest of its seed
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoStart(Exception):
    """The simulator did not come up, or did not go."""


def start(folder: Path, seed: Path | None, port: int, wait: float) -> dict[str, Any]:
    """Have one run with this seed: nothing to do, a new seed for the one that runs, or a new process."""
    content = seed.read_bytes() if seed else b"{}"
    digest = hashlib.sha256(content).hexdigest()
    running = _running(folder)
    if running and port not in (0, running["port"]):
        stop(folder, wait)
        running = None
    if running and running["digest"] == digest:
        return {**running, "changed": False}
    if running:
        _call(f"{running['control_url']}/seed", content)
        note = {**running, "digest": digest}
    else:
        note = {**_launch(folder, seed, port, wait), "digest": digest}
    draft = folder / f"{_NOTE}.new"
    draft.write_text(json.dumps(note), encoding="utf-8")
    draft.replace(folder / _NOTE)
    return {**note, "changed": True}


def stop(folder: Path, wait: float) -> dict[str, Any]:
    """Have none run."""
    running = _running(folder)
    if running:
        _call(f"{running['control_url']}/stop", b"{}")
        _until(lambda: not _running(folder), wait, "the simulator does not stop")
    (folder / _NOTE).unlink(missing_ok=True)
    return {"changed": running is not None}


def _running(folder: Path) -> dict[str, Any] | None:
    """What is known of the simulator of this folder if it is up: the same process must answer."""
    try:
        note: dict[str, Any] = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        return note if _call(f"{note['control_url']}/health")["pid"] == note["pid"] else None
    except (NoStart, OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None  # something else may listen on its port by now


def _launch(folder: Path, seed: Path | None, port: int, wait: float) -> dict[str, Any]:
    """A new process that outlives this one."""
    port_file, log_file = folder / "port", folder / "simulator.log"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-B", "-m", __package__, "--port", str(port), "--port-file", str(port_file)]
    command += ["--state", str(seed)] if seed else []
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def up() -> bool:
        if process.poll() is not None:
            told = log_file.read_text(encoding="utf-8", errors="replace").strip()
            raise NoStart(told.removeprefix("thingspace_simulator: ") or "it ended at once")
        return port_file.exists()

    try:
        _until(up, wait, "the simulator does not start")
    except NoStart:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    url = f"http://127.0.0.1:{port_file.read_text(encoding='utf-8').strip()}"
    health = _call(f"{url}/_simulator/health")
    return {
        "pid": health["pid"],
        "port": int(url.rpartition(":")[2]),
        "api_url": health["api_url"],
        "control_url": f"{url}/_simulator",
    }


def _call(url: str, body: bytes | None = None) -> Any:
    try:
        with _DIRECTLY.open(urllib.request.Request(url, body), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            told = str(json.load(error)["error"])
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
            told = f"it answers with HTTP {error.code}"
        raise NoStart(told) from error


def _until(true: Callable[[], bool], wait: float, otherwise: str) -> None:
    end = time.monotonic() + wait
    while not true():
        if time.monotonic() > end:
            raise NoStart(f"{otherwise} within {wait:g} seconds")
        time.sleep(0.05)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Several hosts of one play may stand for the same machine: one after the other."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="thingspace_simulator.background")
    parser.add_argument("action", choices=("start", "stop"))
    parser.add_argument("folder", type=Path, help="where notes and the log are kept; one simulator for each")
    parser.add_argument("--state", type=Path, help="seed file (JSON)")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--wait", type=float, default=30.0, help="seconds to wait for it")
    options = parser.parse_args()
    folder = options.folder.resolve()
    # Of the files here, and those of the process that is started.
    os.umask(0o077)
    try:
        with _alone(folder):
            if options.action == "start":
                result = start(folder, options.state and options.state.resolve(), options.port, options.wait)
            else:
                result = stop(folder, options.wait)
    except (NoStart, OSError, ValueError, http.client.HTTPException) as error:
        print(f"thingspace_simulator: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
