# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options in ``module_utils/_ansible/options.login_options``."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  app_key:
    description:
      - Key of the application, needed for a login.
      - If it is not given, the environment variable E(THINGSPACE_APP_KEY) is used.
    type: raw
  app_secret:
    description:
      - Secret of the application, needed for a login.
      - If it is not given, the environment variable E(THINGSPACE_APP_SECRET) is used.
    type: raw
  username:
    description:
      - User of the session (UWS), needed for a login.
      - If it is not given, the environment variable E(THINGSPACE_USERNAME) is used.
    type: raw
  password:
    description:
      - Password of the user, needed for a login. Always quote it. A YAML number is refused, since it may be another one than was written.
      - If it is not given, the environment variable E(THINGSPACE_PASSWORD) is used.
    type: raw
"""
