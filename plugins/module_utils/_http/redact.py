# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no message may show: secrets in every spelling, and addresses with secrets in them. Pure."""

from __future__ import annotations

import functools
import html
import json
import re
import typing as t
import urllib.parse

from .._text import REDACTED

Redact = t.Callable[[str], str]


def redactor(secrets: t.Iterable[str]) -> Redact:
    """A function that takes secrets out of a text, in the forms in which a service may echo them."""
    # The longest first: a secret may be part of another.
    ordered = sorted({*secrets} - {""}, key=len, reverse=True)
    if not ordered:
        return str

    @functools.cache
    def found() -> re.Pattern[str]:
        # Not before there is an error to be told: every client has such a pattern, and few need it. Case: %2f is %2F.
        return re.compile("|".join("".join(map(_form, secret)) for secret in ordered), re.IGNORECASE)

    return lambda text: found().sub(REDACTED, text)


def _form(character: str) -> str:
    """A pattern for all ways to write a character: in JSON as Python, Go, PHP and Java write it, in HTML, in a URL, in a repr."""
    if character.isascii() and character.isalnum():
        return character
    code, units = ord(character), character.encode("utf-16-be", "surrogatepass").hex()
    forms = {character, json.dumps(character)[1:-1], html.escape(character), f"&#{code};", f"&#x{code:x};", f"\\{character}"}
    forms |= {f"\\x{code:02x}", f"\\U{code:08x}"}
    forms |= {"".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)), *(["&apos;"] if character == "'" else [])}
    # Bytes that are no text come from the environment as lone surrogates.
    octets = character.encode("utf-8", "surrogateescape" if 0xDC80 <= code <= 0xDCFF else "surrogatepass")
    forms |= {urllib.parse.quote(octets, safe=""), urllib.parse.quote_plus(octets)}
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms, key=len, reverse=True))})"


_BLOTTED = "********"
_SCHEME = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PIECE = re.compile(r"([;?&])([^;?&#]+)")
# What stands before the equals sign is shown if it can only be a name: the end of base64 looks alike.
_NAMED = re.compile(r"[\w.~%$\[\]-]{1,40}=(?!=*$)")
# Shorter ones are found in any sentence.
_SHORTEST = 6


def redacted_url(text: str) -> str:
    """A URL without what may be secret: values of query and path parameters, fragment, all before the last @. A path cannot be told apart."""
    scheme, head, tail = _parts(text)
    if "@" in tail:
        # A password with a question mark in it, or a query with an address: nobody can say which end is the host.
        return scheme + _BLOTTED
    before, at, host = head.rpartition("@")
    asked, _hash, fragment = tail.partition("#")
    asked = _PIECE.sub(lambda piece: piece[1] + (name[0] if (name := _NAMED.match(piece[2])) else "") + _BLOTTED, asked)
    return scheme + (_BLOTTED if before else "") + at + host + asked + (f"#{_BLOTTED}" if fragment else "")


def secrets_in(text: str) -> list[str]:
    """What :func:`redacted_url` takes out of a URL, for errors that quote it whole or in part."""
    if redacted_url(text) == text:
        return []
    _scheme, head, tail = _parts(text)
    before = (head + tail if "@" in tail else head).rpartition("@")[0]
    values = [piece.partition("=")[2] or piece for piece in re.split("[;?&#]", tail)]
    found = [text, before, *before.split(":"), *values]
    return [form for secret in found for form in (secret, urllib.parse.unquote(secret)) if len(form) >= _SHORTEST]


def _parts(text: str) -> tuple[str, str, str]:
    """Scheme with slashes, host and path, and the rest from the first parameter on."""
    start = _SCHEME.match(text)
    scheme = start[0] if start else ""
    head = re.split("[;?#]", text[len(scheme) :], maxsplit=1)[0]
    return scheme, head, text[len(scheme) + len(head) :]
