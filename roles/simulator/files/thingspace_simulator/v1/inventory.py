# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations 7 to 9: firmware, devices and subscription of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ..server.messages import Json, Request, invalid
from ..world.model import Device
from .reports import index_of

if TYPE_CHECKING:
    from ..service import Service

_CLIENT_TYPES = ("OMADM", "LWM2M")


def firmware(service: Service, request: Request) -> Json:
    """GET everything that can be flashed; there are no pages."""
    return [
        {
            "firmwareName": item.firmware_name,
            "participantName": item.participant_name,
            "launchDate": item.launch_date,
            "releaseNote": item.release_note,
            "model": item.model,
            "make": item.make,
            "fromVersion": item.from_version,
            "toVersion": item.to_version,
        }
        for item in service.account(request.params["account"]).firmware
    ]


def devices(service: Service, request: Request) -> Json:
    """GET a page of the devices behind the one whose IMEI is the index."""
    account = service.account(request.params["account"])
    last = index_of(request.params["index"])
    wanted = parse_qs(request.query).get("clientType", [""])[0]
    if wanted and wanted not in _CLIENT_TYPES:
        raise invalid("Invalid client type")
    # The answer's number has lost leading zeros, so an index is compared as a number too.
    if last and f"{last:015d}" not in account.devices:
        raise invalid("LastSeenDeviceId Not Valid" if len(request.params["index"]) == 15 else "Invalid device id format")
    found = sorted(imei for imei, device in account.devices.items() if imei > f"{last:015d}" or not last if wanted in ("", device.client_type))
    page = found[: service.switches.device_page_size]
    more = len(found) > len(page)
    return {
        "accountName": account.name,
        "hasMoreData": more,
        "lastSeenDeviceId": int(page[-1]) if more else 0,
        "deviceList": [_device(account.devices[imei], imei in account.licenses) for imei in page],
    }


def _device(device: Device, licensed: bool) -> Json:
    return {
        "deviceId": device.imei,
        "mdn": device.mdn,
        "model": device.model,
        "make": device.make,
        "firmware": device.firmware,
        "fotaEligible": device.eligible,
        "licenseAssigned": licensed,
        "upgradeTime": device.upgrade_time,
    }


def subscription(service: Service, request: Request) -> Json:
    """GET what the account has bought."""
    account = service.account(request.params["account"])
    return {
        "accountName": account.name,
        "purchaseType": account.subscription.purchase_type,
        "licenseCount": account.subscription.license_count,
        "licenseUsedCount": len(account.licenses),
        "updateTime": account.subscription.update_time,
    }
