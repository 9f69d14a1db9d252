# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What options have to be beyond their type. Pure."""

from __future__ import annotations

import re
import typing as t

from .._errors import InputError

# What an entry of a rollout may set for itself.
OF_AN_ENTRY = ("allow_empty", "max_removal_percent", "max_removals", "on_rejected", "imei_check", "batch_size")


def account_of(value: object) -> str:
    """The account as text. Raises InputError for a number, which has lost its leading zeros before it came here."""
    if value is None or value == "":
        raise InputError('account is missing: give the billing account as a string, such as "0402196254-00001", or set THINGSPACE_ACCOUNT.')
    if not isinstance(value, (str, int, float)):
        raise InputError(f"account is {kind_of(value)} and must be one string.")
    if not isinstance(value, str):
        raise InputError(
            f"account is {value!r}, {kind_of(value)} and not a string: YAML reads an unquoted number as a number and drops or converts its "
            "leading zeros, which belong to the account. Put it in quotes."
        )
    account = value.strip()
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_.-]*", account):
        raise InputError(f'account {value!r} is not an account name: letters, digits and dashes only, such as "0402196254-00001".')
    return account


def kind_of(value: object) -> str:
    """What a value is that is no string. Not the name of its type: on the controller ansible-core has types of its own."""
    return "a boolean" if isinstance(value, bool) else "a number" if isinstance(value, (int, float)) else "a list or a dictionary"


def check_range(params: t.Mapping[str, t.Any], option: str, least: float, most: float | None = None) -> None:
    """Raise InputError if a number is given that lies outside its range."""
    value = params.get(option)
    if value is None or (value >= least and (most is None or value <= most)):
        return
    raise InputError(f"{option} is {value:g} and must be {f'at least {least:g}' if most is None else f'from {least:g} to {most:g}'}.")


Params = t.Mapping[str, t.Any]
