# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much a result may hold. Pure."""

from __future__ import annotations

import json
import typing as t

from .._text import told

Item = t.TypeVar("Item")
# ansible-runner, the engine of AWX, drops a result of more than 700,000 characters whole (issue 326 of ansible-runner).
# The options come back in the result as well: 10,000 devices given inline take 200,000 characters of it.
MOST_CHARACTERS = 400_000
_LONG = 4_000


def json_size(item: object) -> int:
    """Length of an item of a list, as JSON, where one character may take twelve."""
    written = json.dumps(item)
    # Texts that are cut before they are told cost less than they are long.
    return len(written if len(written) <= _LONG else json.dumps(told(item))) + 2


class Budget:
    """How many list entries the result of one task may still hold.

    Args:
        limit: entries of all lists together; 0 for as many as there are.
    """

    def __init__(self, limit: int) -> None:
        self._entries = limit
        # A greater limit is the user's word that greater results are welcome.
        self._characters = max(MOST_CHARACTERS, 40 * limit)
        self._unlimited = limit == 0
        self.truncated = False

    def take(self, items: t.Sequence[Item], size: t.Callable[[Item], int] = json_size) -> list[Item]:
        """The first items that fit, all of them mostly. ``size`` is what an item costs, its length as JSON."""
        if self._unlimited:
            return list(items)
        taken: list[Item] = []
        for item in items:
            self._entries -= 1
            self._characters -= size(item)
            if self._entries < 0 or self._characters < 0:
                self._entries = max(self._entries, 0)
                self.truncated = True
                break
            taken.append(item)
        return taken
