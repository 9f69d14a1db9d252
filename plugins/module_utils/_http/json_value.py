# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON of the service as values, whatever it holds: it costs no more than itself. Pure."""

from __future__ import annotations

import json
import typing as t

from .error_body import TOO_DEEP

_DEEPEST = 50
_NESTED = frozenset({dict, list})
_MOST_DIGITS = 1000


def value_of(body: bytes) -> t.Any:
    """The JSON of an answer. Raises ValueError and RecursionError for what is none.

    No single value costs the whole answer: what has more levels than any answer, and a number that Python refuses to read, become texts.
    """
    value = json.loads(body, parse_int=_integer)
    for part in _nested_at(value, _DEEPEST - 1):
        for place, item in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if type(item) in _NESTED:
                part[place] = TOO_DEEP
    return value


def too_deep(value: object) -> bool:
    """Whether JSON has more levels than any answer. Functions that call themselves, here and in ansible-core, would not come to its end."""
    return bool(_nested_at(value, _DEEPEST))


def _nested_at(value: object, depth: int) -> list[t.Any]:
    """The lists and objects that so many others stand around."""
    level: list[t.Any] = [value] if type(value) in _NESTED else []
    for dummy in range(depth):
        if not level:
            break
        # Almost all of an answer are devices, whose values are text: no part of the next level.
        level = [item for part in level for item in (part.values() if isinstance(part, dict) else part) if type(item) in _NESTED]
    return level


def _integer(digits: str) -> int | str:
    # Python refuses 4,300 digits as a number, or takes long for them.
    return int(digits) if len(digits) <= _MOST_DIGITS else digits
