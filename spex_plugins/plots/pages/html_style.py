"""Frame and style of HTML pages, and the script of the page of a text, which can be read without it."""

from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR
from spex_plugins.result.html_view import DOWN_TEXT, UP_TEXT

__all__ = ["SCRIPT", "STYLE", "framed"]

_COLORS = f"--ink: {TEXT_COLOR}; --quiet: {MUTED_COLOR}; --up: {UP_TEXT}; --down: {DOWN_TEXT};"
_SURFACES = "--page: #f6f7f9; --card: #fff; --edge: #e1e4ea; --chosen: #eef1f6; --on-badge: #fff;"
_DARK = (
    "--ink: #e8eaf0; --quiet: #a2a9b6; --up: #ff7a9d; --down: #66b6ff; "
    "--page: #14161a; --card: #1d2026; --edge: #363b45; --chosen: #2b303a; --on-badge: #14161a;"
)

STYLE = f"""
:root {{ color-scheme: light dark; {_COLORS} {_SURFACES} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}"""
STYLE += """
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 26px; margin: 0 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 2px; }
p { margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0 0 8px; padding: 0; }
.facts li { background: var(--card); border: 1px solid var(--edge); border-radius: 999px;
  padding: 2px 12px; font-size: 14px; }
.quiet { color: var(--quiet); font-size: 13px; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 18px 22px;
  margin-top: 18px; }
.key { display: flex; align-items: center; gap: 10px; font-size: 13px; flex-wrap: wrap; }
.key b { margin-right: 4px; }
.key i { width: 180px; height: 10px; border-radius: 5px; }
.up { color: var(--up); }
.down { color: var(--down); }
/* A long text scrolls, so that the list of what acts together stays in sight. */
.scroll { max-height: 62vh; overflow: auto; overscroll-behavior: auto; margin: 0 -8px; padding: 28px 8px 0; }
#text { position: relative; font-size: 18px; line-height: 2.9; padding-bottom: 10px; }
.u { white-space: nowrap; unicode-bidi: isolate; }
#text svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible;
  pointer-events: none; }
#text path { fill: none; stroke-linecap: round; transition: opacity .12s; }
.w { position: relative; z-index: 1; padding: 3px 5px; border-radius: 5px; cursor: default; white-space: pre;
  unicode-bidi: plaintext; transition: opacity .12s; outline-offset: 1px; }
.u.long, .u.long .w { white-space: normal; overflow-wrap: anywhere; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
.w[data-sets] { cursor: pointer; }
.badge { display: inline-block; min-width: 1.5em; padding: 0 .35em; border-radius: 999px;
  background: currentColor;
  font-size: 11px; line-height: 1.5em; font-weight: 700; text-align: center; vertical-align: middle; }
.badge span { color: var(--on-badge); }
sup { position: relative; z-index: 2; font-size: 0; line-height: 0; vertical-align: 5px;
  margin-inline-start: 1px; }
sup .badge { font-size: 9.5px; margin-inline-start: 1px; vertical-align: baseline; }
.say { min-height: 3em; margin-top: 10px; padding-top: 10px; border-top: 1px solid var(--edge);
  font-size: 14px; }
table { border-collapse: collapse; width: 100%; margin-top: 10px; font-size: 15px; }
th { text-align: left; font-size: 12px; font-weight: 600; color: var(--quiet); }
td, th { padding: 5px 8px; }
tbody tr { border-top: 1px solid var(--edge); cursor: pointer; }
td.term { overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: left; }
td.value { text-align: right; font-weight: 700; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { width: 34%; }
th:nth-child(3):nth-last-child(2) { text-align: center; }
td.bar div { position: relative; height: 10px;
  background: linear-gradient(var(--quiet), var(--quiet)) center / 1px 100% no-repeat; }
td.bar i { position: absolute; top: 0; height: 100%; border-radius: 3px; }
.focus .w:not(.on), .focus .w:not(.on) + sup { opacity: .3; }
.focus path:not(.on) { opacity: .06; }
#text:not(.focus) path.far { opacity: .25; }  /* it runs behind the words of other lines */
.w.on { outline: 2px solid var(--ink); }
tr.on, tbody tr:hover, tbody tr:focus { background: var(--chosen); }
@media (max-width: 560px) {
  td.bar, th:nth-child(3):nth-last-child(2) { display: none; }
  .w { white-space: pre-wrap; overflow-wrap: anywhere; box-decoration-break: clone;
    -webkit-box-decoration-break: clone; }
}
@media print { body { background: #fff; } .say { display: none; } .scroll { max-height: none; } }
"""

SCRIPT = """
"use strict";
(() => {
  const text = document.getElementById("text"), say = document.getElementById("say");
  const words = [...text.querySelectorAll(".w")], rows = [...document.querySelectorAll("tr[data-words]")];
  const members = (row) => row.dataset.words.split(" ").map(Number);
  const svg = text.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  const paths = rows.map((row) => {
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    path.style.stroke = row.dataset.color;
    path.style.strokeWidth = row.dataset.width;
    return path;
  });
  function arc(a, b) {
    const x0 = a.left + a.width / 2, x1 = b.left + b.width / 2;
    if (Math.abs(a.top - b.top) < a.height / 2) {
      const lift = Math.min(9 + Math.abs(x1 - x0) * 0.07, 26);
      return `M${x0} ${a.top} C${x0} ${a.top - lift} ${x1} ${b.top - lift} ${x1} ${b.top}`;
    }
    const bend = Math.max((b.top - a.bottom) * 0.6, 22);
    return `M${x0} ${a.bottom} C${x0} ${a.bottom + bend} ${x1} ${b.top - bend} ${x1} ${b.top}`;
  }
  function draw() {
    const home = text.getBoundingClientRect();
    const place = (i) => {
      const r = words[i].getClientRects()[0];  // of a sentence, its first line
      return { left: r.left - home.left, top: r.top - home.top, bottom: r.bottom - home.top,
               width: r.width, height: r.height };
    };
    rows.forEach((row, k) => {
      const at = members(row).map(place);
      paths[k].setAttribute("d", at.slice(1).map((b, j) => arc(at[j], b)).join(" "));
      paths[k].classList.toggle("far", at.slice(1).some((b, j) => b.top - at[j].bottom > 2 * b.height));
    });
  }
  function bringIntoSight(row) {
    const scroller = text.parentElement, r = words[members(row)[0]].getBoundingClientRect();
    const home = scroller.getBoundingClientRect();
    if (r.top < home.top || r.bottom > home.bottom)
      scroller.scrollBy({ top: r.top - home.top - 60, behavior: "smooth" });
  }
  const idle = say.textContent;
  let pinned = null;
  function show(item) {
    const chosen = item === null ? [] : rows.filter((row) =>
      item === row || (item.dataset.sets || "").split(" ").includes(row.dataset.rank));
    const on = new Set(chosen.flatMap(members));
    if (item !== null && words.includes(item)) on.add(words.indexOf(item));
    text.classList.toggle("focus", item !== null);
    words.forEach((word, i) => word.classList.toggle("on", on.has(i)));
    rows.forEach((row, k) => {
      row.classList.toggle("on", chosen.includes(row));
      paths[k].classList.toggle("on", chosen.includes(row));
    });
    say.textContent = item === null ? idle : item.dataset.say;
  }
  for (const item of [...words, ...rows]) {
    item.addEventListener("mouseenter", () => show(item));
    item.addEventListener("mouseleave", () => show(pinned));
    item.addEventListener("focus", () => { show(item); if (rows.includes(item)) bringIntoSight(item); });
    item.addEventListener("blur", () => show(pinned));
    item.addEventListener("click", () => { pinned = pinned === item ? null : item; show(pinned); });
  }
  draw();
  addEventListener("resize", draw);
})();
"""


def framed(heading: str, body: str, style: str = "") -> str:
    """Return a whole page: its title, the style of all pages and some of its own, and its body; all HTML."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{style}</style>'
        f"</head>\n<body>{body}</body></html>\n"
    )
