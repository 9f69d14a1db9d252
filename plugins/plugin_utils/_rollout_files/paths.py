# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rollout files there are, and where they may lead."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ...module_utils._errors import InputError
from . import messages as words

ENDINGS = (".yml", ".yaml", ".json")
_GIT = ".git"
# As many as the kernel follows.
_MOST_LINKS = 40


def paths(terms: t.Sequence[str], folder: str) -> list[str]:
    """Absolute paths of the files that are meant, each once. Raises InputError for a place where there are none."""
    found: list[str] = []
    for term in terms:
        try:
            # Not of pathlib: that raises RuntimeError for the home of a user that there is not.
            place = pathlib.Path(os.path.normpath(pathlib.Path(folder) / os.path.expanduser(term)))  # noqa: PTH111
            inside = [place]
            if not term.strip() or not place.exists():
                raise InputError(f"There is no rollout file or folder {term!r} in {folder}.")
            if place.is_dir():
                inside = sorted(path for path in place.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and not path.is_dir())
        except (OSError, ValueError) as error:
            raise InputError(f"{words.shown(term)} cannot be read: {error.strerror if isinstance(error, OSError) else error}.") from None
        if not inside:
            raise InputError(f"There is no rollout file in the folder {shown(str(place), folder)}: none that ends in {', '.join(ENDINGS)}.")
        found += [str(path) for path in inside]
    if not found:
        raise InputError("No rollout files are given.")
    return list(dict.fromkeys(found))


def bounds(rollout_file: str, root: str | None = None) -> tuple[pathlib.Path, ...]:
    """The folders in all of which everything has to lie that a rollout file leads to, itself included.

    That is the root, if one is given. Else it is the Git repository of the file, and that of each link on the way to it: neither a link out of a
    repository nor one into it lifts the bounds. Without a repository there is no pull request, and there are none.
    """
    if root is not None:
        return (pathlib.Path(root),)
    folders, end = _way(pathlib.Path(rollout_file))
    tops = [next((folder for folder in (place, *place.parents) if os.path.lexists(folder / _GIT)), None) for place in (*folders, end.parent)]
    return tuple(dict.fromkeys(top for top in tops if top is not None))


def root_of(given: str, folder: str) -> str:
    """The root that a user gives, links resolved. Raises InputError where there is no such folder."""
    try:
        real = os.path.realpath(os.path.join(folder, os.path.expanduser(given)))  # noqa: PTH111, PTH118
        usable = bool(given.strip()) and os.path.isdir(real)  # noqa: PTH112
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"The root {words.shown(given)} is no folder. Give the one that rollout files and files of devices may not lead out of.")
    return real


def astray(path: str, within: t.Sequence[pathlib.Path]) -> str | None:
    """Why a path must not be read for a rollout file, None where it may.

    Errors tell of what they are about. So a pull request that points at the keys of the runner, by a path or by a link, could learn something about them.
    """
    try:
        real = pathlib.Path(os.path.realpath(path))
    except ValueError as error:
        return f"cannot be looked for: {error}."
    # Whatever opens a file puts variables of the environment into its path: ansible-core (unfrackpath) and the options of a module. "d/.${EMPTY}."
    # would be a folder here and "d/.." there, and "d/$PASSWORD" would tell whether there is a file of that name.
    if "$" in f"{path}{real}":
        return "has a $ in its path, and what opens it would put a variable of the environment there. Rename it."
    # Credentials of a clone stand in its configuration. A worktree and a submodule have a file of that name.
    if any(part.casefold() == _GIT for part in real.parts) or any(_is_git_folder(folder) for folder in real.parents):
        return "leads to what Git keeps for itself, and a rollout never consists of that."
    for top in within:
        if top not in real.parents:
            kind = "Git repository " if os.path.lexists(top / _GIT) else "folder "
            return f"leads out of the {kind}{top}, to {real}. What a rollout consists of has to be in it."
    return None


def _is_git_folder(folder: pathlib.Path) -> bool:
    """Whether it is the inside of a repository under another name: a bare clone, or where GIT_DIR points to."""
    return all(os.path.lexists(folder / name) for name in ("HEAD", "objects", "refs"))


def _way(path: pathlib.Path) -> tuple[list[pathlib.Path], pathlib.Path]:
    """The real folders in which links lie on the way to a path, and where it ends."""
    folders: list[pathlib.Path] = []
    real, todo = pathlib.Path(path.anchor or "/"), list(reversed(path.parts))
    while todo:
        part = todo.pop()
        if os.path.isabs(part):  # noqa: PTH117
            real = pathlib.Path(part)
        elif part == "..":
            real = real.parent
        elif (real / part).is_symlink() and len(folders) < _MOST_LINKS:
            folders.append(real)
            todo += reversed(pathlib.PurePath(os.readlink(real / part)).parts)  # noqa: PTH115
        else:
            real /= part
    return folders, real


def shown(path: str, folder: str) -> str:
    """A path as short as it is clear: below the folder without it."""
    return str(pathlib.Path(path).relative_to(folder)) if pathlib.Path(folder) in pathlib.Path(path).parents else path
