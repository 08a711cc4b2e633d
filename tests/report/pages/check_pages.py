#!/usr/bin/env python3
"""Looks at pages of reports in a real browser, and compiles their figures.

    check_pages.py PROGRAM [SCREENSHOTS]    PROGRAM FOLDER writes the reports

Exits with 77 where Chromium or vl-convert is missing; what needs neither has passed then.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import browser

try:
    import vl_convert
except ImportError:
    vl_convert = None


def check(holds, text):
    if not holds:
        raise AssertionError(text)


def compile_figures(folder):
    figures = sorted(folder.rglob("*.vl.json"))
    check(len(figures) > 20, "the program wrote no figures")
    for path in figures:
        specification = json.loads(path.read_text())
        version = specification["$schema"].rsplit("/", 1)[1]
        check(version == "v6.json", f"{path} is of another version")
        vega = vl_convert.vegalite_to_vega(specification, vl_version="6.4")
        check(vega["marks"], f"{path} shows nothing")
        check("<path" in vl_convert.vegalite_to_svg(specification, vl_version="6.4"), f"{path} draws nothing")
    print(f"{len(figures)} figures compiled and drawn")


def drawn(page, path, **options):
    page.open(path, **options)
    page.wait("document.documentElement.classList.contains('drawn')")


CHART = "document.querySelector('[data-name={}]')"


def check_layout(page, path, name, screenshots):
    for width in (1400, 600):
        for scheme in ("light", "dark"):
            drawn(page, path, width=width, scheme=scheme)
            if screenshots:
                page.screenshot(screenshots / f"{name}-{width}-{scheme}.png")
            where = f"{name}, {width} px, {scheme}"
            check(not page.errors, f"{where}: {page.errors}")
            check(page.run("document.documentElement.scrollWidth <= innerWidth"), f"{where}: wider than the page")
            for wide in page.run("[...document.querySelectorAll('.chart')].filter(chart => "
                                 "chart.scrollWidth > chart.clientWidth + 1).map(chart => chart.dataset.name)"):
                check(False, f"{where}: {wide} is wider than the page")
            check(page.run("[...document.querySelectorAll('.chart')].every(chart => "
                           "chart.querySelector('svg, canvas'))"), f"{where}: a figure is missing")
            check(page.run("window.taken === undefined && !document.querySelector('main img')"),
                  f"{where}: a text was taken for markup")


def check_hover(page, chart, words):
    mark = CHART.format(chart) + ".querySelector('.mark-symbol.role-mark path')"
    page.hover(*page.centre(mark))
    page.wait("document.querySelector('#vg-tooltip-element.visible') !== null")
    text = page.run("document.querySelector('#vg-tooltip-element').innerText")
    for word in words:
        check(word in text, f"hovering in {chart} says {text!r}, not {word!r}")


def check_legend(page, chart):
    lines = (CHART.format(chart) + ".querySelectorAll('.mark-line.role-mark path').length")
    before = page.run(lines)
    page.click(*page.centre(CHART.format(chart) + ".querySelector('.role-legend-label text')"))
    page.wait(f"{lines} < {before}")
    check(page.run(lines) == 1, f"{chart} shows {page.run(lines)} lines of {before} after a click in the key")
    page.click(*page.centre(CHART.format(chart) + ".querySelectorAll('.role-legend-label text')[1]"))
    page.wait(f"{lines} === 2")


def check_zoom(page, chart):
    axis = CHART.format(chart) + ".querySelector('.role-axis-label').textContent"
    before = page.run(axis)
    x, y = page.centre(CHART.format(chart) + ".querySelector('.mark-line.role-mark path')")
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-400, modifiers=2)
    page.wait(f"{axis} !== {json.dumps(before)}")


def check_reload(page, folder):
    """What a reader has chosen stays when the page reads itself again, with later contents."""
    chart = CHART.format("training")
    lines = chart + ".querySelectorAll('.mark-line.role-mark path').length"
    ticks = f"[...{chart}.querySelector('.role-axis-label').querySelectorAll('text')].map(t => Number(t.textContent))"
    zoom = chart + ".view.signal('zoom_0').x"
    drawn(page, folder / "watch.html")
    check(page.run(lines) == 2 and page.run("scrollY") == 0, "a page that was not seen before begins as it is")
    check_zoom(page, "training")
    page.click(*page.centre(chart + ".querySelector('.role-legend-label text')"))
    page.wait(f"{lines} === 1")
    page.run("scrollTo(0, 700)")
    first, last = page.run(zoom)
    check(1 < first and last < 10, f"the zoom shows {first} to {last}")
    (folder / "later.html").replace(folder / "watch.html")
    for which in ("first", "second"):
        drawn(page, folder / "watch.html")
        shown = page.run(ticks)
        check(first <= min(shown) and max(shown) <= last, f"the {which} reload shows {shown}, not {first} to {last}")
        check(page.run(lines) == 1, f"the {which} reload loses the choice in the key")
        check(page.run("scrollY") == 700, f"the {which} reload scrolls to {page.run('scrollY')}")
    check(not page.errors, f"reloading: {page.errors}")


ROWS = "[...document.querySelectorAll('#architectures tbody tr')]"


def check_table(page, rows):
    first = ROWS + "[0].cells[0].textContent"
    check(page.run(ROWS + ".length") == min(rows, 20), "the table begins with 20 rows")
    before = page.run(first)
    heads = "document.querySelectorAll('#architectures thead button')"
    page.run(f"{heads}[1].click()")  # the truth, falling
    values = page.run(ROWS + ".map(row => Number(row.cells[1].textContent.replaceAll(',', '')))")
    check(values == sorted(values, reverse=True), "a click on a column sorts by it")
    page.run(f"{heads}[1].click()")
    check(page.run(first) != before, "a second click turns the order round")
    name = page.run(first)
    page.run("(() => { const filter = document.querySelector('.tools input');"
             f" filter.value = {json.dumps(name)}; filter.dispatchEvent(new Event('input')); }})()")
    check(page.run(ROWS + ".length") >= 1 and page.run(ROWS + ".length") < rows, "the filter leaves few")
    page.run("(() => { const filter = document.querySelector('.tools input');"
             " filter.value = ''; filter.dispatchEvent(new Event('input')); })()")


def check_brush(page):
    x, y = page.centre(CHART.format("predictions") + ".querySelector('.mark-symbol.role-mark path')")
    count = "document.querySelector('.tools span').textContent"
    page.drag((x - 8, y - 8), (x + 12, y + 12))
    page.wait(f"{count}.includes('chosen')")
    few = page.run(ROWS + ".length")
    check(1 <= few < 20, f"a rectangle around a point leaves {few} rows")


def check_without_scripts(page, path):
    page.open(path, scripts=False)
    shown = page.run("[...document.querySelectorAll('.static svg circle')].length")
    check(shown == 40, f"without scripts the picture has {shown} points")
    check(page.run(ROWS + ".length") == 10, "without scripts the table has the ten best")
    check(page.run("getComputedStyle(document.querySelector('.static')).display") == "block", "it is hidden")


def check_without_network(page, path):
    page.call("Network.enable")
    page.call("Network.setBlockedURLs", urls=["http*://*"])
    page.open(path)
    page.wait("document.querySelector('.tools') !== null")
    check(page.run("document.querySelectorAll('.static svg circle').length") == 40, "the picture is missing")
    check_table(page, 40)
    page.call("Network.setBlockedURLs", urls=[])


def main():
    program = sys.argv[1]
    screenshots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([program, folder], check=True)
        missing = []
        if vl_convert:
            compile_figures(folder)
        else:
            missing.append("vl-convert (cmake/bootstrap.sh setup)")
        if browser.installed():
            look_at(folder, screenshots)
        else:
            missing.append("chromium")
    if missing:
        print("SKIPPED: there is no " + " and no ".join(missing))
        sys.exit(77)


def look_at(folder, screenshots):
    page = browser.Browser()
    try:
        # Where the library has no bundle, its pages would load one.
        has_bundle = "cdn." not in (folder / "runs/report.html").read_text()
        check_without_scripts(page, folder / "runs/report.html")
        check_without_network(page, folder / "network/report.html")
        if not has_bundle:
            print("SKIPPED: the figures in the browser; there is no build/vega/vega.js")
            return
        for report in ("small", "runs", "hostile", "many", "large", "unjudged", "search"):
            check_layout(page, folder / report / "report.html", report, screenshots)
        drawn(page, folder / "runs/report.html")
        check_table(page, 40)
        check_hover(page, "predictions", ["architecture", "prediction", "accuracy [%]"])
        check_hover(page, "improvement", ["series", "normalised improvement", "lower end of the band"])
        check_legend(page, "improvement")
        check_zoom(page, "correlation")
        check_brush(page)
        check_reload(page, folder)
        check(not page.errors, f"after all that: {page.errors}")
        check(len(page.pdf()) > 50_000, "it prints")
        print("pages looked at")
    finally:
        page.close()


main()
