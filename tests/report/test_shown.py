"""Text of strangers: whatever it holds, it comes out as harmless text of bounded length."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rejoinder.pages import clean, markdown
from rejoinder.report import write_report
from rejoinder.report.shown import around, cut, cut_start
from tests.report.logs import sources, talk

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</dd></style></title><svg onload=alert(1)>",
    "\u202eesrever si siht\u202c and \u2066isolated",
    "null\x00byte and bell\x07",
    "{{ 7 * 7 }} {% raw %}",
    "# heading\n> quote\n| a | b |\n`code` **bold** [link](http://evil.example) ![x](http://evil.example/x.png)",
    "www.evil.example and http://evil.example &amp; <b>bold</b>",
    "مرحبا بالعالم mixed with Latin",
    "x" * 100_000,
)


def test_a_long_text_is_cut_and_says_so():
    assert cut("a" * 100_000, 50) == "a" * 49 + "…"
    assert cut_start("b" * 100_000, 50) == "…" + "b" * 49
    assert cut("short", 50) == cut_start("short", 50) == "short"


def test_what_steers_a_display_becomes_visible():
    assert clean("a\x00b\u202ec\u2066d") == "a\ufffdb\ufffdc\ufffdd"


def test_a_text_around_its_evidence_reads_as_before():
    text = "It runs (well), but: it is wrong! Sadly."
    for evidence in ("it is wrong", "well", "It runs", "Sadly.", text):
        assert "".join(around(text, evidence)) == text


def test_evidence_stands_between_what_came_before_and_after():
    assert around("It runs. But it is wrong, sadly.", "it is wrong") == ("It runs. But ", "it is wrong", ", sadly.")
    assert around("All of it", "nowhere in it") == ("All of it", "", "")


@given(st.text(max_size=400), st.integers(5, 60))
def test_a_cut_text_is_one_clean_line_within_its_limit(text, limit):
    for shown in (cut(text, limit), cut_start(text, limit)):
        assert len(shown) <= limit
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


@given(st.text(alphabet="ab<>&`*_[]()!#|\\:/w.@$~ \n", max_size=80))
def test_markdown_leaves_no_active_character_unescaped(text):
    shown = re.sub(r"\\.", "x", markdown(text))
    assert not re.search(r"[`*_\[\]|<>#~&@$\n]|://|www\.", shown)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    talks = [
        talk(
            f"{text[:20]}-{i}",
            [(text, text), (text + f" {i}", text)],
            ["NEG_AWARE"],
            model=text[:80],
            language=text[:9],
            user=text[:99],
        )
        for i, text in enumerate(HOSTILE * 4)
    ]
    write_report(sources(folder, talks, labeller=HOSTILE[0], settings={"note": HOSTILE[1]}), folder / "report")
    return {name: (folder / "report" / f"report.{name}").read_text() for name in ("html", "md", "json")}


def test_no_hostile_text_becomes_html(pages):
    page = pages["html"]
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("</style>") == page.count("<style>") == 1
    assert not re.search(r"<[^>]*\son\w+\s*=", page)
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_no_control_or_direction_override_reaches_a_page(pages):
    for page in (pages["html"], pages["md"]):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)


def test_no_hostile_text_becomes_markdown(pages):
    page = pages["md"]
    assert "<script" not in page.replace("\\<", "")
    assert "](http" not in page.replace("\\]", "")
    widths = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| ") and "evil" in line}
    assert widths <= {4, 5, 7, 8}


def test_the_page_stays_small_and_loads_nothing(pages):
    page = pages["html"]
    assert len(page.encode()) < 1_500_000
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?!#)[a-z/]""", page.split("</style>")[1].split("<main>")[0])
    assert not re.search(r"url\(|@import|<link|<script|<iframe|<object", page)
