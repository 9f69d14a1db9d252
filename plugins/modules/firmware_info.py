#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the firmware that an account can install."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firmware_info
short_description: Show the firmware that a Verizon ThingSpace account can install
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Lists the firmware that Verizon ThingSpace (FOTA v1) offers for the devices of an account, with the make, the model and the version that it fits.
  - RV(firmware[].firmware_name) and RV(firmware[].to_version) are what an upgrade is scheduled with.
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.device_info
  - module: thingspace.fota.upgrade_info
"""

EXAMPLES = r"""
- name: See which firmware there is
  thingspace.fota.firmware_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
  register: offered

- name: Show what can be installed on one model
  ansible.builtin.debug:
    msg: "{{ item.from_version }} -> {{ item.to_version }}"
  loop: "{{ offered.firmware | selectattr('model', 'eq', 'GM01Q') }}"
  loop_control:
    label: "{{ item.firmware_name }}"
"""

RETURN = r"""
firmware:
  description:
    - The firmware, as the service orders it.
    - Fields that the service adds are kept, in snake_case, with C(service_) before a name that is taken.
  returned: success
  type: list
  elements: dict
  contains:
    firmware_name:
      description: Name of the firmware.
      type: str
      sample: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    participant_name:
      description: A name for the service's own use.
      type: str
      sample: SEQUANSCommunications_GM01Q
    launch_date:
      description: When it was published (ISO 8601, UTC).
      type: str
      sample: "2018-04-01T16:03:00Z"
    release_note:
      description: What the maker says about it.
      type: str
      sample: ""
    model:
      description: Model of the devices that it fits.
      type: str
      sample: GM01Q
    make:
      description: Make of the devices that it fits.
      type: str
      sample: SEQUANS Communications
    from_version:
      description: Version that a device must have before.
      type: str
      sample: SR1.2.0.0-10512
    to_version:
      description: Version that a device has afterwards.
      type: str
      sample: SR1.2.0.0-10657
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
    return Result({"firmware": Fleet(Account(connector.authorized(), name)).firmware()})


def main() -> None:
    run(connection_options(), job)


if __name__ == "__main__":
    main()
