# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which text is a template and which is none, whatever the ansible-core."""

from __future__ import annotations

import typing as t

try:
    from ansible.template import trust_as_template

    _FROM_2_19 = True
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    _FROM_2_19 = False


def template(text: str) -> str:
    """A text that ansible-core evaluates when it is used."""
    return t.cast(str, trust_as_template(text)) if _FROM_2_19 else text


def no_template(value: t.Any) -> t.Any:
    """A value of foreign origin, which ansible-core shall take as it is.

    ansible-core 2.18 and older evaluate every text unless it is marked, newer ones none unless it is marked. ``ansible-inventory --list`` writes
    the lack of trust as a dictionary around the text, which AWX takes for the value. So a text that cannot be a template is never marked as
    one that must not be: it has no brace, and no # to begin a ``#jinja2:`` with other delimiters.
    """
    if isinstance(value, str):
        if "{" in value or "#" in value:
            return value if _FROM_2_19 else wrap_var(value)
        return template(value)
    if isinstance(value, dict):
        return {no_template(name): no_template(item) for name, item in value.items()}
    if isinstance(value, list):
        # Lists of devices: marks would double what 100,000 of them take, and are good for nothing but being looked at.
        return value if _FROM_2_19 else [no_template(item) for item in value]
    return value
