# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and rails: for any membership and any declaration."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import RailError
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Plan, State, batches, make_plan, plan_digest
from ansible_collections.thingspace.fota.plugins.module_utils._rails import Rails, check_declaration, check_removals
from hypothesis import given
from hypothesis import strategies as st

STATES: tuple[State, ...] = t.get_args(State)
DEVICES = st.sets(st.integers(1, 12).map(str))


@given(st.sampled_from(STATES), DEVICES, DEVICES, DEVICES)
def test_a_plan_leads_to_the_declared_state_and_sends_nothing_else(state: State, declared: set[str], members: set[str], listed: set[str]) -> None:
    refused = listed - members
    plan = make_plan(state, declared, members, refused)
    after = (members | plan.append) - plan.remove
    if state == "present":
        assert after == members | (declared - refused)
    elif state == "absent":
        assert after == members - declared
    else:
        assert after == declared - refused
    assert not plan.append & (members | refused)
    assert plan.remove <= members
    assert not plan.append & plan.remove
    assert plan.refused == (set() if state == "absent" else declared & refused)
    assert bool(plan) == (after != members)


@given(DEVICES, st.integers(1, 5))
def test_batches_hold_every_device_once_sorted(devices: set[str], size: int) -> None:
    cut = list(batches(devices, size))
    assert [device for batch in cut for device in batch] == sorted(devices)
    assert all(len(batch) == size for batch in cut[:-1])


@given(DEVICES, DEVICES, DEVICES, DEVICES)
def test_a_digest_tells_plans_apart(append: set[str], remove: set[str], other_append: set[str], other_remove: set[str]) -> None:
    one = {("a", "u"): Plan(frozenset(append), frozenset(remove))}
    other = {("a", "u"): Plan(frozenset(other_append), frozenset(other_remove))}
    assert (plan_digest(one) == plan_digest(other)) == (one == other)
    assert plan_digest(one) != plan_digest({("a", "v"): one["a", "u"]}) or not one["a", "u"]


@pytest.mark.parametrize(
    ("state", "percent", "most", "removals", "members", "stops"),
    [
        ("exact", 30, None, 3, 10, False),
        ("exact", 30, None, 4, 10, True),
        ("exact", 30, None, 9, 9, False),  # below ten members a share says little
        ("exact", 100, None, 10, 10, False),
        ("exact", 0, None, 1, 10, True),
        ("exact", 30, None, 3001, 10_000, True),
        ("exact", 100, 2, 3, 1000, True),
        ("exact", 100, 3, 3, 1000, False),
        ("exact", 100, 0, 1, 2, True),
        ("absent", 30, None, 10, 10, False),
        ("absent", 30, 9, 10, 10, True),
        ("present", 0, 0, 0, 10, False),
    ],
)
def test_rails(state: State, percent: float, most: int | None, removals: int, members: int, stops: bool) -> None:
    rails = Rails(allow_empty=True, max_removal_percent=percent, max_removals=most)
    if stops:
        with pytest.raises(RailError, match=f"{removals} of {members} devices"):
            check_removals(rails, state, removals, members)
    else:
        check_removals(rails, state, removals, members)


@pytest.mark.parametrize(
    ("state", "declared", "allowed", "stops"), [("exact", 0, False, True), ("exact", 0, True, False), ("exact", 1, False, False), ("absent", 0, False, False)]
)
def test_an_empty_declaration_is_an_accident_unless_allowed(state: State, declared: int, allowed: bool, stops: bool) -> None:
    rails = Rails(allow_empty=allowed, max_removal_percent=30, max_removals=None)
    if stops:
        with pytest.raises(RailError, match="allow_empty"):
            check_declaration(rails, state, declared)
    else:
        check_declaration(rails, state, declared)
