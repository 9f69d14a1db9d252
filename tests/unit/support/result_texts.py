# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no result may hold, whatever the service said: what costs the result on some ansible-core, or commands a terminal or the log of a CI."""

from __future__ import annotations

import math
import re
import typing as t
import unicodedata

# For people: one line each.
_SENTENCES = {"msg", "message", "warnings"}
_COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)
_OF_ANSIBLE = re.compile(r"_+ansible", re.IGNORECASE)


def check_texts(part: t.Any, name: str = "") -> None:
    """Look at every name and every value of a result, or of what is in it."""
    if isinstance(part, dict):
        for key, value in part.items():
            assert not _OF_ANSIBLE.match(key), f"{key!r} is a name of ansible-core's own"
            _check_text(key, sentence=True)
            check_texts(value, key)
    elif isinstance(part, list):
        for value in part:
            check_texts(value, name)
    elif isinstance(part, str):
        _check_text(part, sentence=name in _SENTENCES)
    elif isinstance(part, (int, float)):
        assert math.isfinite(part), f"{name} is {part}"
        assert isinstance(part, float) or abs(part) < 2**63, f"{name} is beyond 64 bits"


def _check_text(text: str, *, sentence: bool) -> None:
    unseen = [character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not set(unseen) - (set() if sentence else {"\n", "\t"}), f"{text!r} holds what cannot be seen"
    assert not _COMMAND.search(text), f"{text!r} holds a command"
