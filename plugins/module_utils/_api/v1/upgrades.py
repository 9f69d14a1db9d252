# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades in JSON of v1, one by one and by status (P1, P1-get-upgrades-by-status, SEED)."""

from __future__ import annotations

import typing as t

from ..._errors import ThingSpaceError, UnsettledError
from ..account import Account
from ..fields import day_or_moment, normalize_keys
from ..model import Capabilities, ChangeAnswer, Upgrade
from ..status import STATUSES, Operation, Phase, statuses_in
from .device_list import Forms, device_statuses, reason_of

_FIRMWARE = ("firmwareName", "firmwareTo")
_FIELDS = {"id", "accountName", *_FIRMWARE, "startDate", "endDate", "status", "deviceList"}


class Upgrades:
    """The upgrades of one account, as :class:`_api.version.Upgrades` has them."""

    # An upgrade that has started cannot be cancelled, and one that is scheduled keeps its days.
    can = Capabilities(dates_can_change=False, has_windows=False, can_abort=False)

    def __init__(self, account: Account) -> None:
        self._account = account

    def get(self, upgrade_id: str) -> Upgrade:
        """GET one upgrade with all its devices. Raises ThingSpaceError, ``not_found`` if there is none."""
        upgrade = upgrade_of(self._account.read("upgrades", "upgrade", upgrade_id), self._account.name)
        if upgrade.upgrade_id.lower() != upgrade_id.lower():
            raise ThingSpaceError(f"Asked for the upgrade {upgrade_id}, the service answered with another one.", "service")
        return upgrade

    def in_phases(self, *phases: Phase, without: t.Collection[str] = ()) -> list[Upgrade]:
        """As :func:`upgrades_by_status`."""
        return upgrades_by_status(self._account, statuses_in(*phases), without)

    def with_devices(self, upgrades: t.Iterable[Upgrade], *, needed: bool = True) -> list[Upgrade]:
        """As :func:`with_devices`."""
        return with_devices(self._account, upgrades, needed=needed)

    def change(self, upgrade_id: str, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """PUT one batch. The status of each device in the answer; devices that it leaves out are missing here too.

        Raises UnsettledError where only reading can tell what became of it.
        """
        body = self._account.write("PUT", {"type": operation, "deviceList": devices}, "upgrades", "upgrade", upgrade_id)
        try:
            return ChangeAnswer(device_statuses(body))
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
        devices=device_statuses(body, forms),
        more=normalize_keys({name: value for name, value in body.items() if name not in known}),
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
    return {item["deviceId"].strip(): normalize_keys({name: item[name] for name in sorted(names)}) for item, names in more if names}


def _date(value: object) -> str | None:
    return None if value is None else day_or_moment(value)


def _string(value: object) -> str | None:
    return None if value is None else str(value)


_MOST_PASSES = 5
# Gets a row of a list that is no upgrade, and what is wrong with it.
Unreadable = t.Callable[[object, ThingSpaceError], None]


def upgrades_by_status(account: Account, statuses: t.Collection[str], without: t.Collection[str] = (), unreadable: Unreadable | None = None) -> list[Upgrade]:
    """All upgrades with one of these statuses, whatever the order in which they are asked for. Raises ThingSpaceError.

    One that moves from a status to the next between two reads is listed once, as it was seen last.

    Args:
        without: ids in lower case whose devices nobody wants to know, which saves reading them.
        unreadable: for who can do without a row, gets each that cannot be read. Otherwise that is an error.
    """
    found: dict[str, Upgrade] = {}
    for status in (status for status in STATUSES if status in statuses):
        for upgrade in _of_status(account, status, without, unreadable):
            found.pop(upgrade.upgrade_id.lower(), None)
            found[upgrade.upgrade_id.lower()] = upgrade
    return list(found.values())


def with_devices(account: Account, upgrades: t.Iterable[Upgrade], *, needed: bool = True) -> list[Upgrade]:
    """The upgrades, each with its devices: one whose row in the report has no list of them is read by itself. Raises ThingSpaceError.

    Args:
        needed: one that does not tell them even then, or is listed and not there, is an error, since its devices are not known to be free. Otherwise
            one that is not there is left out: it may have gone meanwhile.
    """
    whole = (upgrade if upgrade.told else _whole(account, upgrade.upgrade_id, needed) for upgrade in upgrades)
    return [upgrade for upgrade in whole if upgrade is not None]


def _whole(account: Account, upgrade_id: str, needed: bool) -> Upgrade | None:
    try:
        upgrade = Upgrades(account).get(upgrade_id)
    except ThingSpaceError as error:
        if error.kind != "not_found":
            raise
        if needed:
            raise ThingSpaceError(
                f"The service lists the upgrade {upgrade_id} without its devices, and does not know it when asked for it.", "service"
            ) from None
        return None
    if needed and not upgrade.told:
        raise ThingSpaceError(f"The service does not say which devices are in the upgrade {upgrade_id}: neither report nor upgrade lists any.", "service")
    return upgrade


def _of_status(account: Account, status: str, without: t.Collection[str], unreadable: Unreadable | None) -> t.Iterable[Upgrade]:
    """The upgrades with one status.

    The index is a row number. If rows move up while later pages are read, the one at the border is in no page: a list of several
    pages is read until two passes agree.
    """
    before: t.Collection[str] | None = None
    for _attempt in range(_MOST_PASSES):
        pages, upgrades = 0, list[Upgrade]()
        for page in account.pages("reports", "status", status, listed="reportList", row_id="id", cursor="lastSeenUpgradeId"):
            pages += 1
            upgrades += _read((_slim(body, without) for body in page.get("reportList") or []), account.name, unreadable)
        ids = {upgrade.upgrade_id for upgrade in upgrades}
        if pages == 1 or ids == before:
            return upgrades
        before = ids
    raise ThingSpaceError(f"The list of upgrades that are {status} keeps changing while it is read.", "service")


def _read(rows: t.Iterable[object], account: str, unreadable: Unreadable | None) -> t.Iterator[Upgrade]:
    for row in rows:
        try:
            upgrade = upgrade_of(row, account)
        except ThingSpaceError as error:
            if unreadable is None:
                raise
            unreadable(row, error)
        else:
            yield upgrade


def _slim(body: t.Any, without: t.Collection[str]) -> t.Any:
    """An upgrade, without its devices if they are not asked for."""
    if isinstance(body, dict) and str(body.get("id")).strip().lower() in without:
        return {**body, "deviceList": []}
    return body
