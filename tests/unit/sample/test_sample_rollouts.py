# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ci/rollouts.py` of the sample: of a commit that may be anybody's it takes plain files below rollouts, byte by byte, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

SCRIPT = ROOT / "docs" / "sample" / "ci" / "rollouts.py"
CSV = b"imei\r\n990003425730535\r\n$Id$ $Format:%H$\r\n"


class Repository:
    """One whose trees are made by hand, since git itself refuses most of what a hostile one holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str, given: bytes = b"") -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *who, *arguments], cwd=self.folder, input=given, check=True, capture_output=True).stdout.decode().strip()

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """A tree of (mode, name, object), whatever git thinks of it."""
        raw = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(ident) for mode, name, ident in entries)
        return self.git("hash-object", "-w", "--literally", "-t", "tree", "--stdin", given=raw)

    def commit(self, tree: str, *parents: str) -> str:
        return self.git("commit-tree", tree, *(word for parent in parents for word in ("-p", parent)), "-m", "x")

    def of(self, *entries: tuple[str, bytes, str], parents: tuple[str, ...] = ()) -> str:
        """A commit with these entries in rollouts."""
        return self.commit(self.tree(("40000", b"rollouts", self.tree(*entries))), *parents)

    def take(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, SCRIPT, str(self.folder / "out"), *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_bytes_are_those_of_the_commit(repository: Repository) -> None:
    """No attribute counts: none of the commit, and none of the branch that is checked out."""
    attributes = b"* text eol=lf export-subst ident filter=evil\n*.csv export-ignore\n"
    (repository.folder / ".gitattributes").write_bytes(attributes)
    inner = repository.tree(("100644", b"canary.csv", repository.blob(CSV)))
    files = (("100644", b".gitattributes", repository.blob(attributes)), ("100755", b"a.yml", repository.blob(b"a")), ("40000", b"waves", inner))
    assert repository.take(repository.of(*files)) == (0, "")
    out = repository.folder / "out"
    assert (out / "rollouts" / "waves" / "canary.csv").read_bytes() == CSV
    assert not os.access(out / "rollouts" / "a.yml", os.X_OK), "data is not to be run"
    assert sorted(path.name for path in out.iterdir()) == ["rollouts"], "nothing beside the rollouts"


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("120000", b"a.yml"),
        ("160000", b"a.yml"),
        ("100644", b"x\n::error::y.yml"),
        ("100644", "x\u202ey.yml".encode()),
        ("100644", b"\xff.yml"),
        ("100644", b"\x1b[2J.yml"),
        ("100644", b".."),
        ("100644", b"../../x"),
        ("100644", b"/etc/cron.d/x"),
        ("100644", b".git"),
        ("100644", b".GIT/config"),
        ("100644", b"a\\b"),
        ("100644", b"$THINGSPACE_PASSWORD"),
        ("100644", b".${EMPTY}."),
    ],
)
def test_odd_members_are_refused(repository: Repository, mode: str, name: bytes) -> None:
    ident = repository.blob(b"/etc/passwd")
    code, text = repository.take(repository.of(("100644", b"a-good-one.yml", ident), (mode, name, ident)))
    assert code == 1
    assert "is not allowed" in text or "is no plain file" in text or "failed" in text
    assert text.count("\n") == 1
    assert text.isascii()
    assert not (repository.folder / "out").exists(), "nothing is taken of a commit that is refused"


def test_what_else_is_refused(repository: Repository) -> None:
    blob = repository.blob(b"x")
    trees = {
        "no plain file": repository.commit(repository.tree(("120000", b"rollouts", blob))),
        "There is no folder": repository.commit(repository.tree(("100644", b"README.md", blob))),
        "1001 files": repository.of(*(("100644", b"%04d.yml" % number, blob) for number in range(1001))),
        "rev-parse": blob,
    }
    for says, commit in trees.items():
        code, text = repository.take(commit)
        assert (code, says in text) == (1, True), text
    for name in ("--output=x", "main", "-p"):
        assert repository.take(name)[0] != 0
    twice = repository.of(("100644", b"a.yml", blob), ("100644", b"a.yml", repository.blob(b"y")))
    assert repository.take(twice)[0] == 1
    assert "File exists" in repository.take(repository.of(("100644", b"a.yml", blob)))[1], "the folder of an earlier job is not written to"


def test_a_merge_is_made_and_a_conflict_is_told(repository: Repository) -> None:
    def version(start: bytes, end: bytes, *parents: str) -> str:
        return repository.of(("100644", b"a.csv", repository.blob(start + b"\n1\n2\n3\n4\n" + end)), parents=parents)

    base = version(b"x", b"y")
    ours, theirs, against = version(b"ours", b"y", base), version(b"x", b"theirs", base), version(b"theirs", b"y", base)
    assert repository.take(theirs, "--onto", ours) == (0, "")
    assert (repository.folder / "out" / "rollouts" / "a.csv").read_bytes() == b"ours\n1\n2\n3\n4\ntheirs"
    code, text = repository.take(against, "--onto", ours)
    assert code == 1
    assert "does not merge" in text


def test_replaced_objects_do_not_count(repository: Repository) -> None:
    good, evil = (repository.of(("100644", b"a.yml", repository.blob(content))) for content in (b"good", b"evil"))
    repository.git("replace", good, evil)
    assert repository.take(good)[0] == 0
    assert (repository.folder / "out" / "rollouts" / "a.yml").read_bytes() == b"good"


def test_only_what_the_branch_still_says(repository: Repository) -> None:
    old = repository.of(("100644", b"a.yml", repository.blob(b"old")))
    same = repository.commit(
        repository.tree(("40000", b"rollouts", repository.git("rev-parse", f"{old}:rollouts")), ("100644", b"z", repository.blob(b"z"))), old
    )
    new = repository.of(("100644", b"a.yml", repository.blob(b"new")), parents=(same,))
    code, text = repository.take(old, "--still-in", new)
    assert (code, "has moved on" in text) == (1, True)
    assert repository.take(old, "--still-in", same) == (0, "")
