# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML and JSON as people wrote them: the values, and for each of them its line and its written form."""

from __future__ import annotations

import json
import math
import re
import typing as t

import yaml
from ansible_collections.thingspace.fota.plugins.module_utils._device_file import no_json
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._schema import Path

# Anchors and aliases can make billions of values of a few lines.
MOST_VALUES = 1_000_000
_DEEPEST = 50
_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT, _STR, _DATE, _SEQ, _MAP, _MERGE = (
    _YAML + name for name in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
)
# Numbers that everybody reads as the same number: no octal, no base 60, no underscores, no infinity.
_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")


class Trouble(t.NamedTuple):
    """Something that is wrong with a document, and where."""

    path: Path
    line: int | None
    sentence: str


class Document:
    """A document: ``value`` in plain Python, ``troubles`` that leave it readable."""

    def __init__(self, node: yaml.Node) -> None:
        self.troubles: list[Trouble] = []
        # By id: an alias is the same object as its anchor, however often it is used.
        self._parts: dict[int, dict[str | int, yaml.Node]] = {}
        self._built: dict[int, tuple[object, int]] = {}
        self._open: set[int] = set()
        self.node = node
        self.value, self.size = self._build(node, ())

    def find(self, path: Path) -> yaml.Node:
        """What was written at a place; for a place where nothing is, what was written around it."""
        node, value = self.node, self.value
        for step in path:
            parts = self._parts.get(id(value), {})
            if step not in parts:
                break
            node, value = parts[step], t.cast("t.Any", value)[step]
        return node

    def value_at(self, path: Path) -> t.Any:
        """The value at a place that is there."""
        value: t.Any = self.value
        for step in path:
            value = value[step]
        return value

    def line(self, path: Path) -> int | None:
        """The line of a place, None in JSON."""
        return _line(self.find(path))

    def written(self, path: Path) -> str:
        """The digits and letters of a single value."""
        return str(self.find(path).value)

    def _build(self, node: yaml.Node, path: Path) -> tuple[object, int]:
        """A value, and how many values it is made of where each alias counts in full."""
        if id(node) in self._built:
            return self._built[id(node)]
        if id(node) in self._open:
            raise _Unreadable("an alias stands inside of its own anchor.", _line(node))
        self._open.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            built: tuple[object, int] = self._scalar(node, path), 1
        elif isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            built = self._sequence(node, path)
        elif isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            built = self._mapping(node, path)
        else:
            self._find_strange(node, path)
            built = None, 1
        if built[1] > MOST_VALUES:
            raise _Unreadable(f"its aliases stand for more than {MOST_VALUES:,} values.", _line(node))
        self._open.discard(id(node))
        self._built[id(node)] = built
        return built

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> tuple[object, int]:
        parts = [self._build(item, (*path, index)) for index, item in enumerate(node.value)]
        value = [part for part, dummy in parts]
        self._parts[id(value)] = dict(enumerate(node.value))
        return value, 1 + sum(size for dummy, size in parts)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> tuple[object, int]:
        value: dict[str, object] = {}
        parts: dict[str | int, yaml.Node] = {}
        merged: list[yaml.Node] = []
        size = 1
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            if key_node.tag != _STR:
                self._complain(key_node, path, f"has a key that is no text: {_short(key_node)}. Put it in quotes.")
                continue
            key = str(key_node.value)
            if key in value:
                first = _line(parts[key])
                self._complain(key_node, (*path, key), f"is there twice{f', first in line {first}' if first else ''}.")
                continue
            parts[key] = value_node
            value[key], more = self._build(value_node, (*path, key))
            size += more
        for other in merged:
            inherited, more = self._build(other, path)
            size += more
            if not isinstance(inherited, dict):
                self._complain(other, path, "has a merge key << of something that is no mapping.")
                continue
            for key in inherited.keys() - value.keys():
                value[key], parts[key] = inherited[key], self._parts[id(inherited)][key]
        self._parts[id(value)] = parts
        return value, size

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        tag, text = node.tag, node.value
        # Nobody writes a day to see it turned into something else.
        if tag in (_STR, _DATE):
            return text
        if tag == _NULL:
            return None
        if tag == _BOOL:
            return text.lower() in ("true", "yes", "on")
        if tag in (_INT, _FLOAT):
            return _number(text)
        self._find_strange(node, path)
        return None

    def _find_strange(self, node: yaml.Node, path: Path) -> None:
        hint = " Encrypt the whole file instead." if node.tag in ("!vault", "!vault-encrypted") else ""
        self._complain(node, path, f"has the tag {str(node.tag).replace(_YAML, '!!')}, which has no meaning here.{hint}")

    def _complain(self, node: yaml.Node, path: Path, sentence: str) -> None:
        self.troubles.append(Trouble(path, _line(node), sentence))


class _Unreadable(Exception):
    def __init__(self, sentence: str, line: int | None) -> None:
        super().__init__(sentence)
        self.line = line


def read(text: str, name: str) -> Document:
    """Read a document; the ending of its name says what it is. Raises InputError that names file and line."""
    try:
        node = _json(text) if name.lower().endswith(".json") else _yaml(text)
        if node is None:
            raise _Unreadable("the file is empty.", None)
        return Document(node)
    except _Unreadable as error:
        raise InputError(f"{name}{f' line {error.line}' if error.line else ''}: {error}") from None
    except RecursionError:
        raise InputError(f"{name}: lists and mappings stand too deep in each other.") from None


def _yaml(text: str) -> yaml.Node | None:
    try:
        depth = 0
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            # libyaml's composer would end the process.
            if depth > _DEEPEST:
                raise _Unreadable("lists and mappings stand too deep in each other.", _line(event))
        return yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
        lines = text.splitlines()
        for mark in marks:
            if mark.line < len(lines) and re.match(r"\s*\t", lines[mark.line]):
                raise _Unreadable("there is a tab in the indentation, where YAML takes blanks only.", mark.line + 1) from None
        raise _Unreadable(f"not YAML: {error.problem or error.context}.", marks[0].line + 1 if marks else None) from None
    except yaml.YAMLError as error:
        strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = text.count("\n", 0, strange.start()) + 1 if strange else None
        raise _Unreadable(f"not YAML: {str(error).splitlines()[0]}.", line) from None
    except (ValueError, OverflowError):
        # What the parser in Python, which stands in for libyaml, makes of "\\UFFFFFFFF".
        raise _Unreadable("not YAML: an escape of a character that there is not.", None) from None


def _json(text: str) -> yaml.Node | None:
    def number(tag: str) -> t.Callable[[str], yaml.Node]:
        return lambda written: yaml.ScalarNode(tag, written)

    try:
        return _node(json.loads(text, object_pairs_hook=_pairs, parse_int=number(_INT), parse_float=number(_FLOAT), parse_constant=number(_FLOAT)))
    except json.JSONDecodeError as error:
        if not text.strip():
            return None
        raise _Unreadable(f"not JSON: {no_json(error)}.", error.lineno) from None


def _pairs(pairs: list[tuple[str, object]]) -> yaml.Node:
    return yaml.MappingNode(_MAP, [(yaml.ScalarNode(_STR, key), _node(value)) for key, value in pairs])


def _node(value: object) -> yaml.Node:
    if isinstance(value, yaml.Node):
        return value
    if isinstance(value, list):
        return yaml.SequenceNode(_SEQ, [_node(item) for item in value])
    if isinstance(value, bool):
        return yaml.ScalarNode(_BOOL, "true" if value else "false")
    return yaml.ScalarNode(_NULL, "null") if value is None else yaml.ScalarNode(_STR, value)


def _number(text: str) -> float:
    """A number; not a number (NaN) where people and programs would read different ones."""
    if not _PLAIN.fullmatch(text):
        return math.nan
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _line(node: yaml.Node | yaml.Event) -> int | None:
    return node.start_mark.line + 1 if node.start_mark else None


def _short(node: yaml.Node) -> str:
    return str(node.value)[:40] if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
