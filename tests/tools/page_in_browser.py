# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the role report in a headless Chromium: it loads nothing, complains about nothing, and can be read in every window.

`page_in_browser.py` looks at it; `page_in_browser.py --picture docs/report.png` makes the picture of the documentation.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import browser
import trees
from places import ROOT

sys.path.insert(0, str(trees.link()))
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from ansible_collections.thingspace.fota.plugins.filter.upgrades_page import upgrades_page
from support import page_samples

ABOUT: dict[str, Any] = {"account": page_samples.ACCOUNT, "generated": page_samples.TODAY, "job": "AWX job 1284", "commit": "4f2a9c1"}
# Width and whether it is dark: a desktop, a telephone.
WINDOWS = ((1200, False), (1200, True), (360, False), (360, True))
# Text needs 4.5 to 1, what is drawn 3 to 1 (WCAG 2.1, 1.4.3 and 1.4.11).
LOOK = """(() => {
  const light = colour => {
    const part = colour.match(/[\\d.]+/g).slice(0, 3).map(value => value / 255).map(value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
    return .2126 * part[0] + .7152 * part[1] + .0722 * part[2] + .05;
  };
  const ratio = (one, other) => Math.max(light(one), light(other)) / Math.min(light(one), light(other));
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faults = [], all = [...document.body.querySelectorAll('*')];
  for (const element of all) {
    const style = getComputedStyle(element), name = element.localName + '.' + element.getAttribute('class');
    if ([...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) {
      const found = ratio(element.closest('svg') ? style.fill : style.color, behind(element));
      if (found < 4.5) faults.push(`${name}: contrast ${found.toFixed(2)}`);
    }
    if (element.matches('.fill')) {
      const found = ratio(style.fill, behind(element));
      if (found < 3) faults.push(`${name}: contrast ${found.toFixed(2)}`);
      if (element.checkVisibility() && element.getBoundingClientRect().width < 1) faults.push(`${name} cannot be seen`);
    }
    for (const attribute of element.attributes) if (/^on|^style$/.test(attribute.name)) faults.push(`${name} has ${attribute.name}`);
  }
  const {scrollWidth, clientWidth} = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`${scrollWidth} pixels in a window of ${clientWidth}`);
  if (document.scripts.length || document.images.length) faults.push('scripts or images');
  return [...new Set(faults)];
})()"""
# Whoever looks for requests, complaints and faults must see those of this page.
BAD = (
    "<!doctype html><title>bad</title><body style='background:#fff'><p style='color:#bbb;width:2000px'>pale</p><img src='http://127.0.0.1:9/x'>"
    "<script>console.error('x')</script>"
)
CLOSED = "[...document.querySelectorAll('details:not([open]) .ids')].filter(one => one.checkVisibility()).length"


class Wrong(Exception):
    """What the browser showed is not what the page shall be."""


def pages() -> dict[str, tuple[str, list[str]]]:
    """Pages, and words that have to be seen on them."""
    return {
        "rollout": (upgrades_page(page_samples.a_rollout(), **ABOUT), ["4 things need attention", "AWX job 1284", "20,748", "Battery too low."]),
        "attacks": (upgrades_page(page_samples.hostile(), **ABOUT, title=page_samples.EVIL[0]), page_samples.EVIL[:4]),
        "large": (upgrades_page(page_samples.a_large_account(), **ABOUT), ["100,000", "40 things need attention"]),
        "empty": (upgrades_page([], **ABOUT), ["has no upgrade."]),
        "failed": (upgrades_page([], **ABOUT, error="The login was refused."), ["The login was refused."]),
    }


def look(one: browser.Browser, url: str, words: list[str]) -> list[str]:
    """What is wrong with a page, in all windows."""
    faults = []
    for width, dark in WINDOWS:
        one.open(url, width, dark)
        found = [f"asked for {other}" for other in one.asked if other != url] + one.complaints + list(one.value(LOOK))
        text = " ".join(str(one.value("document.body.textContent")).split())
        found += [f"does not show {word!r}" for word in words if word not in text]
        faults += [f"{width} pixels{', dark' if dark else ''}: {fault}" for fault in found]
    return faults


def check(one: browser.Browser, folder: Path) -> None:
    bad = folder / "bad.html"
    bad.write_text(BAD, encoding="utf-8")
    seen = "\n".join(look(one, bad.as_uri(), []))
    for word in ("asked for http://127.0.0.1:9/x", '"type": "error"', "contrast", "pixels in a window", "scripts or images", "has style"):
        if word not in seen:
            raise Wrong(f"a page with faults is not seen through: {word} is missing in\n{seen}")
    for name, (text, words) in pages().items():
        path = folder / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        faults = look(one, path.as_uri(), words)
        if faults:
            raise Wrong(f"the page {name}:\n" + "\n".join(faults))
    one.open((folder / "rollout.html").as_uri())
    folded = one.value(CLOSED)
    one.call("Emulation.setEmulatedMedia", media="print")
    if folded or not one.value(CLOSED):
        raise Wrong("lists are folded on the screen, and open on paper")


def main(arguments: list[str]) -> int:
    program = browser.find()
    if not program:
        print("no Chromium on this machine: not looked at")
        return int(bool(arguments))
    with tempfile.TemporaryDirectory() as folder, browser.browser(program) as one:
        if arguments:
            path = Path(folder) / "page.html"
            path.write_text(pages()["rollout"][0], encoding="utf-8")
            one.open(path.as_uri(), 1000)
            one.picture(Path(arguments[-1]), 835)
            return 0
        check(one, Path(folder))
        print(f"{len(pages())} pages in {len(WINDOWS)} windows of {one.call('Browser.getVersion')['product']}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Wrong, browser.Trouble) as error:
        sys.exit(str(error))
