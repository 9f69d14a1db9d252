# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes that are no answer, or hardly one: what comes out of a broken proxy, or of somebody who wants to be misunderstood."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from http import HTTPStatus

from ..server.messages import Response


def _as_it_is(response: Response, *headers: str) -> bytes:
    phrase = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}", f"Content-Type: {response.content_type}", *headers, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _no_http(response: Response, text: str) -> bytes:
    return f"{text}\r\n\r\n".encode()


def _reason(response: Response, text: str) -> bytes:
    return f"HTTP/1.1 502 {text}\r\nContent-Length: 0\r\n\r\n".encode()


def _chunk_size(response: Response, text: str) -> bytes:
    return _as_it_is(response, "Transfer-Encoding: chunked") + f"{text}\r\n".encode() + response.body


def _chunk_cut(response: Response, text: str) -> bytes:
    half = response.body[: len(response.body) // 2]
    return _as_it_is(response, "Transfer-Encoding: chunked") + f"{len(half):x}\r\n".encode() + half + b"\r\n"


def _two_lengths(response: Response, text: str) -> bytes:
    length = len(response.body)
    return _as_it_is(response, f"Content-Length: {length}", f"Content-Length: {length // 2}") + response.body


def _gzip(response: Response, text: str) -> bytes:
    packed = gzip.compress(response.body)[:-12]
    return _as_it_is(response, "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed


def _header(response: Response, text: str) -> bytes:
    return _as_it_is(response, text, " folded", ": nameless", f"Content-Length: {len(response.body)}x") + response.body[:-1]


def _bytes(response: Response, text: str) -> bytes:
    return bytes(range(256)) + text.encode()


def _half_character(response: Response, text: str) -> bytes:
    """UTF-8 that was cut in the middle of an emoji, in front of a body that is whole otherwise."""
    body = response.body.replace(b'"', b'"\xf0\x9f\x98', 1)
    return _as_it_is(response, f"Content-Length: {len(body)}") + body


# What may come in place of an answer. Behind each of them the connection ends.
SHAPES: dict[str, Callable[[Response, str], bytes]] = {
    "no_http": _no_http,
    "reason": _reason,
    "chunk_size": _chunk_size,
    "chunk_cut": _chunk_cut,
    "two_lengths": _two_lengths,
    "gzip": _gzip,
    "header": _header,
    "bytes": _bytes,
    "half_character": _half_character,
}


def garbled(response: Response, shape: str, text: str) -> bytes:
    """What is sent in place of an answer.

    Args:
        shape: one of ``SHAPES``.
        text: words that stand in it, where the shape has a place for them.
    """
    return SHAPES[shape](response, text)
