# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the exceptions of a request came from, and what they say. Pure.

Only the place tells whether something was sent. Words and types prove nothing: an answer can hold any words, and what breaks a connection
breaks one that has carried a request too.
"""

from __future__ import annotations

import re
import traceback
import typing as t

from .._text import one_line

# Places in which exceptions are raised before a byte of a request is sent: function and module, in urllib3 1.26 and 2 and in requests.
# Connecting includes names, proxies with their tunnels, and TLS.
CONNECTING = ("connect", "urllib3.connection")
FINDING_THE_CA = ("cert_verify", "requests.adapters")
# Exceptions of http.client and urllib3 that quote what came, and that may be what was sent.
_QUOTING = {"BadStatusLine", "UnknownProtocol", "InvalidChunkLength", "InvalidHeader", "ValueError"}


def raised_in(place: tuple[str, str], error: BaseException) -> t.Iterator[BaseException]:
    """The exceptions of a chain that came out of a function, and those that they were made of."""
    for link in chain(error):
        if any((frame.f_code.co_name, frame.f_globals.get("__name__")) == place for frame, dummy in traceback.walk_tb(link.__traceback__)):
            yield from chain(link)


def chain(error: BaseException) -> t.Iterator[BaseException]:
    """An exception and those that it was made of: requests wraps urllib3 wraps the socket's.

    Not what was being handled meanwhile (``__context__``): that may be the failure of an earlier request.
    """
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), *link.args, link.__cause__]


def innermost(error: BaseException) -> str:
    """What the first cause says, without a password of a proxy, and without quoting what came."""
    texts = [text for link in chain(error) for text in (getattr(link, "strerror", None), str(link)) if text]
    if any(type(link).__name__ in _QUOTING for link in chain(error)):
        texts = ["what came is no HTTP"]
    text = re.sub(r"<[^>]*>:? ?", "", texts[-1]) if texts else type(error).__name__
    return one_line(without_userinfo(text)[:200]).strip(" .'\"()")


def without_userinfo(text: str) -> str:
    """A text without the user and the password of its URLs."""
    return re.sub(r"//[^/@\s]*@", "//", text)
