# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python API: start a ThingSpace on loopback, look at it, make it misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from .control.commands import ROOT
from .control.faults import Fault
from .control.log import Record
from .server.application import Application
from .server.sockets import Server
from .service import Service
from .world import seed
from .world.clock import Clock
from .world.model import Credentials, Upgrade


class Simulator:
    """A stateful ThingSpace on 127.0.0.1, served by a thread of this process.

    ``with Simulator(seed) as sim:`` starts and stops it. ``seed`` is the JSON object that
    BEHAVIOURS.md documents; ``None`` is one account, ``0402196254-00001``, without upgrades.
    """

    def __init__(self, state: dict[str, Any] | None = None, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self.service = Service()
        self._server = Server(host, port)
        self.port: int = self._server.server_port
        self.url = f"http://{host}:{self.port}"
        self.api_url = f"{self.url}/api"
        self.control_url = f"{self.url}{ROOT}".rstrip("/")
        self.stopped = threading.Event()
        self._server.application = Application(self.service, self.stopped.set, self.api_url)
        self.control = self._server.application.control
        self.control.load(state)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._thread.is_alive():
            self._server.close()
            self._thread.join()
        self.stopped.set()

    # what is

    @property
    def clock(self) -> Clock:
        """``sim.clock.advance(seconds)`` expires tokens and starts upgrades."""
        return self.service.clock

    @property
    def credentials(self) -> Credentials:
        """``app_key``, ``app_secret``, ``username``, ``password`` that are accepted."""
        return self.service.world.credentials

    def members(self, upgrade_id: str) -> set[str]:
        """The IMEIs that really are in the upgrade: not the rejected ones, shown already or not."""
        with self.service.lock:
            return self.service.upgrades[upgrade_id.lower()].members()

    def tokens(self) -> tuple[str, str]:
        """A valid access token and a session token of a new session, without any request."""
        with self.service.lock:
            return self.service.auth.current_bearer().token, self.service.auth.open_session()

    # what was asked

    @property
    def requests(self) -> list[Record]:
        """Every request so far, oldest first; see ``log.Record`` for the fields."""
        with self.service.lock:
            return list(self.service.log.records)

    @property
    def writes(self) -> list[Record]:
        """The requests that are POST, PUT or DELETE and no matter of tokens, refused ones too."""
        return [record for record in self.requests if record.write]

    @property
    def logins(self) -> list[Record]:
        """The session logins, refused ones too."""
        return [record for record in self.requests if record.login]

    # what shall be

    def load(self, state: dict[str, Any] | None) -> None:
        """Start anew from a seed: other state, no sessions, an empty log, no misbehaviour."""
        with self.service.lock:
            self.control.load(state)

    def add_upgrade(self, **values: Any) -> Upgrade:
        """Put an upgrade on record and return it (``.id``).

        Keywords, all optional: ``account`` (the first one; a new one is made), ``upgrade_id``,
        ``status`` ("Queued"), ``devices`` (IMEIs or ranges ``{"first": imei, "count": n}``),
        ``rejected`` ({imei: reason}), ``firmware_name``, ``firmware_to``, ``start_date`` and
        ``end_date`` (YYYY-MM-DD, or "+7" for days from today).
        """
        with self.service.lock:
            return seed.add_upgrade(self.service.world, self.clock, self.service.switches, **values)

    def refuse(self, devices: dict[str, str] | Iterable[str], reason: str = "Device not found.") -> None:
        """From now on these devices are refused in every upgrade: IMEIs, or {imei: reason}."""
        told = devices if isinstance(devices, dict) else dict.fromkeys(devices, reason)
        with self.service.lock:
            self.service.world.refusals.update(told)

    def misbehave(self, **switches: Any) -> None:
        """Set standing switches (BEHAVIOURS.md lists them); ``ValueError`` for an unknown one."""
        with self.service.lock:
            self.service.switches.change(switches)

    def fault(self, on: str, do: str, nth: int = 1, times: int | None = 1, **arguments: Any) -> Fault:
        """From the ``nth`` request from now on that matches ``on``, ``do`` something ``times`` times.

        ``on`` is a method (or ``*``) and the beginning of a path below the service:
        ``"PUT /upgrades"``, ``"POST /session/login"``, ``"GET /reports"``. ``times=None`` is for
        ever. BEHAVIOURS.md lists what can be done and the arguments. The fault that is returned
        counts in ``.fired`` how often it happened.
        """
        fault = Fault(on, do, nth, times, arguments)
        with self.service.lock:
            self.service.faults.append(fault)
        return fault
