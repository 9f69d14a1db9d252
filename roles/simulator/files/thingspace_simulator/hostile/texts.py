# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words that mean something to a terminal, to a CI log, to Ansible or to a parser, in every free text of an answer and in fields that nobody knows."""

from __future__ import annotations

from typing import Any

from ..server.messages import Json

# Texts in which nothing but people reads anything. Ids, dates and the statuses that documents name are not among them.
_FREE = {"reason", "resultreason", "errormessage", "message", "description", "error_description", "cause"}
_FREE |= {"releasenote", "participantname", "model", "make", "mdn"}

# Of each kind: what stands behind a free text, and the fields that every object has beside its own.
TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("", {}),
    # What code makes that counts in UTF-16 and cuts; and two names that are one when it is spelled out.
    "surrogates": (" cut \ud83d", {"note": "cut \ud83d", "cut\ud83d": "\udc00 first", "cut\\ud83d": "second", "deep": {"\udfff": ["\ud800"]}}),
    # What ansible-core 2.19 and newer reads as an object of its own, and what looks like a template or a vaulted value.
    "tags": (
        " {{ 1 / 0 }} {% for %}",
        {"__ansible_type": "TaggedStr", "__ansible_unsafe": "x", "__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n00", "deep": [{"__ansible_type": "x"}]},
    ),
    "escapes": (" \x1b[2J\x1b]0;title\x07\b\x00\x7f\x9b31m", {"note\x1b[31m": "\x1b[8m"}),
    "commands": (
        "\n::error::injected\n##[error]injected\r::add-mask::x\r\n##vso[task.complete result=Failed]",
        {"note": "x\n::error::injected", "::error::injected": "\n::stop-commands::x"},
    ),
    "bidi": (" \u202eevil\u2066\u200f\ufeff\u061c", {"note\u202e": "\u2067x"}),
    "separators": ("\u2028::error::injected\u2029\x85\x0b\x0c\x1cx", {"note\u2028": "\x85::error::injected"}),
    "numbers": (" 1e999", {"huge": 10**400, "nan": float("nan"), "infinite": float("-inf"), "fine": 0.1 + 0.2, "long": 2**63}),
    "collisions": (
        " x",
        {"someName": 1, "some_name": 2, "SomeName": 3, "service_some_name": 4, "deviceCount": 5, "device_count": 6, "changed": False, "failed": True},
    ),
}


def hostile(value: Json, kind: str) -> Json:
    """An answer whose texts and fields are of this kind."""
    text, fields = TEXTS[kind]
    return _said(value, text, fields) if fields else value


def _said(value: Json, text: str, fields: dict[str, Any]) -> Json:
    if isinstance(value, dict):
        said = {name: item + text if isinstance(item, str) and name.lower() in _FREE else _said(item, text, fields) for name, item in value.items()}
        return {**fields, **said}
    if isinstance(value, list):
        return [_said(item, text, fields) for item in value]
    return value
