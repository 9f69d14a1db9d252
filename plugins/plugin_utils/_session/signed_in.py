# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session of what runs outside of a task: an inventory plugin, an event source.

Tokens that are given win. Without them there is one login, and whoever opened a session ends it. A login that was sent and brought no
session is final, whatever came of it: it may have been refused, and five refusals in a row lock the user for good (P-LOGIN).
"""

from __future__ import annotations

import collections
import threading
import time
import types
import typing as t

from ...module_utils._ansible import options
from ...module_utils._ansible.connection import Connector
from ...module_utils._api.login import Credentials, Login, Tokens, log_out
from ...module_utils._errors import ThingSpaceError, UnsettledError

# Logins within an hour. A session lives for 20 minutes without use, so whoever looks less often needs three. Each of them leaves a
# session at the service if the one before did not really die.
MOST_LOGINS = 6
_HOUR = 3600.0


class SignedIn:
    """Tokens for as long as they are wanted.

    Args:
        params: the options of ``connection_options()`` and ``login_options()``.
        warn: gets each warning.
        clock: seconds that never run backwards.
    """

    def __init__(self, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None], *, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._params = dict(params)
        self._clock = clock
        self._logins: collections.deque[float] = collections.deque(maxlen=MOST_LOGINS)
        self._warn = warn
        self._given = any(params.get(name) for name in ("access_token", "session_token"))
        self._own: Tokens | None = None
        self._refusal: ThingSpaceError | None = None
        # The login that is under way, or was last; and whether none is under way.
        self._login: Login | None = None
        self._settled = threading.Event()
        self._settled.set()
        # Whether the last login left this machine, so that the service may have counted it.
        self.login_sent = False
        self._connector = Connector(self._params, warn)

    def __enter__(self) -> SignedIn:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the session, if it is ours. What goes wrong with that is a warning: the work is done, and the session ends by itself."""
        try:
            self.end()
        except ThingSpaceError as failure:
            self._warn(failure.sentence)

    @property
    def final(self) -> bool:
        """Whether no more can be had: a login was refused, or has no known outcome."""
        return self._refusal is not None

    def connector(self) -> Connector:
        """A connector with both tokens, after a login if there are none. Raises ThingSpaceError; what is :attr:`final`, without a request."""
        if not self._given and self._own is None:
            self._log_in()
        return self._connector

    def renew(self, error: ThingSpaceError) -> None:
        """Get what an answer says is not accepted any more: another bearer for the session, or all anew. Raises ThingSpaceError.

        A bearer ends after an hour and a session after 20 idle minutes, so the one can die without the other. A bearer that is handed
        out and refused again takes its session with it, or it would be renewed for ever.
        """
        if self._given:
            raise error
        if self._own and error.kind == "access_token":
            access_token, expires_in = Login(self._connector.client, self._credentials()).bearer()
            if access_token != self._own.access_token:
                self._take(Tokens(access_token, self._own.session_token, expires_in))
                return
        self._own = None

    @property
    def is_opening(self) -> bool:
        """Whether a login was sent, in another thread, and is not answered yet."""
        return self._login is not None and self._login.sent and not self._settled.is_set()

    def end(self, patience: float = 0.0) -> None:
        """Log out, if the session is ours. Raises ThingSpaceError.

        Args:
            patience: seconds to wait for a login in another thread that :attr:`is_opening` a session. It must not begin one any more.
        """
        if self.is_opening:
            self._settled.wait(patience)
        tokens, self._own = self._own, None
        if tokens:
            log_out(self._connector.client, tokens.access_token, tokens.session_token)

    def _log_in(self) -> None:
        if self._refusal:
            raise self._refusal
        self._check_ration()
        self._login = login = Login(self._connector.client, self._credentials())
        self._settled.clear()
        try:
            self._take(login.tokens())
        except ThingSpaceError as error:
            self._note(sent=login.sent)
            if error.kind == "login" or login.sent:
                self._refusal = error
            raise
        finally:
            self._settled.set()
        self._note(sent=True)

    def _note(self, *, sent: bool) -> None:
        self.login_sent = sent
        if sent:
            self._logins.append(self._clock())

    def _check_ration(self) -> None:
        """Raise UnsettledError if there were too many logins: where sessions die at once, each look would have one."""
        left = self._logins[0] + _HOUR - self._clock() if len(self._logins) == MOST_LOGINS else 0.0
        if left > 0:
            sentence = f"Sessions end while they are in use: there were {MOST_LOGINS} logins within an hour. The next one waits for {left / 60:.0f} minutes."
            raise UnsettledError(sentence, "session_token", carried_out=False, retry_after=left)

    def _take(self, tokens: Tokens) -> None:
        self._own = tokens
        both = {"access_token": tokens.access_token, "session_token": tokens.session_token}
        self._connector = Connector({**self._params, **both}, self._warn)

    def _credentials(self) -> Credentials:
        return Credentials(**options.login_values(self._params))
