# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the rollout files of a commit as data: plain files in a new folder, and nothing else of the commit.

The commit may be anybody's. It is never checked out, since a checkout is more than data: git follows its attributes, and Ansible, Python and
pip look for configuration and code in the folder in which they start. Links, submodules and odd names are refused.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

PART = "rollouts"
PLAIN_FILES = ("100644", "100755")
MOST_FILES = 1000
MOST_BYTES = 200_000_000
MOST_FOLDERS_DEEP = 20
# Of the whole commit. A few small objects can stand for a tree with more entries than anybody can list.
MOST_ENTRIES = 200_000
MOST_LISTED = 32_000_000
# What git may take for one answer.
MOST_SECONDS = 300
MOST_MEMORY = 4_000_000_000


class Refused(Exception):
    """A commit that is not taken, with a sentence that says why."""


def git(*arguments: str, also: tuple[int, ...] = (), most: int = MOST_LISTED) -> tuple[int, bytes]:
    """Exit code and output, of which no more is read than is allowed. Replacement refs would show other objects than those that were asked for."""
    late: list[bool] = []
    env = {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1", "GIT_TERMINAL_PROMPT": "0"}
    # A group of its own, so that nothing that git has started keeps the pipe open.
    pipes: dict[str, t.Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "start_new_session": True, "preexec_fn": _limit_memory}
    with tempfile.TemporaryFile() as faults, subprocess.Popen(["git", *arguments], env=env, stderr=faults, **pipes) as process:

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        def end_late() -> None:
            late.append(True)
            end()

        timer = threading.Timer(MOST_SECONDS, end_late)
        timer.start()
        try:
            out = t.cast("t.IO[bytes]", process.stdout).read(most + 1)
            if len(out) > most:
                end()
            code = process.wait()
        except BaseException:
            end()
            raise
        finally:
            timer.cancel()
        faults.seek(0)
        said = faults.read(1000).decode(errors="replace").strip()
    if late:
        raise Refused(f"git {arguments[0]} took more than {MOST_SECONDS} seconds, and was ended.")
    if len(out) > most:
        raise Refused(f"git {arguments[0]} says more than {most:,} bytes. The commit is too large.")
    if code and code not in also:
        raise Refused(f"git {arguments[0]} failed: {ascii(said or f'exit code {code}')}")
    return code, out


def _limit_memory() -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard), hard))


def entries(*arguments: str) -> list[bytes]:
    """What is in a tree: its folders too, for a tree of many folders without a file is no small one."""
    return [record for record in git("ls-tree", "-r", "-t", "-z", "--full-tree", *arguments)[1].split(b"\0") if record]


def commit(name: str) -> str:
    """The id of a commit. What is no commit, or looks like an option, is an error."""
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")[1].decode().strip()


def merged(theirs: str, ours: str) -> str:
    """The tree that a merge of theirs into ours would have. Nothing is checked out for it, and no driver or hook runs."""
    # Not of the rollouts alone: a merge looks at everything.
    if len(entries(theirs)) > MOST_ENTRIES:
        raise Refused(f"{theirs} has more than {MOST_ENTRIES:,} files and folders.")
    code, out = git("merge-tree", "--write-tree", "--no-messages", ours, theirs, also=(1,))
    if code:
        raise Refused(f"{theirs} does not merge with {ours} without conflicts, so nobody can say what would be applied. Merge the target branch into it.")
    return out.decode().split("\n", 1)[0]


def same(one: str, other: str) -> bool:
    """Whether two commits have the same rollouts."""
    return git("ls-tree", "-z", "--full-tree", one, "--", PART) == git("ls-tree", "-z", "--full-tree", other, "--", PART)


def members(tree: str) -> t.Iterator[tuple[str, str]]:
    """Name and object of each file below rollouts."""
    records = entries("-l", tree, "--", PART)
    if not records:
        raise Refused(f"There is no folder {PART}.")
    # The first is the folder itself.
    if len(records) - 1 > MOST_FILES:
        raise Refused(f"{PART} has {len(records) - 1} files and folders; {MOST_FILES} are allowed.")
    total = 0
    for record in records:
        head, dummy, raw = record.partition(b"\t")
        mode, kind, blob, size = head.decode().split()
        name = raw.decode(errors="surrogateescape")
        shown = ascii(name if len(name) <= 200 else f"{name[:200]}...")
        # Ansible takes a $ for the start of a variable: the password could be guessed, and the way out of the folder spelled.
        if not name.isprintable() or "\\" in name or "$" in name or any(part.lower() in ("", ".", "..", ".git") for part in name.split("/")):
            raise Refused(f"{shown} is not allowed as the name of a file.")
        if name.count("/") > MOST_FOLDERS_DEEP:
            raise Refused(f"{shown} is more than {MOST_FOLDERS_DEEP} folders deep.")
        if kind == "tree":
            continue
        if mode not in PLAIN_FILES or "/" not in name:
            raise Refused(f"{shown} is no plain file (mode {mode}). Links and submodules are not allowed in {PART}.")
        total += int(size)
        if total > MOST_BYTES:
            raise Refused(f"{PART} has more than {MOST_BYTES:,} bytes.")
        yield name, blob


def write(tree: str, folder: Path) -> None:
    """Write the files into a folder that is not there yet."""
    found = list(members(tree))
    if not found:
        raise Refused(f"There is no file in {PART}.")
    folder.mkdir(parents=True)
    for name, blob in found:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not open(): it would write through what is there already, such as a name that the tree has twice.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(git("cat-file", "blob", blob, most=MOST_BYTES)[1])


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
