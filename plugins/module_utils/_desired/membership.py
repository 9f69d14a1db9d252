# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to the devices that are declared, and to what they are to become."""

from __future__ import annotations

import typing as t

from .._errors import InputError
from .._plan.guardrails import check_declaration
from .._plan.target import Limits, Target, Veto
from .checks import check_range
from .imei import DesiredDevices, declare, doubt
from .task_files import Declarations

if t.TYPE_CHECKING:
    from .checks import Params


def desired_devices(params: Params, files: Declarations | None = None) -> DesiredDevices:
    """The declared devices of ``devices`` or ``devices_file``. Raises InputError.

    Args:
        files: those of the task, if it has several declarations.
    """
    devices, path = params["devices"], params["devices_file"]
    if (devices is None) == (path is None):
        raise InputError("Give the devices with exactly one of devices and devices_file.")
    check_luhn = params["imei_check"] != "none"
    if path is not None:
        return (files or Declarations()).load(path, column=params["devices_column"], check_luhn=check_luhn)
    if params["devices_column"] is not None:
        raise InputError("devices_column names a column of a CSV file: it goes with devices_file.")
    return declare(devices, lambda index: f"devices[{index}]", check_luhn=check_luhn)


def checked_doubt(params: Params, declaration: DesiredDevices) -> str | None:
    """A sentence about devices that fail their check digit, None if there are none. Raises InputError with it where ``imei_check`` is strict."""
    sentence = doubt(declaration)
    if sentence and params["imei_check"] == "strict":
        raise InputError(f"{sentence}. (imei_check is strict.)")
    return sentence


def target_of(params: Params, declaration: DesiredDevices, veto: Veto | None = None) -> Target:
    """What the options make of a membership. Raises InputError, and RailError for an empty declaration."""
    check_range(params, "max_removal_percent", 0, 100)
    check_range(params, "max_removals", 0)
    check_range(params, "batch_size", 1)
    limits = Limits(params["allow_empty"], params["max_removal_percent"], params["max_removals"])
    check_declaration(limits, params["state"], len(declaration.devices))
    return Target(params["state"], declaration.devices, limits, params["batch_size"], veto)
