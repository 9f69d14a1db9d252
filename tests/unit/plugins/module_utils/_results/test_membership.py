# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results stay small, counts stay exact, diffs stay readable."""

from __future__ import annotations

import json

from ansible_collections.thingspace.fota.plugins.module_utils._results.budget import Budget
from ansible_collections.thingspace.fota.plugins.module_utils._results.membership import Outcome, Rejection

MANY = frozenset(str(990000000000000 + number) for number in range(10_000))


def test_ten_thousand_refusals_with_long_reasons_stay_below_what_ansible_runner_keeps() -> None:
    rejected = tuple(Rejection(device, "append", "AddDeviceFailed", "Device scheduled for firmware-upgrade previously " * 5) for device in sorted(MANY))
    values = Outcome(added=MANY, removed=MANY, rejected=rejected, before_count=20_000, after_count=20_000).values(Budget(10_000))
    # The options are in the result too: give them what ten thousand devices take inline.
    assert len(json.dumps({**values, "invocation": sorted(MANY)})) < 700_000
    assert values["truncated"] is True
    assert (values["added_count"], values["removed_count"], values["rejected_count"]) == (10_000, 10_000, 10_000)


def test_ten_thousand_changes_are_all_listed() -> None:
    values = Outcome(added=MANY, before_count=0, after_count=10_000).values(Budget(10_000))
    assert values["added"] == sorted(MANY)
    assert values["truncated"] is False


def test_one_budget_for_all_lists_refusals_first() -> None:
    outcome = Outcome(added={"1", "2"}, removed={"3", "4"}, rejected=(Rejection("5", "listed", "s", "r"),), duplicates=("6",), before_count=4, after_count=4)
    values = outcome.values(Budget(3))
    assert [len(values[name]) for name in ("rejected", "added", "removed", "duplicates")] == [1, 2, 0, 0]
    assert values["truncated"] is True
    assert outcome.values(Budget(6))["truncated"] is False
    assert outcome.values(Budget(0))["duplicates"] == ["6"]
    assert values["msg"] == "2 added, 2 removed, 2 unchanged, 1 rejected"


def test_a_diff_holds_counts_then_the_changed_devices_up_to_the_limit() -> None:
    outcome = Outcome(upgrade_id="u", upgrade_status="Queued", added={"3", "1", "2"}, removed={"9"}, before_count=10, after_count=12)
    diff = outcome.diff(2)
    assert diff["before_header"] == "upgrade u (Queued)"
    assert diff["before"] == "10 devices\n9\n"
    assert diff["after"] == "12 devices\n1\n2\n... and 1 more\n"
