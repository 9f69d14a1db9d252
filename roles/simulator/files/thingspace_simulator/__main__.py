# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m thingspace_simulator``: the simulator as a process."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from .simulator import Simulator


def main() -> int:
    parser = argparse.ArgumentParser(prog="thingspace_simulator", description="ThingSpace FOTA on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0, the default, takes a free one")
    parser.add_argument("--state", type=Path, help="seed file (JSON)")
    parser.add_argument("--port-file", type=Path, help="file to write the port to, once it listens; without it, it ends")
    options = parser.parse_args()
    try:
        seed = json.loads(options.state.read_text(encoding="utf-8")) if options.state else None
        simulator = Simulator(seed, port=options.port, host=options.host)
    except (OSError, OverflowError, ValueError, TypeError, KeyError) as error:
        print(f"thingspace_simulator: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: simulator.stopped.set())
    with simulator:
        if options.port_file:
            _write(options.port_file, f"{simulator.port}\n")
        print(simulator.api_url, flush=True)
        while not simulator.stopped.wait(1.0):  # in slices, so that signals are seen at once everywhere
            if options.port_file and not options.port_file.exists():
                break  # whoever removed it has no other way to stop this process
    if options.port_file:
        options.port_file.unlink(missing_ok=True)
    return 0


def _write(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
