#pragma once

#include <string_view>

namespace interchoice::figures {

/// The script of all pages: draws the figures, fitted to the page, and makes the table of
/// architectures one to sort, to filter, and to narrow by a rectangle in a figure. Without Vega the
/// table still works. A page that reloads itself keeps its scroll, its zooms and what is chosen in
/// its keys. Texts get into the page as texts only.
inline constexpr std::string_view kPageScript = R"js(
"use strict";
(() => {
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // {columns: [{field, title, decimals}], rows: [[…]], sort} -> rows as objects, and a chooser
  function explore(table, {columns, rows, sort}) {
    const kPage = 20;
    let by = sort, falls = true, words = [], ranges = {}, most = kPage;
    const index = Object.fromEntries(columns.map((column, i) => [column.field, i]));
    const filter = make("input", {type: "search", placeholder: "filter architectures"});
    filter.setAttribute("aria-label", filter.placeholder);
    const count = make("span", {});
    const more = make("button", {type: "button"});
    const tools = make("div", {className: "tools"});
    tools.append(filter, count, more);
    table.parentElement.before(tools);
    const heads = columns.map((column, i) => {
      const head = make("th", {scope: "col"});
      const button = make("button", {type: "button", textContent: column.title});
      button.onclick = () => {
        falls = by === i ? !falls : i > 0;
        by = i;
        show();
      };
      head.append(button);
      return head;
    });
    table.tHead.rows[0].replaceChildren(...heads);
    const text = (value, {decimals}) => value === null ? "–" : typeof value === "string" ? value :
      value.toLocaleString("en", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
    const fits = row => words.every(word => row[0].toLowerCase().includes(word)) &&
      Object.entries(ranges).every(([field, [a, b]]) => {
        const value = row[index[field]];
        return value >= Math.min(a, b) && value <= Math.max(a, b);
      });
    function show() {
      const chosen = rows.filter(fits).sort((x, y) => {
        const [a, b] = falls ? [y[by], x[by]] : [x[by], y[by]];
        return a < b ? -1 : a > b ? 1 : 0;
      });
      heads.forEach((head, i) => i === by
        ? head.setAttribute("aria-sort", falls ? "descending" : "ascending")
        : head.removeAttribute("aria-sort"));
      table.tBodies[0].replaceChildren(...chosen.slice(0, most).map(row => {
        const line = make("tr", {});
        line.append(...row.map((value, i) =>
          make(i ? "td" : "th", {textContent: text(value, columns[i])})));
        return line;
      }));
      const number = n => n.toLocaleString("en");
      count.textContent = `${number(Math.min(most, chosen.length))} of ${number(chosen.length)}` +
        (chosen.length < rows.length ? ` chosen of ${number(rows.length)}` : "");
      more.textContent = "more";
      more.hidden = chosen.length <= most;
    }
    filter.oninput = () => {
      words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      most = kPage;
      show();
    };
    more.onclick = () => { most *= 5; show(); };
    show();
    return {
      objects: rows.map(row => Object.fromEntries(columns.map(({field}, i) => [field, row[i]]))),
      choose(next) { ranges = next ?? {}; most = kPage; show(); },
    };
  }

  // Colours of the page; views as wide as it.
  const ink = "currentColor", quiet = {labelColor: ink, titleColor: ink};
  const theme = {
    background: null,
    axis: {...quiet, domainColor: ink, tickColor: ink, gridColor: ink, gridOpacity: 0.15,
           domainOpacity: 0.5, tickOpacity: 0.5},
    legend: quiet, title: {color: ink, subtitleColor: ink},
  };
  function fit(spec, room) {  // returns the width of a view
    const views = spec.concat ?? [spec];
    for (const {encoding} of views) {
      const key = encoding?.color?.legend;
      if (key?.columns) key.columns = Math.max(1, Math.min(key.columns, Math.floor(room / 280)));
    }
    if (!spec.concat) {
      Object.assign(spec, {width: "container", autosize: {type: "fit-x", contains: "padding"}});
      return room - 80;
    }
    spec.columns = Math.max(1, Math.min(spec.columns, Math.floor(room / 270)));
    const width = Math.max(140, Math.floor(room / spec.columns) - 78);
    for (const view of views) view.width = width;
    return width;
  }
  async function draw(chart, table) {
    const spec = JSON.parse(chart.nextElementSibling.textContent);
    const named = spec.data?.name;
    if (named && table) spec.datasets = {[named]: table.objects};
    const limit = fit(spec, chart.clientWidth);
    const {view} = await vegaEmbed(chart, spec, {
      config: {...theme, title: {...theme.title, limit}, axisX: {titleLimit: limit}, axisY: {titleLimit: 200}},
      downloadFileName: chart.dataset.name,
      tooltip: {theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"},
      renderer: named && table?.objects.length > 3000 ? "canvas" : "svg",
      actions: {export: true, source: true, compiled: false, editor: false},
    });
    if (named && table) {
      table.choose({});
      view.addSignalListener("brush", (_, ranges) => table.choose(ranges));
    }
    chart.view = view;
    const choices = kept.figures?.[chart.dataset.name];
    if (choices) await view.setState(choices).runAsync();
  }

  // What a reader has chosen in a figure, as its parameters keep it.
  function choices_in(view) {
    const stores = {data: name => name.endsWith("_store"), recurse: false};
    const names = Object.keys(view.getState({...stores, signals: () => false}).data)
      .map(name => name.slice(0, -"_store".length));
    return view.getState({...stores, signals: name =>
      names.some(own => name === own || name.startsWith(own + "_"))});
  }
  let kept = {};
  function keep_across_reloads() {
    const key = "kept of " + location.pathname;
    try {
      kept = JSON.parse(sessionStorage.getItem(key)) ?? {};
    } catch {}  // a browser that stores nothing
    history.scrollRestoration = "manual";  // it would not wait for the figures
    addEventListener("pagehide", () => {
      if (!document.documentElement.classList.contains("drawn")) return;
      const figures = charts.map(({dataset, view}) => [dataset.name, choices_in(view)]);
      try {
        sessionStorage.setItem(key, JSON.stringify({scroll: scrollY, figures: Object.fromEntries(figures)}));
      } catch {}
    });
  }

  const data = document.getElementById("architecture-data");
  const table = data && explore(document.getElementById("architectures"), JSON.parse(data.textContent));
  const charts = [...document.querySelectorAll(".chart")];
  async function draw_all() {
    for (const chart of charts) {
      chart.view?.finalize();
      await draw(chart, table);
    }
    if (kept.scroll) scrollTo(0, kept.scroll);
    kept = {};
    document.documentElement.classList.add("drawn");
  }
  if (!window.vegaEmbed) return;
  if (document.querySelector("meta[http-equiv=refresh]")) keep_across_reloads();
  draw_all();
  let width = document.body.clientWidth, timer;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (document.body.clientWidth === width) return;
      width = document.body.clientWidth;
      draw_all();
    }, 200);
  });
})();
)js";

}  // namespace interchoice::figures
