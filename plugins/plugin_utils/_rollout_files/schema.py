# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What JSON Schema (draft 2020-12) says about a value, for exactly the keywords that our schema uses. Pure.

It is here because the collection needs nothing at run time but ansible-core and requests. A test holds it against the library jsonschema.
"""

from __future__ import annotations

import math
import re
import typing as t

Schema = t.Mapping[str, t.Any]
Path = tuple[str | int, ...]
# What says something to people and editors, and nothing about values. errorMessage is a sentence of ours that editors know, too.
ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "errorMessage"})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, t.Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or t.cast(float, value).is_integer()),
}


class Flaw(t.NamedTuple):
    """A value that the schema forbids: where it is, which keyword forbids it, and the part of the schema with that keyword.

    An unknown key and a missing one are their own place, though nothing is there in the second case.
    """

    path: Path
    keyword: str
    schema: Schema


def flaws(schema: Schema, value: object) -> t.Iterator[Flaw]:
    """Everything that is wrong with a value, in the order of its parts. Raises ValueError for a schema with unknown keywords."""
    return _Checker(schema).check(schema, value, ())


def with_integers(root: Schema, schema: Schema, value: t.Any) -> t.Any:
    """A value that has no flaws, with an int for each 3.0 that the schema calls an integer, as the standard does and the options of a module do not.

    Args:
        root: the whole schema.
        schema: its part about this value.
    """
    schema = _resolved(root, schema)
    names = schema.get("type", ())
    if isinstance(value, float) and "integer" in names and "number" not in names:
        return int(value)
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return {name: with_integers(root, known[name], part) if name in known else part for name, part in value.items()}
    if isinstance(value, list) and "items" in schema:
        return [with_integers(root, schema["items"], item) for item in value]
    return value


def _resolved(root: Schema, schema: Schema) -> Schema:
    """What a schema refers to, if it does."""
    while "$ref" in schema:
        start, *words = schema["$ref"].split("/")
        if start != "#":
            raise ValueError(f"the schema refers to {schema['$ref']}, which is not in it")
        target: t.Any = root
        for word in words:
            target = target[word]
        schema = target
    return schema


class _Checker:
    def __init__(self, root: Schema) -> None:
        self._root = root

    def check(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        too_long = isinstance(value, str) and len(value) > schema.get("maxLength", math.inf)
        for keyword in schema:
            # What is too long is told as that. A pattern would only take its time: the square of it, for many that people write.
            if keyword in ANNOTATIONS or keyword == "pattern" and too_long:
                continue
            if simple := _SIMPLE.get(keyword):
                if not simple(schema[keyword], value):
                    yield Flaw(path, keyword, schema)
                continue
            check = _KEYWORDS.get(keyword)
            if check is None:
                raise ValueError(f"the schema uses {keyword}, which is not known here")
            yield from check(self, schema, value, path)

    def refers(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        yield from self.check(_resolved(self._root, schema), value, path)

    def all_of(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        for part in schema["allOf"]:
            yield from self.check(part, value, path)

    def is_not(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        if next(self.check(schema["not"], value, path), None) is None:
            yield Flaw(path, "not", schema)

    def properties(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        if isinstance(value, dict):
            for name, part in schema["properties"].items():
                if name in value:
                    yield from self.check(part, value[name], (*path, name))

    def additional(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        if schema["additionalProperties"] is not False:
            raise ValueError("additionalProperties may only be false here")
        if isinstance(value, dict):
            for name in value:
                if name not in schema["properties"]:
                    yield Flaw((*path, name), "additionalProperties", schema)

    def required(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        if isinstance(value, dict):
            for name in schema["required"]:
                if name not in value:
                    yield Flaw((*path, name), "required", schema)

    def items(self, schema: Schema, value: object, path: Path) -> t.Iterator[Flaw]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.check(schema["items"], item, (*path, index))


def _one_of_types(names: str | list[str], value: object) -> bool:
    return any(_TYPES[name](value) for name in ([names] if isinstance(names, str) else names))


# Whether a value is as the keyword wants it, or of a kind that the keyword says nothing about.
_SIMPLE: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "type": _one_of_types,
    # Only strings are listed in our schema, so that == is what the standard means.
    "enum": lambda wanted, value: isinstance(value, str) and value in wanted,
    "maxLength": lambda wanted, value: not isinstance(value, str) or len(value) <= wanted,
    "pattern": lambda wanted, value: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minimum": lambda wanted, value: not _is_number(value) or value >= wanted,
    "maximum": lambda wanted, value: not _is_number(value) or value <= wanted,
    "minItems": lambda wanted, value: not isinstance(value, list) or len(value) >= wanted,
}
_KEYWORDS: dict[str, t.Callable[[_Checker, Schema, object, Path], t.Iterator[Flaw]]] = {
    "$ref": _Checker.refers,
    "allOf": _Checker.all_of,
    "not": _Checker.is_not,
    "properties": _Checker.properties,
    "additionalProperties": _Checker.additional,
    "required": _Checker.required,
    "items": _Checker.items,
}
KEYWORDS = frozenset(_KEYWORDS) | frozenset(_SIMPLE) | ANNOTATIONS
