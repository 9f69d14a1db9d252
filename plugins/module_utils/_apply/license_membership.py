# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The licensed devices of an account, as something that is brought to its target."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._api.model import ChangeAnswer
from .._api.status import DeviceStatus, Operation
from .._api.v1.licenses import short

if t.TYPE_CHECKING:
    from .._api.v1.licenses import Licenses

_LICENSED = DeviceStatus("", "")


@dataclasses.dataclass(frozen=True)
class Holders:
    """Licensed devices, as a membership reads them."""

    total: int | None
    assigned: int | None
    devices: t.Mapping[str, DeviceStatus] = dataclasses.field(repr=False)
    refused: frozenset[str] = frozenset()
    status: str = "open"
    is_open: bool = True
    told: bool = True

    @functools.cached_property
    def members(self) -> frozenset[str]:
        """Devices that have a license."""
        return frozenset(self.devices)

    @property
    def doubt(self) -> str | None:
        """As :func:`short`."""
        return short(self.assigned, len(self.devices))

    def predicted(self, append: frozenset[str], remove: frozenset[str]) -> Holders:
        """What these changes would make of it."""
        kept = {device: standing for device, standing in self.devices.items() if device not in remove}
        assigned = None if self.assigned is None else self.assigned + len(append) - len(remove)
        return dataclasses.replace(self, assigned=assigned, devices={**kept, **dict.fromkeys(append, _LICENSED)})


class LicensedDevices:
    """The licensed devices of an account, as a membership that can be brought to a target."""

    # Where all licenses are assigned, one must be taken back before the next can be given.
    order: tuple[Operation, Operation] = ("remove", "append")

    def __init__(self, licenses: Licenses, account: str) -> None:
        self._licenses = licenses
        self.name = f"the list of licenses of the account {account}"

    def read(self) -> Holders:
        """As :meth:`Licenses.read`."""
        licensed = self._licenses.read()
        return Holders(licensed.total, licensed.assigned, dict.fromkeys(licensed.devices, _LICENSED), told=licensed.told)

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """As :meth:`Licenses.change`."""
        return self._licenses.change(operation, devices)
