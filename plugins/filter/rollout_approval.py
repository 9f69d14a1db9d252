# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: what was approved, for the role rollout."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_approval
short_description: Say which plan of each account was approved
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Turns what a run was given as its approval into one digest for each account, for C(expect_plan_digest) of M(thingspace.fota.rollout).
    The role P(thingspace.fota.rollout#role) uses it.
  - An approval that is given and empty is none, and neither is one of something else than the rollout files declare.
options:
  _input:
    description:
      - A dictionary with those of C(thingspace_rollout_approved_plan) and C(thingspace_rollout_expect_plan_digest) that are defined.
        Without them no approval is asked for.
    type: dict
    required: true
  accounts:
    description: The accounts that the rollout files declare.
    type: list
    elements: str
    required: true
  report:
    description: The content of the file that C(thingspace_rollout_approved_plan) names, if it can be read.
    type: str
"""

EXAMPLES = r"""
- name: Say what was approved
  ansible.builtin.debug:
    msg: "{{ given | thingspace.fota.rollout_approval(accounts=['0402196254-00001'], report=lookup('ansible.builtin.file', 'plan.json')).digests }}"
  vars:
    given:
      thingspace_rollout_approved_plan: plan.json
"""

RETURN = r"""
_value:
  description: What was approved.
  type: dict
  contains:
    digests:
      description: The digest of each account. Empty where no approval is asked for, and where there is none.
      type: dict
      sample: {"0402196254-00001": e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}
    fault:
      description: Why the approval is none. Empty if it is one, and where none is asked for.
      type: str
      sample: plan.json is the report of an apply. Approved is a plan - make one, and have it read.
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._text import message
from ..plugin_utils._rollout_files.approval import DIGEST, PLAN, NotApproved, approved


def rollout_approval(given: t.Any, accounts: t.Any, report: t.Any = None) -> dict[str, t.Any]:
    """The digests, or the fault."""
    if not isinstance(given, dict) or not given.keys() <= {PLAN, DIGEST}:
        raise AnsibleFilterError(message(f"rollout_approval needs a dictionary with {PLAN} or {DIGEST}, or an empty one."))
    try:
        return {"digests": approved(given, report if isinstance(report, str) else None, [str(account) for account in accounts]), "fault": ""}
    except NotApproved as error:
        # It names paths and accounts that others have written.
        return {"digests": {}, "fault": message(str(error))}


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"rollout_approval": rollout_approval}
