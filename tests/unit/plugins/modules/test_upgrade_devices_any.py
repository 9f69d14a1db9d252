# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``upgrade_devices`` for any membership, declaration and trouble: it ends in the declared state or says that it did not."""

from __future__ import annotations

import typing as t
from unittest import mock

from ansible_collections.thingspace.fota.plugins.module_utils import _waiter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_module import run_module
from thingspace_simulator import Simulator

POOL = [str(990000000000000 + number) for number in range(14)]
SOME = st.sets(st.sampled_from(POOL))
TROUBLES: list[dict[str, t.Any]] = [
    {"do": "drop_before"},
    {"do": "drop_after"},
    {"do": "status", "status": 429},
    {"do": "status", "status": 500},
    {"do": "status", "status": 503, "applied": True},
    {"do": "html", "status": 502},
    {"do": "truncated"},
    {"do": "expired_bearer"},
    {"do": "expired_session"},
    {"do": "start_upgrade"},
    {"do": "another_writer", "add": POOL[:2], "remove": POOL[2:4]},
    {"do": "refuse", "devices": {POOL[5]: "Device not found.", POOL[6]: "Internal error"}},
]
FAULTS = st.lists(st.tuples(st.sampled_from(["GET /upgrades", "PUT /upgrades"]), st.integers(1, 4), st.sampled_from(TROUBLES)), max_size=3)
SWITCHES = st.fixed_dictionaries(
    {},
    optional={
        "visible_after_reads": st.integers(0, 2),
        "rejected_devices": st.sampled_from(["listed", "vanish"]),
        "put_answer": st.sampled_from(["Reason", "resultReason", "upgrade"]),
        "re_append": st.sampled_from(["failure", "success"]),
        "remove_absent": st.sampled_from(["failure", "success"]),
        "append_validation": st.sampled_from(["at_once", "later"]),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    members=SOME,
    declared=SOME,
    unknown=SOME,
    state=st.sampled_from(["present", "absent", "exact"]),
    batch=st.sampled_from([1, 3, 1000]),
    status=st.sampled_from(["RequestPending", "Queued", "Queued", "Queued", "InProgress"]),
    faults=FAULTS,
    switches=SWITCHES,
    check=st.booleans(),
)
def test_the_end_is_declared_or_told(
    members: set[str],
    declared: set[str],
    unknown: set[str],
    state: str,
    batch: int,
    status: str,
    faults: list[tuple[str, int, dict[str, t.Any]]],
    switches: dict[str, t.Any],
    check: bool,
) -> None:
    with Simulator() as sim, mock.patch.object(_waiter, "FIRST_PAUSE", 0.002), mock.patch.object(_waiter, "LONGEST_PAUSE", 0.02):
        upgrade = sim.add_upgrade(devices=sorted(members), status=status)
        sim.refuse(unknown - members)
        access, session = sim.tokens()
        sim.misbehave(**switches)
        for on, nth, trouble in faults:
            sim.fault(on, nth=nth, **trouble)
        options = {"account": upgrade.account, "access_token": access, "session_token": session, "api_url": sim.api_url, "upgrade_id": upgrade.id}
        how = {"devices": sorted(declared), "state": state, "allow_empty": True, "max_removal_percent": 100, "batch_size": batch, "imei_check": "none"}
        result = run_module("upgrade_devices", {**options, **how, "retry_timeout": 1}, check=check)
        after = sim.members(upgrade.id)
        written = [record for record in sim.writes if record.status in (200, None) or record.faults]

        assert result["requests"] == len(sim.requests)
        if check:
            assert sim.writes == []
        if status == "InProgress":
            assert sim.writes == []
            assert after == members
        others = any(trouble["do"] == "another_writer" for _on, _nth, trouble in faults)
        if not others:
            assert set(result["added"]) <= after - members or check
            assert set(result["removed"]) <= members - after or check
        # "changed" may speak of more than is listed only where the last word of the service is missing.
        if result["changed"] and not check:
            assert written
        if not result["changed"] and not check and not others and not result["failed"]:
            assert after == members
        if not result["failed"] and not check and not others:
            refused = {item["device_id"] for item in result["rejected"]}
            assert not refused
            if state == "exact":
                assert after == declared
            elif state == "present":
                assert after == members | declared
            else:
                assert after == members - declared
            assert set(result["added"]) == after - members
            assert set(result["removed"]) == members - after
        appended = [
            device for record in sim.writes if record.status == 200 and record.json and record.json["type"] == "append" for device in record.json["deviceList"]
        ]
        if not others and not any(trouble["do"] in ("truncated", "html") or trouble.get("applied") for _on, _nth, trouble in faults):
            assert len(appended) == len(set(appended)), "an answered append was sent again"
