# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account has: firmware, devices and their history, its subscription, its listeners (P1)."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._shape import plain

Told = dict[str, t.Any]

CLIENT_TYPES = ("OMADM", "LWM2M")
# Names that we give, by those of the service, where snake_case is not enough.
_NAMES = {"deviceId": "device_id", "accountName": "account"}
_OF_HISTORY = {**_NAMES, "id": "upgrade_id"}
_OF_LISTENER = {**_NAMES, "aname": "account"}
# Fields of a listener that hold, or by their name may hold, what the service shows to the listener to be let in.
_CREDENTIAL = re.compile("user|pass|pwd|secret|token|auth|credential|key|login|signature", re.IGNORECASE)
_BLOTTED = "********"
_SCHEME = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PIECE = re.compile(r"([;?&])([^;?&#]+)")
# What stands before the equals sign is shown if it can only be a name: the end of base64 looks alike.
_NAMED = re.compile(r"[\w.~%$\[\]-]{1,40}=(?!=*$)")
# Shorter ones are found in any sentence.
_SHORTEST = 6
# An error code is a word. Some shapes of errors have a sentence in its place.
_CODE = re.compile(r"[\w.-]{1,100}")


class Fleet:
    """What one account has. All reads raise ThingSpaceError."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def firmware(self) -> list[Told]:
        """GET everything that can be flashed. The list has no pages."""
        return [plain(item, _NAMES) for item in _dicts(self._account.read("firmware"), "firmware")]

    def devices(self, client_type: str | None = None, wanted: t.Collection[str] | None = None) -> dict[str, Told]:
        """GET the devices, by id: all of them, or those that are wanted. Reads no more pages once they are all found."""
        found: dict[str, Told] = {}
        if wanted is not None and not wanted:
            return found
        query = {"clientType": client_type} if client_type else None
        for page in self._account.pages("devices", listed="deviceList", row_id="deviceId", cursor="lastSeenDeviceId", query=query):
            for item in _dicts(page.get("deviceList") or [], "devices"):
                device = item.get("deviceId")
                if not isinstance(device, str):
                    raise ThingSpaceError("The service answered with a device that has no deviceId.", "service")
                device = device.strip()
                if wanted is None or device in wanted:
                    found[device] = plain({**item, "deviceId": device}, _NAMES)
            if wanted is not None and len(found) == len(set(wanted)):
                break
        return found

    def history(self, device: str) -> list[Told]:
        """GET what became of a device in the last six months."""
        return [plain(item, _OF_HISTORY) for item in _dicts(self._account.read("reports", "devices", device), "upgrades of a device")]

    def subscription(self) -> Told:
        """GET what was bought."""
        body = _dicts([self._account.read("subscriptions")], "subscriptions")[0]
        if not body.keys() & {"accountName", "purchaseType"}:
            raise ThingSpaceError("The service answered with something that is no subscription.", "service")
        told: Told = plain(body, _NAMES)
        return told

    def listeners(self) -> list[Told]:
        """GET the registered listeners as the service tells them, which may include their credentials."""
        try:
            body = self._account.read("callbacks")
        except ThingSpaceError as error:
            if error.status is None:
                raise
            raise _without_words(error, error.status) from None
        return _dicts(body, "callbacks")


def _without_words(error: ThingSpaceError, status: int) -> ThingSpaceError:
    """The error without what the service said: that may be a listener with its credentials, which nobody knows yet and so cannot hide."""
    code = error.code if error.code and _CODE.fullmatch(error.code) else None
    # The sentence is ours up to the request, unless it begins with the request.
    hint = "" if error.message.startswith(("GET ", "The answer ")) else error.message.partition("(GET ")[0]
    if status < 300 and not (hint or code):
        return ThingSpaceError("The answer to the question for callbacks is cut off or not JSON.", error.kind, status=status)
    if 300 <= status < 400:
        hint = "Redirects are not followed: check api_url. "
    said = f"The question for callbacks was answered with HTTP {status}{f', {code}' if code else ''}. What else was said is left out: it may hold credentials."
    return ThingSpaceError(hint + said, error.kind, status=status, code=code)


def blotted(text: str) -> str:
    """A URL without what may be secret: values of query and path parameters, fragment, all before the last @. A path cannot be told apart."""
    scheme, head, tail = _parts(text)
    if "@" in tail:
        # A password with a question mark in it, or a query with an address: nobody can say which end is the host.
        return scheme + _BLOTTED
    before, at, host = head.rpartition("@")
    asked, _hash, fragment = tail.partition("#")
    asked = _PIECE.sub(lambda piece: piece[1] + (name[0] if (name := _NAMED.match(piece[2])) else "") + _BLOTTED, asked)
    return scheme + (_BLOTTED if before else "") + at + host + asked + (f"#{_BLOTTED}" if fragment else "")


def secrets_in(text: str) -> list[str]:
    """What :func:`blotted` takes out of a URL, for errors that quote it whole or in part."""
    if blotted(text) == text:
        return []
    _scheme, head, tail = _parts(text)
    before = (head + tail if "@" in tail else head).rpartition("@")[0]
    values = [piece.partition("=")[2] or piece for piece in re.split("[;?&#]", tail)]
    found = [text, before, *before.split(":"), *values]
    return [form for secret in found for form in (secret, urllib.parse.unquote(secret)) if len(form) >= _SHORTEST]


def _parts(text: str) -> tuple[str, str, str]:
    """Scheme with slashes, host and path, and the rest from the first parameter on."""
    start = _SCHEME.match(text)
    scheme = start[0] if start else ""
    head = re.split("[;?#]", text[len(scheme) :], maxsplit=1)[0]
    return scheme, head, text[len(scheme) + len(head) :]


def described_listener(listener: Told) -> Told:
    """A listener without its credentials: whether there are some stands in ``username_set`` and the like."""
    told: Told = {"username_set": False, "password_set": False, **_without_credentials(plain(listener, _OF_LISTENER))}
    return told


def _without_credentials(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        secret = {f"{name}_set": item not in (None, "") for name, item in value.items() if _CREDENTIAL.search(name)}
        return {**{name: _without_credentials(item) for name, item in value.items() if not _CREDENTIAL.search(name)}, **secret}
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    return blotted(value) if isinstance(value, str) else value


def _dicts(body: object, what: str) -> list[Told]:
    """A list of objects; null is how Go writes a list without elements."""
    listed = [] if body is None else body
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ThingSpaceError(f"The service answered with something that is no list of {what}.", "service")
    return listed
