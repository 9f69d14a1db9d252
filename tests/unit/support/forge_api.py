# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the APIs of GitHub and GitLab that the sample's jobs use, over HTTP, as their documents describe them."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import threading
import typing as t
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOT = "github-actions[bot]"
TOKEN = "forge-token"
PROJECT = "17"
Values = dict[str, t.Any]


@dataclasses.dataclass
class Change:
    """A pull request (merge request)."""

    number: int
    head: str
    touched: list[str]
    base: str = "main"
    merged: str | None = None
    fork: bool = False


@dataclasses.dataclass
class Comment:
    number: int
    author: str
    body: str
    ident: int


@dataclasses.dataclass
class Artifact:
    ident: int
    name: str
    run: int
    files: dict[str, bytes]
    expired: bool = False


@dataclasses.dataclass
class Forge:
    """What it knows. ``leaks`` are requests that carried a token to where it does not belong."""

    changes: dict[int, Change] = dataclasses.field(default_factory=dict)
    comments: list[Comment] = dataclasses.field(default_factory=list)
    artifacts: list[Artifact] = dataclasses.field(default_factory=list)
    runs: dict[int, Values] = dataclasses.field(default_factory=dict)
    leaks: list[str] = dataclasses.field(default_factory=list)
    #: Where everything is led instead of an answer.
    detour: str = ""
    #: Bytes that are sent instead of an answer. What is not ended by them never ends.
    instead: bytes | None = None
    #: What is in the store instead of archives.
    archive: bytes | None = None
    default_branch: str = "main"
    in_main: t.Callable[[str], bool] = lambda sha: False
    url: str = ""

    def say(self, number: int, author: str, body: str) -> None:
        self.comments.append(Comment(number, author, body, len(self.comments) + 1))

    def keep(self, name: str, run: int, files: dict[str, bytes]) -> Artifact:
        """As upload-artifact does with ``overwrite``."""
        self.artifacts = [one for one in self.artifacts if (one.name, one.run) != (name, run)]
        self.artifacts.append(Artifact(max((one.ident for one in self.artifacts), default=0) + 1, name, run, files))
        return self.artifacts[-1]

    def answer(self, method: str, path: str, query: dict[str, str], values: Values) -> t.Any:
        """What an operation answers: JSON, bytes, or a str for where it leads."""
        for pattern, operation in OPERATIONS:
            if match := re.fullmatch(pattern, f"{method} {path}"):
                found = operation(self, query, values, *match.groups())
                return [] if isinstance(found, list) and query.get("page", "1") != "1" else found
        raise KeyError(path)

    # GitHub

    def repository(self, dummy: Values, dummy_values: Values) -> Values:
        return {"default_branch": self.default_branch}

    def compared(self, dummy: Values, dummy_values: Values, sha: str) -> Values:
        return {"status": "behind" if self.in_main(sha) else "diverged"}

    def pull(self, dummy: Values, dummy_values: Values, number: str) -> Values:
        return {"head": {"sha": self.changes[int(number)].head}}

    def pulls_of(self, dummy: Values, dummy_values: Values, sha: str) -> list[Values]:
        """Every one that has the commit, whatever became of it."""
        return [
            {
                "number": one.number,
                "head": {"sha": one.head, "ref": f"change-{one.number}"},
                "base": {"ref": one.base},
                "merged_at": one.merged and "2026-11-01T00:00:00Z",
                "merge_commit_sha": one.merged,
            }
            for one in self.changes.values()
        ]

    def artifacts_of(self, query: Values, dummy_values: Values, run: str | None = None) -> Values:
        found = [one for one in self.artifacts if one.name == query["name"] and run in (None, str(one.run))]
        listed = [
            {"id": one.ident, "name": one.name, "expired": one.expired, "created_at": f"2026-11-{one.ident:02}T00:00:00Z", "workflow_run": {"id": one.run}}
            for one in found
        ]
        return {"artifacts": listed}

    def zip_of(self, dummy: Values, dummy_values: Values, ident: str) -> str:
        return f"{self.url}/store/{ident}"

    def stored(self, dummy: Values, dummy_values: Values, ident: str) -> bytes:
        if self.archive is not None:
            return self.archive
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, data in next(one for one in self.artifacts if str(one.ident) == ident).files.items():
                archive.writestr(name, data)
        return content.getvalue()

    def run(self, dummy: Values, dummy_values: Values, ident: str) -> Values:
        return self.runs[int(ident)]

    def issue_comments(self, dummy: Values, dummy_values: Values, number: str) -> list[Values]:
        return [{"id": one.ident, "user": {"login": one.author}, "body": one.body} for one in self.comments if one.number == int(number)]

    def post(self, dummy: Values, values: Values, number: str) -> Values:
        self.say(int(number), BOT, values["body"])
        return {}

    def edit(self, dummy: Values, values: Values, ident: str) -> Values:
        next(one for one in self.comments if one.ident == int(ident)).body = values["body"]
        return {}

    # GitLab

    def pipeline(self, dummy: Values, dummy_values: Values, ident: str) -> Values:
        return self.runs[int(ident)]

    def user(self, dummy: Values, dummy_values: Values) -> Values:
        return {"id": BOT}

    def merge_request(self, dummy: Values, dummy_values: Values, number: str) -> Values:
        one = self.changes[int(number)]
        return {
            "iid": one.number,
            "sha": one.head,
            "target_branch": one.base,
            "state": "merged" if one.merged else "opened",
            "merge_commit_sha": one.merged,
            "squash_commit_sha": None,
            "source_project_id": 99 if one.fork else int(PROJECT),
            "target_project_id": int(PROJECT),
        }

    def merge_requests(self, query: Values, dummy_values: Values) -> list[Values]:
        listed = [self.merge_request({}, {}, str(number)) for number in self.changes]
        return [one for one in listed if (one["state"], one["target_branch"]) == (query["state"], query["target_branch"])]

    def merge_requests_of(self, dummy: Values, dummy_values: Values, sha: str) -> list[Values]:
        return [self.merge_request({}, {}, str(number)) for number in self.changes]

    def diffs(self, dummy: Values, dummy_values: Values, number: str) -> list[Values]:
        return [{"old_path": path, "new_path": path} for path in self.changes[int(number)].touched]

    def notes(self, dummy: Values, dummy_values: Values, number: str) -> list[Values]:
        return [{"id": one.ident, "author": {"id": one.author}, "system": False, "body": one.body} for one in self.comments if one.number == int(number)]

    def edit_note(self, query: Values, values: Values, dummy_number: str, ident: str) -> Values:
        return self.edit(query, values, ident)


OPERATIONS: list[tuple[str, t.Callable[..., t.Any]]] = [
    (r"GET /repos/o/r/pulls/(\d+)", Forge.pull),
    (r"GET /repos/o/r/commits/(\w+)/pulls", Forge.pulls_of),
    (r"GET /repos/o/r/actions/artifacts", Forge.artifacts_of),
    (r"GET /repos/o/r/actions/runs/(\d+)/artifacts", Forge.artifacts_of),
    (r"GET /repos/o/r/actions/artifacts/(\d+)/zip", Forge.zip_of),
    (r"GET /store/(\d+)", Forge.stored),
    (r"GET /repos/o/r/actions/runs/(\d+)", Forge.run),
    (r"GET /repos/o/r/issues/(\d+)/comments", Forge.issue_comments),
    (r"POST /repos/o/r/issues/(\d+)/comments", Forge.post),
    (r"PATCH /repos/o/r/issues/comments/(\d+)", Forge.edit),
    (r"GET /repos/o/r", Forge.repository),
    (r"GET /repos/o/r/compare/main\.\.\.(\w+)", Forge.compared),
    (r"GET /user", Forge.user),
    (rf"GET /projects/{PROJECT}/pipelines/(\d+)", Forge.pipeline),
    (rf"GET /projects/{PROJECT}/merge_requests", Forge.merge_requests),
    (rf"GET /projects/{PROJECT}/merge_requests/(\d+)", Forge.merge_request),
    (rf"GET /projects/{PROJECT}/merge_requests/(\d+)/diffs", Forge.diffs),
    (rf"GET /projects/{PROJECT}/merge_requests/(\d+)/notes", Forge.notes),
    (rf"POST /projects/{PROJECT}/merge_requests/(\d+)/notes", Forge.post),
    (rf"PUT /projects/{PROJECT}/merge_requests/(\d+)/notes/(\d+)", Forge.edit_note),
    (rf"GET /projects/{PROJECT}/repository/commits/(\w+)/merge_requests", Forge.merge_requests_of),
]


class Serving:
    """A forge on a free port of this machine, as a context."""

    def __init__(self) -> None:
        self.forge = forge = Forge()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, dummy, query = self.path.partition("?")
                length = int(self.headers["Content-Length"] or 0)
                values = json.loads(self.rfile.read(length)) if length else {}
                known = self.headers["Authorization"] == f"Bearer {TOKEN}" or self.headers["PRIVATE-TOKEN"] == TOKEN
                if path.startswith("/store/") == known:
                    forge.leaks.append(self.path)
                    return self.reply(400, b"")
                if forge.instead is not None:
                    self.wfile.write(forge.instead)
                    self.wfile.flush()
                    self.rfile.read(1)
                    return None
                if forge.detour and known:
                    return self.reply(302, b"", forge.detour)
                try:
                    answer = forge.answer(self.command, path, dict(urllib.parse.parse_qsl(query)), values)
                except (KeyError, StopIteration):
                    return self.reply(404, b"")
                if isinstance(answer, str):
                    return self.reply(302, b"", answer)
                return self.reply(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            do_POST = do_PUT = do_PATCH = do_GET

            def reply(self, code: int, content: bytes, location: str = "") -> None:
                self.send_response(code)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: t.Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        forge.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Forge:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self.forge

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
