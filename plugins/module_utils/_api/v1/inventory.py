# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account has: firmware, devices and their history, its subscription, its listeners (P1)."""

from __future__ import annotations

import typing as t

from ..._errors import ThingSpaceError
from ..account import Account
from ..fields import NAMES, dicts, normalize_keys

if t.TYPE_CHECKING:
    from ..fields import Told

CLIENT_TYPES = ("OMADM", "LWM2M")
_OF_HISTORY = {**NAMES, "id": "upgrade_id"}


class Fleet:
    """What one account has. All reads raise ThingSpaceError."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def firmware(self) -> list[Told]:
        """GET everything that can be flashed. The list has no pages."""
        return [normalize_keys(item, NAMES) for item in dicts(self._account.read("firmware"), "firmware")]

    def devices(self, client_type: str | None = None, wanted: t.Collection[str] | None = None) -> dict[str, Told]:
        """GET the devices, by id: all of them, or those that are wanted. Reads no more pages once they are all found."""
        found: dict[str, Told] = {}
        if wanted is not None and not wanted:
            return found
        query = {"clientType": client_type} if client_type else None
        for page in self._account.pages("devices", listed="deviceList", row_id="deviceId", cursor="lastSeenDeviceId", query=query):
            for item in dicts(page.get("deviceList") or [], "devices"):
                device = item.get("deviceId")
                if not isinstance(device, str):
                    raise ThingSpaceError("The service answered with a device that has no deviceId.", "service")
                device = device.strip()
                if wanted is None or device in wanted:
                    found[device] = normalize_keys({**item, "deviceId": device}, NAMES)
            if wanted is not None and len(found) == len(set(wanted)):
                break
        return found

    def history(self, device: str) -> list[Told]:
        """GET what became of a device in the last six months."""
        return [normalize_keys(item, _OF_HISTORY) for item in dicts(self._account.read("reports", "devices", device), "upgrades of a device")]

    def subscription(self) -> Told:
        """GET what was bought."""
        body = dicts([self._account.read("subscriptions")], "subscriptions")[0]
        if not body.keys() & {"accountName", "purchaseType"}:
            raise ThingSpaceError("The service answered with something that is no subscription.", "service")
        told: Told = normalize_keys(body, NAMES)
        return told
