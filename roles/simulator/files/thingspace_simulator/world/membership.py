# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices into an upgrade and out of it, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..server.messages import Request
from .lifecycle import Judge, reject
from .model import ACCEPTED, REMOVED, REQUEST_PENDING, Entry, Upgrade

if TYPE_CHECKING:
    from ..service import Service


class Append:
    """One device after the other into an upgrade."""

    def __init__(self, service: Service, upgrade: Upgrade, request: Request) -> None:
        self.success = service.switches.append_success_status
        self.failure = service.switches.append_failure_status
        self._service, self._upgrade = service, upgrade
        self._judge = Judge(service, upgrade, request)
        self._refused = request.refused
        self._later = upgrade.status == REQUEST_PENDING or service.switches.append_validation == "later"

    def device(self, imei: str) -> tuple[bool, str]:
        """Whether it was added, and what the service says about it."""
        upgrade = self._upgrade
        entry = upgrade.devices.get(imei)
        if entry is not None and entry.member:
            if imei in self._refused:
                return False, self._refused[imei]
            if self._service.switches.re_append == "success":
                return True, "Device added Successfully"
            return False, "Device already exists in the upgrade."
        if self._later and imei not in self._refused:
            upgrade.devices[imei] = Entry(REQUEST_PENDING)
            upgrade.unsettled.add(imei)
            upgrade.pending_reads = max(upgrade.pending_reads, self._service.switches.pending_reads)
            return True, "Device added Successfully"
        reason = self._judge.refusal(imei)
        if reason is not None:
            reject(self._service, upgrade, imei, reason)
            return False, reason
        upgrade.devices[imei] = Entry(ACCEPTED, "success")
        return True, "Device added Successfully"


class Remove:
    """One device after the other out of an upgrade."""

    def __init__(self, service: Service, upgrade: Upgrade, request: Request) -> None:
        self.success = service.switches.remove_success_status
        self.failure = service.switches.remove_failure_status
        self._switches, self._upgrade, self._refused = service.switches, upgrade, request.refused

    def device(self, imei: str) -> tuple[bool, str]:
        """Whether it was removed, and what the service says about it."""
        upgrade = self._upgrade
        if imei in self._refused:
            return False, self._refused[imei]
        entry = upgrade.devices.get(imei)
        if entry is None or entry.status == REMOVED:
            if self._switches.remove_absent == "success":
                return True, "Device removed Successfully"
            return False, "Device not found in the upgrade."
        upgrade.unsettled.discard(imei)
        if self._switches.removed_devices == "listed":
            upgrade.devices[imei] = Entry(REMOVED, "Device removed Successfully")
        else:
            del upgrade.devices[imei]
        return True, "Device removed Successfully"
