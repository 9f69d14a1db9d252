# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of modules: what each means (the fragment itself), and how modules of a kind support it (its parts)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, and then tells what it would change without changing it.
  diff_mode:
    description: Tells in diff mode what changed, or in check mode what would change.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same options, the second run reports no change.
      - This assumes that nothing else changed the service in between.
  platform:
    description: Target systems that it runs on.
    support: full
    platforms: posix
"""

    # A module that reads: DOCUMENTATION and this.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: Nothing is changed in either mode.
  diff_mode:
    support: N/A
    details: Nothing is changed.
  idempotent:
    support: full
    details: Nothing is changed.
"""

    # A module that changes the service: DOCUMENTATION and this.
    WRITES = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    # A module that takes the two tokens.
    API_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/thingspace.fota.api) in C(module_defaults) to set its options for all modules that take tokens.
    support: full
    membership:
      - thingspace.fota.api
"""
