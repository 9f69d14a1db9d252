# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows about its writes to one membership, and what became of them. No I/O."""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.status import DeviceStatus, Operation, acknowledged, refusal, silent
from .._errors import ThingSpaceError
from .._plan.plan import OPERATIONS, Plan, sides
from .._plan.target import Listing
from .._results.membership import Changes, Rejection

Read = t.TypeVar("Read", bound=Listing)


class Progress(t.Generic[Read]):
    """What a run has sent, what was answered and what was read: enough to tell the truth whenever it stops.

    ``pending`` says which ones the service has accepted without a word about any device, ``unread`` that something was written after the last read,
    ``lost`` which devices were sent without an answer, ``again`` which ones were sent, at least once, in a request that failed as a whole.
    """

    def __init__(self, first: Read) -> None:
        self.first = first
        self.last = first
        self.sent: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.answers: dict[Operation, dict[str, DeviceStatus]] = {"append": {}, "remove": {}}
        self.lost: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.again: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.pending: dict[Operation, set[str]] = {"append": set(), "remove": set()}
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

    def answered(self, operation: Operation, meant: t.Callable[[DeviceStatus], bool]) -> set[str]:
        """Devices whose answer means this."""
        answers = self.answers[operation]
        # Few different answers, many devices.
        known = {answer for answer in set(answers.values()) if meant(answer)}
        return {device for device, answer in answers.items() if answer in known} if known else set()

    def acknowledged(self, operation: Operation) -> set[str]:
        """Devices for which the service said that it was done."""
        return self.answered(operation, lambda answer: acknowledged(operation, answer.status))

    def refused(self, operation: Operation) -> set[str]:
        """Devices for which it said that it was not.

        Not those of a request that failed before: it may have been carried out, and the refusal may mean just that.
        """
        return self.answered(operation, lambda answer: refusal(answer.status)) - self.again[operation]

    def landed(self, operation: Operation) -> set[str]:
        """Devices that this run has really appended or removed, as far as can be known. What was refused to us, others have done."""
        before, after = self.first.members, self.last.members
        seen = (self.sent["append"] & after) - before if operation == "append" else self.sent["remove"] - after
        seen -= self.refused(operation)
        return seen | self.acknowledged(operation) if self.unread else seen

    @property
    def emptied(self) -> bool:
        """Whether nothing can be left: all that was there, or was sent there and not refused, was removed, by the service's word."""
        return (self.first.members | self.last.members | (self.sent["append"] - self.refused("append"))) <= self.acknowledged("remove")

    def unseen(self, plan: Plan) -> int:
        """How many acknowledged changes the last read did not show."""
        return sum(len(devices & self.acknowledged(operation)) for operation, devices in sides(plan, OPERATIONS))

    def pending_in(self, plan: Plan) -> set[str]:
        """Devices whose change the service has accepted, to carry it out later, and the last read does not show."""
        return {device for operation, devices in sides(plan, OPERATIONS) for device in devices & self.pending[operation]}

    def silent(self, plan: Plan) -> set[str]:
        """Devices about which an answer said nothing, and whose change the last read does not show."""
        return {device for operation, devices in sides(plan, OPERATIONS) for device in devices & self.answered(operation, silent)}

    def doubtful(self, plan: Plan) -> bool:
        """Whether a later read may yet show something: an answer was no clear refusal, or an earlier one was lost."""
        for operation, devices in sides(plan, OPERATIONS):
            answers, lost = self.answers[operation], self.lost[operation]
            if any(device in lost or not refusal(answers[device].status) for device in devices & answers.keys()):
                return True
        return False


_SHOWN = 3


def landed(progress: Progress[Read], plan: Plan) -> bool:
    """Whether something was changed. Where nobody knows what became of a change, handlers must run.

    Args:
        plan: what the last read still misses.
    """
    return bool(progress.landed("append") or progress.landed("remove") or progress.unseen(plan)) or unknown(progress, plan)


def unknown(progress: Progress[Read], plan: Plan) -> bool:
    """Whether nobody knows what became of a change. Plan as in :func:`landed`."""
    # Whoever has failed did not wait until an answer in unknown words was settled.
    doubt = progress.failure is not None and progress.doubtful(plan)
    return bool(progress.pending_in(plan) or progress.unsettled or doubt)


def changes_of(progress: Progress[Read], plan: Plan, known: Changes) -> Changes:
    """What was done, by what was sent and read.

    Args:
        plan: what the last read still misses.
        known: what stands besides: duplicates, the digest.
    """
    added, removed = progress.landed("append"), progress.landed("remove")
    before = len(progress.first.members)
    return dataclasses.replace(
        known,
        added=added,
        removed=removed,
        rejected=rejections(progress, plan),
        before_count=before,
        after_count=before + len(added) - len(removed) if progress.unread else len(progress.last.members),
    )


def judge(rejected: t.Sequence[Rejection], on_rejected: str) -> str | None:
    """What the option ``on_rejected`` makes of refused devices: a sentence to warn with, or ThingSpaceError ``rejected``."""
    if not rejected or on_rejected == "ignore":
        return None
    first = "; ".join(f"{item.device_id} ({item.operation}: {(item.reason or item.status or 'no reason given').rstrip('.')})" for item in rejected[:_SHOWN])
    more = f"; and {len(rejected) - _SHOWN} more" if len(rejected) > _SHOWN else ""
    sentence = f"The service refuses {len(rejected)} of the devices: {first}{more}."
    if on_rejected == "fail":
        raise ThingSpaceError(sentence, "rejected")
    return sentence


def rejections(progress: Progress[Read], plan: Plan) -> tuple[Rejection, ...]:
    """Declared devices that are refused, by what the last read still misses: a refusal whose goal is reached is none, and no word is none either."""
    found: list[Rejection] = []
    for operation in OPERATIONS:
        refused = progress.answers[operation].keys() - progress.acknowledged(operation) - progress.answered(operation, silent)
        missing = plan.append | plan.refused if operation == "append" else plan.remove
        found += [Rejection(device, operation, *progress.answers[operation][device]) for device in refused & missing]
    told = {rejection.device_id for rejection in found}
    for device in plan.refused - told:
        operation_or_listed: t.Literal["append", "listed"] = "append" if device in progress.sent["append"] else "listed"
        found.append(Rejection(device, operation_or_listed, *progress.last.devices[device]))
    return tuple(sorted(found))
