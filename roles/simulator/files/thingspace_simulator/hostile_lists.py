# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that do not end, flags that are neither true nor false, and upgrades that do not say which devices they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .messages import Json, Request

if TYPE_CHECKING:
    from .service import Service

_FLAGS = ("hasMoreData", "hasMoreFlag")
_CURSORS = ("lastSeenUpgradeId", "lastSeenDeviceId")
_LISTS = ("reportList", "deviceList")
_SPELLED: dict[str, Callable[[bool], Json]] = {
    "boolean": bool,
    "string": lambda more: str(more).lower(),
    "number": int,
    "letter": lambda more: "Y" if more else "N",
}


def answer(service: Service, request: Request, handler: Callable[[Service, Request], Json]) -> Json:
    """What the handler answers, with what the switches make of lists."""
    if request.method != "GET":
        return handler(service, request)
    paged = "index" in request.params
    value = _page(service, request, handler) if paged else handler(service, request)
    if isinstance(value, dict):
        if paged:
            value = _spelled(service, value)
        elif service.switches.device_lists == "missing":
            value.pop("deviceList", None)
    return value


def _page(service: Service, request: Request, handler: Callable[[Service, Request], Json]) -> Json:
    """The page that was asked for, or another one, and always one that is not the last."""
    kind, asked = service.switches.pages, request.params["index"]
    if kind == "end" or not asked.isdigit():
        return handler(service, request)
    # No list has the indexes that are handed out below.
    request.params["index"] = "0"
    page = handler(service, request)
    if kind != "empty" and not any(page.get(name) for name in _LISTS):
        # Nothing to repeat. A client that asks for several lists comes to those that have rows.
        request.params["index"] = asked
        return page
    if kind == "alternating" and int(asked) % 2:
        request.params["index"] = next((str(page[name]) for name in _CURSORS if page.get(name)), "0")
        page = handler(service, request)
    request.params["index"] = asked
    if kind == "empty" and asked != "0":
        page = {**page, **{name: [] for name in _LISTS if name in page}}
    forward = {name: int(asked) + 1 for name in _CURSORS if name in page}
    return {**page, **forward, **{name: True for name in _FLAGS if name in page}}


def _spelled(service: Service, page: dict[str, Any]) -> dict[str, Any]:
    spell, lists = _SPELLED[service.switches.more_flag], service.switches.device_lists
    page = {name: spell(value) if name in _FLAGS else value for name, value in page.items()}
    if lists != "shown" and "reportList" in page:
        shown = [{name: value for name, value in upgrade.items() if name != "deviceList"} for upgrade in page["reportList"]]
        page["reportList"] = [{**upgrade, "deviceList": None} for upgrade in shown] if lists == "null_in_reports" else shown
    return page
