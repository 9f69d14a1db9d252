# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The listener of an account in JSON of v1, and how it becomes the declared one (P1-register-callback-listener).

An account has one listener for FOTA, and registering replaces it with all it had. That makes a registration safe to repeat: one whose answer
was lost is sent again unless the service shows that it landed. Credentials never leave this file, whether declared or stored.
"""

from __future__ import annotations

import re
import typing as t

from ..._errors import ThingSpaceError, UnsettledError, not_known
from ..._http.redact import redacted_url
from ..account import Account
from ..fields import NAMES, dicts, normalize_keys
from ..model import SERVICE, Listener

if t.TYPE_CHECKING:
    from ..fields import Told


class Callbacks:
    """The listener of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self) -> Listener | None:
        """GET the listener for FOTA. Raises ThingSpaceError, also where one that is listed may be it and may be another one."""
        doubtful = 0
        for item in listeners(self._account):
            name, url = item.get("name"), item.get("url")
            bare = re.sub(r"[\W_]", "", name).lower() if isinstance(name, str) else ""
            if isinstance(name, str) and name.strip().lower() == SERVICE.lower():
                if not isinstance(url, str):
                    raise ThingSpaceError("The service answered with a callback that has no url.", "service")
                return Listener(url, _told(item.get("username")), _told(item.get("password")), name)
            doubtful += not bare or SERVICE.lower() in bare
        if doubtful:
            # Without their names: in a field that is not as documented may stand anything, credentials too.
            raise ThingSpaceError(
                f"The service lists {doubtful} callbacks without a name, or with one that only looks like {SERVICE}: whether there is a listener for FOTA "
                "is not known. Look at them with thingspace.fota.callback_info.",
                "service",
            )
        return None

    def register(self, listener: Listener) -> None:
        """POST, which replaces another one."""
        body = {"name": SERVICE, "url": listener.url}
        if listener.username:
            body |= {"username": listener.username, "password": listener.password or ""}
        self._account.write("POST", body, "callbacks")

    def remove(self, name: str) -> None:
        """DELETE, by the name that was read."""
        self._account.write("DELETE", None, "callbacks", "name", name)

    def settle(self, send: t.Callable[[], None], landed: t.Callable[[Listener | None], bool], reads: list[Listener | None]) -> None:
        """Send a change until it has landed, and read until it shows. Raises ThingSpaceError.

        Args:
            landed: whether what was read proves it.
            reads: every read is appended, so that a failure leaves the last one.
        """
        lost, unseen = self._account.backoff(), self._account.backoff()
        while True:
            failure: ThingSpaceError | None = None
            try:
                send()
            except ThingSpaceError as error:
                failure = error
            again = isinstance(failure, UnsettledError) and lost.wait(failure.retry_after)
            try:
                reads.append(self.read())
            except ThingSpaceError as unread:
                if not isinstance(failure, UnsettledError) or failure.carried_out is False:
                    raise (failure or unread) from None
                raise not_known(failure, "the callback was changed", unread) from None
            if landed(reads[-1]):
                return
            if failure is None:
                break
            if not again:
                raise failure
        while not landed(reads[-1]):
            if not unseen.wait():
                raise ThingSpaceError("The service acknowledged the change of the callback and does not show it within retry_timeout.", "not_visible")
            reads.append(self.read())


def _told(value: object) -> str | None:
    return None if value is None else str(value)


_OF_LISTENER = {**NAMES, "aname": "account"}
# Fields of a listener that hold, or by their name may hold, what the service shows to the listener to be let in.
_CREDENTIAL = re.compile("user|pass|pwd|secret|token|auth|credential|key|login|signature", re.IGNORECASE)
# An error code is a word. Some shapes of errors have a sentence in its place.
_CODE = re.compile(r"[\w.-]{1,100}")


def listeners(account: Account) -> list[Told]:
    """GET the registered listeners as the service tells them, which may include their credentials. Raises ThingSpaceError."""
    try:
        body = account.read("callbacks")
    except ThingSpaceError as error:
        if error.status is None:
            raise
        raise _without_words(error, error.status) from None
    return dicts(body, "callbacks")


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


def described_listener(listener: Told) -> Told:
    """A listener without its credentials: whether there are some stands in ``username_set`` and the like."""
    told: Told = {"username_set": False, "password_set": False, **_without_credentials(normalize_keys(listener, _OF_LISTENER))}
    return told


def _without_credentials(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        secret = {f"{name}_set": item not in (None, "") for name, item in value.items() if _CREDENTIAL.search(name)}
        return {**{name: _without_credentials(item) for name, item in value.items() if not _CREDENTIAL.search(name)}, **secret}
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    return redacted_url(value) if isinstance(value, str) else value
