# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a schedule that fails small: leaves out whatever can be left out."""

from __future__ import annotations

import copy
import typing as t

from chaos.schedules import Json

# Without these a step or a fault means nothing.
_NEEDED = {"run", "on", "do", "slot", "body", "how"}
_LETTERS = {"home", "wanted"}
_MOST_TRIES = 500

Path = tuple[t.Any, ...]


def shrink(schedule: Json, fails: t.Callable[[Json], bool]) -> Json:
    """The smallest schedule that is found.

    Args:
        fails: whether a schedule fails in the same way.
    """
    tries, best, smaller = 0, schedule, True
    while smaller:
        smaller = False
        for path, value in list(_parts(best, ())):
            candidate = _without(best, path, value)
            tries += 1
            if tries > _MOST_TRIES:
                return best
            if candidate is not None and fails(candidate):
                best, smaller = candidate, True
    return best


def _parts(value: t.Any, path: Path) -> t.Iterator[tuple[Path, str | None]]:
    """What can be left out: the greater parts first. With it, what is to stand there instead, None for nothing."""
    parts = list(value.items()) if isinstance(value, dict) else list(enumerate(value))[::-1] if isinstance(value, list) else []
    yield from (((*path, name), None) for name, dummy in parts if name not in _NEEDED)
    for name, part in parts:
        if name in _LETTERS:
            yield from (((*path, name), f"{part[:place]}.{part[place + 1 :]}") for place, letter in enumerate(part) if letter != ".")
        yield from _parts(part, (*path, name))


def _without(schedule: Json, path: Path, instead: str | None) -> Json | None:
    """The schedule without a part of it; None if it has no such part any more."""
    candidate = copy.deepcopy(schedule)
    try:
        place: t.Any = candidate
        for name in path[:-1]:
            place = place[name]
        if instead is None:
            del place[path[-1]]
        else:
            place[path[-1]] = "".join("." if new == "." else old for old, new in zip(place[path[-1]], instead, strict=True))
    except (KeyError, IndexError, TypeError):
        return None
    return candidate if candidate != schedule else None
