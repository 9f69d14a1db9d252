# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session of an inventory: within an ansible-playbook run that may have logged in before, and may log in afterwards.

Inventories are read in the process that later runs the plays, so both have the same login book. A login that was refused to the one is
not sent again by the other. A session that is opened here is ended here, and not given to anybody.
"""

from __future__ import annotations

import pathlib
import time
import typing as t

from ...module_utils import _text
from ...module_utils._ansible import options
from ...module_utils._ansible.connection import Connector
from ...module_utils._errors import ThingSpaceError
from ...module_utils._http import address
from .login_book import Who, hold
from .signed_in import SignedIn

Params = t.Mapping[str, t.Any]
Warn = t.Callable[[str], None]
Found = t.TypeVar("Found")


def within(params: Params, warn: Warn, folder: pathlib.Path, read: t.Callable[[Connector], Found]) -> Found:
    """Read something with both tokens: those that are given, those of a session that the run has open, or those of a session of our own.

    Args:
        params: the options of ``connection_options()`` and ``login_options()``.
        folder: the folder of this run, with its login book.
        read: may be called again if the run's session turns out to be over.

    Raises:
        ThingSpaceError: a refused login among them, without a request if the run knows it already.
    """
    if params.get("access_token") or params.get("session_token"):
        return _read(SignedIn(params, warn), read)
    values = options.login_values(params)
    who = Who(address.api_url_of(params["api_url"]), values["app_key"], values["username"])
    session, lent = _session(params, warn, who, folder)
    try:
        return _read(session, read)
    except ThingSpaceError as error:
        if not lent or error.kind not in lent:
            raise
    with hold(folder) as held:
        book = held.read()
        book.forget(lent["session_token"])
        held.write(book)
    session, lent = _session(params, warn, who, folder)
    return _read(session, read)


def _read(session: SignedIn, read: t.Callable[[Connector], Found]) -> Found:
    with session:
        return read(session.connector())


def _session(params: Params, warn: Warn, who: Who, folder: pathlib.Path) -> tuple[SignedIn, dict[str, str] | None]:
    """The session of a task with its tokens, or one of our own. While this looks and logs in, nobody else does. Raises ThingSpaceError."""
    with hold(folder) as held:
        book = held.read()
        known = book.login(who, time.time())
        if known and known.get("failed"):
            error = known["error"]
            raise ThingSpaceError(known["msg"], error["kind"], status=error["status"], code=error["code"], detail=error["message"])
        if known:
            lent = {name: known[name] for name in ("access_token", "session_token")}
            return SignedIn({**params, **lent}, warn), lent
        book.send(who)
        held.write(book)
        session = SignedIn(params, warn)
        try:
            session.connector()
        except ThingSpaceError as error:
            told = _text.told({"failed": True, "msg": error.sentence, "error": error.as_dict(), "login_sent": session.login_sent})
            book.learn(who, told, time.time())
            held.write(book)
            raise
        book.keep_apart(who)
        held.write(book)
        return session, None
