# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A document becomes a comment for reviewers, in Markdown as GitHub and GitLab render it. Pure.

It is never longer than they take. What does not fit is left out in this order: devices in the lists, ends of names, rows of upgrades that
do not change, other rows; a sentence at the top says how much.
"""

from __future__ import annotations

import typing as t

from .document import Document
from .escape import Clipper, size
from .sections import devices as changes
from .sections import licenses, notes, picture, table, title
from .sections.title import of

# GitHub takes 65,536 characters and GitLab more; what posts a comment may add a line of its own.
LIMIT = 60_000
# Rows of each kind and characters of names: tried in this order until the report without any device is short enough.
_SHAPES = ((1000, 1000), (1000, 40), (500, 40), (200, 40), (100, 20), (50, 20), (20, 20), (10, 20), (5, 20), (2, 20), (1, 20), (0, 20))
_WITHOUT_DEVICES = 0.95


def markdown(document: Document) -> str:
    """The comment, at most :data:`LIMIT` characters."""
    shape = next((shape for shape in _SHAPES if size(_composed(document, shape, 0)) <= LIMIT * _WITHOUT_DEVICES), _SHAPES[-1])
    longest = max((len(entries) for entries in _entries(document)), default=0)
    # The most entries of each list with which it still fits.
    fits, fits_not = 0, longest + 1
    while fits_not - fits > 1:
        middle = (fits + fits_not) // 2
        if size(_composed(document, shape, middle)) <= LIMIT:
            fits = middle
        else:
            fits_not = middle
    return _composed(document, shape, fits)


def _entries(document: Document) -> t.Iterator[t.Sequence[t.Any]]:
    yield document["moved"]
    for row in (*document["upgrades"], *document["licenses"]):
        yield from (row["added"], row["removed"], row["rejected"])
    for row in document["licenses"]:
        yield from (row["candidates_added"], row["candidates_removed"])


def _composed(document: Document, shape: tuple[int, int], devices: int) -> str:
    """The comment with at most so many rows of each kind and characters of names, and so many devices in each list."""
    most, longest_name = shape
    clipper = Clipper(longest_name)
    lists = changes.Lists(clipper, devices)
    rows = table.changed_first(document["upgrades"], most)
    stops, stops_left = title.stops(document, clipper, min(most, 20))
    body: list[str] = []
    if _worth_a_table(document):
        body += [*table.table(rows, clipper), "", *picture.picture(rows)] if rows else []
        for section in (changes.added, changes.removed):
            body += section(document, rows, lists, clipper)
        body += changes.moved(document, lists, clipper, most)
        body += changes.rejected(document, rows, lists, clipper)
    others, others_left = licenses.licenses_and_callbacks(document, lists, clipper, most)
    warnings, warnings_left = notes.warnings(document, clipper, min(most, 30))
    digests, digests_left = notes.digests(document, clipper, most)
    left = {
        "upgrade": len(document["upgrades"]) - len(rows) if body else 0,
        "device": lists.left_out,
        "error": stops_left,
        "warning": warnings_left,
        "row of licenses or listeners": others_left,
        "digest": digests_left,
    }
    parts = [title.title(document), "", *stops, *_intro(document), *_left_out(left, clipper, document), *body, *others, *warnings, *digests]
    return "\n".join(parts).strip() + "\n"


def _worth_a_table(document: Document) -> bool:
    """Where nothing changes, a line is enough; refused and past ones are told nevertheless."""
    counts = document["counts"]
    return bool(document["failed"] or counts["changed"] or counts["rejected"] or counts["past"])


def _intro(document: Document) -> list[str]:
    counts = document["counts"]
    rows = document["upgrades"]
    if not rows and not document["licenses"] and not document["callbacks"]:
        if document["drift"] is not None:
            return []
        before = "" if document["errors"] else "No task of this collection told what it would do. "
        return [f"{before}Whether something has to be done is unknown.", ""]
    if not rows or not _worth_a_table(document):
        return []
    told = []
    if all(row[side] is not None for row in rows for side in ("before", "after")):
        tense = "would have" if document["check_mode"] else "have"
        told.append(f"{of(counts['upgrades'], 'upgrade')} with {of(counts['before'], 'device')} {tense} {of(counts['after'], 'device')} afterwards.")
    if document["check_mode"] and document["failed"]:
        told.append("Nothing is changed: a run without `--check` would stop here, too.")
    elif document["check_mode"]:
        told.append("Nothing is changed yet: this is what a run without `--check` would do.")
    told.append("An upgrade installs one firmware version on its devices from its start day on; a device can be in one upgrade only.")
    return [" ".join(told), ""]


def _left_out(left: t.Mapping[str, int], clipper: Clipper, document: Document) -> list[str]:
    """The sentence without which nothing may be left out."""
    parts = [of(count, word) for word, count in left.items() if count]
    parts += [f"the ends of {of(clipper.count, 'long text')} (…)"] if clipper.count else []
    lines = []
    if parts:
        lines = [f"> Shortened to fit into a comment. Left out: {', '.join(parts)}. The JSON report has them. All counts are exact.", ""]
    if document["truncated"]:
        lines += ["> `result_limit` cut lists of devices before this report saw them, so the JSON report lacks them too. All counts are exact.", ""]
    return lines
