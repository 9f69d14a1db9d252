# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and dates, whatever form the service gives them."""

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.fields import day_or_moment, day_told, iso, normalize_keys
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ("2018-04-01", "2018-04-01"),
        ("2018-04-01T16:03:00.000Z", "2018-04-01T16:03:00Z"),
        ("2018-03-05T19:07:21Z", "2018-03-05T19:07:21Z"),
        ("2021-06-03 00:03:56.079 +0000 UTC", "2021-06-03T00:03:56.079Z"),
        ("2025-12-31T23:00:00-05:00", "2026-01-01T04:00:00Z"),
        ("01/01/1900 0:0:0", "1900-01-01T00:00:00Z"),
        ("2018-13-45T00:00:00Z", "2018-13-45T00:00:00Z"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_dates_become_iso_8601_in_utc(came: str, told: str) -> None:
    assert iso(came) == told
    assert iso(told) == told


NO_DAYS: list[object] = ["", None, True, 1.5, 0, 17977248, [], {}, "1797724800.0", "2026-12-20 at noon", "x2026-12-20"]


@pytest.mark.parametrize(
    ("came", "day"),
    [
        ("2026-12-20", "2026-12-20"),
        ("2026-12-20T16:03:00.000Z", "2026-12-20"),
        ("2026-12-20T00:00Z", "2026-12-20"),
        ("2026-12-19T19:00:00-05:00", "2026-12-20"),
        ("2026-12-20 00:00:00 +0000 UTC", "2026-12-20"),
        (" 2026/12/20 ", "2026-12-20"),
        ("2026.12.20", "2026-12-20"),
        (20261220, "2026-12-20"),
        ("12/20/2026", "2026-12-20"),
        ("20/12/2026", "2026-12-20"),
        ("12/20/2026 0:0:0", "2026-12-20"),
        ("12/12/2026", "2026-12-12"),
        (1797724800, "2026-12-20"),
        ("1797724800000", "2026-12-20"),
        ("Sun, 20 Dec 2026 00:00:00 GMT", "2026-12-20"),
        ("Sun, 20 Dec 2026 00:00:00 +0000", "2026-12-20"),
        ("Sat, 19 Dec 2026 19:00:00 -0500", "2026-12-20"),
        ("Sun Dec 20 00:00:00 2026", "2026-12-20"),
        # What may mean several days, or none.
        *((text, None) for text in ("01/02/2026", "01/02/2026 0:0:0", "13/13/2026", "12/20/26", "20 Dec 26", "Sunday, 20-Dec-26 00:00:00 UTC")),
        *((text, None) for text in ("20 Dec 2026 00:00 EST", "20 Dez 2026 00:00:00", "Dec 2026", "December 20", "2026-12", "2026-13-20")),
        *((text, None) for text in ("2026-W51-7", "20-Dec-2026", "tomorrow")),
        *((value, None) for value in NO_DAYS),
    ],
)
def test_the_day_of_an_upgrade_in_every_form_that_means_only_one(came: object, day: str | None) -> None:
    told = day_or_moment(came)
    assert day_told(told) == day
    assert day_or_moment(told) == told


@given(st.text() | st.from_regex(r"[0-9A-Za-z,/. :+-]{1,30}", fullmatch=True))
def test_no_text_breaks_the_reader_of_dates(text: str) -> None:
    iso(text)
    day_told(day_or_moment(text))


def test_names_become_snake_case_and_nothing_is_dropped() -> None:
    came = {
        "lastSeenDeviceId": 5,
        "URLName": "x",
        "deviceList": [{"deviceId": "1", "upgradeTime": "01/01/1900 0:0:0", "startDate": None}],
        "new-field": [1, [2]],
    }
    assert normalize_keys(came, {"deviceList": "devices"}) == {
        "last_seen_device_id": 5,
        "url_name": "x",
        "devices": [{"device_id": "1", "upgrade_time": "1900-01-01T00:00:00Z", "start_date": None}],
        "new-field": [1, [2]],
    }
