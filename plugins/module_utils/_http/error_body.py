# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which error an answer means. Pure.

Error bodies come in at least four shapes and as HTML (P-ERR, P-SYNC): ``{errorCode, errorMessage}`` of the services,
``{fault: {code, message, description}}`` and ``<am:fault>`` XML of the gateway, ``{error, error_description, cause}`` of OAuth
and of sister services. How an expired session looks through FOTA is documented nowhere; all shapes that sister services show
are recognised (P-SYNC, P-LOC, P-CC).
"""

from __future__ import annotations

import json
import re
import typing as t

from .._errors import Kind, ThingSpaceError
from .._text import ended, one_line

if t.TYPE_CHECKING:
    from .redact import Redact

_SESSION = re.compile(r"session\s*token|session has expired|UWS verification failure \(The Session", re.IGNORECASE)
_SESSION_CODE = re.compile(r"SessionToken", re.IGNORECASE)
_ACCOUNT_CODE = re.compile(r"(REQUEST_FAILED\.(AccountName|AccountNotFound|NoAccounts|MultipleAccounts)|Account\.NotDefined|INVALID_ACCOUNT)$")
_ACCOUNT = re.compile(r"could not find account|inactive account", re.IGNORECASE)
# Faults of the gateway (P-SYNC): the bearer is expired or wrong; nobody knows this path.
BEARER_FAULTS = {"900901", "900902"}
WRONG_PATH_FAULT = "900906"
# What its security layer says, which stands before everything else (WSO2 API Manager, "Error Handling"): such a request went no further.
_SECURITY_FAULT = re.compile(r"9009[0-9]{2}")
_LONGEST = 300
_MOST_READ = 4096
TOO_DEEP = "lists and objects that stand too deep in each other"


class ErrorBody(t.NamedTuple):
    """What an error body says, whatever its shape."""

    shape: t.Literal["service", "fault", "oauth", "xml", "other"]
    code: str | None
    message: str


def parse_error_body(body: bytes, hide: Redact = str) -> ErrorBody:
    """Read an error body of any shape; the message is one line of at most 300 characters.

    Args:
        hide: takes secrets out of what was said; before it is cut, or half a secret could be left at the cut.
    """
    text = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        fault = parsed.get("fault")
        if isinstance(fault, dict):
            return ErrorBody("fault", _text(fault.get("code"), hide), _line(hide, fault.get("message"), fault.get("description")))
        if "errorCode" in parsed or "errorMessage" in parsed:
            return ErrorBody("service", _text(parsed.get("errorCode"), hide), _line(hide, parsed.get("errorMessage")))
        if "error" in parsed:
            return ErrorBody("oauth", _text(parsed["error"], hide), _line(hide, parsed.get("error_description"), parsed.get("cause")))
    # What follows is a page or a scrap: its beginning is enough, and no pattern has to go through more.
    text = hide(text)[:_MOST_READ]
    if re.search(r"<(\w+:)?fault\b", text):
        found = re.search(r"<(?:\w+:)?code>([^<]*)<", text)
        said = re.search(r"<(?:\w+:)?message>([^<]*)<", text)
        return ErrorBody("xml", _text(found.group(1).strip(), hide) if found else None, _line(hide, said.group(1) if said else None))
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return ErrorBody("other", None, _line(hide, title.group(1) if title else re.sub(r"<[^>]*>", " ", text)))


def turned_away(status: int, spoken: ErrorBody) -> bool:
    """Whether a 4xx says, in a shape that the documents have, that the request was not carried out.

    Those are the service's own word with a code (every P1 page), what the gateway's security layer says (P-SYNC), and a session that is over as a
    sister service tells it (P-CC). Whoever else speaks, a proxy or a firewall, does not know what became of what it has passed on.
    """
    code = (spoken.code or "").strip()
    if spoken.shape == "service":
        return bool(code)
    if spoken.shape == "fault":
        return _SECURITY_FAULT.fullmatch(code) is not None
    return spoken.shape == "xml" and status in (401, 403) and bool(code) or _through_uws(spoken)


def _through_uws(spoken: ErrorBody) -> bool:
    return spoken.shape == "oauth" and spoken.code == "unauthorized" and "UWS" in spoken.message


def error_for(status: int, body: bytes, what: str, hide: Redact = str) -> ThingSpaceError:
    """The error that a refusal means.

    Args:
        status: HTTP status of 400 and above.
        body: the body as it came.
        what: the request in words, such as ``PUT /fota/v1/...``.
        hide: takes secrets out of what the service said.
    """
    spoken = parse_error_body(body, hide)
    kind, hint = _kind(status, spoken)
    said = ": ".join(part for part in (spoken.code, spoken.message) if part) or "without a word"
    sentence = f"{hint} ({what} was answered with HTTP {status}: {said})" if hint else ended(f"{what} was refused with HTTP {status}: {said}")
    return ThingSpaceError(sentence, kind, status=status, code=spoken.code, detail=spoken.message or None)


def _kind(status: int, spoken: ErrorBody) -> tuple[Kind, str]:
    code, message = spoken.code or "", spoken.message
    if spoken.shape == "fault" and code in BEARER_FAULTS or spoken.shape == "xml" and status in (401, 403):
        return "access_token", "The access token (OAuth bearer) is expired or wrong: get a new one, it lives for an hour."
    if spoken.shape == "fault" and code == WRONG_PATH_FAULT:
        return "service", "The gateway does not know this path: check api_url."
    if _SESSION_CODE.search(code) or _SESSION.search(message) or _through_uws(spoken):
        dead = re.search(r"expired", code + message, re.IGNORECASE)
        state = "has expired" if dead else "is expired or wrong"
        return "session_token", f"The session token (VZ-M2M) {state}: log in again, a session ends after 20 minutes without use."
    if _ACCOUNT_CODE.search(code) or _ACCOUNT.search(message):
        return "forbidden", "The account is not one that this user may use: check account, with its leading zeros."
    if status == 401:
        return "access_token", "The service does not accept the access token."
    if status == 403:
        return "forbidden", "The service forbids this to the user of these tokens."
    # Only the service itself knows that there is no such upgrade. Who else says so was asked at a wrong address.
    by_the_service = spoken.shape == "service" and (code or message)
    if by_the_service and (status == 404 or re.search(r"invalid upgrade\s*id", message, re.IGNORECASE)):
        return "not_found", "The service does not know it under this account."
    if status == 404:
        return "service", "There is no such service: check api_url."
    return "service", ""


def _text(value: object, hide: Redact) -> str | None:
    # Documents show `fault.code` as a string, the stock gateway emits a number.
    return None if value is None else one_line(hide(_words(value))[:_MOST_READ])[:_LONGEST]


def _line(hide: Redact, *values: object) -> str:
    # Hidden first: a secret may end in what is cut off here.
    parts = (one_line(hide(_words(value))[:_MOST_READ]).rstrip(".") for value in values if value)
    return ". ".join(part for part in parts if part)[:_LONGEST]


def _words(value: object) -> str:
    # What should be a text and is none is told as it was written.
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        return TOO_DEEP
