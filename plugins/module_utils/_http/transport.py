# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP and nothing above it: kept connections, retries of reads, and an honest word about what was lost.

The only place that imports ``requests``. It knows bytes, statuses and headers; tokens pass through it as opaque headers.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import email.utils
import re
import ssl
import traceback
import typing as t
import warnings

from .. import _stop
from .._clock import Backoff
from .._errors import ThingSpaceError, UnsettledError
from .causes import CONNECTING, FINDING_THE_CA, chain, innermost, raised_in, without_userinfo

try:
    import requests
    from urllib3.exceptions import InsecureRequestWarning, ReadTimeoutError
except ImportError:
    HAS_REQUESTS = False
    REQUESTS_TRACEBACK: str | None = traceback.format_exc()
else:
    HAS_REQUESTS = True
    REQUESTS_TRACEBACK = None

    class _Adapter(requests.adapters.HTTPAdapter):
        """One whose connections print nothing. What sets the debug level of http.client for its whole process would else have the tokens printed."""

        def init_poolmanager(self, *arguments: t.Any, **named: t.Any) -> None:
            super().init_poolmanager(*arguments, **named)
            _silence(self.poolmanager)

        def proxy_manager_for(self, *arguments: t.Any, **named: t.Any) -> t.Any:
            return _silence(super().proxy_manager_for(*arguments, **named))
Answer_T = t.TypeVar("Answer_T")
# Bytes of an answer, decompressed. A list of 100,000 devices is a quarter of it.
MOST_BYTES = 64 * 2**20
# Read in pieces of this size, of which urllib3 before 2.6 makes a thousand times as much at once, and no more in each of these encodings.
_PIECE = 2**14
_ENCODINGS = ("gzip", "deflate")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back: status, headers (case-insensitive), body."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class Request:
    """What is sent. ``headers`` hold the credentials; they stay out of every message and repr."""

    method: t.Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    headers: t.Mapping[str, str] = dataclasses.field(repr=False)
    body: bytes | None = dataclasses.field(default=None, repr=False)


class Transport:
    """Kept connections to one service, mostly one.

    Args:
        api_url: root of all paths, without a slash at its end.
        verify: False, True, or the path of a CA bundle.
        timeout: seconds to wait for a connection, and for the next bytes of an answer.
        retry_timeout: seconds after the first failure in which a read may be tried again.
        connections: how many are kept at most, for as many threads.
        proxies: whether those that the environment names are used.
    """

    def __init__(self, api_url: str, *, verify: bool | str, timeout: float, retry_timeout: float, connections: int = 1, proxies: bool = True) -> None:
        self._api_url = api_url
        self._timeout = timeout
        self._retry_timeout = retry_timeout
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        # What the environment says of this host, asked once and not for every request: proxies, and REQUESTS_CA_BUNDLE, which trust_env
        # would take away together with them. Beside the session there are neither cookies nor ~/.netrc, which would replace the bearer token.
        session = requests.Session()
        try:
            # The host in the spelling in which it is asked: no_proxy knows no other.
            root = requests.Request("GET", api_url).prepare().url or api_url
            settings = session.merge_environment_settings(root, {} if proxies else {"no_proxy": "*"}, False, verify, None)
        except (requests.RequestException, ValueError) as error:
            raise _unsendable("api_url", api_url, error) from None
        self._verify = True if settings["verify"] is None else settings["verify"]
        self._proxies = settings["proxies"]
        self._headers = {**session.headers, "Accept-Encoding": ", ".join(_ENCODINGS)}
        self.requests = 0
        # Bytes of answers, decompressed.
        self.received = 0
        if not self._verify:
            # `validate_certs: false` was the user's word; urllib3 would repeat it on stderr for every request. For the whole process and for good,
            # since filters that are set and taken back by several threads get mixed up.
            warnings.simplefilter("ignore", InsecureRequestWarning)

    @property
    def api_url(self) -> str:
        """Root of all paths."""
        return self._api_url

    @property
    def ca(self) -> str | None:
        """The file or folder with the CAs that are trusted, None for those of requests, or if none has to be."""
        return self._verify if isinstance(self._verify, str) and self._api_url.startswith("https:") else None

    def branch(self) -> Transport:
        """The same connections with a count of requests of its own: for another thread."""
        other = copy.copy(self)
        other.requests = other.received = 0
        return other

    def backoff(self) -> Backoff:
        """A fresh series of tries within ``retry_timeout``."""
        return Backoff(self._retry_timeout)

    def once(self, request: Request) -> Answer:
        """Send once. Raises UnsettledError where no answer came, ThingSpaceError where trying again is no use, or where the task is to stop."""
        _stop.check(f"{request.method} {request.path}")
        headers = {**self._headers, **request.headers}
        try:
            prepared = requests.Request(request.method, self._api_url + request.path, headers, data=request.body).prepare()
        except (requests.RequestException, ValueError) as error:
            raise _unsendable(f"{request.method} {request.path}", self._api_url, error) from None
        self.requests += 1
        try:
            # The adapter follows no redirect, which would carry the VZ-M2M token to wherever it points.
            response = self._adapter.send(prepared, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
            body = _body(response, request)
            self.received += len(body)
        except ThingSpaceError:
            raise
        except Exception as error:  # What came may break anything on its way through three libraries.
            told = _told(error, request, self._api_url)
            # What cannot be meant was not sent.
            self.requests -= told.kind == "input"
            raise told from None
        if 300 <= response.status_code < 400:
            # The host alone, if it is one: the rest of the address may repeat what was sent.
            target = re.match(r"(?:https?:)?//(?:[^/?#\\@\s]*@)?[\w.:\[\]-]{1,253}(?![^/?#\\])", response.headers.get("Location", ""))
            raise ThingSpaceError(
                f"{request.method} {request.path} was redirected to {without_userinfo(target[0]) if target else 'another path'}. "
                "Redirects are not followed, because the tokens would go with them: check api_url.",
                "service",
                status=response.status_code,
            )
        return Answer(response.status_code, response.headers, body)

    def read(self, request: Request, parse: t.Callable[[Answer], Answer_T]) -> Answer_T:
        """Send a request that changes nothing, again after a lost answer, HTTP 429 and 5xx, within ``retry_timeout``.

        Args:
            parse: turns the answer into a value; an UnsettledError that it raises counts as a lost answer.
        """
        backoff = self.backoff()
        while True:
            try:
                return parse(self.once(request))
            except UnsettledError as error:
                if not backoff.wait(error.retry_after):
                    raise


def _silence(manager: t.Any) -> t.Any:
    manager.pool_classes_by_scheme = {
        scheme: type("Pool", (pool,), {"ConnectionCls": type("Connection", (pool.ConnectionCls,), {"debuglevel": 0})})
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


def retry_after(headers: t.Mapping[str, str], now: datetime.datetime | None = None) -> float | None:
    """Seconds of a ``Retry-After`` header in either of its forms (RFC 9110 section 10.2.3), None if there is none to read."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, (moment - (now or datetime.datetime.now(datetime.timezone.utc))).total_seconds())


def _body(response: requests.Response, request: Request) -> bytes:
    """The body of an answer. Raises ThingSpaceError for an answer that is none, or that nobody should read to its end."""
    what, status = f"{request.method} {request.path}", response.status_code
    pieces: list[bytes] = []
    try:
        if status < 200:
            # http.client skips 100 alone, and takes the others for the whole answer.
            said = f"The answer to {what} was lost: HTTP {status} came, which only announces one."
            raise UnsettledError(said, "service", carried_out=None, status=status)
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", *_ENCODINGS):
            said = f"The answer to {what} has an encoding that was not asked for. Check api_url and the proxy settings."
            raise ThingSpaceError(said, "service", status=status)
        size = 0
        for piece in response.iter_content(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                said = f"The answer to {what} is larger than {MOST_BYTES // 2**20} MiB, which is more than any answer should need. Check api_url."
                raise ThingSpaceError(said, "service", status=status)
            pieces.append(piece)
    except ThingSpaceError:
        # What is still to come must not become the answer to the next request.
        response.close()
        raise
    return b"".join(pieces)


def _told(error: Exception, request: Request, api_url: str) -> ThingSpaceError:
    """What an exception of requests means for the caller. The messages hold no header, so no token."""
    what = f"{request.method} {request.path}"
    if any(raised_in(FINDING_THE_CA, error)):
        return ThingSpaceError(f"{what} could not be sent: {error}.", "input")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        # Of the proxy, since the URL is prepared.
        return _unsendable(what, api_url, error)
    if broken := [*raised_in(CONNECTING, error)]:
        return _unconnected(broken, error, what, api_url)
    if any(isinstance(link, (TimeoutError, requests.exceptions.Timeout, ReadTimeoutError)) for link in chain(error)):
        return UnsettledError(f"No answer to {what} within the timeout.", "unreachable", carried_out=None)
    # Whatever else there is arises from what came: two lengths of one body are a ValueError, for one. So it was sent.
    return UnsettledError(f"The answer to {what} was lost: {innermost(error)}.", "unreachable", carried_out=None)


def _unconnected(broken: list[BaseException], error: Exception, what: str, api_url: str) -> ThingSpaceError:
    """What it means that there is no connection. Nothing was sent; with a certificate, a CA or a port that is wrong there is no use in trying again."""
    if any(isinstance(link, ssl.SSLCertVerificationError) or type(link).__name__ == "CertificateError" for link in broken):
        return ThingSpaceError(
            f"No trusted connection to {api_url}: {innermost(error)}. Give the CA with ca_path if the service stands behind your own.", "unreachable"
        )
    if any(isinstance(link, ssl.SSLError) and getattr(link, "library", None) in ("X509", "PEM") for link in broken):
        return ThingSpaceError(f"The CA of ca_path or REQUESTS_CA_BUNDLE cannot be used: {innermost(error)}.", "input")
    if any(isinstance(link, ssl.SSLError) and not isinstance(link, ssl.SSLEOFError) for link in broken):
        return ThingSpaceError(f"No TLS connection to {api_url}: {innermost(error)}. Check its scheme and port, and the proxy settings.", "unreachable")
    if any(isinstance(link, ValueError) and not isinstance(link, OSError) for link in broken):
        # A host that no name server can be asked for.
        return _unsendable(what, api_url, error)
    return UnsettledError(f"Cannot reach {api_url}: {innermost(error)}.", "unreachable", carried_out=False)


def _unsendable(what: str, api_url: str, error: Exception) -> ThingSpaceError:
    shown = api_url.encode("utf-8", "backslashreplace").decode()
    return ThingSpaceError(f"{what} could not be sent to {shown}: {type(error).__name__}. Check api_url and the proxy settings.", "input")
