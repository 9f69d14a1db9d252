# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the rollout files of a commit as data: plain files in a new folder, and nothing else of the commit.

The commit may be anybody's. It is never checked out, since a checkout is more than data: git follows its attributes, and Ansible, Python and
pip look for configuration and code in the folder in which they start. Links, submodules and odd names are refused.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import typing as t
from pathlib import Path

PART = "rollouts"
PLAIN_FILES = ("100644", "100755")
MOST_FILES = 1000
MOST_BYTES = 200_000_000


class Refused(Exception):
    """A commit that is not taken, with a sentence that says why."""


def git(*arguments: str, also: tuple[int, ...] = ()) -> tuple[int, bytes]:
    """Exit code and output. Replacement refs would show other objects than those that were asked for."""
    done = subprocess.run(["git", *arguments], env={**os.environ, "GIT_NO_REPLACE_OBJECTS": "1"}, capture_output=True, check=False)
    if done.returncode and done.returncode not in also:
        raise Refused(f"git {arguments[0]} failed: {ascii(done.stderr.decode(errors='replace').strip())}")
    return done.returncode, done.stdout


def commit(name: str) -> str:
    """The id of a commit. What is no commit, or looks like an option, is an error."""
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")[1].decode().strip()


def merged(theirs: str, ours: str) -> str:
    """The tree that a merge of theirs into ours would have. Nothing is checked out for it, and no driver or hook runs."""
    code, out = git("merge-tree", "--write-tree", "--no-messages", ours, theirs, also=(1,))
    if code:
        raise Refused(f"{theirs} does not merge with {ours} without conflicts, so nobody can say what would be applied. Merge the target branch into it.")
    return out.decode().split("\n", 1)[0]


def same(one: str, other: str) -> bool:
    """Whether two commits have the same rollouts."""
    return git("ls-tree", "-z", "--full-tree", one, "--", PART) == git("ls-tree", "-z", "--full-tree", other, "--", PART)


def members(tree: str) -> t.Iterator[tuple[str, str]]:
    """Name and object of each file below rollouts."""
    records = [record for record in git("ls-tree", "-r", "-l", "-z", "--full-tree", tree, "--", PART)[1].split(b"\0") if record]
    if not records:
        raise Refused(f"There is no folder {PART}.")
    if len(records) > MOST_FILES:
        raise Refused(f"{PART} has {len(records)} files; {MOST_FILES} are allowed.")
    total = 0
    for record in records:
        head, dummy, raw = record.partition(b"\t")
        mode, dummy_kind, blob, size = head.decode().split()
        name = raw.decode(errors="surrogateescape")
        if mode not in PLAIN_FILES or "/" not in name:
            raise Refused(f"{ascii(name)} is no plain file (mode {mode}). Links and submodules are not allowed in {PART}.")
        # Ansible takes a $ for the start of a variable: the password could be guessed, and the way out of the folder spelled.
        if not name.isprintable() or "\\" in name or "$" in name or any(part.lower() in ("", ".", "..", ".git") for part in name.split("/")):
            raise Refused(f"{ascii(name)} is not allowed as the name of a file.")
        total += int(size)
        if total > MOST_BYTES:
            raise Refused(f"{PART} has more than {MOST_BYTES:,} bytes.")
        yield name, blob


def write(tree: str, folder: Path) -> None:
    """Write the files into a folder that is not there yet."""
    found = list(members(tree))
    folder.mkdir(parents=True)
    for name, blob in found:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not open(): it would write through what is there already, such as a name that the tree has twice.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(git("cat-file", "blob", blob)[1])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Write the rollout files of a commit, as data, into a new folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("commit")
    parser.add_argument("--onto", metavar="BRANCH", help="as they would be after a merge into this branch")
    parser.add_argument("--still-in", metavar="BRANCH", help="only if this branch has the same rollouts today")
    given = parser.parse_args(arguments)
    try:
        theirs = commit(given.commit)
        if given.still_in and not same(theirs, commit(given.still_in)):
            raise Refused(f"The branch has moved on: its rollouts are not those of {theirs} any more. Nothing is done for an old commit.")
        write(merged(theirs, commit(given.onto)) if given.onto else theirs, given.folder)
    except (Refused, OSError) as error:
        print(f"rollouts.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
