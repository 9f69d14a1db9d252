# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations 1 to 4: schedule, read, modify and cancel an upgrade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..auth.tokens import check_account
from ..server.messages import Json, Request, invalid
from ..world.clock import read_moment
from ..world.lifecycle import plan_start, settle
from ..world.membership import Append, Remove
from ..world.model import ACCEPTED, CANCELLED, NOT_STARTED, REJECTED, REMOVED, REQUEST_PENDING, Entry, Upgrade

if TYPE_CHECKING:
    from ..service import Service

_JOINED = {ACCEPTED: "Accepted", REJECTED: "DeviceRejected"}


def render(service: Service, upgrade: Upgrade, counts: bool = False) -> Json:
    """An upgrade as GET and the status report show it; ``counts`` where the look is a poll."""
    switches = service.switches
    names = {REMOVED: switches.removed_status, REJECTED: switches.rejected_status, **(_JOINED if switches.device_statuses == "joined" else {})}
    devices = [
        {"deviceId": imei, "status": names.get(status, status), "resultReason": reason} if reason else {"deviceId": imei, "status": names.get(status, status)}
        for imei, (status, reason) in upgrade.seen(service.clock.now(), counts).items()
    ]
    shown = {
        "id": upgrade.id,
        "accountName": upgrade.account,
        "firmwareName": upgrade.firmware_name,
        "firmwareTo": upgrade.firmware_to,
        "startDate": _date(service, upgrade.start_date),
        "endDate": _date(service, upgrade.end_date),
        "status": upgrade.status,
        "deviceList": devices,
    }
    if not switches.end_date_shown or not upgrade.end_date:
        del shown["endDate"]
    return shown


def _date(service: Service, day: str | None) -> str | None:
    return f"{day[:10]}T00:00:00.000Z" if day and service.switches.date_format == "datetime" else day


def schedule(service: Service, request: Request) -> Json:
    """POST /upgrades: accepted at once, checked later."""
    body = request.fields()
    name = body.get("accountname")
    if not isinstance(name, str):
        raise invalid("Invalid account name format")
    check_account(service, name)
    start = _day(body.get("startdate"))
    if start is None or (service.switches.past_start_dates == "refuse" and start < str(service.clock.today())):
        raise invalid("FotaPostUpgrades: invalid state date")
    if "enddate" not in body:
        request.note("endDate:missing")
    firmware = (body.get("firmwarename"), body.get("firmwareto"))
    if not all(isinstance(part, str) and part for part in firmware):
        raise invalid("Input binding error")
    offered = [(item.firmware_name, item.to_version) for item in service.account(name).firmware]
    if offered and firmware not in offered:
        raise invalid("Invalid firmware name or version")
    devices = dict.fromkeys(request.device_list(), Entry(REQUEST_PENDING))
    _check_size(service, devices)
    upgrade = Upgrade(
        account=name,
        firmware_name=str(firmware[0]),
        firmware_to=str(firmware[1]),
        start_date=start,
        end_date=_day(body.get("enddate")),
        status=REQUEST_PENDING,
        devices=devices,
        unsettled=set(devices),
        pending_reads=service.switches.pending_reads,
        reported_at=service.clock.now() + service.switches.reported_after_seconds,
    )
    plan_start(service.clock, service.switches, upgrade)
    return render(service, service.world.register(upgrade))


def _day(value: Json) -> str | None:
    """The day of a date or of a moment, both of which clients send."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d(T|$)", value):
        return None
    try:
        read_moment(value[:10])
    except ValueError:
        return None
    return value[:10]


def read(service: Service, request: Request) -> Json:
    """GET an upgrade with all its devices."""
    upgrade = _of(service, request)
    settle(service, upgrade)
    return render(service, upgrade, counts=True)


def cancel(service: Service, request: Request) -> Json:
    """DELETE: only before the start. What remains of it is a switch."""
    upgrade = _of(service, request)
    _check_modifiable(service, upgrade)
    if service.switches.cancelled_upgrades == "vanish":
        del service.upgrades[upgrade.id]
    else:
        upgrade.status = CANCELLED
    return {"success": True}


def modify(service: Service, request: Request) -> Json:
    """PUT: append or remove devices, answered for each device of the request."""
    upgrade = _of(service, request)
    body = request.fields()
    operation = body.get("type")
    devices = request.device_list()
    if operation not in ("append", "remove"):
        raise invalid("Invalid type: must be append or remove")
    _check_size(service, devices)
    _check_modifiable(service, upgrade)
    if upgrade.status == REQUEST_PENDING and not service.switches.put_while_pending:
        raise _not_modifiable(service)
    switches = service.switches
    if switches.visible_after_reads or switches.visible_after_seconds:
        upgrade.hide_changes(switches.visible_after_reads, service.clock.now() + switches.visible_after_seconds)
    change = Append(service, upgrade, request) if operation == "append" else Remove(service, upgrade, request)
    key = switches.put_answer if switches.put_answer != "upgrade" else "Reason"
    answers = []
    for imei in devices:
        done, reason = change.device(imei)
        answers.append({"deviceId": imei, "status": change.success if done else change.failure, key: reason})
    if switches.empty_upgrades == "vanish" and not upgrade.members():
        service.upgrades.pop(upgrade.id)
    if switches.put_answer == "upgrade":
        return render(service, upgrade)
    return {"accountName": upgrade.account, "id": upgrade.id, "deviceList": answers}


def _of(service: Service, request: Request) -> Upgrade:
    return service.upgrade(request.params["account"], request.params["upgrade_id"])


def _check_size(service: Service, devices: list[str] | dict[str, Entry]) -> None:
    most = service.switches.max_devices_per_request
    if most is not None and len(devices) > most:
        raise invalid(f"Device list exceeds {most} devices")


def _check_modifiable(service: Service, upgrade: Upgrade) -> None:
    if upgrade.status not in NOT_STARTED:
        raise _not_modifiable(service)


def _not_modifiable(service: Service) -> Exception:
    return invalid(service.switches.not_modifiable_message, code=service.switches.not_modifiable_code)
