# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens and JSON on top of HTTP: a status or a body that is no success becomes an error."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._answers import error_for, speak
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._http import Answer, Request, Transport, retry_after
from ansible_collections.thingspace.fota.plugins.module_utils._waiter import Backoff

_JSON = {"Accept": "application/json", "Content-Type": "application/json"}


class Client:
    """Speaks JSON with one service, as the owner of some credentials.

    Args:
        headers: the credentials, as headers of every request.
    """

    def __init__(self, transport: Transport, headers: t.Mapping[str, str]) -> None:
        self._transport = transport
        self._headers = {**_JSON, **headers}

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return self._transport.requests

    def backoff(self) -> Backoff:
        """A fresh series of tries within ``retry_timeout``."""
        return self._transport.backoff()

    def read(self, path: str) -> t.Any:
        """GET, retried. Raises ThingSpaceError; its last UnsettledError if the time is over."""
        request = Request("GET", path, self._headers)
        return self._transport.read(request, lambda answer: _value(answer, f"GET {path}"))

    def write(self, method: t.Literal["POST", "PUT", "DELETE"], path: str, body: object = None) -> t.Any:
        """Send a change once. UnsettledError says that only reading can tell what became of it."""
        payload = None if body is None else json.dumps(body).encode()
        return _value(self._transport.once(Request(method, path, self._headers, payload)), f"{method} {path}")


def _value(answer: Answer, what: str) -> t.Any:
    if answer.status == 429 or answer.status >= 500:
        spoken = speak(answer.body)
        raise UnsettledError(
            f"{what} was answered with HTTP {answer.status}: {spoken.message or 'without a word'}",
            "service",
            # 429 is the gateway's word that it let nothing through; behind a 5xx the change may have been made.
            carried_out=False if answer.status == 429 else None,
            retry_after=retry_after(answer.headers),
            status=answer.status,
            code=spoken.code,
            detail=spoken.message or None,
        )
    if answer.status >= 400:
        raise error_for(answer.status, answer.body, what)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        pass
    said = speak(answer.body).message[:100] or "an empty body"
    if answer.body.lstrip()[:1] in (b"{", b"[", b""):
        raise UnsettledError(f"The answer to {what} is cut off: {said}", "service", carried_out=None, status=answer.status)
    # A page instead of JSON (a proxy's log-in, a portal) does not go away by asking again, but a write may have passed.
    if what.startswith("GET "):
        raise ThingSpaceError(f"The answer to {what} is not JSON but: {said}. Check api_url and the proxy settings.", "service", status=answer.status)
    raise UnsettledError(f"The answer to {what} is not JSON but: {said}", "service", carried_out=None, status=answer.status)
