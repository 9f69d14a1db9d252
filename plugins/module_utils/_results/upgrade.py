# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module ``upgrade`` returns. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._text import one_line
from .budget import Budget
from .membership import Rejection

Action = t.Literal["none", "schedule", "cancel"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happened, or would happen, to one upgrade. ``before`` and ``after`` are upgrades in the shape in which they are returned."""

    action: Action = "none"
    before: t.Mapping[str, t.Any] | None = None
    after: t.Mapping[str, t.Any] | None = None
    upgrade_id: str | None = None
    missing_count: int | None = None
    extra_count: int | None = None
    rejected: tuple[Rejection, ...] = ()
    duplicates: tuple[str, ...] = ()
    msg: str = "nothing was done"

    def values(self, budget: Budget) -> dict[str, t.Any]:
        """The return values."""
        rejected = budget.take([item._asdict() for item in self.rejected])
        duplicates = budget.take(self.duplicates)
        upgrade = self.after or self.before
        return {
            "action": self.action,
            "upgrade": dict(upgrade) if upgrade else None,
            "upgrade_id": upgrade["upgrade_id"] if upgrade else self.upgrade_id,
            "devices_missing_count": self.missing_count,
            "devices_extra_count": self.extra_count,
            "rejected": rejected,
            "rejected_count": len(self.rejected),
            "duplicates": duplicates,
            "truncated": budget.truncated,
            "msg": self.msg,
        }

    def diff(self) -> dict[str, str]:
        """The upgrade in lines; of its devices their number, since they are the business of ``upgrade_devices``."""
        sides = {"before": self.before, "after": self.after}
        return {**{side: _lines(value) for side, value in sides.items()}, **{f"{side}_header": _header(value) for side, value in sides.items()}}


def summary(verb: str, upgrade: t.Mapping[str, t.Any] | None, *, done: bool) -> str:
    """What was done, in a line."""
    if upgrade is None:
        return "nothing to cancel" if verb == "cancelled" else "nothing was done"
    key = f"{upgrade['firmware_name']} to {upgrade['firmware_to']} on {upgrade['start_date']}"
    return f"{verb if done else 'unchanged'}: {key}, {upgrade['device_count']} devices, {upgrade['status']}"


def empty_result(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return Outcome(upgrade_id=params.get("upgrade_id") or None).values(Budget(0))


def _lines(upgrade: t.Mapping[str, t.Any] | None) -> str:
    if upgrade is None:
        return ""
    names = ("firmware_name", "firmware_to", "start_date", "end_date")
    lines = [f"{name}: {one_line(str(upgrade[name]))}" for name in names if upgrade[name] is not None]
    return "\n".join([*lines, f"devices: {upgrade['device_count']}"]) + "\n"


def _header(upgrade: t.Mapping[str, t.Any] | None) -> str:
    return "no upgrade" if upgrade is None else f"upgrade {upgrade['upgrade_id'] or 'that is not scheduled yet'} ({upgrade['status']})"
