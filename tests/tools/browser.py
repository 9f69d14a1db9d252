# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, steered over a pipe with its DevTools protocol. It has a profile of its own, and needs nothing but itself."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell", "headless_shell", "headless-shell")
SECONDS = 60
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps")


def find() -> Path | None:
    """The first Chromium on PATH."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


class Trouble(Exception):
    """The browser did not do as it was told."""


class Browser:
    """One browser with one window. ``messages`` are what it told since the last page was opened."""

    def __init__(self, program: Path, profile: Path) -> None:
        read, self._out = os.pipe()
        self._in, write = os.pipe()
        # The protocol is on the descriptors 3 and 4 of the browser.
        script = f'exec "$0" "$@" 3<&{read} 4>&{write}'
        words = ["sh", "-c", script, str(program), *OPTIONS, *QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        env = {**os.environ, "HOME": str(profile), "XDG_CONFIG_HOME": str(profile), "XDG_CACHE_HOME": str(profile)}
        with (profile / "output").open("wb") as log:
            self._process = subprocess.Popen(words, env=env, pass_fds=(read, write), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(read)
        os.close(write)
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.messages: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Network", "Log", "Runtime", "Security"):
            self.call(f"{part}.enable")

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Say something and wait for the answer."""
        self._number += 1
        number = self._number
        session = {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps({"id": number, "method": method, "params": parameters, **session}).encode() + b"\0")
        return self._wait(lambda message: message.get("id") == number, method)

    def _wait(self, wanted: Any, what: str) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while True:
            message = self._next(end, what)
            if wanted(message):
                if "error" in message:
                    raise Trouble(f"{what}: {message['error']}")
                result: dict[str, Any] = message.get("result", message)
                return result
            self.messages.append(message)

    def _next(self, end: float, what: str) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready = select.select([self._in], [], [], max(0, end - time.monotonic()))[0]
            more = os.read(self._in, 1 << 20) if ready else b""
            if not more:
                raise Trouble(f"no answer to {what}")
            self._rest += more
        line, dummy, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, url: str, width: int = 1200, dark: bool = False) -> None:
        """Open a page in a window of some width, and wait until it is loaded."""
        self.call("Page.navigate", url="about:blank")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.messages.clear()
        self.call("Page.navigate", url=url)
        if not any(message.get("method") == "Page.loadEventFired" for message in self.messages):
            self._wait(lambda message: message.get("method") == "Page.loadEventFired", f"the load of {url}")
        self.value("1")

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Trouble(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, path: Path, height: int | None = None) -> None:
        """A picture of the page, from its top."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], height or size["height"]), "scale": 1}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]))

    @property
    def asked(self) -> list[str]:
        """What it loaded or tried to load."""
        return [message["params"]["request"]["url"] for message in self.messages if message.get("method") == "Network.requestWillBeSent"]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of the page: what a console shows."""
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
        return [json.dumps(message["params"]) for message in self.messages if message.get("method") in kinds]


@contextlib.contextmanager
def browser(program: Path) -> Iterator[Browser]:
    """A browser that is gone afterwards, with all that it kept."""
    with tempfile.TemporaryDirectory(prefix="thingspace-browser-", ignore_cleanup_errors=True) as folder:
        one = Browser(program, Path(folder))
        try:
            yield one
        finally:
            one.close()
