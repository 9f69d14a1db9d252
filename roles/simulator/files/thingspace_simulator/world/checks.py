# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What seeds, switches and faults may hold. A wrong value is a ``ValueError`` before it does anything."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

Thing = TypeVar("Thing")

_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "str": ("a string", (str,)),
    "bool": ("true or false", (bool,)),
    "int": ("a whole number of 0 or more", (int,)),
    "float": ("a number of 0 or more", (int, float)),
    "list": ("a list", (list, tuple, set)),
    "dict": ("an object", (dict,)),
}


def typed(what: str, value: Any, kind: str) -> Any:
    """The value, if it is of the kind: a key of the table above, perhaps with ``| None``. It may be a password, and is not shown."""
    name, dummy, optional = kind.partition(" | ")
    if optional and value is None:
        return value
    told, types = _KINDS[name]
    right = isinstance(value, types) and (bool in types or not isinstance(value, bool))
    if not right or (isinstance(value, (int, float)) and not 0 <= value < float("inf")):
        raise ValueError(f"{what} must be {told}{' or null' if optional else ''}")
    return value


def texts(what: str, value: Any) -> dict[str, str]:
    """An object whose values are strings, such as {imei: reason}."""
    for name, text in typed(what, value, "dict").items():
        typed(f"{what}: {name}", text, "str")
    return dict(value)


def check_keys(what: str, content: Any, known: Any) -> dict[str, Any]:
    """An object that has no other keys than these."""
    unknown = sorted(map(str, set(typed(what, content, "dict")) - set(known)))
    if unknown:
        raise ValueError(f"{what}: unknown {', '.join(unknown)}; there are: {', '.join(known)}")
    return dict(content)


def make(kind: type[Thing], content: Any) -> Thing:
    """A dataclass from an object with the same names, its values of the types that the class declares."""
    what = kind.__name__
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    check_keys(what, content, known)
    missing = [name for name, item in known.items() if item.default is MISSING and item.default_factory is MISSING and name not in content]
    if missing:
        raise ValueError(f"{what}: {', '.join(missing)} missing")
    return kind(**{name: typed(f"{what}: {name}", value, str(known[name].type)) for name, value in content.items()})
