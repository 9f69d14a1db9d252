# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the writes to one membership, as its outcome tells it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._outcome import Changes, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Plan
from ansible_collections.thingspace.fota.plugins.module_utils._progress import OPERATIONS, Progress, Read
from ansible_collections.thingspace.fota.plugins.module_utils._standing import silent

_SHOWN = 3


def landed(progress: Progress[Read], plan: Plan) -> bool:
    """Whether something was changed. Where nobody knows what became of a change, handlers must run.

    Args:
        plan: what the last read still misses.
    """
    # Whoever has failed did not wait until an answer in unknown words was settled.
    doubt = progress.failure is not None and progress.doubtful(plan)
    return bool(progress.landed("append") or progress.landed("remove") or progress.unseen(plan) or progress.unsettled or doubt)


def changes_of(progress: Progress[Read], plan: Plan, known: Changes) -> Changes:
    """What was done, by what was sent and read.

    Args:
        plan: what the last read still misses.
        known: what stands besides: duplicates, the digest.
    """
    added, removed = progress.landed("append"), progress.landed("remove")
    before = len(progress.first.members)
    return dataclasses.replace(
        known,
        added=added,
        removed=removed,
        rejected=rejections(progress, plan),
        before_count=before,
        after_count=before + len(added) - len(removed) if progress.unread else len(progress.last.members),
    )


def judge(rejected: t.Sequence[Rejection], on_rejected: str) -> str | None:
    """What the option ``on_rejected`` makes of refused devices: a sentence to warn with, or ThingSpaceError ``rejected``."""
    if not rejected or on_rejected == "ignore":
        return None
    first = "; ".join(f"{item.device_id} ({item.operation}: {(item.reason or item.status or 'no reason given').rstrip('.')})" for item in rejected[:_SHOWN])
    more = f"; and {len(rejected) - _SHOWN} more" if len(rejected) > _SHOWN else ""
    sentence = f"The service refuses {len(rejected)} of the devices: {first}{more}."
    if on_rejected == "fail":
        raise ThingSpaceError(sentence, "rejected")
    return sentence


def rejections(progress: Progress[Read], plan: Plan) -> tuple[Rejection, ...]:
    """Declared devices that are refused, by what the last read still misses: a refusal whose goal is reached is none, and no word is none either."""
    found: list[Rejection] = []
    for operation in OPERATIONS:
        refused = progress.answers[operation].keys() - progress.acknowledged(operation) - progress.answered(operation, silent)
        missing = plan.append | plan.refused if operation == "append" else plan.remove
        found += [Rejection(device, operation, *progress.answers[operation][device]) for device in refused & missing]
    told = {rejection.device_id for rejection in found}
    for device in plan.refused - told:
        operation_or_listed: t.Literal["append", "listed"] = "append" if device in progress.sent["append"] else "listed"
        found.append(Rejection(device, operation_or_listed, *progress.last.devices[device]))
    return tuple(sorted(found))
