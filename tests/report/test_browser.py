"""The report in a real Chromium: on a desk, on a phone, in the dark and on paper, with hostile text in it."""

from __future__ import annotations

import base64

import pytest

from rejoinder.report import write_report
from tests.report.chromium import BINARY, chromium
from tests.report.logs import invented, sources, talk
from tests.report.test_built import built_of
from tests.report.test_shown import HOSTILE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BINARY is None, reason="no chromium on this machine: apt-get install chromium"),
]
SECTIONS = ["read", "categories", "turns", "where", "themes", "yields", "limits", "next"]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRAST = """
(() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (e.closest('svg') && e.tagName !== 'text') continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(e.tagName === 'text' ? style.fill : style.color), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30));
  }
  return low;
})()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    talks = invented(300)
    talks += [
        talk(f"h{i}", [(text, text), (text, text)], ["NEG_AWARE"], model=text[:60]) for i, text in enumerate(HOSTILE * 30)
    ]
    write_report(sources(folder, talks, built=built_of(folder)), folder / "report")
    return folder / "report" / "report.html"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


def test_nothing_is_fetched_and_no_text_of_the_log_is_run(page, report):
    page.open(report)
    assert page.requests == [report.as_uri()]
    assert page.evaluate("document.title").startswith("What users say back")
    assert page.evaluate("document.querySelectorAll('script, img, iframe, object, link').length") == 0
    assert page.evaluate("document.querySelectorAll('[onload], [onerror]').length") == 0
    messages = [event for event in page.events if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert messages == []


def test_every_section_is_there_in_order_with_a_heading_and_a_link(page, report):
    page.open(report)
    assert page.evaluate("[...document.querySelectorAll('main > section')].map(s => s.id)") == SECTIONS
    assert page.evaluate("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href').slice(1))") == SECTIONS
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert page.evaluate("[...document.querySelectorAll('section h2')].every(h => h.textContent.trim())")


def test_everything_drawn_is_also_told(page, report):
    page.open(report)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-label'))")
    assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.querySelector('thead th[scope=col]'))")
    assert page.evaluate("[...document.querySelectorAll('tbody tr')].every(r => r.querySelector('th[scope=row]'))")


@pytest.mark.parametrize("width", [375, 768, 1200])
def test_the_page_never_scrolls_sideways(page, report, width):
    page.open(report, width=width)
    assert page.evaluate("document.documentElement.clientWidth") == width
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast_enough(page, report, dark):
    page.open(report, dark=dark)
    assert page.evaluate(CONTRAST) == []


def test_the_dark_page_is_dark_and_paper_is_light(page, report):
    paper = "getComputedStyle(document.body).backgroundColor"
    page.open(report)
    light = page.evaluate(paper)
    page.open(report, dark=True)
    dark = page.evaluate(paper)
    page.open(report, dark=True, media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    brightness = [sum(int(part) for part in colour[4:-1].split(",")) for colour in (light, dark)]
    assert brightness[0] > 700
    assert brightness[1] < 120


def test_it_prints_on_a_few_pages_of_paper(page, report):
    page.open(report)
    pdf = base64.b64decode(page.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])
    assert pdf.startswith(b"%PDF")
    assert 4 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 30
