# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One declared upgrade in a rollout, step by step, against a service that does what it is told to."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import Upgrade, UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, RailError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.moves import Entry
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan
from ansible_collections.thingspace.fota.plugins.module_utils._plan.stages import Step
from ansible_collections.thingspace.fota.plugins.module_utils._plan.target import Limits
from ansible_collections.thingspace.fota.plugins.module_utils._tasks.rollout.wave import Part, Wave
from support.fake_membership import DONE, IN, NO, OUT, seen
from support.fake_service import ACCOUNT, KEY, FakeService
from support.fake_waves import FREE, declared, lost, new, plan, there

NOTHING: t.Mapping[str, str] = {}


def take(wave: Wave, append: str = "", remove: str = "", *, empties: bool = False, approved: bool = False, late: bool = False, **more: t.Any) -> None:
    step = Step("ref", frozenset(append), frozenset(remove), empties)
    wave.take(step, more.get("held_back", NOTHING), more.get("staying", NOTHING), approved=approved, late=late)


def told(wave: Wave) -> tuple[str, str] | None:
    return (wave.failure.kind, wave.failure.message) if wave.failure else None


# what it is


def test_a_part_is_its_writes_as_far_as_they_are_missing() -> None:
    part = Part("exact", frozenset("z"), FREE, 10, append=frozenset("abc"), remove=frozenset("xy"))
    assert part.plan(seen("ax", "by")) == plan("c", "x", "b")


def test_a_wave_knows_nothing_at_first() -> None:
    service = FakeService()
    wave = Wave(declared("ab"), service.client, ACCOUNT)
    assert wave.progress.first == Upgrade("", ACCOUNT, "F", "2.1", "2999-01-01", "2999-03-01", "RequestPending", {})
    flags = (wave.seen, wave.past, wave.moves, wave.empty_meanwhile, wave.predicted)
    assert all(flag is False for flag in flags)
    assert (wave.plan, wave.withheld, wave.staying, wave.known, wave.failure) == (Plan(), {}, {}, frozenset(), None)
    assert wave.failure is None
    assert (wave.declared.target.declared, wave.client) == (frozenset("ab"), service.client)
    assert (wave.new, wave.ref, wave.unsettled) == (True, str(KEY), False)


def test_one_that_is_known_by_its_id_has_no_key() -> None:
    wave = Wave(declared("ab", "U"), FakeService().client, ACCOUNT)
    assert wave.progress.first == Upgrade("", ACCOUNT, None, None, None, "2999-03-01", "RequestPending", {})
    assert wave.ref == "U"


def test_what_was_read_is_what_it_works_on() -> None:
    service = FakeService()
    service.add("U", "a")
    wave = Wave(declared("ab"), service.client, ACCOUNT)
    wave.read("U")
    assert (wave.progress.first.upgrade_id, wave.progress.last.members) == ("U", frozenset("a"))
    assert (wave.new, wave.ref, service.calls) == (False, "U", ["GET U"])


@pytest.mark.parametrize(("first", "past", "is_new"), [(False, False, True), (False, True, False), (True, False, False), (True, True, False)])
def test_whether_it_is_new(first: bool, past: bool, is_new: bool) -> None:
    service = FakeService()
    service.add("U", "a")
    wave = there(service, "a") if first else new(service, "a")
    wave.past = past
    assert wave.new is is_new


def test_as_the_plan_over_all_looks_at_it() -> None:
    service = FakeService()
    service.add("U", "ab", "c")
    assert there(service, "acd").entry() == Entry("u", "wave (U)", "exact", frozenset("acd"), frozenset("ab"), frozenset("c"), "Queued", True, True)


def test_one_that_runs_holds_its_devices_and_is_not_open() -> None:
    service = FakeService()
    service.add("U", "ab", status="InProgress")
    entry = there(service, "ab", state="present").entry()
    assert (entry.state, entry.status, entry.is_open, entry.holds) == ("present", "InProgress", False, True)


def test_one_that_is_over_holds_nothing() -> None:
    service = FakeService()
    service.add("U", "ab", status="Finished")
    entry = there(service, "ab").entry()
    assert (entry.is_open, entry.holds) == (False, False)


def test_a_new_one_has_no_status() -> None:
    entry = new(FakeService(), "ab").entry()
    assert entry == Entry(str(KEY), f"wave ({KEY})", "exact", frozenset("ab"), status="", is_open=True, holds=True)


def test_one_of_the_past_wants_nothing() -> None:
    wave = new(FakeService(), "ab")
    wave.past = True
    assert (wave.entry().declared, wave.entry().state) == (frozenset(), "present")


# what it is to become


def test_without_moves_the_declaration_is_the_target() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc", plan("c"))
    assert wave.target is wave.declared.target


def test_with_moves_the_plan_is_the_target() -> None:
    service = FakeService()
    service.add("U", "ab", "r")
    wave = there(service, "bcr", plan("c", "a", "r"), moves=True)
    assert wave.target == Part("exact", frozenset("bcr"), FREE, 10, None, plan("c", "a", "r"), frozenset("cr"), frozenset("a"), frozenset("bcr"))


def test_what_has_to_permit_removals_is_asked_about_those_of_a_move_too() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "b", plan("", "a"), moves=True)
    asked: list[frozenset[str]] = []

    def veto(removals: frozenset[str]) -> None:
        asked.append(removals)

    aim = dataclasses.replace(wave.declared.target, veto=veto)
    wave.declared = dataclasses.replace(wave.declared, target=aim)
    take(wave, "", "a")
    assert asked == [frozenset("a")]


@pytest.mark.parametrize("past", [True, False])
def test_of_one_that_is_not_there_the_plan_is_the_target(past: bool) -> None:
    wave = new(FakeService(), "ab", state="present")
    wave.past = past
    assert wave.target == Part("present", frozenset("ab"), FREE, 10, None, plan("ab"), frozenset("ab"), wanted=frozenset("ab"))


@pytest.mark.parametrize(
    ("moves", "remove", "state"), [(True, "a", "exact"), (True, "", "present"), (False, "a", "present")], ids=["leaves", "arrives", "no move"]
)
def test_what_leaves_for_another_counts_as_removed_by_the_declaration(moves: bool, remove: str, state: str) -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "ab", plan("c", remove), moves=moves, state="present")
    wave.past = True
    assert wave.target.state == state


def test_nothing_can_be_scheduled_without_devices() -> None:
    service = FakeService()
    with pytest.raises(InputError) as failure:
        new(service, "").check()
    assert str(failure.value) == "it is not there yet, and to schedule it at least one device is needed."
    new(service, "", state="absent").check()
    new(service, "a").check()
    service.add("U")
    there(service, "").check()


def test_rails_hold_for_what_leaves_for_another() -> None:
    service = FakeService()
    service.add("U", "abcdefghij")
    limits = Limits(allow_empty=True, max_removal_percent=30, max_removals=None)
    there(service, "abcdefghij", plan("", "abc"), moves=True, state="present", limits=limits).check()
    there(service, "abcdefghij", plan("", "abcd"), moves=False, state="present", limits=limits).check()
    with pytest.raises(RailError, match="4 of 10 devices"):
        there(service, "abcdefghij", plan("", "abcd"), moves=True, state="present", limits=limits).check()


def test_what_it_has_brought_in_and_let_go() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc")
    take(wave, "c", "a")
    assert [device for device in "abcd" if wave.got(device)] == ["c"]
    assert [device for device in "abcd" if wave.lost(device)] == ["a"]


def test_what_was_acknowledged_and_could_not_be_read_back_counts() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc")
    service.then("GET", ThingSpaceError("It cannot be read.", "forbidden"))
    take(wave, "c", "a")
    assert [device for device in "abcd" if wave.got(device)] == ["c"]
    assert [device for device in "abcd" if wave.lost(device)] == ["a"]


@pytest.mark.parametrize(("scheduler", "unread"), [(False, False), (True, False), (False, True)])
def test_whether_nobody_knows(scheduler: bool, unread: bool) -> None:
    wave = new(FakeService(), "a")
    wave.scheduler.unsettled, wave.progress.unread = scheduler, unread
    assert wave.unsettled is (scheduler or unread)


@pytest.mark.parametrize("devices", ["", "a", "ab"])
def test_what_was_lost_and_is_not_shown_is_what_nobody_knows(devices: str) -> None:
    wave = new(FakeService(), "ab")
    wave.progress.lost["append"] = set(devices)
    assert wave.unsettled is bool(devices)


# what is done


def test_a_prediction_is_the_plan() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc")
    wave.predict()
    assert (wave.predicted, wave.progress.last.members) == (True, frozenset("bc"))
    assert wave.progress.sent == {"append": {"c"}, "remove": {"a"}}
    assert (wave.got("c"), wave.lost("a"), service.calls) == (True, True, [])


def test_a_prediction_of_nothing_is_none() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "ab")
    wave.predict()
    assert (wave.predicted, wave.progress.sent, wave.progress.last) == (False, {"append": set(), "remove": set()}, wave.progress.first)


def test_without_moves_it_follows_what_others_change() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc")
    service.then("PUT", lambda: service.change("U", "append", "z"))
    take(wave, "c", "a")
    assert (service.calls, told(wave), service.held("U")) == (["PUT U append c", "PUT U remove a", "GET U", "PUT U remove z", "GET U"], None, "bc")


def test_without_moves_nothing_but_what_was_approved_is_written() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "bc")
    service.then("PUT", lambda: service.change("U", "append", "z"))
    take(wave, "c", "a", approved=True)
    assert service.calls == ["PUT U append c", "PUT U remove a", "GET U"]
    assert told(wave) == (
        "state",
        "The upgrade U has changed since the plan was approved: more than the approved writes would be needed now. Have the new plan reviewed.",
    )


def test_with_moves_a_step_is_what_is_written() -> None:
    service = FakeService()
    service.add("U", "abx")
    wave = there(service, "xcd", plan("cd", "ab"), moves=True)
    take(wave, "c", "a")
    assert (service.calls, told(wave), service.held("U")) == (["PUT U append c", "PUT U remove a", "GET U"], None, "bcx")
    assert wave.progress.last.members == {"b", "c", "x"}
    assert wave.withheld == wave.staying == {}


def test_with_moves_nothing_but_the_plan_is_written() -> None:
    service = FakeService()
    service.add("U", "abx")
    wave = there(service, "xc", plan("c", "a"), moves=True)
    take(wave, "c", "b")
    assert (service.calls, wave.failure and wave.failure.kind) == ([], "state")


def test_what_is_held_back_or_stays_is_not_written() -> None:
    service = FakeService()
    service.add("U", "abx")
    wave = there(service, "xcd", plan("cd", "ab"), moves=True)
    take(wave, "cd", "ab", held_back={"c": "other"}, staying={"a": "third"})
    assert (service.calls, wave.withheld, wave.staying) == (["PUT U append d", "PUT U remove b", "GET U"], {"c": "other"}, {"a": "third"})


@pytest.mark.parametrize(("append", "remove"), [("c", ""), ("", "a")])
def test_a_step_of_which_nothing_is_left_makes_no_call(append: str, remove: str) -> None:
    service = FakeService()
    service.add("U", "ax")
    wave = there(service, "xc", plan("c", "a"), moves=True)
    take(wave, append, remove, held_back=dict.fromkeys(append, "other"), staying=dict.fromkeys(remove, "third"))
    assert (service.calls, told(wave)) == ([], None)


@pytest.mark.parametrize(("append", "remove", "call"), [("c", "", "PUT U append c"), ("", "a", "PUT U remove a")])
def test_a_step_of_one_kind_is_written(append: str, remove: str, call: str) -> None:
    service = FakeService()
    service.add("U", "ax")
    take(there(service, "xc", plan("c", "a"), moves=True), append, remove)
    assert service.calls == [call, "GET U"]


EMPTY = ("state", "None of its new devices is in, so its 2 devices are not removed: it would be empty.")


@pytest.mark.parametrize(
    ("members", "append", "remove", "empties", "failure"),
    [
        ("ab", "", "ab", False, EMPTY),
        ("ab", "", "ab", True, None),  # the plan says so
        ("ab", "c", "ab", False, None),
        ("abx", "", "ab", False, None),
    ],
)
def test_it_is_not_emptied_where_its_new_devices_did_not_arrive(members: str, append: str, remove: str, empties: bool, failure: tuple[str, str] | None) -> None:
    service = FakeService()
    service.add("U", members)
    wave = there(service, "c", plan("c", "ab"), moves=True)
    take(wave, append, remove, empties=empties)
    assert told(wave) == failure
    assert service.held("U") == (members if failure else "".join(sorted({*members, *append} - {*remove})))


def test_one_that_is_to_be_empty_is_emptied() -> None:
    service = FakeService()
    service.add("U", "ab")
    wave = there(service, "", plan("", "ab"), moves=True)
    take(wave, "", "ab")
    assert (told(wave), service.held("U")) == (None, "")


def test_a_step_that_removes_nothing_may_find_it_empty() -> None:
    service = FakeService()
    service.add("U", "")
    wave = there(service, "cd", plan("cd"), moves=True)
    take(wave, "c")
    take(wave, "", "")
    assert told(wave) is None


def test_a_failure_is_kept() -> None:
    service = FakeService()
    service.add("U", "ax")
    wave = there(service, "xc")
    service.then("PUT", ThingSpaceError("No.", "forbidden"))
    take(wave, "c", "a")
    assert told(wave) == ("forbidden", "No.")


def test_a_mistake_of_ours_is_kept_too() -> None:
    service = FakeService()
    service.then("POST", ValueError("x"))
    wave = new(service, "ab")
    take(wave, "ab")
    assert told(wave) == ("internal", "A mistake in this collection, please report it: ValueError: x.")


# its end


@pytest.mark.parametrize(
    ("members", "failure"),
    [
        ("bc", None),
        ("b", "1 declared devices are missing (c), 0 others are in it (none)"),
        ("bcz", "0 declared devices are missing (none), 1 others are in it (z)"),
        ("az", "2 declared devices are missing (b, c), 2 others are in it (a, z)"),
    ],
)
def test_what_somebody_else_has_changed_meanwhile_is_found_out(members: str, failure: str | None) -> None:
    service = FakeService()
    service.add("U", members)
    wave = there(service, "bc", moves=True)
    wave.check_end()
    assert told(wave) == (failure and ("state", f"Somebody else has changed it while this run worked on it: {failure}. Run it again."))


def test_what_is_missing_with_a_reason_is_nobody_elses_doing() -> None:
    service = FakeService()
    service.add("U", "xyb")
    wave = there(service, "bcd", moves=True)
    wave.progress.answers = {"append": {"c": NO}, "remove": {"x": NO}}
    wave.withheld, wave.staying = {"d": "other"}, {"y": "third"}
    wave.check_end()
    assert told(wave) is None


def test_what_was_acknowledged_and_undone_by_somebody_else_is_found_out() -> None:
    service = FakeService()
    service.add("U", "xb")
    wave = there(service, "bc", moves=True)
    wave.progress.answers = {"append": {"c": DeviceStatus("AddDeviceSucceed", "")}, "remove": {"x": DeviceStatus("RemoveDeviceSucceed", "")}}
    wave.check_end()
    assert "1 declared devices are missing (c), 1 others are in it (x)" in str(wave.failure and wave.failure.message)


@pytest.mark.parametrize("why", ["failure", "moves", "unread"])
def test_what_is_told_otherwise_is_not_told_again(why: str) -> None:
    service = FakeService()
    service.add("U", "a")
    wave = there(service, "b", moves=why != "moves")
    before = wave.failure = ThingSpaceError("No.", "service") if why == "failure" else None
    wave.progress.unread = why == "unread"
    wave.check_end()
    assert wave.failure is before


# scheduling


def test_it_is_scheduled_once_with_all_its_devices() -> None:
    service = FakeService()
    wave = new(service, "ab")
    take(wave, "ab")
    assert service.calls == ["POST ab", "LIST RequestPending", "LIST Queued", "LIST InProgress", "LIST Finished", "GET N1"]
    assert service.posted == [
        {"accountName": ACCOUNT, "firmwareName": "F", "firmwareTo": "2.1", "startDate": "2999-01-01", "endDate": "2999-03-01", "deviceList": ["a", "b"]}
    ]
    assert (told(wave), wave.ref, wave.new, wave.unsettled) == (None, "N1", True, False)
    assert wave.progress.sent["append"] == wave.progress.last.members == set("ab")
    assert wave.progress.answers["append"] == dict.fromkeys("ab", IN)
    service.calls.clear()
    take(wave, "ab")
    assert service.calls == []


def test_without_devices_nothing_is_scheduled() -> None:
    service = FakeService()
    wave = new(service, "ab")
    take(wave, "ab", held_back={"a": "other", "b": "other"})
    assert (service.calls, told(wave)) == ([], None)


def test_one_without_a_key_is_never_scheduled() -> None:
    service = FakeService()
    wave = Wave(declared("ab", "U"), service.client, ACCOUNT)
    take(wave, "ab")
    assert (service.calls, told(wave)) == ([], None)


def test_a_day_that_is_over_is_never_scheduled() -> None:
    service = FakeService()
    wave = new(service, "a", key=UpgradeKey("F", "2.1", "2000-01-01"))
    take(wave, "a")
    assert service.calls == []
    assert wave.failure is not None
    assert (wave.failure.kind, "its day lies before today" in wave.failure.message) == ("state", True)


def test_a_device_that_the_answer_leaves_out_is_looked_for_and_not_sent() -> None:
    service = FakeService()

    def make_half() -> t.Any:
        service.make(service.posted[0])
        return {"id": "N1", "status": "RequestPending", "deviceList": [{"deviceId": "a", "status": "Device Rejected", "resultReason": "not eligible"}]}

    service.then("POST", make_half)
    wave = new(service, "ab")
    take(wave, "ab")
    assert wave.progress.answers["append"] == {"a": OUT, "b": IN}
    assert (told(wave), [call for call in service.calls if "PUT" in call]) == (None, [])


def test_late_it_is_looked_for_before() -> None:
    service = FakeService()
    wave = new(service, "ab")
    take(wave, "ab", late=True)
    lists = ["LIST RequestPending", "LIST Queued", "LIST InProgress", "LIST Finished"]
    assert (service.calls, told(wave)) == ([*lists, "POST ab", *lists, "GET N1"], None)


def test_what_somebody_else_has_scheduled_meanwhile_is_converged() -> None:
    service = FakeService()
    service.add("V", "az")
    wave = new(service, "ab")
    take(wave, "ab", late=True)
    assert service.posted == []
    assert service.calls[4:] == ["GET V", "PUT V append b", "PUT V remove z", "GET V"]
    assert (told(wave), wave.ref, wave.new, service.held("V")) == (None, "V", False, "ab")


def test_what_somebody_else_has_scheduled_is_not_what_was_approved() -> None:
    service = FakeService()
    service.add("V", "az")
    wave = new(service, "ab")
    take(wave, "ab", late=True, approved=True)
    assert told(wave) == ("state", "Somebody else has scheduled it meanwhile, as V: that is not the plan that was approved.")
    assert (service.calls[4:], wave.ref) == (["GET V"], "V")


def test_what_somebody_else_has_scheduled_gets_no_device_that_is_still_elsewhere() -> None:
    service = FakeService()
    service.add("V", "az")
    wave = new(service, "abc")
    take(wave, "abc", late=True, held_back={"c": "other"})
    assert (service.calls[4:], told(wave)) == (["GET V", "PUT V append b", "GET V"], None)


def test_two_of_them_are_a_failure() -> None:
    service = FakeService()
    service.add("V", "a")
    service.add("W", "a")
    wave = new(service, "ab")
    take(wave, "ab", late=True)
    assert told(wave) == ("state", f"There are 2 upgrades {KEY}: V (Queued), W (Queued). Cancel all but one of them by upgrade_id.")
    assert service.posted == []


def test_what_somebody_else_has_scheduled_and_cannot_be_read_is_not_ours() -> None:
    service = FakeService()
    service.add("V", "az")
    service.then("GET", ThingSpaceError("It cannot be read.", "forbidden"))
    wave = new(service, "ab")
    take(wave, "ab", late=True)
    assert told(wave) == ("forbidden", "It cannot be read.")
    assert (wave.ref, wave.progress.sent["append"], wave.progress.answers["append"]) == (str(KEY), set(), {})


@pytest.mark.parametrize("when", [1, 2])
def test_what_somebody_else_has_scheduled_and_the_service_has_refused_says_why(when: int) -> None:
    service = FakeService()
    body = service.add("V", "a")
    refused = {**body, "status": "RequestFailed", "deviceList": [{"deviceId": "a", "status": "Device Rejected", "resultReason": "no"}]}
    service.then("GET", *[None] * (when - 1), *[refused] * 9)
    wave = new(service, "ab")
    take(wave, "ab", late=True)
    assert told(wave) == ("state", "The upgrade V was refused by the service (RequestFailed). a: no.")


def test_a_refused_post_is_a_failure() -> None:
    service = FakeService()
    service.then("POST", ThingSpaceError("No.", "service"))
    wave = new(service, "ab")
    take(wave, "ab")
    assert (told(wave), wave.unsettled, wave.progress.sent["append"]) == (("service", "No."), False, set())


def test_a_lost_post_that_made_it_is_found() -> None:
    service = FakeService()
    service.then("POST", lambda: service.make(service.posted[0]) and lost())
    wave = new(service, "ab")
    take(wave, "ab")
    assert (told(wave), wave.ref, len(service.posted), wave.got("a")) == (None, "N1", 1, True)


def test_an_upgrade_that_was_refused_before_is_not_taken_for_what_a_lost_post_made() -> None:
    service = FakeService()
    service.add("OLD", "ab", status="RequestFailed")
    service.then("POST", lost())
    wave = new(service, "ab")
    wave.known = frozenset({"old"})
    take(wave, "ab")
    assert (wave.unsettled, wave.failure and wave.failure.kind) == (True, "unreachable")


def test_one_that_is_refused_as_a_whole_says_why() -> None:
    service = FakeService()

    def refuse() -> t.Any:
        return {**service.add("N1", refused="ab", status="RequestFailed")}

    service.then("POST", refuse)
    wave = new(service, "ab")
    take(wave, "ab")
    assert told(wave) == ("state", "The upgrade N1 was refused by the service (RequestFailed). a: not eligible; b: not eligible.")
    assert not [call for call in service.calls if call.startswith(("GET", "PUT"))]


def test_one_that_is_refused_while_its_devices_are_looked_for_says_why() -> None:
    service = FakeService()
    wave = new(service, "ab")
    pending = {"id": "N1", "status": "RequestPending", "deviceList": []}
    refused = {"id": "N1", "status": "RequestFailed", "deviceList": [{"deviceId": "a", "status": "Device Rejected", "resultReason": "no"}]}
    service.then("GET", pending, *[refused] * 9)
    take(wave, "ab")
    assert told(wave) == ("state", "The upgrade N1 was refused by the service (RequestFailed). a: no.")


def test_what_failed_after_it_was_scheduled_is_known() -> None:
    service = FakeService()
    wave = new(service, "ab")
    service.then("LIST", ThingSpaceError("No.", "forbidden"))
    take(wave, "ab")
    assert (told(wave), wave.ref, wave.got("a")) == (("forbidden", "No."), "N1", True)
    assert wave.progress.answers["append"]["a"].status in (IN.status, DONE["append"].status)
