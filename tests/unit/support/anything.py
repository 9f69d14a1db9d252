# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service, a proxy or the author of a pull request may write: JSON, pages and files that nobody expects."""

from __future__ import annotations

import json
import typing as t

import hypothesis
from hypothesis import strategies as st

A, B = "990003425730535", "990000473475989"
ACCOUNT = "0402196254-00001"
UPGRADE = "60b5d639-ccdc-4db8-8824-069bd94c95bf"

# Keys of every answer that the documents show, so that what is nearly right is tried as well.
KEYS = (
    *("id", "accountName", "firmwareName", "firmwareTo", "startDate", "endDate", "status", "deviceList", "deviceId", "reason", "Reason"),
    *("reportList", "hasMoreData", "hasMoreFlag", "lastSeenUpgradeId", "lastSeenDeviceId", "totalLicenses", "assignedLicenses"),
    *("updateTime", "name", "url", "username", "password", "aname", "purchaseType", "licenseTotal", "device_id", "upgrade_id", "success"),
    *("errorCode", "errorMessage", "fault", "error", "code", "message", "description", "error_description", "cause"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    # Lone halves of surrogates come out of JSON, and go into no UTF-8.
    st.text(st.characters(), max_size=8),
    st.sampled_from([A, B, ACCOUNT, UPGRADE, "Queued", "Finished", "Device Rejected", "..", ".", "\ud800", "\x1b[31m", "2026-13-45T99:00:00Z", "true"]),
)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner), max_leaves=12)
DEPTHS = st.sampled_from([*range(40, 60, 5), 200, *range(300, 1000, 37), 3000, 9000, 50_000, 200_000])


def share(part: int) -> int:
    """A number of examples for a test whose examples take long: the n-th part of what the profile asks for."""
    return max(5, hypothesis.settings().max_examples // part)


def respelled(text: str) -> st.SearchStrategy[str]:
    """The same to a reader, and other characters: with blanks at the edges or in between, or in another case."""
    blanks = st.text(st.sampled_from(" \t\n\r\x0b\x1c\x1f\x85\xa0\u2003\u2028\u200b\ufeff"), max_size=2)
    cased = st.sampled_from([text, text.upper(), text.lower(), text.swapcase(), text.title(), " ".join(text)])
    return st.builds("{}{}{}".format, blanks, cased, blanks)


def nested(depth: int, inside: str = "1", key: str | None = None) -> str:
    """JSON that stands ``depth`` times in a list, or in an object under a key."""
    before, after = ("[", "]") if key is None else (f"{{{json.dumps(key)}:", "}")
    return before * depth + inside + after * depth


def spoiled(value: t.Any) -> st.SearchStrategy[t.Any]:
    """JSON as the service would write it, with one part of it replaced by anything, dropped, given twice, or spelled otherwise."""
    if isinstance(value, dict):
        changed = [st.fixed_dictionaries({key: spoiled(item) if key == chosen else st.just(item) for key, item in value.items()}) for chosen in value]
        dropped = [st.just({key: item for key, item in value.items() if key != chosen}) for chosen in value]
        return st.one_of(ANYTHING, *changed, *dropped)
    if isinstance(value, list) and value:
        return st.one_of(ANYTHING, st.just(value * 2), spoiled(value[0]).map(lambda first: [first, *value[1:]]))
    if isinstance(value, str):
        return ANYTHING | respelled(value)
    return ANYTHING
