# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of several upgrades, round after round: what waits for what failed, and in which words it is told."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._apply.parallel import run_in_parallel
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.moves import Move
from ansible_collections.thingspace.fota.plugins.module_utils._plan.stages import Step
from ansible_collections.thingspace.fota.plugins.module_utils._tasks.rollout.write import write
from support.fake_service import FakeService
from support.fake_waves import lost, new, plan, there

if t.TYPE_CHECKING:
    from ansible_collections.thingspace.fota.plugins.module_utils._tasks.rollout.wave import Wave

# several at once


@pytest.mark.parametrize(("items", "concurrency"), [([1], 4), ([1, 2, 3], 1), ([], 4)])
def test_one_thing_or_one_at_a_time_needs_no_thread(items: list[int], concurrency: int) -> None:
    done: list[tuple[int, int]] = []
    run_in_parallel(lambda item: done.append((item, threading.get_ident())), items, concurrency)
    assert done == [(item, threading.get_ident()) for item in items]


@pytest.mark.parametrize(("items", "concurrency"), [(2, 2), (6, 2), (2, 6), (7, 3)])
def test_so_many_are_done_at_once_and_no_more(items: int, concurrency: int) -> None:
    most = min(items, concurrency)
    lock, all_in = threading.Lock(), threading.Event()
    now, peak, done = 0, 0, []

    def work(item: int) -> None:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
            if now == most:
                all_in.set()
        assert all_in.wait(10), "they are not done at once"
        time.sleep(0.005)
        with lock:
            now -= 1
            done.append(item)

    run_in_parallel(work, range(items), concurrency)
    assert (peak, sorted(done)) == (most, list(range(items)))


def test_after_an_error_no_more_are_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError("first")
        time.sleep(0.02)

    with pytest.raises(ValueError, match="first"):
        run_in_parallel(work, range(100), 2)
    assert len(begun) < 50


# rounds


def step(ref: str, append: str = "", remove: str = "") -> Step:
    return Step(ref, frozenset(append), frozenset(remove))


def told(wave: Wave) -> str | None:
    return wave.failure.message if wave.failure else None


class Two:
    """The upgrades U and V, which exchange devices."""

    def __init__(self, of_u: str = "abc", of_v: str = "x", wants_u: str = "bc", wants_v: str = "ax") -> None:
        self.service = FakeService()
        self.service.add("U", of_u)
        self.service.add("V", of_v)
        plans = [(set(wants_u) - set(of_u), set(of_u) - set(wants_u)), (set(wants_v) - set(of_v), set(of_v) - set(wants_v))]
        self.u, self.v = (
            there(self.service, wants, plan("".join(append), "".join(remove)), moves=True, upgrade_id=upgrade)
            for upgrade, wants, (append, remove) in zip("UV", (wants_u, wants_v), plans, strict=True)
        )

    def write(self, rounds: t.Sequence[tuple[Step, ...]], *moves: tuple[str, str, str], approved: bool = False) -> list[str]:
        write({"u": self.u, "v": self.v}, rounds, [Move(*move) for move in moves], 1, approved=approved)
        return self.service.calls

    @property
    def told(self) -> tuple[str | None, str | None]:
        return told(self.u), told(self.v)


LEAVE_THEN_ARRIVE = [(step("u", remove="a"),), (step("v", append="a"),)]


def test_a_device_leaves_before_it_arrives() -> None:
    two = Two()
    assert two.write(LEAVE_THEN_ARRIVE, ("a", "u", "v")) == ["PUT U remove a", "GET U", "PUT V append a", "GET V"]
    assert (two.told, two.service.held("U"), two.service.held("V")) == ((None, None), "bc", "ax")


def test_what_has_not_left_does_not_arrive() -> None:
    two = Two(of_u="abcd", wants_u="b", wants_v="acdx")
    two.service.then("PUT", {"deviceList": [{"deviceId": device, "status": "RemoveDeviceFailed", "Reason": "no"} for device in "ac"] + [{"deviceId": "d"}]})
    two.service.then("GET", lambda: two.service.change("U", "remove", "d"))
    rounds = [(step("u", remove="acd"),), (step("v", append="acd"),)]
    calls = two.write(rounds, ("a", "u", "v"), ("c", "u", "v"), ("d", "u", "v"))
    assert calls == ["PUT U remove acd", "GET U", "PUT V append d", "GET V"]
    assert two.told == (None, "Not appended, since they are not known to have left where they are: a, c still in wave (U).")
    assert two.v.withheld == {"a": "wave (U)", "c": "wave (U)"}


def test_a_new_upgrade_gets_what_has_left() -> None:
    service = FakeService()
    service.add("U", "abc", key=UpgradeKey("F", "2.0", "2999-01-01"))
    u, v = there(service, "bc", plan("", "a"), moves=True), new(service, "a")
    write({"u": u, "v": v}, LEAVE_THEN_ARRIVE, [Move("a", "u", "v")], 1, approved=False)
    # Much has happened since it was looked for, so that is done once more.
    assert service.calls[:7] == ["PUT U remove a", "GET U", "LIST RequestPending", "LIST Queued", "LIST InProgress", "LIST Finished", "POST a"]
    assert (told(u), told(v)) == (None, None)


def test_in_the_first_round_nothing_is_looked_for_again() -> None:
    service = FakeService()
    v = new(service, "a")
    write({"v": v}, [(step("v", "a"),)], [], 1, approved=False)
    assert service.calls[0] == "POST a"


def test_nothing_leaves_for_an_upgrade_that_has_failed() -> None:
    two = Two(of_u="abc", of_v="xy", wants_u="cxy", wants_v="ab")
    two.service.then("PUT", ThingSpaceError("No.", "service"))
    rounds = [(step("v", remove="x"),), (step("u", "x", "abz"),)]
    two.u.plan = plan("xy", "abz")
    assert two.write(rounds, ("a", "u", "v"), ("b", "u", "v"), ("x", "v", "u"), ("y", "v", "u")) == ["PUT V remove x", "GET V"]
    assert two.u.staying == {"a": "wave (V)", "b": "wave (V)"}
    assert two.told[1] == "No."
    assert two.u.withheld == {"x": "wave (V)"}


def test_what_is_held_back_and_what_stays_is_told_in_one_failure() -> None:
    two = Two(of_u="abc", of_v="xz", wants_u="cx", wants_v="abz")
    two.service.then("PUT", ThingSpaceError("No.", "service"))
    two.write([(step("v", remove="x"),), (step("u", "x", "ab"),)], ("a", "u", "v"), ("b", "u", "v"), ("x", "v", "u"))
    assert two.told == (
        "Not appended, since they are not known to have left where they are: x still in wave (V). "
        "Not removed, since the upgrade that they were to move to has failed: a, b for wave (V).",
        "No.",
    )
    assert two.service.calls == ["PUT V remove x", "GET V"]


def test_one_that_has_failed_is_not_worked_on_any_more_and_the_others_are() -> None:
    two = Two(of_u="a", of_v="x", wants_u="b", wants_v="y")
    two.service.then("PUT", ThingSpaceError("No.", "service"))
    assert two.write([(step("u", "b"), step("v", "y")), (step("u", remove="a"), step("v", remove="x"))]) == [
        "PUT U append b",
        "GET U",
        "PUT V append y",
        "GET V",
        "PUT V remove x",
        "GET V",
    ]
    assert two.told == ("No.", None)


def test_places_are_told_one_by_one() -> None:
    two = Two()
    two.v.withheld = {"a": "one", "b": "two", "c": "one"}
    two.u.staying = {"a": "three"}
    two.write([])
    for said, words in zip(
        two.told, ("Not removed, since the upgrade that they were to move to has failed: a for three.", "a, c still in one; b still in two."), strict=True
    ):
        assert said is not None
        assert said.endswith(words)


@pytest.mark.parametrize("approved", [True, False])
def test_only_what_was_approved_is_written_if_it_was(approved: bool) -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "a")
    service.then("PUT", lambda: service.change("U", "append", "z"))
    write({"u": wave}, [(step("u", remove="b"),)], [], 1, approved=approved)
    assert (told(wave) is not None) is approved
    assert ("PUT U remove z" in service.calls) is not approved


def test_what_somebody_else_did_meanwhile_is_told_of_each() -> None:
    two = Two()
    two.write([])
    assert [said and said.split(":")[0] for said in two.told] == ["Somebody else has changed it while this run worked on it"] * 2


# what has left and did not arrive


def test_what_is_in_no_upgrade_any_more_is_told() -> None:
    two = Two(of_u="abcd", wants_u="d", wants_v="abcx")
    two.service.then("PUT", None, ThingSpaceError("Look at X..", "service"))
    two.write([(step("u", remove="abc"),), (step("v", append="abc"),)], ("a", "u", "v"), ("b", "u", "v"), ("c", "u", "v"))
    assert two.told == (None, "Look at X. a, b, c left wave (U) and did not arrive: no upgrade of this rollout holds them.")


def test_what_may_have_arrived_is_told_so() -> None:
    two = Two()
    two.service.then("PUT", None, lost()).then("GET", None, ThingSpaceError("It cannot be read.", "forbidden"))
    two.write(LEAVE_THEN_ARRIVE, ("a", "u", "v"))
    assert two.told == (
        None,
        "It cannot be read. A change of 1 devices was sent before, and whether it was made is unknown: run the task again. "
        "a left wave (U) and may not have arrived: look before they are put elsewhere.",
    )


def test_a_refused_arrival_makes_a_failure_of_its_own() -> None:
    two = Two()
    two.service.then("PUT", None, {"deviceList": [{"deviceId": "a", "status": "AddDeviceFailed", "Reason": "no"}]})
    two.write(LEAVE_THEN_ARRIVE, ("a", "u", "v"))
    assert two.told == (None, "a left wave (U) and did not arrive: no upgrade of this rollout holds them.")
    assert two.v.failure is not None
    assert two.v.failure.kind == "state"


def test_what_was_held_back_is_not_told_twice() -> None:
    two = Two()
    two.service.then("PUT", {"deviceList": [{"deviceId": "a", "status": "RemoveDeviceFailed", "Reason": "no"}]})
    two.service.then("GET", None).then("PUT", None)
    two.write(LEAVE_THEN_ARRIVE, ("a", "u", "v"))
    assert two.told == (None, "Not appended, since they are not known to have left where they are: a still in wave (U).")
