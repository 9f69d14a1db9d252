# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Foreign text in Markdown: shown as it is, and without any power. Pure.

A comment is rendered as Markdown with HTML, and GitHub and GitLab then look through it for mentions, references, links and, at the
start of a line, commands. What comes from the service or from files stands in code, where none of that is looked for, or as numeric
character references, which never make structure; the signs that begin a mention or a reference are parted from what follows them.
"""

from __future__ import annotations

import functools
import re
import typing as t
import unicodedata

# What a code span shows as it is, in a table too.
_TAME = re.compile(r"[A-Za-z0-9 ._:,;()+/%='-]+")
_PLAIN = frozenset(" .,;()'?:-/%=+")
# What begins a mention, a reference, a link or an emoji, if something follows at once.
_BEGINS = re.compile(r"[@#!~$&^:](?=\S)|%(?=[\w\"])|\bwww(?=\.)|\bG[HL](?=-[0-9])", re.IGNORECASE)
_APART = "&#8203;"
# An underscore within a word emphasizes nothing.
_WITHIN = re.compile(r"(?<=[A-Za-z0-9])&#95;(?=[A-Za-z0-9])")
_WIDE = ("W", "F")
_NOTHING = "-"
_OF_AN_ID = 64


class Clipper:
    """Shortens long texts, and knows how many.

    Args:
        longest_name: where a report is long, names are shortened first.
    """

    def __init__(self, longest_name: int = 1000) -> None:
        self._longest_name = longest_name
        self.count = 0

    def clip(self, value: str | None, most: int) -> str:
        """One line of visible characters, at most ``most`` of them."""
        line = _visible(value or "")
        if len(line) <= most:
            return line
        self.count += 1
        return line[: most - 1].rstrip() + "…"

    def code(self, value: str | None, most: int = 100) -> str:
        """A name or another value, as code. Ids, digests and whatever is not longer are never shortened for the length of the report."""
        line = self.clip(value, min(most, self._longest_name) if most > _OF_AN_ID else most)
        if not line:
            return _NOTHING
        return f"`{line}`" if _TAME.fullmatch(line) else f"<code>{_references(line, ' ')}</code>"

    def prose(self, value: str | None, most: int) -> str:
        """A sentence."""
        line = self.clip(value, most)
        parts, done = [], 0
        for found in _BEGINS.finditer(line):
            parts.append(_references(line[done : found.end()], _PLAIN))
            done = found.end()
        return _WITHIN.sub("_", _APART.join([*parts, _references(line[done:], _PLAIN)]))


def label(value: str | None, most: int) -> str:
    """A name in a fenced block, cut and padded to its width: there nothing is decoded, so what could end the block is replaced."""
    line = "".join(character if character.isalnum() or character in " ._:/()+,#-" else "?" for character in _visible(value or ""))
    if width(line) > most:
        line = line[:most]
        while width(line) >= most:
            line = line[:-1]
        line += "…"
    return line + " " * (most - width(line))


def width(value: str) -> int:
    """Columns that a text takes in a font of fixed width."""
    return sum(0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in value)


def size(markdown: str) -> int:
    """Length as the strictest of the services may count it: UTF-16 units, and two for the end of a line."""
    return len(markdown) + sum(character > "\uffff" for character in markdown) + markdown.count("\n")


@functools.lru_cache(maxsize=4096)
def _visible(value: str) -> str:
    """One line. Characters that cannot be seen, such as those that turn the direction of writing, are told by their number."""
    line = " ".join(value.split())
    if line.isascii() and line.isprintable():
        return line
    return "".join(character if character.isprintable() else f"<U+{ord(character):04X}>" for character in line)


def _references(value: str, plain: t.Container[str]) -> str:
    return "".join(character if character.isalnum() or character in plain else f"&#{ord(character)};" for character in value)
