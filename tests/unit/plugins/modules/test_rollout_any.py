# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``rollout`` in any trouble: it ends as declared or says that it did not, writes nothing twice, and tells what landed."""

from __future__ import annotations

import collections
import datetime
import typing as t
from unittest import mock

from ansible_collections.thingspace.fota.plugins.module_utils import _waiter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_module import run_module
from thingspace_simulator import Simulator
from troubles import TROUBLES

if t.TYPE_CHECKING:
    from thingspace_simulator.log import Record

ACCOUNT = "0402196254-00001"
POOL = [str(990000000000000 + number) for number in range(8)]
THERE = ["a", "b", "c"]
NEW = "n"
PLACES = [*(f"{method} /upgrades/{ACCOUNT}/upgrade/{{{name}}}" for method in ("PUT", "PUT", "GET") for name in THERE), "POST /upgrades", "GET /reports"]
FAULTS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 4), st.sampled_from(TROUBLES)), max_size=4)
SWITCHES = st.fixed_dictionaries(
    {},
    optional={
        "rejected_devices": st.sampled_from(["listed", "vanish"]),
        "re_append": st.sampled_from(["failure", "success"]),
        "remove_absent": st.sampled_from(["failure", "success"]),
        "date_format": st.sampled_from(["date", "datetime"]),
    },
)
HOMES = st.dictionaries(st.sampled_from(POOL), st.sampled_from(THERE))
WANTED = st.dictionaries(st.sampled_from(POOL), st.sampled_from([*THERE, NEW]))


def arrivals(records: t.Iterable[Record]) -> collections.Counter[tuple[str, str, str]]:
    """What the service acknowledged: upgrade, operation, device."""
    seen: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for record in records:
        if record.method == "PUT" and record.status == 200:
            seen.update((record.path, record.json["type"], device) for device in record.json["deviceList"])
    return seen


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    home=HOMES,
    wanted=WANTED,
    states=st.fixed_dictionaries({name: st.sampled_from(["present", "exact"]) for name in THERE}),
    unknown=st.sets(st.sampled_from(POOL), max_size=2),
    faults=FAULTS,
    switches=SWITCHES,
    concurrency=st.sampled_from([1, 3]),
)
def test_the_end_is_declared_or_told(
    home: dict[str, str],
    wanted: dict[str, str],
    states: dict[str, str],
    unknown: set[str],
    faults: list[tuple[str, int, dict[str, t.Any]]],
    switches: dict[str, t.Any],
    concurrency: int,
) -> None:
    day = (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=7)).isoformat()
    with Simulator() as sim, mock.patch.object(_waiter, "FIRST_PAUSE", 0.002), mock.patch.object(_waiter, "LONGEST_PAUSE", 0.02):
        ids = {
            name: sim.add_upgrade(account=ACCOUNT, start_date="+9", devices=sorted(device for device in home if home[device] == name)).id for name in THERE
        }
        sim.refuse(unknown)
        sim.misbehave(**switches)
        declared: dict[str, list[str]] = {name: sorted(device for device in wanted if wanted[device] == name) for name in (*THERE, NEW)}
        upgrades = [{"upgrade_id": ids[name], "devices": declared[name], "state": states[name], "name": name} for name in THERE]
        if declared[NEW]:
            upgrades.append({"firmware_name": "F", "firmware_to": "2.1", "start_date": day, "devices": declared[NEW], "name": NEW})

        def run(check: bool = False) -> dict[str, t.Any]:
            access, session = sim.tokens()
            options = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url, "imei_check": "none"}
            how = {"allow_empty": True, "max_removal_percent": 100, "retry_timeout": 1, "concurrency": concurrency}
            return run_module("rollout", {**options, **how, "upgrades": upgrades}, check=check)

        def holding() -> dict[str, set[str]]:
            new = [upgrade.id for upgrade in sim.service.upgrades.values() if upgrade.firmware_name == "F"]
            assert len(new) <= 1, "scheduled twice"
            # Somebody may have cancelled one meanwhile.
            there = [(name, upgrade) for name, upgrade in [*ids.items(), *((NEW, upgrade) for upgrade in new)] if upgrade in sim.service.upgrades]
            return {name: sim.members(upgrade) for name, upgrade in there}

        predicted = run(check=True)
        assert sim.writes == []
        before = holding()
        for on, nth, trouble in faults:
            sim.fault(on.format(**ids), nth=nth, **trouble)
        result = run()
        after = holding()

        held = [device for members in after.values() for device in members]
        assert len(held) == len(set(held)), "a device is in two upgrades"
        acknowledged = [(upgrade, operation, device) for (upgrade, operation, device), count in arrivals(sim.writes).items() if count > 1]
        assert acknowledged == [], "sent again though the service had answered"
        others = any(trouble["do"] in ("start_upgrade", "cancel_upgrade") for _on, _nth, trouble in faults)
        if after != before and not others:
            assert result["changed"], "something landed and is not told"
        if not faults and not predicted["failed"] and not unknown and not switches:
            assert not result["failed"], result["msg"]
            assert {name: result[name] for name in ("plan_digest", "added_count", "removed_count", "moved_count")} == {
                name: predicted[name] for name in ("plan_digest", "added_count", "removed_count", "moved_count")
            }
        if not result["failed"]:
            for name, members in after.items():
                assert set(declared[name]) <= members
                if states.get(name) == "exact":
                    assert members == set(declared[name])
            sim.service.faults.clear()
            again = run()
            assert (again["failed"], again["changed"]) == (False, False), again["msg"]
