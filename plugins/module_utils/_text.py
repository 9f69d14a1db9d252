# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others wrote, made safe to be told: it costs no result, and commands no terminal and no log. Pure."""

from __future__ import annotations

import math
import re
import typing as t
import unicodedata

Convert = t.Callable[[str], str]
REDACTED = "********"
# Control and format characters, halves of pairs, ends of lines and paragraphs. Not what only this Python does not know yet.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Only letters begin the name of a command. An address such as [::1] or fe80::1 stays as it is.
_COLONS = re.compile(r":(?=:+[A-Za-z])")
_COLONS_AT_A_BREAK = re.compile(r"(?<![0-9A-Za-z\[]):(?=:+[A-Za-z])")
_HASHES = re.compile(r"#(?=#+\w*\[)")
# Names that ansible-core takes for its own: __ansible_type, __ansible_unsafe and __ansible_vault make other values of an object, and
# _ansible_... is dropped from what is shown and registered.
_OWN_NAME = re.compile(r"_+ansible", re.IGNORECASE)
_PREFIX = "service_"
# Outside of 64 bits JSON readers and databases change a number, and Python refuses to read one of 4,300 digits.
_LARGEST = 2**63
# What one text of the service may take of a result, and a sentence that quotes it. ansible-runner, the engine of AWX, drops a result of more than 700,000
# characters whole.
_LONGEST = 4_000
_LONGEST_MESSAGE = 8_000
# What people read, wherever it stands in a result.
_MESSAGES = frozenset({"msg", "message", "before_header", "after_header"})
_LINES = frozenset({"before", "after", "exception"})


def one_line(text: str) -> str:
    """What others wrote, fit to be quoted in a sentence: one line, every character visible."""
    return _visible(" ".join(text.split()), lambda character: not character.isprintable())


def message(text: str) -> str:
    """A whole sentence for people, in one line."""
    return _HASHES.sub("# ", _COLONS.sub(": ", one_line(_cut(text, _LONGEST_MESSAGE))))


def lines(text: str) -> str:
    """Lines for people, such as those of a diff, with the blanks that they begin with."""
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + message(line) for line in text.split("\n"))


def value(text: str) -> str:
    """A text in a result."""
    return _parted(_cut(text, _LONGEST), _unseen)


def name(text: str) -> str:
    """The name of a value in a result."""
    told_as = _parted(_cut(text, _LONGEST), lambda character: character in "\n\t" or _unseen(character))
    return f"{_PREFIX}{told_as}" if _OWN_NAME.match(told_as) else told_as


def ended(text: str) -> str:
    """What others said, with a full stop, so that a sentence of ours can follow."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def told(values: t.Any, hide: Convert = str, text: Convert = value) -> t.Any:
    """A whole result, or anything else that others read: new lists and dictionaries, every text and every name made safe.

    NaN and what is too large for JSON become text. A name that ansible-core takes for its own, and one that is taken, stand behind
    ``service_``, so that nothing is lost.

    Args:
        hide: takes secrets out of a text. It looks before and after, since what is made visible may spell one.
        text: what is done to texts that are no messages.
    """
    return _Teller(hide).tell(values, text)


class _Teller:
    def __init__(self, hide: Convert) -> None:
        self._hide = hide
        # Lists have 100,000 devices with the same few names.
        self._names: dict[str, str] = {}

    def tell(self, part: t.Any, convert: Convert) -> t.Any:
        if isinstance(part, str):
            return self._safe(part, convert)
        if isinstance(part, dict):
            names = self._named(part)
            return {told_as: self.tell(item, _way(written, convert)) for told_as, (written, item) in zip(names, part.items(), strict=True)}
        if isinstance(part, (list, tuple)):
            return [self.tell(item, convert) for item in part]
        return self._number(part)

    def _safe(self, written: str, convert: Convert) -> str:
        hidden = self._hide(written)
        safe = convert(hidden)
        return safe if safe == hidden else self._hide(safe)

    def _named(self, part: t.Mapping[t.Any, t.Any]) -> list[t.Any]:
        """The names of an object as they are told, in its order. Those that stay as they are come first to theirs."""
        found = [self._name(written) if isinstance(written, str) else written for written in part]
        if found == list(part):
            return found
        taken = {told_as for told_as, written in zip(found, part, strict=True) if told_as == written}
        for index, written in enumerate(part):
            if found[index] != written:
                while found[index] in taken:
                    found[index] = f"{_PREFIX}{found[index]}"
                taken.add(found[index])
        return found

    def _name(self, written: str) -> str:
        try:
            return self._names[written]
        except KeyError:
            return self._names.setdefault(written, self._safe(written, name))

    def _number(self, part: t.Any) -> t.Any:
        if isinstance(part, bool) or not isinstance(part, (int, float)):
            return part
        if isinstance(part, float) and not math.isfinite(part):
            part = "NaN" if math.isnan(part) else "Infinity" if part > 0 else "-Infinity"
        elif isinstance(part, int) and abs(part) >= _LARGEST:
            part = _digits(part)
        return REDACTED if self._hide(str(part)) == REDACTED else part


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} characters more)"


def _way(written: t.Any, otherwise: Convert) -> Convert:
    return message if written in _MESSAGES else lines if written in _LINES else otherwise


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # beyond the digits that this Python writes
        return hex(number)


def _unseen(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _UNSEEN


def _parted(text: str, unseen: t.Callable[[str], bool]) -> str:
    if text.isprintable() and "::" not in text and "##" not in text:
        return text
    return _HASHES.sub("# ", _COLONS_AT_A_BREAK.sub(": ", _visible(text, unseen)))


def _visible(text: str, unseen: t.Callable[[str], bool]) -> str:
    if text.isprintable():
        return text
    return "".join(character.encode("unicode_escape").decode() if unseen(character) else character for character in text)


_FIRST = 3


def first_few(devices: t.Collection[str]) -> str:
    """The first of them, and how many more there are."""
    first = ", ".join(sorted(devices)[:_FIRST])
    return f"{first} and {len(devices) - _FIRST} more" if len(devices) > _FIRST else first
