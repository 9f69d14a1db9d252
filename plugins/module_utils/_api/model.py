# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service knows, whatever the version of its API: upgrades, their keys, listeners. Neither JSON nor HTTP. Pure."""

from __future__ import annotations

import base64
import collections
import dataclasses
import functools
import typing as t
import unicodedata

from .._http.redact import redacted_url, secrets_in
from .fields import day_told
from .status import ACCEPTED, GONE, OPEN, OVER, DeviceStatus, Phase, doubtful_member, is_rejected, phase_of

_SHOWN = 5
_PREDICTED = DeviceStatus(ACCEPTED, "")


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """What a version of the API can do with an upgrade, beyond what all of them can."""

    dates_can_change: bool
    has_windows: bool
    can_abort: bool


@dataclasses.dataclass(frozen=True)
class ChangeAnswer:
    """What the service says to one batch of changes.

    A version that carries changes out later names no device: its answer is ``pending``, and only a read tells what became of them.
    """

    devices: t.Mapping[str, DeviceStatus]
    pending: bool = False


@dataclasses.dataclass(frozen=True)
class Upgrade:
    """One scheduled upgrade. ``devices`` holds every listed device; listed is not member."""

    upgrade_id: str
    account: str
    firmware_name: str | None
    firmware_to: str | None
    start_date: str | None
    end_date: str | None
    status: str
    devices: t.Mapping[str, DeviceStatus] = dataclasses.field(repr=False)
    # What the service tells beyond that, in plain names: of the upgrade, and of those devices where there is more.
    more: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    more_of_devices: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict, repr=False)
    # Whether the service gave a list of devices at all. Go leaves out an empty list, or writes it as null; so may a report that is kept short.
    told: bool = True

    @functools.cached_property
    def refused(self) -> frozenset[str]:
        """Devices that are listed as rejected."""
        # Few different standings, many devices.
        rejected = {standing for standing in set(self.devices.values()) if is_rejected(standing.status)}
        return frozenset(device for device, standing in self.devices.items() if standing in rejected) if rejected else frozenset()

    @functools.cached_property
    def members(self) -> frozenset[str]:
        """Devices that the upgrade will flash: all listed ones but the rejected."""
        return frozenset(self.devices) - self.refused if self.refused else frozenset(self.devices)

    @property
    def is_open(self) -> bool:
        """Whether devices can still be appended and removed."""
        return self.phase in OPEN

    @property
    def unlisted(self) -> str | None:
        """A sentence about devices that are not told, None if they are."""
        return None if self.told else f"The service does not say which devices are in the upgrade {self.upgrade_id}: it is shown without any."

    @property
    def doubt(self) -> str | None:
        """A sentence about devices that count as members though it is not said that they are, None if there are none.

        Once an upgrade has started, other statuses tell what became of its devices.
        """
        odd = collections.Counter(standing.status for standing in self.devices.values()) if self.is_open else {}
        told = [f"{count} as {status!r}" for status, count in sorted(odd.items()) if doubtful_member(status)]
        if not told:
            return None
        more = f" and {len(told) - _SHOWN} other statuses" if len(told) > _SHOWN else ""
        return f"The upgrade {self.upgrade_id} lists devices {', '.join(told[:_SHOWN])}{more}: they count as its members, though no document says so."

    @property
    def phase(self) -> Phase:
        """How far it is."""
        return phase_of(self.status)

    def predicted(self, append: frozenset[str], remove: frozenset[str]) -> Upgrade:
        """What these changes would make of it."""
        kept = {device: standing for device, standing in self.devices.items() if device not in remove}
        return dataclasses.replace(self, devices={**kept, **dict.fromkeys(append, _PREDICTED)})


@dataclasses.dataclass(frozen=True)
class UpgradeKey:
    """What tells upgrades of an account apart for people: the service knows them by a UUID that it makes up itself."""

    firmware_name: str
    firmware_to: str
    start_date: str

    def __str__(self) -> str:
        return f"{self.firmware_name} to {self.firmware_to} on {self.start_date}"

    def fits(self, upgrade: Upgrade) -> bool:
        """Whether an upgrade is the one that is meant. Dates are told with and without a time of day: the day counts."""
        return all(self._parts(upgrade))

    def may_fit(self, upgrade: Upgrade) -> bool:
        """Whether it cannot be known: nothing that the service tells of it is another thing, and something is missing, cannot be read or only looks alike."""
        parts = self._parts(upgrade)
        return None in parts and False not in parts

    def _parts(self, upgrade: Upgrade) -> tuple[bool | None, ...]:
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


def is_gone(upgrade: Upgrade) -> bool:
    """Whether nothing is left that could be cancelled."""
    return upgrade.phase in GONE


def holds(upgrade: Upgrade) -> bool:
    """Whether its devices are taken, as it may still start, or runs: always, unless its status is one of the ends that the documents know."""
    return upgrade.phase not in OVER


SERVICE = "Fota"


@dataclasses.dataclass(frozen=True)
class Listener:
    """Where messages go, and what they carry to be let in. A credential is None where it is not told; the service may not tell what it has."""

    url: str
    username: str | None = dataclasses.field(default=None, repr=False)
    password: str | None = dataclasses.field(default=None, repr=False)
    # As the service writes it, which takes no other spelling for a removal.
    name: str = SERVICE

    @property
    def has_credentials(self) -> bool:
        """Whether there are some, as far as it is told."""
        return bool(self.username or self.password)

    @property
    def secrets(self) -> list[str]:
        """What no message may show: the credentials, also in the form of HTTP Basic, and what may be secret in the URL."""
        plain = [secret for secret in (self.username, self.password) if secret]
        encoded = [code(f"{self.username}:{self.password}".encode()) for code in (base64.b64encode, base64.urlsafe_b64encode)] if len(plain) == 2 else []
        # Some leave the padding away.
        return [*plain, *(form.decode().rstrip("=") for form in encoded), *secrets_in(self.url)]

    @property
    def address(self) -> str:
        """The URL without what may be secret in it."""
        return redacted_url(self.url)
