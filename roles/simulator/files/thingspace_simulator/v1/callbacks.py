# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations 16 to 18: the registered listener. Nothing is ever sent to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..server.messages import Json, Request, invalid
from ..world.model import Callback

if TYPE_CHECKING:
    from ..service import Service

_SERVICE = "Fota"


def register(service: Service, request: Request) -> Json:
    """POST: one listener for each account; a new one replaces the old one."""
    body = request.fields()
    if body.get("name") != _SERVICE:
        raise invalid("Invalid callback service name")
    url = body.get("url")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise invalid("Invalid callback url")
    account = service.account(request.params["account"])
    username, password = body.get("username") or "", body.get("password") or ""
    account.callbacks[_SERVICE] = Callback(url, str(username), str(password))
    return {"accountName": account.name, "serviceName": _SERVICE}


def listed(service: Service, request: Request) -> Json:
    """GET the listeners."""
    account = service.account(request.params["account"])
    answer = []
    for name, callback in account.callbacks.items():
        item = {"aname": account.name, "name": name, "url": callback.url}
        if service.switches.callback_credentials == "shown" and callback.username:
            item |= {"username": callback.username, "password": callback.password}
        answer.append(item)
    return answer


def deregister(service: Service, request: Request) -> Json:
    """DELETE a listener."""
    account = service.account(request.params["account"])
    if account.callbacks.pop(request.params["service"], None) is None:
        raise invalid("Callback not registered")
    return {"success": True}
