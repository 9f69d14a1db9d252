#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the listener of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: callback
short_description: Register where ThingSpace reports what becomes of firmware upgrades
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Registers the listener to which Verizon ThingSpace (FOTA v1) sends a message at each change of an upgrade, or removes it.
  - B(An account has one such listener.) Registering one replaces another, with its credentials. The task is changed then, and C(--diff) shows the old
    URL and the new one.
  - A registration whose answer was lost is settled by reading. It is sent again if the service does not show it, which is safe, since it replaces itself.
  - Credentials appear nowhere, neither those that are given nor those that the service has stored. What the service says with a failed read is left out,
    since it may quote them.
options:
  state:
    description:
      - V(present) registers O(url), V(absent) removes the listener. One that is gone already is fine.
    type: str
    choices: [present, absent]
    default: present
  url:
    description:
      - Where the service is to send its messages, needed for O(state=present). It should begin with V(https). Another one makes a warning.
      - With O(state=absent) it is optional, and then a listener with another URL stays, since it is somebody else's.
      - It is compared as it is. Results show it, and the one that the service has, without the values of the query and of path parameters, without the
        fragment, and without everything before the last C(@).
      - B(The path is shown,) since nobody can tell a secret in it from an address. A secret does not belong there. User name and password in front of the
        host are refused.
    type: str
  username:
    description:
      - User name that the messages carry, so that the listener knows who sends them. It goes together with O(password).
      - If it is not given, a listener that is registered already keeps what it has, and one that is registered by this task has none.
        An empty one says that there must be none.
      - Registering another O(url) without it drops the credentials that were registered. RV(changed_fields) names them if the service tells them,
        otherwise there is a warning.
      - It is treated as a secret.
    type: raw
  password:
    description:
      - Password that the messages carry. It goes together with O(username).
      - Always quote it. A YAML number is refused, since it may be another one than was written.
    type: raw
  update_password:
    description:
      - V(on_create) gives O(password) only when the listener is registered anew, or again for another reason.
      - V(always) registers again if the password is another one than the service tells. A service that tells no password gets it in every run, and the
        task is changed every time.
      - The same holds for O(username) where the service does not tell it.
    type: str
    choices: [always, on_create]
    default: on_create
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.writes
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
attributes:
  idempotent:
    support: partial
    details: With O(update_password=always) a service that does not tell the password it has is sent it in every run.
notes:
  - The service accepts listeners with a certificate of a public authority only. It refuses self-signed ones.
  - The service puts user name and password into its messages in clear, and does not use them for HTTP authentication.
seealso:
  - module: thingspace.fota.callback_info
  - name: Register a callback listener
    description: The operation of FOTA v1 behind this module.
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/register-callback-listener.html
"""

EXAMPLES = r"""
- name: Be told what becomes of upgrades
  thingspace.fota.callback:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    url: https://fota.example.com/callback

# The password comes from a vault.
- name: Be told with credentials
  thingspace.fota.callback:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    url: https://fota.example.com/secured
    username: listener
    password: "{{ listener_password | default('only an example') }}"

- name: Be told no more
  thingspace.fota.callback:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    state: absent
"""

RETURN = r"""
account:
  description: The account, null if it was not given well.
  returned: always
  type: str
  sample: "0402196254-00001"
name:
  description: Name of the listener. The service has one.
  returned: always
  type: str
  sample: Fota
url:
  description:
    - Where the listener is at the end, in check mode where it would be, null if there is none or the service was not read.
    - What may be secret in it is blotted out, except in the path.
  returned: always
  type: str
  sample: https://fota.example.com/callback
previous_url:
  description: Where the listener was before, null if there was none or the service was not read. Blotted out as RV(url) is.
  returned: always
  type: str
  sample: https://old.example.com/callback
changed_fields:
  description: What is another one than before, of V(url), V(username) and V(password), as far as the service tells.
  returned: always
  type: list
  elements: str
  sample: [url]
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 3
msg:
  description: What was done, on failure the reason.
  returned: always
  type: str
  sample: The callback https://old.example.com/callback is replaced by https://fota.example.com/callback.
changes_known:
  description:
    - V(false) where a change was sent and nobody knows what became of it. C(changed) is V(true) then, so that handlers run.
    - Look at what is there, or run the task again later - it sends only what is still missing then.
  returned: failure, where it is not known
  type: bool
  sample: false
error:
  description: What went wrong, for playbooks.
  returned: failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(input), V(not_visible), V(access_token), V(session_token), V(not_found), V(forbidden), V(dependency), V(interrupted), V(service),
        V(unreachable), V(internal).
      type: str
      sample: service
    status:
      description: HTTP status of the answer, null if there was none.
      type: int
      sample: 400
    code:
      description: The service's own error code, null if there was none.
      type: str
      sample: INVALID_PARAMETER
    message:
      description: The service's own message, or the reason.
      type: str
      sample: Invalid callback url
"""

from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import Spec, connection_options
from ..module_utils._results.callback import empty_result
from ..module_utils._tasks.callback import job


def main() -> None:
    own: Spec = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "url": {"type": "str"},
        # Raw, so that a number is refused and not made a string, which may be another password.
        "username": {"type": "raw", "no_log": True},
        "password": {"type": "raw", "no_log": True},
        "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "on_create", "no_log": False},
    }
    run({**own, **connection_options()}, job, empty_result)


if __name__ == "__main__":
    main()
