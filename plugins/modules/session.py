#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: open a session, or end it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session
short_description: Log in to ThingSpace and get the two tokens that its API wants, or log out
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Gets an OAuth bearer for an application and opens a session for a user (VZ-M2M). The modules of this collection need both tokens.
  - The login is sent once. A refused login is never tried again, since five refusals in a row lock the user, and only Verizon unlocks it.
    A login whose answer was lost is not sent again either, since the service may have counted it.
  - One C(ansible-playbook) run logs in once, whatever the number of hosts, forks and batches and the strategy. All tasks with the same O(api_url),
    O(app_key) and O(username) get the tokens of the first login, or its failure, without a request. What a run knows of its logins lies in
    its private temporary folder on the controller, and is removed with it.
  - A refusal counts for the O(username), whatever password the next task gives.
  - Roles and playbooks are better served by the role P(thingspace.fota.session#role), which does the rest too.
options:
  state:
    description:
      - V(present) logs in.
      - V(absent) ends the session of O(session_token). One that is over already is fine. It fails if O(access_token) has expired, since the session
        is not ended then. The bearer is never revoked, since everyone who uses the same O(app_key) shares it.
    type: str
    choices: [present, absent]
    default: present
  access_token:
    description:
      - The OAuth bearer, needed for a logout and allowed there only. It has no environment variable, since a value that came in as a secret
        goes out censored, and the service hands out the same bearer for an hour.
    type: str
  session_token:
    description:
      - The session to end, needed for a logout and allowed there only.
    type: str
    aliases: [m2m_token]
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.login
  - thingspace.fota.transport
attributes:
  action:
    description: Indicates that it has a part that runs on the controller.
    support: full
  async:
    description: Can be used with C(async).
    support: none
  check_mode:
    support: full
    details: It acts in check mode too, since nothing can be read from the service without a session. Nothing that is managed changes.
  diff_mode:
    support: N/A
    details: There is nothing to show but secrets.
  idempotent:
    support: full
    details: Neither state reports a change.
notes:
  - The environment variables are those of C(ansible-playbook), wherever the task runs, or of C(environment) in the playbook. Prefer the former,
    since ansible-core prints values of C(environment) at C(-vvv).
  - The result of a login is hidden from all output, as if the task had C(no_log), and yet can be registered. A variable that holds it can be printed.
  - It is not part of the action group C(thingspace.fota.api), so that C(module_defaults) with tokens do not break the login that brings them.
seealso:
  - name: Start a Connectivity Management session
    description: The login behind this module.
    link: https://thingspace.verizon.com/resources/documentation/connectivity/API_Reference/Start_Connectivity_Management_Session/
"""

EXAMPLES = r"""
# The secrets come from the environment: THINGSPACE_APP_KEY, THINGSPACE_APP_SECRET, THINGSPACE_USERNAME, THINGSPACE_PASSWORD.
- name: Work with a session of our own
  delegate_to: localhost
  block:
    - name: Log in
      thingspace.fota.session:
      register: thingspace

    - name: Make sure that a device is in the upgrade
      thingspace.fota.upgrade_devices:
        account: "0402196254-00001"
        access_token: "{{ thingspace.access_token }}"
        session_token: "{{ thingspace.session_token }}"
        upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
        devices: ["990003425730535"]
  always:
    - name: Log out
      thingspace.fota.session:
        state: absent
        access_token: "{{ thingspace.access_token }}"
        session_token: "{{ thingspace.session_token }}"
      when: thingspace.session_token is defined
"""

RETURN = r"""
access_token:
  description: The OAuth bearer.
  returned: success and O(state=present)
  type: str
  sample: e1f5c2d97f0c4b6f8f4d1a2b3c4d5e6f
session_token:
  description: The VZ-M2M session token. The session ends after 20 minutes without use.
  returned: success and O(state=present)
  type: str
  sample: 7b8f3a52-9a0e-4f0f-a8a5-2f6f1c9d1e11
expires_in:
  description:
    - For how many seconds the bearer is good, null if the service does not tell.
    - An hour from its first issue, so that it may be seconds only if another job has had it for long.
  returned: success and O(state=present)
  type: int
  sample: 3599
api_url:
  description: Where the tokens are good, and may be sent.
  returned: success and O(state=present)
  type: str
  sample: https://thingspace.verizon.com/api
login_sent:
  description: Whether this task sent the login, so that a failure may count as one of the user's five.
  returned: O(state=present), unless the options cannot be meant
  type: bool
  sample: true
requests:
  description: HTTP requests made by this task. V(0) if the run had logged in before.
  returned: always
  type: int
  sample: 2
msg:
  description: What came of the logout.
  returned: O(state=absent)
  type: str
  sample: The session is ended.
error:
  description: What went wrong, for playbooks to tell failures apart.
  returned: failure
  type: dict
  contains:
    kind:
      description:
        - V(login) if the service refused the application or the user, V(input) if the options cannot be meant, V(unreachable) if the service did not
          answer, V(service) if it had a problem of its own, V(access_token) and V(session_token) if one is missing or not accepted,
          V(dependency) if C(requests) is missing, V(interrupted) if the task was stopped before its last request,
          V(internal) for a mistake in this collection.
      type: str
      sample: login
    status:
      description: HTTP status of the answer, if there was one.
      type: int
      sample: 400
    code:
      description: The error code of the service, if it gave one.
      type: str
      sample: UnifiedWebService.REQUEST_FAILED.Unexpected
    message:
      description: What the service said, or the sentence of the failure.
      type: str
      sample: The user name or password is incorrect.
"""

import typing as t

from ..module_utils._ansible.connection import Connector
from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import Spec, http_options, login_options, login_values
from ..module_utils._api.login import Credentials, Login, log_out
from ..module_utils._errors import InputError, ThingSpaceError
from ..module_utils._http.address import api_url_of, header_value
from ..module_utils._results.result import Result

SPEC: Spec = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **login_options(),
    "access_token": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True, "aliases": ["m2m_token"]},
    **http_options(),
}


def job(params: t.Mapping[str, t.Any], connector: Connector, dummy: bool) -> Result:
    """Log in or out; in check mode too."""
    if params["state"] == "absent":
        remedy = "state=absent needs the two tokens of the session as options."
        access_token = header_value(params["access_token"], "access_token", "access_token", remedy)
        session_token = header_value(params["session_token"], "session_token", "session_token", remedy)
        return Result({"msg": log_out(connector.client, access_token, session_token)})
    if params["access_token"] or params["session_token"]:
        raise InputError(
            "access_token and session_token are for state=absent. The service hands out the same bearer for an hour, and a given secret comes back censored."
        )
    login = Login(connector.client, Credentials(**login_values(params)))
    api_url = api_url_of(params["api_url"])
    try:
        tokens = login.tokens()
    except ThingSpaceError as error:
        return Result({"login_sent": login.sent}, failure=error)
    values = {"access_token": tokens.access_token, "session_token": tokens.session_token, "expires_in": tokens.expires_in, "api_url": api_url}
    # Intact, or a password of four digits would be cut out of a token that happens to contain it.
    return Result({**values, "login_sent": True}, intact=True)


def main() -> None:
    """Run the module."""
    run(SPEC, job)


if __name__ == "__main__":
    main()
