# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The listener of an account: what it is, and how it becomes the declared one (P1-register-callback-listener).

An account has one listener for FOTA, and registering replaces it with all it had. That makes a registration safe to repeat: one whose answer
was lost is sent again unless the service shows that it landed. Credentials never leave this room, whether declared or stored.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._fleet import Fleet, blotted, secrets_in
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account

SERVICE = "Fota"


@dataclasses.dataclass(frozen=True)
class Listener:
    """Where messages go, and what they carry to be let in. A credential is None where it is not told; the service may not tell what it has."""

    url: str
    username: str | None = dataclasses.field(default=None, repr=False)
    password: str | None = dataclasses.field(default=None, repr=False)
    # As the service writes it, which takes no other spelling for a removal.
    name: str = SERVICE

    @property
    def has_credentials(self) -> bool:
        """Whether there are some, as far as it is told."""
        return bool(self.username or self.password)

    @property
    def secrets(self) -> list[str]:
        """What no message may show: the credentials, also in the form of HTTP Basic, and what may be secret in the URL."""
        plain = [secret for secret in (self.username, self.password) if secret]
        encoded = [code(f"{self.username}:{self.password}".encode()) for code in (base64.b64encode, base64.urlsafe_b64encode)] if len(plain) == 2 else []
        # Some leave the padding away.
        return [*plain, *(form.decode().rstrip("=") for form in encoded), *secrets_in(self.url)]

    @property
    def address(self) -> str:
        """The URL without what may be secret in it."""
        return blotted(self.url)


@dataclasses.dataclass(frozen=True)
class Wish:
    """The declared listener. Credentials that are None are not declared, empty ones are declared to be none."""

    listener: Listener
    always: bool

    def missing_in(self, found: Listener | None) -> tuple[str, ...]:
        """The fields in which what was read is another one, as far as the service tells."""
        wanted = self.listener
        if found is None:
            return tuple(name for name in ("url", "username", "password") if getattr(wanted, name))
        different = ["url"] if found.url != wanted.url else []
        if wanted.username is not None and self._differs(wanted.username, found.username):
            different.append("username")
        if wanted.password and self.always and found.password != wanted.password:
            different.append("password")
        # Whatever the reason, a registration drops what is there and not declared.
        dropped = [name for name in ("username", "password") if getattr(found, name) and not getattr(wanted, name)] if different else []
        return tuple(name for name in ("url", "username", "password") if name in different or name in dropped)

    def may_drop_unseen(self, found: Listener | None) -> bool:
        """Whether credentials that the service does not tell go with the URL, and nothing is declared about them."""
        return bool(found and found.url != self.listener.url and self.listener.username is None and found.username is None and found.password is None)

    def _differs(self, wanted: str, found: str | None) -> bool:
        if not found:
            # There is none, or the service does not tell.
            return bool(wanted) and self.always
        return found != wanted

    def shown_by(self, found: Listener | None, before: Listener | None) -> bool:
        """Whether what was read proves that a registration landed."""
        if found is None or found.url != self.listener.url:
            return False
        if before is None or before.url != found.url:
            return True
        return all((getattr(found, name) or "") == (getattr(self.listener, name) or "") for name in ("username", "password"))


class Callbacks:
    """The listener of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._fleet = Fleet(account)

    def read(self) -> Listener | None:
        """GET the listener for FOTA. Raises ThingSpaceError, also where one that is listed may be it and may be another one."""
        doubtful = 0
        for item in self._fleet.listeners():
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
            except ThingSpaceError as error:
                raise (failure if failure and not again else error) from None
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
