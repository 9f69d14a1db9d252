# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape in which upgrades are returned. Pure."""

from __future__ import annotations

import collections
import json
import typing as t

from .._api.fields import merge_unique

if t.TYPE_CHECKING:
    from .._api.model import Upgrade

# Different statuses that are counted one by one; the other devices are counted together.
_MOST_STATUSES = 100
_LONGEST_STATUS = 80
_OTHER = "other"
# Of a list or an object that the service tells beyond what we know, as JSON.
_LARGEST = 20_000


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
        "devices_by_status": _by_status(upgrade),
    }
    if include_devices:
        more = upgrade.more_of_devices
        values["devices"] = [
            merge_unique({"device_id": device, **standing._asdict()}, more.get(device, {}).items()) for device, standing in sorted(upgrade.devices.items())
        ]
    return merge_unique(values, ((name, _bounded(value)) for name, value in upgrade.more.items()))


def _by_status(upgrade: Upgrade) -> dict[str, int]:
    counted: collections.Counter[str] = collections.Counter()
    for status, number in collections.Counter(status.status for status in upgrade.devices.values()).items():
        counted[status if len(status) <= _LONGEST_STATUS else f"{status[:_LONGEST_STATUS]}…"] += number
    if len(counted) > _MOST_STATUSES:
        # A word of its own for each device says nothing, and would fill the result.
        often = dict(counted.most_common(_MOST_STATUSES))
        counted = collections.Counter({**often, _OTHER: counted.total() - sum(often.values()) + often.get(_OTHER, 0)})
    return dict(sorted(counted.items()))


def _bounded(value: t.Any) -> t.Any:
    """What the service tells beyond what we know, as text where it is large: texts in results are cut."""
    return value if isinstance(value, (str, int, float, type(None))) or len(written := json.dumps(value)) <= _LARGEST else written
