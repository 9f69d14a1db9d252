# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one declared upgrade in the run of a rollout, as its result tells it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._landing import changes_of, landed, rejections
from ansible_collections.thingspace.fota.plugins.module_utils._outcome import Changes, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._rollout_outcome import Action, WaveOutcome
from ansible_collections.thingspace.fota.plugins.module_utils._upgrades import described
from ansible_collections.thingspace.fota.plugins.module_utils._wave import Wave


def rejected_of(wave: Wave) -> tuple[Rejection, ...]:
    """Declared devices that the service refuses."""
    return rejections(wave.progress, wave.target.plan(wave.progress.last))


def outcome_of(wave: Wave, digest: str | None, moved: t.Container[tuple[str, str]]) -> WaveOutcome:
    """What happened to it, or would happen.

    Args:
        digest: of its part of the plan.
        moved: devices that moved, each with the references of the two upgrades.
    """
    last, declared = wave.progress.last, wave.declared
    duplicates, requests = declared.declaration.duplicates, wave.client.requests
    if not wave.seen:
        return WaveOutcome(duplicates=duplicates, upgrade_id=declared.upgrade_id, name=declared.name, requests=requests)
    missing = wave.target.plan(last)
    changes = changes_of(wave.progress, missing, Changes(duplicates=duplicates, plan_digest=digest))
    known: dict[str, t.Any] = {field.name: getattr(changes, field.name) for field in dataclasses.fields(changes)}
    changed = landed(wave.progress, missing) or wave.scheduler.landed or wave.scheduler.unsettled
    action: Action = "past" if wave.past else "none" if not changed else "schedule" if wave.new else "change"
    shown = last.upgrade_id or wave.predicted
    return WaveOutcome(
        **known,
        upgrade_id=last.upgrade_id or declared.upgrade_id,
        upgrade_status=last.status if last.upgrade_id else None,
        firmware_name=last.firmware_name,
        firmware_to=last.firmware_to,
        start_date=last.start_date,
        upgrade={**described(last, include_devices=False), "upgrade_id": last.upgrade_id or None} if shown else None,
        name=declared.name,
        changed=changed,
        action=action,
        moved_in=sum((device, wave.ref) in moved for device in changes.added),
        moved_out=sum((device, wave.ref) in moved for device in changes.removed),
        empty_meanwhile=wave.empty_meanwhile,
        requests=requests,
        failure=wave.failure,
    )
