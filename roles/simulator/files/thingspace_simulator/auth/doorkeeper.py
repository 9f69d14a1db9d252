# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two layers of tokens: OAuth bearer in front, VZ-M2M session behind."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from ..server.messages import ApiError, Json, Request, invalid
from ..world.clock import Clock
from ..world.model import Credentials
from ..world.switches import Switches

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
EXPIRED_MESSAGE = "The Session has expired."


@dataclass
class Bearer:
    """The one access token of the application."""

    token: str
    expires: float


class Doorkeeper:
    """Who may come in: the bearer, the sessions, the count of refused logins."""

    def __init__(self, credentials: Credentials, switches: Switches, clock: Clock) -> None:
        self.credentials = credentials
        self.switches = switches
        self._clock = clock
        self.bearers: dict[str, Bearer] = {}
        self.sessions: dict[str, float] = {}  # token -> last use
        self.ended: set[str] = set()
        self.failed_logins = 0

    def secrets(self) -> Iterator[str]:
        """Every value that no log may show."""
        yield self.credentials.app_secret
        yield self.credentials.password
        yield from self.bearers
        yield from self.sessions
        yield from self.ended

    @property
    def locked(self) -> bool:
        return self.failed_logins >= self.switches.failed_logins_allowed

    @property
    def sessions_open(self) -> int:
        """How many sessions live. Those that died of idleness are found out only when they are used."""
        return sum(self._clock.now() - used <= self.switches.session_idle_seconds for used in self.sessions.values())

    def current_bearer(self) -> Bearer:
        """The valid bearer: the same one for its whole hour, then a new one."""
        now = self._clock.now()
        if self.switches.same_bearer:
            for bearer in self.bearers.values():
                if bearer.expires > now:
                    return bearer
        bearer = Bearer(uuid.uuid4().hex, now + self.switches.bearer_seconds)
        self.bearers[bearer.token] = bearer
        return bearer

    def open_session(self) -> str:
        token = str(uuid.uuid4())
        self.sessions[token] = self._clock.now()
        return token

    def end_session(self, token: str) -> None:
        if self.sessions.pop(token, None) is not None:
            self.ended.add(token)

    def end_everything(self, what: str) -> None:
        """Expire the bearers (``bearer``) or the sessions (``session``), as time would."""
        if what == "bearer":
            for bearer in self.bearers.values():
                bearer.expires = 0.0
        else:
            for token in list(self.sessions):
                self.end_session(token)

    def fault(self, status: int, code: str, message: str, description: str) -> ApiError:
        """An error of the gateway in front of all services."""
        told: Json = code if self.switches.gateway_code == "string" else int(code)
        return ApiError(status, {"fault": {"code": told, "message": message, "description": description}})

    def look(self, request: Request) -> None:
        """Note on the request which tokens it brings; nobody is refused or kept awake by that."""
        now = self._clock.now()
        scheme, dummy, token = request.headers.get("Authorization", "").partition(" ")
        bearer = self.bearers.get(token.strip())
        if scheme.lower() != "bearer" or not token:
            request.bearer = "basic" if scheme.lower() == "basic" else "missing"
        else:
            request.bearer = "wrong" if bearer is None else "right" if bearer.expires > now else "expired"
        token = request.headers.get("VZ-M2M-Token", "")
        if token in self.sessions:
            idle = now - self.sessions[token]
            request.session = "right" if idle <= self.switches.session_idle_seconds else "expired"
        else:
            request.session = "missing" if not token else "expired" if token in self.ended else "wrong"

    def check_bearer(self, request: Request) -> None:
        """Let pass whoever has the right bearer, as the gateway does."""
        if request.bearer in ("missing", "basic"):
            raise self.fault(
                401,
                "900902",
                "Missing Credentials",
                'Required OAuth credentials not provided. Make sure your API invocation call has a header: "Authorization: Bearer ACCESS_TOKEN"',
            )
        if request.bearer != "right":
            raise self.fault(
                401,
                "900901",
                "Invalid Credentials",
                f"Access failure for API: {request.path}, version: v1. Make sure you have given the correct access token",
            )

    def check_session(self, request: Request) -> str:
        """The session token of a request whose session lives; its idle time starts anew."""
        token = request.headers.get("VZ-M2M-Token", "")
        if not token:
            raise invalid(
                "SessionToken is not present in the request header.",
                code="UnifiedWebService.REQUEST_FAILED.SessionToken.Format",
            )
        if not _UUID.fullmatch(token):
            raise invalid("SessionToken is not a valid GUID.", code="UnifiedWebService.INPUT_INVALID.SessionToken.Invalid")
        if request.session != "right":
            self.end_session(token)
            raise expired_session(request.session_shape or self.switches.expired_session)
        self.sessions[token] = self._clock.now()
        return token


def expired_session(shape: str) -> ApiError:
    """The four ways in which ThingSpace services tell that a session is over."""
    if shape == "location":
        return invalid(f"UWS verification failure ({EXPIRED_MESSAGE})")
    if shape == "cloud_connector":
        body = {
            "error": "unauthorized",
            "error_description": "Failure response received for UWS V1 REST accounts: [400]",
            "cause": "Requested service is unauthorized for given token",
        }
        return ApiError(401, body)
    status = 401 if shape == "uws_401" else 400
    return invalid(EXPIRED_MESSAGE, status, "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired")
