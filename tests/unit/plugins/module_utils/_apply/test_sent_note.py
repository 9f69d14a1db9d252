# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The note of a request that makes something, in folders that work and in those that do not."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._apply.sent_note import SentNote
from ansible_collections.thingspace.fota.plugins.module_utils._errors import StateError
from ansible_collections.thingspace.fota.plugins.module_utils._stop import LEASE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run."""
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv(LEASE, str(run / "lease"))
    return run


def test_a_note_is_there_from_its_writing_to_its_clearing(folder: Path) -> None:
    note, other = SentNote("a", "b c"), SentNote("a b", "c")
    assert not note.there
    note.write()
    assert (note.there, SentNote("a", "b c").there, other.there) == (True, True, False)
    note.clear()
    note.clear()
    assert not note.there


def test_a_module_without_a_lease_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEASE, raising=False)
    note = SentNote("a")
    note.write()
    assert not note.there
    note.clear()


def test_what_cannot_be_noted_is_not_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, mode: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "touch", full)
    with pytest.raises(StateError) as caught:
        SentNote("a").write()
    assert caught.value.message == (
        f"Nothing was sent: the folder of this run ({folder}) takes no note of it (No space left on device). "
        "Make room in it, or let ansible-core use another folder (ANSIBLE_LOCAL_TEMP)."
    )


def test_a_run_whose_folder_is_gone_sends_nothing(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(StateError, match="Nothing was sent"):
        SentNote("a").write()


def test_a_note_that_cannot_be_looked_at_may_be_there(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("no folder")
    note = SentNote("a")
    assert note.there
    note.clear()
