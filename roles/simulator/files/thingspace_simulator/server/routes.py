# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which call is which operation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..auth import tokens
from ..v1 import callbacks, inventory, licenses, reports, upgrades
from .messages import Json, Request

if TYPE_CHECKING:
    from ..service import Service

Handler = Callable[["Service", Request], Json]


@dataclass
class Route:
    """A method and path below ``/api``, the tokens it demands, and who answers."""

    method: str
    template: str
    operation: str
    handler: Handler
    tokens: str = "both"  # "none", "bearer", "both"
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template))


_UPGRADE = "/fota/v1/upgrades/{account}/upgrade/{upgrade_id}"

ROUTES = [
    Route("POST", "/ts/v1/oauth2/token", "token", tokens.issue_token, "none"),
    Route("POST", "/ts/v1/oauth2/revoke", "revoke", tokens.revoke_token, "none"),
    Route("POST", "/m2m/v1/session/login", "login", tokens.login, "bearer"),
    Route("POST", "/m2m/v1/session/logout", "logout", tokens.logout, "bearer"),
    Route("POST", "/fota/v1/upgrades", "schedule", upgrades.schedule),
    Route("GET", _UPGRADE, "read", upgrades.read),
    Route("PUT", _UPGRADE, "modify", upgrades.modify),
    Route("DELETE", _UPGRADE, "cancel", upgrades.cancel),
    Route("GET", "/fota/v1/reports/{account}/status/{status}/index/{index}", "by_status", reports.by_status),
    Route("GET", "/fota/v1/reports/{account}/devices/{device}", "history", reports.history),
    Route("GET", "/fota/v1/reports/{account}/device/{device}", "history", reports.history),
    Route("GET", "/fota/v1/firmware/{account}", "firmware", inventory.firmware),
    Route("GET", "/fota/v1/devices/{account}/index/{index}", "devices", inventory.devices),
    Route("GET", "/fota/v1/subscriptions/{account}", "subscription", inventory.subscription),
    Route("GET", "/fota/v1/licenses/{account}/index/{index}", "licenses", licenses.listed),
    Route("POST", "/fota/v1/licenses/{account}/assign", "assign", licenses.assign),
    Route("POST", "/fota/v1/licenses/{account}/remove", "remove", licenses.remove),
    Route("POST", "/fota/v1/licenses/{account}/cancel", "set_candidates", licenses.set_candidates),
    Route("DELETE", "/fota/v1/licenses/{account}/cancel", "drop_candidates", licenses.drop_candidates),
    Route("GET", "/fota/v1/licenses/{account}/cancel/index/{index}", "candidates", licenses.candidates),
    Route("POST", "/fota/v1/callbacks/{account}", "register", callbacks.register),
    Route("GET", "/fota/v1/callbacks/{account}", "callbacks", callbacks.listed),
    Route("DELETE", "/fota/v1/callbacks/{account}/name/{service}", "deregister", callbacks.deregister),
]


def find(request: Request) -> Route | None:
    """The route of a request, whose parts of the path are noted on the request."""
    for route in ROUTES:
        match = route.pattern.fullmatch(request.path)
        if match and route.method == request.method:
            request.params = {name: unquote(value) for name, value in match.groupdict().items()}
            return route
    return None
