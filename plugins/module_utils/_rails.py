# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which plans are too dangerous to apply. Pure."""

from __future__ import annotations

import dataclasses

from ansible_collections.thingspace.fota.plugins.module_utils._errors import RailError
from ansible_collections.thingspace.fota.plugins.module_utils._plan import State

SMALLEST_GUARDED = 10


@dataclasses.dataclass(frozen=True)
class Rails:
    """The limits that a declaration must keep."""

    allow_empty: bool
    max_removal_percent: float
    max_removals: int | None


def check_declaration(rails: Rails, state: State, declared: int) -> None:
    """Raise RailError for an empty declaration that would empty an upgrade."""
    if state == "exact" and declared == 0 and not rails.allow_empty:
        raise RailError(
            "The declaration is empty and state is exact: that would remove every device. Look at where the devices come from, or set allow_empty to true."
        )


def check_removals(rails: Rails, state: State, removals: int, members: int) -> None:
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
