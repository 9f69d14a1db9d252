# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``upgrade`` in any trouble: it ends in the declared state or says that it did not, and never makes two."""

from __future__ import annotations

import datetime
import typing as t
from unittest import mock

from ansible_collections.thingspace.fota.plugins.module_utils import _waiter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_module import run_module
from thingspace_simulator import Simulator
from troubles import TROUBLES

POOL = [str(990000000000000 + number) for number in range(4)]
STATUSES = ["RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed"]
PLACES = ["GET /reports", "GET /upgrades", "POST /upgrades", "POST /upgrades", "DELETE /upgrades", "DELETE /upgrades"]
FAULTS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 6), st.sampled_from(TROUBLES)), max_size=4)
SWITCHES = st.fixed_dictionaries(
    {},
    optional={
        "pending_reads": st.integers(0, 4),
        "rejected_devices": st.sampled_from(["listed", "vanish"]),
        "date_format": st.sampled_from(["date", "datetime"]),
        "cancelled_upgrades": st.sampled_from(["listed", "vanish"]),
        "report_page_size": st.sampled_from([1, 100]),
        "unknown_upgrade": st.sampled_from(["400", "404"]),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    there=st.sampled_from([None, None, *STATUSES]),
    declared=st.sets(st.sampled_from(POOL), min_size=1),
    unknown=st.sets(st.sampled_from(POOL)),
    state=st.sampled_from(["present", "present", "absent"]),
    wait=st.booleans(),
    faults=FAULTS,
    switches=SWITCHES,
    check=st.booleans(),
)
def test_the_end_is_declared_or_told(
    there: str | None,
    declared: set[str],
    unknown: set[str],
    state: str,
    wait: bool,
    faults: list[tuple[str, int, dict[str, t.Any]]],
    switches: dict[str, t.Any],
    check: bool,
) -> None:
    day = (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=7)).isoformat()
    with Simulator() as sim, mock.patch.object(_waiter, "FIRST_PAUSE", 0.002), mock.patch.object(_waiter, "LONGEST_PAUSE", 0.02):
        sim.refuse(unknown)
        sim.misbehave(**switches)
        if there is not None:
            sim.add_upgrade(firmware_name="F", firmware_to="2.1", start_date=day, status=there, devices=POOL[:2])
        before = set(sim.service.upgrades)
        for on, nth, trouble in faults:
            sim.fault(on, nth=nth, **trouble)

        def run(check: bool) -> dict[str, t.Any]:
            access, session = sim.tokens()
            options = {"account": "0402196254-00001", "access_token": access, "session_token": session, "api_url": sim.api_url, "imei_check": "none"}
            key = {"firmware_name": "F", "firmware_to": "2.1", "start_date": day}
            how = {"devices": sorted(declared), "state": state, "wait": wait, "wait_timeout": 2, "retry_timeout": 1}
            return run_module("upgrade", {**options, **key, **how}, check=check)

        def standing(statuses: t.Collection[str] = ("RequestPending", "Queued", "InProgress", "Finished")) -> set[str]:
            return {upgrade.id for upgrade in sim.service.upgrades.values() if upgrade.status in statuses}

        result = run(check)
        after = set(sim.service.upgrades)
        passed = [record for record in sim.writes if record.method == "POST" and record.status != 429]

        assert result["requests"] == len(sim.requests)
        assert len(passed) <= 1, "posted twice"
        assert len(standing()) <= 1
        if check:
            assert sim.writes == []
        if result["changed"] and not check:
            assert sim.writes
        others = any(trouble["do"] in ("start_upgrade", "cancel_upgrade") for _on, _nth, trouble in faults)
        if not result["changed"] and not check and not others:
            assert after == before
        if result["failed"] or check:
            return
        if state == "absent":
            assert not standing(STATUSES[:2])
        elif not others:
            assert standing() == {result["upgrade_id"]} or not wait
            assert result["changed"] == bool(after - before)
        sim.service.faults.clear()
        sim.service.world.refusals.clear()
        if standing() or state == "absent":
            assert run(False)["changed"] is False
