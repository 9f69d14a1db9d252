# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every status word of upgrades and devices that the service is known to use, and what it means. Pure.

Sources: SEED, P1-get-upgrade-information, P1-schedule-firmware-upgrade, SDKDOC, PG-campaign-lifecycle-flow-for-v1, -for-v2 and -for-v3.
A word that stands in none of them is `OTHER`: it opens no gate, and never counts as an end.
"""

from __future__ import annotations

import enum
import functools
import re
import typing as t

Operation = t.Literal["append", "remove"]


class Phase(enum.Enum):
    """How far an upgrade is, whichever version of the API tells it.

    ``PRESCHEDULED`` and ``SCHEDULED`` are those of v2 and v3, closed to changes, and running from their day on. ``ENDED`` is no success: devices may have
    failed. ``REFUSED`` is refused as a whole before its day, ``FAILED`` failed as a whole, ``ABORTED`` cancelled while it ran.
    """

    CHECKING = "checking"
    QUEUED = "queued"
    PRESCHEDULED = "prescheduled"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"
    OTHER = "other"


# By normalized word. The first of each phase are those of v1.
_PHASES: dict[str, Phase] = {
    word: phase
    for phase, words in (
        (Phase.CHECKING, ("requestpending", "campaignrequestpending", "pending")),
        (Phase.QUEUED, ("queued", "campaignrequestqueued", "campaignqueued", "requestqueued")),
        (Phase.PRESCHEDULED, ("campaignprescheduled",)),
        (Phase.SCHEDULED, ("campaignscheduled", "scheduled")),
        (Phase.RUNNING, ("inprogress",)),
        (Phase.ENDED, ("finished", "campaignended", "ended")),
        (Phase.REFUSED, ("requestfailed", "campaignrequestfailed")),
        (Phase.FAILED, ("upgradefailed", "campaignfailed")),
    )
    for word in words
}
# No list of v1 has a word for cancelled, those of v2 and v3 have several; what is being cancelled is not gone.
_ENDINGS = {"cancelled": Phase.CANCELLED, "canceled": Phase.CANCELLED, "aborted": Phase.ABORTED}
# Devices can be changed "until the upgrade starts"; whether RequestPending is early enough is not said for v1, v2 allows it.
OPEN = (Phase.CHECKING, Phase.QUEUED)
# An upgrade in one of these is the declared one; one that was refused as a whole or failed is not, and is scheduled anew.
CURRENT = (*OPEN, Phase.RUNNING, Phase.ENDED)
# Nothing more happens to the devices of an upgrade in one of these.
OVER = (Phase.ENDED, Phase.REFUSED, Phase.FAILED, Phase.CANCELLED, Phase.ABORTED)
# Nothing is left of an upgrade in one of these that could be cancelled.
GONE = (Phase.REFUSED, Phase.CANCELLED, Phase.ABORTED)
# Those that v1 lists upgrades by, in the order in which an upgrade passes through them: read in this order, one that moves meanwhile is seen at least once.
STATUSES = ("RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed")
# What an upgrade is that was just accepted, and what a device is that was just appended: for predictions.
NEW = STATUSES[0]
ACCEPTED = "Device Accepted"


class DeviceState(enum.Enum):
    """What is known of a device in an upgrade."""

    PENDING = "a member without an outcome"
    REJECTED = "not taken into the upgrade"
    DONE = "upgraded"
    FAILED = "was to be upgraded, and could not be"
    OTHER = "in words that no document has: a member"


_REJECTED = "devicerejected"
_PENDING = ("deviceaccepted", "accepted", "requestpending")
# History has UpgradeSuccess and UpgradeFailed. That lists of devices have the same words is likely, and not documented.
# The whole status: one that "cannot be upgraded" ends with the same word.
_DONE = re.compile(r"(device)?upgrade(d|succe(ed|eded|ss|ssful))")
# UpgradeFailed of v1, UpgradedFailed and CampaignAborted of v2: not what is still on its way.
_FAILED = re.compile(r"fail|abort|error")
# Of upgrades only AddDeviceSucceed is documented; the license calls end in Success. The GET-like answer of the same page shows membership.
_SUCCESS = re.compile(r"succe(ed|eded|ss)$")
_REFUSAL = re.compile(r"fail|reject|error|invalid|denied|refus|not|unable")


class DeviceStatus(t.NamedTuple):
    """Status and reason of one device, in a list or in the answer to a change."""

    status: str
    reason: str


def normalized(status: str) -> str:
    """A status without blanks and case: v1 writes ``Device Rejected``, v2 ``DeviceRejected``."""
    return re.sub(r"\s+", "", status).lower()


@functools.lru_cache(maxsize=256)
def phase_of(status: str) -> Phase:
    """How far an upgrade with this status is."""
    word = normalized(status)
    ending = next((phase for ending, phase in _ENDINGS.items() if word.endswith(ending)), Phase.OTHER)
    return _PHASES.get(word, ending)


def statuses_in(*phases: Phase) -> tuple[str, ...]:
    """The words by which v1 lists the upgrades of these phases, in the order of :data:`STATUSES`."""
    return tuple(status for status in STATUSES if phase_of(status) in phases)


def state_of(status: str) -> DeviceState:
    """What the status of a listed device says of it."""
    word = normalized(status)
    if word == _REJECTED:
        return DeviceState.REJECTED
    if _DONE.fullmatch(word):
        return DeviceState.DONE
    if _FAILED.search(word):
        return DeviceState.FAILED
    return DeviceState.PENDING if word in _PENDING else DeviceState.OTHER


def is_rejected(status: str) -> bool:
    """Whether a device is listed and is no member."""
    return normalized(status) == _REJECTED


def is_pending(status: str) -> bool:
    """Whether a listed device has no outcome yet: it is accepted, or not yet checked."""
    return normalized(status) in _PENDING


def failed(status: str) -> bool:
    """Whether a listed device was to be upgraded and could not be. A rejected one was never to be."""
    return _FAILED.search(normalized(status)) is not None


def doubtful_member(status: str) -> bool:
    """Whether a device of an upgrade that has not started is listed in words that no document has for a member, or for a rejected one."""
    return normalized(status) not in (*_PENDING, _REJECTED)


def acknowledged(operation: Operation, status: str) -> bool:
    """Whether the answer to a change says that it was done for a device. Every unknown status says no."""
    known = normalized(status)
    return _SUCCESS.search(known) is not None or (operation == "append" and known in _PENDING)


def silent(answer: DeviceStatus) -> bool:
    """Whether the answer to a change says nothing about a device: it does not mention it, or neither status nor reason."""
    return not normalized(answer.status) and not answer.reason.strip()


def refusal(status: str) -> bool:
    """Whether the answer to a change says no in words that can be known. Anything else that is no success has to be read back."""
    return _REFUSAL.search(normalized(status)) is not None
