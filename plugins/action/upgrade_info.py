# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: lets a null upgrade_id reach it, which is no omitted one."""

from __future__ import annotations

from ..plugin_utils._action.module_action import ModuleAction, Values


class ActionModule(ModuleAction):
    # For an upgrade that is yet to be scheduled.
    nullable = ("upgrade_id",)

    @staticmethod
    def empty_result(arguments: Values) -> Values:
        return {"upgrades": []}
