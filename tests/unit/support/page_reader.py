# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a page as a browser would, strictly: what is not balanced, or is no element that a page of ours has, is a fault."""

from __future__ import annotations

import html.parser

VOID = ("meta",)
ALLOWED = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3", "p", "a", "span", "strong", "small"}
ALLOWED |= {"time", "code", "ol", "ul", "li", "dl", "dt", "dd", "div", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"}
ALLOWED |= {"svg", "g", "rect", "line", "text"}
# No style among them: the policy would refuse it. Of links only those within the page.
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "datetime", "scope", "colspan", "open", "role", "tabindex"}
ATTRIBUTES |= {"aria-label", "aria-hidden", "width", "height", "x", "x1", "x2", "y", "y2", "dx", "transform", "text-anchor"}


class Page(html.parser.HTMLParser):
    """A page that was read. ``elements`` are names and attributes, ``texts`` what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.css = ""
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        if self._open:
            self.faults.append(f"open at the end: {self._open}")

    @property
    def text(self) -> str:
        """All text of the page in one line."""
        return " ".join(" ".join(self.texts).split())

    def named(self, name: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for found, attributes in self.elements if found == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in ("rect", "line"):
            self.faults.append(f"<{tag}/> ends nothing in HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} ends another element")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.css += data
        elif data.strip():
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data}")

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in ALLOWED or len(attributes) != len(attrs):
            self.faults.append(f"<{tag} {attrs}>")
        self.faults += [f"{name} of <{tag}>" for name in attributes if name not in ATTRIBUTES]
        if not attributes.get("href", "#").startswith("#"):
            self.faults.append(f"a link out of the page: {attributes['href']}")
