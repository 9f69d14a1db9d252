# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a plan reaches the service: in batches, and what the service then shows is the truth.

The only place that writes memberships. A write whose answer was lost is settled by reading: what is in is done, what is
missing is planned anew. What the service has answered, yes or no, is never sent again in the same run.
"""

from __future__ import annotations

import typing as t

from .._api.model import ChangeAnswer
from .._api.status import DeviceStatus, Operation
from .._clock import Backoff
from .._errors import StateError, ThingSpaceError, UnsettledError, failure_of
from .._plan.guardrails import Write, check_write
from .._plan.plan import Plan, batches, sides
from .._plan.target import Listing
from .progress import Progress, Read

if t.TYPE_CHECKING:
    from .._plan.target import Target

MOST_ROUNDS = 5
_UNMENTIONED = DeviceStatus("", "")
_SHOWN = 3
Listed_co = t.TypeVar("Listed_co", bound=Listing, covariant=True)


class Membership(t.Protocol[Listed_co]):
    """Devices that belong to something at the service. ``name`` stands in sentences; ``order`` says which operation is sent first."""

    name: str
    order: tuple[Operation, Operation]

    def read(self) -> Listed_co: ...

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """Send one batch. Raises UnsettledError where only reading can tell what became of it."""


def write_of(name: str, target: Target, progress: Progress[Read], todo: Plan) -> Write:
    """Writes to what has this name, for its guardrails."""
    removed = progress.landed("remove") | progress.acknowledged("remove")
    return Write(name, target, progress.first, progress.last, removed, todo)


def read_listed(read: t.Callable[[], Read], name: str, backoff: Backoff, *, emptied: bool = False) -> Read:
    """Read until the service says which devices are in what has this name. Raises ThingSpaceError if it does not.

    Args:
        emptied: no list is an empty one, since it is known that nothing can be left.
    """
    while not (now := read()).told and not emptied:
        if not backoff.wait():
            raise ThingSpaceError(
                f"The service does not say which devices are in {name}: its answer has no list of devices. Whether it holds any is not known. "
                "If it holds none, append one with state present: then it has to be listed.",
                "service",
            )
    return now


def reconcile(membership: Membership[Read], target: Target, progress: Progress[Read], backoff: t.Callable[[], Backoff]) -> None:
    """Bring one membership to its target. Does not raise: a failure is kept in the progress.

    Args:
        progress: of the membership as it was read before, or as an earlier call has left it.
        backoff: makes a series of tries within ``retry_timeout``.
    """
    failure = failure_of(_Run(membership, target, progress, backoff).converge)
    if failure is not None and progress.unsettled:
        unknown = f"A change of {progress.unsettled} devices was sent before, and whether it was made is unknown: run the task again."
        failure = failure.reworded(f"{failure.message} {unknown}")
    progress.failure = failure


class _Run(t.Generic[Read]):
    def __init__(self, membership: Membership[Read], target: Target, progress: Progress[Read], backoff: t.Callable[[], Backoff]) -> None:
        self._membership = membership
        self._target = target
        self._progress = progress
        self._new_backoff = backoff
        self._rounds = 0
        self._unseen = backoff()
        self._lost: Backoff | None = None

    def converge(self) -> None:
        while True:
            plan = self._target.plan(self._progress.last)
            todo = self._unanswered(plan)
            if todo:
                check_write(write_of(self._membership.name, self._target, self._progress, todo))
                self._settle(self._send(todo))
            elif self._progress.doubtful(plan):
                if not self._unseen.wait():
                    self._give_up(plan)
                    return
                self._read()
            else:
                return

    def _give_up(self, plan: Plan) -> None:
        """Raise ThingSpaceError ``not_visible`` for changes that the service has acknowledged or said nothing about, and does not show."""
        pending = self._progress.pending_in(plan)
        unseen, unsaid, told = self._progress.unseen(plan), sorted(self._progress.silent(plan) - pending), list[str]()
        if pending:
            told.append(
                f"The service has accepted {len(pending)} changes of {self._membership.name}, and no read within retry_timeout shows them: they are pending."
            )
        if unseen:
            told.append(f"The service acknowledged {unseen} changes of {self._membership.name} and does not show them within retry_timeout.")
        if unsaid:
            named = ", ".join(unsaid[:_SHOWN]) + (f" and {len(unsaid) - _SHOWN} more" if len(unsaid) > _SHOWN else "")
            told.append(
                f"The service's answers say nothing about {len(unsaid)} changes of {self._membership.name} ({named}), and no read within retry_timeout shows "
                "them: whether they were made is not known."
            )
        if told:
            raise ThingSpaceError(" ".join([*told, "Run the task again later: it sends only what is still missing then."]), "not_visible")

    def _unanswered(self, plan: Plan) -> Plan:
        answers = self._progress.answers
        return Plan(plan.append - answers["append"].keys(), plan.remove - answers["remove"].keys())

    def _send(self, todo: Plan) -> ThingSpaceError | None:
        """Send all batches, up to the first that fails as a whole. Devices refused one by one do not stop the others."""
        progress = self._progress
        for operation, devices in sides(todo, self._membership.order):
            for batch in batches(devices, self._target.batch_size):
                progress.sent[operation].update(batch)
                progress.unread = True
                try:
                    answer = self._membership.change(operation, batch)
                except ThingSpaceError as error:
                    progress.again[operation].update(batch)
                    if isinstance(error, UnsettledError) and error.carried_out is None:
                        progress.lost[operation].update(batch)
                    return error
                if answer.pending:
                    progress.pending[operation].update(batch)
                progress.answers[operation].update((device, answer.devices.get(device, _UNMENTIONED)) for device in batch)
        return None

    def _settle(self, failure: ThingSpaceError | None) -> None:
        """Read what became of the writes. Raise if what is missing then must not, or need not, be tried again."""
        if failure is None:
            self._lost = None
            self._rounds += 1
            self._read()
            if self._rounds >= MOST_ROUNDS and self._unanswered(self._target.plan(self._progress.last)):
                raise StateError(f"{_start(self._membership.name)} keeps changing: somebody else writes to it while this task runs.")
            return
        again = False
        if isinstance(failure, UnsettledError):
            self._lost = self._lost or self._new_backoff()
            again = self._lost.wait(failure.retry_after)
        try:
            self._read()
        except ThingSpaceError as error:
            raise (error if again else failure) from None
        again = again and self._lost is not None and not self._lost.over
        todo = self._unanswered(self._target.plan(self._progress.last))
        if todo and not again:
            # A change refused because the upgrade has started says so in no documented way; the read does.
            if not self._progress.last.is_open:
                check_write(write_of(self._membership.name, self._target, self._progress, todo))
            raise failure

    def _read(self) -> None:
        self._progress.last = read_listed(self._membership.read, self._membership.name, self._new_backoff(), emptied=self._progress.emptied)
        self._progress.unread = False


def _start(name: str) -> str:
    return name[:1].upper() + name[1:]
