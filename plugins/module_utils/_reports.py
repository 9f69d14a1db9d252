# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades by status (P1-get-upgrades-by-status)."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._upgrades import Upgrade, Upgrades, upgrade_of

# In the order in which an upgrade passes through them: read in this order, one that moves meanwhile is seen at least once.
STATUSES = ("RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed")

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
