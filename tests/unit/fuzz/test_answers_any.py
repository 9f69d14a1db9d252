# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever bytes come back, from the first of the status line on: a value or an error of ours, and no secret in it."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import socket
import threading
import typing as t
import urllib.parse

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._http.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._http.json_value import too_deep, value_of
from ansible_collections.thingspace.fota.plugins.module_utils._http.transport import Transport, retry_after
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.anything import ANYTHING, DEPTHS, KEYS, nested, share

TOKEN, SESSION = "bearer-of-the-user", "session-of-the-user"
# What JSON encoders of Go, PHP and Java make of it is not what Python makes of it.
PASSWORD = "pass&<w'o\"r/d\\é>"
BASIC = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
ENCODERS: list[t.Callable[[str], str]] = [
    str,
    html.escape,
    lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    urllib.parse.quote,
    urllib.parse.quote_plus,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    lambda text: re.sub("[&<>]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)[1:-1]),
    lambda text: repr(text)[1:-1],
]
ECHOES = [encode(secret) for secret in (TOKEN, SESSION, PASSWORD, BASIC) for encode in ENCODERS]


class Wire:
    """A service that answers one connection after the other with ``raw`` and hangs up."""

    def __init__(self) -> None:
        self.raw = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self._server.accept()[0]
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(65536)
                    connection.sendall(self.raw)

    def close(self) -> None:
        self._server.close()

    def ask(self, raw: bytes, method: t.Literal["GET", "PUT"] = "GET") -> ThingSpaceError | None:
        """One request. The error, None if there was a value; anything else that is raised is what these tests look for."""
        self.raw = raw
        client = Client(
            Transport(self.url, verify=True, timeout=5, retry_timeout=0),
            {"Authorization": f"Bearer {TOKEN}", "VZ-M2M-Token": SESSION},
            [PASSWORD, BASIC],
        )
        try:
            client.read("/fota/v1/x") if method == "GET" else client.write(method, "/fota/v1/x", {})
        except ThingSpaceError as error:
            return error
        return None


@pytest.fixture(scope="module")
def wire() -> t.Iterator[Wire]:
    server = Wire()
    yield server
    server.close()


def answer(status: int, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} Something\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode("latin-1") + body


def check(error: ThingSpaceError | None) -> None:
    """What holds for every error: short, one line of printable text, no secret in any of its parts, and in no form."""
    if error is None:
        return
    told = json.dumps([error.sentence, error.as_dict()], ensure_ascii=False)
    assert error.sentence.isprintable(), error.sentence
    assert len(error.sentence) < 1500
    for part in (error.sentence, error.detail or "", error.code or ""):
        assert not [echo for echo in ECHOES if echo in part], part
    assert "Traceback" not in told


METHODS = st.sampled_from(["GET", "PUT"])
STATUSES = st.sampled_from([200, 201, 204, 206, 299, 300, 302, 304, 400, 401, 403, 404, 407, 409, 418, 429, 499, 500, 502, 503, 599, 601, 999])
BODIES = st.one_of(
    st.binary(max_size=80),
    ANYTHING.map(lambda value: json.dumps(value).encode()),
    st.tuples(ANYTHING, st.integers(1, 20)).map(lambda pair: json.dumps(pair[0]).encode()[: -pair[1]]),
    st.text(st.sampled_from("<>/ab&; \x1b\u202e\x00{[\"'"), max_size=60).map(str.encode),
    st.sampled_from([b"", b"null", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"NaN", b"1" * 5000, b'{"a": "\\ud800"}', b"<title>" * 600, b"<" * 9000]),
)


@given(METHODS, STATUSES, BODIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_a_value_or_an_error(wire: Wire, method: t.Literal["GET", "PUT"], status: int, body: bytes) -> None:
    check(wire.ask(answer(status, body), method))


@given(METHODS, STATUSES, DEPTHS, st.sampled_from([None, *KEYS]), st.sampled_from(["", "errorCode", "error", "fault", "deviceList"]))
@settings(max_examples=share(2))
def test_any_depth_is_a_value_or_an_error(wire: Wire, method: t.Literal["GET", "PUT"], status: int, depth: int, key: str | None, outside: str) -> None:
    body = nested(depth, key=key)
    check(wire.ask(answer(status, (f'{{"{outside}": {body}}}' if outside else body).encode()), method))


@given(DEPTHS, st.sampled_from([None, *KEYS]), st.sampled_from(["", "deviceList", "reportList"]))
@settings(max_examples=share(2))
def test_what_is_passed_on_is_passed_on_by_functions_that_call_themselves(depth: int, key: str | None, outside: str) -> None:
    body = nested(depth, key=key)
    with contextlib.suppress(ValueError, RecursionError):
        value = value_of((f'[{{"{outside}": {body}}}]' if outside else body).encode())
        assert not too_deep(value)
        assert too_deep([value]) == (depth + 2 * bool(outside) >= 50)


SAID = st.sampled_from(ECHOES)
SHAPES: list[t.Callable[[t.Any], t.Any]] = [
    lambda said: {"errorCode": said, "errorMessage": "no"},
    lambda said: {"errorCode": "X", "errorMessage": said},
    lambda said: {"errorCode": {"a": [said]}, "errorMessage": [said]},
    lambda said: {"fault": {"code": said, "message": said, "description": said}},
    lambda said: {"fault": {"code": [said], "message": {"a": said}}},
    lambda said: {"error": said, "error_description": said, "cause": said},
    lambda said: {"error": [said], "error_description": {said: said}},
    lambda said: {said: said},
    lambda said: [said],
]


@given(METHODS, STATUSES, SAID, st.sampled_from(SHAPES), st.text("x <", max_size=300), st.sampled_from([None, 1, 2, 20]), st.booleans())
def test_no_form_of_a_secret_comes_back(
    wire: Wire, method: t.Literal["GET", "PUT"], status: int, said: str, shape: t.Callable[[t.Any], t.Any], before: str, cut: int | None, ascii_only: bool
) -> None:
    body = json.dumps(shape(before + said), ensure_ascii=ascii_only).encode()
    check(wire.ask(answer(status, body[: -cut if cut else None]), method))


@given(
    METHODS, STATUSES, SAID, st.sampled_from(["{}", "<title>{}</title>", "<am:fault><am:code>{0}</am:code><am:message>{0}</am:message></am:fault>", '{{"{}'])
)
def test_no_form_of_a_secret_comes_back_in_a_page(wire: Wire, method: t.Literal["GET", "PUT"], status: int, said: str, page: str) -> None:
    check(wire.ask(answer(status, page.format(said).encode()), method))


LINES = st.text(st.characters(max_codepoint=255), max_size=40)
HEADERS = st.one_of(
    st.tuples(
        st.sampled_from(["Retry-After", "Location", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Content-Type", "Set-Cookie", "Connection"]),
        LINES | st.sampled_from(["gzip", "deflate", "chunked", "-1", "9" * 30, "http://[", "//u:p@h/", "text/html; charset=nonsense", TOKEN]),
    ).map(lambda pair: f"{pair[0]}: {pair[1]}\r\n"),
    LINES.map(lambda line: f"{line}\r\n"),
)


@given(METHODS, STATUSES | st.just(100), BODIES, st.lists(HEADERS, max_size=3))
def test_any_headers_are_a_value_or_an_error(wire: Wire, method: t.Literal["GET", "PUT"], status: int, body: bytes, headers: list[str]) -> None:
    check(wire.ask(answer(status, body, "".join(headers)), method))


@given(
    METHODS,
    st.binary(max_size=60),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, b"HTTP/1.1 ", b"HTTP/1.1 2" + b"0" * 70_000]),
)
def test_any_bytes_are_a_value_or_an_error(wire: Wire, method: t.Literal["GET", "PUT"], raw: bytes, before: bytes) -> None:
    check(wire.ask(before + raw, method))


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,5} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3})? .{0,8}", fullmatch=True))
def test_any_retry_after_is_a_number_or_none(value: str) -> None:
    seconds = retry_after({"Retry-After": value})
    assert seconds is None or seconds >= 0
