# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and rails: for any membership and any declaration."""

from __future__ import annotations

import hashlib
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import RailError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.guardrails import check_declaration, check_removals
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan, State, Target, batches, make_plan, plan_digest
from ansible_collections.thingspace.fota.plugins.module_utils._plan.target import Limits
from hypothesis import given
from hypothesis import strategies as st

STATES: tuple[State, ...] = t.get_args(State)
Plans = dict[tuple[str, Target], Plan]
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
    one: Plans = {("a", "u"): Plan(frozenset(append), frozenset(remove))}
    other: Plans = {("a", "u"): Plan(frozenset(other_append), frozenset(other_remove))}
    assert (plan_digest(one) == plan_digest(other)) == (one == other)
    assert plan_digest(one) != plan_digest({("a", "v"): one["a", "u"]}) or not one["a", "u"]


def test_a_digest_is_that_of_the_sorted_writes() -> None:
    # Reviewers keep it: the digest of a plan stays the same from one release to the next.
    plans: Plans = {
        ("b", "u"): Plan(frozenset({"2", "10"})),
        ("a", ("F", "2.10", "2026-12-01", None)): Plan(frozenset({"3"}), frozenset({"4"}), frozenset({"5"})),
    }
    key = '["F", "2.10", "2026-12-01", null]'
    lines = [f'["a", {key}, "append", ["3"]]', f'["a", {key}, "remove", ["4"]]', '["b", "u", "append", ["10", "2"]]']
    assert plan_digest(plans) == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert plan_digest({}) == plan_digest({("a", "u"): Plan(refused=frozenset({"1"}))}) == hashlib.sha256(b"").hexdigest()


# What would end a field early if fields were joined.
ENDS = [" to ", " on ", " until ", " ", "\n", '"', ",", "[", "]", "\\", "\ud800", "\x00"]
PIECES = st.lists(st.sampled_from([*ENDS, "A", "B", "append", "remove", "null"]), max_size=4)
FIELD = PIECES.map("".join)
TARGETS = FIELD | st.tuples(FIELD, FIELD, FIELD, st.none() | FIELD)
SMALL = st.frozensets(FIELD, max_size=2)
PLANS = st.dictionaries(st.tuples(FIELD, TARGETS), st.builds(Plan, SMALL, SMALL), max_size=2)


@given(PLANS, PLANS)
def test_no_text_makes_two_plans_one(one: Plans, other: Plans) -> None:
    def writes(plans: Plans) -> Plans:
        return {target: plan for target, plan in plans.items() if plan}

    assert (plan_digest(one) == plan_digest(other)) == (writes(one) == writes(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("A to B", "C", "d", None), ("A", "B to C", "d", None)),
        (("A", "B", "d until e", None), ("A", "B", "d", "e")),
        (("A", "B", "d", "None"), ("A", "B", "d", None)),
        ("u append 1\na u", "u"),
    ],
)
def test_two_upgrades_are_never_one(one: Target, other: Target) -> None:
    plan = Plan(frozenset({"1"}))
    assert plan_digest({("a", one): plan}) != plan_digest({("a", other): plan})


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
        ("present", 0, 0, 1, 10, False),  # what leaves for another upgrade is held against the rails of state exact
        ("exact", 0, None, 1, 9, False),
        ("exact", 10, None, 1, 10, False),
        ("exact", 100, 0, 0, 10, False),
    ],
)
def test_rails(state: State, percent: float, most: int | None, removals: int, members: int, stops: bool) -> None:
    limits = Limits(allow_empty=True, max_removal_percent=percent, max_removals=most)
    if stops:
        with pytest.raises(RailError, match=f"{removals} of {members} devices"):
            check_removals(limits, state, removals, members)
    else:
        check_removals(limits, state, removals, members)


@pytest.mark.parametrize(
    ("percent", "most", "told"),
    [
        (100, 6, "7 of 21 devices would be removed, and max_removals allows 6. If that is meant, raise the limit for this run."),
        (12.5, 7, "7 of 21 devices (33.3 %) would be removed, and max_removal_percent allows 12.5 %. If that is meant, raise the limit for this run."),
        (30.0, None, "7 of 21 devices (33.3 %) would be removed, and max_removal_percent allows 30 %. If that is meant, raise the limit for this run."),
    ],
)
def test_a_rail_says_what_would_be_removed_and_what_is_allowed(percent: float, most: int | None, told: str) -> None:
    with pytest.raises(RailError) as failure:
        check_removals(Limits(allow_empty=True, max_removal_percent=percent, max_removals=most), "exact", 7, 21)
    assert str(failure.value) == told


@pytest.mark.parametrize(
    ("state", "declared", "allowed", "stops"), [("exact", 0, False, True), ("exact", 0, True, False), ("exact", 1, False, False), ("absent", 0, False, False)]
)
def test_an_empty_declaration_is_an_accident_unless_allowed(state: State, declared: int, allowed: bool, stops: bool) -> None:
    limits = Limits(allow_empty=allowed, max_removal_percent=30, max_removals=None)
    if stops:
        with pytest.raises(RailError) as failure:
            check_declaration(limits, state, declared)
        assert str(failure.value) == (
            "The declaration is empty and state is exact: that would remove every device. Look at where the devices come from, or set allow_empty to true."
        )
    else:
        check_declaration(limits, state, declared)
