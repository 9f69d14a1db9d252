# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every status word of upgrades and devices that the service is known to use, and what it means. Pure (SEED, P1-get-upgrade-information, SDKDOC)."""

from __future__ import annotations

import re
import typing as t

Operation = t.Literal["append", "remove"]
REJECTED = "devicerejected"
# Of upgrades only AddDeviceSucceed is documented; the licence calls end in Success. The GET-like answer of the same page shows membership.
_SUCCESS = re.compile(r"succe(ed|eded|ss)$")
_LISTED = ("deviceaccepted", "accepted", "requestpending")
_REFUSAL = re.compile(r"fail|reject|error|invalid|denied|refus|not|unable")
# UpgradeFailed of v1, UpgradedFailed and CampaignAborted of v2 (PG-campaign-lifecycle-flow-for-v1 and -for-v2): not what is still on its way.
_FAILURE = re.compile(r"fail|abort|error")


class DeviceStatus(t.NamedTuple):
    """Status and reason of one device, in a list or in the answer to a change."""

    status: str
    reason: str


def normalized(status: str) -> str:
    """A status without blanks and case: v1 writes ``Device Rejected``, v2 ``DeviceRejected``."""
    return re.sub(r"\s+", "", status).lower()


def acknowledged(operation: Operation, status: str) -> bool:
    """Whether the answer to a change says that it was done for a device. Every unknown status says no."""
    known = normalized(status)
    return _SUCCESS.search(known) is not None or (operation == "append" and known in _LISTED)


def silent(answer: DeviceStatus) -> bool:
    """Whether the answer to a change says nothing about a device: it does not mention it, or neither status nor reason."""
    return not normalized(answer.status) and not answer.reason.strip()


def refusal(status: str) -> bool:
    """Whether the answer to a change says no in words that can be known. Anything else that is no success has to be read back."""
    return _REFUSAL.search(normalized(status)) is not None


def failed(status: str) -> bool:
    """Whether a listed device was to be upgraded and could not be. A rejected one was refused before, and is none."""
    return _FAILURE.search(normalized(status)) is not None


def doubtful_member(status: str) -> bool:
    """Whether a device of an upgrade that has not started is listed in words that no document has for a member, or for a refused one."""
    return normalized(status) not in (*_LISTED, REJECTED)


def is_pending(status: str) -> bool:
    """Whether a listed device has no outcome yet: it is accepted, or not yet checked."""
    return normalized(status) in _LISTED


# An upgrade in one of these is the declared one; one that was refused as a whole or failed is not, and is scheduled anew.
CURRENT = ("RequestPending", "Queued", "InProgress", "Finished")
PENDING = "requestpending"
REFUSED = "requestfailed"
FAILED = "upgradefailed"
# How an upgrade ends by the documents (P1-schedule-firmware-upgrade, PG-campaign-lifecycle-flow-for-v2). No list of v1 has a word for cancelled, those of
# v2 and v3 have several; what is being cancelled is not gone.
CANCELLED = ("cancelled", "canceled", "aborted")
ENDS = frozenset({REFUSED, FAILED, "finished", "campaignended", "campaignfailed"})
# In the order in which an upgrade passes through them: read in this order, one that moves meanwhile is seen at least once.
STATUSES = ("RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed")
