# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of requests that tests assert on. No secret and no token ever enters it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..server.messages import Json, Request

_SECRET_FIELDS = ("password", "oldpassword", "newpassword", "app_secret", "token")
_SERVICES = ("/fota/v1", "/m2m/v1", "/ts/v1")


@dataclass
class Record:
    """One request, in order of arrival, with what became of it.

    ``path`` is the part below ``/api`` (the whole path where it is not below it), ``operation`` the
    name of the route ("" if there is none), ``json`` the body with secrets hidden, ``bearer`` and
    ``session`` what was presented ("missing", "right", "wrong", "expired", "basic") and never the
    value, ``notes`` which of two contradicting documents was followed, ``faults`` what was done to
    it, ``status`` the answer (None: none was sent), ``connection`` the number of its connection.
    """

    number: int
    time: float
    connection: int
    method: str
    path: str
    query: str
    operation: str
    content_type: str
    user_agent: str
    header_names: list[str]
    json: Json
    bearer: str = "missing"
    session: str = "missing"
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    status: int | None = None  # None: no answer was sent (yet)

    @property
    def short_path(self) -> str:
        return short_path(self.path)

    @property
    def write(self) -> bool:
        """POST, PUT or DELETE that is no matter of tokens."""
        return self.method in ("POST", "PUT", "DELETE") and not self.path.startswith(_SERVICES[1:])

    @property
    def login(self) -> bool:
        return self.operation == "login"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def short_path(path: str) -> str:
    """The path below the service's root: ``/upgrades``, ``/session/login``."""
    for service in _SERVICES:
        if path.startswith(service + "/"):
            return path[len(service) :]
    return path


class Log:
    """Records in order of arrival; ``scrub`` takes known secrets out of a text."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self.records: list[Record] = []
        self._scrub = scrub
        self._count = 0

    def open(self, request: Request, operation: str, now: float) -> Record:
        """Note a request before it is handled, so that a lost one is on record too."""
        self._count += 1
        record = Record(
            number=self._count,
            time=now,
            connection=request.connection,
            method=request.method,
            path=self._scrub(request.path),
            query=self._scrub(request.query),
            operation=operation,
            content_type=request.headers.get("Content-Type", ""),
            user_agent=self._scrub(request.headers.get("User-Agent", "")),
            header_names=sorted(name.lower() for name in request.headers),
            json=self._clean(request.json()),
        )
        self.records.append(record)
        return record

    def _clean(self, value: Json) -> Json:
        """A copy of a body without secrets; device identifiers pass as they are."""
        if isinstance(value, dict):
            return {self._scrub(name): "[hidden]" if name.lower() in _SECRET_FIELDS else self._clean(item) for name, item in value.items()}
        if isinstance(value, list):
            return [item if isinstance(item, str) and item.isdigit() else self._clean(item) for item in value]
        return self._scrub(value) if isinstance(value, str) else value
