# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of status words, and that it is the only one."""

from __future__ import annotations

import ast
import re

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import (
    CURRENT,
    GONE,
    OPEN,
    OVER,
    STATUSES,
    DeviceState,
    Phase,
    doubtful_member,
    failed,
    is_pending,
    is_rejected,
    normalized,
    phase_of,
    state_of,
    statuses_in,
)
from support.checkout import ROOT

# As the documents of the three versions spell them, and as their examples do.
PHASES = {
    Phase.CHECKING: ("RequestPending", "Request Pending", "CampaignRequestPending", "pending"),
    Phase.QUEUED: ("Queued", "CampaignRequestQueued", "CampaignQueued", "RequestQueued"),
    Phase.PRESCHEDULED: ("CampaignPreScheduled",),
    Phase.SCHEDULED: ("CampaignScheduled", "Scheduled"),
    Phase.RUNNING: ("InProgress", "In Progress"),
    Phase.ENDED: ("Finished", "CampaignEnded", "ended"),
    Phase.REFUSED: ("RequestFailed", "CampaignRequestFailed"),
    Phase.FAILED: ("UpgradeFailed", "CampaignFailed"),
    Phase.CANCELLED: ("CampaignCancelled", "CampaignCanceled", "Cancelled"),
    Phase.ABORTED: ("CampaignAborted",),
    Phase.OTHER: ("Cancelling", "Paused", "", "NotFinished", "Queued?"),
}
STATES = {
    DeviceState.PENDING: ("Device Accepted", "DeviceAccepted", "Accepted", "RequestPending"),
    DeviceState.REJECTED: ("Device Rejected", "DeviceRejected"),
    DeviceState.DONE: ("UpgradeSuccess", "Upgraded", "Device Upgraded", "UpgradeSuccessful"),
    DeviceState.FAILED: ("UpgradeFailed", "UpgradedFailed", "CampaignAborted", "RequestToFotaServerFailed"),
    DeviceState.OTHER: ("NoDeviceDataFromNetwork", "UpgradePending", "Rejected", "", "cannot be upgraded"),
}


@pytest.mark.parametrize(("phase", "status"), [(phase, status) for phase, statuses in PHASES.items() for status in statuses])
def test_phases(phase: Phase, status: str) -> None:
    assert phase_of(status) is phase
    assert phase_of(f" {status.upper()} ") is phase


@pytest.mark.parametrize(("state", "status"), [(state, status) for state, statuses in STATES.items() for status in statuses])
def test_states_of_devices(state: DeviceState, status: str) -> None:
    assert state_of(status) is state
    assert is_rejected(status) is (state is DeviceState.REJECTED)
    assert is_pending(status) is (state is DeviceState.PENDING)
    assert failed(status) is (state is DeviceState.FAILED)
    assert doubtful_member(status) is (state not in (DeviceState.PENDING, DeviceState.REJECTED))


def test_what_nobody_has_documented_opens_no_gate() -> None:
    assert not any(Phase.OTHER in gate for gate in (OPEN, CURRENT, OVER, GONE))
    assert {phase_of(status) for status in STATUSES} == {Phase.CHECKING, Phase.QUEUED, Phase.RUNNING, Phase.ENDED, Phase.REFUSED, Phase.FAILED}


def test_lists_are_asked_for_in_the_order_of_life() -> None:
    assert statuses_in(Phase.RUNNING, *OPEN) == ("RequestPending", "Queued", "InProgress")
    assert statuses_in(*Phase) == STATUSES
    assert statuses_in(Phase.SCHEDULED) == ()


def test_no_other_file_knows_a_status() -> None:
    """The words of upgrades, spelled as the service or normalized, in code; documentation may and should name them."""
    words = {spelling for status in STATUSES for spelling in (status, normalized(status))} - {"finished"}
    # The page has names of its own for what it draws, "queued" among them.
    files = [path for folder in ("plugins", "extensions") for path in (ROOT / folder).rglob("*.py") if path.parent.name != "_upgrades_page"]
    found = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "\n"
            if "\n" not in text and words & set(re.findall(r"\w+", text)):
                found.add(path.name)
    assert found == {"status.py"}
