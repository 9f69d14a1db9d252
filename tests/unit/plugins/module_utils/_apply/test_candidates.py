# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose doing it is what the list of cancellation candidates shows after a write that failed, where the simulator cannot fail like that."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._apply.candidates import CandidateList
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from support.fake_membership import Clock

if t.TYPE_CHECKING:
    from ansible_collections.thingspace.fota.plugins.module_utils._api.v1.licenses import Licenses


class Pool:
    """Candidates that somebody else declares in the moment in which our first write fails; ``readable`` is how often they can be read."""

    def __init__(self, failure: UnsettledError, readable: int) -> None:
        self._failure = failure
        self._readable = readable
        self._devices: frozenset[str] = frozenset()

    def candidates(self) -> types.SimpleNamespace:
        self._readable -= 1
        if self._readable < 0:
            raise ThingSpaceError("It cannot be read.", "forbidden")
        return types.SimpleNamespace(devices=self._devices)

    def replace_candidates(self, devices: list[str]) -> None:
        self._devices = frozenset(devices)
        raise self._failure


@pytest.mark.parametrize(("carried_out", "ours"), [(None, frozenset("ab")), (False, frozenset())])
def test_what_shows_after_a_write_is_ours_unless_nothing_was_sent(carried_out: bool | None, ours: frozenset[str]) -> None:
    pool = Pool(UnsettledError("Lost.", "unreachable", carried_out=carried_out), readable=9)
    candidates = CandidateList(t.cast("Licenses", pool), frozenset("ab"))
    candidates.write(10, lambda: Clock().backoff(10), approved=False)
    assert (candidates.added, candidates.last, candidates.unread) == (ours, frozenset("ab"), False)


@pytest.mark.parametrize("carried_out", [None, False])
def test_what_cannot_be_read_after_a_write_is_not_known(carried_out: bool | None) -> None:
    pool = Pool(UnsettledError("Lost.", "unreachable", carried_out=carried_out), readable=1)
    candidates = CandidateList(t.cast("Licenses", pool), frozenset("ab"))
    with pytest.raises(ThingSpaceError):
        candidates.write(10, lambda: Clock().backoff(10), approved=False)
    assert (candidates.added, candidates.unread) == (frozenset(), True)
