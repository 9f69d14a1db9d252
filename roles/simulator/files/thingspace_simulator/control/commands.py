# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same as the Python API over HTTP, below /_simulator: for playbooks and users."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from ..server.messages import Json, Request, Response
from ..service import Service
from ..world import seed

ROOT = "/_simulator/"
Stop = Callable[[], None]


class Control:
    """Looks at the simulator and changes it, from outside the simulated world."""

    def __init__(self, service: Service, stop: Stop, api_url: str) -> None:
        self._service = service
        self._stop = stop
        self._api_url = api_url
        self._seed: dict[str, Any] | None = None
        self.calls: dict[tuple[str, str], Callable[[Request], Json]] = {
            ("GET", "health"): self._health,
            ("GET", "requests"): self._requests,
            ("GET", "state"): self._state,
            ("POST", "seed"): self._load,
            ("POST", "reset"): self._reset,
            ("POST", "misbehave"): self._misbehave,
            ("POST", "fault"): self._fault,
            ("POST", "release"): self._release,
            ("POST", "clock"): self._clock,
            ("POST", "stop"): self._end,
        }

    def handle(self, request: Request) -> Response:
        call = self.calls.get((request.method, request.path[len(ROOT) :]))
        if call is None:
            known = [f"{method} {ROOT}{name}" for method, name in self.calls]
            return Response.of(404, {"error": "no such control call", "calls": known})
        try:
            with self._service.lock:
                return Response.of(200, call(request))
        except (ValueError, TypeError, KeyError) as error:
            return Response.of(400, {"error": str(error)})

    def load(self, content: dict[str, Any] | None) -> None:
        """Start anew from a seed, and come back to it at each reset."""
        seed.load(self._service, content)
        self._seed = content

    def _health(self, request: Request) -> Json:
        return {"status": "ok", "api_url": self._api_url, "pid": os.getpid()}

    def _requests(self, request: Request) -> Json:
        since = int(parse_qs(request.query).get("since", ["0"])[0])
        records = [record.as_dict() for record in self._service.log.records if record.number > since]
        return {"requests": records}

    def _state(self, request: Request) -> Json:
        service = self._service
        return {
            "time": service.clock.iso(),
            "accounts": sorted(service.accounts),
            "sessions_open": service.auth.sessions_open,
            "user_locked": service.auth.locked,
            "switches": service.switches.as_dict(),
            "upgrades": [
                {
                    "id": upgrade.id,
                    "account": upgrade.account,
                    "firmware_name": upgrade.firmware_name,
                    "firmware_to": upgrade.firmware_to,
                    "start_date": upgrade.start_date,
                    "end_date": upgrade.end_date,
                    "status": upgrade.status,
                    "members": sorted(upgrade.members()),
                    "devices": {imei: entry._asdict() for imei, entry in upgrade.devices.items()},
                }
                for upgrade in service.upgrades.values()
            ],
        }

    def _load(self, request: Request) -> Json:
        self.load(_object(request))
        return self._state(request)

    def _reset(self, request: Request) -> Json:
        self.load(self._seed)
        return self._state(request)

    def _misbehave(self, request: Request) -> Json:
        self._service.switches.change(_object(request))
        return self._service.switches.as_dict()

    def _fault(self, request: Request) -> Json:
        fault = seed.fault(_object(request))
        self._service.faults.append(fault)
        return {"fault": fault.do, "on": fault.on}

    def _release(self, request: Request) -> Json:
        held = [fault for fault in self._service.faults if fault.do == "hold"]
        for fault in held:
            fault.release()
        return {"released": len(held)}

    def _clock(self, request: Request) -> Json:
        content = _object(request)
        if "set" in content:
            self._service.clock.set(content["set"])
        self._service.clock.advance(float(content.get("advance", 0)))
        return {"time": self._service.clock.iso()}

    def _end(self, request: Request) -> Json:
        threading.Timer(0.1, self._stop).start()  # the answer leaves first
        return {"status": "stopping"}


def _object(request: Request) -> dict[str, Any]:
    content = request.json()
    if not isinstance(content, dict):
        raise ValueError("the body must be a JSON object")
    return content
