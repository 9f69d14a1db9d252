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

import functools
import html
import json
import re
import typing as t
import urllib.parse

from ansible_collections.thingspace.fota.plugins.module_utils._errors import Kind, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._text import HIDDEN, ended, one_line

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
_DEEPEST = 50
_NESTED = frozenset({dict, list})
_TOO_DEEP = "lists and objects that stand too deep in each other"
_MOST_DIGITS = 1000


class Spoken(t.NamedTuple):
    """What an error body says, whatever its shape."""

    shape: t.Literal["service", "fault", "oauth", "xml", "other"]
    code: str | None
    message: str


Hide = t.Callable[[str], str]


def hiding(secrets: t.Iterable[str]) -> Hide:
    """A function that takes secrets out of a text, in the forms in which a service may echo them."""
    # The longest first: a secret may be part of another.
    ordered = sorted({*secrets} - {""}, key=len, reverse=True)
    if not ordered:
        return str

    @functools.cache
    def found() -> re.Pattern[str]:
        # Not before there is an error to be told: every client has such a pattern, and few need it. Case: %2f is %2F.
        return re.compile("|".join("".join(map(_form, secret)) for secret in ordered), re.IGNORECASE)

    return lambda text: found().sub(HIDDEN, text)


def _form(character: str) -> str:
    """A pattern for all ways to write a character: in JSON as Python, Go, PHP and Java write it, in HTML, in a URL, in a repr."""
    if character.isascii() and character.isalnum():
        return character
    code, units = ord(character), character.encode("utf-16-be", "surrogatepass").hex()
    forms = {character, json.dumps(character)[1:-1], html.escape(character), f"&#{code};", f"&#x{code:x};", f"\\{character}"}
    forms |= {f"\\x{code:02x}", f"\\U{code:08x}"}
    forms |= {"".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)), *(["&apos;"] if character == "'" else [])}
    # Bytes that are no text come from the environment as lone surrogates.
    octets = character.encode("utf-8", "surrogateescape" if 0xDC80 <= code <= 0xDCFF else "surrogatepass")
    forms |= {urllib.parse.quote(octets, safe=""), urllib.parse.quote_plus(octets)}
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms, key=len, reverse=True))})"


def speak(body: bytes, hide: Hide = str) -> Spoken:
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
            return Spoken("fault", _text(fault.get("code"), hide), _line(hide, fault.get("message"), fault.get("description")))
        if "errorCode" in parsed or "errorMessage" in parsed:
            return Spoken("service", _text(parsed.get("errorCode"), hide), _line(hide, parsed.get("errorMessage")))
        if "error" in parsed:
            return Spoken("oauth", _text(parsed["error"], hide), _line(hide, parsed.get("error_description"), parsed.get("cause")))
    # What follows is a page or a scrap: its beginning is enough, and no pattern has to go through more.
    text = hide(text)[:_MOST_READ]
    if re.search(r"<(\w+:)?fault\b", text):
        found = re.search(r"<(?:\w+:)?code>([^<]*)<", text)
        said = re.search(r"<(?:\w+:)?message>([^<]*)<", text)
        return Spoken("xml", _text(found.group(1).strip(), hide) if found else None, _line(hide, said.group(1) if said else None))
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return Spoken("other", None, _line(hide, title.group(1) if title else re.sub(r"<[^>]*>", " ", text)))


def value_of(body: bytes) -> t.Any:
    """The JSON of an answer. Raises ValueError and RecursionError for what is none.

    No single value costs the whole answer: what has more levels than any answer, and a number that Python refuses to read, become texts.
    """
    value = json.loads(body, parse_int=_integer)
    for part in _nested_at(value, _DEEPEST - 1):
        for place, item in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if type(item) in _NESTED:
                part[place] = _TOO_DEEP
    return value


def too_deep(value: object) -> bool:
    """Whether JSON has more levels than any answer. Functions that call themselves, here and in ansible-core, would not come to its end."""
    return bool(_nested_at(value, _DEEPEST))


def _nested_at(value: object, depth: int) -> list[t.Any]:
    """The lists and objects that so many others stand around."""
    level: list[t.Any] = [value] if type(value) in _NESTED else []
    for dummy in range(depth):
        if not level:
            break
        # Almost all of an answer are devices, whose values are text: no part of the next level.
        level = [item for part in level for item in (part.values() if isinstance(part, dict) else part) if type(item) in _NESTED]
    return level


def _integer(digits: str) -> int | str:
    # Python refuses 4,300 digits as a number, or takes long for them.
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def turned_away(status: int, spoken: Spoken) -> bool:
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


def _through_uws(spoken: Spoken) -> bool:
    return spoken.shape == "oauth" and spoken.code == "unauthorized" and "UWS" in spoken.message


def error_for(status: int, body: bytes, what: str, hide: Hide = str) -> ThingSpaceError:
    """The error that a refusal means.

    Args:
        status: HTTP status of 400 and above.
        body: the body as it came.
        what: the request in words, such as ``PUT /fota/v1/...``.
        hide: takes secrets out of what the service said.
    """
    spoken = speak(body, hide)
    kind, hint = _kind(status, spoken)
    said = ": ".join(part for part in (spoken.code, spoken.message) if part) or "without a word"
    sentence = f"{hint} ({what} was answered with HTTP {status}: {said})" if hint else ended(f"{what} was refused with HTTP {status}: {said}")
    return ThingSpaceError(sentence, kind, status=status, code=spoken.code, detail=spoken.message or None)


def _kind(status: int, spoken: Spoken) -> tuple[Kind, str]:
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


def _text(value: object, hide: Hide) -> str | None:
    # Documents show `fault.code` as a string, the stock gateway emits a number.
    return None if value is None else one_line(hide(_words(value))[:_MOST_READ])[:_LONGEST]


def _line(hide: Hide, *values: object) -> str:
    # Hidden first: a secret may end in what is cut off here.
    parts = (one_line(hide(_words(value))[:_MOST_READ]).rstrip(".") for value in values if value)
    return ". ".join(part for part in parts if part)[:_LONGEST]


def _words(value: object) -> str:
    # What should be a text and is none is told as it was written.
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        return _TOO_DEEP
