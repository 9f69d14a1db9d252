# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which text is a template and which is none, whatever the ansible-core."""

from __future__ import annotations

import typing as t


def _same(value: t.Any) -> t.Any:
    return value


_trusted = _distrusted = _same
try:
    from ansible.template import trust_as_template

    _trusted = trust_as_template
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    _distrusted = wrap_var


def template(text: str) -> str:
    """A text that ansible-core evaluates when it is used."""
    return t.cast(str, _trusted(text))


def no_template(value: t.Any) -> t.Any:
    """A value of foreign origin, which ansible-core shall take as it is.

    ansible-core 2.18 and older evaluate every text unless it is marked, newer ones none unless it is marked. ``ansible-inventory --list`` writes
    the lack of trust as a dictionary around the text, which AWX takes for the value. So a text that cannot be a template is never marked as
    one that must not be: it has no brace, and no # to begin a ``#jinja2:`` with other delimiters.
    """
    if isinstance(value, str):
        return _distrusted(value) if "{" in value or "#" in value else template(value)
    if isinstance(value, dict):
        return {no_template(name): no_template(item) for name, item in value.items()}
    if isinstance(value, list) and _distrusted is not _same:
        return [no_template(item) for item in value]
    # Newer ones: marks would double what the lists of 100,000 devices take, and are good for nothing but being looked at.
    return value
