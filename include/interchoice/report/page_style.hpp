#pragma once

#include <string_view>

namespace interchoice::figures {

/// The look of all pages: for the screen, light and dark, and for paper.
inline constexpr std::string_view kPageStyle = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #222; --soft: #5c5c5c; --line: #d0d0d0;
        --tint: #f4f6f8; --link: #0059b3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e4e6e8; --soft: #a3a8ad; --line: #3c4147; --tint: #1e2227;
          --link: #7fb8f0; }
}
body { margin: 0; background: var(--paper); color: var(--ink);
       font: 16px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 960px; margin: 2rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
a { color: var(--link); }
.conclusion { background: var(--tint); border-left: 4px solid var(--link); margin: 1rem 0;
              padding: .7rem 1rem .7rem 2.2rem; }
.note, figcaption, .hint { font-size: .88rem; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; text-align: right; line-height: 1.35; vertical-align: top; }
th { font-weight: 600; }
thead th { white-space: pre-line; vertical-align: bottom; }
th:first-child { text-align: left; padding-left: 0; min-width: 10.5rem; overflow-wrap: anywhere; }
tbody th { font-weight: 400; }
#architectures tbody th { min-width: min(26rem, 45vw); font-size: .85rem; }
td { white-space: nowrap; }
tbody small { display: block; color: var(--soft); font-size: .88em; }
thead tr { border-bottom: 1.5px solid var(--ink); }
tbody { border-bottom: 1px solid var(--line); }
.group th { color: var(--soft); font-size: .82rem; padding-top: .6rem; }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--link); }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .4rem 0;
         font-size: .9rem; color: var(--soft); }
.tools input, .tools button { font: inherit; color: var(--ink); background: var(--tint);
         border: 1px solid var(--line); border-radius: 4px; padding: .2rem .5rem; }
.tools input { flex: 1 1 14rem; min-width: 0; }
figure { margin: 1.4rem 0 2rem; }
figcaption { margin-top: .4rem; }
.chart { width: 100%; overflow-x: auto; }
.chart.vega-embed.has-actions { display: block; padding-right: 0; }
.chart details { opacity: .6; }
.static svg { display: block; max-width: 100%; height: auto; }
.hint { display: none; }
.drawn .hint { display: block; }
.drawn .static { display: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; font-size: .92rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 640px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb;
          --tint: #fff; --link: #000; }
  body { font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; }
  table { font-size: 8.5pt; }
  th, td { padding: .2rem .25rem; }
  figure, tr, .conclusion { break-inside: avoid; }
  h2 { break-after: avoid; }
  a { text-decoration: none; }
  .tools, .drawn .hint, .chart details { display: none; }
  @page { margin: 18mm; }
}
)";

}  // namespace interchoice::figures
