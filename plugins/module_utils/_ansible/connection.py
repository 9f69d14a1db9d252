# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How options become a connection: of a task, of an inventory plugin, of an event source."""

from __future__ import annotations

import pathlib
import stat
import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._desired import checks
from .._errors import ThingSpaceError
from .._http import address
from .._http import transport as http_transport
from .._http.client import Client

# All CAs of the world are 200 KB.
_MOST_OF_CA = 10_000_000


class Connector:
    """Opens the connection of a task when the job asks for it, so that bad input is told before anything is opened."""

    def __init__(self, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._params = params
        self._warn = warn
        # One for each thread that the job may start.
        self._connections: int = params.get("concurrency") or 1
        self._transport: http_transport.Transport | None = None
        self._branches: list[http_transport.Transport] = []
        self._clients: list[Client] = []

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return sum(transport.requests for transport in [self._transport, *self._branches] if transport)

    @property
    def has_written(self) -> bool:
        """Whether a change was sent with the two tokens, whatever became of it."""
        return any(client.has_written for client in self._clients)

    def transport(self) -> http_transport.Transport:
        """The task's one connection. Raises ThingSpaceError for options that cannot be meant."""
        if self._transport is None:
            params = self._params
            if not http_transport.HAS_REQUESTS:
                raise ThingSpaceError(missing_required_lib("requests"), "dependency")
            checks.check_range(params, "timeout", 1, 86_400)
            checks.check_range(params, "retry_timeout", 0, 86_400)
            api_url = address.api_url_of(params["api_url"])
            if not address.is_private(api_url):
                self._warn(f"api_url {api_url} is not https: tokens and devices travel where others can read them.")
            verify: bool | str = bool(params["validate_certs"]) and (params["ca_path"] or True)
            patience = {"timeout": params["timeout"], "retry_timeout": params["retry_timeout"]}
            # Through a proxy, what is meant for this machine would leave it.
            proxies = not address.is_loopback(api_url)
            transport = http_transport.Transport(api_url, verify=verify, connections=self._connections, proxies=proxies, **patience)
            _refuse_odd_ca(transport.ca)
            self._transport = transport
        return self._transport

    def client(self, headers: t.Mapping[str, str], secrets: t.Iterable[str] = ()) -> Client:
        """A client with other credentials than the two tokens, on the task's connection."""
        return Client(self.transport(), headers, secrets)

    def authorized(self, secrets: t.Iterable[str] = (), *, branch: bool = False) -> Client:
        """A client with the two tokens. Raises ThingSpaceError ``access_token`` or ``session_token`` if one is missing.

        Args:
            secrets: other values that no error may show.
            branch: a client that another thread may use, with a count of requests of its own.
        """
        remedy = "give the option, set THINGSPACE_{}, or get one with the role thingspace.fota.session."
        access = address.header_value(self._params["access_token"], "access_token", "access_token", remedy.format("ACCESS_TOKEN"))
        session = address.header_value(self._params["session_token"], "session_token", "session_token", remedy.format("SESSION_TOKEN"))
        transport = self.transport()
        if branch:
            transport = transport.branch()
            self._branches.append(transport)
        client = Client(transport, {"Authorization": f"Bearer {access}", "VZ-M2M-Token": session}, secrets)
        self._clients.append(client)
        return client


def _refuse_odd_ca(path: str | None) -> None:
    """OpenSSL would wait for a pipe, and read a device to the end of the memory. Raises ThingSpaceError. What is not there is told when it is needed."""
    try:
        found = pathlib.Path(path).stat() if path else None
    except (OSError, ValueError):
        return
    if found and not stat.S_ISDIR(found.st_mode) and not (stat.S_ISREG(found.st_mode) and found.st_size <= _MOST_OF_CA):
        said = f"The CA of ca_path or REQUESTS_CA_BUNDLE, {path}, has to be a file of at most {_MOST_OF_CA // 1_000_000} MB, or a folder."
        raise ThingSpaceError(said, "input")
