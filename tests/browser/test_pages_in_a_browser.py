"""The HTML pages in a real browser: they are pointed at, scrolled and read, in light and in dark."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from plots_sample import REVIEW, interactions

import spex_plugins as spex
from spex_plugins.plots import network_html, to_html, to_sources_html

pytestmark = pytest.mark.slow
UP_ON_WHITE, DOWN_ON_WHITE = "rgb(201, 0, 63)", "rgb(0, 103, 192)"

CONTRAST = """(element) => {
  const parts = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
  const over = (front, back) => {
    const alpha = front.length > 3 ? front[3] : 1;
    return [0, 1, 2].map((k) => alpha * front[k] + (1 - alpha) * back[k]);
  };
  const layers = [];
  for (let at = element; at; at = at.parentElement)
    layers.unshift(parts(getComputedStyle(at).backgroundColor));
  const back = layers.reduce((below, front) => over(front, below), [255, 255, 255]);
  const style = getComputedStyle(element);
  const light = (color) => [0.2126, 0.7152, 0.0722].map((share, k) => {
    const c = color[k] / 255;
    return share * (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }).reduce((a, b) => a + b);
  const [a, b] = [light(over(parts(style.color), back)), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def least_contrast(page, selector):
    """The smallest contrast of letters with what is behind them, as WCAG 2 defines it."""
    elements = page.locator(selector).all()
    assert elements
    return min(element.evaluate(CONTRAST) for element in elements)


@pytest.mark.parametrize(
    ("letters", "expected"), [("#000", 21.0), ("#777", 4.48), ("rgba(0, 0, 0, .5)", 3.98)]
)
def test_contrast_is_measured(chromium, letters, expected):
    page = chromium.new_page(color_scheme="light")
    page.set_content(f"<body style='background: #fff'><p style='color: {letters}'>letters</p>")
    assert least_contrast(page, "p") == pytest.approx(expected, abs=0.05)
    page.close()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def found():
    not_, good = (max(i for i, word in enumerate(REVIEW) if word.startswith(w)) for w in ("not", "good"))
    return interactions(REVIEW, {(not_, good): -1.8, (0, 9): 0.7, (3,): 1.0, (8,): -1.0, (1, 12, 30): 0.4})


def test_the_page_of_a_text_says_what_is_pointed_at(opened, found):
    with opened(to_html(found)) as page:
        assert fits(page)
        say = page.locator("#say")
        page.locator("tbody tr").first.hover()
        assert "−1.80" in say.inner_text()
        on = page.locator(".w.on").all_inner_texts()
        assert {re.sub("[₀-₉.,;]", "", word) for word in on} == {"not", "good"}
        assert len(page.locator("path.on").all()) == 1
        page.locator(".w", has_text="expecting").hover()
        assert re.search(r"expecting: own effect \+1\.00", say.inner_text())
        page.locator("h1").hover()
        assert "Point at the text" in say.inner_text()
        assert least_contrast(page, ".w") > 4.5
        assert least_contrast(page, "td.term, td.value, .quiet, .facts li, .key span, .badge span") > 4.4


def test_arcs_end_at_their_words(opened, found):
    with opened(to_html(found)) as page:
        ends = page.evaluate(
            """() => [...document.querySelectorAll("tr[data-words]")].map((row, k) => {
              const home = document.getElementById("text").getBoundingClientRect();
              const path = document.querySelectorAll("#text path")[k];
              const start = path.getPointAtLength(0);
              const word = document.querySelectorAll(".w")[row.dataset.words.split(" ")[0]];
              const box = word.getBoundingClientRect();
              return start.x - (box.left + box.width / 2 - home.left);
            })"""
        )
        assert ends == pytest.approx([0.0] * len(ends), abs=1.0)


def test_a_long_text_scrolls_by_itself_to_what_is_chosen(opened):
    names = [f"word{i}" for i in range(1000)]
    with opened(to_html(interactions(names, {(700, 990): 2.0, (1, 2): 1.0, (5, 6): 0.5}))) as page:
        assert fits(page)
        text = page.locator(".scroll")
        assert text.evaluate("(e) => e.scrollHeight > 3 * e.clientHeight")
        assert page.locator(".scroll").bounding_box()["height"] < 800
        row = page.locator("tbody tr").first
        row.click()
        page.wait_for_function("document.querySelector('.scroll').scrollTop > 100")
        page.wait_for_function(
            """() => {
              const word = document.querySelectorAll(".w")[700].getBoundingClientRect();
              const home = document.querySelector(".scroll").getBoundingClientRect();
              return word.top >= home.top && word.bottom <= home.bottom;
            }"""
        )
        text.hover()
        before = text.evaluate("(e) => e.scrollTop")
        page.mouse.wheel(0, -300)
        page.wait_for_function(f"document.querySelector('.scroll').scrollTop < {before}")


def test_a_sentence_is_broken_into_lines(opened):
    sentence = "The old lighthouse of Skarholm was built in 1871 by a man who had never seen the sea. " * 3
    with opened(to_html(interactions([sentence, "Yes.", sentence], {(0, 1): 1.0, (2,): 1.0}))) as page:
        assert fits(page)
        assert page.locator(".w").first.evaluate("(e) => e.getClientRects().length") > 1


def test_a_word_wider_than_a_phone_is_broken(opened):
    words = [
        "https://example.org/a/path?and=a&query=of&many=words",
        "supercalifragilisticexpialidocious",
        "a",
    ]
    with opened(to_html(interactions(words, {(0, 1): 1.0, (0, 2): -2.0}))) as page:
        assert fits(page)
        assert page.locator(".scroll").evaluate("(e) => e.scrollWidth <= e.clientWidth")


WHERE = """(cell, word) => {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const at = node.data.indexOf(word);
    if (at < 0) continue;
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    return range.getBoundingClientRect().left;
  }
}"""


@pytest.mark.parametrize(
    ("words", "from_right"), [("שלום hello world טוב", True), ("very good עולם indeed שלום", False)]
)
def test_a_set_is_read_in_the_direction_of_the_text(opened, words, from_right):
    words = words.split() if not from_right else [*words.split(), "עולם" * 3]
    with opened(to_html(interactions(words, {(0, 1, 2): 1.0, (2, 3, 4): -2.0}))) as page:
        for row, members in [(1, words[:3]), (0, words[2:5])]:
            cell = page.locator("td.term").nth(row)
            places = [cell.evaluate(WHERE, word) for word in members]
            assert places == sorted(places, reverse=from_right)


def test_a_number_stays_with_its_word(opened):
    words = [f"{'long' * (i % 4 + 1)}{i}" for i in range(40)]
    with opened(to_html(interactions(words, {(i, i + 1): 1.0 + i for i in range(0, 40, 2)}), top=20)) as page:
        apart = page.locator(".u").evaluate_all(
            "(all) => all.filter((e) => e.querySelector('sup') && e.querySelector('sup')."
            "getBoundingClientRect().top > e.querySelector('.w').getBoundingClientRect().bottom).length"
        )
        assert apart == 0


def test_an_answer_beside_its_sources(opened):
    names = ["letter", "https://example.org/" + "a-long-name-without-any-space" * 4]
    texts = dict(zip(names, ["Anna moved to Rome.", "A dull film. " * 60], strict=True))
    game = SimpleNamespace(
        question="Where does Anna live?", answer="In Rome, x" + "x" * 80, documents=texts, output_names=None
    )
    with opened(to_sources_html(interactions(names, {(0, 1): 1.0, (1,): -2.0}), game)) as page:
        assert fits(page)
        assert page.locator(".sources li").evaluate_all(
            "(all) => all.every((e) => e.scrollWidth <= e.clientWidth)"
        )
        assert least_contrast(page, "h1, h2, .answer, .quiet, .facts li, .sources div, td") > 4.4


@pytest.mark.parametrize("count", [3, 40, 90])
def test_letters_of_the_network_can_be_read(opened, count):
    names = [f"feature{i}" for i in range(count)]
    with opened(
        network_html(interactions(names, {(i, i + 1): 1.0 for i in range(count - 1)}), top=90)
    ) as page:
        assert fits(page)
        width, side = page.locator("svg").evaluate("(e) => [e.clientWidth, e.viewBox.baseVal.width]")
        assert 13 * width / side >= 8
        assert count > 40 or width <= page.viewport_size["width"] - 40  # without scrolling


@pytest.mark.parametrize("letters", ["x" * 200, "long label " * 20, "語" * 200])
def test_long_labels_of_the_network_are_not_cut_off(opened, letters):
    names = [letters, "short", letters, "other", letters, letters]
    with opened(network_html(interactions(names, {(0, 1): 1.0, (2, 3): -2.0, (1, 4, 5): 0.5}))) as page:
        outside = page.evaluate(
            "() => { const room = document.querySelector('svg').getBoundingClientRect();"
            " return [...document.querySelectorAll('svg text')].map((e) => e.getBoundingClientRect())"
            ".filter((b) => b.left < room.left || b.right > room.right || b.top < room.top "
            "|| b.bottom > room.bottom).length }"
        )
        assert outside == 0


@pytest.mark.parametrize("n", [3, 1000])
def test_the_network_fades_what_is_not_pointed_at(opened, n):
    rng = np.random.default_rng(0)
    sets = {tuple(sorted(rng.permutation(n)[:2].tolist())): rng.normal() for _ in range(n // 5)}
    html = network_html(interactions([f"word{i}" for i in range(n)], {**sets, (0, 1): 3.0}), top=200)
    assert len(html.encode()) < 1_000_000
    with opened(html) as page:
        assert fits(page)
        page.locator("g.f0 circle").hover()
        faded = (
            "[...document.querySelectorAll('path:not(.m0)')].every((e) => getComputedStyle(e).opacity < 0.1)"
        )
        page.wait_for_function(faded)  # after the transition
        assert page.locator("path.m0").first.evaluate("(e) => +getComputedStyle(e).opacity") == 1
        assert page.locator("g.set title").last.text_content().startswith("word0 × word1: +")
        assert least_contrast(page, "h1, p") > 4.4


@pytest.fixture(scope="module")
def report():
    pytest.importorskip("pandas")
    weights = np.linspace(-1.0, 1.0, 12)

    def game(masks):
        return masks @ weights + 2.0 * (masks[:, 2] & masks[:, 7])

    return spex.compare(game, methods=["auto", "lasso", "shapley"], budgets=[60, 120], n=12, progress=False)


def test_the_report_of_a_comparison_is_read(opened, report, tmp_path):
    report.save_html(tmp_path / "report.html")
    with opened((tmp_path / "report.html").read_text()) as page:
        assert fits(page)
        assert all(
            page.locator("img").evaluate_all("(all) => all.map((e) => e.complete && e.naturalWidth > 0)")
        )
        widths = page.locator(".wide > img").evaluate_all("(all) => all.map((e) => e.clientWidth)")
        assert min(widths) >= 500  # of a narrow window, they scroll
        page.mouse.wheel(0, 100_000)
        page.wait_for_function("scrollY > 500")
        assert page.locator("dl dt").last.is_visible()
        assert least_contrast(page, "td, th, p, dd, h2, .recommendation") > 4.4


@pytest.fixture(scope="module")
def explanation():
    pytest.importorskip("shap")
    from spex_plugins.shap import SpexExplainer

    rows = np.random.default_rng(0).normal(size=(3, 4))
    explainer = SpexExplainer(lambda x: x[:, 0] * x[:, 1] + x[:, 2], np.zeros((1, 4)))
    return explainer(rows, silent=True)


def black_on_white(html, body="", scheme=True):
    """A page of a notebook; with ``scheme``, white on black where the system is dark."""
    dark = "@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }" if scheme else ""
    style = f"<style>body {{ background: #fff; color: #111 }} {dark}</style>"
    return f"<html><head>{style}</head><body {body}>{html}</body></html>"


LETTERS = ".spex td, .spex th, .spex caption, .spex p"


@pytest.mark.parametrize(
    "kind", ["Interactions", "IndexTable", "RunPlan", "Report", "explanation", "its row"]
)
def test_results_in_a_notebook_are_readable(opened, found, report, explanation, kind):
    shown = {
        "Interactions": found,
        "IndexTable": found.index("FSII", order=2),
        "RunPlan": spex.plan(32, 500),
        "Report": report,
        "explanation": explanation,
        "its row": explanation[0],
    }[kind]
    with opened(black_on_white(shown._repr_html_())) as page:
        assert least_contrast(page, LETTERS) > 4.4


@pytest.mark.parametrize(
    ("system", "body"),
    [
        ("light", 'data-jp-theme-light="false" style="background: #111; color: #ddd"'),
        ("light", 'class="vscode-dark" style="background: #1f1f1f; color: #ccc"'),
        ("dark", 'data-jp-theme-light="true"'),
        ("dark", 'class="vscode-light"'),
    ],
)
def test_bars_follow_the_theme_of_the_notebook_and_not_of_the_system(chromium, found, system, body):
    page = chromium.new_page(color_scheme=system)
    page.set_content(black_on_white(found._repr_html_(), body, scheme=False))
    colors = page.locator(".spex u").evaluate_all(
        "(all) => all.map((e) => getComputedStyle(e).backgroundColor)"
    )
    dark = system == "light"  # each notebook here differs from its system
    assert set(colors) == (
        {"rgb(255, 107, 147)", "rgb(92, 178, 255)"} if dark else {UP_ON_WHITE, DOWN_ON_WHITE}
    )
    assert least_contrast(page, LETTERS) > 4.4
    page.close()
