# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workflows ask and tell GitHub: the comment with a plan, and which plan was approved. It needs no secret of ThingSpace."""

from __future__ import annotations

import io
import os
import sys
import typing as t
import zipfile
from pathlib import Path

import forge

MARK = "<!-- thingspace.fota plan -->"
BOT = "github-actions[bot]"
MAIN = "main"
PLAN = ".github/workflows/plan.yml"


def _url(path: str) -> str:
    return f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}".rstrip("/")


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def call(path: str, method: str = "GET", values: forge.Values | None = None) -> t.Any:
    return forge.call(_url(path), _headers(), method, values)


def every(path: str, key: str | None = None, **query: str) -> t.Iterator[forge.Values]:
    return forge.every(_url(path), _headers(), key, **query)


def newest(artifacts: t.Iterable[forge.Values]) -> list[forge.Values]:
    """Those that are still there, the newest first."""
    return sorted((one for one in artifacts if not one["expired"]), key=lambda one: (one["created_at"], one["id"]), reverse=True)


def kept(artifact: forge.Values, name: str) -> bytes:
    """A file of an artifact. It is in a store that is not GitHub's API, and must not see the token."""
    elsewhere, content = forge.raw(_url(f"actions/artifacts/{artifact['id']}/zip"), _headers())
    if elsewhere:
        elsewhere, content = forge.raw(elsewhere, {})
    if elsewhere:
        sys.exit(f"Artifact {artifact['id']} is nowhere.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if name not in archive.namelist():
            return b""
        with archive.open(name) as stream:
            return stream.read(forge.MOST_BYTES)


def comment() -> None:
    """Posts the report of this run, or that there is none: one comment, written anew each time."""
    number, commit = os.environ["PULL_REQUEST"], os.environ["COMMIT"]
    head = call(f"pulls/{number}")["head"]["sha"]
    if head != commit:
        print(f"The pull request has moved on from {commit} to {head}, which has a run of its own.")
        return
    report = ""
    # An earlier attempt of this run may have kept a plan. It is not the one of an attempt that ended before the step.
    if os.environ["RAN"] in ("success", "failure"):
        found = newest(every(f"actions/runs/{os.environ['GITHUB_RUN_ID']}/artifacts", "artifacts", name=f"plan-{number}-{commit}"))
        report = kept(found[0], "plan.md").decode() if found else ""
    body = f"{MARK}\n{forge.told(commit, os.environ['LOG'], report)}"
    # By its first line, not as the last comment of the bot: other workflows comment under the same name.
    there = [one["id"] for one in every(f"issues/{number}/comments") if one["user"]["login"] == BOT and one["body"].startswith(MARK)]
    if there:
        call(f"issues/comments/{there[0]}", "PATCH", {"body": body})
    else:
        call(f"issues/{number}/comments", "POST", {"body": body})


def is_of_main(run: forge.Values, change: forge.Values) -> bool:
    """Whether a run is one of main's own workflow, for a pull request of this repository.

    Any workflow that somebody pushes may keep an artifact of any name. On pull_request_target the workflow is that of the default branch, which
    approved() has seen to be main. Older servers took it from the base of the pull request, which had a copy of its own: so whatever is told of
    the base has to be main. Which of the two a run calls its head is told differently by different servers.
    """
    path, dummy, branch = run["path"].partition("@")
    head, repository = change["head"], os.environ["GITHUB_REPOSITORY"]
    # Of those that are open, and so this one need not be there.
    bases = {one["base"]["ref"] for one in run.get("pull_requests") or [] if one["head"]["sha"] == head["sha"]}
    return (
        (run["event"], path) == ("pull_request_target", PLAN)
        and branch in ("", MAIN, f"refs/heads/{MAIN}")
        and (run["repository"]["full_name"], (run["head_repository"] or {}).get("full_name")) == (repository, repository)
        and run["head_branch"] in (head["ref"], MAIN)
        and bases <= {MAIN}
        and (run["head_sha"] == head["sha"] or call(f"compare/{MAIN}...{run['head_sha']}")["status"] in ("behind", "identical"))
    )


def approved(path: Path) -> None:
    """Writes the plan that was approved with the pull request that brought this commit to main."""
    commit = os.environ["COMMIT"]
    if (default := call("")["default_branch"]) != MAIN:
        sys.exit(f"The default branch is {default!a}, so plans are not made by the workflow of {MAIN}, and none counts as approved.")
    brought = [one for one in every(f"commits/{commit}/pulls") if one["merged_at"] and one["base"]["ref"] == MAIN and one["merge_commit_sha"] == commit]
    if not brought:
        sys.exit(f"No pull request brought {commit} to {MAIN}, so nobody has approved its plan.")
    number, head = brought[0]["number"], brought[0]["head"]["sha"]
    for artifact in newest(every("actions/artifacts", "artifacts", name=f"plan-{number}-{head}")):
        run = call(f"actions/runs/{artifact['workflow_run']['id']}")
        if not is_of_main(run, brought[0]):
            continue
        if run["conclusion"] == "success":
            path.write_bytes(kept(artifact, "plan.json"))
            return
        break
    sys.exit(f"There is no plan of pull request {number} at {head} that came through, so none was approved.")


def main(arguments: list[str]) -> None:
    if arguments == ["comment"]:
        comment()
    elif len(arguments) == 2 and arguments[0] == "approved":
        approved(Path(arguments[1]))
    else:
        sys.exit("Which one: comment, or approved FILE?")


if __name__ == "__main__":
    forge.run(lambda: main(sys.argv[1:]))
