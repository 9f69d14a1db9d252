# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: finds the device file, and sends it along where the module cannot read it itself."""

from __future__ import annotations

from ..module_utils._results.upgrade import empty_result
from ..plugin_utils._action.device_file import DeviceFileAction


class ActionModule(DeviceFileAction):
    # Two hosts that look for the same upgrade at the same moment would both find none, and both schedule it.
    lock = "schedule"

    empty_result = staticmethod(empty_result)
