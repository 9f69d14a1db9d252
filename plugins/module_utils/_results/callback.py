# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module ``callback`` returns. Pure."""

from __future__ import annotations

import typing as t

from .._api.model import SERVICE, Listener
from .._text import one_line

if t.TYPE_CHECKING:
    from .._desired.checks import Params


def empty_result(params: Params) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return {"account": params.get("account") or params.get("account_name"), "name": SERVICE, "url": None, "previous_url": None, "changed_fields": []}


def unlike(listener: Listener, before: Listener | None) -> str:
    """A word for two URLs that differ only in what is blotted out."""
    alike = before and before.url != listener.url and before.address == listener.address
    return " (another one in what is blotted out)" if alike else ""


def side(listener: Listener | None, credentials: str | None, before: Listener | None = None) -> str:
    if listener is None:
        return ""
    return f"url: {one_line(listener.address)}{unlike(listener, before)}\n" + (f"credentials: {credentials}\n" if credentials else "")
