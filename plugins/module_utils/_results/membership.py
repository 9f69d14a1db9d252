# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shape of results and diffs: what a task tells about one membership. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._text import one_line
from .budget import Budget


class Rejection(t.NamedTuple):
    """A declared device that the service refuses: in this run's ``append`` or ``remove``, or ``listed`` since an earlier one."""

    device_id: str
    operation: t.Literal["append", "remove", "listed"]
    status: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Changes:
    """What happened, or would happen, to the devices of one membership. Counts are None before the first read."""

    added: t.AbstractSet[str] = frozenset()
    removed: t.AbstractSet[str] = frozenset()
    rejected: tuple[Rejection, ...] = ()
    duplicates: tuple[str, ...] = ()
    before_count: int | None = None
    after_count: int | None = None
    plan_digest: str | None = None

    @property
    def counts(self) -> dict[str, int | None]:
        """All counts; exact whatever the lists are cut to."""
        unchanged = None if self.before_count is None else max(0, self.before_count - len(self.removed))
        return {
            "added_count": len(self.added),
            "removed_count": len(self.removed),
            "unchanged_count": unchanged,
            "rejected_count": len(self.rejected),
            "before_count": self.before_count,
            "after_count": self.after_count,
        }

    @property
    def summary(self) -> str:
        """One line of counts."""
        counts = self.counts
        return "{added_count} added, {removed_count} removed, {unchanged_count} unchanged, {rejected_count} rejected".format(
            **{name: 0 if count is None else count for name, count in counts.items()}
        )

    @property
    def title(self) -> str:
        """What was changed, for the head of the diff."""
        return ""

    def identity(self, budget: Budget) -> dict[str, t.Any]:
        """Return values about what was changed."""
        return {}

    def values(self, budget: Budget) -> dict[str, t.Any]:
        """The return values. Rejections come first out of the budget, since each of them needs somebody's attention."""
        rejected = budget.take([item._asdict() for item in self.rejected])
        identity = self.identity(budget)
        lists = {
            name: budget.take(sorted(devices))
            for name, devices in (("added", self.added), ("removed", self.removed), ("duplicates", self.duplicates))
        }
        return {
            **identity,
            **lists,
            "rejected": rejected,
            **self.counts,
            "plan_digest": self.plan_digest,
            "truncated": budget.truncated,
            "msg": self.summary,
        }

    def diff(self, limit: int) -> dict[str, str]:
        """Diff of the membership: a line of counts, then the changed devices only, sorted and at most ``limit`` of each kind."""
        return {
            "before_header": self.title,
            "after_header": self.title,
            "before": side(self.before_count, self.removed, limit),
            "after": side(self.after_count, self.added, limit),
        }


@dataclasses.dataclass(frozen=True)
class Outcome(Changes):
    """What happened, or would happen, to the devices of one upgrade."""

    upgrade_id: str | None = None
    upgrade_status: str | None = None
    firmware_name: str | None = None
    firmware_to: str | None = None
    start_date: str | None = None
    upgrade: t.Mapping[str, t.Any] | None = None

    @property
    def title(self) -> str:
        return f"upgrade {self.upgrade_id or 'that is not scheduled yet'} ({self.upgrade_status or 'unknown'})"

    def identity(self, budget: Budget) -> dict[str, t.Any]:
        return {
            "upgrade_id": self.upgrade_id,
            "upgrade_status": self.upgrade_status,
            "firmware_name": self.firmware_name,
            "firmware_to": self.firmware_to,
            "start_date": self.start_date,
            "upgrade": self.upgrade,
        }


def empty_result(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return Outcome(upgrade_id=params.get("upgrade_id") or None).values(Budget(0))


def side(count: int | None, devices: t.AbstractSet[str], limit: int) -> str:
    """One side of a diff."""
    lines = [f"{count or 0} devices", *map(one_line, sorted(devices)[:limit])]
    if len(devices) > limit:
        lines.append(f"... and {len(devices) - limit} more")
    return "\n".join(lines) + "\n"
