# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows about its writes to one membership: what it has sent, what was answered, what was read. No I/O."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Operation, Plan
from ansible_collections.thingspace.fota.plugins.module_utils._standing import Standing, acknowledged, refusal, silent

OPERATIONS: tuple[Operation, Operation] = ("append", "remove")


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

    @property
    def told(self) -> bool:
        """Whether the service said which devices there are, or said nothing about them."""

    def predicted(self: Read, plan: Plan) -> Read:
        """What it would become."""


Read = t.TypeVar("Read", bound=Listing)


class Progress(t.Generic[Read]):
    """What a run has sent, what was answered and what was read: enough to tell the truth whenever it stops.

    ``unread`` says that something was written after the last read, ``lost`` which devices were sent without an answer, ``again`` which ones were
    sent, at least once, in a request that failed as a whole.
    """

    def __init__(self, first: Read) -> None:
        self.first = first
        self.last = first
        self.sent: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.answers: dict[Operation, dict[str, Standing]] = {"append": {}, "remove": {}}
        self.lost: dict[Operation, set[str]] = {"append": set(), "remove": set()}
        self.again: dict[Operation, set[str]] = {"append": set(), "remove": set()}
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

    def answered(self, operation: Operation, meant: t.Callable[[Standing], bool]) -> set[str]:
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


def sides(plan: Plan, order: tuple[Operation, Operation]) -> list[tuple[Operation, frozenset[str]]]:
    """What a plan appends and removes, in this order."""
    return [(operation, plan.append if operation == "append" else plan.remove) for operation in order]
