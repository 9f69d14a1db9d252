# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades: their JSON, spelled here and nowhere else (P1, SEED)."""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._plan import Operation, Plan
from ansible_collections.thingspace.fota.plugins.module_utils._shape import beside, day_or_moment, plain
from ansible_collections.thingspace.fota.plugins.module_utils._standing import REJECTED, Forms, Standing, doubtful_member, folded, reason_of, standings

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Devices can be changed "until the upgrade starts"; whether RequestPending is early enough is not said for v1, v2 allows it.
_OPEN = ("requestpending", "queued")
_FIRMWARE = ("firmwareName", "firmwareTo")
_FIELDS = {"id", "accountName", *_FIRMWARE, "startDate", "endDate", "status", "deviceList"}
_SHOWN = 5
_PREDICTED = Standing("Device Accepted", "")


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
    devices: t.Mapping[str, Standing] = dataclasses.field(repr=False)
    # What the service tells beyond that, in plain names: of the upgrade, and of those devices where there is more.
    more: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    more_of_devices: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict, repr=False)
    # Whether the service gave a list of devices at all. Go leaves out an empty list, or writes it as null; so may a report that is kept short.
    told: bool = True

    @functools.cached_property
    def refused(self) -> frozenset[str]:
        """Devices that are listed as rejected."""
        # Few different standings, many devices.
        rejected = {standing for standing in set(self.devices.values()) if folded(standing.status) == REJECTED}
        return frozenset(device for device, standing in self.devices.items() if standing in rejected) if rejected else frozenset()

    @functools.cached_property
    def members(self) -> frozenset[str]:
        """Devices that the upgrade will flash: all listed ones but the rejected."""
        return frozenset(self.devices) - self.refused if self.refused else frozenset(self.devices)

    @property
    def is_open(self) -> bool:
        """Whether devices can still be appended and removed."""
        return self.phase in _OPEN

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
    def phase(self) -> str:
        """The status without blanks and case."""
        return folded(self.status)

    def predicted(self, plan: Plan) -> Upgrade:
        """What it would become."""
        kept = {device: standing for device, standing in self.devices.items() if device not in plan.remove}
        return dataclasses.replace(self, devices={**kept, **dict.fromkeys(plan.append, _PREDICTED)})


class Upgrades:
    """The upgrades of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def get(self, upgrade_id: str) -> Upgrade:
        """GET one upgrade with all its devices. Raises ThingSpaceError, ``not_found`` if there is none."""
        upgrade = upgrade_of(self._account.read("upgrades", "upgrade", upgrade_id), self._account.name)
        if upgrade.upgrade_id.lower() != upgrade_id.lower():
            raise ThingSpaceError(f"Asked for the upgrade {upgrade_id}, the service answered with another one.", "service")
        return upgrade

    def change(self, upgrade_id: str, operation: Operation, devices: list[str]) -> dict[str, Standing]:
        """PUT one batch. The standing of each device in the answer; devices that it leaves out are missing here too.

        Raises UnsettledError where only reading can tell what became of it.
        """
        body = self._account.write("PUT", {"type": operation, "deviceList": devices}, "upgrades", "upgrade", upgrade_id)
        try:
            return standings(body)
        except ThingSpaceError as error:
            # The status was a success, so the change may well have been made.
            raise UnsettledError(error.message, "service", carried_out=None) from None

    def schedule(self, firmware_name: str, firmware_to: str, start_date: str, end_date: str | None, devices: t.Iterable[str]) -> Upgrade:
        """POST one upgrade. What the service has accepted, which is not yet scheduled.

        Raises UnsettledError where only reading can tell what became of it: a second POST makes a second upgrade.
        """
        wish = {"accountName": self._account.name, "firmwareName": firmware_name, "firmwareTo": firmware_to, "startDate": start_date}
        wish |= {"endDate": end_date} if end_date else {}
        body = self._account.post("upgrades", {**wish, "deviceList": sorted(devices)})
        try:
            return upgrade_of(body, self._account.name)
        except ThingSpaceError as error:
            raise UnsettledError(error.message, "service", carried_out=None) from None

    def cancel(self, upgrade_id: str) -> None:
        """DELETE one upgrade. Raises UnsettledError where only reading can tell what became of it."""
        body = self._account.write("DELETE", None, "upgrades", "upgrade", upgrade_id)
        if not isinstance(body, dict) or body.get("success") is not True:
            raise UnsettledError(f"The service did not acknowledge that the upgrade {upgrade_id} is cancelled.", "service", carried_out=None)


class UpgradeDevices:
    """The devices of one upgrade, as a membership that can be brought to a target."""

    # Appending first means that an upgrade that is to keep devices is never empty on the way: what an empty one does is undocumented.
    order: tuple[Operation, Operation] = ("append", "remove")

    def __init__(self, upgrades: Upgrades, upgrade_id: str) -> None:
        self._upgrades = upgrades
        self._upgrade_id = upgrade_id
        self.name = f"the upgrade {upgrade_id}"

    def read(self) -> Upgrade:
        """As :meth:`Upgrades.get`."""
        return self._upgrades.get(self._upgrade_id)

    def change(self, operation: Operation, devices: list[str]) -> dict[str, Standing]:
        """As :meth:`Upgrades.change`."""
        return self._upgrades.change(self._upgrade_id, operation, devices)


def upgrade_id_of(value: str) -> str:
    """An upgrade id as the API writes it. Raises InputError, since anything else would become part of the URL."""
    upgrade_id = value.strip()
    if not _UUID.fullmatch(upgrade_id):
        raise InputError(f"upgrade_id {upgrade_id[:80]!r} is not a UUID, such as 60b5d639-ccdc-4db8-8824-069bd94c95bf.")
    return upgrade_id


def described(upgrade: Upgrade, *, include_devices: bool) -> dict[str, t.Any]:
    """The one shape in which modules return an upgrade. Counts are of listed devices, by status as the service spells it."""
    values: dict[str, t.Any] = {
        "upgrade_id": upgrade.upgrade_id,
        "account": upgrade.account,
        "firmware_name": upgrade.firmware_name,
        "firmware_to": upgrade.firmware_to,
        "start_date": upgrade.start_date,
        "end_date": upgrade.end_date,
        "status": upgrade.status,
        "device_count": len(upgrade.devices),
        "devices_by_status": dict(sorted(collections.Counter(standing.status for standing in upgrade.devices.values()).items())),
    }
    if include_devices:
        more = upgrade.more_of_devices
        values["devices"] = [
            beside({"device_id": device, **standing._asdict()}, more.get(device, {}).items()) for device, standing in sorted(upgrade.devices.items())
        ]
    return beside(values, upgrade.more.items())


def upgrade_of(body: object, account: str) -> Upgrade:
    """One upgrade out of JSON. Raises ThingSpaceError."""
    if not isinstance(body, dict) or not _id_of(body) or not isinstance(body.get("status"), str):
        raise ThingSpaceError("The service answered with something that is no upgrade (without id or status).", "service")
    forms = Forms()
    # A number is no name: 2.10 has become 2.1 in it. It is told beside, as everything that we do not know.
    names = {name: body[name] for name in _FIRMWARE if isinstance(body.get(name), str)}
    known = _FIELDS - {name for name in _FIRMWARE if name not in names and body.get(name) is not None}
    return Upgrade(
        upgrade_id=_id_of(body),
        account=_string(body.get("accountName")) or account,
        firmware_name=names.get("firmwareName"),
        firmware_to=names.get("firmwareTo"),
        start_date=_date(body.get("startDate")),
        end_date=_date(body.get("endDate")),
        status=body["status"],
        devices=standings(body, forms),
        more=plain({name: value for name, value in body.items() if name not in known}),
        more_of_devices=_more_of_devices(body["deviceList"]) if forms.more else {},
        told=isinstance(body.get("deviceList"), list),
    )


def _id_of(body: t.Mapping[str, t.Any]) -> str:
    # Blanks at its edges would become part of URLs, of hosts and of what is remembered: an upgrade by another name each time.
    value = body.get("id")
    return value.strip() if isinstance(value, str) else ""


def _more_of_devices(listed: list[dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    """Fields of devices that we do not know, a second reason among them."""
    more = ((item, item.keys() - {"deviceId", "status", reason_of(item)}) for item in listed)
    return {item["deviceId"].strip(): plain({name: item[name] for name in sorted(names)}) for item, names in more if names}


def _date(value: object) -> str | None:
    return None if value is None else day_or_moment(value)


def _string(value: object) -> str | None:
    return None if value is None else str(value)
