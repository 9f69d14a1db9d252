# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rollout files there are, and where they may lead."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils import _rollout_words as words

ENDINGS = (".yml", ".yaml", ".json")


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


def astray(path: str, rollout_file: str) -> str | None:
    """Why a path must not be read for a rollout file, None where it may.

    Errors quote what they are about. So a pull request that points at the keys of the runner, by a path or by a link, would read them out.
    Outside of a repository there is no pull request.
    """
    top = next((folder for folder in pathlib.Path(rollout_file).parents if (folder / ".git").exists()), None)
    if top is None:
        return None
    real, inside = pathlib.Path(os.path.realpath(path)), pathlib.Path(os.path.realpath(top))
    if inside in real.parents and inside / ".git" not in (real, *real.parents):
        return None
    return f"leads out of the Git repository {top}, to {real}. What a rollout consists of has to be in it."


def shown(path: str, folder: str) -> str:
    """A path as short as it is clear: below the folder without it."""
    return str(pathlib.Path(path).relative_to(folder)) if pathlib.Path(folder) in pathlib.Path(path).parents else path
