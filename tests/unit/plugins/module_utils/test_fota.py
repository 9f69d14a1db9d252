# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account


class Pages:
    """Answers each index with a page, and names the next one: rows where there are some, and for ever that there is more, or up to the last."""

    def __init__(self, rows: dict[int, list[str]], last: float) -> None:
        self._rows = rows
        self._last = last

    def read(self, path: str) -> dict[str, t.Any]:
        index = int(path.rpartition("/")[2])
        return {"deviceList": self._rows.get(index), "hasMoreData": index < self._last, "lastSeenDeviceId": index + 1}


def devices(rows: dict[int, list[str]], last: float) -> list[str]:
    pages: t.Any = Pages(rows, last)
    account = Account(pages, "0402196254-00001")
    return [device for page in account.pages("devices", listed="deviceList", cursor="lastSeenDeviceId") for device in page["deviceList"] or []]


def test_a_few_pages_may_be_empty() -> None:
    assert devices({0: ["a"], 6: ["b"], 12: ["c"]}, 12) == ["a", "b", "c"]


def test_a_list_of_empty_pages_ends() -> None:
    with pytest.raises(ThingSpaceError, match="does not end") as caught:
        devices({0: ["a"]}, float("inf"))
    assert caught.value.kind == "service"
