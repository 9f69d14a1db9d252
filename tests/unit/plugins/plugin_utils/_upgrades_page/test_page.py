# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an account's upgrades: its numbers, what it says first, and that nothing foreign has any power in it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import typing as t

import hypothesis
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.thingspace.fota.plugins.filter.upgrades_page import FilterModule, upgrades_page
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page import attention as page_attention
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page import model as page_model
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page import sections as page_below
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page import sections as page_top
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page import timeline as page_timeline
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page.html import percent, shown
from ansible_collections.thingspace.fota.plugins.plugin_utils._upgrades_page.model import KINDS, account_of, kind_of, phase_of
from hypothesis import strategies as st
from support import page_samples as samples
from support.checkout import ROOT
from support.page_reader import Page
from support.page_samples import DONE, FAILED, NEW, REFUSED, Upgrade, imeis, listed, upgrade
from support.work_done import calls_of

TODAY = datetime.date(2026, 11, 23)


def page(upgrades: list[Upgrade], **options: t.Any) -> str:
    return upgrades_page(upgrades, **{"account": samples.ACCOUNT, "generated": samples.TODAY, **options})


def said(*upgrades: Upgrade) -> list[tuple[str, str]]:
    """Level and words of the lines that need attention."""
    return [(item.level, item.what) for item in page_attention.items(account_of(upgrades), TODAY)]


# Numbers.

MEANINGS = [
    ("RequestPending", "RequestPending", "waiting"),
    ("Queued", "Device Accepted", "waiting"),
    ("Queued", "Accepted", "waiting"),
    ("In Progress", "DeviceAccepted", "running"),
    ("Finished", "Device Accepted", "silent"),
    ("UpgradeFailed", "Device Accepted", "failed"),
    ("RequestFailed", "Device Rejected", "refused"),
    ("Queued", "device rejected", "refused"),
    ("InProgress", "UpgradeSuccess", "done"),
    ("Finished", "upgrade succeeded", "done"),
    ("Finished", "UpgradeFailed", "failed"),
    ("InProgress", "Download error", "failed"),
    ("InProgress", "Downloading", "other"),
    ("Finished", "Not upgraded yet", "other"),
    ("Finished", "AddDeviceSucceed", "other"),
    ("Paused", "Device Accepted", "other"),
    ("Queued", "", "other"),
    ("Finished", "Device Upgraded", "done"),
    # No success, though it ends as one.
    ("Finished", "Not upgraded", "other"),
    ("Finished", "Cannot be upgraded", "other"),
    # As the event source counts it.
    ("InProgress", "CampaignAborted", "failed"),
]


@pytest.mark.parametrize(("upgrade_status", "status", "kind"), MEANINGS)
def test_what_a_status_means(upgrade_status: str, status: str, kind: str) -> None:
    assert kind_of(phase_of(upgrade_status), status) == kind


def test_every_device_counts_once_in_its_latest_upgrade() -> None:
    one, two, three, four = imeis(0, 4)
    account = account_of(
        [
            upgrade(2, "Finished", "2026-11-08", [*listed([one], *DONE), *listed([three], REFUSED, "Device not found.")]),
            upgrade(1, "Finished", "2026-11-01", [*listed([one, two], *FAILED), *listed([three], *DONE)]),
            # In an open upgrade, and refused by a later one for just that.
            upgrade(3, "Queued", "2026-12-01", listed([four])),
            upgrade(4, "Queued", "2026-12-08", listed([four], REFUSED, "Device scheduled for firmware-upgrade previously")),
        ]
    )
    assert {kind: count for kind, count in account.fleet.items() if count} == {"done": 1, "failed": 1, "refused": 1, "waiting": 1}
    assert [(wave.number, wave.upgrade_id[:8]) for wave in account.waves] == [(1, "00000001"), (2, "00000002"), (3, "00000003"), (4, "00000004")]
    assert [wave.listed for wave in account.waves] == [3, 2, 1, 1]
    assert account.followed == 2
    assert [(group.kind, group.count) for group in account.groups if group.kind in ("failed", "refused")] == [("failed", 1), ("refused", 1)]


def test_firmware_tells_who_is_done_where_the_upgrade_does_not() -> None:
    one, two, three = imeis(0, 3)
    firmware = {one: NEW, two: "another", three: NEW}
    upgrades = [upgrade(1, "Finished", "2026-11-01", listed([one, two])), upgrade(2, "Queued", "2026-12-01", listed([three]))]
    fleet = account_of(upgrades, firmware).fleet
    assert (fleet["done"], fleet["silent"], fleet["waiting"]) == (1, 1, 1)
    assert account_of(upgrades).fleet["silent"] == 2
    # What the service says itself counts more, and no version is no match.
    assert account_of([upgrade(1, "Finished", "2026-11-01", listed([one], *FAILED))], firmware).fleet["failed"] == 1
    assert account_of([upgrade(1, "Finished", "2026-11-01", listed([one]), firmware_to=None)], {one: ""}).fleet["silent"] == 1


SHARES = [(0, 0, "0 %"), (0, 9, "0 %"), (1, 1000, "under 1 %"), (999, 1000, "over 99 %"), (9, 9, "100 %"), (1, 3, "33 %")]


@pytest.mark.parametrize(("part", "whole", "told"), SHARES)
def test_a_share_is_nothing_or_all_only_where_it_is(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


# What is said first.

ATTENTION = {
    "nothing": (upgrade(1, "Queued", "2026-12-01", listed(imeis(0, 2))), []),
    "devices that failed": (upgrade(1, "Finished", "2026-11-01", [*listed(imeis(0, 2), *FAILED), *listed(imeis(2, 2), *DONE)]), [("bad", "2 devices failed")]),
    "an upgrade that failed": (upgrade(1, "UpgradeFailed", "2026-11-01", listed(imeis(0, 2))), [("bad", "failed as a whole (UpgradeFailed)")]),
    "one that failed without devices": (upgrade(1, "RequestFailed", "2026-11-20"), [("bad", "failed as a whole (RequestFailed)")]),
    "the same, long ago": (upgrade(1, "RequestFailed", "2026-10-20"), []),
    "a late start": (upgrade(1, "Queued", "2026-11-22", listed(imeis(0, 1))), [("bad", "has not started, 1 day after its start date")]),
    "a start today": (upgrade(1, "Queued", "2026-11-23", listed(imeis(0, 1))), [("note", "starts today with 1 device")]),
    "unchecked today": (
        upgrade(1, "RequestPending", "2026-11-23", listed(imeis(0, 1))),
        [("warn", "starts today, and is still being checked"), ("note", "starts today with 1 device")],
    ),
    "a start tomorrow": (upgrade(1, "Queued", "2026-11-24", listed(imeis(0, 1))), [("note", "starts tomorrow with 1 device")]),
    "a start in three days": (upgrade(1, "Queued", "2026-11-26", listed(imeis(0, 1))), [("note", "starts in 3 days with 1 device")]),
    "a late end": (upgrade(1, "InProgress", "2026-11-01", listed(imeis(0, 1)), "2026-11-20"), [("warn", "still runs, 3 days after its end date")]),
    "no end": (upgrade(1, "InProgress", "2026-11-01", listed(imeis(0, 1))), [("warn", "has been running for 22 days")]),
    "its last day": (upgrade(1, "InProgress", "2026-11-01", listed(imeis(0, 1)), "2026-11-23"), []),
    "refused devices": (
        upgrade(1, "Queued", "2026-12-01", [*listed(imeis(0, 1)), *listed(imeis(1, 1), REFUSED, "no")]),
        [("warn", "1 device refused")],
    ),
    "no outcome": (upgrade(1, "Finished", "2026-11-01", listed(imeis(0, 1))), [("warn", "ended, and 1 device tells no outcome")]),
    "a word that nobody knows": (upgrade(1, "Paused", "2026-11-01", listed(imeis(0, 1))), [("warn", "has the status Paused")]),
    "another word of devices": (upgrade(1, "InProgress", "2026-11-20", listed(imeis(0, 1), "Asleep")), [("warn", "1 device with another status")]),
    "an empty upgrade": (upgrade(1, "Queued", "2026-12-01"), [("warn", "holds no device")]),
    "no day at all": (upgrade(1, "Queued", None, listed(imeis(0, 1))), []),
}


@pytest.mark.parametrize(("one", "lines"), ATTENTION.values(), ids=ATTENTION)
def test_what_needs_attention(one: Upgrade, lines: list[tuple[str, str]]) -> None:
    assert said(one) == lines


def test_the_worst_comes_first_and_what_a_later_upgrade_has_is_settled() -> None:
    later = upgrade(9, "Queued", "2026-12-01", listed(imeis(0, 5)))
    failing = upgrade(1, "UpgradeFailed", "2026-11-01", listed(imeis(0, 5)))
    assert said(failing, later) == []
    others = [upgrade(2, "Finished", "2026-11-02", listed(imeis(10, 1), *FAILED)), upgrade(3, "Finished", "2026-11-03", listed(imeis(20, 8), *FAILED))]
    soon = upgrade(4, "Queued", "2026-11-24", [*listed(imeis(30, 1)), *listed(imeis(31, 1), REFUSED, "no")])
    assert [line[1] for line in said(soon, *others)] == ["8 devices failed", "1 device failed", "1 device refused", "starts tomorrow with 1 device"]


# The page.

PAGES = {
    "a rollout": samples.a_rollout(),
    "nothing": [],
    "attacks": samples.hostile(),
    "a large account": samples.a_large_account(4000),
    "an upgrade that is all wrong": [upgrade(1, "", None, listed([""], "", None), firmware_name=None, firmware_to=None, upgrade_id="")],
    "ends before it starts": [upgrade(1, "Finished", "2026-11-20", end="2026-11-01"), upgrade(2, "Queued", "9999-12-31"), upgrade(3, "Queued", "0001-01-01")],
}


@pytest.mark.parametrize("upgrades", PAGES.values(), ids=PAGES)
def test_every_page_is_balanced_and_holds_only_what_is_ours(upgrades: list[Upgrade]) -> None:
    text = page(upgrades, title=samples.EVIL[0], job=samples.EVIL[1], commit=samples.EVIL[2], statuses=[samples.EVIL[3]])
    read = Page(text)
    assert read.faults == []
    assert text.startswith("<!doctype html>\n<html lang=\"en\">")
    assert text.isprintable() or set(filter(lambda character: not character.isprintable(), text)) == {"\n"}
    assert len({attributes["id"] for dummy, attributes in read.elements if "id" in attributes}) == text.count(' id="')
    assert re.search(r"url\(|@import|https?:", read.css) is None


@pytest.mark.parametrize("upgrades", PAGES.values(), ids=PAGES)
def test_the_policy_allows_the_style_sheet_and_nothing_else(upgrades: list[Upgrade]) -> None:
    read = Page(page(upgrades))
    (policy,) = (meta["content"] for meta in read.named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    known = base64.b64encode(hashlib.sha256(read.css.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    # Before anything that it could forbid.
    assert [name for name, dummy in read.elements[:4]] == ["html", "head", "meta", "meta"]


TEXT = st.text(max_size=30) | st.sampled_from(samples.EVIL)


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.lists(st.tuples(TEXT, TEXT | st.sampled_from(samples.STATUSES), TEXT, TEXT, TEXT), max_size=3))
def test_no_text_has_any_power(told: list[tuple[str, ...]]) -> None:
    upgrades = [upgrade(1, status, start, listed([name], status, reason), name, firmware_to=reason) for name, status, start, reason, dummy in told]
    read = Page(page(upgrades, title=told[0][4] if told else None))
    assert read.faults == []
    assert not set("\u202e\u0000") & set(read.text)


def test_attacks_are_shown_as_they_are() -> None:
    read = Page(page(samples.hostile()))
    for text in samples.EVIL[:4]:
        assert text in read.texts or any(text in one for one in read.texts)
    assert "javascript:alert(1)<U+202E><U+0000><U+D800>" in read.text


def test_the_page_tells_where_it_comes_from() -> None:
    version = re.search(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    text = Page(page(samples.a_rollout(), job="AWX job 42", commit="4f2a9c1", title="Gateways")).text
    for words in (samples.ACCOUNT, "Gateways", "2026-11-23 06:00 UTC", "AWX job 42", "commit 4f2a9c1", f"thingspace.fota {version[1]}"):
        assert words in text
    assert "commit" not in Page(page(samples.a_rollout())).text


def test_an_empty_account_says_so_in_one_line() -> None:
    read = Page(page([]))
    assert f"The account {samples.ACCOUNT} has no upgrade." in read.texts
    assert not read.named("table")
    assert "has no upgrade with the status Queued or Finished." in Page(page([], statuses=["Queued", "Finished"])).text


def test_a_page_without_upgrades_to_show_says_why() -> None:
    read = Page(page([], error="The login was <refused>."))
    assert "This report could not be made" in read.texts
    assert "The login was <refused>." in read.texts
    assert "no upgrade" not in read.text


def test_numbers_of_a_rollout_stand_where_they_belong() -> None:
    read = Page(page(samples.a_rollout()))
    text = read.text
    assert "4 things need attention" in text
    assert re.search(r"done 2,880 14 % running 2,240 11 % waiting 15,500 75 % failed 106 under 1 % refused 22 under 1 %", text)
    assert "InProgress 1 4,000 1,700 done, 2,240 running, 60 failed" in text
    assert "UpgradeFailed Battery too low. failed 9 under 1 %" in text
    assert "2026-11-16 InProgress SR1.2.0.0-10657 : 4,000 devices, 42 % done" in text
    assert "1,178 earlier failures are not counted" in text
    bars = [attributes["aria-label"] for attributes in read.named("svg") if attributes.get("class") == "lane"]
    assert bars[4] == "2026-11-16 to 2026-11-29, 4,000 devices: 1,700 done, 2,240 running, 60 failed"
    assert len(read.named("details")) == 5
    assert {link["href"][1:] for link in read.named("a")} <= {attributes.get("id") for dummy, attributes in read.elements}


def test_a_device_list_is_cut_with_a_number() -> None:
    devices = [*listed(imeis(0, 30), *FAILED), *listed(imeis(100, 4), "UpgradeFailed", "Battery too low.")]
    text = Page(page([upgrade(1, "Finished", "2026-11-01", devices)], limit=14)).text
    assert " ".join(imeis(0, 10)) in text
    assert imeis(10, 1)[0] not in text
    assert "And 20 devices more, not listed here. upgrade_info lists all of the upgrade 00000001-" in text
    assert " ".join(imeis(100, 4)) in text


def test_no_list_is_cut_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrades = samples.a_rollout()
    for part, name in ((page_top, "_FIRST_ITEMS"), (page_top, "_MOST_ROWS"), (page_below, "_GROUPS"), (page_below, "_WAVES"), (page_model, "LISTED")):
        monkeypatch.setattr(part, name, 2)
    monkeypatch.setattr(page_top, "_MOST_ITEMS", 3)
    monkeypatch.setattr(page_below, "_LISTS", 1)
    read = Page(page(upgrades))
    text = read.text
    assert {link["href"][1:] for link in read.named("a")} <= {attributes.get("id") for dummy, attributes in read.elements}
    assert "And 2 lines more, not listed here." in text
    assert "And more statuses, 4, of 6 upgrades." in text
    assert "And 7 more kinds of status and reason, with 5,248 devices." in text
    assert "And 22 devices with 3 more kinds of status and reason, not listed here." in text
    assert "And 37 devices of 1 earlier upgrade, not listed here." in text
    assert "7 upgrades of the table below are not drawn." in text
    assert "And 7 older upgrades with 17,971 devices, not listed here." in text
    assert shown("x" * 200).endswith("x… and 40 more characters")


def test_the_time_line_has_its_waves_in_their_places() -> None:
    ended = upgrade(1, "Finished", "2026-11-03", listed(imeis(0, 4), *DONE), "2026-11-12")
    line = page_timeline.Line(account_of([ended, upgrade(2, "Queued", "2026-12-03", listed(imeis(4, 1)))]).waves, TODAY, 30)
    rects = [[(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)%" width="([\d.]+)%"', line.drawn(wave))] for wave in line.waves]
    # 37 days from the first start to the end of the second wave's week, and a day before and after.
    assert rects[0][0] == pytest.approx((100 * 1 / 39, 100 * 10 / 39), abs=0.01)
    assert rects[1][0] == pytest.approx((100 * 31 / 39, 100 * 7 / 39), abs=0.01)
    heights = [float(re.findall(r'height="([\d.]+)" class="bed"', line.drawn(wave))[0]) for wave in line.waves]
    assert heights == [24, 15.5]
    (today,) = re.findall(r'<line x1="([\d.]+)%"[^>]*class="now"', line.axis())
    assert float(today) == pytest.approx(100 * 21 / 39, abs=0.01)
    labels = re.findall(r">(\d+ [A-Z][a-z]+)<", line.axis())
    assert labels == ["2 Nov", "9 Nov", "16 Nov", "23 Nov", "30 Nov", "7 Dec"]


def test_a_day_far_away_does_not_press_the_others_together() -> None:
    near = [upgrade(1, "Queued", "2026-12-01", listed(imeis(0, 1)))]
    far = [upgrade(2, "Queued", "2999-01-01", listed(imeis(1, 1))), upgrade(3, "Queued", "2026-12-02", listed(imeis(2, 1)), "9999-12-31")]
    line = page_timeline.Line(account_of([*near, *far]).waves, TODAY, 30)
    assert [wave.upgrade_id[:8] for wave in line.waves] == ["00000001", "00000003"]
    assert line.left_out == 1
    assert all(float(end) <= 100.01 for end in re.findall(r'width="([\d.]+)%" height="\d', line.drawn(line.waves[1])))


def test_a_fleet_of_100000_makes_a_small_page() -> None:
    upgrades = samples.a_large_account()
    text = page(upgrades)
    assert sum(account_of(upgrades).fleet.values()) == 100_000
    assert len(text) < 500_000
    assert "90,000" in text


def _day(number: int) -> str:
    return str(TODAY + datetime.timedelta(days=number % 300 - 150))


def _different(names: t.Iterable[str], times: int = 1) -> list[Upgrade]:
    return [entry for name in names for entry in listed([name], f"Failed {name}" * times, f"because of {name}" * times)]


# What could make the page slow: how many devices, upgrades, statuses and reasons there are, and how they meet.
LARGE: dict[str, t.Callable[[int], list[Upgrade]]] = {
    "statuses and reasons": lambda size: [upgrade(1, "InProgress", "2026-11-01", _different(imeis(0, size)))],
    "long statuses": lambda size: [upgrade(1, "InProgress", "2026-11-01", _different(imeis(0, size), 20))],
    "statuses of upgrades": lambda size: [upgrade(number, f"Status {number}", _day(number), listed(imeis(number, 1), *FAILED)) for number in range(size)],
    "upgrades of one day": lambda size: [upgrade(number, "Queued", "2026-11-24", listed(imeis(number, 1))) for number in range(size)],
    "upgrades with the same devices": lambda size: [upgrade(number, "Finished", _day(number), listed(imeis(0, 9), *FAILED)) for number in range(size)],
    "upgrades with statuses of their own": lambda size: [
        upgrade(number, "Finished", _day(number), _different(imeis(5 * number, 5))) for number in range(size)
    ],
    "empty upgrades": lambda size: [upgrade(number, f"Status {number}", _day(number)) for number in range(size)],
}


@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE)
def test_twice_as_much_is_no_more_than_twice_the_work(large: t.Callable[[int], list[Upgrade]]) -> None:
    half, whole = large(2000), large(4000)
    assert calls_of(lambda: page(whole)) < 2.2 * calls_of(lambda: page(half))
    assert len(page(whole)) < 400_000


def test_the_limit_bounds_a_page_on_which_everything_fails() -> None:
    text = page([upgrade(1, "Finished", "2026-11-01", listed(imeis(0, 100_000), *FAILED))])
    assert len(re.findall(r"\b0990\d{11}\b", text)) == 5000
    assert "And 95,000 devices more, not listed here." in text
    assert len(text) < 500_000


WRONG = {
    "no list": ("x", {}, "needs the upgrades"),
    "something else": ([{"upgrade_id": "x"}], {}, "needs the upgrades"),
    "without devices": ([{key: value for key, value in upgrade(1, "Queued", "2026-12-01").items() if key != "devices"}], {}, "with include_devices"),
    "no moment": ([], {"generated": "yesterday"}, "is no moment"),
    "before the calendar": ([], {"generated": "0001-01-01T00:00:00+01:00"}, "year"),
    "after the calendar": ([], {"generated": "9999-12-31T23:59:59-01:00"}, "year"),
    "the first day": ([upgrade(1, "Queued", "0001-01-01", listed(imeis(0, 1)))], {"generated": "0001-01-01T00:00:00Z"}, "year"),
    "the last day": ([upgrade(1, "Queued", "9999-12-31", listed(imeis(0, 1)))], {"generated": "9999-12-31T00:00:00Z"}, "year"),
}


@pytest.mark.parametrize(("upgrades", "options", "says"), WRONG.values(), ids=WRONG)
def test_what_is_no_upgrade_is_refused(upgrades: t.Any, options: dict[str, str], says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        FilterModule().filters()["upgrades_page"](upgrades, **options)


@pytest.mark.parametrize("day", ["1970-01-01", "9998-12-31"])
@pytest.mark.parametrize("status", ["Queued", "InProgress", "Finished"])
def test_every_day_that_is_allowed_has_a_page(day: str, status: str) -> None:
    for start in (day, "0001-01-01", "9999-12-31"):
        for end in (None, "0001-01-01", "9999-12-31"):
            assert day in page([upgrade(1, status, start, listed(imeis(0, 1)), end)], generated=f"{day}T12:00:00Z")


@pytest.mark.parametrize("moment", ["2026-11-23T06:00:00Z", "2026-11-23T06:00:00", "2026-11-23 07:00:00+01:00"])
def test_moments_are_told_in_utc(moment: str) -> None:
    assert "2026-11-23 06:00 UTC" in page([], generated=moment)


def test_a_page_of_now_is_of_today() -> None:
    before = datetime.datetime.now(datetime.timezone.utc)
    text = page([], generated=None)
    found = re.search(r'datetime="([^"]+)Z"', text)
    assert found
    told = datetime.datetime.fromisoformat(found[1]).replace(tzinfo=datetime.timezone.utc)
    assert datetime.timedelta(seconds=-1) <= told - before <= datetime.timedelta(minutes=1)
    assert set(KINDS) >= {"done", "failed"}
