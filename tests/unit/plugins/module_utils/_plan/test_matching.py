# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which upgrade a declaration means, what may be done about it, and in which words it is told."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import Upgrade, UpgradeKey, holds, is_gone
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus
from ansible_collections.thingspace.fota.plugins.module_utils._desired.upgrade import check_dates, day_of, key_of
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.comparison import Comparison, compared
from ansible_collections.thingspace.fota.plugins.module_utils._plan.guardrails import check_cancellable, check_future, reasons, why_refused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.matching import appeared, single
from ansible_collections.thingspace.fota.plugins.module_utils._results.budget import Budget
from ansible_collections.thingspace.fota.plugins.module_utils._results.membership import Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._results.upgrade import Outcome, empty_result
from support.fake_membership import IN, OUT

KEY = UpgradeKey("F", "2.1", "2999-01-01")


def upgrade(members: str = "", refused: str = "", status: str = "Queued", upgrade_id: str = "U", **more: t.Any) -> Upgrade:
    values: dict[str, t.Any] = {"firmware_name": "F", "firmware_to": "2.1", "start_date": "2999-01-01", **more}
    return Upgrade(upgrade_id, "A", status=status, end_date=None, devices={**dict.fromkeys(members, IN), **dict.fromkeys(refused, OUT)}, **values)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, True),
        ({"start_date": "2999-01-01T00:00:00Z"}, True),
        ({"firmware_name": "G"}, False),
        ({"firmware_to": "2.10"}, False),
        ({"start_date": "2999-01-02"}, False),
        ({"start_date": None}, False),
        ({"start_date": "2999-01-01T25:00"}, False),
    ],
)
def test_an_upgrade_is_known_by_its_firmware_and_its_day(values: dict[str, t.Any], fits: bool) -> None:
    assert KEY.fits(upgrade(**values)) is fits
    assert str(KEY) == "F to 2.1 on 2999-01-01"


GIVEN = {"firmware_name": " F ", "firmware_to": " 2.1 ", "start_date": "2999-01-01"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"firmware_name": None}, "firmware_name missing: an upgrade is known by firmware_name, firmware_to and start_date together."),
        (
            {"firmware_name": " ", "start_date": ""},
            "firmware_name, start_date missing: an upgrade is known by firmware_name, firmware_to and start_date together.",
        ),
        ({"firmware_to": 2.1}, "firmware_to is 2.1 and not a string: YAML reads 2.10 as the number 2.1. Put it in quotes."),
        ({"firmware_name": 7}, "firmware_name is 7 and not a string: YAML reads 2.10 as the number 2.1. Put it in quotes."),
        ({"start_date": "soon"}, "start_date 'soon' is not a day: give it as YYYY-MM-DD. The service knows days in UTC and no time of day."),
    ],
)
def test_a_key_has_three_parts(given: dict[str, t.Any], told: str) -> None:
    assert key_of(GIVEN) == key_of({**GIVEN, "start_date": datetime.date(2999, 1, 1)}) == KEY
    with pytest.raises(InputError) as failure:
        key_of({**GIVEN, **given})
    assert str(failure.value) == told


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-12-01", "2026-12-01"),
        (" 2026-12-01 ", "2026-12-01"),
        (datetime.date(2026, 12, 1), "2026-12-01"),
        (datetime.datetime(2026, 12, 1), "2026-12-01"),
        ("2026-12-01T00:00:00Z", "2026-12-01"),
    ],
)
def test_a_day(value: object, day: str) -> None:
    assert day_of(value, "end_date") == day


@pytest.mark.parametrize(
    "value",
    ["2026-12-01T01:00:00Z", "2026-02-30", "20261201", "2026-W49-2", "2026-12-1", "x2026-12-01", "2026-12-01x", "", 20261201, "２０２６-12-01", "y" * 99],
)
def test_what_is_no_day(value: object) -> None:
    with pytest.raises(InputError) as failure:
        day_of(value, "end_date")
    assert str(failure.value) == f"end_date {str(value)[:80]!r} is not a day: give it as YYYY-MM-DD. The service knows days in UTC and no time of day."


def test_an_end_lies_not_before_the_start() -> None:
    for end in (None, "2999-01-01", "2999-01-02"):
        check_dates(KEY, end)
    with pytest.raises(InputError) as failure:
        check_dates(KEY, "2998-12-31")
    assert str(failure.value) == "end_date 2998-12-31 lies before start_date 2999-01-01."


def test_what_lies_in_the_past_is_not_scheduled() -> None:
    check_future(KEY, datetime.date(2998, 12, 31))
    check_future(KEY, datetime.date(2999, 1, 1))
    with pytest.raises(StateError) as failure:
        check_future(KEY, datetime.date(2999, 1, 2))
    assert str(failure.value) == (
        "There is no upgrade F to 2.1 on 2999-01-01, and its day lies before today (2999-01-02, UTC): it is not scheduled. The service forgets an upgrade "
        "six months after its end, so this one may have run already. For a new one give a new start_date."
    )


def test_there_is_one_or_none() -> None:
    one, other = upgrade(), upgrade(upgrade_id="V", status="Finished")
    assert (single(KEY, []), single(KEY, [one])) == (None, one)
    with pytest.raises(StateError) as failure:
        single(KEY, [one, other])
    assert str(failure.value) == f"There are 2 upgrades {KEY}: U (Queued), V (Finished). Cancel all but one of them by upgrade_id."


@pytest.mark.parametrize(
    ("candidate", "may_be"),
    [
        (upgrade("ab", status="RequestPending"), True),
        (upgrade("a", "b", status="RequestPending"), True),  # listed counts
        # Somebody else's that holds fewer, or one of ours whose refused devices are gone: nobody can tell.
        (upgrade("a", status="RequestPending"), False),
        (upgrade("a"), False),
        (upgrade(""), False),
        (upgrade("abc"), False),
        (upgrade("ac"), False),
        (upgrade("ab", upgrade_id="KNOWN"), False),
    ],
)
def test_what_a_lost_request_may_have_made(candidate: Upgrade, may_be: bool) -> None:
    assert appeared([candidate], frozenset("ab"), {"known"}) == ([candidate] if may_be else [])


@pytest.mark.parametrize(
    ("status", "gone", "told"),
    [
        ("RequestFailed", True, "is RequestFailed"),
        ("Campaign Cancelled", True, "is Campaign Cancelled"),
        ("CampaignAborted", True, "is CampaignAborted"),
        ("InProgress", False, "is InProgress"),
        ("Finished", False, "is Finished"),
        ("CancelPending", False, "is CancelPending"),
        ("Queued", False, None),
        ("RequestPending", False, None),
    ],
)
def test_what_can_be_cancelled(status: str, gone: bool, told: str | None) -> None:
    assert is_gone(upgrade(status=status)) is gone
    if told is None:
        check_cancellable(upgrade(status=status))
        return
    with pytest.raises(StateError) as failure:
        check_cancellable(upgrade(status=status))
    assert str(failure.value) == f"The upgrade U {told}: it can be cancelled only before it starts (while it is RequestPending or Queued)."


@pytest.mark.parametrize(
    "status", ["Queued", "RequestPending", "InProgress", "Scheduled", "Paused", "Running", "", "CancelPending", "Aborting", "QUEUED ", "?"]
)
def test_an_upgrade_holds_its_devices_whatever_its_status(status: str) -> None:
    assert holds(upgrade(status=status))


@pytest.mark.parametrize(
    "status", ["Finished", "Request Failed", "UpgradeFailed", "Cancelled", "CampaignCanceled", "CampaignAborted", "Campaign Ended", "CampaignFailed"]
)
def test_an_upgrade_holds_them_no_more_once_it_has_ended(status: str) -> None:
    assert not holds(upgrade(status=status))


REASONS = {"a": DeviceStatus("X", "not eligible."), "b": DeviceStatus("Device Rejected", ""), "c": DeviceStatus("", "")}


def test_reasons_are_those_of_the_first_five() -> None:
    some = Upgrade("U", "A", None, None, None, None, "RequestFailed", {**REASONS, **dict.fromkeys("defg", OUT)})
    first = "a: not eligible; b: Device Rejected; c: no reason given"
    assert reasons(some, "cba") == first
    assert reasons(some, "edcba") == f"{first}; d: not eligible; e: not eligible"
    assert reasons(some, "gfedcba") == f"{first}; d: not eligible; e: not eligible; and 2 more"
    assert reasons(Upgrade("U", "A", None, None, None, None, "", {"a": DeviceStatus("", "Slot X.")}), "a") == "a: Slot X"


@pytest.mark.parametrize(
    ("members", "refused", "told"),
    [("a", "b", "b: not eligible."), ("a", "", "a: Device Accepted."), ("", "", "It lists no device, and so no reason.")],
)
def test_why_one_was_refused_as_a_whole(members: str, refused: str, told: str) -> None:
    assert why_refused(upgrade(members, refused, "RequestFailed")) == f"The upgrade U was refused by the service (RequestFailed). {told}"


def test_members_are_compared_and_not_what_is_listed() -> None:
    assert compared(frozenset("abcd"), upgrade("bxy", "cz")) == Comparison(frozenset("ad"), frozenset("xy"), frozenset("c"))
    assert compared(frozenset("abcd"), upgrade("bxy", "cz"), frozenset("d")) == Comparison(frozenset("a"), frozenset("xy"), frozenset("c"))


# how it is told

NOTHING: dict[str, t.Any] = {
    "action": "none",
    "upgrade": None,
    "upgrade_id": None,
    "devices_missing_count": None,
    "devices_extra_count": None,
    "rejected": [],
    "rejected_count": 0,
    "duplicates": [],
    "truncated": False,
    "msg": "nothing was done",
}
SHAPE = {"upgrade_id": "U", "firmware_name": "F", "firmware_to": "2.1", "start_date": "2999-01-01", "end_date": None, "device_count": 2, "status": "Queued"}


def test_what_did_not_begin_tells_nothing() -> None:
    assert empty_result({}) == empty_result({"upgrade_id": ""}) == NOTHING
    assert empty_result({"upgrade_id": "U"}) == {**NOTHING, "upgrade_id": "U"}


def test_values_are_of_the_upgrade_as_it_is_now_or_else_was() -> None:
    after = {**SHAPE, "upgrade_id": "V"}
    assert Outcome(before=SHAPE, after=after).values(Budget(0)) == {**NOTHING, "upgrade": after, "upgrade_id": "V"}
    assert Outcome(before=SHAPE, upgrade_id="W").values(Budget(0)) == {**NOTHING, "upgrade": SHAPE, "upgrade_id": "U"}
    refused = (Rejection("a", "listed", "S", "R"),)
    told = Outcome("cancel", missing_count=1, extra_count=2, rejected=refused, duplicates=("b",), msg="done").values(Budget(0))
    rejected = [{"device_id": "a", "operation": "listed", "status": "S", "reason": "R"}]
    assert told == {
        **NOTHING,
        "action": "cancel",
        "devices_missing_count": 1,
        "devices_extra_count": 2,
        "rejected": rejected,
        "rejected_count": 1,
        "duplicates": ["b"],
        "msg": "done",
    }


def test_values_keep_to_the_budget_the_rejected_first() -> None:
    outcome = Outcome(rejected=(Rejection("a", "listed", "S", "R"), Rejection("b", "listed", "S", "R")), duplicates=("cc",))
    told = outcome.values(Budget(1))
    assert (len(told["rejected"]), told["duplicates"], told["rejected_count"], told["truncated"]) == (1, [], 2, True)


def test_a_diff_is_of_lines_and_counts_devices() -> None:
    lines = "firmware_name: F\nfirmware_to: 2.1\nstart_date: 2999-01-01\n"
    after = {**SHAPE, "end_date": "2999-02-01", "device_count": 3}
    assert Outcome(before=SHAPE, after=after).diff() == {
        "before": f"{lines}devices: 2\n",
        "after": f"{lines}end_date: 2999-02-01\ndevices: 3\n",
        "before_header": "upgrade U (Queued)",
        "after_header": "upgrade U (Queued)",
    }
    told = Outcome(after={**SHAPE, "upgrade_id": None}).diff()
    assert (told["before"], told["before_header"], told["after_header"]) == ("", "no upgrade", "upgrade that is not scheduled yet (Queued)")
