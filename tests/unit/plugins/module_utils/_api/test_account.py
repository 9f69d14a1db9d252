# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists come in pages, and end: by the service's word, or in an error that says what is wrong with them."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.account import Account
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError

Page = dict[str, t.Any]


class Pages:
    """Answers each index with a page, and keeps what it was asked for."""

    def __init__(self, page: t.Callable[[int], Page], size: int = 1) -> None:
        self._page = page
        self._size = size
        self.asked: list[str] = []
        self.received = 0

    def read(self, path: str) -> Page:
        self.asked.append(path.rpartition("/")[2])
        self.received += self._size
        return self._page(int(self.asked[-1]))

    def devices(self, row_id: str | None = None, cursor: str | None = "lastSeenDeviceId") -> list[t.Any]:
        account = Account(t.cast("t.Any", self), "0402196254-00001")
        return [row for page in account.pages("devices", listed="deviceList", row_id=row_id, cursor=cursor) for row in page.get("deviceList") or []]

    def error(self, row_id: str | None = None, cursor: str | None = "lastSeenDeviceId") -> str:
        with pytest.raises(ThingSpaceError) as caught:
            self.devices(row_id, cursor)
        assert caught.value.kind == "service"
        return caught.value.message


def rows(given: dict[int, list[str]], last: float) -> t.Callable[[int], Page]:
    """Rows where there are some, a cursor that moves on by one, and for ever that there is more, or up to the last."""
    return lambda index: {"deviceList": given.get(index, []), "hasMoreData": index < last, "lastSeenDeviceId": index + 1}


def endless(make: t.Callable[[int], list[t.Any]]) -> t.Callable[[int], Page]:
    return lambda index: {"deviceList": make(index), "hasMoreData": True, "lastSeenDeviceId": index + 1}


def test_a_few_pages_may_be_empty() -> None:
    assert Pages(rows({0: ["a"], 6: ["b"], 12: ["c"]}, 12)).devices() == ["a", "b", "c"]


def test_a_list_of_empty_pages_ends() -> None:
    pages = Pages(rows({0: ["a"]}, float("inf")))
    assert "one empty page after the other" in pages.error()
    assert len(pages.asked) == 7


@pytest.mark.parametrize(
    ("make", "requests"),
    [
        (lambda index: ["a", "b"], 2),  # the same page
        (lambda index: ["a", "b"] if index % 2 else ["c", "d"], 3),  # two in turn
        (lambda index: [["a", "b"], ["c", "d"], ["e", "f"]][index % 3], 4),  # three in turn
        (lambda index: ["b", "a"] if index % 2 else ["a", "b"], 2),  # in another order
        (lambda index: ["a "] if index % 2 else [" a"], 2),  # written otherwise
        (lambda index: ["a", "b"] if index == 0 else ["a"], 2),  # a part of what is known
        (lambda index: ["a", "b"] if index == 0 else [] if index % 2 else ["a"], 3),  # empty pages in between
    ],
)
def test_a_list_that_gives_the_same_rows_again_ends(make: t.Callable[[int], list[str]], requests: int) -> None:
    pages = Pages(endless(make))
    assert "only what was given before" in pages.error()
    assert len(pages.asked) == requests


def test_a_field_that_changes_makes_no_row_a_new_one() -> None:
    pages = Pages(endless(lambda index: [{"deviceId": "a", "upgradeTime": index}]))
    assert "only what was given before" in pages.error("deviceId")
    assert len(pages.asked) == 2


def test_a_last_page_may_hold_what_moved_to_it_meanwhile() -> None:
    assert Pages(rows({0: ["a", "b"], 1: ["b"]}, 1)).devices() == ["a", "b", "b"]
    assert Pages(rows({0: ["a", "b"], 1: ["b", "c"], 2: ["d"]}, 2)).devices() == ["a", "b", "b", "c", "d"]


def test_a_list_whose_rows_are_always_new_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(endless(lambda index: [f"{index}-{number}" for number in range(3)]))
    assert "5000 pages were read" in pages.error()
    assert len(pages.asked) == 5000


@pytest.mark.parametrize("cursor", [0, "0", None, "", 1])
def test_a_list_whose_cursor_stands_still_ends(cursor: t.Any) -> None:
    counter = itertools.count()
    pages = Pages(lambda index: {"deviceList": [str(next(counter))], "hasMoreData": True, "lastSeenDeviceId": cursor})
    if cursor == "":
        # That is no index at all.
        assert "cannot be asked for" in pages.error()
    else:
        assert "names no page" in pages.error()
    assert len(pages.asked) <= 2


def test_without_a_cursor_the_next_index_is_the_number_of_rows() -> None:
    given = {0: ["a", "b"], 2: ["c"], 3: ["d"]}
    pages = Pages(lambda index: {"deviceList": given[index], "hasMoreData": index < 3})
    assert pages.devices(cursor=None) == ["a", "b", "c", "d"]
    assert pages.asked == ["0", "2", "3"]


def test_without_a_cursor_an_empty_page_is_the_end_of_patience() -> None:
    pages = Pages(lambda index: {"deviceList": [], "hasMoreData": True})
    assert "names no page" in pages.error(cursor=None)
    assert pages.asked == ["0"]


@pytest.mark.parametrize("flag", ["hasMoreData", "hasMoreFlag", "HasMoreData", "hasMore", "has_more"])
@pytest.mark.parametrize("more", [True, "true", "True", "TRUE"])
@pytest.mark.parametrize("end", [False, "false", "False", None])
def test_flags_in_every_spelling_that_can_be_read(flag: str, more: t.Any, end: t.Any) -> None:
    # At the end it may be left out, as Go leaves out what is false.
    last: Page = {"deviceList": ["b"]} if end is None else {"deviceList": ["b"], flag: end}
    pages = Pages(lambda index: {"deviceList": ["a"], flag: more, "lastSeenDeviceId": 7} if index == 0 else last)
    assert pages.devices() == ["a", "b"]


@pytest.mark.parametrize("flag", [1, 0, 1.0, "Y", "N", "yes", "no", "1", "", " true", None, [], [True], {}, {"more": True}])
@pytest.mark.parametrize("beside", [{}, {"hasMoreData": False}, {"hasMoreData": True}])
def test_a_flag_that_is_neither_true_nor_false_is_an_error(flag: t.Any, beside: Page) -> None:
    pages = Pages(lambda index: {"deviceList": ["a"], "hasMoreFlag": flag, **beside, "lastSeenDeviceId": 7})
    assert "hasMoreFlag" in pages.error()
    assert pages.asked == ["0"]


def test_one_of_two_flags_that_says_yes_is_enough() -> None:
    pages = Pages(lambda index: {"deviceList": [str(index)], "hasMoreData": False, "hasMoreFlag": index == 0, "lastSeenDeviceId": 7})
    assert pages.devices() == ["0", "7"]


@pytest.mark.parametrize(
    "page",
    [None, [], "x", {}, {"other": 1}, {"deviceList": "x"}, {"deviceList": {"a": 1}}, {"hasMoreData": False, "deviceList": 1}]
    + [{"hasMoreData": False}, {"hasMoreData": False, "lastSeenDeviceId": 0}, {"hasMoreData": False, "devicelist": ["a"]}]
    + [{"hasMoreData": False, "message": "The report is being generated."}, {"hasMoreData": False, "count": None}],
)
def test_what_is_no_page_is_an_error(page: t.Any) -> None:
    assert "no page of devices" in Pages(lambda index: page).error()


@pytest.mark.parametrize(
    "page", [{"deviceList": None}, {"deviceList": []}, {"hasMoreData": False, "deviceList": []}, {"hasMoreFlag": False, "deviceList": None}]
)
def test_a_page_without_rows_is_an_empty_list(page: Page) -> None:
    assert Pages(lambda index: page).devices() == []


def test_a_list_that_is_counted_may_be_left_out() -> None:
    account = Account(t.cast("t.Any", Pages(lambda index: {"hasMoreData": False, "count": 0})), "0402196254-00001")
    assert len(list(account.pages("devices", listed="deviceList", row_id=None, cursor=None, counted="count"))) == 1


NAMES_IT: list[Page] = [{}, {"more": True}, {"moreFlag": "true"}, {"isMore": True}, {"HasMore": True}, {"next": "x"}]


@pytest.mark.parametrize("beside", NAMES_IT)
@pytest.mark.parametrize("first", [["a"], []])
@pytest.mark.parametrize(
    "end", [{"lastSeenDeviceId": 0}, {"lastSeenDeviceId": "0"}, {}, {"lastSeenDeviceId": None}, {"hasMoreData": False, "lastSeenDeviceId": 7}]
)
def test_a_page_without_a_flag_that_names_another_one_is_not_the_last(first: list[str], beside: Page, end: Page) -> None:
    pages = Pages(lambda index: {"deviceList": first, "lastSeenDeviceId": 7, **beside} if index == 0 else {"deviceList": ["b"], **end})
    assert pages.devices() == [*first, "b"]
    assert pages.asked == ["0", "7"]


@pytest.mark.parametrize("page", [{"deviceList": None}, {"deviceList": None, "hasMoreData": True}, {"deviceList": None, "hasMoreData": False}])
@pytest.mark.parametrize("at", [0, 7])
def test_a_page_that_names_its_last_row_and_holds_no_list_is_an_error(page: Page, at: int) -> None:
    full = {"deviceList": ["a"], "hasMoreData": True, "lastSeenDeviceId": 7}
    pages = Pages(lambda index: {**page, "lastSeenDeviceId": index + 7} if index == at else full)
    assert "names its last row and holds no list" in pages.error()


def test_without_flags_a_list_ends_where_nothing_new_is_named() -> None:
    given = {0: ["a", "b"], 2: ["c"], 3: []}
    pages = Pages(lambda index: {"deviceList": given[index], "lastSeenDeviceId": 2 if index == 0 else 3})
    assert pages.devices() == ["a", "b", "c"]
    assert pages.asked == ["0", "2", "3"]


@pytest.mark.parametrize("cursor", [7, "7"])
def test_without_a_flag_rows_and_a_cursor_that_stands_still_are_an_error(cursor: t.Any) -> None:
    pages = Pages(lambda index: {"deviceList": [str(index)], "lastSeenDeviceId": cursor})
    assert "names no page after" in pages.error()
    assert pages.asked == ["0", "7"]


def test_what_is_told_about_a_strange_page_is_short() -> None:
    for page in ({"deviceList": [], "hasMoreData": "x" * 10_000}, {"deviceList": ["a"], "hasMoreData": True, "lastSeenDeviceId": "0"}):
        assert len(Pages(lambda index, page=page: page).error()) < 300  # type: ignore[misc]


def test_a_list_that_is_too_large_ends() -> None:
    pages = Pages(endless(lambda index: [f"{index}-{number}" for number in range(3)]), size=40 * 2**20)
    assert "512 MiB were read" in pages.error()
    assert len(pages.asked) == 13
