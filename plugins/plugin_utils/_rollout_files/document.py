# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML and JSON as people wrote them: the values, and for each of them its line and its written form."""

from __future__ import annotations

import math
import re
import typing as t

from ...module_utils._errors import InputError
from . import nodes
from .nodes import Node, Unreadable
from .schema import Path

# Numbers that everybody reads as the same number: no octal, no base 60, no underscores, no infinity.
_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")


class Trouble(t.NamedTuple):
    """Something that is wrong with a document, and where."""

    path: Path
    line: int | None
    sentence: str


class Document:
    """A document: ``value`` in plain Python, ``troubles`` that leave it readable."""

    def __init__(self, node: Node) -> None:
        self.troubles: list[Trouble] = []
        # By id of a list or a mapping: its nodes.
        self._parts: dict[int, t.Mapping[str, Node] | t.Sequence[Node]] = {}
        # By id of a node with an anchor: each alias is the same object, however often it is used.
        self._built: dict[int, tuple[object, int]] = {}
        self._open: set[int] = set()
        self.node = node
        self.value, self.size = self._build(node, ())

    def find(self, path: Path) -> Node:
        """What was written at a place; for a place where nothing is, what was written around it."""
        node, value = self.node, self.value
        for step in path:
            parts: t.Any = self._parts.get(id(value), ())
            if not (0 <= step < len(parts) if isinstance(step, int) and isinstance(parts, list) else step in parts):
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
        return self.find(path).line

    def written(self, path: Path) -> str:
        """The digits and letters of a single value."""
        return str(self.find(path).value)

    def _build(self, node: Node, path: Path) -> tuple[object, int]:
        """A value, and how many values it is made of where each alias counts in full."""
        if node.kind == "scalar":
            return self._scalar(node, path), 1
        if id(node) in self._built:
            return self._built[id(node)]
        if id(node) in self._open:
            raise Unreadable("an alias stands inside of its own anchor.", node.line)
        if len(path) >= nodes.DEEPEST:
            raise nodes.too_deep(node.line)
        self._open.add(id(node))
        if node.kind == "list" and node.tag == nodes.SEQ:
            built: tuple[object, int] = self._sequence(node, path)
        elif node.kind == "mapping" and node.tag == nodes.MAP:
            built = self._mapping(node, path)
        else:
            self._find_strange(node, path)
            built = None, 1
        self._open.discard(id(node))
        if node.shared:
            self._built[id(node)] = built
        return built

    def _sequence(self, node: Node, path: Path) -> tuple[object, int]:
        value: list[object] = []
        size = 1
        for index, item in enumerate(node.value):
            part, more = self._build(item, (*path, index))
            value.append(part)
            size = nodes.grown(size, more, node.line)
        self._parts[id(value)] = node.value
        return value, size

    def _mapping(self, node: Node, path: Path) -> tuple[object, int]:
        value: dict[str, object] = {}
        parts: dict[str, Node] = {}
        merged: list[Node] = []
        size = 1
        for key_node, value_node in node.value:
            if key_node.tag == nodes.MERGE:
                merged += value_node.value if value_node.kind == "list" else [value_node]
                continue
            if key_node.tag != nodes.STR:
                self._complain(key_node, path, f"has a key that is no text: {_short(key_node)}. Put it in quotes.")
                continue
            key = str(key_node.value)
            if key in value:
                first = parts[key].line
                self._complain(key_node, (*path, key), f"is there twice{f', first in line {first}' if first else ''}.")
                continue
            parts[key] = value_node
            value[key], more = self._build(value_node, (*path, key))
            size = nodes.grown(size, more, node.line)
        for other in merged:
            inherited, more = self._build(other, path)
            # Before the work is done: [*a, *a, ...] would look at each key of a for each of them.
            size = nodes.grown(size, more, node.line)
            if not isinstance(inherited, dict):
                self._complain(other, path, "has a merge key << of something that is no mapping.")
                continue
            theirs = t.cast("dict[str, Node]", self._parts[id(inherited)])
            for key in inherited:
                if key not in value:
                    value[key], parts[key] = inherited[key], theirs[key]
        self._parts[id(value)] = parts
        return value, size

    def _scalar(self, node: Node, path: Path) -> object:
        tag, text = node.tag, node.value
        # Nobody writes a day to see it turned into something else.
        if tag in (nodes.STR, nodes.DATE):
            return text
        if tag == nodes.NULL:
            return None
        if tag == nodes.BOOL:
            return text.lower() in ("true", "yes", "on")
        if tag in (nodes.INT, nodes.FLOAT):
            return _number(text)
        self._find_strange(node, path)
        return None

    def _find_strange(self, node: Node, path: Path) -> None:
        hint = " Encrypt the whole file instead." if node.tag in ("!vault", "!vault-encrypted") else ""
        tag = nodes.known_tag(node.tag)
        self._complain(node, path, f"has {f'the tag {tag}' if tag else 'a tag of its own'}, which has no meaning here.{hint}")

    def _complain(self, node: Node, path: Path, sentence: str) -> None:
        self.troubles.append(Trouble(path, node.line, sentence))


def read(text: str, name: str) -> Document:
    """Read a document; the ending of its name says what it is. Raises InputError that names file and line."""
    try:
        node = nodes.of_json(text) if name.lower().endswith(".json") else nodes.of_yaml(text)
        if node is None:
            raise Unreadable("the file is empty.", None)
        return Document(node)
    except Unreadable as error:
        raise InputError(f"{name}{f' line {error.line}' if error.line else ''}: {error}") from None
    except RecursionError:
        raise InputError(f"{name}: {nodes.too_deep(None)}") from None


def _number(text: str) -> float:
    """A number; not a number (NaN) where people and programs would read different ones."""
    if not _PLAIN.fullmatch(text):
        return math.nan
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _short(node: Node) -> str:
    return str(node.value)[:40] if node.kind == "scalar" else "a list or a mapping"
