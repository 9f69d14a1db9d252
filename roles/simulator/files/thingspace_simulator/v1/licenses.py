# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations 10 to 15: licenses and the list of those to lose them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..server.messages import Json, Request, invalid
from ..world.model import NOT_FOUND, NOT_STARTED, Account
from .reports import index_of

if TYPE_CHECKING:
    from ..service import Service

Outcome = tuple[bool, str]


def listed(service: Service, request: Request) -> Json:
    """GET a page of the devices that have a license."""
    account = _account(service, request)
    start, size = index_of(request.params["index"]), service.switches.device_page_size
    everyone = sorted(account.licenses)
    if service.switches.license_paging == "imei":
        found = [imei for imei in everyone if int(imei) > start]
    else:
        if start > len(everyone):
            raise invalid("Index exceeds number of devices in list")
        found = everyone[start:]
    page = found[:size]
    more = len(found) > len(page)
    last = int(page[-1]) if page and service.switches.license_paging == "imei" else start + len(page)
    return {
        "accountName": account.name,
        "totalLicenses": account.subscription.license_count,
        "assignedLicenses": len(account.licenses),
        "hasMoreData": more,
        "lastSeenDeviceId": last if more else 0,
        "deviceList": [{"deviceId": imei, "assignmentTime": account.licenses[imei]} for imei in page],
    }


def assign(service: Service, request: Request) -> Json:
    """POST: a license for each of these devices, as far as there are any."""
    account = _account(service, request)

    def device(imei: str) -> Outcome:
        if imei in account.licenses:
            return True, "Device license preexisting"
        refusal = request.refused.get(imei) or service.world.refusals.get(imei)
        if refusal is None and service.switches.known_devices_only and imei not in account.devices:
            refusal = NOT_FOUND
        if refusal is None and len(account.licenses) >= account.subscription.license_count:
            refusal = "No license available"
        if refusal is None:
            account.licenses[imei] = service.clock.iso()
        return refusal is None, refusal or "Success"

    return _for_each(account, request, "LicenseAssign", device)


def remove(service: Service, request: Request) -> Json:
    """POST: take licenses away, which cancels what was scheduled for those devices."""
    account = _account(service, request)
    waiting = [upgrade for upgrade in service.upgrades.values() if upgrade.account == account.name and upgrade.status in NOT_STARTED]

    def device(imei: str) -> Outcome:
        if imei in request.refused:
            return False, request.refused[imei]
        if imei not in account.licenses:
            return False, "No license attached to device"
        if any(row.status == "UpgradeSuccess" for row in account.history.get(imei, [])):
            return False, "License removal not allowed for devices that have ever upgraded firmware"
        del account.licenses[imei]
        for upgrade in waiting:
            upgrade.devices.pop(imei, None)
            upgrade.unsettled.discard(imei)
        return True, "Success"

    return _for_each(account, request, "LicenseRemove", device)


def _for_each(account: Account, request: Request, verb: str, device: Callable[[str], Outcome]) -> Json:
    """The answer to a change of licenses: one object for each device of the request."""
    answers = []
    for imei in request.device_list():
        done, reason = device(imei)
        answers.append({"deviceId": imei, "status": verb + ("Success" if done else "Failed"), "Reason": reason})
    return {
        "accountName": account.name,
        "licCount": account.subscription.license_count,
        "licUsedCount": len(account.licenses),
        "deviceList": answers,
    }


def set_candidates(service: Service, request: Request) -> Json:
    """POST the devices that lose their license first: more of them, or, without a type, just these."""
    account = _account(service, request)
    devices, kind = request.device_list(), request.fields().get("type")
    if kind not in (None, "", "append"):
        raise invalid("Invalid type: must be append or left out")
    account.candidates = list(dict.fromkeys([*(account.candidates if kind else []), *devices]))
    account.candidates_time = service.clock.iso()
    return {"count": len(account.candidates), "deviceList": account.candidates}


def candidates(service: Service, request: Request) -> Json:
    """GET a page of the candidates."""
    account = _account(service, request)
    start, size = index_of(request.params["index"]), service.switches.device_page_size
    if start > len(account.candidates):
        raise invalid("Index exceeds number of devices in list")
    return {
        "count": len(account.candidates),
        "hasMoreData": len(account.candidates) > start + size,
        "updateTime": account.candidates_time,
        "deviceList": account.candidates[start : start + size],
    }


def drop_candidates(service: Service, request: Request) -> Json:
    """DELETE the list."""
    account = _account(service, request)
    account.candidates, account.candidates_time = [], service.clock.iso()
    return {"success": True}


def _account(service: Service, request: Request) -> Account:
    return service.account(request.params["account"])
