# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A collection `awx.awx` whose modules take the options of the real ones, with their types and choices, and note what they were given.

`awx_modules.json` names the options of ansible/awx, awx_collection/plugins/modules, at commit e21dd0a093. Whether an AWX would do
what it is told is not proven by this.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

FACTS = json.loads(Path(__file__).with_name("awx_modules.json").read_text(encoding="utf-8"))
Spec = dict[str, dict[str, t.Any]]

MODULE = """#!/usr/bin/python
import json
import os

from ansible.module_utils.basic import AnsibleModule

if __name__ == "__main__":
    module = AnsibleModule(argument_spec=json.loads({spec!r}), supports_check_mode=True)
    given = {{option: value for option, value in module.params.items() if value is not None}}
    with open(os.environ["AWX_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps([{name!r}, given]) + "\\n")
    module.exit_json(changed=True)
"""


def install(folder: Path) -> None:
    """Put the collection below this folder of collections."""
    modules = folder / "ansible_collections" / "awx" / "awx" / "plugins" / "modules"
    modules.mkdir(parents=True)
    for name, options in FACTS["modules"].items():
        if not name.startswith("_"):
            spec: Spec = {**FACTS["modules"]["_auth"], **options}
            (modules / f"{name}.py").write_text(MODULE.format(name=name, spec=json.dumps(spec)), encoding="utf-8")


def noted(log: Path) -> list[t.Any]:
    """Module and options of each task, in their order."""
    return list(map(json.loads, log.read_text(encoding="utf-8").splitlines()))
