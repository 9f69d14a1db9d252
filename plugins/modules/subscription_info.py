#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the subscription of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: subscription_info
short_description: Show what firmware upgrades a Verizon ThingSpace account has paid for
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Shows the subscription of an account to the Software Management Services of Verizon ThingSpace (FOTA v1).
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.license_info
"""

EXAMPLES = r"""
- name: Stop if the account has no monthly licenses to assign
  thingspace.fota.subscription_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
  register: bought
  failed_when: bought is failed or 'TS-HFOTA-MRC' not in bought.subscription.purchase_type
"""

RETURN = r"""
subscription:
  description:
    - What the account has.
    - Fields that the service adds are kept, in snake_case, with C(service_) before a name that is taken.
  returned: success
  type: dict
  contains:
    account:
      description: The account.
      type: str
      sample: "0402196254-00001"
    purchase_type:
      description: What was bought, separated by commas. V(TS-HFOTA-EVNT) pays for each upgrade and needs no licenses, V(TS-HFOTA-MRC) has monthly licenses.
      type: str
      sample: TS-HFOTA-EVNT,TS-HFOTA-MRC
    license_count:
      description: Number of monthly licenses.
      type: int
      sample: 9000
    license_used_count:
      description: Number of them that are assigned.
      type: int
      sample: 1000
    update_time:
      description: When this was last changed (ISO 8601, UTC).
      type: str
      sample: "2018-03-02T16:03:06Z"
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
      description: The service's own message, or the reason.
      type: str
      sample: The session has expired
"""

import typing as t

from ..module_utils._ansible.connection import Connector
from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import connection_options
from ..module_utils._api.account import Account
from ..module_utils._api.v1.inventory import Fleet
from ..module_utils._desired.checks import account_of
from ..module_utils._results.result import Result


def job(params: t.Mapping[str, t.Any], connector: Connector, _check_mode: bool) -> Result:
    name = account_of(params["account"])
    return Result({"subscription": Fleet(Account(connector.authorized(), name)).subscription()})


def main() -> None:
    run(connection_options(), job)


if __name__ == "__main__":
    main()
