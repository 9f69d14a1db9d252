# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that do not end or are not there, flags that are neither true nor false, and upgrades that do not say what they are or which devices they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..server.messages import Json, Request
from ..world.model import OPEN

if TYPE_CHECKING:
    from ..service import Service

_FLAGS = ("hasMoreData", "hasMoreFlag")
_CURSORS = ("lastSeenUpgradeId", "lastSeenDeviceId")
_LISTS = ("reportList", "deviceList")
_SPELLED: dict[str, Callable[[bool], Json]] = {
    "boolean": bool,
    "string": lambda more: str(more).lower(),
    "number": int,
    "letter": lambda more: "Y" if more else "N",
}
# What rows of reports say in place of what is true. None: nothing.
_ROWS: dict[str, Callable[[Json], Json]] = {
    "whole": lambda row: {},
    "no_day": lambda row: {"startDate": None},
    "odd_day": lambda row: {"startDate": f"day {row['startDate']}"},
    "no_firmware": lambda row: {"firmwareName": None},
    "odd_firmware": lambda row: {"firmwareName": f" {row['firmwareName']}".lower()},
    "odd_status": lambda row: {"status": "Scheduled"} if row["status"] in OPEN else {},
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
    return _reported(service, page) if "reportList" in page else page


def _reported(service: Service, page: dict[str, Any]) -> dict[str, Any]:
    """A page of a report: its list, and what the rows tell of themselves."""
    change, lists = _ROWS[service.switches.report_rows], service.switches.report_lists
    rows = [{name: value for name, value in {**row, **change(row)}.items() if value is not None or name == "deviceList"} for row in page.pop("reportList")]
    return page if lists == "left_out" else {**page, "reportlist" if lists == "renamed" else "reportList": rows}
