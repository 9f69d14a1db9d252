# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several upgrades together: for any membership and any declaration the writes, in their order, keep their promises."""

from __future__ import annotations

import collections
import itertools
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._plan.moves import Entry, Joint, check_disjoint, join, taken
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import State
from ansible_collections.thingspace.fota.plugins.module_utils._plan.stages import Start, Step, _leads, stages
from hypothesis import given
from hypothesis import strategies as st

Held = dict[str, frozenset[str]]
STATES: tuple[State, ...] = ("present", "exact", "absent")


def starts_of(entries: t.Sequence[Entry], joint: Joint) -> dict[str, Start]:
    return {entry.ref: Start(entry.members, joint.plans[entry.ref], new=not entry.status) for entry in entries}


def entry(ref: str, members: str = "", declared: str | None = None, state: State = "exact", status: str = "Queued", **more: t.Any) -> Entry:
    return Entry(ref, ref, state, frozenset(members if declared is None else declared), frozenset(members), status=status, **more)


@st.composite
def rollouts(draw: st.DrawFn, upgrades: int = 5, devices: int = 9) -> list[Entry]:
    """Each device is in one upgrade at most, is wanted by one at most, and somebody may have refused it."""
    refs = [f"u{number}" for number in range(draw(st.integers(1, upgrades)))]
    new = draw(st.sets(st.sampled_from(refs), max_size=2))
    states = {ref: draw(st.sampled_from(STATES)) for ref in refs}
    where: dict[str, list[str]] = collections.defaultdict(list)
    declared: dict[str, list[str]] = collections.defaultdict(list)
    refused: dict[str, list[str]] = collections.defaultdict(list)
    places = st.sampled_from([None, *refs])
    for device in "abcdefghijkl"[: draw(st.integers(0, devices))]:
        at, to, no = draw(places), draw(places), draw(places)
        if at and at not in new:
            where[at].append(device)
        if to:
            declared[to].append(device)
        if no and no not in new and no != at and draw(st.integers(0, 4)) == 0:
            refused[no].append(device)
    return [
        Entry(ref, ref, states[ref], frozenset(declared[ref]), frozenset(where[ref]), frozenset(refused[ref]), "" if ref in new else "Queued") for ref in refs
    ]


@given(rollouts())
def test_the_writes_in_their_order_keep_their_promises(entries: list[Entry]) -> None:
    joint = join(entries)
    assert joint.problems == ()
    held: Held = {entry.ref: entry.members for entry in entries}
    keeps = {entry.ref for entry in entries if joint.plans[entry.ref].append}
    sent: collections.Counter[tuple[str, str, str]] = collections.Counter()
    scheduled: collections.Counter[str] = collections.Counter()
    for steps in stages(starts_of(entries, joint), joint.moves):
        assert len({step.ref for step in steps}) == len(steps)
        # Whatever the order within a round: all removes first is the worst for one promise, all appends first for the other.
        before = dict(held)
        for step in steps:
            assert step.append or step.remove
            assert step.remove <= before[step.ref]
            for device in step.append:
                assert not any(device in members for members in before.values()), "a device would be in two upgrades"
            sent.update((step.ref, "append", device) for device in step.append)
            sent.update((step.ref, "remove", device) for device in step.remove)
            scheduled[step.ref] += bool(step.append)
            held[step.ref] = (before[step.ref] | step.append) - step.remove
            empty = bool(before[step.ref]) and not held[step.ref] and step.ref in keeps
            assert empty == step.empties, "an upgrade that keeps devices is emptied unseen"
    assert set(sent.values()) <= {1}
    for one in entries:
        want = (one.wanted - one.refused) | (frozenset() if one.state == "exact" else one.members - (one.declared if one.state == "absent" else set()))
        elsewhere = frozenset().union(*(other.wanted - other.refused for other in entries if other is not one))
        assert held[one.ref] == want - elsewhere
        if not one.status:
            assert scheduled[one.ref] <= 1, "a new upgrade is scheduled once, with all its devices"


def possible(starts: dict[str, Start], targets: dict[tuple[str, str], list[str]]) -> bool:
    """Whether any order of single writes leaves no upgrade without devices on the way. By trying them all."""
    keeps = {ref for ref, start in starts.items() if start.plan.append}
    goal = frozenset((ref, frozenset((start.members | start.plan.append) - start.plan.remove)) for ref, start in starts.items())
    seen, waiting = set(), [{ref: start.members for ref, start in starts.items()}]
    while waiting:
        held = waiting.pop()
        key = frozenset(held.items())
        if key == goal:
            return True
        if key in seen:
            continue
        seen.add(key)
        for ref, start in starts.items():
            for device in start.plan.append - held[ref]:
                if not any(device in held[source] for source in targets.get((ref, device), [])):
                    waiting.append({**held, ref: held[ref] | {device}})
            for device in start.plan.remove & held[ref]:
                left = held[ref] - {device}
                if left or ref not in keeps:
                    waiting.append({**held, ref: left})
    return False


@given(rollouts(upgrades=4, devices=6))
def test_an_upgrade_is_emptied_only_where_no_order_avoids_it(entries: list[Entry]) -> None:
    joint = join(entries)
    starts = starts_of(entries, joint)
    sources: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for move in joint.moves:
        sources[move.target, move.device].append(move.source)
    forced = any(step.empties for steps in stages(starts, joint.moves) for step in steps)
    assert forced == (not possible(starts, sources))


def order_of(entries: list[Entry]) -> list[list[Step]]:
    joint = join(entries)
    return [list(steps) for steps in stages(starts_of(entries, joint), joint.moves)]


def test_without_moves_everything_is_one_round() -> None:
    [steps] = order_of([entry("u", "abc", "abd"), entry("v", "", "e", status=""), entry("w", "xy", "xy")])
    assert steps == [Step("u", frozenset("d"), frozenset("c")), Step("v", frozenset("e"))]


def test_a_swap_of_two_whole_upgrades_passes_through_an_empty_one() -> None:
    assert order_of([entry("u", "a", "b"), entry("v", "b", "a")]) == [
        [Step("u", remove=frozenset("a"), empties=True)],
        [Step("v", frozenset("a"), frozenset("b"))],
        [Step("u", frozenset("b"))],
    ]


def empty(ref: str, remove: str) -> Step:
    return Step(ref, remove=frozenset(remove), empties=True)


def swap(ref: str, append: str, remove: str) -> Step:
    return Step(ref, frozenset(append), frozenset(remove))


def test_of_each_circle_one_upgrade_is_emptied_and_no_other() -> None:
    circles = [entry("u", "a", "b"), entry("v", "b", "a"), entry("w", "c", "e"), entry("x", "d", "c"), entry("y", "e", "d")]
    assert order_of(circles) == [
        [empty("u", "a"), empty("w", "c")],
        [swap("v", "a", "b"), swap("x", "c", "d")],
        [swap("u", "b", ""), swap("y", "d", "e")],
        [swap("w", "e", "")],
    ]


def test_what_leads_back_is_let_go_first_since_what_does_not_is_the_last_to_spare() -> None:
    # u is in a circle with z, and has one device for v, which is in a circle with w.
    entries = [entry("u", "xy", "c"), entry("v", "a", "bx"), entry("w", "b", "a"), entry("z", "c", "y")]
    assert order_of(entries) == [
        [swap("u", "", "y")],
        [swap("z", "y", "c")],
        [swap("u", "c", "x")],
        [swap("v", "x", "a")],
        [swap("w", "a", "b")],
        [swap("v", "b", "")],
    ]


def test_every_way_is_followed() -> None:
    ways = {"u": ["v", "w"], "v": ["x", "u"], "w": ["y"]}
    assert [goal for goal in "uvwxyz" if _leads(ways, "u", goal)] == list("uvwxy")
    assert [goal for goal in "uvwxyz" if _leads(ways, "w", goal)] == list("wy")


def test_what_only_waits_is_on_no_way_back() -> None:
    assert order_of([entry("u", "ac", "d"), entry("v", "d", "c"), entry("n", "", "a", status="")]) == [
        [swap("u", "", "c")],
        [swap("v", "c", "d")],
        [swap("u", "d", "a")],
        [swap("n", "a", "")],
    ]


def test_what_can_leave_does_not_wait_for_what_cannot_arrive_yet() -> None:
    assert order_of([entry("u", "ab", "bwz"), entry("v", "qw", "q")]) == [
        [swap("u", "z", "a"), swap("v", "", "w")],
        [swap("u", "w", "")],
    ]


def test_of_several_devices_that_could_be_let_go_it_is_the_first_for_the_first() -> None:
    many = "abcdefghijkl"
    entries = [entry("u", f"{many}z", "123"), entry("w", "12", "z"), entry("v", "3", many)]
    assert order_of(entries)[0] == [swap("u", "", "a"), swap("w", "", "1")]


def test_one_that_can_spare_a_device_lets_go_of_it_and_one_that_cannot_does_not() -> None:
    assert order_of([entry("u", "a", "bc"), entry("v", "bc", "a")]) == [
        [swap("v", "", "b")],
        [swap("u", "b", "a")],
        [swap("v", "a", "c")],
        [swap("u", "c", "")],
    ]


def test_with_a_second_device_no_upgrade_of_a_swap_is_ever_empty() -> None:
    steps = order_of([entry("u", "ab", "cd"), entry("v", "cd", "ab")])
    assert not any(step.empties for step in itertools.chain(*steps))


def test_a_new_upgrade_waits_for_all_its_devices() -> None:
    assert order_of([entry("u", "abc", "c"), entry("n", "", "abz", status="")]) == [
        [Step("u", remove=frozenset("ab"))],
        [Step("n", frozenset("abz"))],
    ]


def test_a_device_leaves_whatever_the_state_of_its_source() -> None:
    joint = join([entry("u", "ab", "", "present"), entry("v", "", "a", "present")])
    assert joint.plans["u"].remove == frozenset("a")
    assert [tuple(move) for move in joint.moves] == [("a", "u", "v")]


def test_a_device_that_its_upgrade_refuses_stays_where_it_is() -> None:
    joint = join([entry("u", "ab", "b", "present"), Entry("v", "v", "exact", frozenset("a"), refused=frozenset("a"), status="Queued")])
    assert not joint.moves
    assert not joint.plans["u"]


@pytest.mark.parametrize(
    ("entries", "others", "kinds"),
    [
        ([entry("u", "a", "ab"), entry("v", "b", "b")], [], ["input"]),
        ([entry("u", "", "a"), entry("v", "a", "", "present", "InProgress", is_open=False)], [], ["state"]),
        ([entry("u", "a", "ab", status="InProgress", is_open=False)], [], ["state"]),
        ([entry("u", "a", "a", status="Finished", is_open=False, holds=False), entry("v", "", "a")], [], []),
        ([entry("u", "a", "a", status="InProgress", is_open=False)], [("w", frozenset("a"))], ["state"]),
        ([entry("u", "", "ab")], [("w", frozenset("a")), ("x", frozenset("c"))], ["state"]),
    ],
)
def test_what_forbids_a_plan(entries: list[Entry], others: list[tuple[str, frozenset[str]]], kinds: list[str]) -> None:
    assert [problem.kind for problem in (*join(entries).problems, *taken(entries, others))] == kinds


def test_a_device_declared_twice_is_named_with_both_upgrades() -> None:
    problem = check_disjoint([("canary", frozenset("ab")), ("wave 1", frozenset("bc")), ("wave 2", frozenset("d"))])
    assert problem
    assert problem.text.endswith("b in canary and in wave 1.")
    assert check_disjoint([("canary", frozenset("a")), ("wave 1", frozenset("b"))]) is None
