# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One plan over several upgrades: what each gets to write, who moves, and in which words it is forbidden."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._plan.moves import Entry, Joint, Move, Problem, check_disjoint, join, taken
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan
from ansible_collections.thingspace.fota.plugins.module_utils._text import first_few

Others = list[tuple[str, frozenset[str]]]


def queued(ref: str, members: str, declared: str, **more: t.Any) -> Entry:
    return Entry(ref, f"wave {ref}", more.pop("state", "exact"), frozenset(declared), frozenset(members), status=more.pop("status", "Queued"), **more)


def running(ref: str, members: str, declared: str, **more: t.Any) -> Entry:
    return queued(ref, members, declared, status="InProgress", is_open=False, **more)


def over(ref: str, members: str, declared: str) -> Entry:
    return queued(ref, members, declared, status="Finished", is_open=False, holds=False)


def texts(*entries: Entry, others: Others | None = None) -> list[str]:
    return [problem.text for problem in (*join(entries).problems, *taken(entries, others or []))]


@pytest.mark.parametrize(("devices", "told"), [("", ""), ("b", "b"), ("cab", "a, b, c"), ("dcab", "a, b, c and 1 more"), ("edcab", "a, b, c and 2 more")])
def test_the_first_three_are_shown(devices: str, told: str) -> None:
    assert first_few(list(devices)) == told


def test_one_plan_over_all() -> None:
    joint = join([queued("u", "abx", "b"), queued("v", "c", "cax"), queued("w", "d", "c", state="absent"), queued("n", "", "e", status="")])
    assert joint == Joint(
        plans={"u": Plan(remove=frozenset("ax")), "v": Plan(append=frozenset("ax")), "w": Plan(), "n": Plan(append=frozenset("e"))},
        moves=(Move("a", "u", "v"), Move("x", "u", "v")),
    )


def test_moves_are_sorted_by_device() -> None:
    joint = join([queued("z", "a", "b"), queued("y", "b", "c"), queued("x", "c", "a")])
    assert joint.moves == (Move("a", "z", "x"), Move("b", "y", "z"), Move("c", "x", "y"))


def test_a_move_adds_to_what_its_source_removes_anyway() -> None:
    joint = join([queued("u", "abc", "ab"), queued("v", "", "a", state="present")])
    assert joint.plans["u"] == Plan(remove=frozenset("ac"))
    # It wants to keep what the other takes: that is said, and the plan stays what it would be.
    assert [problem.kind for problem in joint.problems] == ["input"]


def test_what_the_service_lists_as_refused_is_told_in_the_plan() -> None:
    joint = join([queued("u", "a", "ab", refused=frozenset("bz"))])
    assert joint.plans == {"u": Plan(refused=frozenset("b"))}


@pytest.mark.parametrize("turn", [1, -1])
def test_a_member_of_two_leaves_the_one_that_does_not_declare_it(turn: int) -> None:
    # It is where it is to be, so nothing moves; the other must let it go all the same.
    joint = join([queued("u", "ab", "", state="present"), queued("v", "a", "a")][::turn])
    assert joint == Joint({"u": Plan(remove=frozenset("a")), "v": Plan()}, giving=frozenset("u"))


def test_what_two_of_one_name_hold_is_told_together() -> None:
    assert texts(queued("u", "", "ab"), others=[("X", frozenset("a")), ("X", frozenset("b"))]) == [
        "a, b declared in wave u held by X, which is not declared here."
    ]


def test_a_device_in_two_upgrades_that_a_third_wants_leaves_both() -> None:
    joint = join([queued("u", "ab", "", state="present"), queued("v", "ac", "", state="present"), queued("w", "", "a")])
    assert joint.moves == (Move("a", "u", "w"), Move("a", "v", "w"))
    assert {ref: plan.remove for ref, plan in joint.plans.items()} == {"u": {"a"}, "v": {"a"}, "w": set()}


def test_one_that_cannot_let_go_does_not_hide_one_that_can() -> None:
    joint = join([running("u", "a", "", state="present"), queued("v", "a", "", state="present"), queued("w", "", "a")])
    assert joint.moves == (Move("a", "v", "w"),)
    assert [problem.text for problem in joint.problems] == ["a declared in wave w cannot leave wave u, which is InProgress."]


def test_a_device_that_is_declared_as_absent_moves_to_nobody() -> None:
    joint = join([queued("u", "ab", "", state="present"), queued("v", "", "a", state="absent")])
    assert joint == Joint({"u": Plan(), "v": Plan()})


def test_one_that_is_over_holds_nothing_and_claims_nothing() -> None:
    assert join([over("u", "a", "a"), queued("v", "", "a")]) == Joint({"u": Plan(), "v": Plan(append=frozenset("a"))})
    assert texts(over("u", "a", "a"), others=[("w", frozenset("a"))]) == []


@pytest.mark.parametrize(
    ("entries", "others", "told"),
    [
        (
            [queued("u", "a", "ab"), queued("v", "", "bc"), queued("w", "", "ad")],
            [],
            "input: A device can be in one upgrade only, and is declared twice: b in wave u and in wave v; a in wave u and in wave w.",
        ),
        (
            [running("u", "ab", "ac")],
            [],
            "state: wave u is InProgress: devices can be changed only before it starts, and it needs 1 to append, 1 to remove.",
        ),
        (
            [running("u", "abcd", "", state="present"), queued("v", "", "abcd")],
            [],
            "state: a, b, c and 1 more declared in wave v cannot leave wave u, which is InProgress.",
        ),
        ([queued("u", "", "abc")], [("the upgrade X", frozenset("bcd"))], "state: b, c declared in wave u held by the upgrade X, which is not declared here."),
        (
            [queued("u", "", "ab", refused=frozenset("a"))],
            [("the upgrade X", frozenset("ab"))],
            "state: b declared in wave u held by the upgrade X, which is not declared here.",
        ),
    ],
)
def test_what_forbids_a_plan_is_told(entries: list[Entry], others: Others, told: str) -> None:
    assert [f"{problem.kind}: {problem.text}" for problem in (*join(entries).problems, *taken(entries, others))] == [told]


def test_everything_that_forbids_a_plan_is_told_the_mistakes_of_the_declaration_first() -> None:
    entries = [queued("u", "", "ab"), queued("v", "", "b"), running("w", "c", "d")]
    problems = (*join(entries).problems, *taken(entries, [("X", frozenset("a"))]))
    assert [(problem.kind, problem.text.split()[0]) for problem in problems] == [("input", "A"), ("state", "wave"), ("state", "a")]


def test_a_refused_device_is_not_looked_for_elsewhere() -> None:
    assert texts(queued("u", "", "a", refused=frozenset("a")), others=[("X", frozenset("a"))]) == []


@pytest.mark.parametrize(("pairs", "more"), [(9, ""), (10, ""), (11, "; and 1 more pairs of upgrades"), (13, "; and 3 more pairs of upgrades")])
def test_of_many_pairs_of_upgrades_ten_are_named(pairs: int, more: str) -> None:
    problem = check_disjoint([(f"u{number}", frozenset("a")) for number in range(pairs + 1)])
    named = "; ".join(f"a in u0 and in u{number}" for number in range(1, min(pairs, 10) + 1))
    assert problem == Problem("input", f"A device can be in one upgrade only, and is declared twice: {named}{more}.")


@pytest.mark.parametrize(
    ("pairs", "more"), [(10, []), (11, ["And the like for 1 more pairs of upgrades."]), (12, ["And the like for 2 more pairs of upgrades."])]
)
def test_of_many_devices_that_others_hold_ten_pairs_are_told(pairs: int, more: list[str]) -> None:
    problems = taken([queued("u", "", "a")], [(f"X{number}", frozenset("a")) for number in range(pairs)])
    told = [f"a declared in wave u held by X{number}, which is not declared here." for number in range(10)]
    assert problems == tuple(Problem("state", text) for text in [*told, *more])


def test_each_device_is_told_with_the_upgrade_that_declares_it_first() -> None:
    problem = check_disjoint([("u", frozenset("a")), ("v", frozenset("ab")), ("w", frozenset("b"))])
    assert problem
    assert problem.text.endswith(" declared twice: a in u and in v; b in v and in w.")


def test_the_same_upgrade_told_twice_is_no_second_one() -> None:
    upgrade = object()
    assert check_disjoint([(upgrade, frozenset("a")), (upgrade, frozenset("a"))]) is None
    assert check_disjoint([]) is None


@pytest.mark.parametrize(("state", "wanted"), [("absent", ""), ("present", "ab"), ("exact", "ab")])
def test_what_an_upgrade_is_to_hold(state: str, wanted: str) -> None:
    assert queued("u", "", "ab", state=state).wanted == frozenset(wanted)
