# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many simulators behind one port, so that one playbook can meet a service of its own in every task."""

from __future__ import annotations

import threading
import typing as t

from thingspace_simulator import Simulator
from thingspace_simulator.server.application import Application
from thingspace_simulator.server.messages import Request, Response
from thingspace_simulator.server.sockets import Server


class Worlds:
    """``with Worlds(20) as worlds:`` has 20 simulators in ``worlds.sims``, each under ``url_of(number)``. They are never started themselves."""

    def __init__(self, count: int) -> None:
        self.sims = [Simulator() for _number in range(count)]
        self._server = Server("127.0.0.1", 0)
        self._server.application = t.cast(Application, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)
        # What the server asks of an application.
        self.service = self.sims[0].service

    def __enter__(self) -> Worlds:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.close()
        self._thread.join()
        for sim in self.sims:
            sim._server.server_close()

    def url_of(self, number: int) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{number}/api"

    def handle(self, request: Request) -> Response:
        """Answer as the simulator does whose number begins the path."""
        dummy, number, path = request.path.split("/", 2)
        request.path = f"/{path}"
        return self.sims[int(number)]._server.application.handle(request)
