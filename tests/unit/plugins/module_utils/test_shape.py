# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and dates, whatever form the service gives them."""

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._shape import iso, plain
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


@given(st.text())
def test_no_text_breaks_the_reader_of_dates(text: str) -> None:
    iso(text)


def test_names_become_snake_case_and_nothing_is_dropped() -> None:
    came = {
        "lastSeenDeviceId": 5,
        "URLName": "x",
        "deviceList": [{"deviceId": "1", "upgradeTime": "01/01/1900 0:0:0", "startDate": None}],
        "new-field": [1, [2]],
    }
    assert plain(came, {"deviceList": "devices"}) == {
        "last_seen_device_id": 5,
        "url_name": "x",
        "devices": [{"device_id": "1", "upgrade_time": "1900-01-01T00:00:00Z", "start_date": None}],
        "new-field": [1, [2]],
    }
