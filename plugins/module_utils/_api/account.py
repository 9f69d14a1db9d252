# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FOTA v1 of one account: its paths and its pages (P1)."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .._clock import Backoff
from .._errors import ThingSpaceError
from .._http.client import Client

# The documents write hasMoreFlag here and hasMoreData there.
_MORE = re.compile(r"has_?more|(?:is_?)?more(?:_?(?:flag|data))?$", re.IGNORECASE)
_SAID = {"true": True, "false": False}
# Pages without a row that say that there is more: one may come of rows that went meanwhile, no more than a few.
_MOST_EMPTY = 5
# Five million devices of 1,000 a page.
_MOST_PAGES = 5_000
# Of all pages of a list. A hundred upgrades of 50,000 devices are less.
_MOST_BYTES = 512 * 2**20
_SHOWN = 80


class Account:
    """The part of the service that belongs to one account.

    Paths are ``/fota/v1/RESOURCE/ACCOUNT/REST...``; every part is quoted, so that no option can leave its place.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    @property
    def api_url(self) -> str:
        """The service that it is an account of."""
        return self._client.api_url

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

    def pages(
        self,
        resource: str,
        *rest: str,
        listed: str,
        row_id: str | None,
        cursor: str | None,
        counted: str | None = None,
        query: t.Mapping[str, str] | None = None,
    ) -> t.Iterator[dict[str, t.Any]]:
        """Every page of a list. Raises ThingSpaceError for a page that cannot be read, and for a list that does not end.

        Args:
            listed: name of the list in a page.
            row_id: name of the value that tells its rows apart; None where the rows themselves do.
            cursor: name of the value that asks for the next page; None where that is the number of rows so far.
            counted: name of the value that says how many rows there are, where a page may then leave out an empty list.
        """
        what = "/".join([resource, *rest])
        position, asked, empty, count = "0", {"0"}, 0, 0
        seen: set[str] = set()
        start = self._client.received
        for dummy in range(_MOST_PAGES):
            page = self.read(resource, *rest, "index", position, query=query)
            rows = _rows_of(page, listed, counted, what)
            more = _says_more(page, what)
            if more is None:
                # Without a flag a cursor that moves on is one to follow, and the end is where it names nothing new.
                more = cursor is not None and _position(page.get(cursor)) not in ({"", *asked} if not rows else {"", "0"})
            if page.get(listed) is None and cursor is not None and _position(page.get(cursor)) not in {"", *asked}:
                # The cursor names a row: what the page left out would be scheduled a second time, or lose its license unseen.
                raise ThingSpaceError(f"The service answered with a page of {what} that names its last row and holds no list: read it again later.", "service")
            if self._client.received - start > _MOST_BYTES:
                raise _endless(what, f"{_MOST_BYTES // 2**20} MiB were read, and the list goes on.")
            known = len(seen)
            seen.update(_row_id(row, row_id) for row in rows)
            count += len(rows)
            # Neither a cursor that moves on nor rows in another form are anything new.
            if more and rows and len(seen) == known:
                raise _endless(what, f"the page for the index {_shown(position)} holds only what was given before, and the list goes on.")
            empty = 0 if rows else empty + 1
            if empty > _MOST_EMPTY:
                raise _endless(what, "the service gives one empty page after the other.")
            yield page
            if not more:
                return
            position = _position(page.get(cursor)) if cursor else str(count)
            if position in asked:
                raise _endless(what, f"the service names no page after {_shown(position)}, and the list goes on.")
            asked.add(position)
        raise _endless(what, f"{_MOST_PAGES} pages were read, and the service says that there is more.")

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


def _rows_of(page: object, listed: str, counted: str | None, what: str) -> list[t.Any]:
    # Taken for an empty list, something else would have upgrades scheduled twice and licenses removed unseen.
    # Null is how Go writes an empty one.
    if isinstance(page, dict) and (listed in page or (counted and page.get(counted) is not None)):
        rows = page.get(listed)
        if isinstance(rows, (list, type(None))):
            return rows or []
    raise ThingSpaceError(f"The service answered with something that is no page of {what}.", "service")


def _says_more(page: dict[str, t.Any], what: str) -> bool | None:
    """Whether there are more pages, None if nothing says so.

    Raises ThingSpaceError for a flag that is neither true nor false: guessed wrong, it cuts the list.
    """
    said = []
    for name, value in page.items():
        if _MORE.match(name):
            flag = _SAID.get(value.lower()) if isinstance(value, str) else value if isinstance(value, bool) else None
            if flag is None:
                raise ThingSpaceError(f"Whether {what} has more pages is not clear: {_shown(name)} is {_shown(value)}, not true or false.", "service")
            said.append(flag)
    return any(said) if said else None


def _row_id(row: object, name: str | None) -> str:
    return str(row.get(name) if name and isinstance(row, dict) else row).strip()


def _endless(what: str, why: str) -> ThingSpaceError:
    return ThingSpaceError(f"The list of {what} does not end: {why}", "service")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _position(value: object) -> str:
    """The next index. In v1 an IMEI comes as a JSON number, which has lost its leading zeros; small numbers are offsets."""
    text = str(value if value is not None else "0")
    return text.zfill(15) if text.isdigit() and len(text) > 9 else text
