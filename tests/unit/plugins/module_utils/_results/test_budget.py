# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a result may hold, whatever the service says."""

from __future__ import annotations

import json
import typing as t

import hypothesis
import hypothesis.strategies as st
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import Upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus
from ansible_collections.thingspace.fota.plugins.module_utils._results.budget import Budget
from ansible_collections.thingspace.fota.plugins.module_utils._results.described import described
from ansible_collections.thingspace.fota.plugins.module_utils._results.membership import Outcome, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._text import message, told, value

# ansible-runner drops a result of more characters whole.
MOST = 700_000
LONG = "\x1b" * 100_000
huge = st.recursive(
    st.sampled_from([LONG, "\U0001f600" * 50_000, "x" * 200_000, 1, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", LONG]), inner, max_size=3),
    max_leaves=6,
)


@hypothesis.settings(max_examples=30)
@hypothesis.given(more=st.dictionaries(st.sampled_from(["note", "history", LONG]), huge, max_size=3), text=st.sampled_from([LONG, "\U0001f600" * 50_000]))
def test_no_text_of_the_service_makes_a_result_too_large(more: dict[str, t.Any], text: str) -> None:
    """The result of a membership task over 10,000 devices, each of which is refused with a long reason in a status of its own."""
    statuses = {f"{number:015d}": DeviceStatus(f"{text[:300]}{number}", text) for number in range(10_000)}
    upgrade = Upgrade("U", "A", text, text, None, None, "Queued", statuses, more=more)
    rejected = tuple(Rejection(device, "append", status.status, status.reason) for device, status in statuses.items())
    outcome = Outcome(rejected=rejected, upgrade_id="U", firmware_name=text, firmware_to=text, upgrade=described(upgrade, include_devices=False))
    result = told(outcome.values(Budget(10_000)))
    assert len(json.dumps(result)) < MOST
    assert result["rejected"]
    assert result["rejected_count"] == 10_000
    assert sum(result["upgrade"]["devices_by_status"].values()) == 10_000


def test_a_text_that_is_cut_says_so() -> None:
    assert value("x" * 4001) == f"{'x' * 4000}… (1 characters more)"
    assert message("x" * 8001) == f"{'x' * 8000}… (1 characters more)"
    assert value("x" * 4000) == "x" * 4000
