# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-off faults: what happens to the n-th request that matches."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from ..auth.doorkeeper import Doorkeeper
from ..hostile.wire import SHAPES, garbled
from ..server.messages import Request, Response
from ..world.checks import texts, typed
from ..world.model import ACCEPTED, IN_PROGRESS, Entry, Upgrade
from .gate import Gate
from .log import short_path

# What a fault can do, and the arguments that each takes with their defaults.
FAULTS: dict[str, dict[str, Any]] = {
    "drop_before": {"reset": False},
    "drop_after": {"reset": False},
    "status": {"status": 503, "retry_after": None, "applied": False, "body": None},
    "html": {"status": 502, "applied": False},
    "xml_403": {"applied": False},
    "truncated": {},
    "redirect": {"location": "", "status": 302},
    "slow": {"seconds": 1.0, "applied": False},
    "hold": {"applied": False},
    "close_quietly": {},
    "garbled": {"shape": "no_http", "text": "", "applied": False},
    "interim": {"status": 102},
    "doubled": {},
    "leave_out": {"devices": []},
    "expired_bearer": {},
    "expired_session": {"shape": ""},
    "refuse": {"devices": {}},
    "another_writer": {"add": [], "remove": [], "upgrade_id": ""},
    "start_upgrade": {"upgrade_id": "", "status": IN_PROGRESS},
    "cancel_upgrade": {"upgrade_id": ""},
}
# These answer themselves unless told that the request was applied first.
_ANSWERS = ("status", "html", "xml_403", "garbled")

_XML = (
    b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type>'
    b"<am:message>Not Found</am:message><am:description>The requested resource is not available.</am:description>"
    b"</am:fault>"
)
_ERROR = {"errorCode": "INTERNAL_SYSTEM_ERROR", "errorMessage": "The request could not be processed."}
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Fault:
    """``do`` happens to matching requests number ``nth`` to ``nth + times - 1`` (``times`` None: for ever)."""

    on: str
    do: str
    nth: int = 1
    times: int | None = 1
    arguments: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    gate: Gate = field(default_factory=Gate, repr=False)

    def __post_init__(self) -> None:
        typed("fault: request", self.on, "str")
        if typed("fault: do", self.do, "str") not in FAULTS:
            raise ValueError(f"no fault is called {self.do!r}; there are: {', '.join(FAULTS)}")
        unknown = set(self.arguments) - set(FAULTS[self.do])
        if unknown:
            raise ValueError(f"fault {self.do} takes {sorted(FAULTS[self.do])}, not {sorted(unknown)}")
        self.arguments = {**FAULTS[self.do], **self.arguments}
        for name, default in FAULTS[self.do].items():
            self._check(f"fault {self.do}: {name}", default, self.arguments[name])
        if typed("fault: times", self.times, "int | None") == 0:
            raise ValueError("fault: times must be 1 or more, or null")
        if len(self.on.split()) != 2 or typed("fault: nth", self.nth, "int") < 1:
            raise ValueError(f"a fault is on 'METHOD /path' (* for any method) and nth is 1 or more: {self.on!r}")

    def _check(self, what: str, default: Any, value: Any) -> None:
        """An argument must be of the type of its default. Where that is none, anything will do."""
        if default is None:
            return
        typed(what, value, type(default).__name__)
        if isinstance(value, dict):
            texts(what, value)
        elif isinstance(value, (list, tuple, set)):
            for item in value:
                typed(f"{what}: an item", item, "str")
        elif what.endswith(": status") and isinstance(value, int) and value not in set(HTTPStatus):
            raise ValueError(f"{what}: HTTP has no status {value}")
        elif what.endswith(": shape") and self.do == "garbled" and value not in SHAPES:
            raise ValueError(f"{what}: {value!r} is none of {', '.join(SHAPES)}")

    def matches(self, request: Request) -> bool:
        method, path = self.on.split()
        return method in ("*", request.method) and (short_path(request.path).startswith(path) or request.path.startswith(path))

    def due(self, request: Request) -> bool:
        """Whether it is this request's turn; counts those that match."""
        if not self.matches(request):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.seen >= self.nth + self.times):
            return False
        self.fired += 1
        return True

    def prepare(self, auth: Doorkeeper, upgrades: dict[str, Upgrade], request: Request) -> None:
        """What happens to the state just before the request is handled."""
        if self.do in ("expired_bearer", "expired_session"):
            auth.end_everything(self.do[len("expired_") :])
            request.session_shape = self.arguments.get("shape", "")
        elif self.do == "refuse":
            request.refused.update(self.arguments["devices"])
        elif self.do in ("another_writer", "start_upgrade", "cancel_upgrade"):
            self._change_upgrade(upgrades, request)

    def _change_upgrade(self, upgrades: dict[str, Upgrade], request: Request) -> None:
        """Somebody else was faster: the upgrade named, or that of the request's path."""
        upgrade_id = self.arguments["upgrade_id"] or request.params.get("upgrade_id", "")
        upgrade = upgrades.get(upgrade_id)
        if upgrade is None:
            return
        if self.do == "cancel_upgrade":
            del upgrades[upgrade_id]
        elif self.do == "start_upgrade":
            upgrade.status = self.arguments["status"]
        else:
            for imei in self.arguments["remove"]:
                upgrade.devices.pop(imei, None)
            upgrade.devices.update({imei: Entry(ACCEPTED, "success") for imei in self.arguments["add"]})

    def delay(self, applied: bool) -> None:
        """What makes a request wait before it is applied, or after."""
        if self.arguments.get("applied") is not applied:
            return
        if self.do == "slow":
            time.sleep(self.arguments["seconds"])
        elif self.do == "hold":
            self.gate.wait()

    def reached(self, count: int = 1, timeout: float = 120.0) -> None:
        """Wait until ``hold`` holds, or has held, so many requests. Raises TimeoutError."""
        self.gate.reached(count, timeout)

    def release(self) -> None:
        """Let go what ``hold`` holds, and hold nothing any more."""
        self.gate.open()

    def instead(self) -> Response | None:
        """The answer where the request is not handled at all."""
        if self.do == "drop_before":
            return Response(drop="reset" if self.arguments["reset"] else "close")
        if self.do == "redirect":
            return Response(self.arguments["status"], headers={"Location": self.arguments["location"]})
        if self.do in _ANSWERS and not self.arguments["applied"]:
            return self._answer(None)
        return None

    def spoil(self, response: Response) -> Response:
        """What becomes of the answer to a request that was handled."""
        if self.do == "drop_after":
            return Response(drop="reset" if self.arguments["reset"] else "close")
        if self.do in _ANSWERS:
            return self._answer(response)
        if self.do == "leave_out":
            return _without(response, self.arguments["devices"])
        response.interim = self.arguments["status"] if self.do == "interim" else response.interim
        response.doubled = response.doubled or self.do == "doubled"
        response.truncated = response.truncated or self.do == "truncated"
        response.close = response.close or self.do == "close_quietly"
        return response

    def _answer(self, meant: Response | None) -> Response:
        """The answer instead of the one that was meant; None where nothing was handled."""
        if self.do == "garbled":
            # What was not handled would have failed.
            response = meant or Response.of(503, _ERROR)
            response.raw = garbled(response, self.arguments["shape"], self.arguments["text"])
            return response
        if self.do == "html":
            return Response(self.arguments["status"], _HTML, "text/html")
        if self.do == "xml_403":
            return Response(403, _XML, "application/xml")
        body = self.arguments["body"]
        if body is None:
            body = _ERROR
        answer = Response.of(self.arguments["status"], body)
        if isinstance(body, str):
            answer = Response(self.arguments["status"], body.encode(), "text/plain")
        if self.arguments["retry_after"] is not None:
            answer.headers["Retry-After"] = str(self.arguments["retry_after"])
        return answer


def _without(response: Response, devices: list[str]) -> Response:
    """The same answer, which does not mention these devices."""
    try:
        body = json.loads(response.body or b"null")
    except ValueError:
        return response
    if isinstance(body, dict) and isinstance(body.get("deviceList"), list):
        body["deviceList"] = [item for item in body["deviceList"] if (item["deviceId"] if isinstance(item, dict) else item) not in devices]
        response.body = json.dumps(body, separators=(",", ":")).encode()
    return response
