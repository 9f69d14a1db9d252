# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a plan or a write. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._api.model import Upgrade, is_gone
from .._api.status import OPEN, Phase, statuses_in
from .._errors import RailError, StateError
from .plan import State

if t.TYPE_CHECKING:
    from .._api.model import UpgradeKey


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


@dataclasses.dataclass(frozen=True)
class Guardrails:
    """The limits that a declaration must keep."""

    allow_empty: bool
    max_removal_percent: float
    max_removals: int | None


def check_declaration(rails: Guardrails, state: State, declared: int) -> None:
    """Raise RailError for an empty declaration that would empty an upgrade."""
    if state == "exact" and declared == 0 and not rails.allow_empty:
        raise RailError(
            "The declaration is empty and state is exact: that would remove every device. Look at where the devices come from, or set allow_empty to true."
        )


def check_removals(rails: Guardrails, state: State, removals: int, members: int) -> None:
    """Raise RailError if a run removes too much.

    Args:
        removals: removals of the whole run: those done and those still planned.
        members: devices of the upgrade at the first read, so that a run that was allowed at its start stays allowed.
    """
    if state == "present" or removals == 0:
        return
    if rails.max_removals is not None and removals > rails.max_removals:
        raise RailError(
            f"{removals} of {members} devices would be removed, and max_removals allows {rails.max_removals}. If that is meant, raise the limit for this run."
        )
    if state == "exact" and members >= SMALLEST_GUARDED and removals * 100 > rails.max_removal_percent * members:
        raise RailError(
            f"{removals} of {members} devices ({removals * 100 / members:.1f} %) would be removed, "
            f"and max_removal_percent allows {rails.max_removal_percent:g} %. If that is meant, raise the limit for this run."
        )
