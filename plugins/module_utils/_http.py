# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP and nothing above it: kept connections, retries of reads, and an honest word about what was lost.

The only place that imports ``requests``. It knows bytes, statuses and headers; tokens pass through it as opaque headers.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime
import email.utils
import re
import ssl
import traceback
import typing as t
import warnings

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.module_utils._text import one_line
from ansible_collections.thingspace.fota.plugins.module_utils._waiter import Backoff

try:
    import requests
    from urllib3.exceptions import InsecureRequestWarning, NewConnectionError
except ImportError:
    HAS_REQUESTS = False
    REQUESTS_TRACEBACK: str | None = traceback.format_exc()
else:
    HAS_REQUESTS = True
    REQUESTS_TRACEBACK = None

Answer_T = t.TypeVar("Answer_T")
# Exceptions of http.client and urllib3 that quote what came, and that may be what was sent.
_QUOTING = {"BadStatusLine", "UnknownProtocol", "InvalidChunkLength", "InvalidHeader", "ValueError"}


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
        self._adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
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
        self._headers = session.headers
        self.requests = 0

    def branch(self) -> Transport:
        """The same connections with a count of requests of its own: for another thread."""
        other = copy.copy(self)
        other.requests = 0
        return other

    def backoff(self) -> Backoff:
        """A fresh series of tries within ``retry_timeout``."""
        return Backoff(self._retry_timeout)

    def once(self, request: Request) -> Answer:
        """Send once. Raises UnsettledError where no answer came, ThingSpaceError where trying again is no use."""
        headers = {**self._headers, **request.headers}
        try:
            prepared = requests.Request(request.method, self._api_url + request.path, headers, data=request.body).prepare()
        except (requests.RequestException, ValueError) as error:
            raise _unsendable(f"{request.method} {request.path}", self._api_url, error) from None
        self.requests += 1
        try:
            with contextlib.nullcontext() if self._verify else _unrepeated():
                # The adapter follows no redirect, which would carry the VZ-M2M token to wherever it points.
                response = self._adapter.send(prepared, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
                body = response.content
        except (requests.RequestException, ValueError, OSError) as error:
            told = _told(error, request, self._api_url)
            # What cannot be meant was not sent.
            self.requests -= told.kind == "input"
            raise told from None
        if 300 <= response.status_code < 400:
            # The host alone, if it is one: the rest of the address may repeat what was sent.
            target = re.match(r"(?:https?:)?//(?:[^/?#\\@\s]*@)?[\w.:\[\]-]{1,253}(?![^/?#\\])", response.headers.get("Location", ""))
            raise ThingSpaceError(
                f"{request.method} {request.path} was redirected to {_without_userinfo(target[0]) if target else 'another path'}. "
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


@contextlib.contextmanager
def _unrepeated() -> t.Iterator[None]:
    """`validate_certs: false` was the user's word; urllib3 would repeat it on stderr for every request."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        yield


def _told(error: Exception, request: Request, api_url: str) -> ThingSpaceError:
    """What an exception of requests means for the caller. The messages hold no header, so no token."""
    what = f"{request.method} {request.path}"
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error)):
        return ThingSpaceError(
            f"No trusted connection to {api_url}: {_innermost(error)}. Give the CA with ca_path if the service stands behind your own.", "unreachable"
        )
    if any(isinstance(link, ssl.SSLError) and getattr(link, "library", None) in ("X509", "PEM") for link in _chain(error)):
        return ThingSpaceError(f"The CA of ca_path or REQUESTS_CA_BUNDLE cannot be used: {_innermost(error)}.", "input")
    if any(isinstance(link, ssl.SSLError) and not isinstance(link, ssl.SSLEOFError) for link in _handshake(error)):
        return ThingSpaceError(f"No TLS connection to {api_url}: {_innermost(error)}. Check its scheme and port, and the proxy settings.", "unreachable")
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error) or any(_handshake(error)):
        return UnsettledError(f"Cannot reach {api_url}: {_innermost(error)}.", "unreachable", carried_out=False)
    if isinstance(error, requests.exceptions.Timeout):
        return UnsettledError(f"No answer to {what} within the timeout.", "unreachable", carried_out=None)
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException) and error.errno is None:
        # requests raises a bare OSError for a CA bundle that is not there.
        return ThingSpaceError(f"{what} could not be sent: {error}.", "input")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        # Of the proxy, since the URL is prepared.
        return _unsendable(what, api_url, error)
    # Whatever else there is arises from what came: two lengths of one body are a ValueError, for one. So it was sent.
    return UnsettledError(f"The answer to {what} was lost: {_innermost(error)}.", "unreachable", carried_out=None)


def _unsendable(what: str, api_url: str, error: Exception) -> ThingSpaceError:
    shown = api_url.encode("utf-8", "backslashreplace").decode()
    return ThingSpaceError(f"{what} could not be sent to {shown}: {type(error).__name__}. Check api_url and the proxy settings.", "input")


def _never_connected(error: Exception) -> bool:
    # A ProxyError alone says nothing: urllib3 calls a connection so that broke after the proxy had passed the request on.
    return any(isinstance(link, NewConnectionError) or "Tunnel connection failed" in str(link) for link in _chain(error))


def _handshake(error: Exception) -> t.Iterator[BaseException]:
    """What broke the TLS handshake, before which nothing is sent. The same exceptions come from a connection that breaks later."""
    for link in _chain(error):
        if any(frame.f_code.co_name == "do_handshake" for frame, dummy in traceback.walk_tb(link.__traceback__)):
            yield link


def _chain(error: BaseException) -> t.Iterator[BaseException]:
    """An exception and those it carries as arguments or reason: requests wraps urllib3 wraps the socket's."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), *link.args]


def _innermost(error: BaseException) -> str:
    texts = [text for link in _chain(error) for text in (getattr(link, "strerror", None), str(link)) if text]
    if any(type(link).__name__ in _QUOTING for link in _chain(error)):
        texts = ["what came is no HTTP"]
    text = re.sub(r"<[^>]*>:? ?", "", texts[-1]) if texts else type(error).__name__
    return one_line(_without_userinfo(text)[:200]).strip(" .'\"()")


def _without_userinfo(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)
