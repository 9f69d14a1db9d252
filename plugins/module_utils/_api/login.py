# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How tokens are got and given back.

Two layers (P-CRED, P-LOGIN): an OAuth bearer of the application, handed out again for an hour, and in front of FOTA a session of
a user, whose login is sent once and never again: the service locks a user for good after five refusals in a row. The answers of both
hold new secrets that nothing censors yet, so no message here quotes an answer other than an error's.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from .._errors import Kind, ThingSpaceError, UnsettledError
from .._http.client import Client
from .._http.error_body import BEARER_FAULTS, WRONG_PATH_FAULT

_TOKEN = "/ts/v1/oauth2/token"
_LOGIN = "/m2m/v1/session/login"
_LOGOUT = "/m2m/v1/session/logout"
_ONCE = "The login is not sent again, because five refusals in a row lock the user for good."
_NOT_SENT = "The login was not sent."
_IDLE = "Without use it ends by itself after 20 minutes."
# Not a word about the credentials: a wrong path, a wrong method, a proxy, a slow client, too many requests.
_OTHER_REFUSALS = (404, 405, 407, 408, 429)
# It has to go into a header, for which most servers have room for 8 KiB.
_LONGEST_TOKEN = 8192
_USABLE = f"that can be used, a text without blanks of at most {_LONGEST_TOKEN:,} characters"
# A token that was mistyped, unlike one whose session is over.
_NO_TOKEN = r"INPUT_INVALID\.SessionToken"


class OpenClient(t.Protocol):
    """Opens a client with these credentials."""

    def __call__(self, headers: t.Mapping[str, str], secrets: t.Iterable[str] = ()) -> Client: ...


@dataclasses.dataclass(frozen=True)
class Credentials:
    """Who logs in: the application, and its user."""

    app_key: str
    app_secret: str = dataclasses.field(repr=False)
    username: str
    password: str = dataclasses.field(repr=False)

    @property
    def basic(self) -> str:
        """The application as HTTP wants it (RFC 7617)."""
        return base64.b64encode(f"{self.app_key}:{self.app_secret}".encode()).decode()

    @property
    def secrets(self) -> list[str]:
        """What no answer may bring back into a message."""
        return [self.basic, self.app_secret, self.password]


@dataclasses.dataclass(frozen=True)
class Tokens:
    """What a login gives. ``expires_in`` is the rest of the bearer's hour in seconds, None if the service does not tell."""

    access_token: str = dataclasses.field(repr=False)
    session_token: str = dataclasses.field(repr=False)
    expires_in: int | None


class Login:
    """One login. ``sent`` tells, whatever came of it, whether the service may have counted it."""

    def __init__(self, open_client: OpenClient, credentials: Credentials) -> None:
        self._open_client = open_client
        self._credentials = credentials
        self.sent = False

    def tokens(self) -> Tokens:
        """Get a bearer, then a session, with one request each unless the first needs more. Raises ThingSpaceError."""
        access_token, expires_in = self.bearer()
        return Tokens(access_token, self._session(access_token), expires_in)

    def bearer(self) -> tuple[str, int | None]:
        """Get a bearer alone, and for how many seconds it is good if the service tells. Raises ThingSpaceError."""
        who = self._credentials
        client = self._open_client({"Authorization": f"Basic {who.basic}"}, who.secrets)
        try:
            answer = client.ask(_TOKEN, {"grant_type": "client_credentials"})
        except ThingSpaceError as error:
            raise _token_failure(error) from None
        token = _token_in(answer, "access_token")
        if token is None:
            raise ThingSpaceError(f"The answer to POST {_TOKEN} holds no access token {_USABLE}. Check api_url. {_NOT_SENT}", "service", status=200)
        return token, _seconds(answer.get("expires_in"))

    def _session(self, access_token: str) -> str:
        who = self._credentials
        client = self._open_client({"Authorization": f"Bearer {access_token}"}, who.secrets)
        self.sent = True
        try:
            answer = client.write("POST", _LOGIN, {"username": who.username, "password": who.password})
        except ThingSpaceError as error:
            if _never_sent(error):
                self.sent = False
                raise ThingSpaceError(f"{error.message} {_NOT_SENT}", error.kind) from None
            raise _login_failure(error, who.username) from None
        token = _token_in(answer, "sessionToken")
        if token is None:
            raise ThingSpaceError(f"The login of {who.username} was answered without a session token {_USABLE}. Check api_url. {_ONCE}", "service", status=200)
        return token


def log_out(open_client: OpenClient, access_token: str, session_token: str) -> str:
    """End a session and say in a sentence what came of it; one that is over already is fine. The bearer lives on, since other jobs share it."""
    client = open_client({"Authorization": f"Bearer {access_token}", "VZ-M2M-Token": session_token})
    try:
        client.write("POST", _LOGOUT)
    except ThingSpaceError as error:
        if error.kind == "session_token" and not re.search(_NO_TOKEN, error.code or ""):
            return "The session was over already."
        raise _logout_failure(error) from None
    return "The session is ended."


def _token_failure(error: ThingSpaceError) -> ThingSpaceError:
    if _refused(error):
        return _told(f"The service refused app_key and app_secret with {_said(error)}. Check them. {_NOT_SENT}", "login", error)
    return _told(f"{_trouble(error, f'POST {_TOKEN}')} {_NOT_SENT}", error.kind if error.status is None else "service", error)


def _login_failure(error: ThingSpaceError, username: str) -> ThingSpaceError:
    if error.code in BEARER_FAULTS and error.kind == "access_token":
        said = "The gateway did not accept the access token that it had just handed out, which may have had only seconds left."
        return _told(f"{said} The login did not get past it, and is not sent again in this run.", "access_token", error)
    if _refused(error):
        said = f"The service refused the login of {username} with {_said(error)}."
        return _told(f"{said} Check it before the next try: five refusals in a row lock the user for good.", "login", error)
    said = f"The login of {username} was sent. {_trouble(error, f'POST {_LOGIN}')} Whether the service carried it out is unknown. {_ONCE}"
    return _told(said, "unreachable" if error.status is None else "service", error)


def _logout_failure(error: ThingSpaceError) -> ThingSpaceError:
    if error.kind == "session_token":
        return _told(f"The service says that this is no session token ({_said(error)}), so nothing was ended.", "session_token", error)
    # Something else on the way, such as a proxy, has no code of its own.
    if error.kind == "access_token" and error.code:
        said = f"The access token has expired or is wrong ({_said(error)}), so the session was not ended with it."
        return _told(f"{said} {_IDLE}", "access_token", error)
    return _told(f"{_trouble(error, f'POST {_LOGOUT}')} {_IDLE}", "service" if error.kind == "access_token" else error.kind, error)


def _told(sentence: str, kind: Kind, error: ThingSpaceError) -> ThingSpaceError:
    return ThingSpaceError(sentence, kind, status=error.status, code=error.code, detail=error.detail)


def _never_sent(error: ThingSpaceError) -> bool:
    # Without an answer all but an UnsettledError is about what is needed before anything can be sent: a CA, an address, TLS.
    return error.status is None and (error.carried_out is False if isinstance(error, UnsettledError) else True)


def _refused(error: ThingSpaceError) -> bool:
    status = error.status or 0
    return 400 <= status < 500 and status not in _OTHER_REFUSALS and error.code != WRONG_PATH_FAULT


def _trouble(error: ThingSpaceError, what: str) -> str:
    """What went wrong, without quoting an answer that may hold a new token."""
    if error.status is None:
        # The text of a broken answer may quote its first bytes.
        return f"No whole answer to {what} came." if isinstance(error, UnsettledError) and error.carried_out is None else error.message
    if error.status < 300 and not error.code:
        return f"The answer to {what} is not the JSON that was expected. Check api_url and the proxy settings."
    if 300 <= error.status < 400:
        return error.message
    return f"{what} was answered with {_said(error)}." + (" Check api_url." if error.status == 404 or error.code == WRONG_PATH_FAULT else "")


def _said(error: ThingSpaceError) -> str:
    said = ": ".join(part.rstrip(".") for part in (error.code, error.detail) if part)
    return f"HTTP {error.status}" + (f" ({said})" if said else "")


def _token_in(answer: object, name: str) -> str | None:
    token = answer.get(name) if isinstance(answer, dict) else None
    return token if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]+", token) and len(token) <= _LONGEST_TOKEN else None


def _seconds(value: object) -> int | None:
    # The documents show a number; a gateway may write it as a string.
    text = "" if isinstance(value, bool) else str(value)
    return int(float(text)) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text) else None
