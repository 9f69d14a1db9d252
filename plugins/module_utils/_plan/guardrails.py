# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a plan or a write. Pure.

A guardrail is a function that raises RailError or StateError. ``LIMITS`` are asked when a plan is made and before each write, ``GUARDRAILS`` before each
write. A new one is a function here and its place in one of the two.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._api.model import Upgrade, is_gone
from .._api.status import OPEN, Phase, statuses_in
from .._errors import RailError, StateError
from .target import Limits, Listing, Target

if t.TYPE_CHECKING:
    from .._api.model import UpgradeKey
    from .plan import Plan, State


def check_future(key: UpgradeKey, today: datetime.date) -> None:
    """Raise StateError for a start in the past: a wave file that is still in Git must not flash again."""
    if key.start_date < today.isoformat():
        raise StateError(
            f"There is no upgrade {key}, and its day lies before today ({today.isoformat()}, UTC): it is not scheduled. The service forgets an upgrade six "
            "months after its end, so this one may have run already. For a new one give a new start_date."
        )


_SHOWN = 5


def check_standing(upgrade: Upgrade) -> None:
    """Raise StateError for an upgrade that will not run."""
    if upgrade.phase == Phase.REFUSED:
        raise StateError(why_refused(upgrade))
    if is_gone(upgrade):
        raise StateError(f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: somebody else has cancelled it.")


def check_cancellable(upgrade: Upgrade) -> None:
    """Raise StateError for an upgrade that has started."""
    if not upgrade.is_open:
        raise StateError(
            f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: it can be cancelled only before it starts (while it is {' or '.join(statuses_in(*OPEN))})."
        )


def reasons(upgrade: Upgrade, devices: t.Iterable[str]) -> str:
    """Why devices were refused, the first few of them."""
    ordered = sorted(devices)
    told = "; ".join(f"{device}: {(upgrade.devices[device][1] or upgrade.devices[device][0] or 'no reason given').rstrip('.')}" for device in ordered[:_SHOWN])
    return told + (f"; and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else "")


def why_refused(upgrade: Upgrade) -> str:
    """Why an upgrade was refused as a whole, device by device as far as the service says so."""
    told = reasons(upgrade, upgrade.refused or upgrade.devices.keys())
    return f"The upgrade {upgrade.upgrade_id} was refused by the service ({upgrade.status}). {told or 'It lists no device, and so no reason'}."


SMALLEST_GUARDED = 10


def check_declaration(limits: Limits, state: State, declared: int) -> None:
    """Raise RailError for an empty declaration that would empty an upgrade."""
    if state == "exact" and declared == 0 and not limits.allow_empty:
        raise RailError(
            "The declaration is empty and state is exact: that would remove every device. Look at where the devices come from, or set allow_empty to true."
        )


@dataclasses.dataclass(frozen=True)
class Removals:
    """How many devices a run removes, those done and those still planned, out of how many at its first read: what was allowed at its start stays allowed."""

    state: State
    removed: int
    members: int


def keep_to_max_removals(limits: Limits, removals: Removals) -> None:
    """Raise RailError for more removals than the option allows."""
    removed, members = removals.removed, removals.members
    if limits.max_removals is not None and removed > limits.max_removals:
        raise RailError(
            f"{removed} of {members} devices would be removed, and max_removals allows {limits.max_removals}. If that is meant, raise the limit for this run."
        )


def keep_to_max_removal_percent(limits: Limits, removals: Removals) -> None:
    """Raise RailError for a larger share than the option allows, of ten devices or more. Removals that are named one by one have no share."""
    removed, members = removals.removed, removals.members
    if removals.state == "exact" and members >= SMALLEST_GUARDED and removed * 100 > limits.max_removal_percent * members:
        raise RailError(
            f"{removed} of {members} devices ({removed * 100 / members:.1f} %) would be removed, "
            f"and max_removal_percent allows {limits.max_removal_percent:g} %. If that is meant, raise the limit for this run."
        )


LIMITS = (keep_to_max_removals, keep_to_max_removal_percent)


def check_removals(limits: Limits, state: State, removals: int, members: int) -> None:
    """Raise RailError if a run removes too much. The arguments are those of :class:`Removals`."""
    if state != "present" and removals:
        for keep in LIMITS:
            keep(limits, Removals(state, removals, members))


@dataclasses.dataclass(frozen=True)
class Write:
    """Writes that are about to be sent. ``removed`` are devices that this run has removed before."""

    name: str
    target: Target
    first: Listing
    last: Listing
    removed: t.AbstractSet[str]
    todo: Plan

    @property
    def subject(self) -> str:
        """What is written to, at the start of a sentence."""
        return self.name[:1].upper() + self.name[1:]


def come_before_the_start(write: Write) -> None:
    """Raise StateError where devices can be changed no more."""
    if not write.last.is_open:
        raise StateError(
            f"{write.subject} is {write.last.status}: devices can be appended and removed only before it starts "
            f"(while it is {' or '.join(statuses_in(*OPEN))}), and {len(write.todo.append)} to append, {len(write.todo.remove)} to remove are missing."
        )


def keep_to_what_was_approved(write: Write) -> None:
    """Raise StateError for writes that an approved plan does not have."""
    approved = write.target.approved
    if approved is not None and not (write.todo.append <= approved.append and write.todo.remove <= approved.remove):
        raise StateError(
            f"{write.subject} has changed since the plan was approved: more than the approved writes would be needed now. Have the new plan reviewed."
        )


def keep_to_the_limits(write: Write) -> None:
    """Raise RailError where the limits of the plan would be exceeded by now."""
    target, remove = write.target, write.todo.remove
    check_removals(target.limits, target.state, len(write.removed | remove), len(write.first.members))
    # Others may have filled it since: what is removed now must be allowed by what is there now, too.
    check_removals(target.limits, target.state, len(remove), len(write.last.members))


def heed_the_veto(write: Write) -> None:
    """Raise RailError where what is written to forbids more than the limits do."""
    if write.target.veto is not None:
        write.target.veto(write.todo.remove)


GUARDRAILS = (come_before_the_start, keep_to_what_was_approved, keep_to_the_limits, heed_the_veto)


def check_write(write: Write) -> None:
    """Raise StateError or RailError where the writes must not be sent."""
    for keep in GUARDRAILS:
        keep(write)
