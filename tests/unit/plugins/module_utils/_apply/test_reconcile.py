# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a plan reaches a service that fails in any way, call by call, and what the progress knows of it afterwards."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import ChangeAnswer
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus, Operation
from ansible_collections.thingspace.fota.plugins.module_utils._apply.progress import Progress, changes_of, landed
from ansible_collections.thingspace.fota.plugins.module_utils._apply.reconcile import reconcile, write_of
from ansible_collections.thingspace.fota.plugins.module_utils._errors import RailError, StateError, ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.guardrails import check_write
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan, State
from ansible_collections.thingspace.fota.plugins.module_utils._plan.target import Limits, Target
from ansible_collections.thingspace.fota.plugins.module_utils._results.membership import Changes
from support.fake_membership import DONE, IN, NO, OUT, Clock, FakeMembership, Seen, seen

FREE = Limits(allow_empty=True, max_removal_percent=100, max_removals=None)
REFUSED = ThingSpaceError("No.", "service")
UNKNOWN = "A change of 1 devices was sent before, and whether it was made is unknown: run the task again."


def target(declared: str, state: State = "exact", **more: t.Any) -> Target:
    return Target(state, frozenset(declared), more.pop("limits", FREE), more.pop("batch_size", 10), **more)


def lost(carried_out: bool | None = None, retry_after: float | None = None) -> UnsettledError:
    return UnsettledError("The answer was lost.", "unreachable", carried_out=carried_out, retry_after=retry_after)


class Run:
    """One run, with all that can be seen of it."""

    def __init__(
        self, membership: FakeMembership, aim: Target, timeout: float = 10, progress: Progress[Seen] | None = None, clock: Clock | None = None
    ) -> None:
        self.membership = membership
        self.clock = clock or Clock()
        self.progress = progress or Progress(membership.now)
        reconcile(membership, aim, self.progress, lambda: self.clock.backoff(timeout))

    @property
    def calls(self) -> list[str]:
        return self.membership.calls

    @property
    def held(self) -> str:
        return "".join(sorted(self.membership.now.members))

    @property
    def failure(self) -> tuple[str, str] | None:
        return (self.progress.failure.kind, self.progress.failure.message) if self.progress.failure else None


# what a progress knows


def sent(run: Progress[Seen], append: str = "", remove: str = "") -> Progress[Seen]:
    run.sent = {"append": set(append), "remove": set(remove)}
    return run


def test_a_new_progress_knows_nothing() -> None:
    run = Progress(seen("ab"))
    assert (run.first, run.last, run.unread, run.failure, run.unsettled) == (seen("ab"), seen("ab"), False, None, 0)
    assert run.sent == run.lost == {"append": set(), "remove": set()}
    assert run.answers == {"append": {}, "remove": {}}


def test_what_landed_is_what_was_sent_and_read() -> None:
    run = sent(Progress(seen("abcz")), append="bde", remove="acz")
    run.last = seen("bcdy")
    assert run.landed("append") == {"d"}
    assert run.landed("remove") == {"a", "z"}


def test_what_was_acknowledged_has_landed_as_long_as_nobody_has_read() -> None:
    run = sent(Progress(seen("ab")), append="cd", remove="ab")
    run.answers = {"append": {"c": DONE["append"], "d": NO}, "remove": {"a": DONE["remove"], "b": NO}}
    assert (run.landed("append"), run.landed("remove")) == (set(), set())
    run.unread = True
    assert (run.landed("append"), run.landed("remove")) == ({"c"}, {"a"})
    assert (run.acknowledged("append"), run.acknowledged("remove")) == ({"c"}, {"a"})


def test_that_a_device_is_accepted_acknowledges_its_arrival_and_not_its_leaving() -> None:
    run = Progress(seen("a"))
    run.answers = {"append": {"b": IN}, "remove": {"a": IN}}
    assert (run.acknowledged("append"), run.acknowledged("remove")) == ({"b"}, set())


def test_how_many_changes_nobody_knows_of() -> None:
    run = Progress(seen("ab"))
    run.lost = {"append": {"c", "d"}, "remove": {"a", "b"}}
    run.answers = {"append": {"c": DONE["append"], "d": NO}, "remove": {"a": DONE["remove"], "b": NO}}
    # A read that does not show them may have come too early, and a second try may be refused since the first one was carried out.
    assert run.unsettled == 2
    run.last = seen("b", refused="d")
    assert run.unsettled == 1
    run.last = seen("ad")
    assert run.unsettled == 0
    run.unread = True
    assert run.unsettled == 2


def test_how_many_acknowledged_changes_are_not_shown() -> None:
    run = Progress(seen("ab"))
    run.answers = {"append": {"c": DONE["append"], "d": NO, "e": DONE["append"]}, "remove": {"a": DONE["remove"], "c": DONE["remove"]}}
    assert run.unseen(Plan(frozenset("cdx"), frozenset("ab"))) == 2
    assert run.unseen(Plan()) == 0


@pytest.mark.parametrize(
    ("answers", "missing", "doubtful"),
    [
        ({}, "c", False),
        ({"c": NO}, "c", False),
        ({"c": DONE["append"]}, "c", True),
        ({"c": DeviceStatus("Whatever", "")}, "c", True),
        ({"c": DONE["append"]}, "d", False),
        ({"c": NO, "d": DONE["append"]}, "cd", True),
    ],
)
def test_what_may_yet_be_shown(answers: dict[str, DeviceStatus], missing: str, doubtful: bool) -> None:
    plans: dict[Operation, Plan] = {"append": Plan(append=frozenset(missing)), "remove": Plan(remove=frozenset(missing))}
    for operation, plan in plans.items():
        run = Progress(seen("a"))
        run.answers[operation] = answers
        assert run.doubtful(plan) is doubtful


def test_what_was_lost_once_may_yet_be_shown_though_it_is_refused_now() -> None:
    run = Progress(seen("a"))
    run.lost["append"], run.answers["append"] = {"c"}, {"c": NO}
    assert run.doubtful(Plan(append=frozenset("c")))
    assert not run.doubtful(Plan(append=frozenset("d")))


# what must not be sent


def refusal(aim: Target, run: Progress[Seen], append: str = "", remove: str = "") -> str:
    with pytest.raises((StateError, RailError)) as failure:
        check_write(write_of("the upgrade X", aim, run, Plan(frozenset(append), frozenset(remove))))
    return f"{failure.value.kind}: {failure.value.message}"


def test_an_upgrade_that_has_started_is_left_alone() -> None:
    assert refusal(target("ab"), Progress(seen("cde", status="InProgress", is_open=False)), "ab", "cde") == (
        "state: The upgrade X is InProgress: devices can be appended and removed only before it starts "
        "(while it is RequestPending or Queued), and 2 to append, 3 to remove are missing."
    )


@pytest.mark.parametrize(("append", "remove"), [("ax", "c"), ("a", "cx"), ("x", "x"), ("x", ""), ("", "x")])
def test_more_than_was_approved_is_not_sent(append: str, remove: str) -> None:
    aim = target("ab", approved=Plan(frozenset("ab"), frozenset("cd")))
    assert refusal(aim, Progress(seen("cdx")), append, remove) == (
        "state: The upgrade X has changed since the plan was approved: more than the approved writes would be needed now. Have the new plan reviewed."
    )


def test_what_was_approved_or_a_part_of_it_is_sent() -> None:
    aim = target("ab", approved=Plan(frozenset("ab"), frozenset("cd")))
    for append, remove in (("ab", "cd"), ("a", "c"), ("", "")):
        check_write(write_of("the upgrade X", aim, Progress(seen("cd")), Plan(frozenset(append), frozenset(remove))))


def test_removals_that_were_done_count_for_the_rails() -> None:
    # One is seen to be gone, one only acknowledged, one is still to come: three of the ten of the first read.
    run = sent(Progress(seen("abcdefghij")), remove="ab")
    run.last = seen("bcdefghij")
    run.answers["remove"]["b"] = DONE["remove"]
    aim = target("", limits=Limits(allow_empty=True, max_removal_percent=29, max_removals=None))
    assert refusal(aim, run, remove="c").startswith("rail: 3 of 10 devices (30.0 %)")
    check_write(write_of("the upgrade X", target("", limits=Limits(True, 30, None)), run, Plan(remove=frozenset("c"))))
    # What is still to come is not counted twice.
    check_write(write_of("the upgrade X", target("", limits=Limits(True, 30, None)), run, Plan(remove=frozenset("bc"))))


def test_removals_that_could_not_be_read_back_count_for_the_rails() -> None:
    run = sent(Progress(seen("abcdefghij")), remove="ab")
    run.answers["remove"] = dict.fromkeys("ab", DONE["remove"])
    run.unread = True
    assert refusal(target("", limits=Limits(True, 29, None)), run, remove="c").startswith("rail: 3 of 10 devices")


def test_what_is_there_now_counts_for_the_rails_too() -> None:
    run = Progress(seen("abcdefghi"))
    run.last = seen("abcdefghij")
    assert refusal(target("", limits=Limits(True, 30, None)), run, remove="abcd").startswith("rail: 4 of 10 devices")


def test_rails_know_the_state() -> None:
    check_write(write_of("the upgrade X", target("abcd", "absent", limits=Limits(True, 0, None)), Progress(seen("abcdefghij")), Plan(remove=frozenset("abcd"))))
    assert refusal(target("abcd", "absent", limits=Limits(True, 0, 3)), Progress(seen("abcdefghij")), remove="abcd").startswith("rail: 4 of 10")


def test_a_permit_is_asked_about_the_removals_that_are_to_be_sent() -> None:
    asked: list[frozenset[str]] = []
    check_write(write_of("the upgrade X", target("a", veto=asked.append), Progress(seen("bc")), Plan(frozenset("a"), frozenset("bc"))))
    assert asked == [frozenset("bc")]


# runs


def test_what_is_as_declared_needs_no_call() -> None:
    run = Run(FakeMembership("ab"), target("ab"))
    assert (run.calls, run.failure) == ([], None)


def test_only_the_difference_is_sent_in_batches_and_read_once() -> None:
    run = Run(FakeMembership("stuvw"), target("abcw", batch_size=2))
    assert run.calls == ["append ab", "append c", "remove st", "remove uv", "read"]
    assert (run.held, run.failure, run.clock.pauses) == ("abcw", None, [])
    assert run.progress.sent == {"append": set("abc"), "remove": set("stuv")}
    assert run.progress.answers == {"append": dict.fromkeys("abc", DONE["append"]), "remove": dict.fromkeys("stuv", DONE["remove"])}
    assert run.progress.unread is False
    assert run.progress.last == run.membership.now


def test_the_membership_says_what_goes_first() -> None:
    membership = FakeMembership("z")
    membership.order = ("remove", "append")
    assert Run(membership, target("a")).calls == ["remove z", "append a", "read"]


def test_a_refused_device_stops_no_other_and_is_not_sent_again() -> None:
    membership = FakeMembership("z").then("append", {"a": NO, "b": NO})
    run = Run(membership, target("abc", batch_size=2))
    assert run.calls == ["append ab", "append c", "remove z", "read"]
    assert (run.failure, run.held) == (None, "c")


def test_an_answer_that_leaves_a_device_out_is_read_back_until_the_time_is_over() -> None:
    membership = FakeMembership("z").then("append", lambda: {"a": NO})
    run = Run(membership, target("abz"), timeout=1)
    # It was refused by nobody and acknowledged by nobody.
    assert run.failure == (
        "not_visible",
        "The service's answers say nothing about 1 changes of the upgrade X (b), and no read within retry_timeout shows them: "
        "whether they were made is not known. Run the task again later: it sends only what is still missing then.",
    )
    assert run.calls == ["append ab", "read", "read"]
    assert run.clock.pauses == [0.5]


@pytest.mark.parametrize("answer", [{}, {"b": DeviceStatus("", "")}, {"b": DeviceStatus(" ", " ")}])
def test_an_answer_without_a_word_about_a_device_that_a_later_read_settles(answer: dict[str, DeviceStatus]) -> None:
    for shows in (seen("abz"), seen("az", "b")):
        membership = FakeMembership("z").then("append", {"a": DONE["append"], **answer}).then("read", seen("az"), shows)
        run = Run(membership, target("abz"))
        assert (run.calls, run.failure) == (["append ab", "read", "read"], None)
        assert run.progress.landed("append") == set("ab") & shows.members


def test_a_removal_without_a_word_is_not_known_either() -> None:
    run = Run(FakeMembership("abcdez").then("remove", {"a": DONE["remove"]}).then("read", *[seen("bcdez")] * 3), target("z"), timeout=1)
    assert run.failure is not None
    assert run.failure[0] == "not_visible"
    assert "nothing about 4 changes of the upgrade X (b, c, d and 1 more)" in run.failure[1]
    assert run.calls == ["remove abcde", "read", "read"]


def test_words_that_nobody_knows_are_a_refusal_once_the_time_is_over() -> None:
    run = Run(FakeMembership("z").then("append", {"a": DeviceStatus("Whatever", "")}), target("az"), timeout=1)
    assert (run.calls, run.failure) == (["append a", "read", "read"], None)


def test_what_is_acknowledged_and_shown_late_is_waited_for() -> None:
    membership = FakeMembership("").then("read", seen(), seen())
    run = Run(membership, target("a"))
    assert (run.calls, run.failure) == (["append a", "read", "read", "read"], None)
    assert run.clock.pauses == [0.5, 1.0]


def test_what_is_acknowledged_and_never_shown_is_a_failure() -> None:
    run = Run(FakeMembership("yz").then("append", dict.fromkeys("ab", DONE["append"])), target("abyz"), timeout=1)
    assert run.calls == ["append ab", "read", "read"]
    assert run.failure == (
        "not_visible",
        "The service acknowledged 2 changes of the upgrade X and does not show them within retry_timeout. "
        "Run the task again later: it sends only what is still missing then.",
    )


def test_a_lost_answer_is_settled_by_a_read() -> None:
    membership = FakeMembership("z")
    membership.then("append", membership.done_but("append", "ab", lost(retry_after=3)))
    run = Run(membership, target("abz"))
    assert (run.calls, run.failure, run.clock.pauses) == (["append ab", "read"], None, [3])
    assert run.progress.lost == {"append": set("ab"), "remove": set()}
    assert run.progress.landed("append") == set("ab")


def test_what_is_missing_after_a_lost_answer_is_sent_again_and_nothing_else() -> None:
    membership = FakeMembership("z")
    membership.then("append", membership.done_but("append", "a", lost()))
    run = Run(membership, target("abc"))
    # Nothing more is sent after a batch without an answer.
    assert run.calls == ["append abc", "read", "append bc", "remove z", "read"]
    assert (run.held, run.failure) == ("abc", None)


def test_what_was_surely_not_carried_out_is_not_lost() -> None:
    run = Run(FakeMembership("").then("append", lost(carried_out=False, retry_after=2)), target("a"))
    assert (run.calls, run.failure, run.clock.pauses) == (["append a", "read", "append a", "read"], None, [2])
    assert run.progress.lost["append"] == set()


def test_lost_answers_are_tried_again_as_long_as_the_time_allows() -> None:
    run = Run(FakeMembership("").then("append", *(lost() for dummy in range(9))), target("a"), timeout=4)
    assert run.clock.pauses == [0.5, 1.0, 2.0]
    assert run.calls == ["append a", "read"] * 4
    assert run.failure == ("unreachable", f"The answer was lost. {UNKNOWN}")


def test_an_answer_starts_the_time_for_the_next_lost_one_anew() -> None:
    # In between a whole round of writes was answered; somebody else adds what has to go.
    membership = FakeMembership("")
    membership.then("append", lost(), lost()).then("read", None, None, lambda: membership.do("append", "z")).then("remove", lost())
    run = Run(membership, target("a"), timeout=2)
    assert run.calls == ["append a", "read", "append a", "read", "append a", "read", "remove z", "read", "remove z", "read"]
    assert (run.clock.pauses, run.failure) == ([0.5, 1.0, 0.5], None)


def test_no_try_starts_when_a_read_has_used_up_the_time() -> None:
    clock = Clock()
    membership = FakeMembership("").then("append", lost()).then("read", lambda: clock.sleep(20))
    run = Run(membership, target("a"), clock=clock)
    assert (run.calls, run.failure) == (["append a", "read"], ("unreachable", f"The answer was lost. {UNKNOWN}"))


def test_a_refused_batch_ends_the_run_with_its_own_words() -> None:
    run = Run(FakeMembership("z").then("append", REFUSED), target("a"))
    assert (run.calls, run.progress.failure) == (["append a", "read"], REFUSED)
    assert run.progress.sent == {"append": {"a"}, "remove": set()}


def test_a_refused_batch_is_no_failure_where_nothing_is_missing_any_more() -> None:
    membership = FakeMembership("")
    membership.then("append", membership.done_but("append", "a", ThingSpaceError("No.", "service")))
    run = Run(membership, target("a"))
    assert (run.calls, run.failure) == (["append a", "read"], None)


@pytest.mark.parametrize("error", [ThingSpaceError("No.", "service"), lost()])
def test_a_refusal_since_it_has_started_says_so(error: ThingSpaceError) -> None:
    started = seen("z", status="InProgress", is_open=False)
    run = Run(FakeMembership("z").then("append", error).then("read", started, started), target("a"))
    assert run.failure is not None
    assert run.failure[0] == "state"
    assert run.failure[1].startswith("The upgrade X is InProgress: ")
    assert run.failure[1].removesuffix(f" {UNKNOWN}").endswith("and 1 to append, 1 to remove are missing.")
    assert run.failure[1].endswith(UNKNOWN) == isinstance(error, UnsettledError)
    assert run.calls == ["append a", "read"]


@pytest.mark.parametrize(
    ("error", "timeout", "told"),
    [
        (lambda: ThingSpaceError("No.", "service"), 10, ("service", "No.")),
        # While there was time for another try, what stops it is why it failed.
        (lambda: lost(False), 10, ("forbidden", "It cannot be read.")),
        (lambda: lost(False), 0, ("unreachable", "The answer was lost.")),
        (
            lost,
            0,
            ("unreachable", "The answer was lost. A change of 2 devices was sent before, and whether it was made is unknown: run the task again."),
        ),
    ],
)
def test_a_write_that_nobody_can_read_back(error: t.Callable[[], ThingSpaceError], timeout: float, told: tuple[str, str]) -> None:
    unreadable = ThingSpaceError("It cannot be read.", "forbidden")
    run = Run(FakeMembership("z").then("append", error()).then("read", unreadable), target("abz"), timeout)
    assert (run.failure, run.progress.unread) == (told, True)
    assert run.progress.failure is not None
    assert run.progress.failure.__cause__ is None


def test_a_mistake_of_ours_hides_nothing() -> None:
    run = Run(FakeMembership("z").then("append", KeyError("x")), target("a"))
    assert run.failure == ("internal", "A mistake in this collection, please report it: KeyError: 'x'.")
    assert run.progress.failure is not None
    assert (run.progress.failure.exception or "").startswith("Traceback")
    assert "in converge" in (run.progress.failure.exception or "")


def test_what_is_raised_is_told_otherwise_and_stays_as_it_is() -> None:
    membership = FakeMembership("")
    failure = ThingSpaceError("It cannot be read.", "forbidden", status=403, code="X")
    run = Run(membership.then("append", lost()).then("read", failure), target("a"))
    assert run.failure == ("forbidden", f"It cannot be read. {UNKNOWN}")
    assert failure.message == "It cannot be read."
    assert run.progress.failure is not None
    assert run.progress.failure.as_dict() == {"kind": "forbidden", "status": 403, "code": "X", "message": f"It cannot be read. {UNKNOWN}"}


# what others do meanwhile


def test_what_is_refused_to_us_and_there_all_the_same_is_the_work_of_others() -> None:
    membership = FakeMembership("yz")
    membership.then("append", membership.done_but("append", "ab", {"a": NO, "b": DONE["append"]}))
    membership.then("remove", membership.done_but("remove", "yz", {"y": DeviceStatus("RemoveDeviceFailed", ""), "z": DONE["remove"]}))
    run = Run(membership, target("ab"))
    assert (run.failure, run.held) == (None, "ab")
    assert (run.progress.landed("append"), run.progress.landed("remove")) == (set("b"), set("z"))


@pytest.mark.parametrize("error", [lost(), lost(carried_out=False)])
def test_a_refusal_after_a_try_that_failed_may_mean_that_the_try_was_made(error: UnsettledError) -> None:
    membership = FakeMembership("")
    # It was made, and a read that came too early did not show it.
    membership.then("append", error, membership.done_but("append", "a", {"a": NO}))
    run = Run(membership, target("a"))
    assert (run.calls, run.failure) == (["append a", "read", "append a", "read"], None)
    assert run.progress.landed("append") == {"a"}


# what the service does not tell


UNTOLD = Seen(told=False)


def test_an_upgrade_that_was_emptied_may_lose_its_list_of_devices() -> None:
    run = Run(FakeMembership("ab").then("read", UNTOLD), target(""))
    assert (run.calls, run.failure) == (["remove ab", "read"], None)
    assert run.progress.landed("remove") == set("ab")


@pytest.mark.parametrize(
    ("held", "declared", "steps"),
    [
        ("abz", "z", {}),  # one is to stay
        ("ab", "c", {}),  # one has come
        ("ab", "", {"remove": {"a": DONE["remove"], "b": NO}}),  # one was not removed
        ("ab", "", {"remove": {"a": DONE["remove"]}}),  # nobody knows
    ],
)
def test_a_list_of_devices_that_is_missing_is_no_empty_one(held: str, declared: str, steps: dict[str, t.Any]) -> None:
    membership = FakeMembership(held).then("read", *[UNTOLD] * 9)
    for call, step in steps.items():
        membership.then(call, step)
    run = Run(membership, target(declared), timeout=1)
    assert run.failure is not None
    assert run.failure[0] == "service"
    assert "does not say which devices are in the upgrade X" in run.failure[1]
    assert run.calls.count("read") == 2
    # What it acknowledged has landed; nothing is known of the rest.
    assert run.progress.unread
    assert run.progress.landed("remove") == run.progress.acknowledged("remove")


def test_a_list_of_devices_that_comes_late_is_waited_for() -> None:
    run = Run(FakeMembership("z").then("read", UNTOLD, UNTOLD), target("az"))
    assert (run.calls, run.failure) == (["append a", "read", "read", "read"], None)


def test_somebody_who_writes_all_the_time_ends_it() -> None:
    membership = FakeMembership("")
    for device in "bcdefgh":
        membership.then("read", lambda device=device: membership.do("append", device))
    run = Run(membership, target("a"))
    assert run.calls == ["append a", "read", "remove b", "read", "remove c", "read", "remove d", "read", "remove e", "read"]
    assert run.failure == ("state", "The upgrade X keeps changing: somebody else writes to it while this task runs.")


def test_the_last_round_may_be_the_one_that_gets_there() -> None:
    membership = FakeMembership("")
    for device in "bcde":
        membership.then("read", lambda device=device: membership.do("append", device))
    run = Run(membership, target("a"))
    assert (len(run.calls), run.held, run.failure) == (10, "a", None)


def test_a_later_call_goes_on_where_the_earlier_one_stopped() -> None:
    membership = FakeMembership("").then("append", {"a": NO})
    first = Run(membership, target("a"))
    second = Run(membership, target("ab"), progress=first.progress)
    assert second.calls == ["append a", "read", "append b", "read"]


def test_a_device_that_is_listed_as_rejected_is_not_sent() -> None:
    membership = FakeMembership("z", "a")
    run = Run(membership, target("az"))
    assert (run.calls, membership.now.devices["a"]) == ([], OUT)


def test_rails_hold_in_a_run() -> None:
    run = Run(FakeMembership("abcdefghij"), target("a", limits=Limits(True, 30, None)))
    assert run.calls == []
    assert run.failure is not None
    assert run.failure[0] == "rail"


# a version of the API that carries changes out later, and names no device in its answers


LATER = ChangeAnswer({}, pending=True)


class Later(FakeMembership):
    """Accepts every change, and shows it some reads later, one of each kind."""

    def __init__(self, members: str, reads: int) -> None:
        super().__init__(members)
        self._reads = reads
        self._accepted: list[tuple[int, Operation, str]] = []

    def read(self) -> Seen:
        self.calls.append("read")
        self._accepted = [(left - 1, operation, devices) for left, operation, devices in self._accepted]
        for left, operation, devices in self._accepted:
            if left <= 0:
                self.do(operation, devices)
        return self.now

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        self.calls.append(f"{operation} {''.join(devices)}")
        self._accepted.append((self._reads, operation, "".join(devices)))
        return LATER


@pytest.mark.parametrize("reads", [1, 2, 4])
def test_changes_that_are_carried_out_later_are_waited_for_and_sent_once(reads: int) -> None:
    run = Run(Later("ac", reads), target("ab"))
    assert run.calls == ["append b", "remove c", *["read"] * reads]
    assert (run.held, run.failure) == ("ab", None)
    plan = target("ab").plan(run.progress.last)
    changes = changes_of(run.progress, plan, Changes())
    assert (changes.added, changes.removed, changes.rejected, landed(run.progress, plan)) == ({"b"}, {"c"}, (), True)


def test_changes_that_stay_pending_are_neither_done_nor_rejected_nor_sent_again() -> None:
    run = Run(Later("ac", 1000), target("ab"))
    assert [call for call in run.calls if call != "read"] == ["append b", "remove c"]
    assert run.failure == (
        "not_visible",
        "The service has accepted 2 changes of the upgrade X, and no read within retry_timeout shows them: they are pending. "
        "Run the task again later: it sends only what is still missing then.",
    )
    plan = target("ab").plan(run.progress.last)
    changes = changes_of(run.progress, plan, Changes())
    # Whether handlers must run nobody knows yet: they do.
    assert (changes.added, changes.removed, changes.rejected, landed(run.progress, plan)) == (frozenset(), frozenset(), (), True)


def test_a_change_that_others_undo_while_it_is_pending_is_not_sent_again() -> None:
    membership = Later("a", 1)
    run = Run(membership, target("ab"))
    membership.do("remove", "b")
    again = Run(membership, target("ab"), progress=run.progress)
    assert [call for call in again.calls if call != "read"] == ["append b"]
