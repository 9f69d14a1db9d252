# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licences: their JSON, spelled here and nowhere else (reference section 2.9)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._shape import iso, plain


@dataclasses.dataclass(frozen=True)
class Licensed:
    """Who has a licence. The counts are the service's own, None where it gives none.

    ``devices`` holds what the service tells of each device, by its id.
    """

    total: int | None
    assigned: int | None
    devices: t.Mapping[str, dict[str, t.Any]] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Devices that lose their licence first when the account has fewer, in the service's order."""

    devices: tuple[str, ...] = dataclasses.field(repr=False)
    update_time: str | None


class Licenses:
    """The licences of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self) -> Licensed:
        """GET every page of the licensed devices. Raises ThingSpaceError."""
        devices: dict[str, dict[str, t.Any]] = {}
        page: dict[str, t.Any] = {}
        for page in self._account.pages("licenses", more="hasMoreData", cursor="lastSeenDeviceId"):
            for item in _listed(page):
                if not isinstance(item, dict):
                    raise _no_device()
                device = _device(item.get("deviceId"))
                devices[device] = {**plain(item), "device_id": device}
        return Licensed(_count(page.get("totalLicenses")), _count(page.get("assignedLicenses")), devices)

    def candidates(self) -> Candidates:
        """GET every page of the cancellation candidates. Raises ThingSpaceError.

        These pages name no cursor: the next index is the number of devices that were read (0, 1000, ...).
        """
        devices: list[str] = []
        while True:
            page = self._account.read("licenses", "cancel", "index", str(len(devices)))
            found = [_device(item) for item in _listed(page)]
            devices += found
            if not page.get("hasMoreData"):
                updated = page.get("updateTime")
                # A list that changes between two pages may show a device twice.
                return Candidates(tuple(dict.fromkeys(devices)), iso(str(updated)) if updated else None)
            if not found:
                raise ThingSpaceError("The list of cancellation candidates does not end: the service says that there is more and gives nothing.", "service")


def _listed(page: object) -> list[t.Any]:
    """The devices of a page. A list without elements may be left out or null, as Go writes it."""
    listed = page.get("deviceList") if isinstance(page, dict) else page
    if not isinstance(page, dict) or not isinstance(listed, (list, type(None))):
        raise ThingSpaceError("The service answered with something that is no page of licences.", "service")
    return listed or []


def _device(value: object) -> str:
    if not isinstance(value, str):
        raise _no_device()
    return value.strip()


def _no_device() -> ThingSpaceError:
    return ThingSpaceError("The service answered with a licence of a device that has no deviceId.", "service")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
