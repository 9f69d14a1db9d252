# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes in, what goes out, and the errors that have a shape of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

Json = Any
JSON = "application/json;charset=UTF-8"


@dataclass
class Response:
    """An answer; everything from ``drop`` on is what a broken network makes of it."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    drop: str = ""  # "close" or "reset": the connection ends and nothing is sent
    truncated: bool = False  # Content-Length says more than is sent
    close: bool = False  # the connection ends after the answer, without a word
    raw: bytes = b""  # these bytes are sent instead, then the connection ends
    interim: int = 0  # an interim answer with this status goes before it
    doubled: bool = False  # it is sent twice

    @classmethod
    def of(cls, status: int, value: Json) -> Response:
        return cls(status, json.dumps(value, separators=(",", ":")).encode())


class ApiError(Exception):
    """A request that the service answers with an error."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body

    def response(self) -> Response:
        return Response.of(self.status, self.body)


def invalid(message: str, status: int = 400, code: str = "INVALID_PARAMETER") -> ApiError:
    """The one documented failure of FOTA."""
    return ApiError(status, {"errorCode": code, "errorMessage": message})


@dataclass
class Request:
    """One request below ``/api``; handlers read it, faults and routes add to it."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes = b""
    connection: int = 0
    outside: bool = False  # the path is not below /api
    params: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # devices that a fault has this request refuse
    session_shape: str = ""  # how a fault wants an expired session told
    bearer: str = "missing"  # or "right", "wrong", "expired", "basic"
    session: str = "missing"  # or "right", "wrong", "expired"

    def note(self, text: str) -> None:
        """Which of two contradicting documents this request followed."""
        if text not in self.notes:
            self.notes.append(text)

    def json(self) -> Json:
        """The body as JSON, ``None`` where it is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    def fields(self) -> dict[str, Json]:
        """The members of the body's object, found whatever the case of their names (as Go does)."""
        content = self.json()
        if not isinstance(content, dict):
            raise invalid("Input binding error")
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("application/json"):
            self.note(f"content-type:{kind or 'missing'}")
        return {name.lower(): value for name, value in content.items()}

    def device_list(self) -> list[str]:
        """The device identifiers of a body, refused as the documents refuse them."""
        devices = self.fields().get("devicelist")
        if devices is None or devices == []:
            raise invalid("Device list is empty")
        if not isinstance(devices, list) or not all(isinstance(item, str) for item in devices):
            raise invalid("Input binding error")
        if not all(is_imei(item) for item in devices):
            raise invalid("Invalid device id format")
        if "deviceList" not in self.json():
            self.note("key:devicelist")
        return devices


def is_imei(text: str) -> bool:
    """15 digits; the check digit is not looked at, since the documents' own examples fail it."""
    return len(text) == 15 and text.isascii() and text.isdigit()
