# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options in ``module_utils/_ansible/options.membership_options``."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) makes sure that at least the declared devices are in the upgrade.
      - V(absent) makes sure that none of the declared devices is in the upgrade.
      - V(exact) makes sure that exactly the declared devices are in the upgrade. B(Every other device is removed from it.)
    type: str
    choices: [present, absent, exact]
    default: present
  allow_empty:
    description:
      - With O(state=exact) a declaration without devices fails, since its source is more often broken than empty. V(true) lets it pass.
      - It does not lift O(max_removal_percent) and O(max_removals).
    type: bool
    default: false
  max_removal_percent:
    description:
      - With O(state=exact), fail before any write if more than this share of the upgrade's devices would be removed.
      - Holds for upgrades of at least 10 devices. V(100) lifts it.
    type: float
    default: 30
  max_removals:
    description:
      - With O(state=exact) and O(state=absent), fail before any write if more than this number of devices would be removed.
    type: int
  on_rejected:
    description:
      - What a declared device that the service refuses, now or in an earlier run, does to the task.
      - V(fail) fails the task after everything else is done, with RV(ignore:changed) and the lists telling what was done. V(warn) makes one warning.
        V(ignore) only reports it in RV(ignore:rejected).
    type: str
    choices: [fail, warn, ignore]
    default: fail
  batch_size:
    description:
      - How many devices one request carries. The service publishes no limit.
    type: int
    default: 1000
  diff_limit:
    description:
      - How many additions and how many removals the diff lists before it says how many more there are.
    type: int
    default: 100
  result_limit:
    description:
      - How many entries all lists of the result hold together. Beyond it lists are cut and RV(ignore:truncated) is V(true). Counts stay exact.
        V(0) lifts it.
      - Entries with long reasons count for more. All lists together hold 400,000 characters, or 40 for each entry if more than 10,000 are allowed.
      - C(ansible-runner), and so AWX, drops a result of more than 700,000 characters whole.
    type: int
    default: 10000
  expect_plan_digest:
    description:
      - The RV(ignore:plan_digest) of the plan that was approved. If the plan of this run is another one, the task fails before any write.
      - Applying an approved plan a second time fails too, because nothing is left to do then, and that is another plan.
    type: str
"""
