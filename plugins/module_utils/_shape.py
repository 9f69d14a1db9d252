# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One shape for everything that the service tells: snake_case names, ISO 8601 dates in UTC, nothing dropped. Pure."""

from __future__ import annotations

import datetime
import re
import typing as t

_DATE_NAME = re.compile(r"(date|time)$", re.IGNORECASE)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# RFC 3339, and how Go prints a time: 2021-06-03 00:03:56.079 +0000 UTC (P1-get-device-list).
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]{3,4}| [+-]\d{4})?(?: m=\S+)?")
_NEVER_STYLE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2})")


def snake(name: str) -> str:
    """``lastSeenDeviceId`` as ``last_seen_device_id``."""
    return _WORD.sub("_", name).lower()


def iso(text: str) -> str:
    """A date or a moment as ISO 8601 in UTC; what is none of the known forms stays as it is.

    The forms are ``2018-04-01``, ``2018-04-01T16:03:00.000Z``, ``2021-06-03 00:03:56.079 +0000 UTC`` and ``01/01/1900 0:0:0``.
    """
    found = _MOMENT.fullmatch(text.strip())
    try:
        if found:
            day, clock, fraction, zone = found.groups()
            zone = {"Z": "+00:00", None: "+00:00"}.get(zone, zone)
            zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
            moment = datetime.datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(datetime.timezone.utc)
            return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{(fraction or '').rstrip('0').rstrip('.')}Z"
        found = _NEVER_STYLE.fullmatch(text.strip())
        if found:
            month, date, year, *clock_parts = (int(part) for part in found.groups())
            return datetime.datetime(year, month, date, *clock_parts).strftime("%Y-%m-%dT%H:%M:%SZ")  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        pass
    return text


def plain(value: t.Any, names: t.Mapping[str, str] | None = None) -> t.Any:
    """What the service told, with plain names and dates.

    Args:
        names: names that we give, by the name that the service gives, where snake_case is not enough.
    """
    if isinstance(value, dict):
        names = names or {}
        # Names of ours first: what else has such a name stands aside.
        items = sorted(value.items(), key=lambda item: item[0] not in names) if names else value.items()
        return beside({}, ((names.get(name) or snake(name), _field(name, item, names)) for name, item in items))
    if isinstance(value, list):
        return [plain(item, names) for item in value]
    return value


def beside(ours: dict[str, t.Any], told: t.Iterable[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Ours, and what the service told: under ``service_NAME`` where the name is taken, so that nothing is lost."""
    both = dict(ours)
    for name, value in told:
        while name in both:
            name = f"service_{name}"
        both[name] = value
    return both


def _field(name: str, value: t.Any, names: t.Mapping[str, str] | None) -> t.Any:
    return iso(value) if isinstance(value, str) and _DATE_NAME.search(name) else plain(value, names)
