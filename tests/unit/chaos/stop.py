# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells a module that runs in this process to stop, at a request, and says from when on it knew."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import typing as t
from pathlib import Path

from ansible_collections.thingspace.fota.plugins.module_utils import _stop

from chaos.hostile import LEASE

_SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
# Of a module that does not listen nothing is heard. Whoever waits for it waits no longer than this.
_PATIENCE = 3.0


class Stopper:
    """Stops the module that runs meanwhile. ``told`` is the number of the last request that had come when it knew, 0 if it was not told."""

    def __init__(self, folder: Path) -> None:
        self._lease = folder / LEASE
        self.told = 0

    @contextlib.contextmanager
    def ready(self) -> t.Iterator[None]:
        """What a module is given to listen to. A signal that nobody heeds ends nothing here."""
        # Every step is a run of its own: what an earlier one has noted as sent is of no concern to it.
        for note in self._lease.parent.glob("thingspace_fota_sent_*"):
            note.unlink()
        self._lease.touch()
        self.told = 0
        with contextlib.ExitStack() as stack:
            for number in _SIGNALS.values():
                stack.callback(signal.signal, number, signal.signal(number, lambda *dummy: None))
            os.environ[_stop.LEASE] = str(self._lease)
            stack.callback(os.environ.pop, _stop.LEASE)
            yield

    def stop(self, how: str, request: int) -> None:
        """Stop it, and come back when it knows."""
        self.told = self.told or request
        if how == LEASE:
            self._lease.unlink(missing_ok=True)
        else:
            signal.pthread_kill(t.cast("int", threading.main_thread().ident), _SIGNALS[how])
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and not (_stop._current and _stop._current.reason):
            time.sleep(0.002)
