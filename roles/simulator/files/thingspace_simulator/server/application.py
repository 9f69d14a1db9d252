# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request to its answer: faults, doors, handler, log."""

from __future__ import annotations

import time

from ..auth.tokens import check_account
from ..control import commands as control
from ..control.faults import Fault
from ..hostile import lists as hostile_lists
from ..hostile.texts import hostile
from ..service import Service
from ..world import lifecycle
from . import routes
from .messages import ApiError, Json, Request, Response


class Application:
    """Answers requests; knows nothing of sockets."""

    def __init__(self, service: Service, stop: control.Stop, api_url: str) -> None:
        self.service = service
        self.control = control.Control(service, stop, api_url)

    def handle(self, request: Request) -> Response:
        """The answer to a request whose path still has its first part (/api or /_simulator)."""
        if request.path.startswith(control.ROOT):
            return self.control.handle(request)
        request.outside = not request.path.startswith("/api/")
        if not request.outside:
            request.path = request.path[len("/api") :]
        if "//" in request.path:  # one page of the documents has such an address
            request.note("path://")
            request.path = request.path.replace("//", "/")
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        service = self.service
        route = None if request.outside else routes.find(request)
        with service.lock:
            record = service.log.open(request, route.operation if route else "", service.clock.now())
            service.auth.look(request)
            record.bearer, record.session = request.bearer, request.session
            faults = [fault for fault in service.faults if fault.due(request)]
            record.faults = [fault.do for fault in faults]
            wait = service.switches.latency
        time.sleep(wait)
        for fault in faults:
            fault.delay(applied=False)
        response = self._result(request, route, faults)
        for fault in faults:
            fault.delay(applied=True)
        record.bearer, record.session, record.notes = request.bearer, request.session, request.notes
        record.status = None if response.drop or response.raw else response.status
        return response

    def _result(self, request: Request, route: routes.Route | None, faults: list[Fault]) -> Response:
        """The answer with all that faults do before, instead and after."""
        with self.service.lock:
            for fault in faults:
                fault.prepare(self.service.auth, self.service.upgrades, request)
        for fault in faults:
            instead = fault.instead()
            if instead is not None:
                return instead
        try:
            with self.service.lock:
                lifecycle.tick(self.service)
                value = self._value(request, route)
            response = value if isinstance(value, Response) else Response.of(200, hostile(value, self.service.switches.texts))
        except ApiError as error:
            response = Response.of(error.status, hostile(error.body, self.service.switches.texts))
        for fault in faults:
            response = fault.spoil(response)
        return response

    def _value(self, request: Request, route: routes.Route | None) -> Json:
        auth = self.service.auth
        auth.look(request)
        if request.outside:
            raise ApiError(404, {"message": "The requested resource is not available."})
        if route is None:
            raise auth.fault(
                400,
                "900906",
                "No matching resource found in the API for the given request",
                f"Access failure for API: {request.path}, version: v1",
            )
        if route.tokens != "none":
            auth.check_bearer(request)
        if route.tokens == "both":
            auth.check_session(request)
        if "account" in request.params:
            check_account(self.service, request.params["account"])
        return hostile_lists.answer(self.service, request, route.handler)
