# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape in which upgrades are returned. Pure."""

from __future__ import annotations

import collections
import typing as t

from .._api.fields import merge_unique

if t.TYPE_CHECKING:
    from .._api.model import Upgrade


def described(upgrade: Upgrade, *, include_devices: bool) -> dict[str, t.Any]:
    """The one shape in which modules return an upgrade. Counts are of listed devices, by status as the service spells it."""
    values: dict[str, t.Any] = {
        "upgrade_id": upgrade.upgrade_id,
        "account": upgrade.account,
        "firmware_name": upgrade.firmware_name,
        "firmware_to": upgrade.firmware_to,
        "start_date": upgrade.start_date,
        "end_date": upgrade.end_date,
        "status": upgrade.status,
        "device_count": len(upgrade.devices),
        "devices_by_status": dict(sorted(collections.Counter(standing.status for standing in upgrade.devices.values()).items())),
    }
    if include_devices:
        more = upgrade.more_of_devices
        values["devices"] = [
            merge_unique({"device_id": device, **standing._asdict()}, more.get(device, {}).items()) for device, standing in sorted(upgrade.devices.items())
        ]
    return merge_unique(values, upgrade.more.items())
