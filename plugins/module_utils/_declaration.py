# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices that the options of a task declare."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._devices import Declaration, declare, doubt
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.module_utils._task_files import Declarations

Params = t.Mapping[str, t.Any]


def declaration_of(params: Params, files: Declarations | None = None) -> Declaration:
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


def checked_doubt(params: Params, declaration: Declaration) -> str | None:
    """A sentence about devices that fail their check digit, None if there are none. Raises InputError with it where ``imei_check`` is strict."""
    sentence = doubt(declaration)
    if sentence and params["imei_check"] == "strict":
        raise InputError(f"{sentence}. (imei_check is strict.)")
    return sentence
