# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that a service echoes: hidden in whatever form, for every secret."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
import xml.sax.saxutils

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.login import Credentials, Tokens
from ansible_collections.thingspace.fota.plugins.module_utils._http.error_body import error_for, parse_error_body
from ansible_collections.thingspace.fota.plugins.module_utils._http.redact import redactor
from hypothesis import assume, given
from hypothesis import strategies as st

SECRETS = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=4, max_size=40).filter(lambda text: text.strip("*. ") == text)
FORMS = [
    str,
    html.escape,
    urllib.parse.quote_plus,
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: urllib.parse.quote(text, safe="").lower(),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    lambda text: re.sub("[&<>]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)[1:-1]),
    lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    lambda text: repr(text)[1:-1],
]


@given(SECRETS, st.sampled_from(FORMS), st.text(st.sampled_from("xyz .:\n"), max_size=20))
def test_every_form_of_every_secret_is_hidden(secret: str, form: type[str], around: str) -> None:
    assume(secret.casefold() not in around.casefold())
    hidden = redactor([secret])(f"{around}{form(secret)}{around}")
    assert hidden == f"{around}********{around}"


@given(SECRETS, st.integers(240, 310))
def test_no_half_of_a_secret_is_left_where_a_message_is_cut(secret: str, before: int) -> None:
    body = json.dumps({"errorCode": "X", "errorMessage": "~" * before + secret}).encode()
    said = parse_error_body(body, redactor([secret])).message
    assert set(said) <= {"~", "*"}


@given(SECRETS, SECRETS)
def test_a_secret_inside_another_leaves_nothing_of_it(first: str, second: str) -> None:
    assert redactor([first, first + second])(first + second) == "********"


def test_nothing_of_a_secret_is_left_where_blanks_and_points_are_dropped() -> None:
    for secret in ("geheim.", "geheim\xa0", "\tgeheim"):
        said = parse_error_body(json.dumps({"errorCode": "X", "errorMessage": f"no {secret}"}).encode(), redactor([secret]))
        assert said.message == "no ********"


def test_halves_of_characters_are_hidden_like_others() -> None:
    assert redactor(["a\ud800b"])("xa\ud800bx") == "x********x"


def test_without_secrets_nothing_is_hidden() -> None:
    assert redactor(["", ""])("all of it") == "all of it"


@pytest.mark.parametrize(
    "body",
    [
        {"errorCode": "a.geheim", "errorMessage": "no geheim"},
        {"fault": {"code": "geheim", "message": "geheim", "description": "geheim"}},
        {"error": "geheim", "error_description": "geheim", "cause": "geheim"},
        {"other": "geheim"},
        ["geheim"],
        "geheim",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_every_shape_of_an_error_is_searched(body: object, status: int) -> None:
    error = error_for(status, json.dumps(body).encode(), "POST /x", redactor(["geheim"]))
    assert "geheim" not in f"{error.message} {error.code} {error.detail}"
    assert "********" in error.message


@pytest.mark.parametrize("tag", ["am:code", "am:message", "title", "p"])
def test_markup_is_searched(tag: str) -> None:
    text = xml.sax.saxutils.escape("ge<h>eim")
    for body in (f"<am:fault><{tag}>{text}</{tag}></am:fault>", f"<html><{tag}>{text}</{tag}></html>"):
        error = error_for(403, body.encode(), "POST /x", redactor(["ge<h>eim"]))
        assert "eim" not in f"{error.message} {error.code} {error.detail}"


def test_nothing_that_holds_secrets_shows_them() -> None:
    shown = repr(Credentials("key", "geheim1", "anna", "geheim2")) + repr(Tokens("geheim3", "geheim4", 1))
    assert "geheim" not in shown
