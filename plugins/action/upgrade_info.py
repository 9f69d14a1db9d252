# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: lets a null upgrade_id reach it, which is no omitted one."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.plugin_utils._device_file_action import DeviceFileAction


class ActionModule(DeviceFileAction):
    @staticmethod
    def untouched(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"upgrades": []}
