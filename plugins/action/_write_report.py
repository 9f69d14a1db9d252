# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the roles write a report: by the controller itself, wherever the task is delegated to, and in check mode too. It counts as no change."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils import _text
from ..plugin_utils._plan_report.report_file import write_file

Result = dict[str, t.Any]


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no type hints
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: Result | None = None) -> Result:
        result: Result = super().run(tmp, task_vars)
        path, content = str(self._task.args.get("path") or ""), self._task.args.get("content")
        # Jinja of ansible-core 2.16 makes a dictionary of what looks like JSON.
        text = content if isinstance(content, str) else json.dumps(content, indent=4, sort_keys=True)
        try:
            place = write_file(pathlib.Path(path).expanduser(), text)
        except (OSError, ValueError, RuntimeError) as error:
            # Such as a zero byte in its name, or no home.
            why = error.strerror if isinstance(error, OSError) else error
            return result | t.cast("Result", _text.told({"failed": True, "changed": False, "msg": f"{path} cannot be written: {why}."}))
        return result | {"changed": False, "path": str(place)}
