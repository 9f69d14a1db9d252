# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a plan reaches the service: in batches, and what the service then shows is the truth.

The only place that writes memberships. A write whose answer was lost is settled by reading: what is in is done, what is
missing is planned anew. What the service has answered, yes or no, is never sent again in the same run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import StateError, ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Operation, Plan, State, batches, make_plan
from ansible_collections.thingspace.fota.plugins.module_utils._rails import Rails, check_removals
from ansible_collections.thingspace.fota.plugins.module_utils._standing import Standing, acknowledged, refusal
from ansible_collections.thingspace.fota.plugins.module_utils._waiter import Backoff

OPERATIONS: tuple[Operation, Operation] = ("append", "remove")
MOST_ROUNDS = 5
_UNMENTIONED = Standing("", "the service's answer does not mention this device")


class Listing(t.Protocol):
    """A membership as it was read. Listed is not member: ``devices`` holds the refused ones too."""

    @property
    def members(self) -> frozenset[str]: ...

    @property
    def refused(self) -> frozenset[str]: ...

    @property
    def devices(self) -> t.Mapping[str, Standing]: ...

    @property
    def status(self) -> str: ...

    @property
    def is_open(self) -> bool: ...

    def predicted(self: Read, plan: Plan) -> Read:
        """What it would become."""


Read = t.TypeVar("Read", bound=Listing)
Listed_co = t.TypeVar("Listed_co", bound=Listing, covariant=True)


class Membership(t.Protocol[Listed_co]):
    """Devices that belong to something at the service. ``name`` stands in sentences; ``order`` says which operation is sent first."""

    name: str
    order: tuple[Operation, Operation]

    def read(self) -> Listed_co: ...

    def change(self, operation: Operation, devices: list[str]) -> dict[str, Standing]:
        """Send one batch. Raises UnsettledError where only reading can tell what became of it."""


class Permit(t.Protocol):
    """Raises RailError where removing these devices does more harm than the rails know of."""

    def __call__(self, removals: frozenset[str]) -> None: ...


@dataclasses.dataclass(frozen=True)
class Target:
    """What one membership is to become, and within which limits. ``approved`` is the one plan that may be applied, if one was approved."""

    state: State
    declared: frozenset[str]
    rails: Rails
    batch_size: int
    permit: Permit | None = None
    approved: Plan | None = None

    def plan(self, listing: Listing) -> Plan:
        """The writes that are missing in what was read."""
        return make_plan(self.state, self.declared, listing.members, listing.refused)


class Progress(t.Generic[Read]):
    """What a run has sent, what was answered and what was read: enough to tell the truth whenever it stops.

    ``unread`` says that something was written after the last read, ``lost`` which devices were sent without an answer.
    """

    def __init__(self, first: Read) -> None:
        self.first = first
        self.last = first
        self.sent: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.answers: dict[Operation, dict[str, Standing]] = {"append": {}, "remove": {}}
        self.lost: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.unread = False
        self.failure: ThingSpaceError | None = None

    @property
    def unsettled(self) -> int:
        """How many changes were sent of which neither an answer nor a read tells what became of them.

        After a lost answer two things prove nothing: a read that does not show the change may have come too early, and the refusal of a second try
        may mean that the first had been carried out.
        """
        append, remove = (self.lost[operation] - self.acknowledged(operation) for operation in OPERATIONS)
        if not self.unread:
            append, remove = append - self.last.devices.keys(), remove & self.last.members
        return len(append) + len(remove)

    def acknowledged(self, operation: Operation) -> set[str]:
        """Devices for which the service said that it was done."""
        answers = self.answers[operation]
        # Few different answers, many devices.
        done = {answer for answer in set(answers.values()) if acknowledged(operation, answer.status)}
        return {device for device, answer in answers.items() if answer in done}

    def landed(self, operation: Operation) -> set[str]:
        """Devices that this run has really appended or removed, as far as can be known."""
        before, after = self.first.members, self.last.members
        seen = (self.sent["append"] & after) - before if operation == "append" else self.sent["remove"] - after
        return seen | self.acknowledged(operation) if self.unread else seen

    def unseen(self, plan: Plan) -> int:
        """How many acknowledged changes the last read did not show."""
        return sum(len(devices & self.acknowledged(operation)) for operation, devices in _sides(plan, OPERATIONS))

    def doubtful(self, plan: Plan) -> bool:
        """Whether a later read may yet show something: an answer was no clear refusal, or an earlier one was lost."""
        for operation, devices in _sides(plan, OPERATIONS):
            answers, lost = self.answers[operation], self.lost[operation]
            if any(device in lost or not refusal(answers[device].status) for device in devices & answers.keys()):
                return True
        return False


def guard(name: str, target: Target, progress: Progress[Read], todo: Plan) -> None:
    """Raise StateError or RailError where the writes to what has this name must not be sent."""
    if not progress.last.is_open:
        raise StateError(
            f"{_start(name)} is {progress.last.status}: devices can be appended and removed only before it starts "
            f"(while it is RequestPending or Queued), and {len(todo.append)} to append, {len(todo.remove)} to remove are missing."
        )
    if target.approved is not None and not (todo.append <= target.approved.append and todo.remove <= target.approved.remove):
        raise StateError(
            f"{_start(name)} has changed since the plan was approved: more than the approved writes would be needed now. Have the new plan reviewed."
        )
    done = progress.landed("remove") | progress.acknowledged("remove")
    check_removals(target.rails, target.state, len(done | todo.remove), len(progress.first.members))
    # Others may have filled it since: what is removed now must be allowed by what is there now, too.
    check_removals(target.rails, target.state, len(todo.remove), len(progress.last.members))
    if target.permit is not None:
        target.permit(todo.remove)


def converge(membership: Membership[Read], target: Target, progress: Progress[Read], backoff: t.Callable[[], Backoff]) -> None:
    """Bring one membership to its target. Does not raise: a failure is kept in the progress.

    Args:
        progress: of the membership as it was read before, or as an earlier call has left it.
        backoff: makes a series of tries within ``retry_timeout``.
    """
    try:
        _Run(membership, target, progress, backoff).converge()
    except ThingSpaceError as error:
        progress.failure = error
    except Exception as error:  # A mistake of ours must not swallow what has landed before it.
        progress.failure = ThingSpaceError(f"A mistake in this collection, please report it: {type(error).__name__}: {error}.", "service")
    if progress.failure is not None and progress.unsettled:
        progress.failure.message += f" A change of {progress.unsettled} devices was sent before, and whether it was made is unknown: run the task again."


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
                guard(self._membership.name, self._target, self._progress, todo)
                self._settle(self._send(todo))
            elif self._progress.doubtful(plan):
                if not self._unseen.wait():
                    unseen = self._progress.unseen(plan)
                    if not unseen:
                        return
                    raise ThingSpaceError(
                        f"The service acknowledged {unseen} changes of {self._membership.name} and does not show them within retry_timeout. "
                        "Run the task again later: it sends only what is still missing then.",
                        "not_visible",
                    )
                self._read()
            else:
                return

    def _unanswered(self, plan: Plan) -> Plan:
        answers = self._progress.answers
        return Plan(plan.append - answers["append"].keys(), plan.remove - answers["remove"].keys())

    def _send(self, todo: Plan) -> ThingSpaceError | None:
        """Send all batches, up to the first that fails as a whole. Devices refused one by one do not stop the others."""
        progress = self._progress
        for operation, devices in _sides(todo, self._membership.order):
            for batch in batches(devices, self._target.batch_size):
                progress.sent[operation].update(batch)
                progress.unread = True
                try:
                    answer = self._membership.change(operation, batch)
                except UnsettledError as error:
                    if error.carried_out is None:
                        progress.lost[operation].update(batch)
                    return error
                except ThingSpaceError as error:
                    return error
                progress.answers[operation].update((device, answer.get(device, _UNMENTIONED)) for device in batch)
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
                guard(self._membership.name, self._target, self._progress, todo)
            raise failure

    def _read(self) -> None:
        self._progress.last = self._membership.read()
        self._progress.unread = False


def _sides(plan: Plan, order: tuple[Operation, Operation]) -> list[tuple[Operation, frozenset[str]]]:
    return [(operation, plan.append if operation == "append" else plan.remove) for operation in order]


def _start(name: str) -> str:
    return name[:1].upper() + name[1:]
