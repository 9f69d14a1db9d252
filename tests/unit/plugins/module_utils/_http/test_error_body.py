# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shape of error body is told apart by what it means."""

from __future__ import annotations

import json

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._http.error_body import error_for, parse_error_body, turned_away
from hypothesis import given
from hypothesis import strategies as st


def service(code: str | None, message: str) -> bytes:
    return json.dumps({"errorCode": code, "errorMessage": message}).encode()


def fault(code: object) -> bytes:
    return json.dumps({"fault": {"code": code, "message": "m", "description": "d"}}).encode()


XML = b'<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type><am:message>Not Found</am:message></am:fault>'


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, fault("900901"), "access_token", "900901"),
        (401, fault(900902), "access_token", "900902"),
        (400, fault("900906"), "service", "900906"),
        (403, XML, "access_token", "404"),
        (400, service("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "The Session has expired."), "session_token", None),
        (401, service("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "The Session has expired."), "session_token", None),
        (400, service("UnifiedWebService.INPUT_INVALID.SessionToken.Invalid", "no GUID"), "session_token", None),
        (400, service("INVALID_PARAMETER", "UWS verification failure (The Session has expired.)"), "session_token", "INVALID_PARAMETER"),
        (
            400,
            json.dumps({"error": "unauthorized", "error_description": "Failure response received for UWS V1 REST accounts: [400]"}).encode(),
            "session_token",
            "unauthorized",
        ),
        (400, service("INVALID_PARAMETER", "UWS verification failure (Could not find account 1)"), "forbidden", None),
        (400, service("UnifiedWebService.REQUEST_FAILED.AccountName", "not yours"), "forbidden", None),
        (401, service("INVALID_ACCOUNT", "no"), "forbidden", None),
        (403, b"", "forbidden", None),
        (400, service("INVALID_PARAMETER", "Invalid upgradeId"), "not_found", "INVALID_PARAMETER"),
        (404, service("X", "gone"), "not_found", "X"),
        (404, service("", "Invalid upgradeId"), "not_found", ""),
        # What is no word of the service says nothing about an upgrade.
        (404, b"", "service", None),
        (404, b"{}", "service", None),
        (404, b"[]", "service", None),
        (404, service("", ""), "service", ""),
        (404, b"not found", "service", None),
        (404, b'{"message": "Invalid upgradeId"}', "service", None),
        (404, b'{"error": "Not Found", "error_description": "Invalid upgradeId"}', "service", "Not Found"),
        (404, b'{"fault": {"code": "404", "message": "Invalid upgradeId"}}', "service", "404"),
        (400, b'{"error": "invalid", "error_description": "Invalid upgradeId"}', "service", "invalid"),
        (400, b"<html><title>Invalid upgradeId</title></html>", "service", None),
        (404, b"<html><title>Not here</title></html>", "service", None),
        (400, service("INVALID_PARAMETER", "Device list is empty"), "service", "INVALID_PARAMETER"),
        (418, b"<html><head><title>Teapot</title></head><body>" + b"x" * 10_000, "service", None),
        (400, b"[1, 2", "service", None),
        (400, b"\xff\xfe\x00", "service", None),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, kind: str, code: str | None) -> None:
    error = error_for(status, body, "GET /x")
    assert error.kind == kind
    assert error.status == status
    assert code in (None, error.code)
    assert len(error.message) < 700


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, service("INVALID_PARAMETER", "Device list is empty")),
        (403, service("ACCOUNT_USAGE_EXCEEDED", "")),
        (404, service("X", "gone")),
        (401, fault("900901")),
        (401, fault(900902)),
        (400, fault("900906")),
        (403, fault("900908")),
        (403, XML),
        (400, json.dumps({"error": "unauthorized", "error_description": "Failure response received for UWS V1 REST accounts: [400]"}).encode()),
    ],
)
def test_the_service_and_its_gateway_are_believed(status: int, body: bytes) -> None:
    assert turned_away(status, parse_error_body(body))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"null", b'"no"', b"no", b"{", b"<html><title>Forbidden</title></html>", b"\xff\xfe"),
        *(service(code, "Forbidden") for code in ("", " ", None)),
        *(fault(code) for code in (None, "", "404", "101503", "303001", "900800", "9009010", "x900901")),
        *(json.dumps(said).encode() for said in ({"message": "Forbidden"}, {"errormessage": "X"}, {"errorMessage": "Forbidden"}, {"fault": "900901"})),
        *(json.dumps({"error": said, "error_description": "No."}).encode() for said in ("unauthorized", "invalid_request", "Forbidden", {"errorCode": "X"})),
        b"<am:fault><am:message>No</am:message></am:fault>",
        b"<fault>900901</fault>",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 409, 410, 411, 413, 414, 415, 421, 423, 425, 431, 451, 460, 499])
def test_nobody_else_is(status: int, body: bytes) -> None:
    assert not turned_away(status, parse_error_body(body))


@pytest.mark.parametrize("status", [400, 404, 405, 407, 409])
def test_the_xml_of_the_gateway_is_believed_where_it_is_known(status: int) -> None:
    assert not turned_away(status, parse_error_body(XML))


@given(
    st.integers(400, 499),
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda v: (
                st.lists(v)
                | st.dictionaries(st.sampled_from(["fault", "error", "errorCode", "errorMessage", "code", "message", "error_description", "cause"]), v)
            ),
        ).map(lambda v: json.dumps(v).encode()),
    ),
)
def test_no_body_breaks_the_reader(status: int, body: bytes) -> None:
    error = error_for(status, body, "GET /x")
    assert "\n" not in error.message
    assert f"HTTP {status}" in error.message
