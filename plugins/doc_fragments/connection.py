# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options in ``module_utils/_ansible/options.connection_options``: the account, the tokens, and those of ``transport``."""

from __future__ import annotations

from ..doc_fragments import transport

_TOKENS = r"""
options:
  account:
    description:
      - The billing account, with its leading zeros, such as V(0402196254-00001).
      - Put it in quotes. A YAML number has lost its leading zeros before it comes here, and is refused.
      - If it is not given, the environment variable E(THINGSPACE_ACCOUNT) is used.
    type: raw
    aliases: [account_name]
  access_token:
    description:
      - The OAuth bearer. M(thingspace.fota.session) gets one. It lives for an hour from its first issue.
      - If it is not given, the environment variable E(THINGSPACE_ACCESS_TOKEN) is used.
    type: str
  session_token:
    description:
      - The VZ-M2M session token. M(thingspace.fota.session) gets one. A session ends after 20 minutes without use.
      - If it is not given, the environment variable E(THINGSPACE_SESSION_TOKEN) is used.
    type: str
    aliases: [m2m_token]
"""


class ModuleDocFragment:
    # Fragments cannot extend fragments, and every module that takes tokens takes these options too. The type is there because
    # the yamllint of ansible-test takes what a plain assignment assigns for a literal.
    DOCUMENTATION: str = _TOKENS + transport.ModuleDocFragment.DOCUMENTATION.replace("\noptions:\n", "", 1)
