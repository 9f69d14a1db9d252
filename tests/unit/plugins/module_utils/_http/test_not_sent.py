# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told as surely not sent was not sent, wherever in http.client, urllib3 and requests something breaks, and whatever an answer says.

The places are not written down here. A request is made once, and every call within those libraries is one; then it is made again for each of
them, and breaks there. So the test is about the versions that are installed.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import itertools
import socket
import ssl
import sys
import threading
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._http.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._http.transport import Transport
from support.own_certificate import certificate

LIBRARIES = ("http.client", "urllib3", "requests", "ssl", "socket")
# What machines say when nothing was sent, in exceptions of all the families that come along.
BREAKS: list[t.Callable[[], Exception]] = [
    lambda: ConnectionRefusedError(111, "Connection refused"),
    lambda: OSError("Tunnel connection failed: 502 Bad Gateway"),
    lambda: TimeoutError("timed out"),
    lambda: ConnectionResetError(104, "Connection reset by peer"),
    lambda: ssl.SSLCertVerificationError(1, "certificate verify failed"),
    lambda: socket.gaierror(-2, "Name or service not known"),
    lambda: http.client.BadStatusLine("Failed to establish a new connection"),
    lambda: ValueError("Failed to parse: http://"),
]
Place = tuple[str, str, int, str]


class Service:
    """Answers every request, over TLS if it is given a context, and as a proxy with a tunnel to itself if it is asked to be one."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listener.accept()[0],), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        # A client that breaks on its way hangs up.
        with contextlib.suppress(OSError), connection:
            if connection.recv(7, socket.MSG_PEEK) == b"CONNECT":
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as plain:
                while plain.recv(65536):
                    plain.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()


class Broken:
    """While it is entered, the call number ``number`` at one place raises something. Without a place it only looks where calls are.

    ``sent`` tells whether a byte of the request had been handed to the system.
    """

    def __init__(self, place: Place | None = None, make: t.Callable[[], Exception] = BREAKS[0]) -> None:
        self._place = place
        self._make = make
        self.places: dict[Place, None] = {}
        self.sent = self.fired = self._begun = False

    def __enter__(self) -> Broken:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: types.FrameType, event: str, argument: t.Any) -> None:
        caller = frame.f_back if event == "call" else frame
        if event not in ("call", "c_call", "c_return") or caller is None:
            return
        name = frame.f_code.co_name if event == "call" else argument.__name__
        if event == "c_return":
            # The handshake of TLS and a tunnel are no request.
            self.sent = self.sent or (name in ("send", "sendall", "write") and _within(frame, "send") and not _within(frame, "_tunnel", "do_handshake"))
            return
        place = (caller.f_globals.get("__name__", ""), caller.f_code.co_name, caller.f_lineno, name)
        # Before that a request is only put together.
        self._begun = self._begun or place[:2] == ("requests.adapters", "send")
        if not self._begun or not place[0].startswith(LIBRARIES):
            return
        self.places[place] = None
        if place == self._place and not self.fired:
            self.fired = True
            raise self._make()


def _within(frame: types.FrameType | None, *names: str) -> bool:
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals["__name__"].startswith(LIBRARIES):
            return True
        frame = frame.f_back
    return False


def said_not_sent(error: ThingSpaceError) -> bool:
    """Whether a caller takes it for sure that nothing was sent."""
    return error.carried_out is False if isinstance(error, UnsettledError) else error.status is None


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("ca"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what was half made when it broke
@pytest.mark.parametrize(("way", "kept"), [("plain", False), ("plain", True), ("tls", False), ("tunnel", False)])
def test_wherever_it_breaks_what_is_told_as_not_sent_was_not_sent(way: str, kept: bool, authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = None
    if way != "plain":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(authority)
    with Service(tls) as service:
        url = f"{'https' if tls else 'http'}://127.0.0.1:{service.port}"
        if way == "tunnel":
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{service.port}")
            monkeypatch.setenv("no_proxy", "elsewhere.example")

        def attempt(place: Place | None = None, make: t.Callable[[], Exception] = BREAKS[0]) -> tuple[Broken, ThingSpaceError | None]:
            writer = Client(Transport(url, verify=str(authority), timeout=5, retry_timeout=0), {})
            if kept:
                writer.write("PUT", "/x", {})
            with Broken(place, make) as broken:
                try:
                    writer.write("PUT", "/x", {})
                except ThingSpaceError as error:
                    return broken, error
            return broken, None

        first, failure = attempt()
        assert failure is None
        assert first.sent
        told: set[str] = set()
        for place, make in zip(first.places, itertools.cycle(BREAKS)):
            broken, failure = attempt(place, make)
            if failure is not None and said_not_sent(failure):
                assert not broken.sent, (place, failure.message)
                told.add(place[1])
        gc.collect()
        # It is known where it can be known. On a connection that is kept there is nothing of the kind.
        known = {"plain": {"_new_conn"}, "tls": {"_new_conn", "do_handshake"}, "tunnel": {"_new_conn", "do_handshake", "_tunnel"}}[way]
        assert len(first.places) > 100
        assert told >= (set() if kept else known)
        assert not kept or not told & {"_new_conn", "do_handshake", "_tunnel"}


WORDS = [
    "Tunnel connection failed: 502 Bad Gateway",
    "[Errno 111] Connection refused",
    "Failed to establish a new connection: [Errno -2] Name or service not known",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
    "Could not find a suitable TLS CA certificate bundle, invalid path: /x",
    "[X509: NO_CERTIFICATE_OR_CRL_FOUND]",
    "No connection adapters were found for 'x'",
    "Connection to 127.0.0.1 timed out. (connect timeout=5)",
]
# Answers that hold words wherever there is a place for them: as whole and broken as http.client takes them.
ANSWERS = {
    "no HTTP": "{}\r\n\r\n",
    "version": "HTTP/{} 200 OK\r\n\r\n",
    "status": "HTTP/1.1 {} OK\r\n\r\n",
    "reason": "HTTP/1.1 502 {}\r\nContent-Length: 0\r\n\r\n",
    "reason of a proxy": "HTTP/1.1 407 {}\r\nContent-Length: 0\r\n\r\n",
    "page of a firewall": "HTTP/1.1 403 {}\r\n\r\n<html><title>{}</title></html>",
    "JSON of a proxy": 'HTTP/1.1 499 {}\r\n\r\n{{"message": "{}"}}',
    "header": "HTTP/1.1 200 OK\r\n{}\r\nContent-Length: 9\r\n\r\n",
    "folded header": "HTTP/1.1 200 OK\r\nX: y\r\n {}\r\n: {}\r\nContent-Length: {}\r\n\r\n",
    "lengths": "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 8\r\n\r\n",
    "encoding": "HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: 2\r\n\r\n[]",
    "compressed": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n{}",
    "chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
    "chunk extension": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;{}\r\n[",
    "trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[\r\n0\r\n{}\r\n\r\n",
    "transfer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: {}, chunked\r\n\r\n",
    "cut body": "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}",
    "body": "HTTP/1.1 200 OK\r\n\r\n{}",
    "error": 'HTTP/1.1 503 No\r\n\r\n{{"errorCode": "{}", "errorMessage": "{}"}}',
    "cookie": "HTTP/1.1 200 OK\r\nSet-Cookie: {}\r\nContent-Length: 0\r\n\r\n",
    "redirect": "HTTP/1.1 307 No\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
    "redirect to a broken address": "HTTP/1.1 307 No\r\nLocation: http://[{}\r\nContent-Length: 0\r\n\r\n",
    "early hints": "HTTP/1.1 103 {}\r\nLink: {}\r\n\r\n",
    "switch": "HTTP/1.1 101 {}\r\nUpgrade: {}\r\n\r\n",
    "continue for a while": "HTTP/1.1 100 {}\r\n\r\n" * 50,
    "too many headers": "HTTP/1.1 200 OK\r\n" + "X: {}\r\n" * 200 + "\r\n",
    "long line": "HTTP/1.1 200 OK\r\nX: {}" + "x" * 70_000 + "\r\n\r\n",
    "long status line": "HTTP/1.1 200 {}" + "x" * 70_000 + "\r\n\r\n",
    "nothing": "",
}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_word_of_an_answer_says_that_nothing_was_sent(answer: str, method: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while words:
                # Some are so odd that the client hangs up while they are sent.
                with contextlib.suppress(ConnectionError), server.accept()[0] as connection:
                    connection.recv(65536)
                    text = words.pop(0)
                    connection.sendall(ANSWERS[answer].replace("{{", "{").replace("}}", "}").replace("{}", text).encode())

        words = [*WORDS]
        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        failures: list[ThingSpaceError] = []
        for _word in WORDS:
            # Each on a connection of its own, since the other side ends it without a word.
            speaker = Client(Transport(url, verify=True, timeout=5, retry_timeout=0), {})
            try:
                speaker.read("/x") if method == "GET" else speaker.write("DELETE", "/x")
            except ThingSpaceError as error:
                failures.append(error)
            assert speaker.requests == 1
        assert [error.message for error in failures if said_not_sent(error)] == []
        # Of a change only the service's own refusal says that it was not made.
        assert [error.message for error in failures if method == "DELETE" and not isinstance(error, UnsettledError)] == []
        assert words == []


def test_a_certificate_that_is_shown_after_the_request_does_not_say_so_either(authority: Path) -> None:
    """The same exception as of a handshake, from a connection that has carried the request already."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority)
    with Service(tls) as service:
        writer = Client(Transport(f"https://127.0.0.1:{service.port}", verify=str(authority), timeout=5, retry_timeout=0), {})
        with Broken() as calls:
            writer.write("PUT", "/x", {})
        reads = [place for place in calls.places if place[:2] == ("ssl", "read")]
        assert reads
        for place in reads:
            with Broken(place, BREAKS[4]), pytest.raises(UnsettledError) as caught:
                writer.write("PUT", "/x", {})
            assert caught.value.carried_out is None


def test_an_earlier_failure_does_not_speak_for_a_later_one() -> None:
    """A request that is made while the failure of another one is handled has that for its context."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def swallow() -> None:
            with server.accept()[0] as connection:
                connection.recv(65536)

        threading.Thread(target=swallow, daemon=True).start()
        nobody, somebody = (Client(Transport(f"http://127.0.0.1:{port}", verify=True, timeout=5, retry_timeout=0), {}) for port in (1, server.getsockname()[1]))
        failures: list[UnsettledError] = []
        try:
            nobody.write("PUT", "/x", {})
        except UnsettledError as first:
            failures.append(first)
            try:
                somebody.write("PUT", "/x", {})
            except UnsettledError as second:
                failures.append(second)
        assert [error.carried_out for error in failures] == [False, None]
