# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a fault of a rollout file is told: file, line, place, what was written, and what to do about it."""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing as t

from ...module_utils._desired.device_file import cut, distrust
from ...module_utils._desired.imei import cause
from ...module_utils._errors import InputError
from ...module_utils._text import message
from .document import Document
from .schema import Flaw, Path

SHOWN = 10
_KINDS = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault of a file. Without a name the sentence tells it."""

    sentence: str
    name: str = ""
    line: int | None = None
    path: Path = ()

    def __str__(self) -> str:
        return f"{where_of(self.name, self.line, self.path)}: {self.sentence}" if self.name else self.sentence


def where_of(name: str, line: int | None, path: Path) -> str:
    """A place as people look for it: ``rollouts/a.yml line 7, upgrades[2].devices[5]``."""
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{name}{f' line {line}' if line else ''}{f', {place}' if place else ''}"


def refusal(faults: t.Sequence[Fault], *, at_least: bool = False) -> InputError:
    """The error that tells the first faults and the number of the others, ``at_least`` where the search ended early."""
    more = [f"... and {'at least ' if at_least else ''}{len(faults) - SHOWN} more."] if len(faults) > SHOWN else []
    return InputError("\n".join([*(message(str(fault)) for fault in faults[:SHOWN]), *more]))


def sentence_of(flaw: Flaw, document: Document) -> str:
    """What a flaw means for somebody who does not know JSON Schema."""
    schema, path = flaw.schema, flaw.path
    if flaw.keyword == "required":
        return "is missing."
    if flaw.keyword == "additionalProperties":
        return _unknown(str(path[-1]), list(schema["properties"]))
    if flaw.keyword == "not":
        return str(schema["errorMessage"])
    if flaw.keyword == "minItems":
        return "is empty."
    if flaw.keyword == "type":
        return _other_kind(flaw, document)
    return _other_value(flaw, document)


def _other_kind(flaw: Flaw, document: Document) -> str:
    value = document.value_at(flaw.path)
    wanted = flaw.schema["type"] if isinstance(flaw.schema["type"], list) else [flaw.schema["type"]]
    kinds = "15 digits in quotes" if _is_device(flaw.path) else " or ".join(_KINDS[kind] for kind in wanted)
    if value is None:
        return f"has no value and must be {kinds}."
    if isinstance(value, (dict, list)):
        return f"is {'a mapping' if isinstance(value, dict) else 'a list'} and must be {kinds}."
    digits = document.written(flaw.path)
    written = cut(digits)
    if isinstance(value, str):
        return f"{shown(written)} is text and must be {kinds}."
    if isinstance(value, bool):
        return f"{written} is read as {str(value).lower()} and must be {kinds}.{' Quote it.' if 'string' in wanted else ''}"
    if _is_device(flaw.path):
        return distrust(digits) or ""
    if "string" in wanted:
        lost = f", which is read as {value}" if str(value) not in (written, "nan") else ", and such numbers lose or convert their zeros"
        return f"{written} is a number without quotes{lost}. Quote it."
    if math.isnan(value):
        return f"{written} is a number that is not read as it is written (octal, base 60, underscores): write it in decimal digits."
    return f"{written} is a number and must be {kinds}."


def _other_value(flaw: Flaw, document: Document) -> str:
    schema = flaw.schema
    value = document.value_at(flaw.path)
    if value is None or isinstance(value, (dict, list)):
        return "must be one word." if value is not None else "has no value."
    digits = document.written(flaw.path)
    written = cut(digits)
    if flaw.keyword == "enum":
        near = difflib.get_close_matches(written.lower(), schema["enum"], 1)
        return f"{shown(written)} must be {', '.join(schema['enum'][:-1])} or {schema['enum'][-1]}.{f' Did you mean {near[0]}?' if near else ''}"
    if flaw.keyword == "maxLength":
        return f"{shown(written)} has {len(digits):,} characters, and at most {schema['maxLength']:,} are allowed."
    if _is_device(flaw.path):
        return f"{shown(written)} {cause(value)}." if isinstance(value, str) else distrust(digits) or ""
    if flaw.keyword == "pattern":
        return f"{shown(written)} {schema['errorMessage']}"
    least, most = schema.get("minimum"), schema.get("maximum")
    return f"{written} must be {f'at least {least}' if most is None else f'from {least} to {most}'}."


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key.lower(), known, 1)
    return f"is no known key. {f'Did you mean {near[0]}?' if near else 'Known are ' + ', '.join(known) + '.'}"


def _is_device(path: Path) -> bool:
    return len(path) > 1 and path[-2] == "devices" and isinstance(path[-1], int)


def shown(text: str) -> str:
    """A text in quotes, cut where it is long."""
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else quoted[:57] + "..."
