#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the listeners of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: callback_info
short_description: Show where Verizon ThingSpace reports the firmware upgrades of an account
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Lists the listeners (callbacks) of an account to which Verizon ThingSpace (FOTA v1) posts what happens to upgrades.
  - Credentials that the service keeps for a listener are never returned, only whether there are some.
  - B(The path of a URL is shown.) Nobody can tell a secret in it from an address, so treat the result as one if your listener keeps a secret there.
  - What the service says with a failure is left out, since it may quote credentials. RV(error.kind), RV(error.status) and RV(error.code) are kept.
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.upgrade_info
  - name: Register Callback Listener
    description: How a listener comes to be there.
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/register-callback-listener.html
"""

EXAMPLES = r"""
- name: See whether somebody listens
  thingspace.fota.callback_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
  register: listening

- name: Show where
  ansible.builtin.debug:
    msg: "{{ listening.callbacks | map(attribute='url') }}"
"""

RETURN = r"""
callbacks:
  description:
    - The listeners. The service keeps one for each name, and the only known name is V(Fota).
    - Fields that the service adds are kept, in snake_case, except those that may hold credentials. Of these there is a boolean that ends in C(_set).
  returned: success
  type: list
  elements: dict
  contains:
    account:
      description: The account.
      type: str
      sample: "0402196254-00001"
    name:
      description: Name of the listener.
      type: str
      sample: Fota
    url:
      description:
        - Where it listens. The values of the query and of path parameters, the fragment and everything before the last C(@) are blotted out.
        - The path is shown.
      type: str
      sample: https://listener.example.com/fota
    username_set:
      description: Whether the service gives a user name to the listener. The service may not say.
      type: bool
      sample: true
    password_set:
      description: Whether the service gives a password to the listener. The service may not say.
      type: bool
      sample: true
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 1
error:
  description: What went wrong, for playbooks.
  returned: failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(input), V(access_token), V(session_token), V(not_found), V(forbidden), V(dependency), V(interrupted), V(service), V(unreachable),
        V(internal).
      type: str
      sample: session_token
    status:
      description: HTTP status of the answer, null if there was none.
      type: int
      sample: 400
    code:
      description: The service's own error code, null if there was none.
      type: str
      sample: UnifiedWebService.REQUEST_FAILED.SessionToken.Expired
    message:
      description: The reason.
      type: str
      sample: The session has expired
"""

import typing as t

from ..module_utils._ansible.connection import Connector
from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import connection_options
from ..module_utils._api.account import Account
from ..module_utils._api.v1.callbacks import described_listener, listeners
from ..module_utils._desired.checks import account_of
from ..module_utils._results.result import Result


def job(params: t.Mapping[str, t.Any], connector: Connector, _check_mode: bool) -> Result:
    name = account_of(params["account"])
    found = listeners(Account(connector.authorized(), name))
    return Result({"callbacks": [described_listener(listener) for listener in found]})


def main() -> None:
    run(connection_options(), job)


if __name__ == "__main__":
    main()
