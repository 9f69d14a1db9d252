# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task tells about the licenses of an account. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._text import one_line
from .budget import Budget, json_size
from .membership import Changes, side


@dataclasses.dataclass(frozen=True)
class Cancelled:
    """A scheduled upgrade that loses devices because they lose their license. ``members`` is how many it had."""

    upgrade_id: str
    firmware_name: str | None
    start_date: str | None
    members: int
    devices: frozenset[str]

    def line(self, count: int) -> str:
        """The upgrade with so many devices, for a diff."""
        return one_line(f"upgrade {self.upgrade_id} ({self.firmware_name}, {self.start_date}): {count} devices")


@dataclasses.dataclass(frozen=True)
class LicenseOutcome(Changes):
    """What happened, or would happen, to the licenses of one account. The candidates are None if the task says nothing about them."""

    account: str | None = None
    total: int | None = None
    assigned: int | None = None
    cancelled: tuple[Cancelled, ...] = ()
    candidates_before: frozenset[str] | None = None
    candidates_after: frozenset[str] | None = None

    @property
    def title(self) -> str:
        return f"licenses of {self.account}"

    @property
    def summary(self) -> str:
        added, removed = self._candidates()
        parts = [super().summary]
        if self.candidates_before is not None:
            parts.append(f"cancellation candidates: {len(added)} added, {len(removed)} removed")
        if self.cancelled:
            parts.append(f"scheduled upgrades that lose devices: {len(self.cancelled)}")
        return "; ".join(parts)

    def identity(self, budget: Budget) -> dict[str, t.Any]:
        added, removed = self._candidates()
        return {
            "account": self.account,
            "total_licenses": self.total,
            "assigned_licenses": self.assigned,
            "cancelled_upgrades": [
                {
                    "upgrade_id": item.upgrade_id,
                    "firmware_name": item.firmware_name,
                    "start_date": item.start_date,
                    "device_count": len(item.devices),
                    "devices": budget.take(sorted(item.devices)),
                }
                for item in budget.take(self.cancelled, lambda item: 150 + json_size(item.firmware_name))
            ],
            "candidates_added": budget.take(sorted(added)),
            "candidates_removed": budget.take(sorted(removed)),
            "candidates_added_count": len(added),
            "candidates_removed_count": len(removed),
            "candidates_count": None if self.candidates_after is None else len(self.candidates_after),
        }

    def diff(self, limit: int) -> dict[str, str]:
        shown = super().diff(limit)
        for item in self.cancelled[:limit]:
            shown["before"] += item.line(item.members) + "\n"
            shown["after"] += item.line(item.members - len(item.devices)) + "\n"
        if self.candidates_before is not None and self.candidates_after is not None:
            added, removed = self._candidates()
            shown["before"] += "cancellation candidates: " + side(len(self.candidates_before), removed, limit)
            shown["after"] += "cancellation candidates: " + side(len(self.candidates_after), added, limit)
        return shown

    def _candidates(self) -> tuple[frozenset[str], frozenset[str]]:
        """Candidates that were added, and those that were removed."""
        before, after = self.candidates_before or frozenset(), self.candidates_after or frozenset()
        return after - before, before - after


def empty_result(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return LicenseOutcome(account=params.get("account") or params.get("account_name")).values(Budget(0))
