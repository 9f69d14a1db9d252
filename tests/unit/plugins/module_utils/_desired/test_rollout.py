# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the entries of a rollout mean, each for itself and together."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.model import UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._desired.imei import DesiredDevices
from ansible_collections.thingspace.fota.plugins.module_utils._desired.rollout import DesiredUpgrade, check_same, desired_upgrades, doubts
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, RailError
from ansible_collections.thingspace.fota.plugins.module_utils._plan.target import Limits, Target

TODAY = datetime.date(2998, 12, 31)
KEY = UpgradeKey("F", "2.1", "2999-01-01")
UUID = "60B5D639-ccdc-4db8-8824-069bd94c95bf"
OTHER = "70B5D639-ccdc-4db8-8824-069bd94c95bf"
DEVICES = ["990003425730535", "990000473475989", "990000000000001"]
TOP = {"allow_empty": False, "max_removal_percent": 30.0, "max_removals": None, "on_rejected": "fail", "imei_check": "warn", "batch_size": 1000}
BY_KEY = {"firmware_name": "F", "firmware_to": "2.1", "start_date": "2999-01-01"}
NOBODY = dict.fromkeys(("name", "upgrade_id", "firmware_name", "firmware_to", "start_date", "end_date", "devices", "devices_file", "devices_column", *TOP))


def entry(*devices: int, **given: t.Any) -> dict[str, t.Any]:
    return {**NOBODY, "state": "exact", "devices": [DEVICES[number] for number in devices], **given}


def told(*entries: dict[str, t.Any], today: datetime.date = TODAY, **top: t.Any) -> list[DesiredUpgrade]:
    return desired_upgrades({**TOP, **top, "upgrades": list(entries)}, today)


def refusal(*entries: dict[str, t.Any]) -> str:
    with pytest.raises((InputError, RailError)) as failure:
        told(*entries)
    return f"{failure.value.kind}: {failure.value.message}"


def test_what_stands_at_the_top_holds_for_entries_that_say_nothing() -> None:
    [declared] = told(entry(0, upgrade_id=f" {UUID} ", name=" canary "), max_removals=7)
    target = Target("exact", frozenset(DEVICES[:1]), Limits(False, 30.0, 7), 1000)
    assert declared == DesiredUpgrade("canary", UUID, None, None, DesiredDevices(frozenset(DEVICES[:1]), (), tuple(DEVICES[:1])), target, "fail")


def test_what_an_entry_says_wins() -> None:
    given = {"allow_empty": True, "max_removal_percent": 5.0, "max_removals": 0, "on_rejected": "warn", "batch_size": 3}
    [declared] = told(entry(**BY_KEY, end_date=" 2999-02-01 ", state="present", **given))
    target = Target("present", frozenset(), Limits(True, 5.0, 0), 3)
    assert declared == DesiredUpgrade(str(KEY), None, KEY, "2999-02-01", DesiredDevices(frozenset()), target, "warn")


@pytest.mark.parametrize("end", [None, ""])
def test_an_end_may_be_missing(end: str | None) -> None:
    [declared] = told(entry(0, **BY_KEY, end_date=end))
    assert declared.end_date is None


@pytest.mark.parametrize(
    ("given", "name", "ref", "text"),
    [
        ({"upgrade_id": UUID}, UUID, UUID.lower(), UUID),
        ({"upgrade_id": UUID, "name": " "}, UUID, UUID.lower(), UUID),
        ({"upgrade_id": UUID, "name": "canary"}, "canary", UUID.lower(), f"canary ({UUID})"),
        (BY_KEY, str(KEY), str(KEY), str(KEY)),
        ({**BY_KEY, "name": "canary"}, "canary", str(KEY), f"canary ({KEY})"),
    ],
)
def test_how_it_is_called(given: dict[str, t.Any], name: str, ref: str, text: str) -> None:
    [declared] = told(entry(0, **given))
    assert (declared.name, declared.ref, str(declared)) == (name, ref, text)


@pytest.mark.parametrize(("state", "count"), [("exact", 2), ("present", 2), ("absent", 0)])
def test_what_it_is_to_hold(state: str, count: int) -> None:
    [declared] = told(entry(0, 1, upgrade_id=UUID, state=state))
    assert declared.wanted == set(DEVICES[:count])


def test_an_empty_value_is_not_given() -> None:
    [declared] = told(entry(0, upgrade_id=UUID, firmware_name="", firmware_to="", start_date="", end_date=""))
    assert declared.key is None


KNOWN = "an upgrade is known by either its upgrade_id or its firmware and start_date."
MALFORMED = "1 malformed device (a device is an IMEI, a quoted string of exactly 15 digits). devices[0]: 'x' holds other characters than the digits 0 to 9"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "input: upgrades is empty: a rollout declares at least one upgrade."),
        ([entry(0, upgrade_id="x")], "input: upgrades[0] (x): upgrade_id 'x' is not a UUID, such as 60b5d639-ccdc-4db8-8824-069bd94c95bf."),
        (
            [entry(0, upgrade_id=UUID, **BY_KEY, end_date="2999-02-01")],
            f"input: upgrades[0] ({UUID}): upgrade_id and firmware_name, firmware_to, start_date, end_date are given: {KNOWN}",
        ),
        ([entry(0, upgrade_id=UUID), entry(devices=["x"], name="n", **BY_KEY)], f"input: upgrades[1] (n): {MALFORMED}"),
        ([entry(devices=["x"], **BY_KEY)], f"input: upgrades[0]: {MALFORMED}"),
        ([entry(0, **BY_KEY, end_date="2998-01-01")], "input: upgrades[0]: end_date 2998-01-01 lies before start_date 2999-01-01."),
        (
            [entry(0, **BY_KEY, end_date="soon")],
            "input: upgrades[0]: end_date 'soon' is not a day: give it as YYYY-MM-DD. The service knows days in UTC and no time of day.",
        ),
        (
            [entry(upgrade_id=UUID, name="n")],
            "rail: upgrades[0] (n): The declaration is empty and state is exact: that would remove every device. "
            "Look at where the devices come from, or set allow_empty to true.",
        ),
        (
            [entry(0, upgrade_id=UUID), entry(0, **BY_KEY)],
            f"input: A device can be in one upgrade only, and is declared twice: {DEVICES[0]} in {UUID} and in {KEY}.",
        ),
        (
            [entry(0, upgrade_id=UUID), entry(1, upgrade_id=UUID.lower(), name="n")],
            f"input: {UUID} and n ({UUID.lower()}) are the same upgrade ({UUID.lower()}): declare each upgrade once, with all its devices.",
        ),
        ([entry(0, **BY_KEY), entry(1, **BY_KEY)], f"input: Two entries {KEY} are the same upgrade ({KEY}): declare each upgrade once, with all its devices."),
    ],
)
def test_what_is_no_rollout(entries: list[dict[str, t.Any]], message: str) -> None:
    assert refusal(*entries) == message


@pytest.mark.parametrize(("today", "refused"), [(datetime.date(2999, 1, 1), True), (datetime.date(2999, 1, 2), False)])
def test_one_of_an_earlier_time_may_hold_what_is_declared_again(today: datetime.date, refused: bool) -> None:
    entries = [entry(0, upgrade_id=UUID), entry(0, **BY_KEY)]
    if refused:
        with pytest.raises(InputError, match="declared twice"):
            told(*entries, today=today)
    else:
        assert len(told(*entries, today=today)) == 2


def test_devices_that_are_to_be_in_none_are_declared_by_nobody() -> None:
    assert len(told(entry(0, upgrade_id=UUID), entry(0, upgrade_id=OTHER, state="absent"))) == 2


def test_what_has_different_references_is_not_the_same() -> None:
    found = told(entry(0, upgrade_id=UUID), entry(1, upgrade_id=OTHER), entry(2, **BY_KEY))
    check_same(found, ["a", "b", "c"])
    with pytest.raises(InputError, match=r"are the same upgrade \(a\)"):
        check_same(found, ["a", "b", "a"])
    with pytest.raises(ValueError, match="shorter"):
        check_same(found, ["a"])


def test_doubts_are_one_sentence_for_those_that_want_it() -> None:
    entries = [entry(0, upgrade_id=UUID), entry(1, upgrade_id=OTHER, imei_check="none"), entry(2, **BY_KEY, imei_check="warn")]
    bad = sorted([DEVICES[0], DEVICES[2]])
    params: dict[str, t.Any] = {**TOP, "upgrades": entries}
    found = desired_upgrades(params, TODAY)
    doubtful = [device for upgrade in found for device in upgrade.declaration.doubtful]
    assert sorted(doubtful) == bad, "the samples of this test have wrong check digits"
    assert doubts(params, found) == f"2 of 2 devices do not end in their Luhn check digit, perhaps mistyped: {', '.join(bad)}"
    assert doubts({**params, "imei_check": "strict"}, found) == f"1 of 1 devices do not end in their Luhn check digit, perhaps mistyped: {DEVICES[2]}"
    assert doubts({**params, "upgrades": entries[1:2]}, found[1:2]) is None
    with pytest.raises(ValueError, match="longer"):
        doubts(params, found[:1])
