# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: it makes requests only as long as its task lasts, and no file holds its tokens."""

from __future__ import annotations

from ..plugin_utils._action.module_action import ModuleAction


class ActionModule(ModuleAction):
    pass
