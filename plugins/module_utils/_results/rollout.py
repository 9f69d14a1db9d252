# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shape of what is told about a rollout. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._errors import ThingSpaceError
from .budget import Budget, json_size
from .membership import Outcome

Action = t.Literal["none", "change", "schedule", "past"]
_OF_A_MOVE = 40
_WHOLE_DIFFS = 20


class Moved(t.NamedTuple):
    """A device that leaves one declared upgrade for another, both as people find them: by id, or by natural key before there is one."""

    device_id: str
    source: str
    target: str


@dataclasses.dataclass(frozen=True)
class WaveOutcome(Outcome):
    """What happened, or would happen, to one of the declared upgrades. Of added and removed devices some are moved in and out."""

    name: str = ""
    changed: bool = False
    action: Action = "none"
    moved_in: int = 0
    moved_out: int = 0
    empty_meanwhile: bool = False
    requests: int = 0
    failure: ThingSpaceError | None = None

    @property
    def title(self) -> str:
        word = "that lies in the past and is not there" if self.action == "past" else "that is not scheduled yet"
        told = f"upgrade {self.upgrade_id} ({self.upgrade_status})" if self.upgrade_id else f"upgrade {word}"
        return told if self.name in ("", self.upgrade_id) else f"{self.name}: {told}"

    def identity(self, budget: Budget) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "changed": self.changed,
            "action": self.action,
            **super().identity(budget),
            "moved_in_count": self.moved_in,
            "moved_out_count": self.moved_out,
            "empty_meanwhile": self.empty_meanwhile,
            "requests": self.requests,
            "error": self.failure.as_dict() if self.failure else None,
        }


@dataclasses.dataclass(frozen=True)
class RolloutOutcome:
    """What happened, or would happen, to all declared upgrades. ``unlisted`` are open upgrades that are not declared, as they are returned."""

    account: str | None = None
    waves: tuple[WaveOutcome, ...] = ()
    moved: tuple[Moved, ...] = ()
    unlisted: tuple[t.Mapping[str, t.Any], ...] = ()
    plan_digest: str | None = None

    @property
    def counts(self) -> dict[str, int | None]:
        """Totals; exact whatever the lists are cut to. Moved devices are among the added and the removed. None before the first read."""
        waves = [wave.counts for wave in self.waves]
        known = {name: [count for counts in waves if (count := counts[name]) is not None] for name in Outcome().counts}
        totals = {name: sum(counts) if counts or Outcome().counts[name] is not None else None for name, counts in known.items()}
        actions = [wave.action for wave in self.waves]
        return {**totals, "moved_count": len(self.moved), "scheduled_count": actions.count("schedule"), "past_count": actions.count("past")}

    @property
    def summary(self) -> str:
        """One line of counts."""
        counts = self.counts
        upgrades = "1 upgrade" if len(self.waves) == 1 else f"{len(self.waves)} upgrades"
        more = [f"{counts[name]} {word}" for name, word in (("scheduled_count", "scheduled"), ("past_count", "in the past")) if counts[name]]
        moved = f" ({counts['moved_count']} of them moved from one to another)" if self.moved else ""
        return "; ".join(
            [f"{upgrades}: {counts['added_count']} added, {counts['removed_count']} removed{moved}, "
             f"{counts['unchanged_count'] or 0} unchanged, {counts['rejected_count']} rejected", *more]
        )  # fmt: skip

    def values(self, budget: Budget) -> dict[str, t.Any]:
        """The return values. What was cut anywhere makes the whole ``truncated``."""
        waves = [wave.values(budget) for wave in self.waves]
        moved = budget.take(self.moved, lambda move: _OF_A_MOVE + json_size(move))
        unlisted = budget.take(self.unlisted)
        return {
            "account": self.account,
            "upgrades": waves,
            "moved": [{"device_id": move.device_id, "from": move.source, "to": move.target} for move in moved],
            "unlisted": unlisted,
            **self.counts,
            "plan_digest": self.plan_digest,
            "truncated": budget.truncated,
            "msg": self.summary,
        }

    def diff(self, limit: int) -> list[dict[str, str]]:
        """A diff for each upgrade that changes. Many of them share the lines, or the result would grow past what ansible-runner keeps."""
        changed = [wave for wave in self.waves if wave.changed and wave.before_count is not None]
        each = limit if len(changed) <= _WHOLE_DIFFS else max(1, limit * _WHOLE_DIFFS // len(changed))
        return [wave.diff(min(each, limit)) for wave in changed]


def empty_result(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return RolloutOutcome(account=params.get("account") or params.get("account_name")).values(Budget(0))
