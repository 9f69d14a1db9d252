# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport over real sockets: credentials, redirects, proxies, certificates, one connection, what was lost."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import http.client
import http.server
import os
import socket
import ssl
import threading
import typing as t
import warnings
import zlib
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._http import transport
from ansible_collections.thingspace.fota.plugins.module_utils._http.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._http.transport import Transport, retry_after
from support.own_certificate import certificate

HEADERS = {"Authorization": "Bearer right-token", "VZ-M2M-Token": "right-session"}


class Recorder(http.server.ThreadingHTTPServer):
    """Answers every request with ``status``, ``answer_headers`` and ``body``, and keeps what was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.status, self.body, self.answer_headers = 200, b"{}", dict[str, str]()
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Recorder:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that does not trust us hangs up; that is what is tested."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(self.server.status)
        for name, value in {"Content-Length": str(len(self.server.body)), **self.server.answer_headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_CONNECT = do_DELETE = do_POST = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def recorder() -> t.Iterator[Recorder]:
    with Recorder() as server:
        yield server


def client(url: str, *, verify: bool | str = True, timeout: float = 5, retry_timeout: float = 0) -> Client:
    return Client(Transport(url, verify=verify, timeout=timeout, retry_timeout=retry_timeout), HEADERS)


def test_netrc_does_not_replace_the_bearer(recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client(recorder.url).read("/x")
    assert recorder.seen[0][1]["authorization"] == "Bearer right-token"
    assert recorder.seen[0][1]["vz-m2m-token"] == "right-session"


def test_no_cookie_goes_back(recorder: Recorder) -> None:
    recorder.answer_headers = {"Set-Cookie": "who=somebody; Path=/"}
    reader = client(recorder.url)
    reader.read("/x")
    reader.read("/x")
    assert [headers.get("cookie") for dummy, headers in recorder.seen] == [None, None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_tokens_do_not_follow_a_redirect(recorder: Recorder, status: int) -> None:
    with Recorder() as other:
        recorder.status = status
        recorder.answer_headers = {"Location": f"http://u:p@127.0.0.1:{other.server_port}/there?t=1"}
        with pytest.raises(ThingSpaceError, match="redirected") as caught:
            client(recorder.url, retry_timeout=5).read("/x")
        assert other.seen == []
    assert len(recorder.seen) == 1
    assert "u:p" not in caught.value.message
    assert "t=1" not in caught.value.message


def test_a_proxy_is_used(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", recorder.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client("http://thingspace.example/api").read("/x")
    assert recorder.seen[0][0] == "http://thingspace.example/api/x"


@pytest.mark.parametrize("spared", ["xn--bcher-kva.example", "example"])
def test_a_host_without_proxy_is_known_as_it_is_asked(recorder: Recorder, monkeypatch: pytest.MonkeyPatch, spared: str) -> None:
    monkeypatch.setenv("http_proxy", recorder.url)
    monkeypatch.setenv("no_proxy", spared)
    with pytest.raises(UnsettledError):
        client("http://bücher.example:1").read("/x")
    assert recorder.seen == []


def test_a_host_that_cannot_be_written_is_input() -> None:
    with pytest.raises(ThingSpaceError, match="api_url") as caught:
        client("http://th\udcffng.example")
    assert caught.value.kind == "input"
    assert caught.value.message.isprintable()


def test_a_proxy_before_tls_gets_no_token(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", recorder.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    recorder.status = 407
    with pytest.raises(ThingSpaceError):
        client("https://thingspace.example/api").read("/x")
    assert recorder.seen
    assert [path for path, headers in recorder.seen if path != "thingspace.example:443" or headers.keys() & {"authorization", "vz-m2m-token"}] == []


def test_an_answer_that_is_lost_behind_a_proxy_may_have_been_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")

        def swallow() -> None:
            connection = proxy.accept()[0]
            connection.recv(65536)
            connection.close()

        threading.Thread(target=swallow, daemon=True).start()
        with pytest.raises(UnsettledError) as caught:
            client("http://thingspace.example/api").write("PUT", "/x", {})
    assert caught.value.carried_out is None


def test_no_password_of_a_proxy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:topsecret@127.0.0.1:1")
    with pytest.raises(UnsettledError) as caught:
        client("https://thingspace.example/api").read("/x")
    assert "topsecret" not in caught.value.message
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize("proxy", [False, True])
def test_no_token_is_printed_where_everything_is_debugged(
    recorder: Recorder, proxy: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """As ansible-rulebook and plugins of others do it in the process that they share with ours."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(0)
    if proxy:
        monkeypatch.setenv("http_proxy", recorder.url)
    client("http://thingspace.example/api" if proxy else recorder.url).write("POST", "/x", {"password": "right-password"})
    assert recorder.seen[0][1]["vz-m2m-token"] == "right-session"
    said = f"{caplog.text} {capfd.readouterr()}"
    assert "/x" in said, "it was debugged"
    assert not [secret for secret in ("right-token", "right-session", "right-password") if secret in said]


def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    with Recorder(tls) as server:
        with pytest.raises(ThingSpaceError, match="ca_path") as caught:
            client(server.url, retry_timeout=30).read("/x")
        assert caught.value.kind == "unreachable"
        assert server.seen == []
        assert client(server.url, verify=str(authority)).read("/x") == {}
        # An environment for another service must not undo what the task says.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
        assert client(server.url, verify=str(authority)).read("/x") == {}
        assert client(server.url, verify=False).read("/x") == {}
        with pytest.raises(ThingSpaceError) as missing:
            client(server.url, verify=str(tmp_path / "gone.pem")).read("/x")
        assert missing.value.kind == "input"
        assert "gone.pem" in missing.value.message
        (tmp_path / "empty.pem").write_text("no certificate\n")
        with pytest.raises(ThingSpaceError, match="ca_path") as empty:
            client(server.url, verify=str(tmp_path / "empty.pem"), retry_timeout=30).write("PUT", "/x", {})
        assert (empty.value.kind, isinstance(empty.value, UnsettledError)) == ("input", False)


def test_tls_that_breaks_before_a_request_is_told_from_tls_that_breaks_after_it(recorder: Recorder, tmp_path: Path) -> None:
    authority = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)

    def answer_in_clear(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(9999)
            os.write(encrypted.fileno(), b"HTTP/1.1 504 Gateway Timeout\r\n\r\n")

    with pytest.raises(ThingSpaceError, match="No TLS connection to .*WRONG_VERSION_NUMBER") as plain:
        client(recorder.url.replace("http://", "https://"), retry_timeout=30).write("PUT", "/x", {})
    assert not isinstance(plain.value, UnsettledError)
    for serve, carried_out in ((socket.socket.close, False), (answer_in_clear, None)):
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=lambda serve=serve, server=server: serve(server.accept()[0]), daemon=True).start()
            with pytest.raises(UnsettledError) as broken:
                client(f"https://127.0.0.1:{server.getsockname()[1]}", verify=str(authority)).write("PUT", "/x", {})
        assert (broken.value.carried_out, broken.value.kind) == (carried_out, "unreachable")


def test_what_was_surely_not_sent_is_told_from_what_may_have_been(recorder: Recorder) -> None:
    with pytest.raises(UnsettledError) as refused:
        client("http://127.0.0.1:1").write("PUT", "/x", {})
    assert refused.value.carried_out is False
    assert "Connection refused" in refused.value.message
    with pytest.raises(UnsettledError) as unknown_host:
        client("http://no-such-host.invalid").write("PUT", "/x", {})
    assert unknown_host.value.carried_out is False
    recorder.answer_headers = {"Content-Length": "100"}
    with pytest.raises(UnsettledError) as cut:
        client(recorder.url, timeout=0.3).read("/x")
    assert cut.value.carried_out is None
    for error in (refused, unknown_host, cut):
        assert error.value.kind == "unreachable"
        assert "right-" not in error.value.message
        assert "object at" not in error.value.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("9" * 400, None),
        ("Fri, 01 Jan 2027 00:00:00 +99999999999999999999", None),
        ("", None),
    ],
)
def test_retry_after_in_both_forms(value: str, seconds: float | None) -> None:
    now = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.timezone.utc)
    assert retry_after({"Retry-After": value} if value else {}, now) == seconds


@contextlib.contextmanager
def answering(raw: bytes) -> t.Iterator[str]:
    """The URL of a server that answers one request with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(raw)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("lengths", [b"Content-Length: 8, 9", b"Content-Length: 8\r\nContent-Length: 9", b"Transfer-Encoding: chunked"])
def test_what_was_answered_was_sent_however_odd_the_answer(lengths: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n" + lengths + b"\r\n\r\n-8\r\nright-token\r\n") as url:
        writer = client(url)
        with pytest.raises(UnsettledError, match="was lost: what came is no HTTP") as caught:
            writer.write("PUT", "/x", {})
    assert (caught.value.carried_out, caught.value.kind, writer.requests) == (None, "unreachable", 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\nAuthorization: Bearer right-token\r\n\r\n",
        b"HTTP/right-token 200 OK\r\n\r\n",
        b"HTTP/1.1 right-token OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nright-token\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //right-token/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //" + b"x" * 190 + b"right-token\r\n\r\n",
        b'HTTP/1.1 400 No\r\nContent-Length: 26\r\n\r\n{"errorCode": "\\u001b[31m"}',
    ],
)
def test_what_came_is_not_quoted_where_it_may_be_what_was_sent(raw: bytes) -> None:
    with answering(raw) as url, pytest.raises(ThingSpaceError) as caught:
        client(url).read("/x")
    assert "right-token" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("status", [101, 102, 103, 199])
@pytest.mark.parametrize("together", [False, True])
def test_an_interim_answer_is_none_and_ends_its_connection(status: int, together: bool) -> None:
    """Else the final one, which comes behind it, would be taken for the answer to the next request."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for interim in (f"HTTP/1.1 {status} Wait\r\n\r\n", ""):
                with server.accept()[0] as connection:
                    late = ""
                    while asked := connection.recv(65536).decode():
                        body = f'{{"asked": "{asked.split()[1]}"}}'
                        final = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                        connection.sendall((late + interim + (final if together or not interim else "")).encode())
                        late, interim = (final if interim and not together else ""), ""

        threading.Thread(target=answer, daemon=True).start()
        speaker = client(f"http://127.0.0.1:{server.getsockname()[1]}", retry_timeout=5)
        with pytest.raises(UnsettledError, match=f"HTTP {status}") as caught:
            speaker.write("DELETE", "/first")
        assert (caught.value.carried_out, caught.value.status) == (None, status)
        assert [speaker.read(path) for path in ("/second", "/third")] == [{"asked": "/second"}, {"asked": "/third"}]


def _bomb(kind: str) -> tuple[dict[str, str], bytes]:
    plain = b" " * (transport.MOST_BYTES + 1)
    if kind == "plain":
        return {}, plain
    packed = gzip.compress(plain) if kind == "gzip" else zlib.compress(plain)
    return {"Content-Encoding": kind}, packed


@pytest.mark.parametrize("kind", ["plain", "gzip", "deflate"])
def test_an_answer_has_a_size_beyond_which_it_is_not_read(recorder: Recorder, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 2**20)
    recorder.answer_headers, recorder.body = _bomb(kind)
    speaker = client(recorder.url, retry_timeout=5)
    with pytest.raises(ThingSpaceError, match="GET /x is larger than 1 MiB") as read:
        speaker.read("/x")
    assert (read.value.kind, len(recorder.seen)) == ("service", 1)
    with pytest.raises(UnsettledError, match="larger than 1 MiB") as written:
        speaker.write("DELETE", "/x")
    assert written.value.carried_out is None
    recorder.answer_headers, recorder.body = {}, b'"whole"'
    assert speaker.read("/x") == "whole"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate,gzip,gzip,gzip", "x-unknown"])
def test_an_encoding_that_was_not_asked_for_is_not_undone(recorder: Recorder, encoding: str) -> None:
    recorder.answer_headers = {"Content-Encoding": encoding}
    with pytest.raises(ThingSpaceError, match="encoding") as caught:
        client(recorder.url, retry_timeout=5).read("/x")
    assert (caught.value.kind, len(recorder.seen)) == ("service", 1)
    assert recorder.seen[0][1]["accept-encoding"] == "gzip, deflate"


def test_a_request_leaves_the_filters_of_warnings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that set and restore them one after the other leave them in any state."""
    authority = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    meanwhile: list[list[t.Any]] = []
    monkeypatch.setattr(_Handler, "log_request", lambda *_arguments: meanwhile.append([*warnings.filters]))
    with Recorder(tls) as server, warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        speaker = client(server.url, verify=False)
        before = [*warnings.filters]
        speaker.read("/x")
        assert meanwhile == [before] == [[*warnings.filters]]
    assert shown == []


@pytest.mark.parametrize(("before", "after", "around"), [("[", "]", lambda inner: [inner]), ('{"a":', "}", lambda inner: {"a": inner})])
def test_what_stands_too_deep_costs_no_more_than_itself(recorder: Recorder, before: str, after: str, around: t.Callable[[t.Any], t.Any]) -> None:
    for depth in (1, 49, 50, 400):
        recorder.body = f"[{before * depth}1{after * depth}, 2]".encode()
        expected: t.Any = 1 if depth < 50 else "lists and objects that stand too deep in each other"
        for dummy in range(min(depth, 49)):
            expected = around(expected)
        assert client(recorder.url).read("/x") == [expected, 2]


def test_a_number_without_end_costs_no_more_than_itself(recorder: Recorder) -> None:
    recorder.body = f'[{{"a": {"1" * 100_000}}}, -7, {10**15}]'.encode()
    assert client(recorder.url).read("/x") == [{"a": "1" * 100_000}, -7, 10**15]
