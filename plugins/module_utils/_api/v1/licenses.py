# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licenses: their JSON, spelled here and nowhere else (P1, SDKDOC)."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..._errors import ThingSpaceError, UnsettledError
from ..account import Account
from ..fields import iso, normalize_keys
from ..model import ChangeAnswer
from ..status import Operation
from .device_list import device_statuses

_NAMES = {"deviceId": "device_id", "accountName": "account"}
_PAGE_FIELDS = {"totalLicenses", "assignedLicenses", "hasMoreData", "lastSeenDeviceId", "deviceList"}
_MOST_PASSES = 3
_SHOWN = 40


@dataclasses.dataclass(frozen=True)
class Licensed:
    """Who has a license. The counts are the service's own, None where it gives none.

    ``devices`` holds what the service tells of each device, by its id.
    """

    total: int | None
    assigned: int | None
    devices: t.Mapping[str, dict[str, t.Any]] = dataclasses.field(repr=False)
    # What the service tells beyond that, in plain names.
    more: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    # Whether it gave a list at all, or at least their number.
    told: bool = True

    @property
    def doubt(self) -> str | None:
        """As :func:`short`."""
        return short(self.assigned, len(self.devices))


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Devices that lose their license first when the account has fewer, in the service's order."""

    devices: tuple[str, ...] = dataclasses.field(repr=False)
    update_time: str | None


class Licenses:
    """The licenses of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self) -> Licensed:
        """GET every page of the licensed devices. Raises ThingSpaceError.

        The index may be a row number (the documents say both). If rows move up while later pages are read, the one at the border is
        in no page: a list of several pages that is shorter than the service's own count is read again.
        """
        for dummy in range(_MOST_PASSES):
            licensed, pages = self._pass()
            if pages == 1 or licensed.assigned is None or len(licensed.devices) >= licensed.assigned:
                break
        return licensed

    def _pass(self) -> tuple[Licensed, int]:
        devices: dict[str, dict[str, t.Any]] = {}
        page: dict[str, t.Any] = {}
        pages, listed = 0, False
        for page in self._account.pages("licenses", listed="deviceList", row_id="deviceId", cursor="lastSeenDeviceId", counted="assignedLicenses"):
            pages += 1
            listed = listed or isinstance(page.get("deviceList"), list)
            for item in page.get("deviceList") or []:
                if not isinstance(item, dict):
                    raise _no_device()
                device = _device(item.get("deviceId"))
                devices[device] = normalize_keys({**item, "deviceId": device}, _NAMES)
        more = normalize_keys({name: value for name, value in page.items() if name not in _PAGE_FIELDS}, _NAMES)
        assigned = _told_count(page, "assignedLicenses")
        return Licensed(_count(page.get("totalLicenses")), assigned, devices, more, listed or assigned is not None), pages

    def candidates(self) -> Candidates:
        """GET every page of the cancellation candidates. Raises ThingSpaceError, for a list that stays shorter than the service's own count too.

        These pages name no cursor: the next index is the number of devices that were read (0, 1000, ...).
        """
        for dummy in range(_MOST_PASSES):
            # A list that changes between two pages may show a device twice.
            devices: dict[str, None] = {}
            page: dict[str, t.Any] = {}
            listed = False
            for page in self._account.pages("licenses", "cancel", listed="deviceList", row_id=None, cursor=None, counted="count"):
                listed = listed or isinstance(page.get("deviceList"), list)
                devices |= dict.fromkeys(map(_device, page.get("deviceList") or []))
            count, updated = _told_count(page, "count"), page.get("updateTime")
            if count is None and not listed:
                raise ThingSpaceError("The service answered with neither the cancellation candidates nor their number.", "service")
            if count is None or count <= len(devices):
                return Candidates(tuple(devices), iso(str(updated)) if updated else None)
        raise ThingSpaceError(f"The service says that there are {count} cancellation candidates and lists {len(devices)}.", "service")

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """POST one batch. The status of each device in the answer; devices that it leaves out are missing here too.

        Raises UnsettledError where only reading can tell what became of it.
        """
        body = self._account.write("POST", {"deviceList": devices}, "licenses", "assign" if operation == "append" else "remove")
        try:
            return ChangeAnswer(device_statuses(body))
        except ThingSpaceError as error:
            # The status was a success, so the change may well have been made.
            raise UnsettledError(error.message, "service", carried_out=None) from None

    def replace_candidates(self, devices: list[str]) -> None:
        """POST a list that takes the place of the one before. Without a type: that is what tells it from an append."""
        self._account.write("POST", {"deviceList": devices}, "licenses", "cancel")

    def append_candidates(self, devices: list[str]) -> None:
        """POST more candidates."""
        self._account.write("POST", {"type": "append", "deviceList": devices}, "licenses", "cancel")

    def drop_candidates(self) -> None:
        """DELETE the list."""
        self._account.write("DELETE", None, "licenses", "cancel")


def short(assigned: int | None, listed: int) -> str | None:
    """A sentence about licenses that the service counts and does not list, None if there are none."""
    if assigned is None or assigned <= listed:
        return None
    return f"The service says that {assigned} licenses are assigned and lists {listed} devices: which others have one is not known."


def _device(value: object) -> str:
    if not isinstance(value, str):
        raise _no_device()
    return value.strip()


def _no_device() -> ThingSpaceError:
    return ThingSpaceError("The service answered with a license of a device that has no deviceId.", "service")


def _told_count(page: t.Mapping[str, t.Any], name: str) -> int | None:
    """How many there are, None if the service does not tell. Raises ThingSpaceError for what is no number: taken for untold, it hides what is not listed."""
    count = _count(page.get(name))
    if count is None and page.get(name) is not None:
        raise ThingSpaceError(f"The service answered with {name} {str(page[name])[:_SHOWN]!r}, which is no number of licenses.", "service")
    return count


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
