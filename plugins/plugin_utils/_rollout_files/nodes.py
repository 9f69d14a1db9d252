# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How YAML and JSON become nodes: what is written in a file, value by value, with the line of each. It ends soon, whatever the file holds."""

from __future__ import annotations

import json
import re
import typing as t

import yaml

from ...module_utils._desired.device_file import no_json, unquoted

# Written, or made by aliases: a few lines of them can stand for billions.
MOST_VALUES = 400_000
DEEPEST = 50
# libyaml compares each with all that stand before it.
_MOST_DIRECTIVES = 100
_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
YAML = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR, DATE, SEQ, MAP, MERGE = (
    YAML + name for name in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
)
# https://yaml.org/type/, and those of Ansible.
_TYPES = ("binary", "bool", "float", "int", "map", "merge", "null", "omap", "pairs", "seq", "set", "str", "timestamp", "value", "yaml")
_KNOWN_TAGS = frozenset([*(f"!!{name}" for name in _TYPES), "!vault", "!vault-encrypted", "!unsafe"])
Kind = t.Literal["scalar", "list", "mapping"]


class Node:
    """A value as it is written: of a scalar the text, of a list its nodes, of a mapping the pairs of its nodes.

    Those of PyYAML take six times the memory. ``line`` is None in JSON.
    """

    __slots__ = ("kind", "line", "shared", "tag", "value")

    def __init__(self, kind: Kind, tag: str, value: t.Any, line: int | None = None, shared: bool = False) -> None:
        self.kind = kind
        self.tag = tag
        self.value = value
        self.line = line
        # Whether it has an anchor, so that aliases may stand for it.
        self.shared = shared


class Unreadable(Exception):
    """Why a file is no document, and the line, where it is known."""

    def __init__(self, sentence: str, line: int | None) -> None:
        super().__init__(sentence)
        self.line = line


def known_tag(tag: str) -> str:
    """A tag as people write it if it is one that everybody knows, else an empty text: it may be any text, and a secret."""
    written = f"!!{tag.removeprefix(YAML)}" if tag.startswith(YAML) else tag
    return written if written in _KNOWN_TAGS else ""


def too_deep(line: int | None) -> Unreadable:
    return Unreadable(f"lists and mappings stand more than {DEEPEST} deep in each other.", line)


def grown(size: int, more: int, line: int | None) -> int:
    """The sum, as long as it is one that may be. Raises Unreadable."""
    if size + more > MOST_VALUES:
        raise Unreadable(
            f"it holds more than {MOST_VALUES:,} values, with those that aliases stand for. Put devices into files of their own (devices_file).", line
        )
    return size + more


def check_directives(text: str) -> str | None:
    """What is wrong with the directives of a YAML file, None if nothing is."""
    # Each of these ends a line for libyaml.
    if sum(text.count(f"{end}%") for end in "\n\r\x85\u2028\u2029") <= _MOST_DIRECTIVES:
        return None
    return f"more than {_MOST_DIRECTIVES} lines begin with %. A rollout or a list of devices needs no directives: leave them out."


def of_yaml(text: str) -> Node | None:
    """The nodes of the one document of a file, None if there is none. Raises Unreadable."""
    if sentence := check_directives(text):
        raise Unreadable(sentence, None)
    try:
        return _Composer(text).compose()
    except yaml.MarkedYAMLError as error:
        marks = [mark for mark in (error.problem_mark, error.context_mark) if mark]
        lines = text.splitlines()
        for mark in marks:
            if mark.line < len(lines) and re.match(r"\s*\t", lines[mark.line]):
                raise Unreadable("there is a tab in the indentation, where YAML takes blanks only.", mark.line + 1) from None
        raise Unreadable(f"not YAML: {unquoted(error.problem or error.context or '')}.", marks[0].line + 1 if marks else None) from None
    except yaml.YAMLError as error:
        strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = text.count("\n", 0, strange.start()) + 1 if strange else None
        raise Unreadable(f"not YAML: {str(error).splitlines()[0]}.", line) from None
    except (ValueError, OverflowError):
        # What the parser in Python, which stands in for libyaml, makes of "\\UFFFFFFFF".
        raise Unreadable("not YAML: an escape of a character that there is not.", None) from None


class _Composer:
    """Nodes out of the events of PyYAML, which tell of each value as soon as it is read: what is too much ends at once."""

    def __init__(self, text: str) -> None:
        self._loader = _LOADER(text)
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def compose(self) -> Node | None:
        """The one document. Raises Unreadable."""
        loader = self._loader
        try:
            loader.get_event()
            if loader.check_event(yaml.StreamEndEvent):
                return None
            loader.get_event()
            node = self._node(0)
            loader.get_event()
            if not loader.check_event(yaml.StreamEndEvent):
                raise Unreadable("not YAML: there is more than one document in the file.", loader.get_event().start_mark.line + 1)
            return node
        finally:
            loader.dispose()

    def _node(self, depth: int) -> Node:
        event = self._loader.get_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise Unreadable("not YAML: an alias without its anchor.", line)
            return self._anchors[event.anchor]
        self._count = grown(self._count, 1, line)
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag
            if tag is None or tag == "!":
                tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            node = Node("scalar", tag, event.value, line)
            self._note(event, node)
            return node
        if depth >= DEEPEST:
            raise too_deep(line)
        in_list = isinstance(event, yaml.SequenceStartEvent)
        given = None if event.tag == "!" else event.tag
        node = Node("list" if in_list else "mapping", given or (SEQ if in_list else MAP), [], line, shared=event.anchor is not None)
        self._note(event, node)
        ending = yaml.SequenceEndEvent if in_list else yaml.MappingEndEvent
        while not self._loader.check_event(ending):
            part = self._node(depth + 1)
            node.value.append(part if in_list else (part, self._node(depth + 1)))
        self._loader.get_event()
        return node

    def _note(self, event: t.Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node


def of_json(text: str) -> Node | None:
    """The same for JSON. Raises Unreadable."""
    count = 0

    def node_of(value: object) -> Node:
        nonlocal count
        count = grown(count, 1, None)
        if isinstance(value, Node):
            return value
        if isinstance(value, list):
            return Node("list", SEQ, [node_of(item) for item in value])
        if isinstance(value, bool):
            return Node("scalar", BOOL, "true" if value else "false")
        return Node("scalar", NULL, "null") if value is None else Node("scalar", STR, str(value))

    def pairs(items: list[tuple[str, object]]) -> Node:
        return Node("mapping", MAP, [(Node("scalar", STR, key), node_of(value)) for key, value in items])

    def number(tag: str) -> t.Callable[[str], Node]:
        return lambda written: Node("scalar", tag, written)

    # Each comma parts two values, but for those in a text, of which no rollout has so many.
    grown(0, text.count(","), None)
    try:
        return node_of(json.loads(text, object_pairs_hook=pairs, parse_int=number(INT), parse_float=number(FLOAT), parse_constant=number(FLOAT)))
    except json.JSONDecodeError as error:
        if not text.strip():
            return None
        raise Unreadable(f"not JSON: {no_json(error)}.", error.lineno) from None
