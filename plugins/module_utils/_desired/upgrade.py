# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration calls an upgrade: its natural key, its days, its id. Pure."""

from __future__ import annotations

import datetime
import re
import typing as t

from .._api.fields import iso
from .._api.model import UpgradeKey
from .._errors import InputError


def key_of(params: t.Mapping[str, t.Any]) -> UpgradeKey:
    """The natural key out of the options. Raises InputError."""
    options = ("firmware_name", "firmware_to", "start_date")
    missing = [option for option in options if params[option] is None or not str(params[option]).strip()]
    if missing:
        raise InputError(f"{', '.join(missing)} missing: an upgrade is known by firmware_name, firmware_to and start_date together.")
    for option in options[:2]:
        if not isinstance(params[option], str):
            raise InputError(f"{option} is {params[option]!r} and not a string: YAML reads 2.10 as the number 2.1. Put it in quotes.")
    return UpgradeKey(params["firmware_name"].strip(), params["firmware_to"].strip(), day_of(params["start_date"], "start_date"))


def day_of(value: object, option: str) -> str:
    """A date as ``YYYY-MM-DD``. A moment is one if it is midnight UTC, as which YAML and templates may give a day. Raises InputError."""
    text = iso(str(value).strip())
    day = text[:10] if re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", text) else text
    try:
        # From Python 3.11 on, fromisoformat takes 20261201 and 2026-W49-2 as well.
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
            return datetime.date.fromisoformat(day).isoformat()
    except ValueError:
        pass
    raise InputError(f"{option} {str(value)[:80]!r} is not a day: give it as YYYY-MM-DD. The service knows days in UTC and no time of day.")


def check_dates(key: UpgradeKey, end_date: str | None) -> None:
    """Raise InputError for an end before the start."""
    if end_date is not None and end_date < key.start_date:
        raise InputError(f"end_date {end_date} lies before start_date {key.start_date}.")


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def upgrade_id_of(value: str) -> str:
    """An upgrade id as the API writes it. Raises InputError, since anything else would become part of the URL."""
    upgrade_id = value.strip()
    if not _UUID.fullmatch(upgrade_id):
        raise InputError(f"upgrade_id {upgrade_id[:80]!r} is not a UUID, such as 60b5d639-ccdc-4db8-8824-069bd94c95bf.")
    return upgrade_id
