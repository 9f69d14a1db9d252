# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of devices in JSON of v1, with status and reason of each. Pure (SEED, P1-get-upgrade-information, SDKDOC)."""

from __future__ import annotations

import typing as t

from ..._errors import ThingSpaceError
from ..status import DeviceStatus, is_rejected

_REASONS = ("Reason", "reason", "resultReason")


def reason_of(item: t.Mapping[str, t.Any]) -> str:
    """The name of the field with the reason: the documents write Reason in the answer to a change, resultReason in GET."""
    given = [name for name in _REASONS if name in item]
    return next((name for name in given if item[name]), given[0] if given else "")


class Forms:
    """What can be told of devices by the names of their fields alone: lists have 100,000 devices of the same few forms."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, ...], str | None] = {}
        # Whether a device may have fields that we do not know, a second reason among them.
        self.more = False

    def reason(self, item: dict[str, t.Any]) -> str:
        """As :func:`reason_of`."""
        names = tuple(item)
        try:
            reason = self._reasons[names]
        except KeyError:
            given = [name for name in _REASONS if name in item]
            reason = self._reasons[names] = None if len(given) > 1 else "".join(given)
            self.more = self.more or len(given) > 1 or bool(item.keys() - {"deviceId", "status", *given})
        return reason_of(item) if reason is None else reason


def device_statuses(body: object, forms: Forms | None = None) -> dict[str, DeviceStatus]:
    """The devices of a list, or of the answer to a change. One object for each different standing keeps 100,000 devices small.

    Raises ThingSpaceError if there is no such list.

    Args:
        forms: learns the forms of the devices, for who wants to know.
    """
    listed = body.get("deviceList") if isinstance(body, dict) else body
    if listed is None and isinstance(body, dict):
        # The service is probably written in Go, which leaves out, or writes as null, a list without elements.
        listed = []
    if not isinstance(listed, list):
        raise ThingSpaceError("The service answered without a list of devices.", "service")
    reason = (forms or Forms()).reason
    known: dict[tuple[object, object], DeviceStatus] = {}
    devices: dict[str, DeviceStatus] = {}
    for item in listed:
        try:
            device = item["deviceId"].strip()
        except (TypeError, KeyError, AttributeError):
            device = ""
        if not device:
            raise ThingSpaceError("The service answered with a device that has no deviceId.", "service")
        said = (item.get("status"), item.get(reason(item)))
        try:
            standing = known[said]
        except (KeyError, TypeError):
            text = (_string(said[0]), _string(said[1]))
            standing = known.setdefault(text, DeviceStatus(text[0] or "", text[1] or ""))
        # Listed twice, once rejected: it is in, and would be flashed.
        if device not in devices or is_rejected(devices[device].status):
            devices[device] = standing
    return devices


def _string(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else str(value)
