# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the page looks: one style sheet, for light and dark, screens and paper. Pure."""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#17212b;--soft:#55616d;--rule:#dde3e9;--bed:#e8edf1;--link:#1a5fb4;
--done:#1f8a54;--running:#2f6fd0;--waiting:#7c92a9;--failed:#c8322b;--refused:#d07a0c;--silent:#8a63c9;--other:#6d7780;--note:#2f6fd0;
--done-ink:#14683d;--running-ink:#1d53a6;--waiting-ink:#4a5a6a;--failed-ink:#a8231d;--refused-ink:#8a4d00;--silent-ink:#6540a3;--other-ink:#4d5660}
@media (prefers-color-scheme:dark){:root{--page:#0f151b;--card:#182029;--ink:#e4eaf0;--soft:#9fadba;--rule:#2b3641;--bed:#27313c;--link:#7db3f5;
--done:#3fae74;--running:#5b95ea;--waiting:#6d8196;--failed:#e5645c;--refused:#e29a3c;--silent:#a586de;--other:#8b959e;--note:#5b95ea;
--done-ink:#74d3a2;--running-ink:#9cc3fa;--waiting-ink:#b4c2d0;--failed-ink:#ff9d96;--refused-ink:#f3bd75;--silent-ink:#cdb6f5;--other-ink:#bcc5cd}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
header,main,footer{max-width:70rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
.over{margin:0;color:var(--soft);font-size:.8125rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
h1{margin:.25rem 0 .35rem;font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;font-weight:680}
h2{margin:0 0 .75rem;font-size:1.15rem;line-height:1.3;letter-spacing:-.005em}
h3{margin:1.5rem 0 .4rem;font-size:.95rem}
p{margin:.25rem 0 .75rem}
.meta,.hint,footer{color:var(--soft);font-size:.875rem}
.meta span+span::before{content:"·";margin:0 .5rem}
a{color:var(--link);text-underline-offset:.15em}
section{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;padding:1.35rem 1.5rem;margin:1.25rem 0}
section>:last-child{margin-bottom:0}
code,.ids{font:.8125rem/1.7 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.verdict{border-left:.4rem solid var(--done)}.verdict.bad{border-left-color:var(--failed)}.verdict.warn{border-left-color:var(--refused)}
.verdict.note{border-left-color:var(--note)}
.verdict h2{font-size:1.35rem}
.items{list-style:none;margin:0;padding:0}
.items li{position:relative;padding:.55rem 0 .55rem 1.4rem;border-top:1px solid var(--rule)}
.items li:first-child{border-top:0}
.items li::before{content:"";position:absolute;left:.1rem;top:1.02rem;width:.65rem;height:.65rem;border-radius:50%;background:var(--note)}
.items .bad::before{background:var(--failed);border-radius:.1rem}
.items .warn::before{background:var(--refused);border-radius:.1rem;transform:rotate(45deg)}
.items p{margin:0;color:var(--soft);font-size:.9rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1px;margin:0;background:var(--card);border:1px solid var(--rule);
border-radius:.75rem;overflow:hidden}
.tiles div{box-shadow:0 0 0 1px var(--rule);padding:.9rem 1.1rem}
.tiles dt{color:var(--soft);font-size:.8125rem;line-height:1.35}
.tiles dd{margin:0;font-size:1.65rem;font-weight:650;line-height:1.3;letter-spacing:-.02em}
.tiles dd small{display:block;font-size:.8125rem;font-weight:400;letter-spacing:0;color:var(--soft)}
.tiles .failed dd{color:var(--failed-ink)}.tiles .refused dd{color:var(--refused-ink)}.tiles .done dd{color:var(--done-ink)}
svg{display:block;overflow:visible}
.bed{fill:var(--bed)}.tick{stroke:var(--rule)}line.now{stroke:var(--ink);stroke-dasharray:2 3}
svg text{fill:var(--soft);font-size:12px}svg text.now{fill:var(--ink);font-weight:600}
.fill.done{fill:var(--done)}.fill.running{fill:var(--running)}.fill.waiting{fill:var(--waiting)}.fill.failed{fill:var(--failed)}
.fill.refused{fill:var(--refused)}.fill.silent{fill:var(--silent)}.fill.other{fill:var(--other)}
.legend{display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;list-style:none;margin:.7rem 0 0;padding:0;font-size:.9rem}
.legend svg{display:inline-block;margin-right:.45rem}
.pill{display:inline-block;padding:.05rem .55rem;border-radius:1rem;border:1px solid currentColor;font-size:.78rem;font-weight:600;line-height:1.45}
.pill.done{color:var(--done-ink)}.pill.running{color:var(--running-ink)}.pill.waiting{color:var(--waiting-ink)}.pill.failed{color:var(--failed-ink)}
.pill.refused{color:var(--refused-ink)}.pill.silent{color:var(--silent-ink)}.pill.other{color:var(--other-ink)}
.waves{list-style:none;margin:0;padding:0}
.waves li{display:grid;grid-template-columns:19rem 1fr;gap:0 1.25rem}
.waves li+li{border-top:1px solid var(--rule)}.lane{height:100%;min-height:36px}
.waves .who{padding:.5rem 0;font-size:.9rem;line-height:1.4}
.waves .who p{margin:0;color:var(--soft);font-size:.8125rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:var(--soft);font-size:.875rem;padding-bottom:.5rem}
th,td{padding:.5rem .9rem .5rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--rule)}
thead th{border-top:0;color:var(--soft);font-size:.8125rem;font-weight:600;vertical-align:bottom}
tbody th{font-weight:500}
.n{text-align:right;white-space:nowrap}td.bar{min-width:6rem;width:26%;padding-top:.85rem}
td p,.why{margin:0;color:var(--soft);font-size:.875rem;font-weight:400}
th .why{display:block}summary .why::before{content:": "}
td.firmware{min-width:15rem}td.told{min-width:10rem}td,th{overflow-wrap:break-word}#upgrades td.bar{width:12%}#upgrades table{min-width:62rem}
.day,.pill{white-space:nowrap}.long{white-space:normal;border-radius:.5rem}
details{border-top:1px solid var(--rule);padding:.15rem 0}
summary{cursor:pointer;padding:.45rem 0}
summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:.2rem}
summary strong{margin:0 .4rem}
details .inner{padding:0 0 .4rem 1.1rem}details h3{margin:.5rem 0 .1rem}
.ids{margin:.1rem 0 .8rem;color:var(--ink);word-spacing:.55em;overflow-wrap:normal}
footer{padding-top:.25rem;padding-bottom:3rem}footer ul{margin:.25rem 0;padding-left:1.1rem}
:target{background:color-mix(in srgb,var(--link) 14%,transparent)}
@media (max-width:44rem){header,main,footer{padding-left:.9rem;padding-right:.9rem}header{padding-top:1.4rem}h1{font-size:1.5rem}
section{padding:1rem;border-radius:.6rem}.waves li{grid-template-columns:1fr}.waves .who{padding-bottom:0}
.waves .axis .who,.wide{display:none}.tiles{grid-template-columns:1fr 1fr}
.tiles div{padding:.7rem .85rem}.tiles dd{font-size:1.4rem}}
@media print{:root{--page:#fff;--card:#fff}body{font-size:10pt}header,main,footer{max-width:none;padding:0}section,.tiles{border-color:#bbb;margin:.6rem 0}
.items li,.waves li,tr,.tiles div{break-inside:avoid}h2,summary{break-after:avoid}details::details-content{content-visibility:visible;display:block}
.scroll{overflow:visible}svg,.items li::before,.pill{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
