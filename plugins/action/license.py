# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: finds the device file, and sends it along where the module cannot read it itself."""

from __future__ import annotations

from ..module_utils._results.license import empty_result
from ..plugin_utils._action.device_file import DeviceFileAction


class ActionModule(DeviceFileAction):
    empty_result = staticmethod(empty_result)
