# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an upgrade lives: checks, start, end. Nothing here knows HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..server.messages import Request
from .clock import Clock, midnight
from .model import (
    ACCEPTED,
    ELSEWHERE,
    FINISHED,
    IN_PROGRESS,
    NOT_ELIGIBLE,
    NOT_FOUND,
    OPEN,
    QUEUED,
    REJECTED,
    REQUEST_FAILED,
    REQUEST_PENDING,
    Account,
    Entry,
    HistoryRow,
    Upgrade,
)
from .switches import Switches

if TYPE_CHECKING:
    from ..service import Service


def tick(service: Service) -> None:
    """Start and end the upgrades whose time has come."""
    if not service.switches.auto_start:
        return
    now = service.clock.now()
    for upgrade in service.upgrades.values():
        if upgrade.status == QUEUED and upgrade.starts_at is not None and now >= upgrade.starts_at:
            _start(service, upgrade)
        if upgrade.status == IN_PROGRESS and upgrade.ends_at is not None and now >= upgrade.ends_at:
            _end(service, upgrade)


def plan_start(clock: Clock, switches: Switches, upgrade: Upgrade) -> None:
    """A later day starts at 00:00 UTC; today is on demand, some time from now."""
    soonest = clock.now() + switches.on_demand_seconds
    upgrade.starts_at = max(soonest, midnight(upgrade.start_date))


def _start(service: Service, upgrade: Upgrade) -> None:
    upgrade.status = IN_PROGRESS
    upgrade.started = upgrade.starts_at
    upgrade.ends_at = service.clock.now() + service.switches.run_seconds
    if upgrade.end_date:
        upgrade.ends_at = max(upgrade.ends_at, midnight(upgrade.end_date) + 86400)


def _end(service: Service, upgrade: Upgrade) -> None:
    """Every member ends with one row of history; flashed ones carry the new version."""
    upgrade.status = service.switches.run_result
    outcome = ("UpgradeSuccess", "success") if upgrade.status == FINISHED else ("UpgradeFailed", "failure")
    account = service.accounts.get(upgrade.account)
    if account is None:
        return
    started = service.clock.iso(upgrade.started)[:19] + "Z"
    for imei in upgrade.members():
        upgrade.devices[imei] = Entry(*outcome)
        device = account.devices.get(imei)
        before = device.firmware if device else ""
        row = HistoryRow(upgrade.id, before, upgrade.firmware_to, upgrade.start_date, started, *outcome)
        account.history.setdefault(imei, []).append(row)
        if device and upgrade.status == FINISHED:
            device.firmware, device.upgrade_time = upgrade.firmware_to, service.clock.iso()


def settle(service: Service, upgrade: Upgrade) -> None:
    """A read brings the asynchronous checks nearer; after enough reads they are done."""
    if upgrade.status not in (REQUEST_PENDING, QUEUED):
        return
    if not upgrade.unsettled and upgrade.status == QUEUED:
        return
    if upgrade.pending_reads > 0:
        upgrade.pending_reads -= 1
        return
    judge = Judge(service, upgrade)
    for imei in upgrade.unsettled:
        reason = judge.refusal(imei)
        if reason is None:
            upgrade.devices[imei] = Entry(ACCEPTED, "success")
        else:
            reject(service, upgrade, imei, reason)
    upgrade.unsettled.clear()
    if upgrade.status == REQUEST_PENDING:
        upgrade.status = QUEUED if upgrade.members() else REQUEST_FAILED


def reject(service: Service, upgrade: Upgrade, imei: str, reason: str) -> None:
    """A refused device stays listed, or is gone, as the switch says."""
    if service.switches.rejected_devices == "listed":
        upgrade.devices[imei] = Entry(REJECTED, reason)
    else:
        upgrade.devices.pop(imei, None)


class Judge:
    """Says whether a device fits into an upgrade; prepared once for many devices."""

    def __init__(self, service: Service, upgrade: Upgrade, request: Request | None = None) -> None:
        self._upgrade = upgrade
        self._account: Account = service.accounts[upgrade.account]
        self._refusals = {**service.world.refusals, **(request.refused if request else {})}
        self._known_only = service.switches.known_devices_only
        self._needs_license = self._account.subscription.needs_license
        self._others = [other for other in service.upgrades.values() if other.status in OPEN and other.id != upgrade.id]
        self._fits = {
            (firmware.make, firmware.model, firmware.from_version)
            for firmware in self._account.firmware
            if (firmware.firmware_name, firmware.to_version) == (upgrade.firmware_name, upgrade.firmware_to)
        }

    def refusal(self, imei: str) -> str | None:
        """Why the device is refused; ``None`` if it is accepted."""
        if imei in self._refusals:
            return self._refusals[imei]
        device = self._account.devices.get(imei)
        if device is None and self._known_only:
            return NOT_FOUND
        if device is not None and not device.eligible:
            return NOT_ELIGIBLE
        if self._needs_license and imei not in self._account.licenses:
            return NOT_ELIGIBLE
        for other in self._others:
            entry = other.devices.get(imei)
            if entry is not None and entry.member:
                return ELSEWHERE
        if device is not None and self._fits and not self._fitting(device.make, device.model, device.firmware):
            return "Device make, model or firmware version does not match the firmware."
        return None

    def _fitting(self, make: str, model: str, version: str) -> bool:
        return any(fit[:2] == (make, model) and fit[2] in ("", version) for fit in self._fits)
