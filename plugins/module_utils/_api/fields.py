# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One shape for everything that the service tells: snake_case names, ISO 8601 dates in UTC, nothing dropped. Pure."""

from __future__ import annotations

import datetime
import email.utils
import re
import typing as t

from .._errors import ThingSpaceError

_DATE_NAME = re.compile(r"(date|time)$", re.IGNORECASE)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# RFC 3339, and how Go prints a time: 2021-06-03 00:03:56.079 +0000 UTC (P1-get-device-list).
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]{3,4}| [+-]\d{4})?(?: m=\S+)?")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?")
_YEAR_FIRST = re.compile(r"(\d{4})([/.]?)(\d\d)\2(\d\d)")
_YEAR_LAST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: \d{1,2}:\d{1,2}(?::\d{1,2})?)?")
# Seconds or milliseconds since 1970: by the number of digits, between 2001 and 2286.
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
# A month by its name, as HTTP and Go write it: Sun, 20 Dec 2026 00:00:00 GMT; Sun Dec 20 00:00:00 2026.
_NAMED = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*|gmt|utc|z", re.IGNORECASE)
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


def day_or_moment(value: object) -> str:
    """As :func:`iso`, from other forms too, as far as they can mean only one day; what may mean several stays as it is."""
    text = str(value).strip()
    try:
        if _EPOCH.fullmatch(text):
            return f"{datetime.datetime.fromtimestamp(int(text[:10]), datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        if found := _YEAR_FIRST.fullmatch(text):
            return datetime.date(int(found[1]), int(found[3]), int(found[4])).isoformat()
        if found := _YEAR_LAST.fullmatch(text):
            first, second, year = (int(part) for part in found.groups())
            days = {(year, *pair) for pair in ((first, second), (second, first)) if pair[0] <= 12}
            return datetime.date(*days.pop()).isoformat() if len(days) == 1 else text
        words = re.findall(r"[^\W\d_]+", text)
        if words and re.search(r"\b\d{4}\b", text) and all(map(_NAMED.fullmatch, words)) and not _MOMENT.fullmatch(text):
            return _named(text) or text
    except (ValueError, OverflowError):
        return text
    return iso(text)


def _named(text: str) -> str | None:
    try:
        parsed = email.utils.parsedate_tz(text)
    except (TypeError, IndexError):
        return None
    if not parsed or not re.search(rf"\b{parsed[0]:04d}\b", text):
        return None
    moment = datetime.datetime(*parsed[:6], tzinfo=datetime.timezone.utc) - datetime.timedelta(seconds=parsed[9] or 0)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%SZ}"


def day_told(told: str | None) -> str | None:
    """The day of what :func:`day_or_moment` gives, None for what is none."""
    found = _DAY.fullmatch(told or "")
    try:
        return datetime.date.fromisoformat(found[1]).isoformat() if found else None
    except ValueError:
        return None


def normalize_keys(value: t.Any, names: t.Mapping[str, str] | None = None) -> t.Any:
    """What the service told, with plain names and dates.

    Args:
        names: names that we give, by the name that the service gives, where snake_case is not enough.
    """
    if isinstance(value, dict):
        names = names or {}
        # Names of ours first: what else has such a name stands aside.
        items = sorted(value.items(), key=lambda item: item[0] not in names) if names else value.items()
        return merge_unique({}, ((names.get(name) or snake(name), _field(name, item, names)) for name, item in items))
    if isinstance(value, list):
        return [normalize_keys(item, names) for item in value]
    return value


def merge_unique(ours: dict[str, t.Any], told: t.Iterable[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Ours, and what the service told: under ``service_NAME`` where the name is taken, so that nothing is lost."""
    both = dict(ours)
    for name, value in told:
        while name in both:
            name = f"service_{name}"
        both[name] = value
    return both


def _field(name: str, value: t.Any, names: t.Mapping[str, str] | None) -> t.Any:
    return iso(value) if isinstance(value, str) and _DATE_NAME.search(name) else normalize_keys(value, names)


Told = dict[str, t.Any]
# Names that we give, by those of the service, where snake_case is not enough.
NAMES = {"deviceId": "device_id", "accountName": "account"}


def dicts(body: object, what: str) -> list[Told]:
    """A list of objects; null is how Go writes a list without elements."""
    listed = [] if body is None else body
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ThingSpaceError(f"The service answered with something that is no list of {what}.", "service")
    return listed
