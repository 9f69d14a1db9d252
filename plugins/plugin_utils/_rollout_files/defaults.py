# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the defaults of a rollout file mean for one of its upgrades. Pure."""

from __future__ import annotations

import typing as t

Values = dict[str, t.Any]
KEY = ("firmware_name", "firmware_to", "start_date")
SOURCES = ("devices", "devices_file")


def merged(defaults: Values, own: Values) -> Values:
    """An upgrade with the defaults of its file in it. What it says itself replaces every other way to say it."""
    left = dict(defaults)
    if any(source in own for source in SOURCES):
        for source in SOURCES:
            left.pop(source, None)
    if "upgrade_id" in own:
        for key in (*KEY, "end_date"):
            left.pop(key, None)
    elif any(key in own for key in KEY):
        left.pop("upgrade_id", None)
    values = {**left, **own}
    # A default for CSV files means the CSV files.
    if "devices_column" not in own and not str(values.get("devices_file", "")).lower().endswith(".csv"):
        values.pop("devices_column", None)
    return values
