# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells about its writes: what landed, what was refused, and what nobody knows."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus, Operation
from ansible_collections.thingspace.fota.plugins.module_utils._apply.progress import Progress, changes_of, judge, landed, rejections
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.plan import Plan
from ansible_collections.thingspace.fota.plugins.module_utils._results.membership import Changes, Rejection
from support.fake_membership import DONE, NO, OUT, Seen, seen

GONE = DeviceStatus("DeviceNotFound", "is not in it")


def progress(first: Seen, last: Seen, *, unread: bool = False, **sent: t.Mapping[str, DeviceStatus | None]) -> Progress[Seen]:
    """A run that has sent devices and was answered so; None for a lost answer."""
    made = Progress(first)
    made.last, made.unread = last, unread
    operations: tuple[Operation, Operation] = ("append", "remove")
    for operation in operations:
        answers = sent.get(operation, {})
        made.sent[operation] = set(answers)
        made.answers[operation] = {device: answer for device, answer in answers.items() if answer is not None}
        made.lost[operation] = {device for device, answer in answers.items() if answer is None}
    return made


@pytest.mark.parametrize(
    ("run", "plan", "changed"),
    [
        (progress(seen("a"), seen("a")), Plan(), False),
        (progress(seen("a"), seen("ab"), append={"b": DONE["append"]}), Plan(), True),
        (progress(seen("ab"), seen("a"), remove={"b": DONE["remove"]}), Plan(), True),
        (progress(seen("a"), seen("a"), append={"b": NO}), Plan(append=frozenset("b")), False),
        # Somebody else brought it in: that is no change of ours.
        (progress(seen("a"), seen("ab")), Plan(), False),
        # The service says that it was done, and does not show it.
        (progress(seen("a"), seen("a"), append={"b": DONE["append"]}), Plan(append=frozenset("b")), True),
        # Neither an answer nor a read after it.
        (progress(seen("a"), seen("a"), unread=True, append={"b": None}), Plan(append=frozenset("b")), True),
        # A read that does not show it may have come too early; one that shows it is an answer.
        (progress(seen("a"), seen("a"), unread=False, append={"b": None}), Plan(append=frozenset("b")), True),
        (progress(seen("a"), seen("a", refused="b"), unread=False, append={"b": None}), Plan(refused=frozenset("b")), False),
    ],
)
def test_whether_something_was_changed(run: Progress[Seen], plan: Plan, changed: bool) -> None:
    assert landed(run, plan) is changed


def test_what_was_read_counts() -> None:
    run = progress(seen("abc"), seen("bdyz"), append={"d": DONE["append"]}, remove={"a": DONE["remove"]})
    known = Changes(duplicates=("d",), plan_digest="digest")
    assert changes_of(run, Plan(), known) == Changes(frozenset("d"), frozenset("a"), (), ("d",), 3, 4, "digest")


def test_without_a_read_what_was_answered_counts() -> None:
    run = progress(seen("abc"), seen("abc"), unread=True, append={"d": DONE["append"], "e": NO}, remove={"a": DONE["remove"], "b": DONE["remove"]})
    changes = changes_of(run, Plan(), Changes())
    assert (changes.added, changes.removed, changes.before_count, changes.after_count) == ({"d"}, {"a", "b"}, 3, 2)


def test_what_is_refused_is_told_sorted_with_the_words_of_the_service() -> None:
    run = progress(seen("rs"), seen("rs", "l"), append={"b": NO, "a": NO, "c": DONE["append"]}, remove={"r": GONE})
    plan = Plan(frozenset("ab"), frozenset("r"), frozenset("l"))
    assert changes_of(run, plan, Changes()).rejected == rejections(run, plan)
    assert rejections(run, plan) == (
        Rejection("a", "append", "AddDeviceFailed", "no such device"),
        Rejection("b", "append", "AddDeviceFailed", "no such device"),
        Rejection("l", "listed", "Device Rejected", "not eligible"),
        Rejection("r", "remove", "DeviceNotFound", "is not in it"),
    )


def test_a_device_about_which_the_answer_says_nothing_is_refused_by_nobody() -> None:
    silence = DeviceStatus("", "")
    run = progress(seen("r"), seen("r", "l"), append={"a": silence, "l": silence}, remove={"r": silence})
    assert rejections(run, Plan(frozenset("a"), frozenset("r"), frozenset("l"))) == (Rejection("l", "append", *OUT),)
    run.failure = ThingSpaceError("No.", "not_visible")
    assert landed(run, Plan(frozenset("a"), frozenset("r"), frozenset("l")))


def test_a_refusal_whose_goal_is_reached_is_none() -> None:
    run = progress(seen("r"), seen("a"), append={"a": NO}, remove={"r": GONE})
    assert rejections(run, Plan()) == ()


def test_a_refusal_of_one_operation_is_none_of_the_other() -> None:
    run = progress(seen("a"), seen("a"), append={"a": NO}, remove={"b": GONE})
    assert rejections(run, Plan(append=frozenset("b"), remove=frozenset("a"))) == ()


@pytest.mark.parametrize(
    ("append", "told"),
    [
        ({"l": NO}, Rejection("l", "append", "AddDeviceFailed", "no such device")),  # once, in the words of the answer
        ({"l": DONE["append"]}, Rejection("l", "append", *OUT)),
        ({"l": None}, Rejection("l", "append", *OUT)),
        ({}, Rejection("l", "listed", *OUT)),
    ],
)
def test_a_device_that_is_listed_as_rejected_was_refused_now_if_it_was_sent_now(append: dict[str, DeviceStatus | None], told: Rejection) -> None:
    assert rejections(progress(seen("a"), seen("a", "l"), append=append), Plan(refused=frozenset("l"))) == (told,)


REFUSED = [
    Rejection("a", "append", "AddDeviceFailed", "no such device X."),
    Rejection("b", "remove", "NotFound", ""),
    Rejection("c", "listed", "", ""),
    Rejection("d", "append", "X", ""),
]
FIRST = "a (append: no such device X); b (remove: NotFound); c (listed: no reason given)"


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "The service refuses 1 of the devices: a (append: no such device X)."),
        (3, f"The service refuses 3 of the devices: {FIRST}."),
        (4, f"The service refuses 4 of the devices: {FIRST}; and 1 more."),
    ],
)
def test_refusals_warn_or_fail_as_the_user_wants(count: int, sentence: str) -> None:
    assert judge(REFUSED[:count], "warn") == sentence
    with pytest.raises(ThingSpaceError) as failure:
        judge(REFUSED[:count], "fail")
    assert (failure.value.message, failure.value.kind) == (sentence, "rejected")


@pytest.mark.parametrize(("refused", "on_rejected"), [([], "fail"), ([], "warn"), (REFUSED, "ignore")])
def test_no_refusal_or_one_that_is_to_be_ignored_says_nothing(refused: list[Rejection], on_rejected: str) -> None:
    assert judge(refused, on_rejected) is None


def test_an_answer_in_unknown_words_may_be_a_change_where_nobody_could_wait() -> None:
    run = progress(seen("a"), seen("a"), append={"b": DeviceStatus("Done", "")})
    assert not landed(run, Plan(append=frozenset("b")))
    run.failure = ThingSpaceError("No.", "service")
    assert landed(run, Plan(append=frozenset("b")))
