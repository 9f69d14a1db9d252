# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ci/rollouts.py` of the sample: of a commit that may be anybody's it takes plain files below rollouts, byte by byte, or nothing."""

from __future__ import annotations

import hashlib
import os
import runpy
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from support.checkout import ROOT

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


def nested(repository: Repository, tree: str, levels: int) -> str:
    """A commit whose rollouts lie that many folders deep."""
    for dummy in range(levels - 1):
        tree = repository.tree(("40000", b"d", tree))
    return repository.commit(repository.tree(("40000", b"rollouts", tree)))


def bomb(repository: Repository, leaf: tuple[str, bytes, str] | None) -> str:
    """A tree of ten small objects that stand for ten thousand million entries."""
    tree = repository.tree(*([leaf] if leaf else []))
    for dummy in range(10):
        tree = repository.tree(*(("40000", b"%d" % number, tree) for number in range(10)))
    return tree


@pytest.mark.parametrize("leaf", ["a file", "nothing"])
def test_a_bomb_is_refused_before_it_is_unpacked_or_merged(repository: Repository, leaf: str) -> None:
    file = ("100644", b"a.yml", repository.blob(b"x"))
    good = repository.of(file)
    tree = bomb(repository, file if leaf == "a file" else None)
    inside = repository.commit(repository.tree(("40000", b"rollouts", tree)), good)
    beside = repository.commit(repository.tree(("40000", b"other", tree), ("40000", b"rollouts", repository.tree(file))), good)
    for arguments in ([inside], [inside, "--onto", good], [beside, "--onto", good]):
        code, text = repository.take(*arguments)
        assert (code, "too large" in text, text.count("\n")) == (1, True, 1), text
        assert not (repository.folder / "out").exists()
    # Where nobody looks at it, it does no harm.
    assert repository.take(beside) == (0, "")


def test_an_endless_chain_of_folders_is_refused(repository: Repository) -> None:
    leaf = repository.tree(("100644", b"a.yml", repository.blob(b"x")))
    for dummy in range(5000):
        # By hand: a process for each of them would take long.
        content = b"40000 d\0" + bytes.fromhex(leaf)
        raw = b"tree %d\0" % len(content) + content
        leaf = hashlib.sha1(raw).hexdigest()
        path = repository.folder / ".git" / "objects" / leaf[:2] / leaf[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(raw))
    code, text = repository.take(repository.commit(repository.tree(("40000", b"rollouts", leaf))))
    assert (code, text.count("\n")) == (1, 1), text
    assert len(text) < 1000


def test_git_has_its_time(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that never ends, and whose child keeps the pipe."""
    (repository.folder / "git").write_text("#!/bin/sh\nsleep 1000 & wait\n", encoding="utf-8")
    (repository.folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{repository.folder}{os.pathsep}{os.environ['PATH']}")
    rollouts = runpy.run_path(str(SCRIPT))
    rollouts["git"].__globals__["MOST_SECONDS"] = 0
    with pytest.raises(rollouts["Refused"], match="took more than 0 seconds, and was ended"):
        rollouts["git"]("ls-tree")


def test_what_else_is_refused(repository: Repository) -> None:
    blob = repository.blob(b"x")
    large = repository.blob(bytes(10_000_000))
    trees = {
        "no plain file": repository.commit(repository.tree(("120000", b"rollouts", blob))),
        "There is no folder": repository.commit(repository.tree(("100644", b"README.md", blob))),
        "1001 files and folders": repository.of(*(("100644", b"%04d.yml" % number, blob) for number in range(1001))),
        "more than 200,000,000 bytes": repository.of(*(("100644", b"%d" % number, large) for number in range(21))),
        "more than 20 folders deep": nested(repository, repository.tree(("100644", b"a.yml", blob)), 21),
        "There is no file": repository.of(("40000", b"waves", repository.tree())),
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
