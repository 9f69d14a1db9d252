# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens and JSON on top of HTTP: a status or a body that is no success becomes an error."""

from __future__ import annotations

import contextlib
import json
import typing as t
import urllib.parse

from .._clock import Backoff
from .._errors import ThingSpaceError, UnsettledError
from .._text import ended
from .error_body import error_for, parse_error_body, turned_away
from .json_value import value_of
from .redact import redactor
from .transport import Answer, Request, Transport, retry_after

_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# A gateway says that the time was over, or that there were too many requests.
_TRY_LATER = (408, 429)


class Client:
    """Speaks JSON with one service, as the owner of some credentials.

    Args:
        headers: the credentials, as headers of every request.
        secrets: other values that no error may show, such as those that bodies will hold.
    """

    def __init__(self, transport: Transport, headers: t.Mapping[str, str], secrets: t.Iterable[str] = ()) -> None:
        self._transport = transport
        self._headers = {**_JSON, **headers}
        self.has_written = False
        # "Bearer xyz" is as secret as xyz; the scheme is not.
        # Takes the credentials and these secrets out of a text.
        self.hide = redactor([*secrets, *(value.split()[-1] for value in headers.values() if value.strip())])

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return self._transport.requests

    @property
    def received(self) -> int:
        """Bytes of answers so far."""
        return self._transport.received

    @property
    def api_url(self) -> str:
        """Root of all paths."""
        return self._transport.api_url

    def backoff(self) -> Backoff:
        """A fresh series of tries within ``retry_timeout``."""
        return self._transport.backoff()

    def read(self, path: str) -> t.Any:
        """GET, retried. Raises ThingSpaceError; its last UnsettledError if the time is over."""
        request = Request("GET", path, self._headers)
        with self._censoring():
            return self._transport.read(request, lambda answer: self._value(answer, request, may_repeat=True))

    def ask(self, path: str, form: t.Mapping[str, str]) -> t.Any:
        """POST a form that asks without changing anything. Retried as :meth:`read` is."""
        request = Request("POST", path, {**self._headers, **_FORM}, urllib.parse.urlencode(form).encode())
        with self._censoring():
            return self._transport.read(request, lambda answer: self._value(answer, request, may_repeat=True))

    def write(self, method: t.Literal["POST", "PUT", "DELETE"], path: str, body: object = None) -> t.Any:
        """Send a change once. UnsettledError says that only reading can tell what became of it."""
        payload = None if body is None else json.dumps(body).encode()
        request = Request(method, path, self._headers, payload)
        self.has_written = True
        with self._censoring():
            return self._value(self._answer(request), request, may_repeat=False)

    def _answer(self, request: Request) -> Answer:
        """The answer to a change. What came instead of one that can be read, such as a redirect, does not say that nothing was changed."""
        try:
            return self._transport.once(request)
        except UnsettledError:
            raise
        except ThingSpaceError as error:
            if error.status is None:
                raise
            raise UnsettledError(error.message, error.kind, carried_out=None, status=error.status) from None

    @contextlib.contextmanager
    def _censoring(self) -> t.Iterator[None]:
        """HTTP itself can echo a secret: in a line that is no status line, or in the host of a redirect."""
        try:
            yield
        except ThingSpaceError as error:
            raise error.reworded(self.hide(error.message)) from None

    def _value(self, answer: Answer, request: Request, *, may_repeat: bool) -> t.Any:
        what = f"{request.method} {request.path}"
        if answer.status in _TRY_LATER or answer.status >= 500:
            meant = error_for(answer.status, answer.body, what, self.hide)
            dead = meant.kind in ("access_token", "session_token")
            if dead and may_repeat:
                # Sister services dress an expired session as their own failure; no patience helps against it.
                raise meant
            raise UnsettledError(
                meant.message if dead else ended(f"{what} was answered with HTTP {answer.status}: {meant.detail or 'without a word'}"),
                meant.kind if dead else "service",
                # That nothing was done is what came from the network: only a read can tell.
                carried_out=None,
                retry_after=retry_after(answer.headers),
                status=answer.status,
                code=meant.code,
                detail=meant.detail,
            )
        if answer.status >= 400:
            refusal = error_for(answer.status, answer.body, what, self.hide)
            if may_repeat or turned_away(answer.status, parse_error_body(answer.body, self.hide)):
                raise refusal
            raise UnsettledError(
                refusal.message,
                refusal.kind,
                carried_out=None,
                retry_after=retry_after(answer.headers),
                status=answer.status,
                code=refusal.code,
                detail=refusal.detail,
            )
        try:
            value = value_of(answer.body)
        except (ValueError, RecursionError):
            pass
        else:
            if not isinstance(value, dict) or not value.keys() & {"errorCode", "fault", "error"}:
                return value
            meant = error_for(answer.status, answer.body, what, self.hide)
            if may_repeat:
                raise meant
            raise UnsettledError(meant.message, "service", carried_out=None, status=answer.status, code=meant.code, detail=meant.detail)
        said = parse_error_body(answer.body, self.hide).message[:100] or "an empty body"
        if answer.body.lstrip()[:1] in (b"{", b"[", b""):
            raise UnsettledError(ended(f"The answer to {what} is cut off: {said}"), "service", carried_out=None, status=answer.status)
        # A page instead of JSON (a proxy's log-in, a portal) does not go away by asking again, but a write may have passed.
        if may_repeat:
            raise ThingSpaceError(f"The answer to {what} is not JSON but: {ended(said)} Check api_url and the proxy settings.", "service", status=answer.status)
        raise UnsettledError(ended(f"The answer to {what} is not JSON but: {said}"), "service", carried_out=None, status=answer.status)
