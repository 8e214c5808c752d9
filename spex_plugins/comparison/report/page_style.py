"""Style of the page of a comparison, besides that of all pages."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
h3 { font-size: 14px; margin: 14px 0 0; }
.recommendation { font-size: 18px; line-height: 1.45; margin-bottom: 8px; }
section img { display: block; max-width: 100%; height: auto; margin: 10px auto 4px; background: #fff;
  border-radius: 8px; }
.wide { overflow-x: auto; }
@media (max-width: 700px) { .wide > img { max-width: 600px; } }  /* letters stay large enough to read */
table { font-size: 13px; }
tbody tr { cursor: default; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; vertical-align: top; }
td.no { color: var(--quiet); white-space: normal; }
td small { color: var(--quiet); display: block; }
ul { margin: 8px 0 0; padding-left: 20px; font-size: 14px; }
dl { font-size: 14px; margin: 8px 0 0; }
dt { font-weight: 600; }
dd { margin: 0 0 8px; }
code { color: var(--quiet); font-size: 12px; }
iframe { width: 100%; height: 560px; border: 0; margin-top: 10px; }
.foot { margin-top: 18px; }
"""
