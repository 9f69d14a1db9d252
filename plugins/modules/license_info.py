#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the licenses of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: license_info
short_description: Show which devices of a Verizon ThingSpace account have a license for firmware upgrades
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Counts the licenses of an account of Verizon ThingSpace (FOTA v1) and lists the devices that have one. Every page is read.
  - 1,000 devices take about 75,000 characters of the result. C(ansible-runner), and so AWX, drops a result of more than 700,000 characters whole.
  - Accounts that pay for each upgrade (V(TS-HFOTA-EVNT) alone) have no licenses to manage. M(thingspace.fota.subscription_info) tells which kind it is.
options:
  include_candidates:
    description:
      - Whether to read the list of cancellation candidates too. If the account comes to have fewer licenses, devices of this list lose theirs first,
        and with it their upgrades that have not started.
      - Verizon's SDK marks these operations as deprecated. That is why they are not asked unless you want it.
    type: bool
    default: false
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.subscription_info
  - module: thingspace.fota.device_info
  - name: Create Cancellation Candidate List
    description: What becomes of the devices of O(include_candidates).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/create-cancellation-candidate-list.html
"""

EXAMPLES = r"""
- name: See how many licenses are left
  thingspace.fota.license_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
  register: licenses

- name: Show how many
  ansible.builtin.debug:
    msg: "{{ licenses.total_licenses - licenses.assigned_licenses }} licenses are free"

- name: See which devices lose their license first
  thingspace.fota.license_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    include_candidates: true
  register: licenses
"""

RETURN = r"""
total_licenses:
  description: Number of licenses that the account has, as the service counts them. Null if it does not say.
  returned: success
  type: int
  sample: 9000
assigned_licenses:
  description: Number of licenses that are assigned, as the service counts them. Null if it does not say.
  returned: success
  type: int
  sample: 1
more:
  description: What else the service tells about the licenses of the account, in snake_case.
  returned: success
  type: dict
  sample: {"account": "0402196254-00001"}
devices:
  description:
    - The devices that have a license, sorted.
    - Fields that the service adds are kept, in snake_case, with C(service_) before a name that is taken.
  returned: success
  type: list
  elements: dict
  contains:
    device_id:
      description: The IMEI, a string of exactly 15 digits.
      type: str
      sample: "990003425730535"
    assignment_time:
      description: Since when it has a license (ISO 8601, UTC).
      type: str
      sample: "2018-03-02T16:03:06Z"
cancellation_candidates:
  description: Devices that lose their license first, in the order that the service gives.
  returned: with O(include_candidates=true)
  type: list
  elements: str
  sample: ["990000473475989"]
cancellation_candidates_update_time:
  description: When that list was last changed (ISO 8601, UTC), null if it never was.
  returned: with O(include_candidates=true)
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
from ..module_utils._api.v1.licenses import Licenses
from ..module_utils._desired.checks import account_of
from ..module_utils._results.result import Result


def job(params: t.Mapping[str, t.Any], connector: Connector, _check_mode: bool) -> Result:
    name = account_of(params["account"])
    licenses = Licenses(Account(connector.authorized(), name))
    licensed = licenses.read()
    values: dict[str, t.Any] = {
        "total_licenses": licensed.total,
        "assigned_licenses": licensed.assigned,
        "more": licensed.more,
        "devices": [licensed.devices[device] for device in sorted(licensed.devices)],
    }
    if params["include_candidates"]:
        candidates = licenses.candidates()
        values["cancellation_candidates"] = list(candidates.devices)
        values["cancellation_candidates_update_time"] = candidates.update_time
    return Result(values, warnings=[licensed.doubt] if licensed.doubt else [])


def main() -> None:
    run({"include_candidates": {"type": "bool", "default": False}, **connection_options()}, job)


if __name__ == "__main__":
    main()
