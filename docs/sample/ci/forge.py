# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What GitHub and GitLab have in common: JSON over HTTP, lists in pages, and the words of a comment."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import sys
import types
import typing as t
import urllib.error
import urllib.parse
import urllib.request
import zipfile

A_PAGE = 100
MOST_PAGES = 100
MOST_BYTES = 200_000_000
# From the first byte that is sent to the last one that is read.
MOST_SECONDS = 120
Values = dict[str, t.Any]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the token on to wherever it is led."""

    def redirect_request(self, *args: t.Any, **kwargs: t.Any) -> None:
        return None


@contextlib.contextmanager
def _in_time() -> t.Iterator[None]:
    """The timeout of urllib is one for each piece of an answer, and a server may send it byte by byte."""

    def late(number: int, frame: types.FrameType | None) -> None:
        raise TimeoutError(f"it took more than {MOST_SECONDS} seconds")

    usual = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)


def raw(url: str, headers: dict[str, str], method: str = "GET", values: Values | None = None) -> tuple[str | None, bytes]:
    """Where an answer leads (None if it is the answer), and what is in it."""
    data = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    # Without what leads to it: the address of an artifact lets everybody have it.
    shown = ascii(url.partition("?")[0])[1:-1]
    if request.type not in ("http", "https"):
        sys.exit(f"{shown} is no address of the web.")
    try:
        with _in_time(), urllib.request.build_opener(_NoRedirect).open(request, timeout=60) as answer:
            content = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        if error.code in (301, 302, 303, 307, 308) and error.headers["Location"]:
            return error.headers["Location"], b""
        sys.exit(f"{method} {shown} was answered with {error.code}.")
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        sys.exit(f"{method} {shown} failed: {ascii(str(reason) or type(reason).__name__)[1:-1]}.")
    if len(content) > MOST_BYTES:
        sys.exit(f"{method} {shown} was answered with more than {MOST_BYTES:,} bytes.")
    return None, content


def call(url: str, headers: dict[str, str], method: str = "GET", values: Values | None = None) -> t.Any:
    """The JSON of an answer."""
    elsewhere, content = raw(url, headers, method, values)
    if elsewhere:
        sys.exit(f"{method} {url} leads elsewhere, to {ascii(elsewhere.partition('?')[0])}.")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        sys.exit(f"{method} {url} was not answered with JSON.")


def every(url: str, headers: dict[str, str], key: str | None = None, **query: str) -> t.Iterator[Values]:
    """All entries of a list, page by page."""
    for page in range(1, MOST_PAGES + 1):
        answer = call(f"{url}?{urllib.parse.urlencode({**query, 'per_page': A_PAGE, 'page': page})}", headers)
        entries = answer[key] if key else answer
        yield from entries
        if len(entries) < A_PAGE:
            return
    sys.exit(f"{url} has more than {MOST_PAGES} pages.")


def told(commit: str, log: str, report: str) -> str:
    """The comment: which commit it is about, and the report if there is one."""
    if report:
        return f"Plan of {commit} ([log]({log}))\n\n{report}"
    return f"**No plan of {commit}**: the job ended before there was one ([log]({log})). Nothing can be applied.\n"


def run(job: t.Callable[[], None]) -> None:
    """Run a job, which ends with a sentence also if an answer or a file has another form than the documents of the forge say."""
    try:
        job()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile) as error:
        sys.exit(f"Something has another form than was expected: {type(error).__name__} {ascii(str(error))[:300]}.")
