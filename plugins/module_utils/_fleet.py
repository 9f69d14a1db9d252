# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account has: firmware, devices and their history, its subscription, its listeners (reference sections 2.6 to 2.10)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._shape import plain

Told = dict[str, t.Any]

CLIENT_TYPES = ("OMADM", "LWM2M")
# Names that we give, by those of the service, where snake_case is not enough.
_NAMES = {"accountName": "account"}
_OF_HISTORY = {**_NAMES, "id": "upgrade_id"}
_OF_LISTENER = {**_NAMES, "aname": "account"}
# Fields of a listener that hold, or by their name may hold, what the service shows to the listener to be let in.
_WORDS = "user|pass|pwd|secret|token|auth|credential|key|login|signature"
_CREDENTIAL = re.compile(_WORDS, re.IGNORECASE)
_IN_URL = re.compile(rf"(//)[^/?#]*(?=@)|([?&][^=&#]*(?:{_WORDS})[^=&#]*=)[^&#]*", re.IGNORECASE)
_BLOTTED = "********"


class Fleet:
    """What one account has. All reads raise ThingSpaceError."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def firmware(self) -> list[Told]:
        """GET everything that can be flashed. The list has no pages."""
        return [plain(item, _NAMES) for item in _dicts(self._account.read("firmware"), "firmware")]

    def devices(self, client_type: str | None = None, wanted: t.Collection[str] | None = None) -> dict[str, Told]:
        """GET the devices, by id: all of them, or those that are wanted. Reads no more pages once they are all found."""
        found: dict[str, Told] = {}
        if wanted is not None and not wanted:
            return found
        query = {"clientType": client_type} if client_type else None
        for page in self._account.pages("devices", more="hasMoreData", cursor="lastSeenDeviceId", query=query):
            for item in _dicts(page.get("deviceList") or [], "devices"):
                device = item.get("deviceId")
                if not isinstance(device, str):
                    raise ThingSpaceError("The service answered with a device that has no deviceId.", "service")
                device = device.strip()
                if wanted is None or device in wanted:
                    found[device] = {**plain(item, _NAMES), "device_id": device}
            if wanted is not None and len(found) == len(set(wanted)):
                break
        return found

    def history(self, device: str) -> list[Told]:
        """GET what became of a device in the last six months."""
        return [plain(item, _OF_HISTORY) for item in _dicts(self._account.read("reports", "devices", device), "upgrades of a device")]

    def subscription(self) -> Told:
        """GET what was bought."""
        told: Told = plain(_dicts([self._account.read("subscriptions")], "subscriptions")[0], _NAMES)
        return told

    def listeners(self) -> list[Told]:
        """GET the registered listeners as the service tells them, which may include their credentials."""
        try:
            body = self._account.read("callbacks")
        except ThingSpaceError as error:
            if error.status is None or error.status >= 400:
                raise
            # The message of a success that could not be read shows its beginning: that may be credentials.
            raise ThingSpaceError("The answer to the question for callbacks is cut off or not JSON.", "service", status=error.status) from None
        return _dicts(body, "callbacks")


def described_listener(listener: Told) -> Told:
    """A listener without its credentials: whether there are some stands in ``username_set`` and the like."""
    told: Told = {"username_set": False, "password_set": False, **_without_credentials(plain(listener, _OF_LISTENER))}
    return told


def _without_credentials(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        secret = {f"{name}_set": item not in (None, "") for name, item in value.items() if _CREDENTIAL.search(name)}
        return {**{name: _without_credentials(item) for name, item in value.items() if not _CREDENTIAL.search(name)}, **secret}
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    return _IN_URL.sub(lambda found: (found[1] or found[2]) + _BLOTTED, value) if isinstance(value, str) else value


def _dicts(body: object, what: str) -> list[Told]:
    """A list of objects; null is how Go writes a list without elements."""
    listed = [] if body is None else body
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise ThingSpaceError(f"The service answered with something that is no list of {what}.", "service")
    return listed
