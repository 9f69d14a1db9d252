# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private files and reports: where they land, and what a link, a pipe or another user of the machine can make of it."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.plugin_utils import _files
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report import report_file as plan_files

Write = t.Callable[[Path], object]
WRITERS: dict[str, Write] = {
    "a private file": lambda path: _files.replace(path, b"new"),
    "a report": lambda path: plan_files.write(path, "new"),
    "a report of a role": lambda path: plan_files.write_file(path, "new"),
}


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "plan.md"
    for text in ("first", "second é \ud800"):
        plan_files.write(path, text)
    assert path.read_text(encoding="utf-8") == "second é \\ud800"
    assert list(path.parent.iterdir()) == [path]
    plan_files.remove(path)
    plan_files.remove(path)
    assert not path.exists()
    plan_files.remove(tmp_path / "nowhere" / "plan.md")


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("target", ["a file", "a folder", "nothing", "itself", "a device"])
def test_a_link_is_replaced_and_never_written_through(tmp_path: Path, target: str, write: Write) -> None:
    (tmp_path / "keys").write_text("keys", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "plan.md"
    places = {"a file": "keys", "a folder": "folder", "nothing": "gone", "itself": "plan.md", "a device": "/dev/null"}
    link.symlink_to(places[target])
    write(link)
    assert (link.is_symlink(), link.read_text(encoding="utf-8")) == (False, "new")
    link.unlink()
    link.symlink_to(places[target])
    plan_files.remove(link)
    assert (tmp_path / "keys").read_text(encoding="utf-8") == "keys"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "keys"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_folder_on_the_way_may_be_a_link(tmp_path: Path, write: Write) -> None:
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "way").symlink_to("real/below")
    write(tmp_path / "way" / "plan.md")
    write(tmp_path / "way" / ".." / "up.md")
    assert (tmp_path / "real" / "below" / "plan.md").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "real" / "up.md").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_link_of_another_user_in_a_folder_like_tmp_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    (tmp_path / "tmp" / "out").symlink_to(tmp_path / "ours")
    path = tmp_path / "tmp" / "out" / "plan.md"
    write(path)
    # Whoever runs the tests owns all of it: so it is we who become another user, and the folder that becomes root's.
    monkeypatch.setattr(os, "geteuid", lambda: path.parent.lstat().st_uid + 1)
    found = Path.stat

    def of_root(place: Path, **options: bool) -> os.stat_result:
        result = found(place, **options)
        return os.stat_result((*result[:4], result.st_uid + 2, *result[5:10])) if place == tmp_path / "tmp" else result

    monkeypatch.setattr(Path, "stat", of_root)
    with pytest.raises(PermissionError, match="a link of another user leads there"):
        write(path)
    # One of our own, or of the system, leads on.
    monkeypatch.setattr(os, "geteuid", lambda: path.parent.lstat().st_uid)
    write(path)


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    for write in WRITERS.values():
        with pytest.raises(OSError, match="directory"):
            write(tmp_path)
    plan_files.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["pipe", "/dev/null", "/dev/stdout", "/proc/self/fd/1"])
def test_a_report_of_a_role_goes_to_a_file_alone(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="neither a file nor a place for a new one"):
        plan_files.write_file(tmp_path / place, "new")
    assert (tmp_path / "pipe").is_fifo()


def test_pipes_and_what_the_system_keeps_are_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    plan_files.remove(tmp_path / "pipe")
    plan_files.write(tmp_path / "pipe", "through the pipe")
    assert os.read(reader, 100) == b"through the pipe"
    os.close(reader)
    plan_files.remove(Path("/dev/null"))
    plan_files.write(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("into", ["a pipe", "a file"])
def test_the_output_stays_the_output(tmp_path: Path, path: str, into: str) -> None:
    code = (
        "import pathlib, sys; from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report import report_file as files; "
        f"print('before', flush=True); files.remove(pathlib.Path('{path}')); files.write(pathlib.Path('{path}'), 'report')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = tmp_path / "out.txt"
    if into == "a file":
        with out.open("wb") as file:
            subprocess.run([sys.executable, "-c", code], check=True, env=environment, stdout=file)
        printed = out.read_bytes()
    else:
        printed = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True).stdout
    assert printed == b"before\nreport"
    assert Path("/dev/stdout").is_symlink()
