# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options in ``module_utils/_ansible/options.http_options``.

(Pylint takes a file that is called http for the one of the standard library.)
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Where the ThingSpace API is, the root of all its paths. Give another one for a staging system, a gateway of your own, or the
        simulator that comes with this collection.
      - It should begin with V(https), since tokens and devices travel there. Another one than this machine over plain V(http) makes a warning.
      - If it is not given, the environment variable E(THINGSPACE_API_URL) is used.
    type: str
    default: https://thingspace.verizon.com/api
  validate_certs:
    description:
      - Whether the certificate of the service is checked. V(false) lets everyone on the way read the tokens.
    type: bool
    default: true
  ca_path:
    description:
      - A file or folder with the certificates of the authorities to trust, for a service or a proxy behind an authority of your own.
      - It is read by the host that runs the module.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and for the next part of an answer.
    type: int
    default: 60
  retry_timeout:
    description:
      - Seconds after the first failure in which a request that changes nothing may be tried again, after a lost answer, HTTP 429 and HTTP 5xx.
        No new try starts later. V(0) tries once.
      - The pauses grow, differ from task to task, and are never shorter than the service asks for (C(Retry-After)).
      - Requests that change something are never sent again for such a reason.
    type: int
    default: 60
requirements:
  - requests (Python library) on the host that runs the module
"""
