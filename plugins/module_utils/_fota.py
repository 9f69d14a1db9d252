# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FOTA v1 of one account: its paths and its pages (P1)."""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible_collections.thingspace.fota.plugins.module_utils._client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._waiter import Backoff

# Of the report by status the documents write hasMoreFlag here and hasMoreData there.
_MORE = ("hasMoreData", "hasMoreFlag")
# Pages without a row that say that there is more: one may come of rows that went meanwhile, no more than a few.
_MOST_EMPTY = 5


class Account:
    """The part of the service that belongs to one account.

    Paths are ``/fota/v1/RESOURCE/ACCOUNT/REST...``; every part is quoted, so that no option can leave its place.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    def read(self, resource: str, *rest: str, query: t.Mapping[str, str] | None = None) -> t.Any:
        """GET, retried. Raises ThingSpaceError."""
        asked = "?" + urllib.parse.urlencode(query) if query else ""
        return self._client.read(self._path(resource, rest) + asked)

    def write(self, method: t.Literal["POST", "PUT", "DELETE"], body: object, resource: str, *rest: str) -> t.Any:
        """Send a change once. UnsettledError says that only reading can tell what became of it."""
        return self._client.write(method, self._path(resource, rest), body)

    def post(self, resource: str, body: object) -> t.Any:
        """POST to a resource whose account stands in the body. As :meth:`write`."""
        return self._client.write("POST", f"/fota/v1/{resource}", body)

    def backoff(self) -> Backoff:
        """A fresh series of tries within ``retry_timeout``."""
        return self._client.backoff()

    def pages(self, resource: str, *rest: str, listed: str, cursor: str, query: t.Mapping[str, str] | None = None) -> t.Iterator[dict[str, t.Any]]:
        """Every page of a list. Raises ThingSpaceError for a page that cannot be read, or a cursor that stands still.

        Args:
            listed: name of the list in a page.
            cursor: name of the value that asks for it.
        """
        position, seen = "0", {"0"}
        before: object = None
        empty = 0
        while True:
            page = self.read(resource, *rest, "index", position, query=query)
            # Taken for an empty list, something else would have upgrades scheduled twice and licences removed unseen.
            if not isinstance(page, dict) or not page.keys() & {listed, *_MORE} or not isinstance(page.get(listed), (list, type(None))):
                raise ThingSpaceError(f"The service answered with something that is no page of {resource}.", "service")
            # A cursor that moves on and brings the same rows again would be followed for ever.
            if page.get(listed) and page.get(listed) == before:
                raise ThingSpaceError(f"The list of {resource} does not end: the service gives the same page again for the index {position}.", "service")
            before = page.get(listed)
            empty = 0 if before else empty + 1
            if empty > _MOST_EMPTY:
                raise ThingSpaceError(f"The list of {resource} does not end: the service gives one empty page after the other.", "service")
            yield page
            if not any(str(page.get(flag)).lower() == "true" for flag in _MORE):
                return
            position = _position(page.get(cursor))
            if position in seen:
                raise ThingSpaceError(
                    f"The list of {resource} does not end: the service says that there is more and names no page after {position}.", "service"
                )
            seen.add(position)

    def _path(self, resource: str, rest: t.Iterable[str]) -> str:
        return "/".join(["/fota/v1", resource, *map(_quoted, (self.name, *rest))])


def _quoted(part: str) -> str:
    """A part of a path. Raises ThingSpaceError for one that the service names and no path can hold: dots lead elsewhere, quoted or not."""
    try:
        quoted = urllib.parse.quote(part, safe="")
    except UnicodeEncodeError:
        quoted = ""
    if quoted in ("", ".", ".."):
        raise ThingSpaceError(f"The service names {part!r}, which cannot be asked for.", "service")
    return quoted


def _position(value: object) -> str:
    """The next index. In v1 an IMEI comes as a JSON number, which has lost its leading zeros; small numbers are offsets."""
    text = str(value if value is not None else "0")
    return text.zfill(15) if text.isdigit() and len(text) > 9 else text
