# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets: a loopback HTTP/1.1 server that keeps connections alive and can break them."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import select
import socket
import struct
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .application import Application
from .messages import Request, Response

# How long a client is left alone with an interim answer.
_INTERIM_SECONDS = 0.2


class Server(ThreadingHTTPServer):
    """Serves one application on a loopback address, a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128
    application: Application

    def __init__(self, host: str, port: int) -> None:
        if not ipaddress.IPv4Address(host).is_loopback:
            raise ValueError(f"the simulator listens on loopback only, not on {host}")
        self.connections: set[socket.socket] = set()
        self.resets: set[socket.socket] = set()
        self.connection_numbers = itertools.count(1)
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """As the base class does, without asking a name server who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def shutdown_request(self, request: Any) -> None:
        """A connection to reset is closed without the polite shutdown: that is what sends a RST."""
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close(self) -> None:
        """Stop listening and end every connection, idle ones too."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is, and is printed."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one piece
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)
        self._number = next(self.server.connection_numbers)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def version_string(self) -> str:
        return "ThingSpaceSimulator"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the log of requests is the log."""

    def _serve(self) -> None:
        path, dummy, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, path, query, self.headers, body, self._number)
        self._send(self.server.application.handle(request))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _send(self, response: Response) -> None:
        if response.drop:
            self._drop(reset=response.drop == "reset")
            return
        if response.raw:
            self.wfile.write(response.raw)
            self.wfile.flush()
            self.close_connection = True
            return
        if response.interim:
            self._send_interim(response.interim)
        for _copy in range(2 if response.doubled else 1):
            self._write(response)
        self.wfile.flush()
        if response.truncated or response.close:
            self.close_connection = True

    def _send_interim(self, status: int) -> None:
        """The final answer follows once the client has asked for more, or hung up, or waited."""
        self.wfile.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n\r\n".encode())
        self.wfile.flush()
        select.select([self.connection], [], [], _INTERIM_SECONDS)

    def _write(self, response: Response) -> None:
        self.send_response(response.status, HTTPStatus(response.status).phrase)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.body:
            self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body) + (1000 if response.truncated else 0)))
        if not self.server.application.service.switches.keep_alive:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: len(response.body) // 2] if response.truncated else response.body)

    def _drop(self, reset: bool) -> None:
        """End the connection without a word, politely or not."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.resets.add(self.connection)
