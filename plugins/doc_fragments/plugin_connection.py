# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``connection`` and ``login`` for a plugin that runs on the controller: the same words, in the form that plugins want."""

from __future__ import annotations

import re

from ..doc_fragments import connection, login

_VARIABLE = re.compile(r"^      - If it is not given, the environment variable E\((\w+)\) is used\.\n", re.MULTILINE)


def _of_plugins(text: str) -> str:
    """Environment variables as keys, which ansible-core reads; raw values, since it quotes what is no string in its errors, a secret too."""
    text = _VARIABLE.sub(r"    env:\n      - name: \1\n", text).replace("type: str\n", "type: raw\n")
    return text.replace("the host that runs the module", "the controller")


class ModuleDocFragment:
    DOCUMENTATION: str = _of_plugins(login.ModuleDocFragment.DOCUMENTATION + connection.ModuleDocFragment.DOCUMENTATION.replace("\noptions:\n", "", 1))
