"""How the report looks."""

STYLE = """
:root { --ink: #1d2430; --soft: #667085; --line: #e3e7ee; --paper: #ffffff; --ground: #f5f7fa;
  --main: #b8410f; --second: #2f6f9f; --third: #8a94a6; --good: #23894f; --bad: #c8323c; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 22px; margin: 48px 0 12px; padding-top: 16px; border-top: 2px solid var(--ink); }
h3 { font-size: 16px; margin: 28px 0 8px; }
p { margin: 0 0 10px; max-width: 78ch; }
.about, .note { color: var(--soft); font-size: 13px; max-width: none; }
.about code { font-size: 12px; }
.columns { margin-bottom: 16px; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 16px; }
.columns > div, .columns { align-content: start; }
.columns > div { display: grid; gap: 16px; }
.heads { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px;
  margin: 14px 0 18px; }
.heads div { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 14px; }
.heads b { display: block; font-size: 26px; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.heads span { display: block; font-size: 12.5px; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
th { color: var(--soft); font-weight: 600; }
td small { color: var(--soft); }
svg { width: 100%; height: auto; display: block; }
svg text { font-family: inherit; fill: var(--ink); font-size: 12px; }
svg .tick { fill: var(--soft); font-size: 11px; }
svg .note { fill: var(--soft); font-size: 11.5px; }
.grid { stroke: var(--line); stroke-width: 1; }
.mark { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 3 3; }
.diagonal { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 4 4; }
.line { fill: none; stroke-width: 2.4; stroke-linejoin: round; }
.line.main { stroke: var(--main); } .line.second { stroke: var(--second); }
.line.third { stroke: var(--third); }
.bin { fill: var(--second); } .dot { fill: var(--ink); }
.whisker { stroke-width: 2; stroke-linecap: round; opacity: .55; }
g.main { fill: var(--main); stroke: var(--main); } g.second { fill: var(--second); stroke: var(--second); }
g.third { fill: var(--third); stroke: var(--third); } g circle { stroke: none; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 6px 0 0; font-size: 12.5px;
  color: var(--soft); }
.key { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle; background: var(--third); }
.key.main { background: var(--main); } .key.second, .key.bins { background: var(--second); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 10px; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(268px, 1fr)); gap: 12px; }
.pairs > div { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
figure { margin: 0; }
figure img { width: 100%; display: block; border-radius: 6px; }
figcaption { font-size: 12px; color: var(--soft); padding: 3px 2px 0; line-height: 1.3; }
figcaption::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%;
  margin-right: 5px; background: var(--bad); }
.right figcaption::before { background: var(--good); }
.query figcaption::before { background: var(--ink); border-radius: 0; }
.found { grid-template-columns: repeat(6, 1fr); padding: 0 0 12px; max-width: 960px; }
.query { border-right: 2px solid var(--line); padding-right: 10px; }
.category { display: grid; grid-template-columns: 205px 1fr; gap: 14px; padding: 10px 0;
  border-bottom: 1px solid var(--line); }
.category .gallery { grid-template-columns: repeat(6, 1fr); }
.category strong { display: block; } .category small { color: var(--soft); display: block; }
@media (max-width: 640px) { .category { grid-template-columns: 1fr; }
  .columns { grid-template-columns: 1fr; } }
@media print { body { background: #fff; } h2 { break-before: page; } figure { break-inside: avoid; } }
"""
