# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the list of cancellation candidates becomes the declared one, and what the service then shows is the truth."""

from __future__ import annotations

import functools
import typing as t

from .._api.v1.licenses import Licenses
from .._clock import Backoff
from .._errors import StateError, ThingSpaceError, UnsettledError, not_known
from .._plan.plan import Plan, batches


class CandidateList:
    """The candidates as they were read last, and the declared ones.

    ``unread`` says that something may have been written after that. ``added`` and ``removed`` are what this run has changed.
    """

    def __init__(self, licenses: Licenses, declared: frozenset[str]) -> None:
        self._licenses = licenses
        self._declared = declared
        self.unread = self._written = False
        self.added: frozenset[str] = frozenset()
        self.removed: frozenset[str] = frozenset()
        self.last = self._read()

    @property
    def before(self) -> frozenset[str]:
        """What would be there without this run: others may have written meanwhile."""
        return (self.last - self.added) | self.removed

    @property
    def plan(self) -> Plan:
        """What is missing in what was read."""
        return Plan(self._declared - self.last, self.last - self._declared)

    def predict(self) -> None:
        """For check mode: as if it were written."""
        self.added, self.removed = self.plan.append, self.plan.remove
        self.last = self._declared

    def write(self, batch_size: int, backoff: t.Callable[[], Backoff], *, approved: bool) -> None:
        """Write what is missing, and read until it shows. Raises ThingSpaceError, with ``last`` read again if that was possible.

        Args:
            approved: whether nothing but the plan of now may be written.
        """
        lost, unseen, answered, plan = backoff(), backoff(), False, self.plan
        while todo := self.plan:
            if answered:
                if not unseen.wait():
                    raise ThingSpaceError(
                        "The service acknowledged the cancellation candidates and does not show them within retry_timeout. Run the task again later.",
                        "not_visible",
                    )
                self._look(todo)
                continue
            if approved and not (todo.append <= plan.append and todo.remove <= plan.remove):
                raise StateError(
                    "The cancellation candidates have changed since the plan was approved: more than the approved writes would be needed now. "
                    "Have the new plan reviewed."
                )
            try:
                self._send(batch_size)
                answered = True
            except ThingSpaceError as error:
                again = isinstance(error, UnsettledError) and lost.wait(error.retry_after)
                try:
                    self._look(todo)
                except ThingSpaceError as unread:
                    if not self.unread:
                        raise error from None
                    raise not_known(error, "the cancellation candidates were changed", unread) from None
                if self.plan and not again:
                    raise
                continue
            self._look(todo)

    def _look(self, sent: Plan) -> None:
        """Read again. What was to be sent and shows now is this run's doing, if something of it may have been written."""
        written = self._written
        self.last = self._read()
        self._written = False
        if written:
            self.added |= sent.append & self.last
            self.removed |= sent.remove - self.last

    def _send(self, batch_size: int) -> None:
        if not self._declared:
            self._once(self._licenses.drop_candidates)
            return
        # Only what is kept can be appended to: to drop a device, the list is sent without it.
        keeps = bool(self.last) and not self.plan.remove
        for batch in batches(self.plan.append if keeps else self._declared, batch_size):
            send = self._licenses.append_candidates if keeps else self._licenses.replace_candidates
            self._once(functools.partial(send, batch))
            keeps = True

    def _once(self, send: t.Callable[[], None]) -> None:
        try:
            send()
            self.unread = self._written = True
        except UnsettledError as error:
            self.unread = True
            # What was surely not sent and shows all the same, others have done.
            self._written = self._written or error.carried_out is not False
            raise

    def _read(self) -> frozenset[str]:
        found = frozenset(self._licenses.candidates().devices)
        self.unread = False
        return found
