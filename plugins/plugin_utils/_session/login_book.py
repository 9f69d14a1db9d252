# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one ansible-playbook run remembers of its logins.

Each task of each host runs in a process of its own, and ``run_once`` does not hold under ``strategy: free``. So what one host
learned about a login reaches the others through memory that they share: the book, which only one task at a time can hold open. A login is
written into it before it is sent. Then a task that is killed half way leaves "sent, outcome unknown", and nobody sends a second one. The book
holds tokens. It is on no disk, since nothing cleans up after a process that SIGTERM or SIGKILL has ended.

:class:`LoginBook` knows the rules and not where it is kept; :func:`hold` knows that and no rules.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import pathlib
import typing as t

from .. import _files
from .._lock import alone
from . import run_memory

Result = dict[str, t.Any]
Page = dict[str, t.Any]
_MOST_BYTES = 1_000_000
_MEMORY = run_memory.shared()
_REPEATED = "Repeated from the first try of this run: no request was made."


@dataclasses.dataclass(frozen=True)
class Who:
    """Who logs in where."""

    api_url: str
    app_key: str
    username: str

    @property
    def application(self) -> str:
        """Name of the page of the application: its refusals are nobody else's."""
        return json.dumps([self.api_url, self.app_key])

    @property
    def user(self) -> str:
        """Name of the page of the user, whatever the application: the service counts refusals for each user. Case may not matter to it."""
        return json.dumps([self.api_url, self.username.strip().casefold()])

    @property
    def session(self) -> str:
        """Name of the page of a session."""
        return json.dumps([self.api_url, self.app_key, self.username])


class LoginBook:
    """The rules: what is known, what a result teaches. All of it can be stored as JSON (``pages``)."""

    def __init__(self, pages: dict[str, dict[str, Page]] | None = None) -> None:
        self.pages: dict[str, dict[str, Page]] = {"sessions": {}, "users": {}, "applications": {}, "logouts": {}, **(pages or {})}

    def login(self, who: Who, now: float) -> Result | None:
        """The result of a login that needs no request, None if a login has to be sent.

        Args:
            now: seconds of the clock that :meth:`learn` was given.
        """
        session = self.pages["sessions"].get(who.session)
        if session and (session["ends"] is None or session["ends"] > now):
            expires_in = None if session["ends"] is None else int(session["ends"] - now)
            return {**_answer(), "access_token": session["access_token"], "session_token": session["session_token"], "expires_in": expires_in}
        failure = self.pages["users"].get(who.user) or self.pages["applications"].get(who.application)
        if failure:
            return {**_answer(), "failed": True, "msg": f"{failure['msg']} {_REPEATED}", "error": failure["error"]}
        return None

    def send(self, who: Who) -> None:
        """A login is about to be sent: until its outcome is known, it is one that nobody may send again."""
        msg = (
            f"A login of {who.username} was sent earlier in this run, and its task ended without an outcome (it was killed, it crashed, or its time was over). "
            "The login is not sent again, because five refusals in a row lock the user for good."
        )
        self.pages["users"][who.user] = {"msg": msg, "error": {"kind": "unreachable", "status": None, "code": None, "message": msg}}

    def learn(self, who: Who, result: Result, now: float) -> None:
        """Write down the outcome of the login that :meth:`send` announced."""
        error = result.get("error")
        outcome: Page | None = None
        if not result.get("failed") and result.get("access_token") and result.get("session_token"):
            ends = None if result.get("expires_in") is None else now + int(result["expires_in"])
            tokens = {name: str(result[name]) for name in ("access_token", "session_token")}
            self.pages["sessions"][who.session] = {**tokens, "ends": ends}
            self.pages["logouts"].pop(_digest(tokens["session_token"]), None)
        elif _never_ran(result):
            pass
        elif not isinstance(error, dict):
            # The module crashed, and did not say how far it came: what send() wrote stays.
            return
        elif error.get("kind") not in ("input", "dependency") or result.get("requests") or result.get("login_sent"):
            outcome = {"msg": str(result.get("msg")), "error": dict(error)}
        self.pages["users"].pop(who.user, None)
        # `login_sent` is false only where the module knows that it sent none: then it is no matter of the user.
        if outcome and result.get("login_sent") is False:
            self.pages["applications"][who.application] = outcome
        elif outcome:
            self.pages["users"][who.user] = outcome

    def keep_apart(self, who: Who) -> None:
        """The login that :meth:`send` announced has brought a session, which is for whoever opened it and for nobody else."""
        self.pages["users"].pop(who.user, None)

    def forget(self, session_token: str) -> None:
        """A session is about to be ended: whatever comes of it, nobody gets it any more."""
        sessions = self.pages["sessions"]
        self.pages["sessions"] = {name: page for name, page in sessions.items() if page["session_token"] != session_token}

    def logout(self, session_token: str, since: float) -> Result | None:
        """The result of a logout that needs no request, None if one has to be sent.

        Args:
            since: when this task began to wait. A failure that came later is shared, since it answers this task's question too.
        """
        page = self.pages["logouts"].get(_digest(session_token))
        if page is None or (page["result"].get("failed") and page["at"] < since):
            return None
        return {**page["result"], "changed": False, "requests": 0}

    def learn_logout(self, session_token: str, result: Result, now: float) -> None:
        """Write down the outcome of a logout."""
        kept = {name: result[name] for name in ("failed", "msg", "error") if name in result}
        self.pages["logouts"][_digest(session_token)] = {"at": now, "result": kept}


class HeldBook:
    """Where it is kept: a book that nobody else can open as long as it is held."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = str(folder)

    def read(self) -> LoginBook:
        """What was written last, an empty book at first."""
        return LoginBook(self._books().get(self._folder))

    def write(self, book: LoginBook) -> None:
        """Replace the book, whole or not at all."""
        text = json.dumps({**self._books(), self._folder: book.pages})
        if _MEMORY is not None:
            _MEMORY.write(text)
        else:
            _files.replace(self._file, text.encode())

    def _books(self) -> dict[str, dict[str, dict[str, Page]]]:
        text = _MEMORY.read() if _MEMORY is not None else self._from_file()
        books: dict[str, dict[str, dict[str, Page]]] = json.loads(text) if text else {}
        return books

    def _from_file(self) -> str:
        try:
            return _files.read(self._file, _MOST_BYTES).decode("ascii")
        except FileNotFoundError:
            return ""

    @property
    def _file(self) -> pathlib.Path:
        """For a strategy, none of ansible-core, that loads action plugins in its workers only: a login must be sent once there too."""
        return pathlib.Path(self._folder) / "thingspace_fota_logins.json"


@contextlib.contextmanager
def hold(folder: pathlib.Path) -> t.Iterator[HeldBook]:
    """Wait until nobody holds the book of this folder, and hold it. The system releases it if this process is killed.

    Args:
        folder: a folder of this run alone, which others cannot read.
    """
    with alone(folder, "logins"):
        yield HeldBook(folder)


def _answer() -> Result:
    return {"changed": False, "requests": 0, "login_sent": False}


def _never_ran(result: Result) -> bool:
    """Whether a shell's own exit code says that there was no Python to run the module: it found none, or was not allowed to start it."""
    return result.get("rc") in (126, 127) and not result.get("module_stdout") and "requests" not in result


def _digest(session_token: str) -> str:
    return hashlib.sha256(session_token.encode()).hexdigest()
