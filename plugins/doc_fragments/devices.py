# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options in ``module_utils/_ansible/options.device_options``."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  devices:
    description:
      - The declared devices as IMEIs, strings of exactly 15 digits. Always quote them, since YAML reads an unquoted IMEI with a leading zero
        as an octal number, which is another number.
      - Blanks around a device are dropped. A device given twice counts once and is reported in RV(ignore:duplicates).
      - Exactly one of O(devices) and O(devices_file) is needed.
      - For more than 10,000 devices use O(devices_file). An inline list costs the controller five times more, and comes back in the result.
    type: list
    elements: str
    aliases: [imeis, device_list]
  devices_file:
    description:
      - A file with the declared devices, looked up on the controller as M(ansible.builtin.copy) looks up its O(ansible.builtin.copy#module:src).
      - The ending of its name says what it is. V(.csv) is a CSV file with a header that names the column of the devices V(imei), V(device_id) or
        V(deviceId), or as O(devices_column) says. V(.json), V(.yml) and V(.yaml) hold a list. Everything else is text with one device a line,
        in which V(#) starts a comment.
      - UTF-8 with or without BOM, LF or CRLF. The separator of a CSV file may be a comma, a semicolon or a tab.
      - In JSON and YAML a number of exactly 15 digits is accepted, every other number is refused, since its digits may be lost.
      - Files that are encrypted with C(ansible-vault) are decrypted.
      - Errors name the file and the line.
    type: path
  devices_column:
    description:
      - Header of the column of a CSV file that holds the devices, if it is none of V(imei), V(device_id) and V(deviceId).
    type: str
  imei_check:
    description:
      - What to do about devices that do not end in their check digit (Luhn), which points at a typing error.
      - V(warn) makes one warning for the task. V(strict) fails before any request. V(none) does not look.
      - Verizon's own sample IMEIs fail this check, and nothing says that the service makes it. That there are 15 digits is always required.
    type: str
    choices: [warn, strict, none]
    default: warn
"""
