# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of one ``callback`` task: declaration, difference, write, result. No credential enters what it returns."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .._ansible.connection import Connector
from .._api.account import Account
from .._api.model import SERVICE, Listener
from .._api.v1.callbacks import Callbacks
from .._desired.checks import account_of
from .._desired.listener import DesiredListener
from .._errors import InputError, UnsettledError, failure_of
from .._results.callback import side, unlike
from .._results.result import Result

if t.TYPE_CHECKING:
    from .._desired.checks import Params


def job(params: Params, connector: Connector, check_mode: bool) -> Result:
    """The job of the module. Failures come back in the result, with what was done before them."""
    task = _Task(params, connector, check_mode)
    failure = failure_of(task.run)
    if isinstance(params, dict) and isinstance(params["url"], str):
        # What ansible-core adds to the result shows the options.
        params["url"] = Listener(params["url"]).address
    # Intact, or a user called `fota` would be cut out of every URL that happens to contain it.
    return Result(task.values(), task.changed, task.diff, task.warnings, failure, task.unknown, intact=True)


class _Task:
    def __init__(self, params: Params, connector: Connector, check_mode: bool) -> None:
        self._params = params
        self._connector = connector
        self._check_mode = check_mode
        self._account: str | None = None
        self._reads: list[Listener | None] = []
        self._written: tuple[str, ...] = ()
        self._declared: Listener | None = None
        self.warnings: list[str] = []
        self.changed = self.unknown = False

    def run(self) -> None:
        params = self._params
        self._account = account_of(params["account"])
        present = params["state"] == "present"
        wish = DesiredListener(self._listener(), params["update_password"] == "always") if present or params["url"] else None
        secrets = wish.listener.secrets if wish else []
        first = self._callbacks(secrets).read()
        self._reads.append(first)
        secrets += first.secrets if first else []
        callbacks = self._callbacks(secrets)
        if present and wish:
            self._declared = wish.listener
            if wish.may_drop_unseen(first):
                self.warnings.append(
                    "The service does not tell whether the listener that is replaced has user name and password. The new one has none: "
                    "give username and password, or an empty username if there shall be none."
                )
            if missing := wish.missing_in(first):
                self._write(callbacks, missing, wish.listener, lambda: callbacks.register(wish.listener), lambda found: wish.shown_by(found, first))
        elif first and (wish is None or wish.listener.url == first.url):
            self._write(callbacks, ("url",), None, lambda: callbacks.remove(first.name), lambda found: found is None)

    def _callbacks(self, secrets: list[str]) -> Callbacks:
        return Callbacks(Account(self._connector.authorized(secrets), self._account or ""))

    def _write(
        self, callbacks: Callbacks, fields: tuple[str, ...], after: Listener | None, send: t.Callable[[], None], proven: t.Callable[[Listener | None], bool]
    ) -> None:
        if self._check_mode:
            self._reads.append(after)
            self._done(fields)
            return
        answered: list[bool] = []
        lost: list[int] = []

        def send_and_note() -> None:
            try:
                send()
            except UnsettledError:
                lost[:] = [len(self._reads)]
                raise
            answered.append(True)

        def landed(found: Listener | None) -> bool:
            # Where only credentials change, a service that does not tell them can prove nothing: its answer must do.
            return proven(found) or (bool(answered) and self._same_url(found, after))

        try:
            callbacks.settle(send_and_note, landed, self._reads)
        finally:
            if answered and len(self._reads) == 1:
                self._reads.append(after)
            # Where nobody knows what became of it, handlers must run.
            self.unknown = not answered and not landed(self._reads[-1]) and lost == [len(self._reads)]
            if answered or landed(self._reads[-1]) or self.unknown:
                self._done(fields)

    @staticmethod
    def _same_url(found: Listener | None, after: Listener | None) -> bool:
        return (found.url if found else None) == (after.url if after else None)

    def _done(self, fields: tuple[str, ...]) -> None:
        self._written = fields
        self.changed = True

    def values(self) -> dict[str, t.Any]:
        """The return values."""
        before, after = self._ends()
        return {
            "account": self._account,
            "name": SERVICE,
            "url": after.address if after else None,
            "previous_url": before.address if before else None,
            "changed_fields": list(self._written),
            "msg": self._sentence(before, after),
        }

    @property
    def diff(self) -> dict[str, str] | None:
        """Old URL and new URL, and whether credentials change."""
        if not self._reads:
            return None
        before, after = self._ends()
        header = f"callback {SERVICE} of {self._account}"
        credentials = {"username", "password"} & set(self._written) or (self.changed and before and before.has_credentials)
        return {
            "before_header": header,
            "after_header": header,
            "before": side(before, "as registered" if credentials else None),
            "after": side(after, ("as declared" if self._declared and self._declared.has_credentials else "none") if credentials else None, before),
        }

    def _ends(self) -> tuple[Listener | None, Listener | None]:
        return (self._reads[0], self._reads[-1]) if self._reads else (None, None)

    def _sentence(self, before: Listener | None, after: Listener | None) -> str:
        if not self.changed:
            return f"The callback is {after.address}, unchanged." if after else "No callback is registered, unchanged."
        if after is None:
            return f"The callback {before.address if before else ''} is removed."
        if before is None:
            return f"The callback {after.address} is registered."
        if before.url != after.url:
            return f"The callback {before.address} is replaced by {after.address}{unlike(after, before)}."
        return f"The callback {after.address} is registered again with other credentials."

    def _listener(self) -> Listener:
        params = self._params
        url = (params["url"] or "").strip()
        if not url:
            raise InputError("url is missing: give the address of the listener, such as https://fota.example.com/callback.")
        try:
            parts = urllib.parse.urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        # Not quoted: what cannot be read may hold anything.
        if not usable or re.search(r"[\s\x00-\x1f]", url):
            raise InputError("url must look like https://fota.example.com/callback: https, a host and a path.")
        if "@" in parts.netloc:
            raise InputError("url must not hold a user name or a password: they have options of their own.")
        if parts.scheme == "http":
            self.warnings.append("url is not https: messages, with user name and password in them, travel where others can read them.")
        username, password = (credential_of(params[option], option) for option in ("username", "password"))
        if bool(username) != bool(password):
            raise InputError("username and password go together: registering replaces both. To have neither, leave both out or give an empty username.")
        return Listener(url, username, password)


def credential_of(value: object, option: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InputError(f"{option} is not a string: YAML may have made another value of it (leading zeros, octal, yes). Put it in quotes.")
    return value
