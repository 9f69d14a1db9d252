# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations 5 and 6: upgrades by status, history of a device."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ..server.messages import Json, Request, invalid, is_imei
from ..world.lifecycle import settle
from ..world.model import OPEN, REQUEST_PENDING, STATUSES, Upgrade
from .upgrades import render

if TYPE_CHECKING:
    from ..service import Service


def by_status(service: Service, request: Request) -> Json:
    """GET a page of the upgrades with a status, oldest first.

    Asking for RequestPending counts as a poll of those upgrades. Asking for other statuses does
    not, so that one pass over all statuses shows no upgrade twice.
    """
    account, status = request.params["account"], request.params["status"]
    if status not in STATUSES:
        raise invalid("Invalid upgrade status")
    start = index_of(request.params["index"])
    now = service.clock.now()
    mine = [upgrade for upgrade in service.upgrades.values() if upgrade.account == account and upgrade.reported_at <= now]
    if status == REQUEST_PENDING:
        for upgrade in mine:
            if upgrade.status == REQUEST_PENDING:
                settle(service, upgrade)
    oldest = _months_ago(service)
    found = [upgrade for upgrade in mine if upgrade.status == status and upgrade.row > start and (status in OPEN or _last_day(upgrade) >= oldest)]
    page = found[: service.switches.report_page_size]
    return {
        "hasMoreFlag": len(found) > len(page),
        "lastSeenUpgradeId": page[-1].row if page else 0,
        "reportList": [render(service, upgrade) for upgrade in page],
    }


def history(service: Service, request: Request) -> Json:
    """GET what became of a device in the last six months."""
    account, imei = request.params["account"], request.params["device"]
    if not is_imei(imei):
        raise invalid("Invalid device id format")
    if "/devices/" not in request.path:
        request.note("path:/device/")
    oldest = _months_ago(service)
    return [
        {
            "deviceId": imei,
            "id": row.upgrade_id,
            "accountName": account,
            "firmwareFrom": row.firmware_from,
            "firmwareTo": row.firmware_to,
            "startDate": row.start_date,
            "upgradeStartTime": row.upgrade_start_time,
            "status": row.status,
            "reason": row.reason,
        }
        for row in service.account(account).history.get(imei, [])
        if row.start_date >= oldest
    ]


def index_of(text: str) -> int:
    """A paging index; ``Invalid index value`` for anything but a whole number from 0."""
    if not (text.isascii() and text.isdigit()):
        raise invalid("Invalid index value")
    return int(text)


def _months_ago(service: Service) -> str:
    """The first day that history still knows."""
    return str(service.clock.today() - timedelta(days=183))


def _last_day(upgrade: Upgrade) -> str:
    return upgrade.end_date or upgrade.start_date
