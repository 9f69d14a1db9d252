# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the jobs of .gitlab-ci.yml ask and tell GitLab: which merge request waits for a plan, the comment with it, and which plan was approved.

It runs in jobs that have GITLAB_TOKEN and no secret of ThingSpace. The comment is the record: its first line holds, hidden, the commit that was
planned and what of the plan an apply compares. Nobody but the bot of the token (and maintainers, who have everything) can write or change it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import forge

MARK = re.compile(r"<!-- thingspace\.fota plan ([A-Za-z0-9+/=]+) -->")
PART = "rollouts"
# Folders for what jobs hand on. What is committed under these names must not pass for it.
FOUND, REPORT = Path("found"), Path("report")
# How a pipeline starts that makes plans.
BY_SCHEDULE = "schedule"
MOST_SECONDS = 60
COMPARED = ("format_version", "check_mode", "failed", "plan_digests")


def _url(path: str) -> str:
    return f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}/{path}"


def _headers() -> dict[str, str]:
    return {"PRIVATE-TOKEN": os.environ["GITLAB_TOKEN"]}


def call(path: str, method: str = "GET", values: forge.Values | None = None) -> t.Any:
    return forge.call(_url(path), _headers(), method, values)


def every(path: str, **query: str) -> t.Iterator[forge.Values]:
    return forge.every(_url(path), _headers(), **query)


def record(number: int) -> tuple[int | None, forge.Values]:
    """The comment with the plan of a merge request: its id, and what it says about itself."""
    bot = forge.call(f"{os.environ['CI_API_V4_URL']}/user", _headers())["id"]
    for note in every(f"merge_requests/{number}/notes", sort="asc", order_by="created_at"):
        # Of the bot alone: anybody can write a comment that begins like this.
        if note["author"]["id"] == bot and not note["system"] and (mark := MARK.match(note["body"])):
            return note["id"], json.loads(base64.b64decode(mark[1]))
    return None, {}


def git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        sys.exit(f"git {arguments[0]} took more than {MOST_SECONDS} seconds.")
    if done.returncode:
        sys.exit(f"git {arguments[0]} failed: {ascii(done.stderr.strip())}")
    return done.stdout


def branch() -> str:
    """What main's rollouts are. A plan is one of a merge request onto them."""
    return git("rev-parse", f"HEAD:{PART}").strip()


def is_of_main(pipeline: t.Any) -> bool:
    """Whether a plan came from a pipeline of the protected branch, which runs that branch's own .gitlab-ci.yml."""
    if not isinstance(pipeline, int):
        return False
    found = call(f"pipelines/{pipeline}")
    return (found["ref"], found["source"], found["tag"]) == (os.environ["CI_DEFAULT_BRANCH"], BY_SCHEDULE, False)


def following() -> int:
    """Finds the merge request that has waited longest for a plan: one a pipeline, so that a refused login is one and no more."""
    FOUND.mkdir()
    onto = branch()
    query = {"state": "opened", "target_branch": os.environ["CI_DEFAULT_BRANCH"], "order_by": "created_at", "sort": "asc"}
    for one in every("merge_requests", **query):
        number, commit = one["iid"], one["sha"]
        # A fork is anybody's.
        if str(one["source_project_id"]) != os.environ["CI_PROJECT_ID"] or not commit:
            continue
        dummy, known = record(number)
        if (known.get("commit"), known.get("onto")) == (commit, onto):
            continue
        touched = (path for change in every(f"merge_requests/{number}/diffs") for path in (change["old_path"], change["new_path"]))
        if any(path.startswith(f"{PART}/") for path in touched):
            (FOUND / "change").write_text(f"{number} {commit} {onto}\n", encoding="utf-8")
            print(f"Merge request {number} at {commit} waits for a plan.")
            return 0
    print("No merge request waits for a plan.")
    return 0


def comment() -> int:
    """Posts the report of the job plan, or that there is none: one comment, written anew each time."""
    number, commit, onto = (FOUND / "change").read_text(encoding="utf-8").split()
    newest = call(f"merge_requests/{number}")["sha"]
    if newest != commit:
        print(f"The merge request has moved on from {commit} to {newest}, which gets a plan of its own.")
        return 0
    about: forge.Values = {"commit": commit, "onto": onto, "pipeline": int(os.environ["CI_PIPELINE_ID"])}
    report = ""
    # Both, or the job was stopped between them.
    if (REPORT / "plan.md").is_file() and (REPORT / "plan.json").is_file():
        report = (REPORT / "plan.md").read_text(encoding="utf-8")
        whole = json.loads((REPORT / "plan.json").read_text(encoding="utf-8"))
        about["plan"] = {name: whole.get(name) for name in COMPARED}
    body = f"<!-- thingspace.fota plan {base64.b64encode(json.dumps(about).encode()).decode()} -->\n{forge.told(commit, os.environ['CI_PIPELINE_URL'], report)}"
    there, dummy = record(int(number))
    if there:
        call(f"merge_requests/{number}/notes/{there}", "PUT", {"body": body})
    else:
        call(f"merge_requests/{number}/notes", "POST", {"body": body})
    return 0


def approved() -> int:
    """Finds what the comment of the merge request said that brought this commit to main."""
    FOUND.mkdir()
    sha, target = os.environ["CI_COMMIT_SHA"], os.environ["CI_DEFAULT_BRANCH"]
    for one in every(f"repository/commits/{sha}/merge_requests"):
        # The head itself is what main becomes by a fast-forward.
        brought = sha in (one.get("merge_commit_sha"), one.get("squash_commit_sha"), one["sha"])
        ours = str(one["target_project_id"]) == os.environ["CI_PROJECT_ID"] and one["target_branch"] == target
        if one["state"] == "merged" and ours and brought:
            dummy, known = record(one["iid"])
            if known.get("commit") != one["sha"] or not known.get("plan") or not is_of_main(known.get("pipeline")):
                sys.exit(f"There is no plan of merge request {one['iid']} at {one['sha']}, so none was approved.")
            (FOUND / "plan.json").write_text(json.dumps(known["plan"]), encoding="utf-8")
            return 0
    sys.exit(f"No merge request brought {sha} to {target}, so nobody has approved its plan.")


def main(arguments: list[str]) -> int:
    jobs = {"next": following, "comment": comment, "approved": approved}
    if len(arguments) != 1 or arguments[0] not in jobs:
        sys.exit(f"Which one: {', '.join(jobs)}?")
    if committed := git("ls-files", "--", str(FOUND), str(REPORT)):
        sys.exit(f"Remove {ascii(committed.splitlines()[0])} from the repository: it would pass for what a job has made.")
    return jobs[arguments[0]]()


if __name__ == "__main__":
    forge.run(lambda: sys.exit(main(sys.argv[1:])))
