# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the service is, and what may stand in a header. Pure."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .._errors import InputError, ThingSpaceError

DEFAULT_API_URL = "https://thingspace.verizon.com/api"


def api_url_of(value: str) -> str:
    """The root of all paths, in the one spelling that all spellings of it have in common. Raises InputError for what is no plain HTTP address."""
    try:
        parts = urllib.parse.urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        # Python before 3.11 takes anything in brackets for a host.
        usable = usable and ("[" not in parts.netloc or ":" in (parts.hostname or ""))
    except ValueError:
        usable = False
    # Behind a backslash programs do not agree which host is meant.
    if not usable or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\\]", value.strip()):
        raise InputError(f"api_url must look like {DEFAULT_API_URL}: http or https, a host and a path.")
    if "@" in parts.netloc:
        raise InputError("api_url must not hold a user name or a password: the tokens have options of their own.")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    path = re.sub(r"/+", "/", parts.path).rstrip("/")
    return f"{parts.scheme}://{host}{port}{path}"


def is_private(api_url: str) -> bool:
    """Whether what is sent there stays unread on its way: TLS, or this very machine."""
    return urllib.parse.urlsplit(api_url).scheme == "https" or is_loopback(api_url)


def is_loopback(api_url: str) -> bool:
    """Whether it is this very machine."""
    host = urllib.parse.urlsplit(api_url).hostname or ""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def header_value(value: str | None, option: str, kind: t.Literal["access_token", "session_token"], remedy: str) -> str:
    """A token that may stand in a header. The message never shows the value."""
    if value is None or not value.strip():
        raise ThingSpaceError(f"{option} is missing: {remedy}", kind)
    if not re.fullmatch(r"[\x21-\x7e]+", value.strip()):
        raise InputError(f"{option} holds blanks, line breaks or characters that no header may hold: it is not a token.")
    return value.strip()
