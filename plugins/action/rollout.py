# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: finds the device files of all entries, and sends them along where the module cannot read them itself."""

from __future__ import annotations

import typing as t

from ..module_utils._results.rollout import empty_result
from ..plugin_utils._action.device_file import DeviceFileAction
from ..plugin_utils._action.module_action import Values


class ActionModule(DeviceFileAction):
    empty_result = staticmethod(empty_result)
    # Two hosts that look for the same upgrade at the same moment would both find none, and both schedule it.
    lock = "schedule"

    def declarations(self, arguments: Values) -> list[Values]:
        entries = arguments.get("upgrades")
        if not isinstance(entries, list):
            return []
        # Copies: the options of the task stay as they are, for a retry and for the next host.
        arguments["upgrades"] = [dict(entry) if isinstance(entry, dict) else entry for entry in entries]
        return [entry for entry in arguments["upgrades"] if isinstance(entry, dict)]

    def place(self, number: int, declaration: Values) -> str:
        named: t.Any = declaration.get("name") or declaration.get("upgrade_id")
        return f"upgrades[{number}]{f' ({named})' if named else ''}: "
