# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which upgrade a declaration means, of those that the service lists. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
import unicodedata

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError
from ansible_collections.thingspace.fota.plugins.module_utils._shape import day_told, iso
from ansible_collections.thingspace.fota.plugins.module_utils._text import one_line

# An upgrade in one of these is the declared one; one that was refused as a whole or failed is not, and is scheduled anew.
STANDING = ("RequestPending", "Queued", "InProgress", "Finished")
PENDING = "requestpending"
REFUSED = "requestfailed"
FAILED = "upgradefailed"
_SHOWN = 5
_LONGEST = 80


class Seen(t.Protocol):
    """An upgrade, as far as decisions look at it."""

    @property
    def upgrade_id(self) -> str: ...
    @property
    def firmware_name(self) -> str | None: ...
    @property
    def firmware_to(self) -> str | None: ...
    @property
    def start_date(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def devices(self) -> t.Mapping[str, tuple[str, str]]: ...
    @property
    def members(self) -> frozenset[str]: ...
    @property
    def refused(self) -> frozenset[str]: ...


Seen_T = t.TypeVar("Seen_T", bound=Seen)


@dataclasses.dataclass(frozen=True)
class Key:
    """What tells upgrades of an account apart for people: the service knows them by a UUID that it makes up itself."""

    firmware_name: str
    firmware_to: str
    start_date: str

    def __str__(self) -> str:
        return f"{self.firmware_name} to {self.firmware_to} on {self.start_date}"

    def fits(self, upgrade: Seen) -> bool:
        """Whether an upgrade is the one that is meant. Dates are told with and without a time of day: the day counts."""
        return all(self._parts(upgrade))

    def may_fit(self, upgrade: Seen) -> bool:
        """Whether it cannot be known: nothing that the service tells of it is another thing, and something is missing, cannot be read or only looks alike."""
        parts = self._parts(upgrade)
        return None in parts and False not in parts

    def _parts(self, upgrade: Seen) -> tuple[bool | None, ...]:
        """Of each part whether it is the same, None if that is not known."""
        day = day_told(upgrade.start_date)
        same_day = None if day is None else day == self.start_date
        return _alike(self.firmware_name, upgrade.firmware_name), _alike(self.firmware_to, upgrade.firmware_to), same_day


def _alike(wanted: str, told: str | None) -> bool | None:
    if told == wanted:
        return True
    return None if told is None or _bare(told) in ("", _bare(wanted)) else False


def _bare(text: str) -> str:
    """A name without what nobody sees: blanks, case, and how its characters are made up."""
    seen = (character for character in unicodedata.normalize("NFKC", text) if not character.isspace() and unicodedata.category(character) != "Cf")
    return "".join(seen).casefold()


def key_of(params: t.Mapping[str, t.Any]) -> Key:
    """The natural key out of the options. Raises InputError."""
    options = ("firmware_name", "firmware_to", "start_date")
    missing = [option for option in options if params[option] is None or not str(params[option]).strip()]
    if missing:
        raise InputError(f"{', '.join(missing)} missing: an upgrade is known by firmware_name, firmware_to and start_date together.")
    for option in options[:2]:
        if not isinstance(params[option], str):
            raise InputError(f"{option} is {params[option]!r} and not a string: YAML reads 2.10 as the number 2.1. Put it in quotes.")
    return Key(params["firmware_name"].strip(), params["firmware_to"].strip(), day_of(params["start_date"], "start_date"))


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


def check_dates(key: Key, end_date: str | None) -> None:
    """Raise InputError for an end before the start."""
    if end_date is not None and end_date < key.start_date:
        raise InputError(f"end_date {end_date} lies before start_date {key.start_date}.")


def check_future(key: Key, today: datetime.date) -> None:
    """Raise StateError for a start in the past: a wave file that is still in Git must not flash again."""
    if key.start_date < today.isoformat():
        raise StateError(
            f"There is no upgrade {key}, and its day lies before today ({today.isoformat()}, UTC): it is not scheduled. The service forgets an upgrade six "
            "months after its end, so this one may have run already. For a new one give a new start_date."
        )


def matching(key: Key, upgrades: t.Iterable[Seen_T], mine: str = "") -> list[Seen_T]:
    """The upgrades that are meant. Raises StateError where that cannot be known of one: it must be neither made a second time nor taken for gone.

    Args:
        mine: the id, in lower case, of one that is meant whatever is told of it.
    """
    upgrades = list(upgrades)
    doubtful = [upgrade for upgrade in upgrades if key.may_fit(upgrade) and upgrade.phase not in (REFUSED, FAILED) and upgrade.upgrade_id.lower() != mine]
    if doubtful:
        told = "; ".join(
            f"{upgrade.upgrade_id} ({upgrade.status}) with firmware_name {_shown(upgrade.firmware_name)}, firmware_to {_shown(upgrade.firmware_to)}, "
            f"start_date {_shown(upgrade.start_date)}"
            for upgrade in doubtful[:_SHOWN]
        )
        more = f"; and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        raise StateError(
            f"Whether there is an upgrade {key} is not known. The service lists what may be it, and may be another one: {told}{more}. "
            "Look at it at the service. If it is the one, name it by upgrade_id; if it is not wanted, cancel it by upgrade_id."
        )
    return [upgrade for upgrade in upgrades if key.fits(upgrade) or upgrade.upgrade_id.lower() == mine]


def only(key: Key, matches: t.Sequence[Seen_T]) -> Seen_T | None:
    """The one match, None if there is none. Raises StateError for more than one."""
    if len(matches) > 1:
        ids = ", ".join(f"{upgrade.upgrade_id} ({upgrade.status})" for upgrade in matches)
        raise StateError(f"There are {len(matches)} upgrades {key}: {ids}. Cancel all but one of them by upgrade_id.")
    return matches[0] if matches else None


def appeared(matches: t.Iterable[Seen_T], devices: frozenset[str], known: t.Container[str]) -> list[Seen_T]:
    """The upgrades that a lost request may have made.

    Args:
        matches: upgrades with its natural key.
        devices: what it asked for. Refused ones are listed too. One that lists others, or fewer, may be somebody else's.
        known: ids of those that were there before.
    """
    return [upgrade for upgrade in matches if upgrade.upgrade_id.lower() not in known and upgrade.devices.keys() | upgrade.refused == devices]


def _shown(value: str | None) -> str:
    return "none" if value is None else one_line(repr(value[:_LONGEST]))
