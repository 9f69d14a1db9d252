# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which upgrade a declaration means, what may be done about it, and how it is told. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, StateError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._moves import some
from ansible_collections.thingspace.fota.plugins.module_utils._outcome import Budget, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._shape import iso
from ansible_collections.thingspace.fota.plugins.module_utils._text import one_line

# An upgrade in one of these is the declared one; one that was refused as a whole or failed is not, and is scheduled anew.
STANDING = ("RequestPending", "Queued", "InProgress", "Finished")
PENDING = "requestpending"
REFUSED = "requestfailed"
_SHOWN = 5

Action = t.Literal["none", "schedule", "cancel"]


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
        return (upgrade.firmware_name, upgrade.firmware_to, (upgrade.start_date or "")[:10]) == (self.firmware_name, self.firmware_to, self.start_date)


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


def is_gone(upgrade: Seen) -> bool:
    """Whether nothing is left that could be cancelled. No list of v1 has a word for cancelled, those of v2 and v3 have several."""
    return upgrade.phase == REFUSED or "cancel" in upgrade.phase or "abort" in upgrade.phase


def check_standing(upgrade: Seen) -> None:
    """Raise StateError for an upgrade that will not run."""
    if upgrade.phase == REFUSED:
        raise StateError(why_refused(upgrade))
    if is_gone(upgrade):
        raise StateError(f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: somebody else has cancelled it.")


def check_cancellable(upgrade: Seen) -> None:
    """Raise StateError for an upgrade that has started."""
    if not upgrade.is_open:
        raise StateError(
            f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: it can be cancelled only before it starts (while it is RequestPending or Queued)."
        )


def reasons(upgrade: Seen, devices: t.Iterable[str]) -> str:
    """Why devices were refused, the first few of them."""
    ordered = sorted(devices)
    told = "; ".join(f"{device}: {(upgrade.devices[device][1] or upgrade.devices[device][0] or 'no reason given').rstrip('.')}" for device in ordered[:_SHOWN])
    return told + (f"; and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else "")


def why_refused(upgrade: Seen) -> str:
    """Why an upgrade was refused as a whole, device by device as far as the service says so."""
    told = reasons(upgrade, upgrade.refused or upgrade.devices.keys())
    return f"The upgrade {upgrade.upgrade_id} was refused by the service ({upgrade.status}). {told or 'It lists no device, and so no reason'}."


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The declared devices against those of an upgrade."""

    missing: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


def compared(declared: frozenset[str], upgrade: Seen, refused: frozenset[str] = frozenset()) -> Comparison:
    """Members count, not what is listed; a declared device that is listed as rejected is neither missing nor there, nor is one of ``refused``."""
    return Comparison(declared - upgrade.members - upgrade.refused - refused, upgrade.members - declared, declared & upgrade.refused)


def differs(upgrade: Seen, comparison: Comparison) -> str:
    """That an upgrade that was there already is not as declared."""
    return (
        f"The upgrade {upgrade.upgrade_id} is there already: {len(comparison.missing)} of the declared devices are not in it, and "
        f"{len(comparison.extra)} devices in it are not declared. This module does not change them: use thingspace.fota.upgrade_devices."
    )


def added(upgrade: Seen, extra: t.Collection[str]) -> str:
    """That an upgrade holds more than it was scheduled with."""
    return f"The upgrade {upgrade.upgrade_id} holds {len(extra)} devices that are not declared ({some(extra)}): somebody else may have added them."


def not_shown(upgrade: Seen, asked: int, missing: t.Collection[str]) -> ThingSpaceError:
    """That an upgrade holds less than it was scheduled with."""
    return ThingSpaceError(
        f"The upgrade {upgrade.upgrade_id} was scheduled with {asked} devices, and the service does not show {len(missing)} of them in it within "
        f"retry_timeout ({some(missing)}). Look at it again later, and bring in what is still missing with thingspace.fota.upgrade_devices before it starts.",
        "not_visible",
    )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happened, or would happen, to one upgrade. ``before`` and ``after`` are upgrades in the shape in which they are returned."""

    action: Action = "none"
    before: t.Mapping[str, t.Any] | None = None
    after: t.Mapping[str, t.Any] | None = None
    upgrade_id: str | None = None
    missing_count: int | None = None
    extra_count: int | None = None
    rejected: tuple[Rejection, ...] = ()
    duplicates: tuple[str, ...] = ()
    msg: str = "nothing was done"

    def values(self, budget: Budget) -> dict[str, t.Any]:
        """The return values."""
        rejected = budget.take([item._asdict() for item in self.rejected], lambda item: 70 + sum(map(len, item.values())))
        duplicates = budget.take(self.duplicates, lambda device: len(device) + 4)
        upgrade = self.after or self.before
        return {
            "action": self.action,
            "upgrade": dict(upgrade) if upgrade else None,
            "upgrade_id": upgrade["upgrade_id"] if upgrade else self.upgrade_id,
            "devices_missing_count": self.missing_count,
            "devices_extra_count": self.extra_count,
            "rejected": rejected,
            "rejected_count": len(self.rejected),
            "duplicates": duplicates,
            "truncated": budget.truncated,
            "msg": self.msg,
        }

    def diff(self) -> dict[str, str]:
        """The upgrade in lines; of its devices their number, since they are the business of ``upgrade_devices``."""
        sides = {"before": self.before, "after": self.after}
        return {**{side: _lines(value) for side, value in sides.items()}, **{f"{side}_header": _header(value) for side, value in sides.items()}}


def summary(verb: str, upgrade: t.Mapping[str, t.Any] | None, *, done: bool) -> str:
    """What was done, in a line."""
    if upgrade is None:
        return "nothing to cancel" if verb == "cancelled" else "nothing was done"
    key = f"{upgrade['firmware_name']} to {upgrade['firmware_to']} on {upgrade['start_date']}"
    return f"{verb if done else 'unchanged'}: {key}, {upgrade['device_count']} devices, {upgrade['status']}"


def untouched(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return Outcome(upgrade_id=params.get("upgrade_id") or None).values(Budget(0))


def _lines(upgrade: t.Mapping[str, t.Any] | None) -> str:
    if upgrade is None:
        return ""
    names = ("firmware_name", "firmware_to", "start_date", "end_date")
    lines = [f"{name}: {one_line(str(upgrade[name]))}" for name in names if upgrade[name] is not None]
    return "\n".join([*lines, f"devices: {upgrade['device_count']}"]) + "\n"


def _header(upgrade: t.Mapping[str, t.Any] | None) -> str:
    return "no upgrade" if upgrade is None else f"upgrade {upgrade['upgrade_id'] or 'that is not scheduled yet'} ({upgrade['status']})"
