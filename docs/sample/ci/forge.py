# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What GitHub and GitLab have in common: JSON over HTTP, lists in pages, and the words of a comment."""

from __future__ import annotations

import json
import sys
import typing as t
import urllib.error
import urllib.parse
import urllib.request

A_PAGE = 100
MOST_PAGES = 100
MOST_BYTES = 200_000_000
Values = dict[str, t.Any]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the token on to wherever it is led."""

    def redirect_request(self, *args: t.Any, **kwargs: t.Any) -> None:
        return None


def raw(url: str, headers: dict[str, str], method: str = "GET", values: Values | None = None) -> tuple[str | None, bytes]:
    """Where an answer leads (None if it is the answer), and what is in it."""
    data = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=60) as answer:
            return None, answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        if error.code in (301, 302, 303, 307, 308) and error.headers["Location"]:
            return error.headers["Location"], b""
        sys.exit(f"{method} {url} was answered with {error.code}.")
    except urllib.error.URLError as error:
        sys.exit(f"{method} {url} failed: {error.reason}")


def call(url: str, headers: dict[str, str], method: str = "GET", values: Values | None = None) -> t.Any:
    """The JSON of an answer."""
    elsewhere, content = raw(url, headers, method, values)
    if elsewhere:
        sys.exit(f"{method} {url} leads elsewhere, to {elsewhere}.")
    return json.loads(content)


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
